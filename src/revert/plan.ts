import type { ErrorCode } from '../lib/errors.ts';
import { RowtrailError } from '../lib/errors.ts';
import type { StoreReader } from '../query/store-reader.ts';

/** A database that reverts are written to. */
export interface RevertSource {
  /** As in the configuration. */
  readonly name: string;
  /** `revert.url`; null: reverts are off for this source. */
  readonly url: string | null;
}

/** Who reverts: what the resulting entries say of it, and whom a plan is for. */
export interface RevertCaller {
  /** What becomes `user.id` of the entries. */
  readonly id: string;
  readonly name: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

export type RevertTarget =
  | { readonly entry: string }
  | { readonly transaction: string }
  | {
      readonly record: { readonly source: string; readonly table: string; readonly key: string };
      /** The record as that entry left it, or as it was at that time (RFC 3339, a date, `now-2h`). */
      readonly to: { readonly entry: string } | { readonly time: string };
    }
  /** A search text, as `q` of the timeline. */
  | { readonly query: string };

export type OnConflict = 'abort' | 'skip' | 'force';

export interface RevertRequest {
  readonly target: RevertTarget;
  /** Only these columns of updates; null: all. */
  readonly fields: readonly string[] | null;
  /**
   * The operator's own values, by column: text as the column's type takes it (for json its JSON text), null for NULL.
   * Of one record only.
   */
  readonly set: Readonly<Record<string, string | null>> | null;
  readonly onConflict: OnConflict;
  readonly comment: string | null;
}

export type StepStatus = 'ready' | 'noop' | 'conflict' | 'impossible';

/** A column that a step writes or compares. Values are JSON text as images have it; null: not known, or there is no row. */
export interface StepChange {
  readonly column: string;
  readonly current: string | null;
  readonly target: string | null;
  /** What the entries left behind. */
  readonly expected: string | null;
}

/** What happens to one record. */
export interface RevertStep {
  /** The newest of the entries that it takes back. */
  readonly entry: string;
  /** All of them, newest first. */
  readonly entries: readonly string[];
  readonly source: string;
  /** `schema.table`, as it is called now. */
  readonly table: string;
  /** The record as it is found now. */
  readonly record: string | null;
  /** What is done: a deleted row is created, a created one deleted. */
  readonly action: 'create' | 'update' | 'delete' | 'none';
  readonly status: StepStatus;
  /** Why it is not ready, in a sentence; null if it is. */
  readonly reason: string | null;
  readonly changes: readonly StepChange[];
  /** The statement, for people to read; null: nothing would be done. What runs does many rows at once. */
  readonly sql: string | null;
}

/** Rows that the database itself changes beyond the plan: by triggers, or cascades of foreign keys. */
export interface SideEffect {
  /** `schema.table`. */
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Columns that changed in rows of the plan, and are not in it. */
  readonly columns: readonly string[];
  /** Columns of rows of the plan in which a trigger has put the time of the revert (`updated_at`): no conflict. */
  readonly stamped: readonly string[];
}

export interface RevertSummary {
  /** Entries that are taken back. */
  readonly entries: number;
  /** Entries of the target that are no changes of rows: events, baselines, changes of the schema. */
  readonly ignored: number;
  readonly steps: number;
  readonly ready: number;
  readonly noop: number;
  readonly conflict: number;
  readonly impossible: number;
  /** Steps that are listed: `MAX_LISTED_STEPS` at most, those that are not ready first. */
  readonly listed: number;
  /** Whether an apply with this plan would be carried out. */
  readonly applicable: boolean;
}

export interface RevertPreview {
  /** The token for `applyRevert`, good for `PLAN_LIFETIME_MS`. */
  readonly plan: string;
  readonly summary: RevertSummary;
  readonly sideEffects: readonly SideEffect[];
  readonly steps: readonly RevertStep[];
}

export interface RevertResult {
  /** The source's transaction id (xid8, as text); the same as `transaction.xid` of the resulting entries. */
  readonly transaction: string;
  readonly summary: RevertSummary & {
    /** Steps that were carried out; of these, those that overwrote a conflict. */
    readonly applied: number;
    readonly overwritten: number;
    readonly skipped: number;
  };
  readonly sideEffects: readonly SideEffect[];
  readonly steps: readonly RevertStep[];
}

export interface RevertProgress {
  readonly phase: 'resolve' | 'compare' | 'write' | 'verify';
  readonly done: number;
  /** Null: not known yet. */
  readonly total: number | null;
}

export interface PreviewOptions {
  readonly store: StoreReader;
  readonly sources: readonly RevertSource[];
  readonly request: RevertRequest;
  readonly caller: RevertCaller;
  readonly limits?: Partial<RevertLimits>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RevertProgress) => void;
}

export interface ApplyOptions extends PreviewOptions {
  /** `plan` of a preview. */
  readonly plan: string;
  readonly idempotencyKey: string | null;
}

export interface RevertLimits {
  /** Entries (and rows of truncates) that one revert takes back. */
  readonly maxRows: number;
  /** Bytes of their images. */
  readonly maxImageBytes: number;
  /** Of the whole transaction on the source. */
  readonly timeoutMs: number;
  /** Of one statement of it. */
  readonly statementTimeoutMs: number;
  /** How long it waits for another revert of the source to end. */
  readonly queueMs: number;
}

export const REVERT_LIMITS: RevertLimits = {
  maxRows: 200_000,
  maxImageBytes: 64 * 1024 * 1024,
  timeoutMs: 300_000,
  statementTimeoutMs: 30_000,
  queueMs: 10_000,
};

export const PLAN_LIFETIME_MS = 15 * 60_000;
export const MAX_LISTED_STEPS = 1_000;

/** The plan does not hold (any more): what would be done now is in `preview`. */
export class RevertMoved extends RowtrailError {
  readonly preview: RevertPreview;

  constructor(
    code: Extract<ErrorCode, 'RT_REVERT_MOVED' | 'RT_REVERT_CONFLICT'>,
    message: string,
    hint: string,
    preview: RevertPreview,
  ) {
    super(code, message, { hint });
    this.preview = preview;
  }
}
