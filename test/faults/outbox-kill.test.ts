import { expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { createLoadSchema, Load, LOAD_TABLES, Random } from '../harness/load.ts';
import { assertStoreInvariants, compareWithOracle, installOracle } from '../harness/oracle.ts';
import { until } from '../harness/poll.ts';
import { startServer } from '../harness/server.ts';
import { storedTransactions } from '../harness/stored-transactions.ts';

const KILLS = 7;
/** Every how many kills it is the source's server that dies. */
const SOURCE_EVERY = 3;
/** Every how many lives one may end before it has stored anything. */
const EARLY_EVERY = 4;
const CLIENTS = 3;
const SEED = Math.floor(Math.random() * 1e6);

it(
  `trigger capture loses and doubles nothing when it or its source is killed (seed ${SEED})`,
  { timeout: 300_000 },
  async () => {
    await using source = await startServer({ wal_level: 'replica', max_wal_senders: '0' });
    await using store = await startServer();
    await using database = await createDatabase(source.url);
    await using history = await createDatabase(store.url);
    await createLoadSchema(database);
    await installOracle(database, LOAD_TABLES);
    const tables = LOAD_TABLES.map((table) => table.name);
    const capture = await prepareCapture(database, { tables, store: history, capture: 'trigger' });
    const connect = (): ReturnType<TestDatabase['connect']> => database.connect();
    const clients = await Promise.all(Array.from({ length: CLIENTS }, connect));
    const random = new Random(SEED + 1_000);
    await using load = new Load(clients, SEED, 80, connect);
    let stored = 0;
    const kills = { daemon: 0, source: 0 };
    for (let round = 1; round <= KILLS; round += 1) {
      await using daemon = await capture.spawn();
      if (round % EARLY_EVERY !== 0) {
        await until(async () => (await storedTransactions(history)) > stored, { timeoutMs: 60_000 });
      }
      await new Promise((resolve) => setTimeout(resolve, random.next() * 600));
      if (round % SOURCE_EVERY === 0) {
        await source.postgres.kill();
        await source.postgres.restart();
        kills.source += 1;
      }
      daemon.kill('SIGKILL');
      // One that found no source at its start has ended by itself.
      const { code, signal } = await daemon.exited;
      if (code === 1) expect(daemon.stderr()).toContain('RT_CONNECT');
      else expect(signal).toBe('SIGKILL');
      kills.daemon += 1;
      stored = await storedTransactions(history);
    }
    await load.stop();
    await using daemon = await capture.spawn();
    await capture.caughtUp({ timeoutMs: 60_000 });
    await until(async () => (await database.query('select from rowtrail.outbox')).rowCount === 0, {
      timeoutMs: 30_000,
    });
    daemon.kill('SIGTERM');
    expect(await daemon.exited).toEqual({ code: 0, signal: null });

    const compared = await compareWithOracle(database, LOAD_TABLES, await capture.entries(), { byRecord: true });
    await assertStoreInvariants(history);
    expect((await history.query('select from audit.gaps')).rowCount).toBe(0);
    console.log({ seed: SEED, kills, storedWhileKilling: stored, ...compared });
    // Six lives have waited for one of their own.
    expect(stored).toBeGreaterThan(5);
  },
);
