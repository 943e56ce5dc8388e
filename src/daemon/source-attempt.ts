import { BlockedTransaction, isBlocking } from '../capture/wal/blocked.ts';
import { readSlot, RESTORED_GAP, slotFault, SourceRestored } from '../capture/wal/slot.ts';
import { WalCapture, type CaptureConsumer } from '../capture/wal/wal-capture.ts';
import type { SystemIdentity } from '../capture/wal/system-identity.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';
import { RowtrailError } from '../lib/errors.ts';
import { publicationMissing } from '../capture/wal/stream-error.ts';
import { pause } from '../lib/backoff.ts';
import { within } from '../lib/within.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import { readServerVersion } from '../pg/server-version.ts';
import { readCheckpoint, recordAcknowledgement, type Checkpoint } from '../store/checkpoint.ts';
import { ensurePartitions } from '../store/partition.ts';
import { readOpenGap } from '../store/gap.ts';
import { RefusedFlush } from '../store/refusal.ts';
import type { StoreWriter } from '../store/writer.ts';
import type { TransactionAssembler } from '../transaction/assembler.ts';
import { publishedCatalog } from '../capture/baseline/baseline-catalog.ts';
import type { BaselineRunner } from './baseline-runner.ts';
import { BlockedSomewhere, type AttemptOptions, type CaptureAttempt } from './capture-attempt.ts';
import { inStore, makePipeline } from './pipeline.ts';
import { relationDescriber } from './relation-describer.ts';
import { StampKeeper } from './stamp-keeper.ts';
import type pg from 'pg';

/** How often to ask the server how far it is while a baseline waits for it. */
const PASS_POLL_MS = 10;
/** How long what has come in whole may take to be stored, once the stream has failed. */
const SALVAGE_LIMIT_MS = 5_000;

