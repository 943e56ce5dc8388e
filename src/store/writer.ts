import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Change, TransactionHead, TransactionTail } from '../change/change.ts';
import type { Context, LoggedEvent } from '../change/context.ts';
import type { SchemaChange } from '../change/schema-change.ts';
import type { Truncation } from '../change/truncation.ts';
import type { Tuple } from '../change/tuple.ts';
import type { PartitionEvent } from '../change/partition-event.ts';
import type { RevertLink } from '../change/revert-link.ts';
import { PLAIN_ROW, writePlainEntry, writeRowEntry, type EntryHead } from '../entry/entry-row.ts';
import { writeLargeRowEntry } from '../entry/large-row.ts';
import { withMasks } from '../entry/mask.ts';
import { truncationData } from '../entry/truncation-data.ts';
import { schemaData } from '../entry/schema-data.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import { Ending } from '../lib/ending.ts';
import { within } from '../lib/within.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { backendOf, connectionOptions, explainDatabaseError } from '../pg/pool.ts';
import type { TransactionSink } from '../transaction/transaction-sink.ts';
import { takeCheckpoint, type Checkpoint } from './checkpoint.ts';
import { ChunkPool } from './chunk-pool.ts';
import type { Dictionary } from './dictionary.ts';
import { Flush, FlushAbandoned } from './flush.ts';
import { Lane } from './lane.ts';
import { isRefusal, RefusedFlush } from './refusal.ts';
import { Tallies } from './rollup.ts';
import { RevertLinks } from './revert-links.ts';
import { RowRemarks } from './row-remarks.ts';
import { Segment } from './segment.ts';
import { TruncatedRows } from './truncated-rows.ts';

export interface WriterLimits {
  /** Entries after which a flush is cut at the next commit, and a segment within a transaction. */
  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
  /** Sealed and not yet copied bytes above which the capture is asked to pause. */
  readonly maxQueueBytes: number;
}

export const WRITER_LIMITS: WriterLimits = {
  maxBatchEntries: 5_000,
  maxBatchBytes: 4 * 1024 * 1024,
  maxQueueBytes: 24 * 1024 * 1024,
};

/** The capture is let go again below this share of `maxQueueBytes`. */
const RESUME_SHARE = 0.8;
const LANE_COUNT = 2;
/** How long closing waits for a store that may be gone. */
const CLOSE_LIMIT_MS = 1_000;

export interface WriterOptions {
  readonly url: string;
  readonly schema: string;
  readonly checkpoint: Checkpoint;
  readonly dictionary: Dictionary;
  readonly relationIds: ReadonlyMap<number, number>;
  readonly limits?: WriterLimits;
  /** Transactions up to this commit LSN are each a flush of their own: one of them is going to fail. */
  readonly aloneUpTo?: bigint;
  /** Everything before this position is durable in the store. */
  readonly onDurable: (endLsn: bigint) => void;
  readonly onPressure: (paused: boolean) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Entries that are no part of the stream, with a block of ids of their own. */
export interface Insertion {
  /** Ids to reserve. */
  readonly count: number;
  /** Writes and commits; runs alone, when everything before it is durable. What fails here does not stop capture. */
  run(firstId: bigint): Promise<void>;
}

interface QueuedInsertion {
  readonly insertion: Insertion;
  readonly firstId: Promise<bigint>;
  readonly settle: { resolve: () => void; reject: (error: unknown) => void };
}

/** 2000-01-01, from which PostgreSQL counts. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

interface FlushCounters {
  entries: number;
  flushes: number;
  /** From when a flush was handed to its connection until it was durable, summed up. */
  flushMs: number;
  /** When the last stored transaction was committed, by the source's clock, since 1970; null: none was stored. */
  committedAtMs: number | null;
}

/**
 * Turns transactions into flushes: batches of whole transactions, each one store transaction with its
 * entries, contexts, rollups and checkpoint. Several transactions share a flush under load; a lone one goes
 * at once. DESIGN §2.2, §2.7, §9.
 */
