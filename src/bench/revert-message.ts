import type { RevertProgress } from '../revert/plan.ts';

/** What `revert-process.js` takes back. */
export interface RevertTask {
  readonly storeUrl: string;
  readonly sourceUrl: string;
  readonly source: string;
  /** The audit id of the transaction. */
  readonly transaction: string;
}

export interface RevertTimes {
  readonly previewMs: number;
  readonly applyMs: number;
  readonly applied: number;
  /** Of the apply: time in each phase, by the progress that it reports. */
  readonly phasesMs: Readonly<Partial<Record<RevertProgress['phase'] | 'rest', number>>>;
}
