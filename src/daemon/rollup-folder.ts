import type pg from 'pg';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { Repeating } from '../lib/repeating.ts';
import { foldRollups } from '../store/rollup-fold.ts';

/** How often what flushes have counted is taken into the coarser tables. */
const FOLD_INTERVAL_MS = 1_000;
/** After a failure. What is not folded is counted by readers all the same, only more slowly. */
const FOLD_RETRY_MS = 10_000;

/** Keeps the coarser counts up with the rollups. Several daemons may run one each. */
export function rollupFolder(pool: pg.Pool, schema: string, log: Log): Repeating {
  return new Repeating('rollup folder', async (isStopped) => {
    try {
      return (await foldRollups(pool, schema)) ? 0 : FOLD_INTERVAL_MS;
    } catch (error) {
      if (!isStopped()) log.warn({ code: 'RT_STORE_WRITE' }, `cannot fold counts: ${messageOf(error)}`);
      return FOLD_RETRY_MS;
    }
  });
}
