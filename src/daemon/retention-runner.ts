import pg from 'pg';
import type { StoreConfig } from '../config/config.ts';
import { pause } from '../lib/backoff.ts';
import { counted } from '../lib/counted.ts';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { connectionOptions } from '../pg/pool.ts';
import { removeExpired, retentionWaits, type ExpiredPartition, type RetentionResult } from '../store/retention.ts';
import { archivePartition } from './partition-archive.ts';

export interface RetentionIntervals {
  /** Between two looks at what has expired. */
  readonly checkMs: number;
  /** The same while a partition could not be removed, or the store did not answer. */
  readonly retryMs: number;
  /** How long a partition's readers are waited for. */
  readonly detachLimitMs: number;
}

export const RETENTION_INTERVALS: RetentionIntervals = {
  checkMs: 3_600_000,
  retryMs: 300_000,
  detachLimitMs: 30_000,
};

export interface RetentionRunnerOptions {
  readonly store: StoreConfig & { readonly retentionDays: number };
  /** Through which a wait is cancelled when the runner stops. */
  readonly storePool: pg.Pool;
  readonly log: Log;
  readonly intervals?: RetentionIntervals;
}

/** Removes what is older than `store.retention`, at once and then at intervals. Several daemons take turns. */
export class RetentionRunner implements Service {
  readonly name = 'retention';
  readonly #options: RetentionRunnerOptions;
  readonly #intervals: RetentionIntervals;
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;
  #backend: number | null = null;

  constructor(options: RetentionRunnerOptions) {
    this.#options = options;
    this.#intervals = options.intervals ?? RETENTION_INTERVALS;
  }

  run(): Promise<void> {
    return (this.#running ??= this.#loop());
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    // A partition whose DETACH is cut short is finished the next time.
    if (this.#backend !== null) {
      await this.#options.storePool.query('select pg_cancel_backend($1)', [this.#backend]).catch(() => {});
    }
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const isDone = await this.#pass();
      await pause(isDone ? this.#intervals.checkMs : this.#intervals.retryMs, signal);
    }
  }

  /** A connection of its own: it holds an advisory lock, and may wait long. */
  async #pass(): Promise<boolean> {
    const { store, log } = this.#options;
    const client = new pg.Client(connectionOptions(store.url, 'retention'));
    client.on('error', () => {});
    try {
      await client.connect();
      this.#backend = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? null;
      const result = await removeExpired(client, {
        schema: store.schema,
        days: store.retentionDays,
        detachLimitMs: this.#intervals.detachLimitMs,
        signal: this.#abort.signal,
        ...(store.archiveDir === null ? {} : { archive: this.#archiveTo(store.archiveDir) }),
      });
      if (result !== null) this.#tell(result);
      return result === null || result.waiting.length === 0;
    } catch (error) {
      if (!this.#abort.signal.aborted) {
        log.error(
          { code: codeOf(error) },
          `retention cannot remove what has expired, trying again: ${messageOf(error)}`,
        );
      }
      return false;
    } finally {
      this.#backend = null;
      await client.end().catch(() => {});
    }
  }

  #archiveTo(folder: string): (partition: ExpiredPartition) => Promise<string | null> {
    const { store, storePool, log } = this.#options;
    return async (partition) => {
      const file = await archivePartition(partition, {
        store: { pool: storePool, schema: store.schema },
        folder,
        signal: this.#abort.signal,
      });
      if (file !== null) log.info({ partition: partition.name, file }, `retention archived ${partition.name}`);
      return file;
    };
  }

  #tell({ removed, waiting, rollups }: RetentionResult): void {
    const { log, store } = this.#options;
    if (removed.length > 0) {
      const what = `${counted(removed.length, 'partition')} older than ${store.retentionDays} days`;
      log.info({ partitions: removed, rollups }, `retention removed ${what}`);
    }
    if (this.#abort.signal.aborted) return;
    for (const wait of waiting) {
      const error = retentionWaits(wait);
      log.warn({ code: error.code, hint: error.hint }, error.message);
    }
  }
}
