import type { Relation } from './relation.ts';

/**
 * A table that is about to be emptied, told by its trigger with the install secret: a whole one, or a leaf by itself.
 * Its rows follow in messages of their own, where they could be read.
 */
export interface Truncation {
  readonly rootOid: number;
  readonly rootSchema: string;
  readonly rootName: string;
  /** The leaf, or the root itself. */
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** Why its rows could not be captured; null: they were. */
  readonly reason: TruncationReason | null;
  /** How many rows follow. */
  readonly count: number | null;
  /** The root as the rows have it, as the stream would tell it. */
  readonly relation: Relation | null;
}

/**
 * - `off`: by configuration
 * - `size`: the table is larger than `truncate.maxBytes`, or one of its rows than a message
 * - `masked`: a column of the key is excluded, so that the rows could not be told apart
 * - `isolation`: the snapshot of the transaction may not see all rows
 * - `error`: they could not be read
 * - `trigger`: no trigger told of it
 */
export type TruncationReason = 'off' | 'size' | 'masked' | 'isolation' | 'error' | 'trigger';
