import { expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { createLoadSchema, Load, LOAD_TABLES, Random } from '../harness/load.ts';
import { assertSealsHold, EAGER_SEALS } from '../harness/seals.ts';
import { assertStoreInvariants, compareWithOracle, installOracle } from '../harness/oracle.ts';

const KILLS = 8;
const CLIENTS = 4;
const SEED = Math.floor(Math.random() * 1e6);

it(`loses and doubles nothing when killed ${KILLS} times under load (seed ${SEED})`, { timeout: 300_000 }, async () => {
  await using database = await createDatabase();
  await createLoadSchema(database);
  await installOracle(database, LOAD_TABLES);
  const capture = await prepareCapture(database, {
    tables: LOAD_TABLES.map((table) => table.name),
    seal: EAGER_SEALS,
  });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => database.connect()));
  const random = new Random(SEED + 1_000);
  await using load = new Load(clients, SEED, 80);
  let stored = await storedUpTo(database);
  for (let kills = 0; kills < KILLS; kills += 1) {
    await using daemon = await capture.spawn();
    // Some die while they start, most while they store. Each life reads again what other tests write on this server.
    if (random.next() < 0.75) await until(async () => (await storedUpTo(database)) !== stored, { timeoutMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, random.next() * 1_000));
    daemon.kill('SIGKILL');
    expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' });
    stored = await storedUpTo(database);
  }
  await load.stop();
  const { rows } = await database.query('select count(*)::int as count from audit.transactions');
  await using daemon = await capture.spawn();
  await capture.caughtUp({ timeoutMs: 60_000 });
  daemon.kill('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });

  const compared = await compareWithOracle(database, LOAD_TABLES, await capture.entries());
  await assertStoreInvariants(capture.store);
  const seals = await assertSealsHold(capture.store);
  expect(seals).toBeGreaterThan(1n);
  console.log({ seed: SEED, storedWhileKilling: rows[0].count, seals, ...compared });
  // How much depends on the seed: how long each life is.
  expect(rows[0].count).toBeGreaterThan(5);
});

async function storedUpTo(database: TestDatabase): Promise<string> {
  return (await database.query('select end_lsn from audit.checkpoints')).rows[0].end_lsn;
}
