const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = Buffer.from('0123456789abcdef');
/** Below this a loop beats the call into native code. */
const NATIVE_COPY_BYTES = 64;

/** Copies bytes; returns the offset after them. */
export function copyBytes(source: Buffer, start: number, length: number, target: Buffer, at: number): number {
  if (length >= NATIVE_COPY_BYTES) {
    source.copy(target, at, start, start + length);
    return at + length;
  }
  const end = start + length;
  let to = at;
  for (let i = start; i < end; i += 1) {
    target[to] = source[i]!;
    to += 1;
  }
  return to;
}

/**
 * Writes UTF-8 text as a JSON string (RFC 8259 §7), at most `6 * length + 2` bytes; returns the offset
 * after it.
 */
export function writeJsonString(source: Buffer, start: number, length: number, target: Buffer, at: number): number {
  target[at] = QUOTE;
  let to = at + 1;
  const end = start + length;
  if (length >= NATIVE_COPY_BYTES && !needsEscape(source, start, end)) {
    source.copy(target, to, start, end);
    to += length;
  } else {
    for (let i = start; i < end; i += 1) {
      const byte = source[i]!;
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) {
        target[to] = byte;
        to += 1;
      } else {
        to = writeEscape(byte, target, to);
      }
    }
  }
  target[to] = QUOTE;
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
export function sameBytes(a: Buffer, aStart: number, b: Buffer, bStart: number, length: number): boolean {
  if (length >= NATIVE_COPY_BYTES) {
    return a.compare(b, bStart, bStart + length, aStart, aStart + length) === 0;
  }
  for (let i = 0; i < length; i += 1) {
    if (a[aStart + i] !== b[bStart + i]) return false;
  }
  return true;
}

function needsEscape(source: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const byte = source[i]!;
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return true;
  }
  return false;
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
