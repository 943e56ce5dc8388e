import { expect, test } from 'vitest';
import { planWorkload, WORKLOADS } from '../../../src/bench/workload.ts';

function workload(name: string) {
  return WORKLOADS.find((candidate) => candidate.name === name)!;
}

test('the shares are 60, 30 and 10 percent, in whole transactions', () => {
  expect(planWorkload(workload('100'), 500_000)).toEqual({
    changes: 500_000,
    transactions: 5_000,
    updates: 300_000,
    inserts: 150_000,
    deletes: 50_000,
    seededRows: 150_000,
  });
});

test('a number that is no whole transaction, or no whole round, is rounded up', () => {
  expect(planWorkload(workload('100'), 101)).toMatchObject({ changes: 200, transactions: 2 });
  expect(planWorkload(workload('1'), 11)).toMatchObject({ changes: 20, transactions: 20, deletes: 2 });
  expect(planWorkload(workload('1m'), 1)).toMatchObject({ changes: 10, transactions: 1, updates: 6, inserts: 3 });
});
