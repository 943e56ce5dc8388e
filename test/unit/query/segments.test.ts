import { describe, expect, it } from 'vitest';
import { UNRESTRICTED } from '../../../src/query/filter.ts';
import { pairsOf, sparseStretch, sparseUpTo, type Day } from '../../../src/query/segments.ts';

const ids = (count: number): number[] => Array.from({ length: count }, (_value, i) => i + 1);

describe('the pairs whose days are looked up one by one', () => {
  it('are those of few actors in few tables', () => {
    expect(pairsOf({ actorIds: [7], relationIds: [1, 2] })).toEqual({ actorIds: [7], relationIds: [1, 2] });
    expect(pairsOf({ actorIds: ids(4), relationIds: ids(4) })).not.toBeNull();
  });

  it('are none without both, nor where they would be a search of their own for each of thousands', () => {
    expect(pairsOf({ actorIds: null, relationIds: [1] })).toBeNull();
    expect(pairsOf({ actorIds: [7], relationIds: null })).toBeNull();
    expect(pairsOf({ actorIds: ids(1_000), relationIds: ids(16) })).toBeNull();
    expect(pairsOf({ actorIds: ids(5_000), relationIds: ids(200) })).toBeNull();
  });
});

describe('few entries of tables among many', () => {
  const day = (n: number, count: number): Day => ({
    day: `2026-01-0${n}`,
    low: BigInt(n * 100),
    high: BigInt(n * 100 + 99),
    count: BigInt(count),
  });
  // Nearest first.
  const days = [day(3, 40), day(2, 40), day(1, 40)];
  const range = { low: 0n, high: 1_000n };
  const scan = { filter: { ...UNRESTRICTED, relationIds: [7] }, direction: 'newest' as const };

  it('are read from their index: of as many days as promise what is wanted, whatever lies between', () => {
    expect(sparseStretch(scan, days, range, { demand: 50, maxSparse: 10_000 })).toEqual({
      settled: { low: 200n, high: 1_000n },
      ranges: [{ low: 200n, high: 399n }],
    });
    expect(sparseStretch(scan, days, range, { demand: 500, maxSparse: 10_000 })?.settled).toEqual(range);
  });

  it('are not, where a month has too many of them, or the counts cannot tell which those are', () => {
    // 80 entries in two days: 33 days like these are read.
    expect(sparseStretch(scan, days, range, { demand: 50, maxSparse: 1_320 })).toBeDefined();
    expect(sparseStretch(scan, days, range, { demand: 50, maxSparse: 1_319 })).toBeUndefined();
    const byWord = { ...scan, filter: { ...scan.filter, comments: ['ticket'] } };
    expect(sparseStretch(byWord, days, range, { demand: 50, maxSparse: 10_000 })).toBeUndefined();
  });

  it('settle all of a range that has none', () => {
    const beyond = { low: 2_000n, high: 3_000n };
    expect(sparseStretch(scan, days, beyond, { demand: 50, maxSparse: 0 })).toEqual({ settled: beyond, ranges: [] });
  });

  it('may be the more, the fewer of all entries they are: then a walk through those takes longer', () => {
    const [rare, rarer, busy] = [sparseUpTo(50, 0.02), sparseUpTo(50, 0.01), sparseUpTo(50, 0.5)];
    expect(rarer).toBeGreaterThan(rare);
    expect(rare).toBeGreaterThan(busy);
    expect(sparseUpTo(50, 0)).toBe(sparseUpTo(50, 0.000_001));
    expect(sparseUpTo(50, null)).toBeLessThan(busy);
  });
});
