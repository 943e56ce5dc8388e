import type pg from 'pg';
import { OutboxCapture, type OutboxConsumer, type OutboxLoss } from '../capture/outbox/outbox-capture.ts';
import { isBlocking } from '../capture/wal/blocked.ts';
import { identityFault } from '../capture/wal/system-identity.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';
import { RowtrailError } from '../lib/errors.ts';
import { within } from '../lib/within.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import { readCheckpoint, type Checkpoint } from '../store/checkpoint.ts';
import { forgetDrained, readDrained, recordDrops, recordOutboxGap } from '../store/drained.ts';
import { ensurePartitions } from '../store/partition.ts';
import { RefusedFlush } from '../store/refusal.ts';
import type { StoreWriter } from '../store/writer.ts';
import type { TransactionAssembler } from '../transaction/assembler.ts';
import type { BaselineRunner } from './baseline-runner.ts';
import { outboxCatalog } from '../capture/baseline/outbox-catalog.ts';
import { outboxDescriber } from './outbox-describer.ts';
import { BlockedSomewhere, type AttemptOptions, type CaptureAttempt } from './capture-attempt.ts';
import { inStore, makePipeline } from './pipeline.ts';
import { readOutboxIdentity } from '../capture/outbox/identity.ts';

/** How often it is noted that the outbox has dropped nothing. */
const DROPS_INTERVAL_MS = 10_000;

