import type { Latency } from './lag.ts';
import { MIN_EXPORT_RATE, type Exported } from './export-run.ts';
import { MIN_PAUSE_MS, type MachinePauses } from './machine-pause.ts';
import type { MachineSpeed } from './machine-speed.ts';
import { aligned, type Machine } from './report.ts';
import type { StoreSize } from './store-size.ts';

export interface Answered {
  readonly question: string;
  readonly page: 'first' | 'deep';
  readonly requests: number;
  readonly latency: Latency;
  /** What p99 may be. */
  readonly limitMs: number;
  /** Of an answer, on the average. */
  readonly bytes: number;
  /** Answers that were none, with their status. */
  readonly failed: readonly string[];
}

export interface QueryResult {
  readonly entries: number;
  /** Null: not asked for. */
  readonly size: StoreSize | null;
  /** Null: the store was kept from an earlier run. */
  readonly buildSeconds: number | null;
  /** Whether the server's buffers were in huge pages; null: it does not tell. */
  readonly hugePages: boolean | null;
  readonly answered: readonly Answered[];
  /** Of the machine, between the questions. */
  readonly pauses: MachinePauses;
  /** Null: nothing was asked. */
  readonly speed: MachineSpeed | null;
  /** The same of reads that are far apart. */
  readonly reads: MachineSpeed | null;
  readonly exported: readonly Exported[];
}

export interface QueryReport extends QueryResult {
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, string>>;
}

/** The report as text for people. */
export function renderQuery(report: QueryReport): string {
  const { machine, size, answered } = report;
  return [
    `${machine.cores} × ${machine.processor}, ${(machine.memoryBytes / 1024 ** 3).toFixed(0)} GB, load ${machine.loadBefore.toFixed(1)} before`,
    `Node ${machine.node}, PostgreSQL ${machine.postgres}, ${machine.transport}`,
    Object.entries(report.settings)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    ...renderHugePages(report.hugePages),
    `${whole(report.entries)} entries${report.buildSeconds === null ? ', kept from an earlier run' : `, built in ${whole(report.buildSeconds)} s`}`,
    ...(answered.length === 0 ? [] : [...renderAnswers(answered), renderPauses(report.pauses), ...renderSpeed(report)]),
    '',
    ...report.exported.map(renderExport),
    ...(size === null ? [] : renderSize(size)),
    '',
  ].join('\n');
}

function renderAnswers(answered: readonly Answered[]): string[] {
  const slow = answered.filter(({ latency, limitMs }) => latency.p99Ms > limitMs);
  const failed = answered.flatMap((one) => one.failed.map((failure) => `  ${one.question}: ${failure}`));
  return [
    'One request after the other, over HTTP, from sending it to the end of the answer; deep: from the middle of the history.',
    '',
    ...aligned([
      ['question', 'page', 'requests', 'p50 ms', 'p99 ms', 'max ms', 'bytes', ''],
      ...answered.map(answeredRow),
    ]),
    '',
    slow.length === 0
      ? 'Every p99 is within its limit.'
      : `${slow.length} of ${answered.length} are above their limit: ${slow.map(({ question, page }) => `${question} (${page})`).join('; ')}.`,
    ...(failed.length === 0 ? [] : ['Answers that failed:', ...failed]),
  ];
}

function renderHugePages(used: boolean | null): string[] {
  if (used === null) return [];
  return [
    used
      ? 'The buffers are in huge pages.'
      : 'The buffers are not in huge pages: a page that a session looks at for the first time is in the figures.',
  ];
}

function renderPauses({ measuredMs, count, longestMs }: MachinePauses): string {
  return `The machine itself stood still for more than ${MIN_PAUSE_MS} ms ${whole(count)} times in ${(measuredMs / 1000).toFixed(1)} s between the questions, ${longestMs.toFixed(1)} ms at most: so it did during them.`;
}

/** By which figures of different runs can be compared: a machine that is shared is fast at one time and slow at another. */
function renderSpeed({ speed, reads }: Pick<QueryResult, 'speed' | 'reads'>): string[] {
  if (speed === null || reads === null) return [];
  const text = ({ bestMs, medianMs, worstMs }: MachineSpeed): string =>
    `${medianMs.toFixed(1)} ms there (${bestMs.toFixed(1)} at best, ${worstMs.toFixed(1)} at worst)`;
  return [
    `One and the same piece of work took ${text(speed)}, one and the same reads far apart in memory ${text(reads)}: runs with other times can't be compared as they are.`,
  ];
}

function answeredRow({ question, page, requests, latency, limitMs, bytes, failed }: Answered): string[] {
  if (requests === 0) return [question, page, 'one page', '', '', '', '', ''];
  const remark = failed.length > 0 ? 'FAILED' : latency.p99Ms > limitMs ? `> ${limitMs}` : '';
  return [
    question,
    page,
    whole(requests),
    latency.p50Ms.toFixed(1),
    latency.p99Ms.toFixed(1),
    latency.maxMs.toFixed(1),
    whole(bytes),
    remark,
  ];
}

function renderExport({ format, entries, bytes, seconds, peakRssBytes }: Exported): string {
  const rate = entries / seconds;
  const memory = peakRssBytes === null ? '' : `, server at ${whole(peakRssBytes / 1e6)} MB at most`;
  return (
    `Export as ${format}: ${whole(entries)} entries (${whole(bytes / 1e6)} MB) in ${seconds.toFixed(1)} s, ` +
    `${whole(rate)} entries a second${rate < MIN_EXPORT_RATE ? ` (< ${whole(MIN_EXPORT_RATE)})` : ''}${memory}.`
  );
}

function renderSize({ bytesPerEntry, parts, wide }: StoreSize): string[] {
  return [
    `Store: ${whole(bytesPerEntry)} bytes an entry with everything (${parts.map((part) => `${part.table} ${whole(part.bytesPerEntry)}`).join(', ')}).`,
    `Entries alone: ${whole(wide.oursPerEntry)} bytes with indexes; with both rows whole as jsonb under the same indexes ${whole(wide.bytesPerEntry)} ` +
      `(${whole(wide.entries)} entries): ${wide.ratio.toFixed(2)}.`,
  ];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
