import { expect } from 'vitest';
import { CAPTURE_INTERVALS } from '../../src/capture/wal/wal-capture.ts';
import { RUNNER_DELAYS } from '../../src/daemon/source-runner.ts';
import { createLog } from '../../src/lib/log.ts';
import { parseLsn } from '../../src/pg/lsn.ts';
import { setup } from '../../src/setup/install.ts';
import { prepareCapture, type Capture, type RunningDaemon, type StartOptions } from '../harness/capture.ts';
import type { TestDatabase } from '../harness/database.ts';
import { createLoadSchema, Load, LOAD_TABLES } from '../harness/load.ts';
import { compareWithOracle, installOracle } from '../harness/oracle.ts';
import { until } from '../harness/poll.ts';

const TABLES = LOAD_TABLES.map((table) => table.name);

/** A daemon that looks more often than one in production, so that tests wait less. */
export const QUICK: StartOptions = {
  intervals: {
    ...CAPTURE_INTERVALS,
    statusMs: 100,
    idleMs: 200,
    idleMinBytes: 64n * 1024n,
    pingMs: 300,
    silenceMs: 1_500,
  },
  delays: { ...RUNNER_DELAYS, minRetryMs: 50, maxRetryMs: 1_000, standbyMs: 200, stoppedMs: 200 },
  backlogIntervalMs: 200,
  lockWatch: { lookMs: 100, afterMs: 500 },
};

/** One small table, `items`, captured. */
export async function withItems(database: TestDatabase, store?: TestDatabase): Promise<Capture> {
  await database.query('create table items (id int primary key, v text)');
  return prepareCapture(database, { tables: ['items'], ...(store === undefined ? {} : { store }) });
}

/** The keys of the items whose creation is stored, in order. */
export async function storedItems(capture: Capture): Promise<number[]> {
  return (await capture.entries("r.table_name = 'items'")).map((entry) => Number(entry.record_key));
}

export async function loaded(database: TestDatabase, store?: TestDatabase): Promise<Capture> {
  await createLoadSchema(database);
  await installOracle(database, LOAD_TABLES);
  return prepareCapture(database, { tables: TABLES, ...(store === undefined ? {} : { store }) });
}

export async function startLoad(database: TestDatabase, seed: number, clients = 2): Promise<Load> {
  return new Load(await Promise.all(Array.from({ length: clients }, () => database.connect())), seed, 20);
}

export async function assertComplete(capture: Capture): Promise<void> {
  await capture.caughtUp({ timeoutMs: 120_000 });
  await compareWithOracle(capture.database, LOAD_TABLES, await capture.entries());
}

/** Runs `rowtrail setup`. Returns what it printed. */
export async function setUp(capture: Capture): Promise<string> {
  const printed: string[] = [];
  const log = createLog('silent');
  await setup(capture.config, { dryRun: false, print: (line) => printed.push(line), log });
  return printed.join('\n');
}

export interface Gap {
  readonly reason: string;
  readonly detail: string;
  readonly epoch: number;
  readonly from_lsn: string;
  readonly to_lsn: string | null;
  readonly skip_lsn: string | null;
  /** Whether it begins where the checkpoint stands. */
  readonly at_end: boolean;
}

/** The gaps on record, the oldest first. */
export async function gapsOf(capture: Capture): Promise<Gap[]> {
  const result = await capture.store.query(
    `select reason, detail, g.epoch, from_lsn, to_lsn, skip_lsn, from_lsn = c.end_lsn and from_time is not null as at_end
     from audit.gaps g join audit.checkpoints c using (source_id) order by id`,
  );
  return result.rows;
}

