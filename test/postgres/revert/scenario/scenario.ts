import type { RevertRequest, RevertTarget } from '../../../../src/revert/plan.ts';

/** What was done to tables, what a revert of it says, and what it leaves. */
export interface Scenario {
  readonly name: string;
  /** In a schema of its own, which is the search_path; what it makes is tracked from here on. */
  readonly schema: string;
  /** Transactions that are taken back. */
  readonly workload: string | readonly string[];
  /** What happens afterwards, and is not taken back. */
  readonly since?: string | readonly string[];
  /** Default: all that the workload did. */
  readonly target?: (found: Found) => RevertTarget;
  readonly rest?: Partial<RevertRequest>;
  /** Of the role of `revert.url`. */
  readonly bypassesRls?: true;
  /** `action table record status: reason`, in the order of the plan. */
  readonly steps: readonly string[];
  /** `table +1 ~2 -3 columns`. Default: none. */
  readonly sideEffects?: readonly string[];
  /** Default: true. False: the apply is refused, and nothing has changed. */
  readonly applies?: boolean;
  readonly overwritten?: number;
  /** Rows afterwards, of the tables that are named. Default: all as before the workload. */
  readonly end?: Readonly<Record<string, readonly string[]>>;
  /** How the revert is reverted afterwards, to what was before it; null: it is not. Default: `abort`. */
  readonly back?: RevertRequest['onConflict'] | null;
}

/** Entries of the workload, and when it was over. */
export interface Found {
  readonly schema: string;
  /** Oldest first. */
  readonly entries: readonly string[];
  readonly transactions: readonly string[];
  /** Before the workload. */
  readonly startedAt: string;
}
