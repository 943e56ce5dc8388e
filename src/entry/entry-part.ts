import { Bytes } from '../change/bytes.ts';
import type { LargeValue } from '../change/tuple.ts';
import { jsonStringLength, writeJsonString } from './json-text.ts';

/** What is read from disk at a time. */
const WINDOW_BYTES = 256 * 1024;

/** A stretch of an encoded entry that is made when it is sent: in memory as a whole it would be too large. */
export interface EntryPart {
  readonly byteLength: number;
  /** Its bytes, in order. May be called more than once. */
  chunks(): Iterable<Buffer>;
  /** Nothing more is wanted of it. */
  release(): void;
}

/** Bytes that are in memory already. */
export function inMemory(bytes: Buffer): EntryPart {
  return { byteLength: bytes.length, chunks: () => [bytes], release: () => {} };
}

/** A large value's text as it is: a number, or JSON. */
export function verbatim(value: LargeValue): EntryPart {
  return new ValuePart(value, value.length, () => windows(value));
}

/** A large value's text as a JSON string. Reads the value once to know how long that is. */
export function jsonString(value: LargeValue): EntryPart {
  let byteLength = 2;
  for (const window of windows(value)) byteLength += jsonStringLength(window, 0, window.length) - 2;
  return new ValuePart(value, byteLength, () => escaped(value));
}

/** Whether two large values have the same text. */
export function sameText(a: LargeValue, b: LargeValue): boolean {
  if (a.length !== b.length) return false;
  const others = windows(b);
  for (const window of windows(a)) {
    const other = others.next();
    if (other.done === true || !window.equals(other.value)) return false;
  }
  return true;
}

class ValuePart implements EntryPart {
  readonly byteLength: number;
  readonly chunks: () => Iterable<Buffer>;
  readonly #value: LargeValue;

  constructor(value: LargeValue, byteLength: number, chunks: () => Iterable<Buffer>) {
    this.#value = value;
    this.byteLength = byteLength;
    this.chunks = chunks;
    value.source.retain();
  }

  release(): void {
    this.#value.source.release();
  }
}

/** The text, a buffer of its own for each window: the socket may still hold the one before. */
export function* windows({ source, offset, length }: LargeValue): Generator<Buffer, undefined> {
  for (let at = 0; at < length; at += WINDOW_BYTES) {
    const window = Buffer.allocUnsafeSlow(Math.min(WINDOW_BYTES, length - at));
    source.read(offset + at, window);
    yield window;
  }
}

const QUOTE = Buffer.from('"');

function* escaped(value: LargeValue): Generator<Buffer> {
  yield QUOTE;
  for (const window of windows(value)) {
    const target = new Bytes(Buffer.allocUnsafeSlow(jsonStringLength(window, 0, window.length)));
    const end = writeJsonString(new Bytes(window), 0, window.length, target, 0);
    // Escapes are per byte, so that it does not matter where a window cuts the text.
    yield target.buffer.subarray(1, end - 1);
  }
  yield QUOTE;
}
