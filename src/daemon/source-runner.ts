import type pg from 'pg';
import { BlockedTransaction } from '../capture/wal/blocked.ts';
import { readSlot } from '../capture/wal/slot.ts';
import type { CaptureIntervals } from '../capture/wal/wal-capture.ts';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { backoffDelayMs, pause } from '../lib/backoff.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { formatLsn } from '../pg/lsn.ts';
import { createPool, explainDatabaseError } from '../pg/pool.ts';
import { assertServerVersion } from '../pg/server-version.ts';
import type { LiveSource } from '../query/status.ts';
import { readCheckpoint, type Checkpoint } from '../store/checkpoint.ts';
import { openGap, withdrawGap } from '../store/gap.ts';
import { checkCoverage } from './coverage-check.ts';
import { BacklogWatch } from './backlog-watch.ts';
import { LockWatch, type LockWatchIntervals } from './lock-watch.ts';
import { decideRetry, gapReason } from './retry.ts';
import { BlockedSomewhere, type AttemptOptions, type CaptureAttempt } from './capture-attempt.ts';
import { OutboxAttempt } from './outbox-attempt.ts';
import { isCapturedElsewhere } from './slot-holder.ts';
import { SourceAttempt, StreamRestart } from './source-attempt.ts';

export interface RunnerDelays {
  /** Between attempts that fail: doubling from the one to the other. */
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
  /** While another daemon holds the slot: how often to see whether it still does. */
  readonly standbyMs: number;
  /** When only a person can help: how often to see whether one has. */
  readonly stoppedMs: number;
  /**
   * The same when streaming itself is what fails: how often to try it again though nobody has moved the slot. The
   * source decodes everything anew each time, and the slot is held meanwhile.
   */
  readonly blockedMs: number;
}

export const RUNNER_DELAYS: RunnerDelays = {
  minRetryMs: 250,
  maxRetryMs: 30_000,
  standbyMs: 1_000,
  stoppedMs: 15_000,
  blockedMs: 3_600_000,
};
const DRAIN_LIMIT_MS = 10_000;
/** How often the source's catalog is compared with what setup recorded. */
const COVERAGE_INTERVAL_MS = 60_000;
/** An attempt that streamed for this long was a good one: the next failure starts backing off anew. */
const GOOD_ATTEMPT_MS = 30_000;
/** The answer of the source's catalog: over a connection that is half open, it would never come. */
const CATALOG_TIMEOUT_MS = 30_000;

export interface SourceRunnerOptions {
  readonly source: SourceConfig;
  readonly store: StoreConfig;
  readonly storePool: pg.Pool;
  readonly log: Log;
  readonly intervals?: CaptureIntervals | undefined;
  readonly delays?: RunnerDelays | undefined;
  /** Default: COVERAGE_INTERVAL_MS. */
  readonly coverageIntervalMs?: number | undefined;
  /** How often the source is asked what it keeps; default: that of BacklogWatch. */
  readonly backlogIntervalMs?: number | undefined;
  /** Default: those of LockWatch. */
  readonly lockWatch?: LockWatchIntervals | undefined;
}

/** How an attempt ended. */
interface Ended {
  readonly error: RowtrailError;
  /** When it held the slot; null: it never did. */
  readonly streamedAtMs: number | null;
  readonly checkpoint: Checkpoint | null;
}

/** Keeps one source captured: attempt after attempt, until it is stopped or only a person can help. */
export class SourceRunner implements Service {
  readonly name: string;
  readonly #options: SourceRunnerOptions;
  #sourcePool: pg.Pool;
  readonly #abort = new AbortController();
  readonly #total = { changes: 0, entries: 0, transactions: 0, unverifiedMessages: 0, flushes: 0, flushMs: 0 };
  #attempt: CaptureAttempt | null = null;
  #running: Promise<void> | null = null;
  #hasStreamed = false;
  #onStreaming: (() => void) | null = null;
  #retries = 0;
  #committedAtMs: number | null = null;
  #aloneUpTo: bigint | undefined;
  #state: LiveSource['state'] = 'starting';
  #since = new Date();
  #error: LiveSource['error'] = null;
  #isStandby = false;
  #coverage: Promise<void> | null = null;
  readonly #backlog: BacklogWatch;
  #backlogWatched: Promise<void> | null = null;
  readonly #locks: LockWatch;
  #locksWatched: Promise<void> | null = null;

