import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { RowtrailError } from '../lib/errors.ts';
import { connect, type BenchServer } from './bench-server.ts';
import type { SourceOptions } from './options.ts';
import { runPgbench } from './pgbench-run.ts';
import { readCpuMicros } from './process-usage.ts';
import { SOURCE_VARIANTS, type SourceVariant, type VariantName } from './source-variant.ts';
import {
  bulkStatement,
  EMITTING_SCRIPT,
  SOURCE_TABLES,
  SOURCE_WORKLOADS,
  type SourceWorkload,
} from './source-workload.ts';

/** What one run of a workload under a variant took. */
export interface SourceRun {
  readonly workload: SourceWorkload['name'];
  readonly variant: VariantName;
  /** Of `bulk`: statements a second. */
  readonly perSecond: number;
  /** CPU time of the writing backends, a transaction. */
  readonly cpuMicros: number | null;
}

export interface SourceTools {
  readonly server: BenchServer;
  readonly pgbench: string;
  readonly children: Set<ChildProcess>;
  /** Progress, for people. */
  readonly note: (line: string) => void;
}

interface Database {
  readonly variant: SourceVariant;
  readonly admin: pg.Client;
  readonly conninfo: string;
  readonly password: string;
}

/** TPC-B's tables, in units of 100,000 accounts. */
const SCALE = 5;

/**
 * What capture costs the sessions that write: the same workloads in a database for each variant, all on one server,
 * taking turns. No daemon runs: what it takes of the machine is in `ingest`, here it would only be noise.
 */
export async function runSource(options: SourceOptions, tools: SourceTools): Promise<SourceRun[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-bench-scripts-'));
  await chmod(folder, 0o700);
  const server = await connect(tools.server.address('postgres').url);
  const databases: Database[] = [];
  try {
    for (const variant of SOURCE_VARIANTS) {
      if (!options.variants.includes(variant.name)) continue;
      tools.note(`preparing: ${variant.title}`);
      databases.push(await prepare(server, variant, tools));
    }
    const runs: SourceRun[] = [];
    for (const workload of SOURCE_WORKLOADS) {
      for (let run = 0; run < options.runs; run += 1) {
        // Each has each place in the row once: whoever comes later may find other things in the caches.
        for (const [index] of databases.entries()) {
          const database = databases[(index + run) % databases.length]!;
          const result = await runOne(workload, database, run, { options, tools, folder });
          if (result === null) continue;
          runs.push(result);
          tools.note(`${workload.name}, run ${run + 1}, ${database.variant.title}: ${describe(result)}`);
        }
      }
    }
    return runs;
  } finally {
    await Promise.allSettled([...databases.map(({ admin }) => admin.end()), server.end()]);
    await rm(folder, { recursive: true, force: true });
  }
}

function describe({ perSecond, cpuMicros }: SourceRun): string {
  return `${perSecond.toFixed(2)}/s, ${cpuMicros?.toFixed(1) ?? '?'} µs of CPU`;
}

async function prepare(server: pg.Client, variant: SourceVariant, tools: SourceTools): Promise<Database> {
  const name = `bench_${variant.name}`;
  await server.query(`create database ${name} template template0`);
  const address = tools.server.address(name);
  const admin = await connect(address.url);
  await admin.query(SOURCE_TABLES);
  await initialise(tools, address);
  await variant.install({ admin, url: address.url, name });
  await admin.query('vacuum analyze');
  return { variant, admin, conninfo: address.conninfo, password: address.password };
}

async function initialise(tools: SourceTools, address: { conninfo: string; password: string }): Promise<void> {
  const child = spawn(
    tools.pgbench,
    ['--initialize', '--quiet', '--scale', String(SCALE), '--init-steps', 'dtgvp', address.conninfo],
    { env: { PGPASSWORD: address.password }, stdio: ['ignore', 'ignore', 'ignore'] },
  );
  tools.children.add(child);
  const [code] = (await once(child, 'close')) as [number | null];
  tools.children.delete(child);
  if (code !== 0) throw new RowtrailError('RT_INTERNAL', `pgbench --initialize ended with ${code}`);
}

interface Stage {
  readonly options: SourceOptions;
  readonly tools: SourceTools;
  readonly folder: string;
}

/** Null where the variant is about something that this workload does not have. */
async function runOne(
  workload: SourceWorkload,
  database: Database,
  run: number,
  { options, tools, folder }: Stage,
): Promise<SourceRun | null> {
  const variant = database.variant.name;
  if (variant === 'emit' && workload.name !== 'small') return null;
  // Dirty pages of the run before would be written out in this one.
  await database.admin.query('checkpoint');
  if (workload.name === 'bulk') return { workload: 'bulk', variant, ...(await runBulk(database.admin, run)) };
  const script = variant === 'emit' ? EMITTING_SCRIPT : workload.script;
  const path = script === null ? null : join(folder, 'script.sql');
  if (path !== null && script !== null) await writeFile(path, script);
  const result = await runPgbench(
    {
      program: tools.pgbench,
      conninfo: database.conninfo,
      password: database.password,
      script: path,
      seconds: options.seconds,
    },
    database.admin,
    tools.children,
  );
  return {
    workload: workload.name,
    variant,
    perSecond: result.transactionsPerSecond,
    cpuMicros: result.cpuMicrosPerTransaction,
  };
}

/** One statement; the rows it has made dead are vacuumed before the next. */
async function runBulk(admin: pg.Client, run: number): Promise<{ perSecond: number; cpuMicros: number | null }> {
  const pid = (await admin.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
  await admin.query(`set synchronous_commit = off`);
  const before = readCpuMicros(pid);
  const startedAt = performance.now();
  await admin.query(bulkStatement(run));
  const seconds = (performance.now() - startedAt) / 1000;
  const after = readCpuMicros(pid);
  await admin.query('vacuum shop.bulk');
  return { perSecond: 1 / seconds, cpuMicros: before === null || after === null ? null : after - before };
}
