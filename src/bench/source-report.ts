import { aligned, type Machine } from './report.ts';
import { SOURCE_VARIANTS, type VariantName } from './source-variant.ts';
import { SOURCE_WORKLOADS, type SourceWorkload } from './source-workload.ts';
import type { SourceRun } from './source.ts';
import { medianOf, spreadOf, type Spread } from './statistics.ts';

export interface SourceLine {
  readonly variant: VariantName;
  readonly perSecond: Spread;
  readonly cpuMicros: number | null;
  /** Against `none`, of the medians. */
  readonly rateRatio: number | null;
  readonly cpuRatio: number | null;
  /** CPU against `none`, by the turns that both took. */
  readonly cpuRatios: readonly number[];
}

export interface SourceReport {
  readonly machine: Machine;
  readonly workloads: readonly { readonly workload: SourceWorkload['name']; readonly lines: readonly SourceLine[] }[];
  readonly runs: readonly SourceRun[];
}

/** Pure. */
export function summariseSource(runs: readonly SourceRun[], machine: Machine): SourceReport {
  return {
    machine,
    runs,
    workloads: SOURCE_WORKLOADS.map(({ name }) => ({
      workload: name,
      lines: SOURCE_VARIANTS.flatMap((variant) => {
        const of = (wanted: VariantName): readonly SourceRun[] =>
          runs.filter((run) => run.workload === name && run.variant === wanted);
        return of(variant.name).length === 0 ? [] : [lineOf(variant.name, of(variant.name), of('none'))];
      }),
    })),
  };
}

function lineOf(variant: VariantName, runs: readonly SourceRun[], bare: readonly SourceRun[]): SourceLine {
  const perSecond = spreadOf(runs.map((run) => run.perSecond)) ?? { median: 0, min: 0, max: 0 };
  const bareRate = spreadOf(bare.map((run) => run.perSecond));
  const cpuMicros = medianOf(runs.map((run) => run.cpuMicros));
  const bareCpu = medianOf(bare.map((run) => run.cpuMicros));
  return {
    variant,
    perSecond,
    cpuMicros,
    rateRatio: bareRate === null ? null : perSecond.median / bareRate.median,
    cpuRatio: cpuMicros === null || bareCpu === null ? null : cpuMicros / bareCpu,
    cpuRatios: runs.flatMap((run, turn) => {
      const other = bare[turn]?.cpuMicros ?? null;
      return run.cpuMicros === null || other === null ? [] : [run.cpuMicros / other];
    }),
  };
}

/** The report as text for people. */
export function renderSource(report: SourceReport): string {
  const { machine } = report;
  return [
    `${machine.cores} × ${machine.processor}, load ${machine.loadBefore.toFixed(1)} before, PostgreSQL ${machine.postgres}, ${machine.transport}`,
    'CPU: user and system time of the writing backends. One session, synchronous_commit=off, no daemon at work.',
    ...report.workloads.map(
      ({ workload, lines }) =>
        `\n${SOURCE_WORKLOADS.find(({ name }) => name === workload)!.title}\n${aligned([HEADER, ...lines.map(cells)]).join('\n')}`,
    ),
    '',
  ].join('\n');
}

const HEADER = ['', 'tx/s', '÷ nothing', 'µs CPU/tx', '÷ nothing', '(by turn)'] as const;

function cells(line: SourceLine): string[] {
  const ratio = (value: number | null): string => (value === null ? '' : value.toFixed(2));
  const rate = line.perSecond.median;
  return [
    SOURCE_VARIANTS.find(({ name }) => name === line.variant)!.title,
    rate < 10 ? rate.toFixed(3) : Math.round(rate).toLocaleString('en-US'),
    ratio(line.rateRatio),
    line.cpuMicros === null ? '' : line.cpuMicros.toFixed(1),
    ratio(line.cpuRatio),
    line.cpuRatios.map(ratio).join(' '),
  ];
}
