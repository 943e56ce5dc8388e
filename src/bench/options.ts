import { parseArgs } from 'node:util';
import { messageOf, RowtrailError } from '../lib/errors.ts';
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

/** Which benchmark, and how. */
export type BenchArguments =
  | { readonly bench: 'ingest'; readonly options: IngestOptions }
  | { readonly bench: 'lag'; readonly options: LagOptions };

export const USAGE = `Usage: npm run bench -- ingest [options]
       npm run bench -- lag [options]

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

both
  --json                     print JSON
  -h, --help
`;

const DEFAULT_RUNS = 3;
const MAX_RUNS = 100;
const DEFAULT_TRANSACTIONS = 1_000;
const DEFAULT_RATE = 1_000;
const MAX_RATE = 100_000;
const MAX_TRANSACTIONS = 1_000_000;
const MAX_CHANGES = 100_000_000;

/** Reads the command line. Null: the usage was asked for. Throws RT_USAGE. */
export function parseBenchArguments(args: readonly string[]): BenchArguments | null {
  const { values, positionals } = parse(args);
  if (values.help === true) return null;
  const [bench] = positionals;
  if (positionals.length !== 1 || (bench !== 'ingest' && bench !== 'lag')) {
    const found = positionals.length === 0 ? 'no benchmark is named' : `unknown benchmark: ${positionals.join(' ')}`;
    throw new RowtrailError('RT_USAGE', found, { hint: 'npm run bench -- ingest, or npm run bench -- lag' });
  }
  return bench === 'ingest'
    ? { bench, options: ingestOptions(values) }
    : {
        bench,
        options: {
          transactions:
            values.transactions === undefined
              ? DEFAULT_TRANSACTIONS
              : positiveInteger('--transactions', values.transactions, MAX_TRANSACTIONS),
          perSecond: values.rate === undefined ? DEFAULT_RATE : positiveInteger('--rate', values.rate, MAX_RATE),
          json: values.json === true,
        },
      };
}

function ingestOptions(values: ReturnType<typeof parse>['values']): IngestOptions {
  return {
    workloads: workloads(values.workload ?? 'all'),
    changes: values.rows === undefined ? null : positiveInteger('--rows', values.rows, MAX_CHANGES),
    runs: values.runs === undefined ? DEFAULT_RUNS : positiveInteger('--runs', values.runs, MAX_RUNS),
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

function positiveInteger(option: string, text: string, max: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RowtrailError('RT_USAGE', `${option} takes a whole number from 1 to ${max}, not ${text}`);
  }
  return value;
}
