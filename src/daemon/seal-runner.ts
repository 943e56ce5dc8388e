import pg from 'pg';
import type { SealConfig, StoreConfig } from '../config/config.ts';
import { pause } from '../lib/backoff.ts';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { connectionOptions } from '../pg/pool.ts';
import { sealNext } from '../seal/sealer.ts';
import type { SigningKey } from '../seal/signing-key.ts';

/** Of the time, so that what it costs is a small part of what capture costs: a long backlog is sealed in its own time. */
const BUSY_SHARE = 0.05;
const RETRY_MS = 10_000;
const LOCK_NAME = 'rowtrail.seal';

export interface SealRunnerOptions {
  readonly store: StoreConfig;
  readonly seal: SealConfig;
  /** Null: seals are not signed. */
  readonly key: SigningKey | null;
  /** Through which a wait is cancelled when the runner stops. */
  readonly storePool: pg.Pool;
  readonly log: Log;
}

/** Seals what has come in, at intervals, and what it is behind with in between. Several daemons take turns. */
export class SealRunner implements Service {
  readonly name = 'seals';
  readonly #options: SealRunnerOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;
  #backend: number | null = null;

  constructor(options: SealRunnerOptions) {
    this.#options = options;
  }

  run(): Promise<void> {
    return (this.#running ??= this.#loop());
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    // A seal that is cut short is made the next time.
    if (this.#backend !== null) {
      await this.#options.storePool.query('select pg_cancel_backend($1)', [this.#backend]).catch(() => {});
    }
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    const { intervalMs } = this.#options.seal;
    while (!signal.aborted) {
      const isDone = await this.#pass();
      await pause(isDone ? intervalMs : Math.min(RETRY_MS, intervalMs), signal);
    }
  }

  /** A connection of its own: it holds an advisory lock. False: it failed. */
  async #pass(): Promise<boolean> {
    const { store, log } = this.#options;
    const client = new pg.Client(connectionOptions(store.url, 'seals'));
    client.on('error', () => {});
    try {
      await client.connect();
      const lock = await client.query<{ pid: number; held: boolean }>(
        'select pg_backend_pid() as pid, pg_try_advisory_lock(hashtext($1), hashtext($2)) as held',
        [LOCK_NAME, store.schema],
      );
      this.#backend = lock.rows[0]?.pid ?? null;
      if (lock.rows[0]?.held === true) await this.#sealAll(client);
      return true;
    } catch (error) {
      if (!this.#abort.signal.aborted) {
        log.error({ code: codeOf(error) }, `the history cannot be sealed, trying again: ${messageOf(error)}`);
      }
      return false;
    } finally {
      this.#backend = null;
      await client.end().catch(() => {});
    }
  }

  async #sealAll(client: pg.Client): Promise<void> {
    const { store, seal, key, log } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const began = performance.now();
      const made = await sealNext(client, { schema: store.schema, maxEntries: seal.maxEntries, key });
      if (made === null) return;
      const busyMs = performance.now() - began;
      log.debug(
        { seal: made.number.toString(), entries: made.parts.entries.rows.toString(), ms: Math.round(busyMs) },
        'entries were sealed',
      );
      await pause(busyMs * (1 / BUSY_SHARE - 1), signal);
    }
  }
}
