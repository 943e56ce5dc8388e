import type { ChildProcess } from 'node:child_process';
import type pg from 'pg';
import { renderSourceSql } from '../setup/source-sql.ts';
import { connect, type BenchServer } from './bench-server.ts';
import { runDrain } from './drain-run.ts';
import type { IngestOptions } from './options.ts';
import { captureConfig, runRowtrail, type Sealing } from './rowtrail-run.ts';
import type { Bench, Side, SideRun } from './side-run.ts';
import {
  planWorkload,
  seedWorkload,
  writeWorkload,
  WORKLOADS,
  type Workload,
  type WorkloadPlan,
  type WrittenWorkload,
} from './workload.ts';

export interface WorkloadResult {
  readonly workload: Workload;
  readonly plan: WorkloadPlan;
  readonly written: WrittenWorkload;
  readonly runs: readonly SideRun[];
}

export interface IngestTools {
  readonly server: BenchServer;
  readonly pgRecvlogical: string;
  readonly children: Set<ChildProcess>;
  /** Progress, for people. */
  readonly note: (line: string) => void;
}

/** What is run by turns, and what is done after a run that seals. */
export interface IngestSides {
  readonly sides: readonly Side[];
  readonly sealing: Sealing | null;
}

const DRAIN_AND_ROWTRAIL: IngestSides = { sides: ['drain', 'rowtrail'], sealing: null };

const SOURCE_DATABASE = 'bench_source';
const PUBLICATION = 'bench';
const BASE_SLOT = 'bench_base';

/** Runs the chosen workloads, one after the other, each in a database of its own. */
export async function runIngest(
  options: Omit<IngestOptions, 'json'>,
  tools: IngestTools,
  sides: IngestSides = DRAIN_AND_ROWTRAIL,
): Promise<WorkloadResult[]> {
  const results: WorkloadResult[] = [];
  const server = await connect(tools.server.address('postgres').url);
  for (const workload of WORKLOADS) {
    if (!options.workloads.includes(workload.name)) continue;
    await server.query(`create database ${SOURCE_DATABASE} template template0`);
    const admin = await connect(tools.server.address(SOURCE_DATABASE).url);
    results.push(await runWorkload(admin, workload, { options, tools, ...sides }));
    await admin.end();
    await server.query(`drop database ${SOURCE_DATABASE} with (force)`);
  }
  await server.end();
  return results;
}

async function runWorkload(
  admin: pg.Client,
  workload: Workload,
  {
    options,
    tools,
    sides,
    sealing,
  }: IngestSides & { readonly options: Omit<IngestOptions, 'json'>; readonly tools: IngestTools },
): Promise<WorkloadResult> {
  const plan = planWorkload(workload, options.changes ?? workload.defaultChanges);
  const title = `${workload.title}, ${plan.changes} changes`;
  tools.note(`${title}: writing`);
  const bench = await prepare(admin, workload, plan, options, tools);
  const runs: SideRun[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    // Whoever comes second may find caches warm: they take turns in that, too.
    for (const side of run % 2 === 0 ? sides : sides.toReversed()) {
      const result =
        side === 'drain' ? await runDrain(bench) : await runRowtrail(bench, side === 'sealed' ? sealing : null);
      tools.note(`${title}: run ${run + 1}, ${side}: ${Math.round(result.changesPerSecond)} changes/s`);
      runs.push(result);
    }
  }
  await admin.query('select pg_drop_replication_slot($1)', [BASE_SLOT]);
  return { workload, plan, written: bench.written, runs };
}

async function prepare(
  admin: pg.Client,
  workload: Workload,
  plan: WorkloadPlan,
  options: Omit<IngestOptions, 'json'>,
  tools: IngestTools,
): Promise<Bench> {
  const bench: Omit<Bench, 'written'> = {
    server: tools.server,
    admin,
    sourceDatabase: SOURCE_DATABASE,
    publication: PUBLICATION,
    baseSlot: BASE_SLOT,
    workload,
    plan,
    context: options.context,
    cpuProfileDir: options.cpuProfileDir,
    pgRecvlogical: tools.pgRecvlogical,
    children: tools.children,
  };
  await seedWorkload(admin, plan);
  await installSource(admin, bench);
  await admin.query(`create publication ${PUBLICATION} for table public.orders`);
  await admin.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [BASE_SLOT]);
  return { ...bench, written: await writeWorkload(admin, workload, plan, options.context) };
}

/** Schema rowtrail is always there, for capture asks it for its secret; the triggers only with `--context`. */
async function installSource(admin: pg.Client, bench: Omit<Bench, 'written'>): Promise<void> {
  const source = captureConfig(bench, BASE_SLOT).sources[0]!;
  const role = await admin.query<{ name: string }>('select current_user::text as name');
  const sql = await renderSourceSql({ source, daemonRole: role.rows[0]!.name, revertRole: null, encoding: 'UTF8' });
  for (const text of sql) await admin.query(text);
  if (!bench.context) return;
  for (const time of ['before', 'after']) {
    await admin.query(
      `create trigger rowtrail_context_${time} ${time} insert or update or delete on public.orders
       for each statement execute function rowtrail.context_${time === 'before' ? 'trigger' : 'after'}()`,
    );
  }
}
