import { createDatabase, type TestDatabase } from './database.ts';
import { prepareCapture, type CaptureOptions } from './capture.ts';
import { Fleet } from './fleet.ts';
import { createLoadSchema, Load, LOAD_TABLES } from './load.ts';
import { assertStoreInvariants, compareWithOracle, installOracle, type Comparison } from './oracle.ts';
import { until } from './poll.ts';
import { startServer } from './server.ts';

const DAEMONS = 3;
const CLIENTS = 3;
const LOAD_PAUSE_MS = 60;
/** However fast one daemon takes over from another. */
const MIN_COMMITTED = 200;

export interface FailoverReport extends Comparison {
  readonly kills: number;
  /** From the death of the daemon that captured until something that was committed after it is in the store. */
  readonly handOverMs: readonly number[];
}

/**
 * Three daemons on one source under load; the one that captures is killed with -9, `kills` times, and another one
 * joins. Then compares what is stored with the oracle's account, entry by entry.
 */
export async function failOver(
  kills: number,
  seed: number,
  capture: NonNullable<CaptureOptions['capture']>,
): Promise<FailoverReport> {
  // Whoever takes over decodes everything since restart_lsn, whoever wrote it, and others' open transactions hold that
  // back: on a server that is shared, the time of a hand-over would be theirs.
  await using server = await startServer();
  await using database = await createDatabase(server.url);
  await using history = await createDatabase(server.url);
  await createLoadSchema(database);
  await installOracle(database, LOAD_TABLES);
  const tables = LOAD_TABLES.map(({ name }) => name);
  const prepared = await prepareCapture(database, { tables, store: history, capture });
  await using fleet = new Fleet(prepared, DAEMONS);
  const connect = (): ReturnType<typeof database.connect> => database.connect();
  await using load = new Load(await Promise.all(Array.from({ length: CLIENTS }, connect)), seed, LOAD_PAUSE_MS);
  const handOverMs: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    await fleet.fill();
    await until(() => storedSince(history, null), { timeoutMs: 60_000, what: 'something is stored' });
    await fleet.killLeader();
    const diedAt = performance.now();
    const { now } = (await database.query('select clock_timestamp()::text as now')).rows[0] as { now: string };
    await until(() => storedSince(history, now), { timeoutMs: 60_000, what: 'another daemon has taken over' });
    handOverMs.push(Math.round(performance.now() - diedAt));
  }
  await until(() => load.committed >= MIN_COMMITTED, { timeoutMs: 60_000 });
  await load.stop();
  await prepared.caughtUp({ timeoutMs: 60_000 });
  const compared = await compareWithOracle(database, LOAD_TABLES, await prepared.entries(), {
    byRecord: capture === 'trigger',
  });
  await assertStoreInvariants(history);
  return { kills, handOverMs, ...compared };
}

/** Whether something is stored that happened after `time`, or anything at all. */
export async function storedSince(history: TestDatabase, time: string | null): Promise<boolean> {
  const found = await history.query(
    `select from audit.entries where $1::timestamptz is null or occurred_at > $1::timestamptz limit 1`,
    [time],
  );
  return found.rowCount === 1;
}
