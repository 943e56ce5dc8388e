import type pg from 'pg';
import type { StoreConfig } from '../config/config.ts';
import { counted } from '../lib/counted.ts';
import type { Log } from '../lib/log.ts';
import { removeExpired, retentionWaits, type ExpiredPartition, type RetentionResult } from '../store/retention.ts';
import { archivePartition } from './partition-archive.ts';
import { StoreTask } from './store-task.ts';

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
  readonly storePool: pg.Pool;
  readonly log: Log;
  readonly intervals?: RetentionIntervals;
}

/**
 * Removes what is older than `store.retention`, at once and then at intervals. Several daemons take turns. A partition
 * whose DETACH a stop cuts short is finished the next time.
 */
export function retentionRunner(options: RetentionRunnerOptions): StoreTask {
  const { store, storePool, log, intervals = RETENTION_INTERVALS } = options;
  return new StoreTask({
    name: 'retention',
    store,
    storePool,
    log,
    failure: 'retention cannot remove what has expired',
    retryMs: intervals.retryMs,
    async pass(client, signal) {
      const result = await removeExpired(client, {
        schema: store.schema,
        days: store.retentionDays,
        detachLimitMs: intervals.detachLimitMs,
        signal,
        ...(store.archiveDir === null ? {} : { archive: archiveTo(store.archiveDir, signal, options) }),
      });
      if (result !== null) tell(result, signal, options);
      return result === null || result.waiting.length === 0 ? intervals.checkMs : intervals.retryMs;
    },
  });
}

function archiveTo(
  folder: string,
  signal: AbortSignal,
  { store, storePool, log }: RetentionRunnerOptions,
): (partition: ExpiredPartition) => Promise<string | null> {
  return async (partition) => {
    const file = await archivePartition(partition, {
      store: { pool: storePool, schema: store.schema },
      folder,
      signal,
    });
    if (file !== null) log.info({ partition: partition.name, file }, `retention archived ${partition.name}`);
    return file;
  };
}

function tell(
  { removed, waiting, rollups }: RetentionResult,
  signal: AbortSignal,
  { log, store }: RetentionRunnerOptions,
): void {
  if (removed.length > 0) {
    const what = `${counted(removed.length, 'partition')} older than ${store.retentionDays} days`;
    log.info({ partitions: removed, rollups }, `retention removed ${what}`);
  }
  if (signal.aborted) return;
  for (const wait of waiting) {
    const error = retentionWaits(wait);
    log.warn({ code: error.code, hint: error.hint }, error.message);
  }
}
