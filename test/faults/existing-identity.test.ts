import { expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { createLoadSchema, Load, LOAD_TABLES, Random } from '../harness/load.ts';
import { assertStoreInvariants, compareWithOracle, installOracle } from '../harness/oracle.ts';
import { storedTransactions } from '../harness/stored-transactions.ts';

const KILLS = 8;
const CLIENTS = 4;
/** Most of these change some rows, a few change none. */
const MIN_COMMITTED = 400;
const SEED = Math.floor(Math.random() * 1e6);

/**
 * The stream carries no old values here, but every row's history begins with its creation: so everything is known,
 * and the entries must be those of identity FULL. (A table without a key can't have updates without FULL.)
 */
it(
  `knows all old values under the default identity, killed ${KILLS} times under load (seed ${SEED})`,
  { timeout: 240_000 },
  async () => {
    await using database = await createDatabase();
    await createLoadSchema(database);
    await installOracle(database, LOAD_TABLES);
    const tables = LOAD_TABLES.map((table) => table.name);
    const capture = await prepareCapture(database, {
      tables,
      keepIdentity: LOAD_TABLES.filter((table) => table.key !== null).map((table) => table.name),
    });
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => database.connect()));
    const random = new Random(SEED + 1_000);
    // Where another slot of the server lags, this one's catalog_xmin does not show that the tables are older: then
    // entries from before the first look at the catalog count only until their table is described anew.
    const first = await capture.spawn();
    await first.streaming;
    await capture.caughtUp({ timeoutMs: 60_000 });
    await using load = new Load(clients, SEED, 80);
    let stored = await storedTransactions(database);
    for (let kills = 0; kills < KILLS; kills += 1) {
      await using daemon = kills === 0 ? first : await capture.spawn();
      await until(async () => (await storedTransactions(database)) > stored, { timeoutMs: 60_000 });
      await new Promise((resolve) => setTimeout(resolve, random.next() * 1_500));
      daemon.kill('SIGKILL');
      await daemon.exited;
      stored = await storedTransactions(database);
      // Descriptions are sent anew, and must not count for more than they are.
      await database.query('analyze accounts; analyze measures');
    }
    await until(() => load.committed >= MIN_COMMITTED, { timeoutMs: 60_000 });
    await load.stop();
    await using daemon = await capture.spawn();
    await capture.caughtUp({ timeoutMs: 90_000 });
    daemon.kill('SIGTERM');
    await daemon.exited;

    const compared = await compareWithOracle(database, LOAD_TABLES, await capture.entries());
    await assertStoreInvariants(capture.store);
    const links = await database.query('select kind, count(*)::int as count from audit.entry_links group by kind');
    console.log({ seed: SEED, ...compared, links: links.rows });
    expect(compared.changes).toBeGreaterThan(200);
  },
);
