import { fork, type ChildProcess } from 'node:child_process';
import pg from 'pg';
import type { Config } from '../config/config.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { setup } from '../setup/install.ts';
import { connect, type BenchServer } from './bench-server.ts';

const DATABASE = 'bench_lag';
/** Between two transactions, so that each one is alone. */
const PAUSE_MS = 5;
const GIVE_UP_MS = 10_000;

/** Milliseconds from the moment the client's COMMIT returned to the answer that holds the entry. */
export interface LagReport {
  readonly transactions: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** What one request to the API takes when there is nothing new: the measure's own grain. */
  readonly requestP50Ms: number;
}

/**
 * How long after its commit a lone transaction with a context is in the API: `setup`, then the daemon in a
 * process of its own, then one transaction after the other, each followed by requests until its entry is there.
 */
export async function runLag(
  transactions: number,
  bench: { readonly server: BenchServer; readonly children: Set<ChildProcess> },
): Promise<LagReport> {
  const { url } = bench.server.address(DATABASE);
  await using database = await createDatabase(bench.server, url);
  const config = lagConfig(url);
  await setup(config, { dryRun: false, print: () => {}, log: createLog('error') });
  const daemon = await startDaemonProcess(config, bench.children);
  try {
    const lags: number[] = [];
    const requests: number[] = [];
    for (let n = 1; n <= transactions; n += 1) {
      await writeOne(database.client, n);
      lags.push(await untilServed(daemon.url, n));
      requests.push(await timed(() => newestRecord(daemon.url)));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return {
      transactions,
      p50Ms: percentile(lags, 0.5),
      p90Ms: percentile(lags, 0.9),
      p99Ms: percentile(lags, 0.99),
      maxMs: percentile(lags, 1),
      requestP50Ms: percentile(requests, 0.5),
    };
  } finally {
    await daemon.stop();
  }
}

export function renderLag(report: LagReport): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    `commit → entry in GET /api/v1/activity, ${report.transactions} lone transactions`,
    `  p50 ${ms(report.p50Ms)}   p90 ${ms(report.p90Ms)}   p99 ${ms(report.p99Ms)}   max ${ms(report.maxMs)}`,
    `  (one request with nothing new: p50 ${ms(report.requestP50Ms)})`,
    '',
  ].join('\n');
}

/** The value below which `share` of them lie (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

async function createDatabase(server: BenchServer, url: string): Promise<AsyncDisposable & { client: pg.Client }> {
  const admin = await connect(server.address('postgres').url);
  await admin.query(`create database ${pg.escapeIdentifier(DATABASE)}`);
  await admin.end();
  const client = await connect(url);
  await client.query('create table public.orders (id integer primary key, status text not null, total numeric(12,2))');
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

function lagConfig(url: string): Config {
  return {
    store: { url, schema: 'audit', partition: 'month', retentionDays: null },
    sources: [
      {
        name: 'lag',
        url,
        adminUrl: null,
        capture: 'wal',
        tables: ['public.*'],
        identity: 'full',
        truncate: { capture: true, maxBytes: 0 },
        tableOptions: {},
        baseline: false,
        slot: 'rowtrail_lag',
        publication: 'rowtrail_lag',
        context: {},
        users: null,
        links: {},
        revert: null,
        allowUnboundedWal: true,
      },
    ],
    http: { host: '127.0.0.1', port: 0, auth: { mode: 'none' }, contact: null },
    log: { level: 'error' },
  };
}

async function writeOne(client: pg.Client, n: number): Promise<void> {
  await client.query('begin');
  await client.query(
    "select set_config('rowtrail.user_id', $1, true), set_config('rowtrail.ip', '203.0.113.9', true)",
    [String(n % 10)],
  );
  await client.query("insert into public.orders values ($1, 'new', 12.50)", [n]);
  await client.query('commit');
}

async function untilServed(url: string, n: number): Promise<number> {
  const committed = performance.now();
  for (;;) {
    const record = await newestRecord(url);
    const elapsed = performance.now() - committed;
    if (record === String(n)) return elapsed;
    if (elapsed > GIVE_UP_MS) {
      throw new RowtrailError('RT_INTERNAL', `transaction ${n} was not served within ${GIVE_UP_MS} ms`);
    }
  }
}

async function newestRecord(url: string): Promise<string | null> {
  const response = await fetch(`${url}/api/v1/activity?limit=1`);
  const page = (await response.json()) as { data: { record: string | null }[] };
  return page.data[0]?.record ?? null;
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await action();
  return performance.now() - from;
}

/** The daemon as its own process: `dist/bench/daemon-process.js`, which tells where it serves. */
async function startDaemonProcess(
  config: Config,
  children: Set<ChildProcess>,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const child = fork(new URL('./daemon-process.js', import.meta.url), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.add(child);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(message as string));
    child.once('exit', (code) => reject(new RowtrailError('RT_INTERNAL', `the daemon ended with code ${code}`)));
    child.send(config, (error) => {
      if (error !== null) reject(new RowtrailError('RT_INTERNAL', messageOf(error)));
    });
  });
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      children.delete(child);
    },
  };
}
