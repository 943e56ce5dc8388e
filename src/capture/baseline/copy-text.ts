import { Bytes } from '../../change/bytes.ts';

/** A row of COPY's text format: its fields' texts, unescaped, in one buffer. */
export interface CopyRow {
  readonly bytes: Bytes;
  readonly starts: readonly number[];
  /** -1: null. */
  readonly lengths: readonly number[];
  readonly byteLength: number;
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const NULL_MARK = 0x4e;
const ESCAPES = new Map(
  Object.entries({ b: 0x08, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09, v: 0x0b }).map(([letter, byte]) => [
    letter.charCodeAt(0),
    byte,
  ]),
);

/**
 * Splits COPY data into rows. The text is what the types' output functions print, to the byte: nothing is decoded.
 * https://www.postgresql.org/docs/current/sql-copy.html
 */
export class CopyTextParser {
  #rest: Buffer[] = [];

  /** The rows that end in this chunk. */
  *rows(chunk: Buffer): Generator<CopyRow, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const tail = chunk.subarray(start, end);
      yield parseRow(this.#rest.length === 0 ? tail : Buffer.concat([...this.#rest, tail]));
      this.#rest = [];
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start));
  }
}

/** A line without its end. Values have no line ends of their own: those are escaped. */
function parseRow(line: Buffer): CopyRow {
  const target = Buffer.allocUnsafe(line.length);
  const starts: number[] = [];
  const lengths: number[] = [];
  let to = 0;
  let start = 0;
  let isNull = false;
  const endField = (): void => {
    starts.push(start);
    lengths.push(isNull ? -1 : to - start);
    start = to;
    isNull = false;
  };
  for (let from = 0; from < line.length; from += 1) {
    const byte = line[from]!;
    if (byte === TAB) {
      endField();
    } else if (byte === BACKSLASH) {
      from += 1;
      const escaped = line[from]!;
      // A value of the two characters \N comes as \\N.
      if (escaped === NULL_MARK) isNull = true;
      else {
        target[to] = ESCAPES.get(escaped) ?? escaped;
        to += 1;
      }
    } else {
      target[to] = byte;
      to += 1;
    }
  }
  endField();
  return { bytes: new Bytes(target), starts, lengths, byteLength: to };
}
