import { randomUUID } from 'node:crypto';
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
import { RowtrailError } from '../lib/errors.ts';
import { Ending } from '../lib/ending.ts';
import type { TransactionSink } from '../transaction/transaction-sink.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ChunkPool } from './chunk-pool.ts';
import type { Dictionary } from './dictionary.ts';
import { Flush, FlushAbandoned } from './flush.ts';
import { FlushQueue, type Insertion, type QueuedInsertion } from './flush-queue.ts';
import { Lane } from './lane.ts';
import { QueuePressure } from './queue-pressure.ts';
import { Registrar } from './registrar.ts';
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

/** The third one copies while one waits for the store's disk and one for its turn to commit; a fourth gains nothing. */
const LANE_COUNT = 3;

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
  readonly #registrar: Registrar;
  readonly #ending = new Ending();
  readonly #lanes: readonly Lane[];
  readonly #queue: FlushQueue;
  readonly #pressure: QueuePressure;
  /** They wait for the end of the transaction that is coming in. */
  readonly #insertions: Pick<QueuedInsertion, 'insertion' | 'settle'>[] = [];
  readonly #entry: EntryHead = { occurredAtMicros: 0n, ordinal: 0 };
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
  #closing: Promise<void> | null = null;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#limits = options.limits ?? WRITER_LIMITS;
    this.#aloneUpTo = options.aloneUpTo ?? 0n;
    this.#pool = new ChunkPool(this.#limits.maxQueueBytes);
    this.#fromLsn = options.checkpoint.endLsn;
    this.#pressure = new QueuePressure({ maxBytes: this.#limits.maxQueueBytes, onPressure: options.onPressure });
    const { url, schema, checkpoint, dictionary, onDurable, onFailure } = options;
    const { sourceId, epoch, capture } = checkpoint;
    const onError = (error: unknown): void => this.#queue.fail(error);
    this.#registrar = new Registrar({ url, schema, sourceId, writer: this.id, onError });
    this.#lanes = Array.from(
      { length: LANE_COUNT },
      () =>
        new Lane({
          url,
          schema,
          sourceId,
          epoch,
          capture,
          writer: this.id,
          dictionary,
          onCopied: (segment) => this.#release(segment),
          onRowsCopied: (bytes) => this.#pressure.remove(bytes),
          onError,
        }),
    );
    this.#queue = new FlushQueue({
      url,
      lanes: this.#lanes,
      registrar: this.#registrar,
      onlyTransactionOf: (flush) => this.#onlyTransaction(flush),
      onIdle: () => {
        if (this.#flush !== null && !this.#open) this.#cut();
      },
      onDurable,
      onFailure,
    });
  }

  get counters(): FlushQueue['counters'] {
    return this.#queue.counters;
  }

  /** Nothing received is waiting to be stored: a keepalive's position may be acknowledged. */
  get idle(): boolean {
    return this.#flush === null && this.#queue.isEmpty;
  }

  /** Whole transactions wait in one flush with one that is still coming in: `drain` would leave them out with it. */
  get isEntangled(): boolean {
    return this.#open && this.#flush !== null && this.#flush.last !== null;
  }

  get queuedBytes(): number {
    return this.#pressure.bytes;
  }

  /**
   * Connects and takes the checkpoint over. To be called once the slot is held; returns the checkpoint,
   * which may have moved since it was read.
   */
  async start(): Promise<Checkpoint> {
    await this.#ending.or(Promise.all([this.#registrar.connect(), ...this.#lanes.map((lane) => lane.connect())]));
    const checkpoint = await this.#registrar.takeCheckpoint();
    this.#fromLsn = checkpoint.endLsn;
    this.#queue.open();
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
    flush.last = { committedAtMicros: head.committedAtMicros, ...tail };
    this.#open = false;
    // A lane that already has a part of it holds a store transaction open: that ends with this commit.
    if (flush.dispatched || !this.#queue.isActive || head.commitLsn <= this.#aloneUpTo) this.#cut();
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
    await this.#queue.drain();
    return leftOut;
  }

  /** The store's backends that are writing now. */
  get backends(): readonly number[] {
    return this.#queue.backends;
  }

  /** Ends at once; what is not committed is rolled back. After `drain`, nothing is left to roll back. Safe to call twice. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#ending.end(new RowtrailError('RT_STORE_WRITE', 'the writer was closed before it was open'));
    const closed = this.#queue.close();
    for (const { settle } of this.#insertions) settle.reject(new FlushAbandoned());
    this.#flush?.discard();
    await closed;
    await this.#registrar.end();
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
    if ((isEmpty && flush.coverage.length === 0) || this.#queue.hasFailed) return;
    flush.segment = null;
    flush.stretches = [];
    flush.truncatedRows = new TruncatedRows();
    flush.revertLinks = new RevertLinks();
    flush.push({
      rows: segment === null ? null : { segment, firstId: this.#registrar.reserve(segment.rowCount) },
      stretches,
      truncatedRows,
      revertLinks,
    });
    if (segment !== null) {
      segment.sealedBytes = segment.byteLength;
      segment.endsWithDelete = this.#deletedFrom !== 0 && this.#deletedRow === flush.rowCount - 1;
    }
    this.#pressure.add(truncatedRows.byteLength + revertLinks.byteLength + (segment?.sealedBytes ?? 0));
    if (flush.dispatched) return;
    flush.dispatched = true;
    this.#queue.push(flush);
  }

  /** Ends the flush that is being filled; it consists of whole transactions. */
  #cut(): void {
    const flush = this.#flush!;
    this.#flush = null;
    this.#fromLsn = flush.last!.endLsn;
    this.#seal(flush);
    flush.close();
  }

  #queueInsertions(): void {
    if (this.#flush !== null) this.#cut();
    for (const { insertion, settle } of this.#insertions.splice(0)) {
      if (this.#queue.hasFailed) settle.reject(new FlushAbandoned());
      else this.#queue.push({ insertion, settle, firstId: this.#registrar.reserve(insertion.count) });
    }
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
    this.#pressure.remove(segment.sealedBytes);
  }
}