/** One attempt at capturing a source into the store: what it opens, it closes. */
export class SourceAttempt implements CaptureAttempt {
  readonly #options: AttemptOptions;
  readonly #capture: WalCapture<RelationPlan>;
  #checkpoint: Checkpoint | null = null;
  #knowsMovedPartitions = true;
  #writer: StoreWriter | null = null;
  #assembler: TransactionAssembler<RelationPlan> | null = null;
  #baselines: BaselineRunner | null = null;
  #hasProgressed = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
    const { url, slot, publication } = options.source;
    const { intervals } = options;
    this.#capture = new WalCapture({
      url,
      slot,
      publication,
      verify: (identify) => this.#verify(identify),
      open: () => this.#open(),
      onCaughtUp: () => this.#progress(),
      ...(intervals === undefined ? {} : { intervals }),
    });
  }

  get receivedLsn(): bigint | null {
    return this.#capture.receivedLsn;
  }

  get serverWalEnd(): bigint | null {
    return this.#capture.serverWalEnd;
  }

  /** The checkpoint that this attempt goes on from; null before it has been read. */
  get checkpoint(): Checkpoint | null {
    return this.#checkpoint;
  }

  /** Received and not yet copied to the store. */
  get queuedBytes(): number {
    return this.#writer?.queuedBytes ?? 0;
  }

  get caughtUp(): boolean {
    return this.#writer?.idle === true && this.#assembler?.inTransaction === false;
  }

  /** Everything that the source committed before `lsn` is stored. */
  hasStored(lsn: bigint): boolean {
    return this.caughtUp && (this.serverWalEnd ?? 0n) >= lsn;
  }

  /** A partition has come or gone without the stream telling it. */
  partitionsMoved(): void {
    if (!this.#knowsMovedPartitions) this.#capture.fail(movedPartition());
  }

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

  /** Runs until `stop`; rejects with an error that says what it means. */
  async run(): Promise<void> {
    const { source } = this.#options;
    try {
      await this.#capture.run(this.#options.onStreaming);
    } catch (error) {
      const explained = explainDatabaseError(error, `source ${source.name}`, source.url);
      // What came in whole before the fault need not come in again, and a cut that repeats still gets somewhere.
      const leftOut = explained instanceof RefusedFlush ? 0 : await this.#salvage();
      throw isBlocking(explained.code) ? this.#blocked(explained, leftOut) : explained;
    } finally {
      // Also when `stop` came while the writer was being opened.
      await this.#close();
    }
  }

  /** Returns how many whole transactions could not be stored; null: not known. */
  async #salvage(): Promise<number | null> {
    const writer = this.#writer;
    if (writer === null) return null;
    return within<number | null, null>(
      SALVAGE_LIMIT_MS,
      writer.drain().catch(() => null),
      () => null,
    );
  }

  /** Names the transaction, or, where it shares a flush with others, says up to where to look for it. */
  #blocked(error: RowtrailError, leftOut: number | null): RowtrailError {
    const assembler = this.#assembler;
    if (assembler === null || !isBlocking(error.code)) return error;
    const commitLsn = error instanceof RefusedFlush ? error.commitLsn : assembler.openCommitLsn;
    const isExact = error instanceof RefusedFlush ? commitLsn !== null : leftOut === 0;
    if (!isExact) return new BlockedSomewhere(error, assembler.lastCommitLsn);
    return new BlockedTransaction(error.code, error.message, this.#options.source.slot, commitLsn, error);
  }

  /** Stores what has come in whole, acknowledges it, and ends; gives up on the storing after `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    this.#capture.halt();
    this.#baselines?.abort();
    await within(limitMs, this.#writer?.drain().catch(() => 0) ?? Promise.resolve(0), () => 0);
    await this.#capture.stop();
    await this.#close();
  }

  /** Together: each may wait for the other. */
  async #close(): Promise<void> {
    await Promise.all([this.#baselines?.stop(), this.#writer?.close()]);
  }

  #progress(): void {
    if (this.#hasProgressed) return;
    this.#hasProgressed = true;
    this.#options.onProgress?.();
  }

  async #verify(identify: () => Promise<SystemIdentity>): Promise<bigint> {
    const { source, store, sourcePool, storePool } = this.#options;
    // The slot first: what it is told is in the checkpoint before, so that another daemon at work can't make
    // the slot look as if it were ahead. The end of the WAL last: nothing is stored that is not in it.
    const slot = await readSlot(sourcePool, source.slot);
    const checkpoint = await inStore(store, () => readCheckpoint(storePool, store.schema, source.name));
    if (checkpoint === null) {
      throw new RowtrailError('RT_SETUP_MISSING', `the store knows no source named ${source.name}`, {
        hint: 'Run `rowtrail setup` first.',
      });
    }
    if (checkpoint.capture !== 'wal') {
      throw new RowtrailError(
        'RT_SETUP_MISSING',
        `the history of source ${source.name} comes from triggers, and the configuration says capture: wal`,
        { hint: 'Run `rowtrail setup`: it starts a new epoch and records the gap.' },
      );
    }
    if (checkpoint.slot !== null && checkpoint.slot !== source.slot) {
      throw new RowtrailError(
        'RT_SETUP_MISSING',
        `the history of source ${source.name} comes through the slot ${checkpoint.slot}, the configuration names ${source.slot}`,
        {
          hint: 'Name that slot, or run `rowtrail setup`: it starts a new epoch with the new one and records the gap.',
        },
      );
    }
    const system = await identify();
    const found = (
      await sourcePool.query<{ standby: boolean; published: boolean }>(
        `select pg_is_in_recovery() as standby,
           exists (select from pg_publication where pubname = $1) as published`,
        [source.publication],
      )
    ).rows[0]!;
    // Behind an address that moves with a failover, this is a moment; a standby has neither the slot nor a say.
    if (found.standby && checkpoint.systemIdentifier === system.systemIdentifier) {
      throw new RowtrailError('RT_READ_ONLY', `source ${source.name} is a standby`, {
        hint: 'Point `url` at the primary. If this server is to be it, promote it.',
      });
    }
    this.#checkpoint = checkpoint;
    const fault = slotFault(source.slot, slot, system, checkpoint);
    if (fault !== null) throw fault;
    const restored = await inStore(store, () => readOpenGap(storePool, store.schema, checkpoint, RESTORED_GAP));
    if (restored !== null) throw new SourceRestored(restored);
    if (!found.published) throw publicationMissing(source.publication, 'it is gone');
    await inStore(store, () => ensurePartitions(storePool, store.schema, store.partition));
    return checkpoint.endLsn;
  }

  /**
   * Begins a new stream with the transaction that is coming in. What came before is stored, and acknowledged: a new
   * stream begins at the later of the stored and the acknowledged position, and transactions that left nothing to
   * store would come before it again.
   */
  async #restart(endLsn: bigint): Promise<never> {
    const { store, storePool } = this.#options;
    const writer = this.#writer!;
    const isEntangled = writer.isEntangled;
    await writer.drain();
    if (!isEntangled) {
      await recordAcknowledgement(storePool, store.schema, this.#checkpoint!.sourceId, writer.id, endLsn);
      this.#capture.acknowledgeNow(endLsn);
    }
    throw movedPartition();
  }

  async #open(): Promise<CaptureConsumer<RelationPlan>> {
    const { source, store, sourcePool, storePool } = this.#options;
    const known = this.#checkpoint!;
    const pipeline = await makePipeline(this.#options, known, {
      onDurable: (endLsn) => {
        this.#capture.acknowledge(endLsn);
        if (!this.#hasProgressed) this.#progress();
      },
      onPressure: (paused) => this.#capture.press(paused),
      onFailure: (error) => this.#capture.fail(error),
    });
    const { dictionary, relationIds, ruleKeeper, writer, assemble, baselines } = pipeline;
    this.#writer = writer;
    this.#knowsMovedPartitions = await knowsMovedPartitions(sourcePool);
    const stampKeeper = new StampKeeper(source, sourcePool, {
      pool: storePool,
      schema: store.schema,
      epoch: known.epoch,
    });
    await stampKeeper.start();
    const checkpoint = await inStore(store, () => writer.start());
    const describe = relationDescriber(source, sourcePool, dictionary, relationIds, stampKeeper, ruleKeeper);
    const assembler = assemble({
      describe,
      restart: this.#knowsMovedPartitions ? null : (endLsn) => this.#restart(endLsn),
      storedUpTo: checkpoint.endLsn,
    });
    this.#assembler = assembler;
    this.#baselines = baselines({
      catalog: publishedCatalog(source.publication),
      describe,
      passed: (lsn, signal) => this.#passed(lsn, assembler, signal),
      hasReceived: (isIt) => assembler.hasReceived(isIt),
    });
    this.#baselines.start();
    return {
      handler: assembler,
      idle: () => writer.idle && !assembler.inTransaction,
      recordPosition: (lsn) => recordAcknowledgement(storePool, store.schema, known.sourceId, writer.id, lsn),
    };
  }

  /** Resolves when everything that was committed before `lsn` has come in. */
  async #passed(lsn: bigint, assembler: TransactionAssembler<RelationPlan>, signal: AbortSignal): Promise<void> {
    while (assembler.endLsn < lsn && this.#capture.passedLsn < lsn && !signal.aborted) {
      this.#capture.ask();
      await pause(PASS_POLL_MS, signal);
    }
  }
}

/** Not a fault: the stream has to begin anew where it is. */
export class StreamRestart extends RowtrailError {}

function movedPartition(): StreamRestart {
  return new StreamRestart('RT_STREAM', 'a partition has come or gone: streaming begins anew, as PostgreSQL 14 needs');
}

const KNOWS_MOVED_PARTITIONS = 150_000;

async function knowsMovedPartitions(pool: pg.Pool): Promise<boolean> {
  return (await readServerVersion(pool)).number >= KNOWS_MOVED_PARTITIONS;
}