/** One attempt at capturing a source by its outbox into the store: what it opens, it closes. */
export class OutboxAttempt implements CaptureAttempt {
  readonly #options: AttemptOptions;
  readonly #capture: OutboxCapture<RelationPlan>;
  #checkpoint: Checkpoint | null = null;
  #writer: StoreWriter | null = null;
  #assembler: TransactionAssembler<RelationPlan> | null = null;
  #running: Promise<void> | null = null;
  #hasProgressed = false;
  #hasCaughtUp = false;
  /** What waits for the store to take more. */
  #pressed: Promise<void> | null = null;
  #release: (() => void) | null = null;
  #drops: { dropped: bigint; atMs: number } | null = null;
  #baselines: BaselineRunner | null = null;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#capture = new OutboxCapture({ url: options.source.url, open: () => this.#open() });
  }

  readonly receivedLsn = null;
  readonly serverWalEnd = null;

  get checkpoint(): Checkpoint | null {
    return this.#checkpoint;
  }

  get queuedBytes(): number {
    return this.#writer?.queuedBytes ?? 0;
  }

  get caughtUp(): boolean {
    return this.#hasCaughtUp && this.#writer?.idle === true && this.#assembler?.inTransaction === false;
  }

  /** The outbox has no WAL positions: what is said to be stored here was committed before the last look at it. */
  hasStored(_lsn: bigint): boolean {
    return this.caughtUp;
  }

  partitionsMoved(): void {}

  get storeBackends(): readonly number[] {
    return this.#writer?.backends ?? [];
  }

  get committedAtMs(): number | null {
    return this.#writer?.counters.committedAtMs ?? null;
  }

  get counters(): CaptureAttempt['counters'] {
    return {
      changes: 0,
      transactions: 0,
      unverifiedMessages: 0,
      ...this.#assembler?.counters,
      entries: this.#writer?.counters.entries ?? 0,
      flushes: this.#writer?.counters.flushes ?? 0,
      flushMs: this.#writer?.counters.flushMs ?? 0,
    };
  }

  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Stores what is whole, deletes it from the outbox, and ends; gives up after `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    this.#capture.halt();
    this.#baselines?.abort();
    this.#unpress();
    const ended = this.#running?.catch(() => {}) ?? Promise.resolve();
    await within<void, void>(limitMs, ended, () => {
      this.#capture.fail(new RowtrailError('RT_STREAM', 'the drain did not end in time'));
    });
    await Promise.all([this.#baselines?.stop(), this.#writer?.close()]);
  }

  async #run(): Promise<void> {
    const { source } = this.#options;
    try {
      await this.#capture.run(this.#options.onStreaming);
    } catch (error) {
      const explained = explainDatabaseError(error, `source ${source.name}`, source.url);
      throw isBlocking(explained.code) ? this.#blocked(explained) : explained;
    } finally {
      this.#unpress();
      // Together: each may wait for the other.
      await Promise.all([this.#baselines?.stop(), this.#writer?.close()]);
    }
  }

  /** Names the transaction, or, where it shares a flush with others, says up to where to look for it. */
  #blocked(error: RowtrailError): RowtrailError {
    const assembler = this.#assembler;
    if (assembler === null) return error;
    const position = error instanceof RefusedFlush ? error.commitLsn : assembler.openCommitLsn;
    if (position === null) return new BlockedSomewhere(error, assembler.lastCommitLsn);
    const xid = this.#capture.xidAt(position);
    const message = error.message.replace('{transaction}', `the transaction ${xid}`);
    return new RowtrailError(error.code, message, {
      hint:
        `To go on without it, run on the source: delete from rowtrail.outbox where xid = '${xid}'; ` +
        'then run `rowtrail setup`. That one transaction is missing then, no other.',
      cause: error,
    });
  }

  async #open(): Promise<OutboxConsumer<RelationPlan>> {
    const { source, store, sourcePool, storePool } = this.#options;
    const known = await this.#verify();
    const pipeline = await makePipeline(this.#options, known, {
      onDurable: () => this.#progress(),
      onPressure: (paused) => (paused ? this.#press() : this.#unpress()),
      onFailure: (error) => this.#capture.fail(error),
    });
    const { dictionary, relationIds, ruleKeeper, writer, assemble, baselines } = pipeline;
    this.#writer = writer;
    const checkpoint = await inStore(store, () => writer.start());
    // After the checkpoint is taken: no earlier writer adds to it any more.
    const stored = await inStore(store, () => readDrained(storePool, store.schema, known.sourceId));
    const server = await readServer(sourcePool);
    const describe = outboxDescriber(source, sourcePool, server, dictionary, relationIds, ruleKeeper);
    const assembler = assemble({ describe, restart: null, storedUpTo: 0n });
    this.#assembler = assembler;
    this.#baselines = baselines({
      catalog: outboxCatalog,
      describe,
      // A snapshot of the outbox that is taken later shows what any earlier one of the same database does.
      passed: (_lsn, signal) => untilAborted(this.#capture.passed(), signal),
      hasReceived: (isIt) => assembler.hasReceived((xid) => isIt(xid % XIDS)),
    });
    this.#baselines.start();
    return {
      handler: assembler,
      firstPosition: checkpoint.endLsn,
      stored,
      drain: async () => {
        if ((await writer.drain()) > 0)
          throw new RowtrailError('RT_INTERNAL', 'a transaction of the outbox was left out');
      },
      ready: () => this.#pressed ?? Promise.resolve(),
      onDeleted: (xids) => forgetDrained(storePool, store.schema, known.sourceId, xids),
      onLoss: (losses) => this.#recordLosses(known, relationIds, losses),
      onDropped: (dropped, since) => this.#recordDrops(known, dropped, since),
      onCaughtUp: () => {
        this.#hasCaughtUp = true;
        this.#progress();
      },
    };
  }

  async #verify(): Promise<Checkpoint> {
    const { source, store, sourcePool, storePool } = this.#options;
    const checkpoint = await inStore(store, () => readCheckpoint(storePool, store.schema, source.name));
    if (checkpoint === null || checkpoint.capture !== 'trigger') {
      throw new RowtrailError(
        'RT_SETUP_MISSING',
        checkpoint === null
          ? `the store knows no source named ${source.name}`
          : `the history of source ${source.name} comes from the WAL, and the configuration says capture: trigger`,
        { hint: 'Run `rowtrail setup` first.' },
      );
    }
    this.#checkpoint = checkpoint;
    const fault = identityFault(await readOutboxIdentity(sourcePool), checkpoint);
    if (fault !== null) throw fault;
    await inStore(store, () => ensurePartitions(storePool, store.schema, store.partition));
    return checkpoint;
  }

  async #recordLosses(
    checkpoint: Checkpoint,
    relationIds: ReadonlyMap<number, number>,
    losses: readonly OutboxLoss[],
  ): Promise<void> {
    const { store, storePool } = this.#options;
    for (const { table, atMicros, xid } of losses) {
      await recordOutboxGap(storePool, store.schema, checkpoint, {
        reason: 'row_too_large',
        detail: `a row of ${table.schema}.${table.name} was too large for the outbox (transaction ${xid})`,
        relationId: relationIds.get(table.oid) ?? null,
        fromMicros: atMicros,
      });
    }
  }

  async #recordDrops(checkpoint: Checkpoint, dropped: bigint, sinceMicros: bigint | null): Promise<void> {
    const { store, storePool } = this.#options;
    const last = this.#drops;
    const now = performance.now();
    if (last !== null && last.dropped === dropped && now - last.atMs < DROPS_INTERVAL_MS) return;
    await recordDrops(storePool, store.schema, checkpoint, dropped, sinceMicros);
    this.#drops = { dropped, atMs: now };
  }

  #press(): void {
    this.#pressed ??= new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  #unpress(): void {
    this.#release?.();
    this.#release = null;
    this.#pressed = null;
  }

  #progress(): void {
    if (this.#hasProgressed) return;
    this.#hasProgressed = true;
    this.#options.onProgress?.();
  }
}

/** The numbers of transactions, after which they go round: rows hold that much of them. */
const XIDS = 2 ** 32;

/** Resolves with the promise, or when the signal aborts. */
function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
    void promise.then(end);
  });
}

async function readServer(pool: pg.Pool): Promise<{ encoding: string; version: number }> {
  const result = await pool.query<{ encoding: string; version: number }>(
    `select current_setting('server_encoding') as encoding, current_setting('server_version_num')::int4 as version`,
  );
  return result.rows[0]!;
}
