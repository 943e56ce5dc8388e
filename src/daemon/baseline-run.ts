import type { Config } from '../config/config.ts';
import { pause } from '../lib/backoff.ts';
import { RowtrailError, type ErrorCode } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { createPool } from '../pg/pool.ts';
import { watchBaselines, type BaselineStatus } from '../query/baseline.ts';
import { SourceRunner } from './source-runner.ts';

const POLL_MS = 250;
/** How long nothing but trouble may be told before a person has to look at it. */
const TROUBLE_LIMIT_MS = 15_000;
const STORE_POOL_SIZE = 4;

export interface BaselineRunOptions {
  readonly onProgress: (status: ReadonlyMap<string, BaselineStatus>) => void;
  /** Ends it early: what is done stays done, and whoever captures next goes on. */
  readonly signal: AbortSignal;
}

/**
 * Captures the sources until the baselines that were asked for are complete. Where a daemon captures already, that one
 * makes them, and this stands by and watches. Returns whether they are complete; not so as well where none can go on.
 */
export async function runBaselines(config: Config, { onProgress, signal }: BaselineRunOptions): Promise<boolean> {
  const { store } = config;
  const storePool = createPool(store.url, 'baseline run', { max: STORE_POOL_SIZE });
  const log = createLog('silent');
  const runners = config.sources.map((source) => new SourceRunner({ source, store, storePool, log }));
  const failed = Promise.race(runners.map((runner) => runner.run().then(() => new Promise<never>(() => {}))));
  failed.catch(() => {});
  try {
    let lastGoodMs = performance.now();
    for (;;) {
      const status = await watchBaselines(storePool, store.schema);
      onProgress(status);
      if (config.sources.every(({ name }) => (status.get(name)?.open.length ?? 0) === 0)) return true;
      const open = config.sources.flatMap(({ name }) => status.get(name)?.open ?? []);
      if (open.some(({ note }) => note === null)) lastGoodMs = performance.now();
      if (signal.aborted || performance.now() - lastGoodMs > TROUBLE_LIMIT_MS) return false;
      for (const runner of runners) {
        const { state, error } = runner.live();
        if (state === 'stopped' && error !== null) {
          throw new RowtrailError(
            error.code as ErrorCode,
            error.message,
            error.hint === null ? {} : { hint: error.hint },
          );
        }
      }
      await Promise.race([pause(POLL_MS, signal), failed]);
    }
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()));
    await storePool.end();
  }
}
