import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import type { Config } from '../config/config.ts';
import { resolveConfig } from '../config/resolve.ts';
import { CONFIG_SCHEMA } from '../config/schema.ts';
import { RowtrailError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { setup } from '../setup/install.ts';
import { connect, type BenchServer } from './bench-server.ts';
import { firstMessage, startChild, startDaemonProcess } from './child-process.ts';
import type { RevertOptions } from './options.ts';
import { readPeakRss } from './process-usage.ts';
import type { Machine } from './report.ts';
import { aligned } from './report.ts';
import type { RevertTask, RevertTimes } from './revert-message.ts';

const DATABASE = 'bench_revert';
const SOURCE = 'bench';
/** The old generation of the process that reverts: what it needs must not grow with the rows. */
const HEAP_MB = 256;
const GIVE_UP_MS = 120_000;
const POLL_MS = 20;

export interface RevertedChange {
  readonly change: string;
  readonly rows: number;
  /** From BEGIN to the answer of COMMIT, with capture on. */
  readonly originalMs: number;
  readonly times: RevertTimes;
  /** Null where there is no /proc. */
  readonly peakRssBytes: number | null;
}

export interface RevertReport {
  readonly machine: Machine;
  readonly changes: readonly RevertedChange[];
}

/** One transaction each, of all rows: each finds the table as the one before, reverted, has left it. */
const CHANGES: readonly (readonly [name: string, sql: string])[] = [
  ['update', `update orders set status = 'sent', total = total + 1`],
  ['delete', 'delete from orders'],
  [
    'insert',
    `insert into orders (id, customer, status, total, note) select -g, g % 1000, 'new', g * 1.25, 'note ' || g from generate_series(1, :rows) g`,
  ],
];

/** How long taking a transaction back takes beside the transaction: preview and apply, in a process of its own. */
export async function runRevert(
  { rows }: RevertOptions,
  bench: {
    readonly server: BenchServer;
    readonly children: Set<ChildProcess>;
    readonly note: (line: string) => void;
  },
): Promise<readonly RevertedChange[]> {
  const { url } = bench.server.address(DATABASE);
  const admin = await connect(bench.server.address('postgres').url);
  await admin.query(`create database ${pg.escapeIdentifier(DATABASE)}`);
  await admin.end();
  const client = await connect(url);
  await client.query(`create table orders (id integer primary key, customer integer not null, status text not null,
      total numeric(12, 2), note text, changed_at timestamptz not null default now());
    create index on orders (customer)`);
  const config = configOf(url);
  await setup(config, { dryRun: false, print: () => {}, log: createLog('error') });
  const daemon = await startDaemonProcess(config, bench.children);
  try {
    await client.query(
      `insert into orders (id, customer, status, total, note) select g, g % 1000, 'new', g * 1.25, 'note ' || g from generate_series(1, ${rows}) g`,
    );
    const changes: RevertedChange[] = [];
    for (const [change, sql] of CHANGES) {
      await client.query('vacuum analyze orders');
      bench.note(`${change} of ${rows} rows`);
      const start = performance.now();
      const result = await client.query<{ xid: string }>(
        `begin; ${sql.replaceAll(':rows', String(rows))}; select pg_current_xact_id()::text as xid; commit`,
      );
      const originalMs = performance.now() - start;
      const { xid } = (result as unknown as pg.QueryResult<{ xid: string }>[])[2]!.rows[0]!;
      const transaction = await untilStored(client, xid);
      bench.note('its revert');
      changes.push({ change, rows, originalMs, ...(await revertIt(url, transaction, bench.children)) });
    }
    return changes;
  } finally {
    await daemon.stop();
    await client.end();
  }
}

/** The id that the transaction has in the history. */
async function untilStored(client: pg.Client, xid: string): Promise<string> {
  const until = performance.now() + GIVE_UP_MS;
  for (;;) {
    const found = await client.query<{ id: string }>('select id::text from audit.transactions where xid = $1', [xid]);
    if (found.rows[0] !== undefined) return found.rows[0].id;
    if (performance.now() > until) throw new RowtrailError('RT_INTERNAL', 'the transaction is not stored');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function revertIt(
  url: string,
  transaction: string,
  children: Set<ChildProcess>,
): Promise<Pick<RevertedChange, 'times' | 'peakRssBytes'>> {
  const program = new URL('./revert-process.js', import.meta.url);
  const child = startChild(program, children, [`--max-old-space-size=${HEAP_MB}`]);
  const task: RevertTask = { storeUrl: url, sourceUrl: url, source: SOURCE, transaction };
  const times = await firstMessage<RevertTimes>(child, task, 'the revert');
  const peakRssBytes = readPeakRss(child.pid!);
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return { times, peakRssBytes };
}

function configOf(url: string): Config {
  return resolveConfig(
    CONFIG_SCHEMA.parse({
      store: { url },
      sources: [{ name: SOURCE, url, allowUnboundedWal: true, revert: { url } }],
      http: { port: 0, auth: { mode: 'none' } },
      log: { level: 'error' },
    }),
  );
}

export function renderRevert({ machine, changes }: RevertReport): string {
  const ms = (value: number): string => `${Math.round(value).toLocaleString('en-US')} ms`;
  const head = ['change', 'original', 'preview', 'apply', 'apply/original', 'peak memory', 'apply by phase'];
  return [
    `${machine.cores} × ${machine.processor}, Node ${machine.node}, PostgreSQL ${machine.postgres}, ${machine.transport}`,
    `One transaction of ${(changes[0]?.rows ?? 0).toLocaleString('en-US')} rows taken back, by a process with a heap of ${HEAP_MB} MB.`,
    ...aligned([
      head,
      ...changes.map(({ change, originalMs, times, peakRssBytes }) => [
        change,
        ms(originalMs),
        ms(times.previewMs),
        ms(times.applyMs),
        `${(times.applyMs / originalMs).toFixed(1)} ×`,
        peakRssBytes === null ? '?' : `${Math.round(peakRssBytes / 1024 ** 2)} MB`,
        Object.entries(times.phasesMs)
          .map(([phase, time]) => `${phase} ${Math.round(time)}`)
          .join(' '),
      ]),
    ]),
    '',
  ].join('\n');
}
