import type { Tuple } from '../change/tuple.ts';

/** The text of a value that is in memory and not null: borrowed, as the tuple is. */
export function tupleText(tuple: Tuple, index: number): Buffer {
  const start = tuple.starts[index]!;
  return tuple.bytes.buffer.subarray(start, start + tuple.lengths[index]!);
}
