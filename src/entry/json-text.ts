import type { Bytes } from '../change/bytes.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = Buffer.from('0123456789abcdef');

/** Copies bytes; returns the offset after them. In words: for what rows are made of, a call into native code costs more. */
export function copyBytes(source: Bytes, start: number, length: number, target: Bytes, at: number): number {
  const end = start + length;
  let from = start;
  let to = at;
  for (; from + 4 <= end; from += 4, to += 4) target.view.setInt32(to, source.view.getInt32(from, true), true);
  for (; from < end; from += 1, to += 1) target.buffer[to] = source.buffer[from]!;
  return to;
}

/**
 * Writes UTF-8 text as a JSON string (RFC 8259 §7), at most `6 * length + 2` bytes; returns the offset
 * after it.
 */
export function writeJsonString(source: Bytes, start: number, length: number, target: Bytes, at: number): number {
  const end = start + length;
  let from = start;
  let to = at + 1;
  target.buffer[at] = QUOTE;
  while (from < end) {
    for (; from + 4 <= end; from += 4, to += 4) {
      const word = source.view.getInt32(from, true);
      if (hasEscape(word)) break;
      target.view.setInt32(to, word, true);
    }
    // The word with the escape, or what is left.
    for (const stop = Math.min(from + 4, end); from < stop; from += 1) {
      const byte = source.buffer[from]!;
      if (needsEscape(byte)) {
        to = writeEscape(byte, target.buffer, to);
      } else {
        target.buffer[to] = byte;
        to += 1;
      }
    }
  }
  target.buffer[to] = QUOTE;
  return to + 1;
}

/** The bytes that `writeJsonString` will write. */
export function jsonStringLength(source: Buffer, start: number, length: number): number {
  let total = length + 2;
  const end = start + length;
  for (let i = start; i < end; i += 1) {
    const byte = source[i]!;
    if (byte < 0x20) total += shortEscape(byte) === 0 ? 5 : 1;
    else if (byte === QUOTE || byte === BACKSLASH) total += 1;
  }
  return total;
}

/** Whether two byte ranges hold the same bytes. */
export function sameBytes(a: Bytes, aStart: number, b: Bytes, bStart: number, length: number): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (a.view.getInt32(aStart + i, true) !== b.view.getInt32(bStart + i, true)) return false;
  }
  for (; i < length; i += 1) {
    if (a.buffer[aStart + i] !== b.buffer[bStart + i]) return false;
  }
  return true;
}

function needsEscape(byte: number): boolean {
  return byte < 0x20 || byte === QUOTE || byte === BACKSLASH;
}

/**
 * Whether one of the four bytes needs an escape: below 0x20, or zero once `"` or `\\` is taken from it.
 * https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
 */
function hasEscape(word: number): boolean {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found =
    ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash);
  return (found & 0x80808080) !== 0;
}

function writeEscape(byte: number, target: Buffer, at: number): number {
  target[at] = BACKSLASH;
  if (byte === QUOTE || byte === BACKSLASH) {
    target[at + 1] = byte;
    return at + 2;
  }
  const short = shortEscape(byte);
  if (short !== 0) {
    target[at + 1] = short;
    return at + 2;
  }
  target[at + 1] = 0x75;
  target[at + 2] = 0x30;
  target[at + 3] = 0x30;
  target[at + 4] = HEX[byte >> 4]!;
  target[at + 5] = HEX[byte & 15]!;
  return at + 6;
}

function shortEscape(byte: number): number {
  switch (byte) {
    case 0x0a:
      return 0x6e;
    case 0x0d:
      return 0x72;
    case 0x09:
      return 0x74;
    case 0x08:
      return 0x62;
    case 0x0c:
      return 0x66;
    default:
      return 0;
  }
}
