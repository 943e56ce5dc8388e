import { expect, test } from 'vitest';
import { percentile } from '../../../src/bench/lag.ts';

test('percentiles are measured values, by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0.5, 0.9, 0.99, 1].map((share) => percentile(values, share))).toEqual([50, 90, 99, 100]);
  expect(percentile([7], 0.99)).toBe(7);
});
