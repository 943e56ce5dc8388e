import type { Bytes } from './bytes.ts';

/** In `Tuple.lengths`: the value is null. */
export const NULL_VALUE = -1;
/** In `Tuple.lengths`: an unchanged TOASTed value that was not sent. Never null, never to be dropped. */
export const UNCHANGED_TOAST = -2;

/**
 * A row's values in text form, as offsets into the message that carried it. Valid only until the
 * handler returns: the buffer is the socket's and will be overwritten.
 */
export interface Tuple {
  readonly bytes: Bytes;
  readonly columnCount: number;
  readonly starts: Int32Array;
  /** Bytes, or NULL_VALUE, or UNCHANGED_TOAST. */
  readonly lengths: Int32Array;
  /** Sum of the values' bytes. */
  readonly byteLength: number;
}
