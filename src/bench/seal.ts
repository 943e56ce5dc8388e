import pg from 'pg';
import type { Config } from '../config/config.ts';
import { RowtrailError } from '../lib/errors.ts';
import { connectionOptions } from '../pg/pool.ts';
import { sealNext } from '../seal/sealer.ts';
import { verifyHistory } from '../seal/verification.ts';
import { runIngest, type IngestTools } from './ingest.ts';
import type { SealBenchOptions } from './options.ts';
import { aligned, type Machine } from './report.ts';
import type { SideRun } from './side-run.ts';
import { medianOf, spreadOf, type Spread } from './statistics.ts';

/** Connections that verify at once. */
const VERIFY_WORKERS = 4;

/** What happened after a run that sealed. */
interface SealedRun {
  /** Of the entries, sealed while they were stored. */
  readonly share: number;
  /** Entries per second: of the others, sealed with nothing else going on; null where there were none. */
  readonly sealRate: number | null;
  /** Entries per second. */
  readonly verifyRate: number;
}

export interface SealResult {
  readonly changes: number;
  /** Changes per second. */
  readonly without: Spread;
  readonly with: Spread;
  /** With sealing by without: of the medians, and of each pair of runs. */
  readonly ratio: { readonly ofMedians: number; readonly ofPairs: readonly number[] };
  /** Processor time of walsender, daemon and store per change, in microseconds: it varies less than the rate. Null where /proc does not tell. */
  readonly cpuMicros: { readonly without: number | null; readonly with: number | null };
  readonly sealed: readonly SealedRun[];
}

export interface SealReport extends SealResult {
  readonly machine: Machine;
}

/** Stores a workload with and without sealing by turns; then seals the rest, and verifies. */
export async function runSeal(options: SealBenchOptions, tools: IngestTools): Promise<SealResult> {
  const sealed: SealedRun[] = [];
  const [result] = await runIngest(
    { workloads: ['100'], changes: options.changes, runs: options.runs, context: true, cpuProfileDir: null },
    tools,
    {
      sides: ['rowtrail', 'sealed'],
      sealing: { stored: async (store, config) => void sealed.push(await finish(store, config)) },
    },
  );
  const { runs, plan } = result!;
  const rates = (side: 'rowtrail' | 'sealed'): number[] =>
    runs.filter((run) => run.side === side).map(({ changesPerSecond }) => changesPerSecond);
  const [without, having] = [spreadOf(rates('rowtrail'))!, spreadOf(rates('sealed'))!];
  return {
    changes: plan.changes,
    without,
    with: having,
    ratio: {
      ofMedians: having.median / without.median,
      ofPairs: rates('sealed').map((rate, n) => rate / rates('rowtrail')[n]!),
    },
    cpuMicros: { without: cpuOf(runs, 'rowtrail'), with: cpuOf(runs, 'sealed') },
    sealed,
  };
}

function cpuOf(runs: readonly SideRun[], side: SideRun['side']): number | null {
  const parts = runs
    .filter((run) => run.side === side)
    .map(({ cpuMicros: { walsender, client, store } }) => [walsender, client, store]);
  return medianOf(
    parts.map((each) => (each.includes(null) ? null : each.reduce<number>((sum, part) => sum + part!, 0))),
  );
}

async function finish(store: pg.Client, { store: { url, schema }, seal }: Config): Promise<SealedRun> {
  const counted = await store.query<{ entries: string; sealed: string }>(
    `select (select count(*) from ${schema}.entries) as entries, (select coalesce(sum(entries), 0) from ${schema}.seals) as sealed`,
  );
  const entries = Number(counted.rows[0]!.entries);
  const left = entries - Number(counted.rows[0]!.sealed);
  const began = performance.now();
  while ((await sealNext(store, { schema, maxEntries: seal.maxEntries, key: null })) !== null);
  const sealedMs = performance.now() - began;
  const verifyBegan = performance.now();
  const found = await verifyHistory({
    schema,
    connect: async () => {
      const client = new pg.Client(connectionOptions(url, 'verify'));
      await client.connect();
      return client;
    },
    workers: VERIFY_WORKERS,
    fromId: null,
    toId: null,
    head: null,
    publicKeys: [],
  });
  const verifiedMs = performance.now() - verifyBegan;
  if (found.outcome !== 'consistent' || Number(found.entries) !== entries || found.unsealed !== 0n) {
    throw new RowtrailError(
      'RT_INTERNAL',
      `the store does not verify: ${found.problems[0]?.message ?? 'not all of it is sealed'}`,
    );
  }
  return {
    share: 1 - left / entries,
    sealRate: left === 0 ? null : (left * 1000) / sealedMs,
    verifyRate: (entries * 1000) / verifiedMs,
  };
}

/** The report as text for people. */
export function renderSeal({ machine, changes, without, with: having, ratio, cpuMicros, sealed }: SealReport): string {
  const rate = ({ median, min, max }: Spread): string[] => [whole(median), `${whole(min)} – ${whole(max)}`];
  const rows = [
    ['', 'changes/s', 'min – max', 'µs CPU/change'],
    ['not sealed', ...rate(without), micros(cpuMicros.without)],
    ['sealed meanwhile', ...rate(having), micros(cpuMicros.with)],
  ];
  const pairs = ratio.ofPairs.map((value) => value.toFixed(2)).join(' ');
  const after = sealed.map(({ share, sealRate, verifyRate }) => [
    `${(share * 100).toFixed(0)} %`,
    sealRate === null ? '' : whole(sealRate),
    whole(verifyRate),
  ]);
  return [
    `${machine.cores} × ${machine.processor}, load ${machine.loadBefore.toFixed(1)} before; Node ${machine.node}, PostgreSQL ${machine.postgres}`,
    `${whole(changes)} changes in 100-row transactions with claims, source and store on one server`,
    ...aligned(rows),
    `  with ÷ without ${ratio.ofMedians.toFixed(3)} (by pair: ${pairs})`,
    '',
    ...aligned([['sealed meanwhile', 'then sealed/s', `verified/s (${VERIFY_WORKERS} connections)`], ...after]),
    '',
  ].join('\n');
}

function micros(value: number | null): string {
  return value === null ? '' : value.toFixed(1);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
