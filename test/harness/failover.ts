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
  // back: on a server that is shared, be it with the history, the time of a hand-over would be theirs.
  await using source = await startServer();
  await using store = await startServer();
  await using database = await createDatabase(source.url);
  await using history = await createDatabase(store.url);
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
    // What was written while the daemons started is not what a hand-over takes.
    const filled = await clockOf(database);
    await until(() => storedSince(history, filled), { timeoutMs: 120_000, what: 'one of them has caught up' });
    await fleet.killLeader();
    const diedAt = performance.now();
    const died = await clockOf(database);
    await until(() => storedSince(history, died), { timeoutMs: 60_000, what: 'another daemon has taken over' });
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

export async function clockOf(database: TestDatabase): Promise<string> {
  return (await database.query('select clock_timestamp()::text as now')).rows[0].now as string;
}

/** Whether the newest entry is of something that happened after `time`. Reads no others. */
export async function storedSince(history: TestDatabase, time: string): Promise<boolean> {
  const found = await history.query(
    `select from (select occurred_at from audit.entries order by id desc limit 1) newest
     where occurred_at > $1::timestamptz`,
    [time],
  );
  return found.rowCount === 1;
}
