import { expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { createLoadSchema, Load, LOAD_TABLES, Random } from '../harness/load.ts';
import { assertSealsHold, EAGER_SEALS } from '../harness/seals.ts';
import { assertStoreInvariants, compareWithOracle, installOracle } from '../harness/oracle.ts';
import { storedTransactions } from '../harness/stored-transactions.ts';

const KILLS = 8;
const CLIENTS = 4;
/** Every how many lives one may end before it has stored anything. */
const EARLY_EVERY = 4;
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
  let stored = 0;
  for (let kills = 1; kills <= KILLS; kills += 1) {
    await using daemon = await capture.spawn();
    // Each life reads again what other tests write on this server.
    if (kills % EARLY_EVERY !== 0) {
      await until(async () => (await storedTransactions(database)) > stored, { timeoutMs: 60_000 });
    }
    await new Promise((resolve) => setTimeout(resolve, random.next() * 1_000));
    daemon.kill('SIGKILL');
    expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' });
    stored = await storedTransactions(database);
  }
  await load.stop();
  await using daemon = await capture.spawn();
  await capture.caughtUp({ timeoutMs: 60_000 });
  daemon.kill('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });

  const compared = await compareWithOracle(database, LOAD_TABLES, await capture.entries());
  await assertStoreInvariants(capture.store);
  const seals = await assertSealsHold(capture.store);
  expect(seals).toBeGreaterThan(1n);
  console.log({ seed: SEED, storedWhileKilling: stored, seals, ...compared });
  // Six lives have waited for one of their own.
  expect(stored).toBeGreaterThan(5);
});
