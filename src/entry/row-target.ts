import type { Bytes } from '../change/bytes.ts';

/**
 * Where encoded rows go: one contiguous stretch of a buffer a row. `beginRow` makes room, the encoder
 * writes at `at` and moves it on.
 */
export interface RowTarget {
  readonly bytes: Bytes;
  at: number;
  /** Makes `bytes` have at least `maxBytes` free at `at`. */
  beginRow(maxBytes: number): void;
}

/** int32, big-endian; returns the offset after it. */
export function putInt32(target: Bytes, value: number, at: number): number {
  target.view.setInt32(at, value);
  return at + 4;
}
