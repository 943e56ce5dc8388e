import { SERVER_SETTINGS } from './bench-server.ts';
import type { WorkloadResult } from './ingest.ts';
import type { Side, SideRun } from './side-run.ts';
import { medianOf, spreadOf, type Spread } from './statistics.ts';

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly node: string;
  readonly postgres: string;
  readonly transport: 'unix socket' | 'tcp';
  /** Of the last minute, before the bench: others' work in the figures. */
  readonly loadBefore: number;
}

export interface SideSummary {
  readonly changesPerSecond: Spread;
  readonly cpuMicrosPerChange: SideRun['cpuMicros'];
  readonly othersCores: number | null;
  readonly peakRssBytes: number | null;
  readonly storeBytesPerEntry: number | null;
}

export interface WorkloadSummary {
  readonly workload: string;
  readonly changes: number;
  readonly transactions: number;
  readonly walBytes: number;
  readonly rowBytes: { readonly stored: number; readonly text: number };
  readonly drain: SideSummary;
  readonly rowtrail: SideSummary;
  /** Rowtrail's changes per second by the drain's: of the medians, and of each pair of runs. */
  readonly ratio: { readonly ofMedians: number; readonly ofPairs: readonly number[] };
  readonly runs: readonly SideRun[];
}

export interface IngestReport {
  readonly machine: Machine;
  readonly context: boolean;
  readonly settings: Readonly<Record<string, string>>;
  readonly workloads: readonly WorkloadSummary[];
}

/** Pure. */
export function summarise(
  results: readonly WorkloadResult[],
  machine: Machine,
  options: { readonly context: boolean },
): IngestReport {
  return {
    machine,
    context: options.context,
    settings: SERVER_SETTINGS,
    workloads: results.map(summariseWorkload),
  };
}

function summariseWorkload({ workload, plan, written, runs }: WorkloadResult): WorkloadSummary {
  const drains = runs.filter((run) => run.side === 'drain');
  const stores = runs.filter((run) => run.side === 'rowtrail');
  const drain = summariseSide(drains);
  const rowtrail = summariseSide(stores);
  return {
    workload: workload.title,
    changes: plan.changes,
    transactions: plan.transactions,
    walBytes: written.walBytes,
    rowBytes: written.rowBytes,
    drain,
    rowtrail,
    ratio: {
      ofMedians: rowtrail.changesPerSecond.median / drain.changesPerSecond.median,
      ofPairs: stores.map((run, i) => run.changesPerSecond / drains[i]!.changesPerSecond),
    },
    runs,
  };
}

function summariseSide(runs: readonly SideRun[]): SideSummary {
  const cpu = (part: keyof SideRun['cpuMicros']): number | null => medianOf(runs.map((run) => run.cpuMicros[part]));
  return {
    changesPerSecond: spreadOf(runs.map((run) => run.changesPerSecond)) ?? { median: 0, min: 0, max: 0 },
    cpuMicrosPerChange: { walsender: cpu('walsender'), client: cpu('client'), store: cpu('store') },
    othersCores: medianOf(runs.map((run) => run.othersCores)),
    peakRssBytes: spreadOf(runs.flatMap((run) => run.peakRssBytes ?? []))?.max ?? null,
    storeBytesPerEntry: medianOf(runs.map((run) => run.storeBytesPerEntry)),
  };
}

/** The report as text for people. */
export function renderReport(report: IngestReport): string {
  const { machine } = report;
  const gigabytes = (machine.memoryBytes / 1024 ** 3).toFixed(0);
  return [
    `${machine.cores} × ${machine.processor}, ${gigabytes} GB, load ${machine.loadBefore.toFixed(1)} before`,
    `Node ${machine.node}, PostgreSQL ${machine.postgres}, ${machine.transport}, source and store on one server`,
    Object.entries(report.settings)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    report.context ? 'Context triggers on: one message per transaction.' : 'Rows alone: no context messages.',
    'Clock: from the arrival of START_REPLICATION to the exit of pg_recvlogical, or to the commit of the last checkpoint.',
    'The backlog lies before the WAL that the store writes: skipping that, 1 to 2 µs of walsender an entry, is not in it.',
    ...report.workloads.map((workload) => `\n${renderWorkload(workload)}`),
    '',
  ].join('\n');
}

function renderWorkload(summary: WorkloadSummary): string {
  const { ratio, rowBytes } = summary;
  const rows = [
    [
      '',
      'changes/s',
      'min – max',
      'µs CPU/change: walsender',
      'client',
      'store',
      'peak RSS',
      'bytes/entry',
      "others' cores",
    ],
    sideRow('drain', summary.drain),
    sideRow('rowtrail', summary.rowtrail),
  ];
  const pairs = ratio.ofPairs.map((value) => value.toFixed(2)).join(' ');
  return [
    `${summary.workload}: ${whole(summary.changes)} changes in ${whole(summary.transactions)}, ` +
      `${whole(summary.walBytes / 1e6)} MB of WAL, rows of ${rowBytes.stored} B (${rowBytes.text} B as text)`,
    ...aligned(rows),
    `  Rowtrail ÷ drain ${ratio.ofMedians.toFixed(2)} (by pair: ${pairs})`,
  ].join('\n');
}

const NAMES: Readonly<Record<Side, string>> = {
  drain: 'pg_recvlogical',
  rowtrail: 'Rowtrail',
  sealed: 'Rowtrail, sealing',
};

function sideRow(side: Side, summary: SideSummary): string[] {
  const { changesPerSecond, cpuMicrosPerChange: cpu } = summary;
  return [
    NAMES[side],
    whole(changesPerSecond.median),
    `${whole(changesPerSecond.min)} – ${whole(changesPerSecond.max)}`,
    micros(cpu.walsender),
    micros(cpu.client),
    micros(cpu.store),
    summary.peakRssBytes === null ? '' : `${whole(summary.peakRssBytes / 1024 ** 2)} MB`,
    summary.storeBytesPerEntry === null ? '' : whole(summary.storeBytesPerEntry),
    summary.othersCores === null ? '' : summary.othersCores.toFixed(1),
  ];
}

/** Columns of equal width, the first one to the left and the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`.trimEnd(),
  );
}

function micros(value: number | null): string {
  return value === null ? '' : value.toFixed(1);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
