import { Bytes } from '../change/bytes.ts';
import { LARGE_VALUE, type Tuple } from '../change/tuple.ts';

const EMPTY = Buffer.alloc(0);

/** The text of a value that is in memory and not null: borrowed, as the tuple is. */
export function tupleText(tuple: Tuple, index: number): Buffer {
  const start = tuple.starts[index]!;
  return tuple.bytes.buffer.subarray(start, start + tuple.lengths[index]!);
}

/** The tuple with other texts in the places of some values, which may have been large ones. */
export function withTexts(tuple: Tuple, texts: ReadonlyMap<number, Buffer>): Tuple {
  const { columnCount } = tuple;
  const starts = new Int32Array(columnCount);
  const lengths = tuple.lengths.slice(0, columnCount);
  let byteLength = 0;
  const buffers = Array.from(lengths, (length, i) => {
    const text = texts.get(i) ?? (length > 0 ? tupleText(tuple, i) : EMPTY);
    starts[i] = byteLength;
    if (texts.has(i)) lengths[i] = text.length;
    byteLength += text.length;
    return text;
  });
  const large = tuple.large === null ? null : new Map(tuple.large);
  for (const i of texts.keys()) large?.delete(i);
  return { bytes: new Bytes(Buffer.concat(buffers)), columnCount, starts, lengths, byteLength, large };
}

/** Whether there is a text: the value is not null, and was sent. */
export function hasText(tuple: Tuple, index: number): boolean {
  const length = tuple.lengths[index]!;
  return length >= 0 || length === LARGE_VALUE;
}