export class StoreWriter implements TransactionSink<RelationPlan> {
  readonly id = randomUUID();
  readonly #options: WriterOptions;
  readonly #limits: WriterLimits;
  readonly #aloneUpTo: bigint;
  readonly #pool: ChunkPool;
  readonly #registrar: pg.Client;
  readonly #ending = new Ending();
  readonly #lanes: Lane[];
  readonly #freeLanes: Lane[] = [];
  readonly #waiting: (Flush | QueuedInsertion)[] = [];
  /** They wait for the end of the transaction that is coming in. */
  readonly #insertions: Pick<QueuedInsertion, 'insertion' | 'settle'>[] = [];
  readonly #active = new Set<Promise<void>>();
  readonly #running = new Set<Flush>();
  readonly #entry: EntryHead = { occurredAtMicros: 0n, ordinal: 0 };
  readonly counters: FlushCounters = { entries: 0, flushes: 0, flushMs: 0, committedAtMs: null };
  #flush: Flush | null = null;
  #open = false;
  #transaction: TransactionHead | null = null;
  #transactionRow = 0;
  #stretchRow = 0;
  /** The entry whose truncated rows are coming in. */
  #truncateRow = 0;
  /** The partitioned relation whose row was deleted by the last change of the transaction (else 0), and that row. */
  #deletedFrom = 0;
  #deletedRow = 0;
  /** The transaction takes something back. */
  #isRevert = false;
  #fromLsn: bigint;
  #lastWritten: Promise<void> = Promise.resolve();
  #lastReserved: Promise<unknown> = Promise.resolve();
  #queuedBytes = 0;
  #paused = false;
  #failed = false;
  #started = false;
  #closing: Promise<void> | null = null;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#limits = options.limits ?? WRITER_LIMITS;
    this.#aloneUpTo = options.aloneUpTo ?? 0n;
    this.#pool = new ChunkPool(this.#limits.maxQueueBytes);
    this.#fromLsn = options.checkpoint.endLsn;
    const onError = (error: Error): void => this.#fail(error);
    this.#registrar = new pg.Client(connectionOptions(options.url, 'ids'));
    this.#registrar.on('error', onError);
    this.#lanes = Array.from(
      { length: LANE_COUNT },
      () =>
        new Lane({
          url: options.url,
          schema: options.schema,
          sourceId: options.checkpoint.sourceId,
          epoch: options.checkpoint.epoch,
          capture: options.checkpoint.capture,
          writer: this.id,
          dictionary: options.dictionary,
          onCopied: (segment) => this.#release(segment),
          onRowsCopied: (bytes) => this.#sent(bytes),
          onError,
        }),
    );
  }

  /** Nothing received is waiting to be stored: a keepalive's position may be acknowledged. */
  get idle(): boolean {
    return this.#flush === null && this.#active.size === 0 && this.#waiting.length === 0;
  }

  /** Whole transactions wait in one flush with one that is still coming in: `drain` would leave them out with it. */
  get isEntangled(): boolean {
    return this.#open && this.#flush !== null && this.#flush.last !== null;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Connects and takes the checkpoint over. To be called once the slot is held; returns the checkpoint,
   * which may have moved since it was read.
   */
  async start(): Promise<Checkpoint> {
    await this.#ending.or(Promise.all([this.#registrar.connect(), ...this.#lanes.map((lane) => lane.connect())]));
    // A reservation need not be durable before its flush: WAL is written in order, so a durable flush
    // implies a durable reservation, and a lost reservation was used by nothing.
    // https://www.postgresql.org/docs/current/wal-async-commit.html
    await this.#registrar.query('set synchronous_commit = off; set statement_timeout = 0');
    const checkpoint = await takeCheckpoint(
      this.#registrar,
      this.#options.schema,
      this.#options.checkpoint.sourceId,
      this.id,
    );
    this.#fromLsn = checkpoint.endLsn;
    this.#freeLanes.push(...this.#lanes);
    this.#started = true;
    return checkpoint;
  }

  begin(head: TransactionHead): void {
    const flush = (this.#flush ??= new Flush(this.#fromLsn));
    this.#open = true;
    this.#transaction = head;
    this.#transactionRow = flush.rowCount;
    this.#stretchRow = flush.rowCount;
    this.#entry.occurredAtMicros = head.committedAtMicros;
    flush.open = { firstRow: flush.rowCount, head };
    this.#deletedFrom = 0;
    this.#isRevert = false;
  }

  row(sent: Change<RelationPlan>, ordinal: number, stretchOrdinal: number): void {
    const change = withMasks(sent);
    const flush = this.#flush!;
    const segment = (flush.segment ??= new Segment(flush.rowCount, this.#pool));
    this.#entry.ordinal = ordinal;
    if (change.large === null) {
      const traits = writeRowEntry(segment, change.relation, change, this.#entry);
      if (traits !== PLAIN_ROW) (segment.remarks ??= new RowRemarks()).note(flush.rowCount, change, traits);
    } else {
      const newKey = writeLargeRowEntry(segment, change.relation, change, this.#entry);
      if (newKey !== null) (segment.remarks ??= new RowRemarks()).noteLargeKey(flush.rowCount, change, newKey);
    }
    if (change.relation.partitionKey !== null) this.#partitioned(flush, segment, change);
    this.#added(flush, segment, stretchOrdinal, change.relation.relationId, change.action);
  }

  truncate(relation: RelationPlan, ordinal: number, stretchOrdinal: number): void {
    const data = truncationData({ reason: 'trigger', count: null });
    this.#plain(
      { action: 'truncate', relationId: relation.relationId, recordKey: null, data },
      ordinal,
      stretchOrdinal,
    );
  }

  event(event: LoggedEvent, ordinal: number, stretchOrdinal: number): void {
    const relationId = event.tableOid === null ? null : (this.#options.relationIds.get(event.tableOid) ?? null);
    const named = relationId === null && event.table !== null ? { schema: event.schema, table: event.table } : {};
    const rest = JSON.stringify({ ...(event.comment === null ? {} : { comment: event.comment }), ...named });
    // The event's own data goes in as the text it came in, so that its numbers keep their digits.
    const data = event.data === null ? rest : `${rest.slice(0, -1)}${rest === '{}' ? '' : ','}"data":${event.data}}`;
    this.#plain({ action: event.action, relationId, recordKey: event.recordKey, data }, ordinal, stretchOrdinal);
  }

  truncation(truncation: Truncation, relationId: number, ordinal: number, stretchOrdinal: number): void {
    const data = truncationData(truncation);
    this.#plain({ action: 'truncate', relationId, recordKey: null, data }, ordinal, stretchOrdinal);
    // The entry may have gone into a flush of its own with the rest of its transaction.
    this.#truncateRow = this.#flush!.rowCount - 1;
  }

  truncatedRow(relation: RelationPlan, old: Tuple, position: number): void {
    const flush = this.#flush!;
    flush.truncatedRows.add(this.#truncateRow, position, relation, old);
    if (flush.truncatedRows.byteLength >= this.#limits.maxBatchBytes) this.#seal(flush);
  }

  schema(
    change: SchemaChange,
    relationId: number | null,
    isRewritten: boolean,
    ordinal: number,
    stretchOrdinal: number,
  ): void {
    const { table, objectSchema } = change;
    const named = relationId === null ? { schema: table?.schema ?? objectSchema, table: table?.name ?? null } : {};
    const rest = JSON.stringify(named);
    const data = `${rest.slice(0, -1)}${rest === '{}' ? '' : ','}"data":${schemaData(change, isRewritten)}}`;
    this.#plain({ action: 'schema', relationId, recordKey: null, data }, ordinal, stretchOrdinal);
  }

  coverage(event: PartitionEvent, relationId: number): void {
    this.#flush!.coverage.push({ event, relationId, head: this.#transaction! });
  }

  reverts(links: readonly RevertLink[]): void {
    const flush = this.#flush!;
    for (const link of links) flush.revertLinks.add(this.#transaction!.xid, link);
    this.#isRevert = true;
    if (flush.revertLinks.byteLength >= this.#limits.maxBatchBytes) this.#seal(flush);
  }

  stretch(context: Context): void {
    const flush = this.#flush!;
    flush.addStretch(this.#transactionRow, this.#stretchRow, this.#transaction!.committedAtMicros, context);
    this.#stretchRow = flush.rowCount;
  }

  commit(tail: TransactionTail, entryCount: number): void {
    const flush = this.#flush!;
    const head = this.#transaction!;
    // A transaction is known by its first entry; one that only changed coverage has none.
    const transaction = { firstRow: this.#transactionRow, head, size: entryCount };
    if (entryCount > 0) flush.transactions.push(transaction);
    if (this.#isRevert) flush.reverts.push(transaction);
    flush.last = { ...tail, committedAtMicros: head.committedAtMicros };
    this.#open = false;
    // A lane that already has a part of it holds a store transaction open: that ends with this commit.
    if (flush.dispatched || this.#active.size === 0 || head.commitLsn <= this.#aloneUpTo) this.#cut();
    if (this.#insertions.length > 0) this.#queueInsertions();
  }

  /**
   * Writes entries behind all transactions that have come in so far and before all that follow, in ids and in commits.
   * Rejects with what `run` rejects with, or if the writer ends before.
   */
  insert(insertion: Insertion): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#insertions.push({ insertion, settle: { resolve, reject } });
      if (!this.#open) this.#queueInsertions();
    });
  }

  empty(tail: TransactionTail): void {
    if (this.#flush?.last) this.#flush.last = { ...this.#flush.last, endLsn: tail.endLsn };
  }

  /**
   * Stores what is complete. A transaction that is still coming in is left out, with what shares its flush:
   * the slot has it. Rejects if a flush fails. Returns how many whole transactions were left out.
   */
  async drain(): Promise<number> {
    const flush = this.#flush;
    let leftOut = 0;
    if (flush !== null && this.#open) {
      this.#flush = null;
      leftOut = flush.transactions.length;
      flush.fail(new FlushAbandoned());
      flush.discard();
    } else if (flush !== null) {
      this.#cut();
    }
    while (this.#active.size > 0) await Promise.all(this.#active);
    return leftOut;
  }

  /** The store's backends that are writing now. */
  get backends(): readonly number[] {
    return this.#running.size === 0 ? [] : [...this.#lanes.map(({ backend }) => backend), backendOf(this.#registrar)];
  }

  /** Ends at once; what is not committed is rolled back. After `drain`, nothing is left to roll back. Safe to call twice. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#failed = true;
    this.#ending.end(new RowtrailError('RT_STORE_WRITE', 'the writer was closed before it was open'));
    for (const flush of this.#running) flush.fail(new FlushAbandoned());
    for (const waiting of this.#waiting) {
      if (waiting instanceof Flush) waiting.discard();
      else waiting.settle.reject(new FlushAbandoned());
    }
    for (const { settle } of this.#insertions) settle.reject(new FlushAbandoned());
    this.#flush?.discard();
    await Promise.allSettled(this.#lanes.map((lane) => lane.end()));
    await Promise.allSettled(this.#active);
    await this.#endBlocks();
    await this.#registrar.end().catch(() => {});
  }

  /** Readers would wait for ids that no one will use. If this fails, the next writer does it. */
  async #endBlocks(): Promise<void> {
    if (!this.#started) return;
    const deleted = this.#lastReserved
      .catch(() => {})
      .then(() =>
        this.#registrar.query(
          `delete from ${quoteIdentifier(this.#options.schema)}.flushes where source_id = $1 and writer = $2`,
          [this.#options.checkpoint.sourceId, this.id],
        ),
      )
      .then(
        () => {},
        () => {},
      );
    await within(CLOSE_LIMIT_MS, deleted, () => {});
    this.#started = false;
  }

  /** A row that crosses partitions comes as a delete and, right after it, a create. */
  #partitioned(flush: Flush, segment: Segment, { action, relation, large }: Change<RelationPlan>): void {
    const { relationId } = relation;
    if (action === 'create' && this.#deletedFrom === relationId && this.#deletedRow === flush.rowCount - 1) {
      // Rows too large for memory are not compared.
      if (large === null) (segment.remarks ??= new RowRemarks()).afterDelete.set(flush.rowCount, relation);
    }
    this.#deletedFrom = action === 'delete' && large === null ? relationId : 0;
    this.#deletedRow = flush.rowCount;
  }

  #plain(entry: Parameters<typeof writePlainEntry>[1], ordinal: number, stretchOrdinal: number): void {
    const flush = this.#flush!;
    const segment = (flush.segment ??= new Segment(flush.rowCount, this.#pool));
    this.#entry.ordinal = ordinal;
    writePlainEntry(segment, entry, this.#entry);
    this.#added(flush, segment, stretchOrdinal, entry.relationId ?? 0, entry.action);
  }

  #added(flush: Flush, segment: Segment, stretchOrdinal: number, relationId: number, action: string): void {
    segment.endRow(this.#transactionRow, this.#transactionRow + stretchOrdinal);
    flush.tallies.add(relationId, action, flush.rowCount);
    flush.rowCount += 1;
    if (segment.rowCount >= this.#limits.maxBatchEntries || segment.byteLength >= this.#limits.maxBatchBytes) {
      this.#seal(this.#splitOff(flush));
    }
  }

  /**
   * A transaction that outgrows a segment gets a flush of its own: what committed before it must not wait until
   * all of it has come in. Returns the flush that it is in then. Where its first context has ended already, its
   * counts are mixed with the others' and it stays; so it does where a gap is to be recorded with either of them.
   */
  #splitOff(flush: Flush): Flush {
    const row = this.#transactionRow;
    const isSplittable =
      !flush.dispatched &&
      flush.last !== null &&
      this.#stretchRow === row &&
      flush.coverage.length === 0 &&
      flush.truncatedRows.rows.length === 0 &&
      flush.revertLinks.links.length === 0;
    const moved = isSplittable ? (flush.segment?.splitAt(row) ?? null) : null;
    if (moved === null) return flush;
    const own = new Flush(flush.last!.endLsn);
    own.segment = moved;
    own.rowCount = moved.rowCount;
    own.tallies = flush.tallies;
    own.tallies.shift(row);
    flush.tallies = new Tallies();
    flush.rowCount = row;
    own.open = { firstRow: 0, head: this.#transaction! };
    this.#cut();
    this.#flush = own;
    this.#deletedRow -= row;
    this.#transactionRow = 0;
    this.#stretchRow = 0;
    return own;
  }

  /** Hands the open segment over. Ids are reserved here, so that their order is the order of commits. */
  #seal(flush: Flush): void {
    const { segment, stretches } = flush;
    const { truncatedRows, revertLinks } = flush;
    const isEmpty =
      segment === null && stretches.length === 0 && truncatedRows.rows.length === 0 && revertLinks.links.length === 0;
    if ((isEmpty && flush.coverage.length === 0) || this.#failed) return;
    flush.segment = null;
    flush.stretches = [];
    flush.truncatedRows = new TruncatedRows();
    flush.revertLinks = new RevertLinks();
    flush.push({
      rows: segment === null ? null : { segment, firstId: this.#reserve(segment.rowCount) },
      stretches,
      truncatedRows,
      revertLinks,
    });
    this.#queuedBytes += truncatedRows.byteLength + revertLinks.byteLength;
    if (segment !== null) {
      segment.sealedBytes = segment.byteLength;
      segment.endsWithDelete = this.#deletedFrom !== 0 && this.#deletedRow === flush.rowCount - 1;
      this.#queuedBytes += segment.sealedBytes;
    }
    this.#pressure();
    if (!flush.dispatched) {
      flush.dispatched = true;
      this.#waiting.push(flush);
    }
    this.#dispatch();
  }

  /** Ends the flush that is being filled; it consists of whole transactions. */
  #cut(): void {
    const flush = this.#flush!;
    this.#flush = null;
    this.#fromLsn = flush.last!.endLsn;
    this.#seal(flush);
    flush.close();
  }

  #reserve(count: number): Promise<bigint> {
    const reserved = this.#lastReserved
      .then(() =>
        this.#registrar.query<{ first_id: string }>({
          name: 'reserve_ids',
          text: `select ${quoteIdentifier(this.#options.schema)}.reserve_ids($1, $2, $3) as first_id`,
          values: [this.#options.checkpoint.sourceId, this.id, count],
        }),
      )
      .then((result) => BigInt(result.rows[0]!.first_id));
    // One after the other: a client that has a query at work is not to be given another.
    this.#lastReserved = reserved;
    // A lane awaits it, perhaps later: until then a failure must not count as unhandled.
    reserved.catch((error: unknown) => this.#fail(error));
    return reserved;
  }

  #queueInsertions(): void {
    if (this.#flush !== null) this.#cut();
    for (const { insertion, settle } of this.#insertions.splice(0)) {
      if (this.#failed) settle.reject(new FlushAbandoned());
      else this.#waiting.push({ insertion, settle, firstId: this.#reserve(insertion.count) });
    }
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && !this.#failed) {
      const next = this.#waiting[0]!;
      if (next instanceof Flush && this.#freeLanes.length === 0) return;
      this.#waiting.shift();
      if (next instanceof Flush) this.#send(next, this.#freeLanes.pop()!);
      else this.#runInsertion(next);
    }
  }

  #send(flush: Flush, lane: Lane): void {
    const written = this.#write(lane, flush, this.#lastWritten);
    this.#running.add(flush);
    this.#follow(written, () => {
      this.#running.delete(flush);
      this.#freeLanes.push(lane);
    });
  }

  /** What comes after it waits for it, and does not mind if it fails: it is no part of the stream. */
  #runInsertion({ insertion, firstId, settle }: QueuedInsertion): void {
    const predecessor = this.#lastWritten;
    const written = (async (): Promise<void> => {
      const id = await firstId;
      await predecessor;
      await insertion.run(id).then(settle.resolve, async (error: unknown) => {
        await this.#endBlock(id);
        settle.reject(error);
      });
    })();
    written.catch((error: unknown) => settle.reject(error));
    this.#follow(written, () => {});
  }

  #follow(written: Promise<void>, release: () => void): void {
    this.#lastWritten = written;
    this.#active.add(written);
    const ended = (): void => {
      this.#active.delete(written);
      release();
      if (this.#failed) return;
      if (this.#flush !== null && !this.#open && this.#active.size === 0) this.#cut();
      this.#dispatch();
    };
    written.then(ended, ended);
  }

  /** Ids that no one will use now: readers must not wait for them. If this fails, the next writer does it. */
  async #endBlock(firstId: bigint): Promise<void> {
    // Whoever closes ends them all.
    if (this.#failed) return;
    const { schema, checkpoint } = this.#options;
    const ended = this.#lastReserved
      .catch(() => {})
      .then(() =>
        this.#registrar.query(
          `delete from ${quoteIdentifier(schema)}.flushes where source_id = $1 and writer = $2 and first_id = $3`,
          [checkpoint.sourceId, this.id, firstId],
        ),
      );
    this.#lastReserved = ended.catch(() => {});
    await this.#lastReserved;
  }

  async #write(lane: Lane, flush: Flush, predecessor: Promise<void>): Promise<void> {
    const began = performance.now();
    try {
      await lane.write(flush, predecessor);
    } catch (error) {
      if (error instanceof FlushAbandoned) return;
      // What comes before it is good, as far as is known: once that is stored, this is where capture stands.
      await predecessor.catch(() => {});
      this.#fail(isRefusal(error) ? new RefusedFlush(this.#onlyTransaction(flush), error) : error);
      throw error;
    }
    this.counters.flushes += 1;
    this.counters.entries += flush.rowCount;
    this.counters.flushMs += performance.now() - began;
    this.counters.committedAtMs = Number(flush.last!.committedAtMicros / 1000n) + POSTGRES_EPOCH_MS;
    this.#options.onDurable(flush.last!.endLsn);
  }

  /** The commit LSN of the one transaction that a flush consists of; null: it has several. */
  #onlyTransaction(flush: Flush): bigint | null {
    const [first, second] = flush.transactions;
    const open = flush === this.#flush && this.#open;
    if (first === undefined) return open ? this.#transaction!.commitLsn : null;
    return second === undefined && !open ? first.head.commitLsn : null;
  }

  #release(segment: Segment): void {
    segment.release();
    this.#sent(segment.sealedBytes);
  }

  #sent(bytes: number): void {
    this.#queuedBytes -= bytes;
    this.#pressure();
  }

  #pressure(): void {
    const limit = this.#limits.maxQueueBytes;
    if (!this.#paused && this.#queuedBytes > limit) {
      this.#paused = true;
      this.#options.onPressure(true);
    } else if (this.#paused && this.#queuedBytes < limit * RESUME_SHARE) {
      this.#paused = false;
      this.#options.onPressure(false);
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const explained = explainDatabaseError(error, 'the store', this.#options.url);
    const failure =
      explained.code === 'RT_INTERNAL'
        ? new RowtrailError('RT_STORE_WRITE', `the store refused a write: ${messageOf(error)}`, {
            hint: 'Nothing is lost: the source keeps what is not stored. Capture tries again.',
            cause: error,
          })
        : explained;
    for (const flush of this.#running) flush.fail(failure);
    this.#options.onFailure(failure);
  }
}
