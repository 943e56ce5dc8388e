import type pg from 'pg';
import type { CaptureIntervals } from '../capture/wal/wal-capture.ts';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { backoffDelayMs, pause } from '../lib/backoff.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { createPool, explainDatabaseError } from '../pg/pool.ts';
import type { LiveSource } from '../query/status.ts';
import { decideRetry } from './retry.ts';
import { SourceAttempt } from './source-attempt.ts';

const BACKOFF = { minDelayMs: 250, maxDelayMs: 30_000 };
/** While another daemon holds the slot: how often to see whether it still does. */
const STANDBY_DELAY_MS = 1_000;
/** When only a person can help: how often to see whether one has. */
const STOPPED_DELAY_MS = 15_000;
const DRAIN_LIMIT_MS = 10_000;
/** An attempt that streamed for this long was a good one: the next failure starts backing off anew. */
const GOOD_ATTEMPT_MS = 30_000;

export interface SourceRunnerOptions {
  readonly source: SourceConfig;
  readonly store: StoreConfig;
  readonly storePool: pg.Pool;
  readonly log: Log;
  readonly intervals?: CaptureIntervals | undefined;
}

/** Keeps one source captured: attempt after attempt, until it is stopped or only a person can help. */
export class SourceRunner implements Service {
  readonly name: string;
  readonly #options: SourceRunnerOptions;
  readonly #sourcePool: pg.Pool;
  readonly #abort = new AbortController();
  readonly #total = { changes: 0, entries: 0, transactions: 0, unverifiedMessages: 0 };
  #attempt: SourceAttempt | null = null;
  #running: Promise<void> | null = null;
  #hasStreamed = false;
  #onStreaming: (() => void) | null = null;
  #retries = 0;
  #state: LiveSource['state'] = 'starting';
  #since = new Date();
  #error: LiveSource['error'] = null;

  constructor(options: SourceRunnerOptions) {
    this.name = options.source.name;
    this.#options = options;
    this.#sourcePool = createPool(options.source.url, 'catalog', { max: 2 });
  }

  /** Resolves when capture streams for the first time, or stands by; rejects if it can't start. */
  started(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'streaming') resolve();
      this.#onStreaming = resolve;
      this.#running?.then(resolve, reject);
    });
  }

  run(): Promise<void> {
    this.#running ??= this.#loop();
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#attempt?.stop(DRAIN_LIMIT_MS);
    await this.#running?.catch(() => {});
    await this.#sourcePool.end();
  }

  /** Removes what the source remembers of sessions that ended long ago. Never throws: the next call makes up for it. */
  async pruneSessions(): Promise<void> {
    if (this.#state !== 'streaming') return;
    try {
      await this.#sourcePool.query('select rowtrail.prune_sessions()');
    } catch (error) {
      this.#options.log.warn({ source: this.name }, `cannot prune rowtrail.sessions: ${messageOf(error)}`);
    }
  }

  live(): LiveSource {
    const attempt = this.#attempt;
    const counters = attempt?.counters;
    const received = attempt?.receivedLsn ?? null;
    const walEnd = attempt?.serverWalEnd ?? null;
    const lagBytes = received === null || walEnd === null ? null : walEnd > received ? walEnd - received : 0n;
    return {
      name: this.name,
      state: this.#state,
      since: this.#since,
      error: this.#error,
      receivedLsn: received,
      sourceLsn: walEnd,
      lagBytes: attempt?.caughtUp === true ? 0n : lagBytes,
      lagMs: attempt?.caughtUp === true ? 0 : null,
      counters: {
        changes: this.#total.changes + (counters?.changes ?? 0),
        entries: this.#total.entries + (counters?.entries ?? 0),
        transactions: this.#total.transactions + (counters?.transactions ?? 0),
        unverifiedMessages: this.#total.unverifiedMessages + (counters?.unverifiedMessages ?? 0),
        retries: this.#retries,
      },
    };
  }

  async #loop(): Promise<void> {
    let failures = 0;
    while (!this.#abort.signal.aborted) {
      const startedAt = Date.now();
      const error = await this.#once();
      if (this.#abort.signal.aborted) break;
      if (this.#state === 'streaming' && Date.now() - startedAt > GOOD_ATTEMPT_MS) failures = 0;
      const decision = decideRetry(error, this.#hasStreamed);
      if (decision === 'stop') {
        this.#enter('stopped', error);
        if (!this.#hasStreamed) throw error;
        // History is still served, and says that capture has stopped. Once a person has acted (`rowtrail setup`),
        // it goes on.
        await pause(STOPPED_DELAY_MS, this.#abort.signal);
        continue;
      }
      failures += 1;
      this.#retries += 1;
      this.#enter('waiting', error);
      if (decision === 'wait') this.#onStreaming?.();
      await pause(decision === 'wait' ? STANDBY_DELAY_MS : backoffDelayMs(failures, BACKOFF), this.#abort.signal);
    }
    this.#enter('stopped', null);
  }

  async #once(): Promise<RowtrailError> {
    const { source, store, storePool } = this.#options;
    const attempt = new SourceAttempt({
      source,
      store,
      storePool,
      sourcePool: this.#sourcePool,
      intervals: this.#options.intervals,
      onStreaming: () => {
        this.#hasStreamed = true;
        this.#enter('streaming', null);
        this.#onStreaming?.();
      },
    });
    this.#attempt = attempt;
    try {
      await attempt.run();
      return new RowtrailError('RT_STREAM', 'the replication stream ended');
    } catch (error) {
      return explainDatabaseError(error, `source ${source.name}`, source.url);
    } finally {
      const { counters } = attempt;
      this.#total.changes += counters.changes;
      this.#total.entries += counters.entries;
      this.#total.transactions += counters.transactions;
      this.#total.unverifiedMessages += counters.unverifiedMessages;
      this.#attempt = null;
    }
  }

  #enter(state: LiveSource['state'], error: RowtrailError | null): void {
    const { log } = this.#options;
    const repeated = this.#state === state && this.#error?.code === error?.code;
    if (!repeated) this.#since = new Date();
    this.#state = state;
    this.#error = error === null ? null : { code: error.code, message: error.message, hint: error.hint ?? null };
    const fields = { source: this.name, state, code: error?.code, hint: error?.hint };
    // A standby or an outage says so once, not once a second.
    if (repeated) log.debug(fields, error === null ? state : messageOf(error));
    else if (error === null) log.info(fields, `capture is ${state}`);
    else log[state === 'stopped' ? 'error' : 'warn'](fields, error.message);
  }
}
