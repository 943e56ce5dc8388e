import { parseArgs } from 'node:util';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import { REVERT_LIMITS } from '../revert/plan.ts';
import { SOURCE_VARIANTS, type VariantName } from './source-variant.ts';
import { WORKLOADS, type WorkloadName } from './workload.ts';

export interface IngestOptions {
  readonly workloads: readonly WorkloadName[];
  /** Row changes per workload; null: the workload's own number. */
  readonly changes: number | null;
  /** Of each side, per workload. */
  readonly runs: number;
  /** Transactions set claims, and the context triggers send them. */
  readonly context: boolean;
  readonly json: boolean;
  /** Where the capturing process leaves a CPU profile of each run; null: none. */
  readonly cpuProfileDir: string | null;
}

export interface LagOptions {
  readonly transactions: number;
  /** Of the steady load in the second phase. */
  readonly perSecond: number;
  readonly json: boolean;
}

export interface SourceOptions {
  readonly variants: readonly VariantName[];
  /** Of each workload under each variant. */
  readonly runs: number;
  /** Of one run. */
  readonly seconds: number;
  readonly json: boolean;
}

export interface QueryOptions {
  /** In the store. */
  readonly entries: number;
  /** Of each question, for each of its pages. */
  readonly requests: number;
  /** Only questions whose name holds this; null: all. */
  readonly question: string | null;
  /** Only what an entry takes; no question is asked. */
  readonly sizeOnly: boolean;
  /** Huge pages for the server's buffers, where the machine gives them. */
  readonly hugePages: boolean;
  /** The folder in which the server's data stay for the next run; null: they go. */
  readonly keep: string | null;
  readonly json: boolean;
}

export interface RevertOptions {
  /** Of the transaction that is taken back. */
  readonly rows: number;
  readonly json: boolean;
}

export interface SealBenchOptions {
  /** Row changes. */
  readonly changes: number;
  /** With and without sealing. */
  readonly runs: number;
  readonly json: boolean;
}

/** Which benchmark, and how. */
export type BenchArguments =
  | { readonly bench: 'ingest'; readonly options: IngestOptions }
  | { readonly bench: 'lag'; readonly options: LagOptions }
  | { readonly bench: 'source'; readonly options: SourceOptions }
  | { readonly bench: 'query'; readonly options: QueryOptions }
  | { readonly bench: 'revert'; readonly options: RevertOptions }
  | { readonly bench: 'seal'; readonly options: SealBenchOptions };

export const USAGE = `Usage: npm run bench -- ingest [options]
       npm run bench -- lag [options]
       npm run bench -- source [options]
       npm run bench -- query [options]
       npm run bench -- revert [options]
       npm run bench -- seal [options]

ingest
How fast Rowtrail stores a backlog of row changes, against pg_recvlogical throwing the same WAL away.

  --workload <100|1|1m|all>  100-row transactions, single-row ones, one transaction of a million rows (default: all)
  --rows <n>                 row changes per workload (default: 500,000, 150,000 and 1,000,000); under 100,000,
                             Rowtrail mostly warms up
  --runs <n>                 runs of each side, taking turns (default: 3)
  --context                  the context triggers are on, and every transaction sets claims
  --cpu-prof <folder>        leave a CPU profile of Rowtrail's process for each run

lag
How long after its commit a lone transaction is served by the API: alone, then beside a steady load.

  --transactions <n>         one after the other (default: 1,000)
  --rate <n>                 other transactions a second in the second part (default: 1,000)

source
What capture costs the sessions that write: pgbench's TPC-B, a script with two set_configs, updates that touch no row
and one of 500,000 rows, under nothing, replica identity full, WAL capture, trigger capture and a classic row trigger.

  --variant <name>           none, identity, wal, emit, trigger or classic, several with commas (default: all)
  --runs <n>                 of each workload under each variant, taking turns (default: 5)
  --seconds <n>              of each run (default: 5)

query
How long each question to the HTTP API takes over a history of a year, for its first page and deep down; and what an
entry takes in the store. 200 tables, 55,000 users, some of them busy and most not, one record with 2 % of all changes.

  --entries <n>              in the store, about (default: 10,000,000)
  --requests <n>             of each question and page (default: 200)
  --question <text>          only questions whose name holds this, and not the size
  --size                     only the size: a minute and a half with --entries 500_000
  --no-huge-pages            the server's buffers in small pages, also where this machine would give it huge ones
  --keep <folder>            leave the server's data there, and take them the next time

revert
How long taking a transaction back takes beside the transaction itself: an update, a delete and an insert of many rows,
previewed and applied by a process with a heap of 256 MB.

  --rows <n>                 of each transaction (default: 100,000; a revert takes 200,000 at most)

seal
What sealing costs ingest (100-row transactions, sealed every second), how fast entries are sealed when nothing else is
done, and how fast they are verified.

  --rows <n>                 row changes (default: 500,000)
  --runs <n>                 with and without sealing, taking turns (default: 3)

all
  --json                     print JSON
  -h, --help
`;

const DEFAULT_RUNS = 3;
const DEFAULT_SEALED_CHANGES = 500_000;
const DEFAULT_SOURCE_RUNS = 5;
const MAX_RUNS = 100;
const DEFAULT_SECONDS = 5;
const MAX_SECONDS = 3_600;
const DEFAULT_TRANSACTIONS = 1_000;
const DEFAULT_RATE = 1_000;
const MAX_RATE = 100_000;
const MAX_TRANSACTIONS = 1_000_000;
const MAX_CHANGES = 100_000_000;
const DEFAULT_ENTRIES = 10_000_000;
const MAX_ENTRIES = 20_000_000;
const DEFAULT_REQUESTS = 200;
const DEFAULT_REVERTED_ROWS = 100_000;
const MAX_REQUESTS = 100_000;

