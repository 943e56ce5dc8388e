import { describe, expect, it } from 'vitest';
import type { KeyPlace } from '../../../src/query/key-place.ts';
import { countNext, withNearParts, withPromises } from '../../../src/query/scan-by-key.ts';
import { DAY_MICROS, idsOf } from '../../../src/query/time.ts';

const DAY = idsOf(DAY_MICROS);
const day = (n: number): bigint => BigInt(n) * DAY;
const NOW = day(100);
const END = day(10_000);

const mapped = (low: bigint, high: bigint, promised: number): KeyPlace => ({
  low,
  high,
  relationIds: Array.from({ length: Math.ceil(promised) }, (_value, i) => i + 1),
  tableless: false,
  promised,
});
const unmapped = (low: bigint, high: bigint, promised = 0): KeyPlace => ({
  low,
  high,
  relationIds: null,
  tableless: true,
  promised,
});
const rangesOf = (places: readonly KeyPlace[]): [bigint, bigint][] => places.map(({ low, high }) => [low, high]);

describe('a place without a map', () => {
  it('promises what the next one with a map does, as far as it is as long, and ends now', () => {
    const places = [
      unmapped(day(90), END),
      mapped(day(60), day(90) - 1n, 30),
      unmapped(day(45), day(60) - 1n),
      mapped(day(35), day(45), 8),
    ];
    expect(withPromises(places, NOW).map(({ promised }) => Math.round(promised))).toEqual([10, 30, 8, 8]);
  });

  it('promises nothing before all entries, nor where nothing is mapped', () => {
    expect(withPromises([unmapped(0n, day(10)), mapped(day(10), day(20), 9)], NOW)[0]?.promised).toBe(0);
    expect(withPromises([mapped(day(10), day(20), 9), unmapped(0n, day(10))], NOW)[1]?.promised).toBe(0);
    expect(withPromises([unmapped(0n, END)], NOW)[0]?.promised).toBe(0);
  });
});

describe('places that are searched together', () => {
  it('are as many as promise enough, and at least one', () => {
    const places = [50, 50, 50, 50, 50].map((promised, n) => mapped(day(n), day(n + 1) - 1n, promised));
    expect(countNext(places, 50)).toBe(4);
    expect(countNext(places, 1)).toBe(1);
    expect(countNext(places, 1_000)).toBe(5);
    expect(countNext([], 1)).toBe(0);
  });

  it('are all, where keys are rare: what has no map at either end, too', () => {
    const places = [
      unmapped(day(90), END),
      mapped(day(60), day(90) - 1n, 2),
      mapped(day(30), day(60) - 1n, 0),
      unmapped(0n, day(30) - 1n),
    ];
    expect(countNext(places, 50)).toBe(4);
  });

  it('do not include what is left of one without a map', () => {
    expect(
      countNext([unmapped(day(93), END), unmapped(day(90), day(93) - 1n), mapped(day(60), day(90) - 1n, 2)], 50),
    ).toBe(1);
  });

  it('include two without a map', () => {
    const places = [unmapped(5n, 6n), mapped(4n, 4n, 0), unmapped(3n, 3n), mapped(2n, 2n, 0), unmapped(1n, 1n)];
    expect(countNext(places, 50)).toBe(4);
  });
});

describe('the nearest days of a place without a map', () => {
  const newest = { want: 50, now: NOW, direction: 'newest' as const };
  const before = mapped(day(60), day(80) - 1n, 10);

  it('come first where that promises more than is wanted', () => {
    expect(rangesOf(withNearParts([unmapped(day(80), END, 60), before], newest))).toEqual([
      [day(93) + 1n, END],
      [day(80), day(93)],
      [before.low, before.high],
    ]);
    expect(rangesOf(withNearParts([unmapped(day(80), END, 200), before], newest))).toEqual([
      [day(99) + 1n, END],
      [day(93) + 1n, day(99)],
      [day(80), day(93)],
      [before.low, before.high],
    ]);
    expect(
      rangesOf(withNearParts([unmapped(day(20), day(60), 60), before], { ...newest, direction: 'oldest' })),
    ).toEqual([
      [day(20), day(27)],
      [day(27) + 1n, day(60)],
      [before.low, before.high],
    ]);
  });

  it('come first where there is no map', () => {
    expect(rangesOf(withNearParts([unmapped(0n, END)], newest))).toEqual([
      [day(93) + 1n, END],
      [0n, day(93)],
    ]);
  });

  it('are nothing by themselves where they are all of it, promise little, or are before all entries', () => {
    for (const [places, walk] of [
      [[unmapped(day(95), END, 60), before], newest],
      [[unmapped(day(80), END, 40), before], newest],
      [[before, unmapped(0n, day(60), 90)], newest],
      [[unmapped(0n, END)], { ...newest, direction: 'oldest' as const }],
      [[], newest],
    ] as const) {
      expect(withNearParts(places, walk)).toEqual(places);
    }
  });
});
