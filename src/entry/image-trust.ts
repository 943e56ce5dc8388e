import type { StreamPosition } from '../change/change.ts';

/** Which of a record's earlier images still tell a column's value: nothing can have changed unseen since. */
export interface ImageTrust {
  /** From here on, the relation has been under one description: the server sends another one when it changes. */
  readonly from: StreamPosition;
  /** By column name: commits from this LSN on were made while the column was what it is now. */
  readonly since: ReadonlyMap<string, bigint>;
  /** Columns whose text may change without any of this: that of a `regclass` follows the table's name. */
  readonly never: ReadonlySet<string>;
}

/** Whether an image of this place in the stream (and epoch) tells the column's value. */
export function isTrusted(trust: ImageTrust, column: string, at: StreamPosition): boolean {
  if (trust.never.has(column)) return false;
  const { from } = trust;
  if (at.commitLsn > from.commitLsn || (at.commitLsn === from.commitLsn && at.ordinal >= from.ordinal)) return true;
  const since = trust.since.get(column);
  return since !== undefined && at.commitLsn >= since;
}