/** Reads the command line. Null: the usage was asked for. Throws RT_USAGE. */
export function parseBenchArguments(args: readonly string[]): BenchArguments | null {
  const { values, positionals } = parse(args);
  if (values.help === true) return null;
  const [bench] = positionals;
  if (positionals.length === 1) {
    if (bench === 'ingest') return { bench, options: ingestOptions(values) };
    if (bench === 'lag') return { bench, options: lagOptions(values) };
    if (bench === 'source') return { bench, options: sourceOptions(values) };
    if (bench === 'query') return { bench, options: queryOptions(values) };
    if (bench === 'revert') return { bench, options: revertOptions(values) };
    if (bench === 'seal') return { bench, options: sealOptions(values) };
  }
  const found = positionals.length === 0 ? 'no benchmark is named' : `unknown benchmark: ${positionals.join(' ')}`;
  throw new RowtrailError('RT_USAGE', found, { hint: 'npm run bench -- ingest, lag, source, query, revert or seal' });
}

type Values = ReturnType<typeof parse>['values'];

function lagOptions(values: Values): LagOptions {
  return {
    transactions: numberOf('--transactions', values.transactions, DEFAULT_TRANSACTIONS, MAX_TRANSACTIONS),
    perSecond: numberOf('--rate', values.rate, DEFAULT_RATE, MAX_RATE),
    json: values.json === true,
  };
}

function sourceOptions(values: Values): SourceOptions {
  const names = SOURCE_VARIANTS.map(({ name }) => name);
  const wanted = values.variant?.split(',') ?? names;
  const unknown = wanted.filter((name) => !names.some((known) => known === name));
  if (unknown.length > 0) {
    throw new RowtrailError('RT_USAGE', `--variant takes ${names.join(', ')}, not ${unknown.join(', ')}`);
  }
  return {
    variants: names.filter((name) => wanted.includes(name)),
    runs: numberOf('--runs', values.runs, DEFAULT_SOURCE_RUNS, MAX_RUNS),
    seconds: numberOf('--seconds', values.seconds, DEFAULT_SECONDS, MAX_SECONDS),
    json: values.json === true,
  };
}

function queryOptions(values: Values): QueryOptions {
  if (values.size === true && values.question !== undefined) {
    throw new RowtrailError('RT_USAGE', '--size asks no question: it does not go with --question');
  }
  return {
    sizeOnly: values.size === true,
    entries: numberOf('--entries', values.entries, DEFAULT_ENTRIES, MAX_ENTRIES),
    requests: numberOf('--requests', values.requests, DEFAULT_REQUESTS, MAX_REQUESTS),
    question: values.question ?? null,
    hugePages: values['no-huge-pages'] !== true,
    keep: values.keep ?? null,
    json: values.json === true,
  };
}

function revertOptions(values: Values): RevertOptions {
  return {
    rows: numberOf('--rows', values.rows, DEFAULT_REVERTED_ROWS, REVERT_LIMITS.maxRows),
    json: values.json === true,
  };
}

function sealOptions(values: Values): SealBenchOptions {
  return {
    changes: numberOf('--rows', values.rows, DEFAULT_SEALED_CHANGES, MAX_CHANGES),
    runs: numberOf('--runs', values.runs, DEFAULT_RUNS, MAX_RUNS),
    json: values.json === true,
  };
}

function ingestOptions(values: Values): IngestOptions {
  return {
    workloads: workloads(values.workload ?? 'all'),
    changes: values.rows === undefined ? null : positiveInteger('--rows', values.rows, MAX_CHANGES),
    runs: numberOf('--runs', values.runs, DEFAULT_RUNS, MAX_RUNS),
    context: values.context === true,
    json: values.json === true,
    cpuProfileDir: values['cpu-prof'] ?? null,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        workload: { type: 'string' },
        rows: { type: 'string' },
        runs: { type: 'string' },
        context: { type: 'boolean' },
        'cpu-prof': { type: 'string' },
        transactions: { type: 'string' },
        rate: { type: 'string' },
        variant: { type: 'string' },
        seconds: { type: 'string' },
        entries: { type: 'string' },
        requests: { type: 'string' },
        question: { type: 'string' },
        size: { type: 'boolean' },
        'no-huge-pages': { type: 'boolean' },
        keep: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new RowtrailError('RT_USAGE', messageOf(error), { hint: 'npm run bench -- --help', cause: error });
  }
}

function workloads(text: string): readonly WorkloadName[] {
  const names = WORKLOADS.map((workload) => workload.name);
  if (text === 'all') return names;
  const chosen = names.filter((name) => name === text);
  if (chosen.length === 0) {
    throw new RowtrailError('RT_USAGE', `--workload takes ${names.join(', ')} or all, not ${text}`);
  }
  return chosen;
}

function numberOf(option: string, text: string | undefined, unset: number, max: number): number {
  return text === undefined ? unset : positiveInteger(option, text, max);
}

function positiveInteger(option: string, text: string, max: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RowtrailError('RT_USAGE', `${option} takes a whole number from 1 to ${max}, not ${text}`);
  }
  return value;
}
