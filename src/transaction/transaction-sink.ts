import type { Change, TransactionHead, TransactionTail } from '../change/change.ts';
import type { Context, LoggedEvent } from '../change/context.ts';
import type { SchemaChange } from '../change/schema-change.ts';
import type { Truncation } from '../change/truncation.ts';
import type { Tuple } from '../change/tuple.ts';
import type { PartitionEvent } from '../change/partition-event.ts';
import type { RevertLink } from '../change/revert-link.ts';

/**
 * What the assembler hands on: whole transactions in commit order, each change with its place, each
 * stretch of changes with who made it. Synchronous: tuples are only valid during the call.
 */
export interface TransactionSink<R> {
  begin(head: TransactionHead): void;
  /** `stretchOrdinal` is the ordinal of the first entry of the stretch that this one belongs to. */
  row(change: Change<R>, ordinal: number, stretchOrdinal: number): void;
  /** A truncate of which no trigger told. */
  truncate(relation: R, ordinal: number, stretchOrdinal: number): void;
  event(event: LoggedEvent, ordinal: number, stretchOrdinal: number): void;
  /** A table was truncated, or a leaf of it by itself: one entry of the table, whose rows may follow. */
  truncation(truncation: Truncation, relationId: number, ordinal: number, stretchOrdinal: number): void;
  /** A row that the last truncation has removed; positions count from 0. */
  truncatedRow(relation: R, old: Tuple, position: number): void;
  /** A command that changed the schema. `relationId`: of the table it is about; null: that is none of ours. */
  schema(
    change: SchemaChange,
    relationId: number | null,
    isRewritten: boolean,
    ordinal: number,
    stretchOrdinal: number,
  ): void;
  /** What became of a partition of this relation, or of all of it: no entry of its own. */
  coverage(event: PartitionEvent, relationId: number): void;
  /** What the transaction takes back, before or after the entries that do it: no entry of its own. */
  reverts(links: readonly RevertLink[]): void;
  /** A stretch is over: its entries are those since the last call. */
  stretch(context: Context): void;
  /** `entryCount` may be 0: the transaction changed coverage alone, or has nothing to link. */
  commit(tail: TransactionTail, entryCount: number): void;
  /** A transaction that left no entry: only the position moves. */
  empty(tail: TransactionTail): void;
}
