import pg from 'pg';
import type { StoreConfig } from '../config/config.ts';
import { pause } from '../lib/backoff.ts';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { connectionOptions } from '../pg/pool.ts';

export interface StoreTaskOptions {
  /** Of the service, and of its connections. */
  readonly name: string;
  readonly store: StoreConfig;
  /** Through which what runs is cancelled when the task stops. */
  readonly storePool: pg.Pool;
  readonly log: Log;
  /** Said when a pass fails. */
  readonly failure: string;
  /** Until the next pass, after one that failed. */
  readonly retryMs: number;
  /** Of an advisory lock that a pass holds, by which several daemons take turns; who does not get it waits for so long. */
  readonly lock?: { readonly name: string; readonly waitMs: number };
  /** One pass, on a connection of its own: it may hold an advisory lock, and wait long. Returns how many milliseconds to wait. */
  readonly pass: (client: pg.Client, signal: AbortSignal) => Promise<number>;
}

/** Work on the store that is done again and again beside capture. Stopping cancels the statement that runs. */
export class StoreTask implements Service {
  readonly name: string;
  readonly #options: StoreTaskOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;
  #backend: number | null = null;

  constructor(options: StoreTaskOptions) {
    this.name = options.name;
    this.#options = options;
  }

  run(): Promise<void> {
    return (this.#running ??= this.#loop());
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    if (this.#backend !== null) {
      await this.#options.storePool.query('select pg_cancel_backend($1)', [this.#backend]).catch(() => {});
    }
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) await pause(await this.#pass(), signal);
  }

  async #pass(): Promise<number> {
    const { name, store, log, failure, retryMs, lock, pass } = this.#options;
    const { signal } = this.#abort;
    const client = new pg.Client(connectionOptions(store.url, name));
    client.on('error', () => {});
    try {
      await client.connect();
      this.#backend = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? null;
      // A stop before this had nothing to cancel.
      if (signal.aborted) return retryMs;
      if (lock !== undefined && !(await takeLock(client, lock.name, store.schema))) return lock.waitMs;
      return await pass(client, signal);
    } catch (error) {
      if (!signal.aborted) log.error({ code: codeOf(error) }, `${failure}, trying again: ${messageOf(error)}`);
      return retryMs;
    } finally {
      this.#backend = null;
      await client.end().catch(() => {});
    }
  }
}

/** The session's: it goes with the connection. */
async function takeLock(client: pg.Client, name: string, schema: string): Promise<boolean> {
  const found = await client.query<{ held: boolean }>(
    'select pg_try_advisory_lock(hashtext($1), hashtext($2)) as held',
    [name, schema],
  );
  return found.rows[0]?.held === true;
}
