import { describe, expect, it } from 'vitest';
import { measurePauses, NO_PAUSES, pausesOf, sumOfPauses } from '../../../src/bench/machine-pause.ts';

describe('pauses of the machine', () => {
  it('are counted, with the longest of them', () => {
    expect(pausesOf([3, 12.5], 100)).toEqual({ measuredMs: 100, count: 2, longestMs: 12.5 });
    expect(pausesOf([], 100)).toEqual({ measuredMs: 100, count: 0, longestMs: 0 });
  });

  it('are added up', () => {
    const [a, b] = [pausesOf([3], 50), pausesOf([9, 3], 50)];
    expect(sumOfPauses(sumOfPauses(NO_PAUSES, a), b)).toEqual({ measuredMs: 100, count: 3, longestMs: 9 });
  });

  it('are looked for as long as is asked', () => {
    expect(measurePauses(20).measuredMs).toBeGreaterThanOrEqual(20);
  });
});
