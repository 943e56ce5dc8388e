import type pg from 'pg';
import { isFilling, readOutboxBacklog, readWalBacklog, type Backlog } from '../capture/backlog.ts';
import type { SourceConfig } from '../config/config.ts';
import { pause } from '../lib/backoff.ts';
import { byteSize } from '../lib/byte-size.ts';
import type { Log } from '../lib/log.ts';

/** How often the source is asked what it keeps. */
const INTERVAL_MS = 10_000;

export interface BacklogWatchOptions {
  readonly source: SourceConfig;
  /** Of the source; another one after a connection broke. */
  readonly pool: () => pg.Pool;
  readonly log: Log;
  /** Default: INTERVAL_MS. */
  readonly intervalMs?: number | undefined;
}

/**
 * Looks at what the source keeps for capture, whether capture runs or not: while the store is down, this is what tells how
 * much time is left.
 */
export class BacklogWatch {
  readonly #options: BacklogWatchOptions;
  #latest: Backlog | null = null;
  #hasWarned = false;

  constructor(options: BacklogWatchOptions) {
    this.#options = options;
  }

  /** Null: not known now. */
  get latest(): Backlog | null {
    return this.#latest;
  }

  /** Until the signal aborts. Never rejects: a source that does not answer is told of elsewhere. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#latest = await this.#read().catch(() => null);
      this.#warn();
      await pause(this.#options.intervalMs ?? INTERVAL_MS, signal);
    }
  }

  #read(): Promise<Backlog | null> {
    const { source, pool } = this.#options;
    return source.capture === 'trigger'
      ? readOutboxBacklog(pool(), source.outbox.maxBytes)
      : readWalBacklog(pool(), source.slot);
  }

  /** Once for each time that it fills. */
  #warn(): void {
    const latest = this.#latest;
    if (latest === null || latest.limitBytes === null) return;
    const filling = isFilling(latest);
    if (filling && !this.#hasWarned) {
      this.#options.log.warn(
        { source: this.#options.source.name, backlogBytes: latest.bytes, limitBytes: latest.limitBytes },
        `the source keeps ${byteSize(latest.bytes)} of at most ${byteSize(latest.limitBytes)} for capture: past that, changes are lost`,
      );
    }
    this.#hasWarned = filling;
  }
}
