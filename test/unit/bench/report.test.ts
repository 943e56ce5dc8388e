import { expect, test } from 'vitest';
import { renderReport, summarise, type Machine } from '../../../src/bench/report.ts';
import type { Side, SideRun } from '../../../src/bench/side-run.ts';
import { planWorkload, WORKLOADS } from '../../../src/bench/workload.ts';

const MACHINE: Machine = {
  cores: 2,
  processor: 'Test CPU',
  memoryBytes: 8 * 1024 ** 3,
  node: '20.0.0',
  postgres: '18.4',
  transport: 'unix socket',
  loadBefore: 0.25,
};

function run(side: Side, changesPerSecond: number): SideRun {
  const rowtrail = side === 'rowtrail';
  return {
    side,
    seconds: 500_000 / changesPerSecond,
    changesPerSecond,
    cpuMicros: { walsender: 5, client: 2, store: rowtrail ? 8 : null },
    othersCores: 0.25,
    peakRssBytes: rowtrail ? changesPerSecond * 1024 : null,
    storeBytesPerEntry: rowtrail ? 700 : null,
  };
}

function report(runs: readonly SideRun[]) {
  const workload = WORKLOADS[0]!;
  const written = { endLsn: 1n, walBytes: 424_000_000, rowBytes: { stored: 450, text: 474 } };
  return summarise([{ workload, plan: planWorkload(workload, 500_000), written, runs }], MACHINE, { context: false });
}

// In the order they were run: the second pair turned around.
const RUNS = [
  run('drain', 100_000),
  run('rowtrail', 50_000),
  run('rowtrail', 60_000),
  run('drain', 200_000),
  run('drain', 110_000),
  run('rowtrail', 55_000),
];

test('ratios are of the medians, and of runs that stood beside each other', () => {
  const summary = report(RUNS).workloads[0]!;
  expect(summary.ratio).toEqual({ ofMedians: 0.5, ofPairs: [0.5, 0.3, 0.5] });
  expect(summary.rowtrail.changesPerSecond).toEqual({ median: 55_000, min: 50_000, max: 60_000 });
  expect(summary.rowtrail.peakRssBytes).toBe(60_000 * 1024);
  expect(summary.drain.cpuMicrosPerChange.store).toBeNull();
});

test('the report is JSON as it is', () => {
  const made = report(RUNS);
  expect(JSON.parse(JSON.stringify(made))).toEqual(made);
});

test('the text has a table for each workload', () => {
  expect(renderReport(report(RUNS)).split('\n').slice(-6)).toEqual([
    '100-row transactions: 500,000 changes in 5,000, 424 MB of WAL, rows of 450 B (474 B as text)',
    "                  changes/s          min – max  µs CPU/change: walsender  client  store  peak RSS  bytes/entry  others' cores",
    '  pg_recvlogical    110,000  100,000 – 200,000                       5.0     2.0                                          0.3',
    '  Rowtrail           55,000    50,000 – 60,000                       5.0     2.0    8.0     59 MB          700            0.3',
    '  Rowtrail ÷ drain 0.50 (by pair: 0.50 0.30 0.50)',
    '',
  ]);
});
