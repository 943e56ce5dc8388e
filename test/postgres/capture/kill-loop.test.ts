import { expect, it } from 'vitest';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase } from '../../harness/database.ts';
import { createLoadSchema, Load, LOAD_TABLES, Random } from './load.ts';
import { assertStoreInvariants, compareWithOracle, installOracle } from './oracle.ts';

const KILLS = 24;
const CLIENTS = 4;
const SEED = Math.floor(Math.random() * 1e6);

it(`loses and doubles nothing when killed ${KILLS} times under load (seed ${SEED})`, { timeout: 180_000 }, async () => {
  await using database = await createDatabase();
  await createLoadSchema(database);
  await installOracle(database, LOAD_TABLES);
  const capture = await prepareCapture(database, { tables: LOAD_TABLES.map((table) => table.name) });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => database.connect()));
  const random = new Random(SEED + 1_000);
  await using load = new Load(clients, SEED, 25);
  let storing = 0;
  for (let kills = 0; kills < KILLS; kills += 1) {
    await using daemon = await capture.spawn();
    // Some die while starting, most while they stream.
    if (random.next() < 0.8) await daemon.streaming;
    await new Promise((resolve) => setTimeout(resolve, random.next() * 1_500));
    daemon.kill('SIGKILL');
    expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const { rows } = await database.query('select count(*)::int as count from audit.transactions');
    if (rows[0].count > storing) storing = rows[0].count;
  }
  await load.stop();
  await using daemon = await capture.spawn();
  await capture.caughtUp({ timeoutMs: 60_000 });
  daemon.kill('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });

  const compared = await compareWithOracle(database, LOAD_TABLES, await capture.entries());
  await assertStoreInvariants(capture.store);
  console.log({ seed: SEED, storedWhileKilling: storing, ...compared });
  expect(storing).toBeGreaterThan(100);
});
