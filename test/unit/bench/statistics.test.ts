import { expect, test } from 'vitest';
import { medianOf, spreadOf } from '../../../src/bench/statistics.ts';

test('the median of an odd number is the middle one, of an even number between the two', () => {
  expect(spreadOf([3, 1, 20])).toEqual({ median: 3, min: 1, max: 20 });
  expect(spreadOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 });
  expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
});

test('nothing has no median, and what was not measured is left out', () => {
  expect(spreadOf([])).toBeNull();
  expect(medianOf([null, null])).toBeNull();
  expect(medianOf([null, 5, 0])).toBe(2.5);
});
