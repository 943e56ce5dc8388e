import { describe, expect, it } from 'vitest';
import { measureReads, measureWork, speedOf } from '../../../src/bench/machine-speed.ts';

describe('the speed of the machine', () => {
  it('is told by the best, the middle and the worst time', () => {
    expect(speedOf([5, 3, 9])).toEqual({ bestMs: 3, medianMs: 5, worstMs: 9 });
    expect(speedOf([4])).toEqual({ bestMs: 4, medianMs: 4, worstMs: 4 });
    expect(speedOf([])).toBeNull();
  });

  it('is measured by work, and by reads, that take time', () => {
    expect(measureWork()).toBeGreaterThan(0);
    expect(measureReads()).toBeGreaterThan(0);
  });
});
