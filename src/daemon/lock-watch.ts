import type pg from 'pg';
import { pause } from '../lib/backoff.ts';
import type { RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { findLockWait } from '../store/lock-wait.ts';

export interface LockWatchIntervals {
  /** Between two looks, while something waits to be stored. */
  readonly lookMs: number;
  /** A wait that takes longer is told. */
  readonly afterMs: number;
}

const LOCK_WATCH_INTERVALS: LockWatchIntervals = { lookMs: 2_000, afterMs: 5_000 };

export interface LockWatchOptions {
  readonly source: string;
  readonly storePool: pg.Pool;
  /** The backends that write; none while nothing is to be written. */
  readonly backends: () => readonly number[];
  readonly log: Log;
  /** Default: LOCK_WATCH_INTERVALS. */
  readonly intervals?: LockWatchIntervals | undefined;
}

/** A store that is locked answers questions, and takes nothing: nothing fails, and without this nobody would be told. */
export class LockWatch {
  readonly #options: LockWatchOptions;
  #latest: RowtrailError | null = null;

  constructor(options: LockWatchOptions) {
    this.#options = options;
  }

  /** What the writing waits for; null: for nothing. */
  get latest(): RowtrailError | null {
    return this.#latest;
  }

  /** Until the signal aborts. Never rejects: a store that does not answer is told of elsewhere. */
  async run(signal: AbortSignal): Promise<void> {
    const { lookMs, afterMs } = this.#options.intervals ?? LOCK_WATCH_INTERVALS;
    while (!signal.aborted) {
      const pids = this.#options.backends();
      const found =
        pids.length === 0 ? null : await findLockWait(this.#options.storePool, pids, afterMs).catch(() => null);
      this.#tell(found);
      await pause(lookMs, signal);
    }
  }

  /** Once for each time. */
  #tell(found: RowtrailError | null): void {
    const { source, log } = this.#options;
    if (found !== null && this.#latest === null) {
      log.warn({ source, code: found.code, hint: found.hint }, found.message);
    } else if (found === null && this.#latest !== null) {
      log.info({ source }, 'the store is not locked any more');
    }
    this.#latest = found;
  }
}
