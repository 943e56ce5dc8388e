import type { Bytes, StoredBytes } from './bytes.ts';

/** In `Tuple.lengths`: the value is null. */
export const NULL_VALUE = -1;
/** In `Tuple.lengths`: an unchanged TOASTed value that was not sent. Never null, never to be dropped. */
export const UNCHANGED_TOAST = -2;
/** In `Tuple.lengths`: the value is in `Tuple.large`, not in memory. Only in tuples that have `large`. */
export const LARGE_VALUE = -3;

/**
 * A row's values in text form, as offsets into the message that carried it. Valid only until the
 * handler returns: the buffer is the socket's and will be overwritten.
 */
export interface Tuple {
  readonly bytes: Bytes;
  readonly columnCount: number;
  readonly starts: Int32Array;
  /** Bytes, or NULL_VALUE, or UNCHANGED_TOAST, or LARGE_VALUE. */
  readonly lengths: Int32Array;
  /** Sum of the values' bytes, large ones left out. */
  readonly byteLength: number;
  /** By position: the values of a large message that are not in memory. Null for ordinary messages. */
  readonly large: ReadonlyMap<number, LargeValue> | null;
}

/** A value's text, as a stretch of its message. */
export interface LargeValue {
  readonly source: StoredBytes;
  readonly offset: number;
  readonly length: number;
}
