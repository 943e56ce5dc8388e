/**
 * Where encoded rows go: one contiguous stretch of a buffer a row. `beginRow` makes room, the encoder
 * writes at `at` and moves it on.
 */
export interface RowTarget {
  readonly buffer: Buffer;
  at: number;
  /** Makes `buffer` have at least `maxBytes` free at `at`. */
  beginRow(maxBytes: number): void;
}

/** int32, big-endian. */
export function putInt32(buffer: Buffer, value: number, at: number): number {
  buffer[at] = value >>> 24;
  buffer[at + 1] = (value >>> 16) & 0xff;
  buffer[at + 2] = (value >>> 8) & 0xff;
  buffer[at + 3] = value & 0xff;
  return at + 4;
}
