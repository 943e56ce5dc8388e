import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, formatTime, parseTime } from '../../../src/query/time.ts';

const NOW = parseTime('2026-11-22T00:31:07.123456Z', 0n);

describe('parseTime', () => {
  it.each([
    ['2026-01-31', '2026-01-31T00:00:00.000000Z'],
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000000Z'],
    ['2026-11-20T10:00Z', '2026-11-20T10:00:00.000000Z'],
    ['2026-11-20T10:00+01:00', '2026-11-20T09:00:00.000000Z'],
    ['2026-01-31t12:00:00.5z', '2026-01-31T12:00:00.500000Z'],
    ['2026-01-31 12:00:00+02:00', '2026-01-31T10:00:00.000000Z'],
    ['2026-01-01T00:30:00-00:45', '2026-01-01T01:15:00.000000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000000Z'],
    ['1969-12-31T23:59:59.9Z', '1969-12-31T23:59:59.900000Z'],
    ['2026-01-31T12:00:00.1234561Z', '2026-01-31T12:00:00.123457Z'],
    ['2026-12-31T23:59:59.9999999Z', '2027-01-01T00:00:00.000000Z'],
    ['now', '2026-11-22T00:31:07.123456Z'],
    ['now-2h', '2026-11-21T22:31:07.123456Z'],
    ['now-90m', '2026-11-21T23:01:07.123456Z'],
    ['now-7s', '2026-11-22T00:31:00.123456Z'],
    ['now-1d', '2026-11-21T00:31:07.123456Z'],
    ['now-2w', '2026-11-08T00:31:07.123456Z'],
  ])('reads %s', (text, expected) => {
    expect(formatTime(parseTime(text, NOW))).toBe(expected);
  });

  it.each([
    ['yesterday', /RFC 3339/],
    ['2026-02-30', /calendar/],
    ['2023-02-29', /calendar/],
    ['2026-13-01', /calendar/],
    ['0000-01-01', /calendar/],
    ['2026-01-31T24:00:00Z', /time of day/],
    ['2026-01-31T12:00:60Z', /time of day/],
    ['2026-01-31T12:00:00+24:00', /offset/],
    ['2026-01-31T12:00:00', /RFC 3339/],
    ['2026-01-31T12:00', /RFC 3339/],
    ['2026-01-31T12Z', /RFC 3339/],
    ['2026-01-31T12:00.5Z', /RFC 3339/],
    ['2026-01-31T12:00:00 02:00', /%2B/],
    ['now-2y', /RFC 3339/],
    ['now+2h', /RFC 3339/],
    ['now-999999999w', /years/],
    ['0001-01-01T00:00:00+10:00', /years/],
    ['', /RFC 3339/],
  ])('refuses %s', (text, message) => {
    expect(() => parseTime(text, NOW)).toThrow(message);
  });

  it('gives back every microsecond it formats', () => {
    const min = parseTime('0001-01-01', 0n);
    const max = parseTime('9999-12-31', 0n);
    fc.assert(fc.property(fc.bigInt({ min, max }), (time) => parseTime(formatTime(time), 0n) === time));
  });
});

describe('bucketOf', () => {
  it('is the quarter of an hour that holds the time, before 1970 too', () => {
    expect(formatTime(bucketOf(NOW))).toBe('2026-11-22T00:30:00.000000Z');
    expect(formatTime(bucketOf(parseTime('1969-12-31T23:50:00Z', 0n)))).toBe('1969-12-31T23:45:00.000000Z');
    expect(bucketOf(parseTime('1970-01-01', 0n))).toBe(0n);
  });
});
