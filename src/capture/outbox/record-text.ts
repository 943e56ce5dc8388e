import { Bytes } from '../../change/bytes.ts';
import { NULL_VALUE, type Tuple } from '../../change/tuple.ts';

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;

/**
 * Reads the text of a composite value (record_out's, UTF-8) into the values of its fields: each is its type's output
 * text. `places`: the tuple's position of each field, or -1. `columnCount`: how many columns the tuple has; those that
 * no field is for are null. Null if the text has another number of fields, or is none.
 * https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 */
export function parseRecord(text: Buffer, places: readonly number[], columnCount: number): Tuple | null {
  const end = text.length - 1;
  if (text[0] !== OPEN || text[end] !== CLOSE) return null;
  const starts = new Int32Array(columnCount);
  const lengths = new Int32Array(columnCount).fill(NULL_VALUE);
  if (places.length === 0) {
    return end === 1 ? tuple(Buffer.alloc(0), starts, lengths) : null;
  }
  const values = Buffer.allocUnsafe(text.length);
  let to = 0;
  let at = 1;
  for (let field = 0; ; field += 1) {
    const start = to;
    let isNull = true;
    let quoted = false;
    for (; at < end && (quoted || text[at] !== COMMA); at += 1) {
      const byte = text[at]!;
      isNull = false;
      if (byte === QUOTE) {
        // Doubled inside quotes, it stands for itself.
        if (!quoted || text[at + 1] !== QUOTE) {
          quoted = !quoted;
          continue;
        }
        at += 1;
      } else if (byte === BACKSLASH && quoted) {
        at += 1;
      }
      values[to] = text[at]!;
      to += 1;
    }
    if (quoted || field >= places.length) return null;
    const place = places[field]!;
    if (place >= 0) {
      starts[place] = start;
      lengths[place] = isNull ? NULL_VALUE : to - start;
    }
    if (at >= end) {
      return field === places.length - 1 ? tuple(values, starts, lengths) : null;
    }
    at += 1;
  }
}

function tuple(values: Buffer, starts: Int32Array, lengths: Int32Array): Tuple {
  const byteLength = lengths.reduce((sum, length) => sum + Math.max(0, length), 0);
  return { bytes: new Bytes(values), columnCount: lengths.length, starts, lengths, byteLength, large: null };
}
