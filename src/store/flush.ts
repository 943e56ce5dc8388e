import type { TransactionHead, TransactionTail } from '../change/change.ts';
import type { Context } from '../change/context.ts';
import type { StreamedCoverage } from './coverage.ts';
import { actorKey } from './dictionary.ts';
import { RevertLinks } from './revert-links.ts';
import { RollupFold, Tallies } from './rollup.ts';
import type { Segment } from './segment.ts';
import { TruncatedRows } from './truncated-rows.ts';

/** A run of entries of one transaction under one payload: a row of `audit.contexts`. */
export interface Stretch {
  readonly firstRow: number;
  readonly lastRow: number;
  readonly transactionRow: number;
  readonly context: Context;
}

/** A row of `audit.transactions`. */
export interface FlushedTransaction {
  readonly firstRow: number;
  readonly head: TransactionHead;
  readonly size: number;
}

export interface SealedSegment {
  /** Null when a transaction ended just where its last segment did: then only its stretches are left. */
  readonly rows: {
    readonly segment: Segment;
    /** The first id of the block reserved for it. */ readonly firstId: Promise<bigint>;
  } | null;
  readonly stretches: readonly Stretch[];
  /** Of truncates whose entries are in it, or in an earlier one. */
  readonly truncatedRows: TruncatedRows;
  /** What transactions that are in it, or were in an earlier one, take back. */
  readonly revertLinks: RevertLinks;
}

/** Ends a flush whose last transaction will not come in whole any more. Nothing is lost: the slot has it. */
export class FlushAbandoned extends Error {}

/**
 * One store transaction in the making: whole source transactions, as one or (for a very large one) many
 * segments. Filled by the writer, emptied by a lane at the same time.
 */
export class Flush {
  /** Where the flush before this one ended. */
  readonly fromLsn: bigint;
  /** Some of it was handed over already. */
  dispatched = false;
  rowCount = 0;
  segment: Segment | null = null;
  readonly transactions: FlushedTransaction[] = [];
  /** The one that is coming in, or came in last. */
  open: { readonly firstRow: number; readonly head: TransactionHead } | null = null;
  readonly rollups = new RollupFold();
  /** Of the stretch that is open. */
  tallies = new Tallies();
  stretches: Stretch[] = [];
  truncatedRows = new TruncatedRows();
  revertLinks = new RevertLinks();
  /** The transactions that take something back. */
  readonly reverts: FlushedTransaction[] = [];
  /** What its transactions say of partitions. */
  readonly coverage: StreamedCoverage[] = [];
  last: (TransactionTail & { readonly committedAtMicros: bigint }) | null = null;
  /** By `actorKey`. The flush's own: the dictionary forgets when it is full. */
  readonly actorIds = new Map<string, number>();
  readonly #sealed: SealedSegment[] = [];
  readonly #blocks: { readonly firstRow: number; readonly firstId: bigint }[] = [];
  readonly #reserved: bigint[] = [];
  #closed = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;

  constructor(fromLsn: bigint) {
    this.fromLsn = fromLsn;
  }

  /** The first ids of the id blocks that were reserved for this flush: it may only be committed while they are open. */
  get blocks(): string[] {
    return this.#reserved.map(String);
  }

  holdBlock(firstId: bigint): void {
    this.#reserved.push(firstId);
  }

  addStretch(transactionRow: number, firstRow: number, occurredAtMicros: bigint, context: Context): void {
    this.stretches.push({ firstRow, lastRow: this.rowCount - 1, transactionRow, context });
    this.rollups.add(occurredAtMicros, actorKey(context.actor), context.attribution, this.tallies.take());
  }

  push(sealed: SealedSegment): void {
    this.#sealed.push(sealed);
    this.#wake?.();
  }

  /** No more segments will come. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The lane that waits for more must give up. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake?.();
  }

  /** Lets go of what will not be sent any more. */
  discard(): void {
    this.segment?.release();
    this.segment = null;
    for (const { rows } of this.#sealed.splice(0)) rows?.segment.release();
  }

  /** All that there is of it has been taken by `next`, and no more will come. */
  get isExhausted(): boolean {
    return this.#closed && this.#sealed.length === 0 && this.#failure === null;
  }

  /** The next segment to send, or null when there are no more. */
  async next(): Promise<SealedSegment | null> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.error;
      const sealed = this.#sealed.shift();
      if (sealed !== undefined) return sealed;
      if (this.#closed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  assignIds(firstRow: number, firstId: bigint): void {
    this.#blocks.push({ firstRow, firstId });
  }

  /** The commit LSN of the transaction whose first row this is. */
  commitLsnOf(transactionRow: number): bigint {
    if (this.open?.firstRow === transactionRow) return this.open.head.commitLsn;
    const { transactions } = this;
    return transactions[lastAtMost(transactions, (transaction) => transaction.firstRow <= transactionRow)]!.head
      .commitLsn;
  }

  /** The row of an id of this flush whose segment has its ids; null for an id from before it. */
  rowOf(id: bigint): number | null {
    const block = this.#blocks[lastAtMost(this.#blocks, ({ firstId }) => firstId <= id)];
    return block === undefined || block.firstId > id ? null : block.firstRow + Number(id - block.firstId);
  }

  /** The id of a row whose segment has its ids. */
  readonly idOf = (row: number): bigint => {
    const block = this.#blocks[lastAtMost(this.#blocks, ({ firstRow }) => firstRow <= row)]!;
    return block.firstId + BigInt(row - block.firstRow);
  };
}

/** The index of the last element that `holds`, where no element after one that does not does; 0 without any. */
function lastAtMost<T>(elements: readonly T[], holds: (element: T) => boolean): number {
  let low = 0;
  let high = elements.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(elements[middle]!)) low = middle;
    else high = middle - 1;
  }
  return low;
}
