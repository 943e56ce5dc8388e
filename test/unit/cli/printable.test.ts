import { describe, expect, test } from 'vitest';
import { byteSize } from '../../../src/lib/byte-size.ts';
import { duration } from '../../../src/lib/duration.ts';
import { grouped, printable, shortened } from '../../../src/cli/printable.ts';

test('printable leaves letters of all kinds and shows what steers a terminal', () => {
  expect(printable('Zoë 漢字 👩‍💻')).toBe('Zoë 漢字 👩‍💻');
  expect(printable('\u001B]0;x\u0007\r\u202E')).toBe('\\u{1b}]0;x\\u{7}\\u{d}\\u{202e}');
});

describe('shortened', () => {
  test.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['😀😀😀', 3, '😀😀😀'],
    ['😀😀😀😀', 3, '😀😀…'],
    ['x'.repeat(1_000_000), 2, 'x…'],
  ])('%s to %d', (text, length, expected) => {
    expect(shortened(text, length)).toBe(expected);
  });
});

test.each([
  [-1, '0 s'],
  [59.9, '59 s'],
  [60, '1 min'],
  [7200, '2 h'],
  [200_000, '2 d'],
])('%d seconds are %s', (seconds, expected) => {
  expect(duration(seconds)).toBe(expected);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 kB'],
  [64 * 1024 ** 2, '64.0 MB'],
  [3 * 1024 ** 4, '3.0 TB'],
])('%d bytes are %s', (bytes, expected) => {
  expect(byteSize(bytes)).toBe(expected);
});

test('grouped', () => {
  expect(grouped(1_234_567)).toBe('1,234,567');
});
