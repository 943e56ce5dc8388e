import type { StoredBytes } from './bytes.ts';
import type { Relation } from './relation.ts';
import type { Tuple } from './tuple.ts';

/** `baseline`: the row was there when the table came to be captured. */
export type RowAction = 'create' | 'update' | 'delete' | 'baseline';

export interface TransactionHead {
  /** LSN of the commit record: transactions arrive in its order. */
  readonly commitLsn: bigint;
  /** Commit time, microseconds since 2000-01-01 UTC (PostgreSQL's epoch). */
  readonly committedAtMicros: bigint;
  readonly xid: number;
}

export interface TransactionTail {
  readonly commitLsn: bigint;
  /** First byte after the commit record: what may be acknowledged once all of this is durable. */
  readonly endLsn: bigint;
}

/** A place in the stream. Within one epoch of a source, entries lie in this order. */
export interface StreamPosition {
  /** Of the transaction. */
  readonly commitLsn: bigint;
  /** Of the entry in it. */
  readonly ordinal: number;
}

/** One row change. `R` is what the handler made of the relation. Reused between calls: keep nothing. */
export interface Change<R> {
  readonly action: RowAction;
  readonly relation: R;
  /** The row before: whole under identity FULL, the identity's columns alone otherwise, or not sent. */
  readonly old: Tuple | null;
  readonly oldHasKeyOnly: boolean;
  readonly new: Tuple | null;
  /** The message, when it is too large for memory: who keeps values of it retains it. */
  readonly large: StoredBytes | null;
}

/**
 * What a capture hands over, in commit order, synchronously. A returned promise holds the stream back
 * until it settles, so that order is kept.
 */
export interface ChangeHandler<R> {
  relation(relation: Relation): R | Promise<R>;
  begin(head: TransactionHead): void;
  origin(name: string): void;
  change(change: Change<R>): void;
  truncate(relations: readonly R[]): void;
  message(prefix: string, content: Buffer): void | Promise<void>;
  /** A logical message far larger than any of ours, which is not read into memory. */
  oversizedMessage(prefix: string): void;
  commit(tail: TransactionTail): void;
}
