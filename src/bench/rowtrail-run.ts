import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import type { Config } from '../config/config.ts';
import { resolveConfig } from '../config/resolve.ts';
import { CONFIG_SCHEMA } from '../config/schema.ts';
import { pause } from '../lib/backoff.ts';
import { RowtrailError } from '../lib/errors.ts';
import { formatLsn } from '../pg/lsn.ts';
import { connect } from './bench-server.ts';
import type { CaptureCommand, CaptureFailure } from './capture-message.ts';
import { CpuSampler, readPeakRss } from './process-usage.ts';
import { perChange, track, withSlotCopy, type Bench, type SideRun } from './side-run.ts';
import { prepareStore, storeBytesPerEntry, verifyStore, STORE_SCHEMA } from './bench-store.ts';
import { streamStart } from './stream-start.ts';

const STORE_DATABASE = 'bench_store';
const POLL_MS = 10;
/** How long storing may take: far more than it does. */
const LIMIT_MS = { base: 120_000, perChange: 0.5 };

export interface Sealing {
  /** Called when the workload is stored and capture has ended. */
  stored(store: pg.Client, config: Config): Promise<void>;
}

/**
 * Has Rowtrail store the workload in a fresh store on the same server. From the arrival of START_REPLICATION
 * until the checkpoint is past the workload, in a committed transaction that another session sees. With `sealing`, the
 * history is sealed meanwhile, in the same process, as the daemon does it.
 */
export function runRowtrail(bench: Bench, sealing: Sealing | null = null): Promise<SideRun> {
  return withSlotCopy(bench, 'bench_rowtrail', async (slot) => {
    await bench.admin.query(`create database ${STORE_DATABASE} template template0`);
    const store = await connect(bench.server.address(STORE_DATABASE).url);
    const config = captureConfig(bench, slot);
    await prepareStore(store, bench.admin, config.sources[0]!);
    const measured = await measure(bench, slot, { config, store, isSealing: sealing !== null });
    await sealing?.stored(store, config);
    await verifyStore(store, bench);
    const bytes = await storeBytesPerEntry(store);
    await store.end();
    await bench.admin.query(`drop database ${STORE_DATABASE} with (force)`);
    return { ...measured, storeBytesPerEntry: bytes };
  });
}

/** The configuration that captures the bench's source from `slot` into the run's store. */
export function captureConfig(bench: Omit<Bench, 'written'>, slot: string): Config {
  return resolveConfig(
    CONFIG_SCHEMA.parse({
      store: { url: bench.server.address(STORE_DATABASE).url, schema: STORE_SCHEMA },
      // Often, so that it is at work while the workload is stored.
      seal: { interval: '1s' },
      sources: [
        {
          name: 'bench',
          url: bench.server.address(bench.sourceDatabase).url,
          tables: ['public.orders'],
          slot,
          publication: bench.publication,
        },
      ],
    }),
  );
}

async function measure(
  bench: Bench,
  slot: string,
  { config, store, isSealing }: { readonly config: Config; readonly store: pg.Client; readonly isSealing: boolean },
): Promise<SideRun> {
  const { child, failed, ended } = startCapture(bench, config, isSealing);
  const sampler = new CpuSampler();
  try {
    const start = await Promise.race([streamStart(bench.admin, slot, failed), failed]);
    if (start === null) return await failed;
    sampler.watch('walsender', start.walsenderPid);
    if (child.pid !== undefined) sampler.watch('client', child.pid);
    const endedAtMs = await Promise.race([stored(bench, store, sampler), failed]);
    sampler.stop();
    const peakRssBytes = child.pid === undefined ? null : readPeakRss(child.pid);
    send(child, { kind: 'stop' });
    await ended;
    const seconds = (endedAtMs - start.startedAtMs) / 1000;
    return {
      side: isSealing ? 'sealed' : 'rowtrail',
      seconds,
      changesPerSecond: bench.plan.changes / seconds,
      cpuMicros: {
        walsender: perChange(sampler.total('walsender'), bench.plan),
        client: perChange(sampler.total('client'), bench.plan),
        store: perChange(sampler.total('store'), bench.plan),
      },
      othersCores: sampler.othersCores(),
      peakRssBytes,
      storeBytesPerEntry: null,
    };
  } finally {
    sampler.stop();
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

/** Waits until the whole workload is stored; the time of it, in milliseconds since 1970. */
async function stored(bench: Bench, store: pg.Client, sampler: CpuSampler): Promise<number> {
  const deadline = performance.now() + LIMIT_MS.base + LIMIT_MS.perChange * bench.plan.changes;
  while (performance.now() < deadline) {
    const state = await store.query<{ stored: boolean; now: string; pids: number[] }>({
      name: 'stored',
      text: `select c.end_lsn >= $1 as stored, extract(epoch from clock_timestamp()) * 1000 as now,
         array(select pid from pg_catalog.pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and application_name like 'rowtrail %') as pids
       from ${STORE_SCHEMA}.checkpoints c`,
      values: [formatLsn(bench.written.endLsn)],
    });
    const { stored: done, now, pids } = state.rows[0]!;
    for (const pid of pids) sampler.watch('store', pid);
    if (done) return Number(now);
    await pause(POLL_MS);
  }
  throw new RowtrailError('RT_INTERNAL', 'Rowtrail did not store the workload in time', {
    hint: 'Look at what its process and the store were waiting for.',
  });
}

function startCapture(bench: Bench, config: Config, isSealing: boolean) {
  const profile = bench.cpuProfileDir;
  const child = fork(fileURLToPath(new URL('./capture-process.js', import.meta.url)), [], {
    execArgv: profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
  });
  track(bench, child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const failed = new Promise<never>((_, reject) => {
    child.on('message', (failure: CaptureFailure) => reject(captureError(failure.message)));
    child.once('error', (error) => reject(captureError(error.message)));
    child.once('exit', (code, signal) => reject(captureError(`its process ended: ${signal ?? `exit code ${code}`}`)));
  });
  failed.catch(() => {});
  send(child, { kind: 'capture', config, isSealing });
  return { child, failed, ended };
}

function send(child: ChildProcess, command: CaptureCommand): void {
  child.send(command);
}

function captureError(detail: string): RowtrailError {
  return new RowtrailError('RT_INTERNAL', `Rowtrail's capture failed: ${detail}`);
}
