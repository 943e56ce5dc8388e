import type pg from 'pg';
import type { StoreConfig } from '../config/config.ts';
import { rest } from '../lib/backoff.ts';
import type { Log } from '../lib/log.ts';
import { mapNextKeys } from '../store/key-mapper.ts';
import { StoreTask } from './store-task.ts';

/** Between two looks for a partition that gets no more entries. */
const CHECK_INTERVAL_MS = 600_000;
const RETRY_MS = 60_000;
/** Of the time: nobody waits for a map. */
const BUSY_SHARE = 0.2;
const LOCK_NAME = 'rowtrail.key_maps';

export interface KeyMapRunnerOptions {
  readonly store: StoreConfig;
  readonly storePool: pg.Pool;
  readonly log: Log;
}

/**
 * Makes the key map of each partition that gets no more entries. Several daemons take turns. A map that a stop cuts short is made the
 * next time; keys are looked for everywhere until then.
 */
export function keyMapRunner({ store, storePool, log }: KeyMapRunnerOptions): StoreTask {
  return new StoreTask({
    name: 'key maps',
    store,
    storePool,
    log,
    failure: 'key maps cannot be made',
    retryMs: RETRY_MS,
    lock: { name: LOCK_NAME, waitMs: CHECK_INTERVAL_MS },
    async pass(client, signal) {
      while (!signal.aborted) {
        const made = await mapNextKeys(client, {
          schema: store.schema,
          signal,
          rest: (busyMs) => rest(busyMs, BUSY_SHARE, signal),
        });
        if (made === null) break;
        log.debug({ low: made.low.toString(), high: made.high.toString() }, 'keys of a partition were mapped');
      }
      return CHECK_INTERVAL_MS;
    },
  });
}
