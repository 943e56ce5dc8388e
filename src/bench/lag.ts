import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import pg from 'pg';
import type { Config } from '../config/config.ts';
import { resolveConfig } from '../config/resolve.ts';
import { CONFIG_SCHEMA } from '../config/schema.ts';
import { RowtrailError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { setup } from '../setup/install.ts';
import { connect, type BenchServer } from './bench-server.ts';
import { firstMessage, startChild, startDaemonProcess } from './child-process.ts';
import type { LoadCommand, LoadReport } from './load-message.ts';
import type { LagOptions } from './options.ts';

const DATABASE = 'bench_lag';
/** Between two probes, so that each one is alone. */
const PAUSE_MS = 5;
const GIVE_UP_MS = 10_000;
/** Between two requests for the same entry: part of every figure. */
const POLL_MS = 2;
const WARM_UP_PROBES = 100;

export interface Latency {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LagPhase {
  /** Other transactions a second meanwhile, as they really were. */
  readonly othersPerSecond: number;
  /** How often the load fell behind its rate. */
  readonly behind: number;
  /** From the moment the client's COMMIT returned to the answer that holds the entry. */
  readonly lag: Latency;
  /** One request to the API when there is nothing to wait for: the measure's own grain. */
  readonly request: Latency;
}

export interface LagReport {
  readonly transactions: number;
  readonly phases: readonly LagPhase[];
}

/**
 * How long after its commit a lone transaction with a context is in the API: `setup`, then the daemon in a
 * process of its own, then one transaction after the other, each followed by requests until its entry is there. First
 * alone, then beside a steady load.
 */
export async function runLag(
  options: LagOptions,
  bench: { readonly server: BenchServer; readonly children: Set<ChildProcess> },
): Promise<LagReport> {
  const { url } = bench.server.address(DATABASE);
  await using database = await createDatabase(bench.server, url);
  const config = lagConfig(url);
  await setup(config, { dryRun: false, print: () => {}, log: createLog('error') });
  const daemon = await startDaemonProcess(config, bench.children);
  try {
    await probe(database.client, daemon.url, WARM_UP_PROBES);
    const phases: LagPhase[] = [];
    for (const perSecond of [0, options.perSecond]) {
      const load = perSecond === 0 ? null : await startLoad(url, perSecond, bench.children);
      const { lags, requests } = await probe(database.client, daemon.url, options.transactions);
      const done = (await load?.stop()) ?? { perSecond: 0, behind: 0 };
      phases.push({
        othersPerSecond: done.perSecond,
        behind: done.behind,
        lag: latencyOf(lags),
        request: latencyOf(requests),
      });
    }
    return { transactions: options.transactions, phases };
  } finally {
    await daemon.stop();
  }
}

export function renderLag(report: LagReport): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const line = (latency: Latency): string =>
    `p50 ${ms(latency.p50Ms)}   p90 ${ms(latency.p90Ms)}   p99 ${ms(latency.p99Ms)}   max ${ms(latency.maxMs)}`;
  return [
    `commit → entry in GET /api/v1/activity, ${report.transactions} lone transactions`,
    ...report.phases.flatMap((phase) => [
      phase.othersPerSecond === 0
        ? 'alone'
        : `beside ${Math.round(phase.othersPerSecond)} other transactions a second${phase.behind === 0 ? '' : `, which fell behind ${phase.behind} times`}`,
      `  ${line(phase.lag)}`,
      `  (one request with nothing to wait for: ${line(phase.request)})`,
    ]),
    '',
  ].join('\n');
}

/** The value below which `share` of them lie (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function latencyOf(values: readonly number[]): Latency {
  return {
    p50Ms: percentile(values, 0.5),
    p90Ms: percentile(values, 0.9),
    p99Ms: percentile(values, 0.99),
    maxMs: percentile(values, 1),
  };
}

async function createDatabase(server: BenchServer, url: string): Promise<AsyncDisposable & { client: pg.Client }> {
  const admin = await connect(server.address('postgres').url);
  await admin.query(`create database ${pg.escapeIdentifier(DATABASE)}`);
  await admin.end();
  const client = await connect(url);
  await client.query(`
    create table public.orders (id integer primary key, status text not null, total numeric(12,2));
    create table public.probes (id integer generated always as identity primary key, status text not null)`);
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

function lagConfig(url: string): Config {
  return resolveConfig(
    CONFIG_SCHEMA.parse({
      store: { url },
      sources: [{ name: 'lag', url, allowUnboundedWal: true }],
      http: { port: 0, auth: { mode: 'none' } },
      log: { level: 'error' },
    }),
  );
}

async function probe(
  client: pg.Client,
  url: string,
  count: number,
): Promise<{ readonly lags: number[]; readonly requests: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const lags: number[] = [];
  const requests: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const id = await writeOne(client, n);
    lags.push(await untilServed(agent, url, id));
    const from = performance.now();
    await isServed(agent, url, id);
    requests.push(performance.now() - from);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  agent.destroy();
  return { lags, requests };
}

async function writeOne(client: pg.Client, n: number): Promise<string> {
  await client.query('begin');
  await client.query(
    "select set_config('rowtrail.user_id', $1, true), set_config('rowtrail.ip', '203.0.113.9', true)",
    [String(n % 10)],
  );
  const written = await client.query<{ id: number }>("insert into public.probes (status) values ('new') returning id");
  await client.query('commit');
  return String(written.rows[0]!.id);
}

async function untilServed(agent: Agent, url: string, id: string): Promise<number> {
  const committed = performance.now();
  for (;;) {
    const served = await isServed(agent, url, id);
    const elapsed = performance.now() - committed;
    if (served) return elapsed;
    if (elapsed > GIVE_UP_MS) {
      throw new RowtrailError('RT_INTERNAL', `the entry of probe ${id} was not served within ${GIVE_UP_MS} ms`);
    }
    // Asking without a pause would keep a core busy that daemon and database share.
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The plainest client there is: what it takes itself is in every figure. */
async function isServed(agent: Agent, url: string, id: string): Promise<boolean> {
  const text = await new Promise<string>((resolve, reject) => {
    get(`${url}/api/v1/activity?limit=1&table=probes&record=${id}`, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      response.on('error', reject);
    }).on('error', reject);
  });
  return (JSON.parse(text) as { data: unknown[] }).data.length > 0;
}

/** `dist/bench/paced-load.js` */
async function startLoad(
  url: string,
  perSecond: number,
  children: Set<ChildProcess>,
): Promise<{ stop(): Promise<LoadReport> }> {
  const child = startChild(new URL('./paced-load.js', import.meta.url), children);
  const command: LoadCommand = { url, perSecond, firstId: 0 };
  await firstMessage(child, command, 'the load');
  return {
    stop: async () => {
      child.kill('SIGTERM');
      const [report] = await once(child, 'message');
      return report as LoadReport;
    },
  };
}
