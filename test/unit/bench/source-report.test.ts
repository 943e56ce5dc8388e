import { expect, test } from 'vitest';
import { renderSource, summariseSource } from '../../../src/bench/source-report.ts';
import type { Machine } from '../../../src/bench/report.ts';
import type { SourceRun } from '../../../src/bench/source.ts';

const MACHINE: Machine = {
  cores: 2,
  processor: 'some processor',
  memoryBytes: 1024 ** 3,
  node: '20.0.0',
  postgres: '18.0',
  transport: 'unix socket',
  loadBefore: 0,
};

function run(variant: SourceRun['variant'], perSecond: number, cpuMicros: number | null): SourceRun {
  return { workload: 'small', variant, perSecond, cpuMicros };
}

test('ratios are of the medians against nothing, and by turn', () => {
  const report = summariseSource(
    [
      run('none', 1000, 100),
      run('wal', 800, 120),
      run('wal', 900, 140),
      run('none', 2000, 200),
      run('none', 1500, 100),
      run('wal', 750, 110),
    ],
    MACHINE,
  );
  const small = report.workloads.find(({ workload }) => workload === 'small')!;
  expect(small.lines.map(({ variant }) => variant)).toEqual(['none', 'wal']);
  const [, wal] = small.lines;
  expect(wal?.cpuRatio).toBeCloseTo(1.2);
  expect(wal?.rateRatio).toBeCloseTo(800 / 1500);
  expect(wal?.cpuRatios).toEqual([1.2, 0.7, 1.1]);
  expect(renderSource(report)).toContain('WAL capture, set_config');
});

test('where CPU times are not to be had, rates are still compared', () => {
  const report = summariseSource([run('none', 1000, null), run('classic', 500, null)], MACHINE);
  const [, classic] = report.workloads.find(({ workload }) => workload === 'small')!.lines;
  expect(classic).toMatchObject({ rateRatio: 0.5, cpuRatio: null, cpuRatios: [] });
});