export async function slotOf(capture: Capture) {
  // The slot first: what it is told is in the store before, and more may be by the time that is read.
  const slot = (
    await capture.database.query(
      `select confirmed_flush_lsn, restart_lsn, active, active_pid, wal_status from pg_replication_slots where slot_name = $1`,
      [capture.source.slot],
    )
  ).rows[0];
  if (slot === undefined) return undefined;
  const stored = await capture.store.query('select $1::pg_lsn <= acknowledged_lsn as covered from audit.checkpoints', [
    slot.confirmed_flush_lsn,
  ]);
  return { ...slot, covered: stored.rows[0].covered };
}

/** Ends connections by `application_name`; returns how many. */
export async function terminate(database: TestDatabase, target: TestDatabase, name: string): Promise<number> {
  const result = await database.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = $2',
    [name, target.name],
  );
  return result.rows.length;
}

export interface Live {
  readonly state: string;
  readonly since: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  readonly received_lsn: string;
  readonly source_lsn: string;
  readonly queued_bytes: number;
  readonly backlog_bytes: number | null;
  readonly backlog_limit_bytes: number | null;
  readonly counters: { readonly retries: number; readonly unverified_messages: number };
}

export async function liveOf(daemon: RunningDaemon): Promise<Live> {
  return ((await daemon.status())['sources'] as { live: Live }[])[0]!.live;
}

export async function positionsOf(daemon: RunningDaemon): Promise<{ receivedLsn: bigint; serverWalEnd: bigint }> {
  const live = await liveOf(daemon);
  return { receivedLsn: parseLsn(live.received_lsn), serverWalEnd: parseLsn(live.source_lsn) };
}

/** Waits until the daemon is in `state`, with this error's code where one is given. Returns what the status says. */
export async function reaches(daemon: RunningDaemon, state: string, code?: string): Promise<Live> {
  let last: Live | null = null;
  try {
    return await until(
      async () => {
        last = await liveOf(daemon);
        return last.state === state && (code === undefined || last.error?.code === code) ? last : null;
      },
      { timeoutMs: 120_000, what: `${state} ${code ?? ''}` },
    );
  } catch (error) {
    throw new Error(`not ${state} ${code ?? ''}, but ${JSON.stringify(last)}`, { cause: error });
  }
}

/** What `/readyz` answers. */
export async function readiness(daemon: RunningDaemon): Promise<{ status: number; codes: string[] }> {
  const response = await fetch(`${daemon.url}/readyz`);
  const body = (await response.json()) as { reasons?: { code: string }[] };
  return { status: response.status, codes: (body.reasons ?? []).map((reason) => reason.code) };
}

/** That capture has stopped for a loss, says so everywhere, and keeps one open gap where the history ends. */
export async function assertStoppedWithGap(
  capture: Capture,
  daemon: RunningDaemon,
  code: string,
  reason: string,
): Promise<Live> {
  const live = await reaches(daemon, 'stopped', code);
  expect(live.error?.hint).toBeTruthy();
  await until(async () => (await gapsOf(capture)).length > 0);
  expect(await gapsOf(capture)).toEqual([
    expect.objectContaining({ reason, epoch: 2, to_lsn: null, at_end: true, detail: live.error?.message }),
  ]);
  expect(await readiness(daemon)).toEqual({ status: 503, codes: [code, 'open_gap'] });
  return live;
}

/** That setup has ended the one open gap, and the daemon goes on in a new epoch by itself. */
export async function assertHealed(capture: Capture, daemon: RunningDaemon, reason: string): Promise<void> {
  const [open] = await gapsOf(capture);
  expect(await setUp(capture)).toMatch(/^GAP: /m);
  const [closed, ...more] = await gapsOf(capture);
  expect(more).toEqual([]);
  expect(closed).toMatchObject({ reason, epoch: 2, from_lsn: open!.from_lsn, skip_lsn: null });
  expect(closed!.to_lsn).not.toBeNull();
  await reaches(daemon, 'streaming');
  await capture.caughtUp();
  expect((await readiness(daemon)).status).toBe(200);
  expect((await capture.store.query('select epoch from audit.checkpoints')).rows).toEqual([{ epoch: 2 }]);
}