  constructor(options: SourceRunnerOptions) {
    this.name = options.source.name;
    this.#options = options;
    this.#sourcePool = this.#createPool();
    const { source, log, backlogIntervalMs: intervalMs } = options;
    this.#backlog = new BacklogWatch({ source, log, intervalMs, pool: () => this.#sourcePool });
    this.#locks = new LockWatch({
      source: this.name,
      storePool: options.storePool,
      backends: () => this.#attempt?.storeBackends ?? [],
      log,
      intervals: options.lockWatch,
    });
  }

  /** Throws RT_VERSION if the source's server is too old, and what a connection that fails means. */
  async assertVersion(): Promise<void> {
    const { source } = this.#options;
    await assertServerVersion(this.#sourcePool, `source ${source.name}`, source.url);
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
    this.#backlogWatched ??= this.#backlog.run(this.#abort.signal);
    this.#locksWatched ??= this.#locks.run(this.#abort.signal);
    this.#running ??= this.#loop();
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#attempt?.stop(DRAIN_LIMIT_MS);
    await this.#running?.catch(() => {});
    await Promise.all([this.#coverage, this.#backlogWatched, this.#locksWatched]);
    await this.#sourcePool.end();
  }

  /** Removes what the source remembers of sessions and reverts of long ago. Never throws: the next call makes up for it. */
  async prune(): Promise<void> {
    if (this.#state !== 'streaming') return;
    try {
      await this.#sourcePool.query('select rowtrail.prune_sessions()');
      await this.#sourcePool.query('select rowtrail.prune_reverts()');
    } catch (error) {
      this.#options.log.warn(
        { source: this.name },
        `cannot prune rowtrail.sessions and rowtrail.reverts: ${messageOf(error)}`,
      );
    }
  }

  #createPool(): pg.Pool {
    return createPool(this.#options.source.url, 'catalog', { max: 2, answerTimeoutMs: CATALOG_TIMEOUT_MS });
  }

  /** What broke one connection has most likely broken the others, and an idle one does not know yet. */
  #renewPool(): void {
    this.#sourcePool.end().catch(() => {});
    this.#sourcePool = this.#createPool();
  }

  get #delays(): RunnerDelays {
    return this.#options.delays ?? RUNNER_DELAYS;
  }

  /**
   * Looks at the catalog for what the stream does not tell, at once and then at intervals, until stopped. Never
   * throws: the next look makes up for it.
   */
  async #watchCoverage(): Promise<void> {
    const { source, store, storePool, log, coverageIntervalMs } = this.#options;
    const hasStored = (lsn: bigint): boolean => this.#attempt?.hasStored(lsn) ?? true;
    while (!this.#abort.signal.aborted) {
      try {
        const options = { source, schema: store.schema, sourcePool: this.#sourcePool, storePool, hasStored };
        const added = this.#state === 'streaming' ? await checkCoverage(options) : 0;
        if (added > 0) this.#attempt?.partitionsMoved();
        if (added > 0)
          log.warn({ source: this.name, gaps: added }, 'gap recorded: tables are not covered as setup left them');
      } catch (error) {
        log.warn({ source: this.name }, `cannot compare the catalog with rowtrail.tables: ${messageOf(error)}`);
      }
      await pause(coverageIntervalMs ?? COVERAGE_INTERVAL_MS, this.#abort.signal);
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
      error: this.#error ?? told(this.#locks.latest),
      standby: this.#isStandby,
      receivedLsn: received,
      sourceLsn: walEnd,
      lagBytes: attempt?.caughtUp === true ? 0n : lagBytes,
      lagMs: this.#lagMs(),
      queuedBytes: attempt?.queuedBytes ?? 0,
      backlog: this.#backlog.latest,
      counters: {
        changes: this.#total.changes + (counters?.changes ?? 0),
        entries: this.#total.entries + (counters?.entries ?? 0),
        transactions: this.#total.transactions + (counters?.transactions ?? 0),
        unverifiedMessages: this.#total.unverifiedMessages + (counters?.unverifiedMessages ?? 0),
        flushes: this.#total.flushes + (counters?.flushes ?? 0),
        flushMs: this.#total.flushMs + (counters?.flushMs ?? 0),
        retries: this.#retries,
      },
    };
  }

  /** By the clocks of both machines; null: not known, as nothing was stored since the start. */
  #lagMs(): number | null {
    const attempt = this.#attempt;
    if (attempt?.caughtUp === true) return 0;
    const committedAtMs = attempt?.committedAtMs ?? this.#committedAtMs;
    return committedAtMs === null ? null : Math.max(0, Date.now() - committedAtMs);
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    const { minRetryMs, maxRetryMs, standbyMs } = this.#delays;
    let failures = 0;
    while (!signal.aborted) {
      const ended = await this.#once();
      if (signal.aborted) break;
      const { error, streamedAtMs } = ended;
      if (error instanceof StreamRestart) {
        this.#options.log.debug({ source: this.name }, error.message);
        continue;
      }
      if (streamedAtMs !== null && performance.now() - streamedAtMs > GOOD_ATTEMPT_MS) failures = 0;
      // One of several transactions stops capture: once they are stored one by one, it shows which.
      this.#aloneUpTo = error instanceof BlockedSomewhere ? error.upTo : undefined;
      const decision = error instanceof BlockedSomewhere ? 'retry' : decideRetry(error.code, this.#hasStreamed);
      if (decision === 'stop') {
        this.#enter('stopped', error);
        await this.#recordGap(ended);
        if (!this.#hasStreamed) throw error;
        // History is still served, and says that capture has stopped. Once a person has acted (`rowtrail setup`),
        // it goes on.
        await this.#waitForHelp(ended);
        continue;
      }
      failures += 1;
      this.#retries += 1;
      this.#renewPool();
      this.#enter('waiting', error);
      if (decision === 'wait') {
        this.#isStandby = await this.#isCapturedElsewhere(error);
        this.#onStreaming?.();
      }
      const delayMs = backoffDelayMs(failures, { minDelayMs: minRetryMs, maxDelayMs: maxRetryMs });
      await pause(decision === 'wait' ? standbyMs : delayMs, signal);
    }
    this.#enter('stopped', null);
  }

  /** Never throws: what can't be told is not so. */
  async #isCapturedElsewhere(error: RowtrailError): Promise<boolean> {
    return isCapturedElsewhere(this.#sourcePool, this.#options.source, error).catch(() => false);
  }

  async #once(): Promise<Ended> {
    const { source, store, storePool } = this.#options;
    let streamedAtMs: number | null = null;
    const options: AttemptOptions = {
      source,
      store,
      storePool,
      sourcePool: this.#sourcePool,
      log: this.#options.log,
      intervals: this.#options.intervals,
      ...(this.#aloneUpTo === undefined ? {} : { aloneUpTo: this.#aloneUpTo }),
      onStreaming: () => {
        streamedAtMs = performance.now();
        this.#hasStreamed = true;
        this.#enter('streaming', null);
        this.#coverage ??= this.#watchCoverage();
        this.#onStreaming?.();
      },
      onProgress: () => void this.#withdrawGap(attempt.checkpoint),
    };
    const attempt: CaptureAttempt =
      source.capture === 'trigger' ? new OutboxAttempt(options) : new SourceAttempt(options);
    this.#attempt = attempt;
    const end = (error: RowtrailError): Ended => ({ error, streamedAtMs, checkpoint: attempt.checkpoint });
    try {
      await attempt.run();
      return end(new RowtrailError('RT_STREAM', 'the replication stream ended'));
    } catch (error) {
      return end(explainDatabaseError(error, `source ${source.name}`, source.url));
    } finally {
      const { counters } = attempt;
      this.#total.changes += counters.changes;
      this.#total.entries += counters.entries;
      this.#total.transactions += counters.transactions;
      this.#total.unverifiedMessages += counters.unverifiedMessages;
      this.#total.flushes += counters.flushes;
      this.#total.flushMs += counters.flushMs;
      this.#committedAtMs = attempt.committedAtMs ?? this.#committedAtMs;
      this.#attempt = null;
    }
  }

  /** Never throws: whoever stays stopped looks again, and records it then. */
  async #recordGap({ error, checkpoint }: Ended): Promise<void> {
    const reason = gapReason(error);
    if (reason === null || checkpoint === null) return;
    const { log, store, storePool } = this.#options;
    const fields = { source: this.name, reason, from: formatLsn(checkpoint.endLsn) };
    const skipLsn = error instanceof BlockedTransaction ? error.skipLsn : null;
    try {
      const isNew = await openGap(storePool, store.schema, checkpoint, { reason, detail: error.message, skipLsn });
      if (isNew) log.error(fields, 'gap recorded: nothing is captured from here on');
    } catch (failure) {
      log.error(fields, `cannot record the gap: ${messageOf(failure)}`);
    }
  }

  /** Capture has got past where it had stopped: a gap that was none must not stay. Never throws. */
  async #withdrawGap(checkpoint: Checkpoint | null): Promise<void> {
    if (checkpoint === null) return;
    const { log, store, storePool } = this.#options;
    try {
      const reason = await withdrawGap(storePool, store.schema, checkpoint);
      if (reason !== null) {
        log.warn({ source: this.name, reason }, 'gap withdrawn: capture goes on in the same epoch, nothing is missing');
      }
    } catch (error) {
      log.warn({ source: this.name }, `cannot look for an open gap: ${messageOf(error)}`);
    }
  }

  /** Resolves when it is worth trying again. */
  async #waitForHelp({ streamedAtMs }: Ended): Promise<void> {
    const { signal } = this.#abort;
    const { stoppedMs, blockedMs } = this.#delays;
    if (streamedAtMs === null) {
      await pause(stoppedMs, signal);
      return;
    }
    const before = await this.#whereItStands();
    for (let waitedMs = 0; waitedMs < blockedMs && !signal.aborted; waitedMs += stoppedMs) {
      await pause(stoppedMs, signal);
      const now = await this.#whereItStands();
      if (now !== null && now !== before) return;
    }
  }

  /** What a person moves who follows the runbook: the slot, and with it the epoch. Null: it can't be told now. */
  async #whereItStands(): Promise<string | null> {
    const { source, store, storePool } = this.#options;
    try {
      const slot = await readSlot(this.#sourcePool, source.slot);
      const checkpoint = await readCheckpoint(storePool, store.schema, source.name);
      return `${checkpoint?.epoch} ${slot?.confirmedFlushLsn}`;
    } catch {
      return null;
    }
  }

  #enter(state: LiveSource['state'], error: RowtrailError | null): void {
    const { log } = this.#options;
    const repeated = this.#state === state && this.#error?.code === error?.code;
    if (!repeated) {
      this.#since = new Date();
      this.#isStandby = false;
    }
    this.#state = state;
    this.#error = told(error);
    const fields = { source: this.name, state, code: error?.code, hint: error?.hint };
    // A standby or an outage says so once, not once a second.
    if (repeated) log.debug(fields, error === null ? state : messageOf(error));
    else if (error === null) log.info(fields, `capture is ${state}`);
    else log[state === 'stopped' ? 'error' : 'warn'](fields, error.message);
  }
}

function told(error: RowtrailError | null): LiveSource['error'] {
  return error === null ? null : { code: error.code, message: error.message, hint: error.hint ?? null };
}
