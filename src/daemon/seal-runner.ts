import type pg from 'pg';
import type { SealConfig, StoreConfig } from '../config/config.ts';
import { rest } from '../lib/backoff.ts';
import type { Log } from '../lib/log.ts';
import { sealNext } from '../seal/sealer.ts';
import type { SigningKey } from '../seal/signing-key.ts';
import { StoreTask } from './store-task.ts';

/** Of the time, so that what it costs is a small part of what capture costs: a long backlog is sealed in its own time. */
const BUSY_SHARE = 0.05;
const RETRY_MS = 10_000;
const LOCK_NAME = 'rowtrail.seal';

export interface SealRunnerOptions {
  readonly store: StoreConfig;
  readonly seal: SealConfig;
  /** Null: seals are not signed. */
  readonly key: SigningKey | null;
  readonly storePool: pg.Pool;
  readonly log: Log;
}

/**
 * Seals what has come in, at intervals, and what it is behind with in between. Several daemons take turns. A seal that
 * a stop cuts short is made the next time.
 */
export function sealRunner(options: SealRunnerOptions): StoreTask {
  const { store, seal, storePool, log } = options;
  return new StoreTask({
    name: 'seals',
    store,
    storePool,
    log,
    failure: 'the history cannot be sealed',
    retryMs: Math.min(RETRY_MS, seal.intervalMs),
    lock: { name: LOCK_NAME, waitMs: seal.intervalMs },
    async pass(client, signal) {
      await sealAll(client, signal, options);
      return seal.intervalMs;
    },
  });
}

async function sealAll(client: pg.Client, signal: AbortSignal, options: SealRunnerOptions): Promise<void> {
  const { store, seal, key, log } = options;
  while (!signal.aborted) {
    const began = performance.now();
    const made = await sealNext(client, { schema: store.schema, maxEntries: seal.maxEntries, key });
    if (made === null) return;
    const busyMs = performance.now() - began;
    log.debug(
      { seal: made.number.toString(), entries: made.parts.entries.rows.toString(), ms: Math.round(busyMs) },
      'entries were sealed',
    );
    await rest(busyMs, BUSY_SHARE, signal);
  }
}
