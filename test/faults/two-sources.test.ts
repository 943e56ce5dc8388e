import { expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { createLoadSchema, Load, LOAD_TABLES } from '../harness/load.ts';
import { assertStoreInvariants, compareWithOracle, installOracle } from '../harness/oracle.ts';
import { Poller } from '../harness/poller.ts';
import { until } from '../harness/poll.ts';
import { startServer } from '../harness/server.ts';

const SEED = Math.floor(Math.random() * 1e6);
const TRANSACTIONS = 400;

async function prepared(database: TestDatabase): Promise<void> {
  await createLoadSchema(database);
  await installOracle(database, LOAD_TABLES);
}

it(
  `two sources at full load keep their order for a poller, who misses nothing (seed ${SEED})`,
  { timeout: 180_000 },
  async () => {
    await using server = await startServer();
    const depot = await createDatabase(server.url);
    await using shop = await createDatabase();
    await using store = await createDatabase();
    await Promise.all([prepared(shop), prepared(depot)]);
    const capture = await prepareCapture(shop, {
      tables: LOAD_TABLES.map((table) => table.name),
      store,
      second: depot,
    });
    await using daemon = await capture.start();
    await using all = new Poller(daemon.url);
    await using one = new Poller(daemon.url, 'source=depot');
    const clients = async (database: TestDatabase) => [await database.connect(), await database.connect()];
    await using shopLoad = new Load(await clients(shop), SEED, 0);
    await using depotLoad = new Load(await clients(depot), SEED + 10, 0);
    for (let cuts = 1; cuts <= 4; cuts += 1) {
      await until(() => Math.min(shopLoad.committed, depotLoad.committed) > (cuts * TRANSACTIONS) / 4, {
        timeoutMs: 60_000,
      });
      // A flush that is cut off leaves a block that no one will commit: the poller must pass it, and miss nothing.
      await store.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rowtrail store' and datname = $1 limit 1`,
        [store.name],
      );
    }
    await Promise.all([shopLoad.stop(), depotLoad.stop()]);
    await capture.caughtUp({ timeoutMs: 60_000 });
    await Promise.all([all.stop(), one.stop()]);

    const ids = async (source: string): Promise<bigint[]> =>
      (
        await store.query(
          `select e.id from audit.entries e join audit.transactions t on t.id = e.transaction_id
         join audit.sources s on s.id = t.source_id where s.name like $1 order by e.id`,
          [source],
        )
      ).rows.map((row) => BigInt(row.id));
    expect(all.ids).toEqual(await ids('%'));
    expect(one.ids).toEqual(await ids('depot'));
    const entries = await capture.entries();
    for (const [name, database] of [
      ['shop', shop],
      ['depot', depot],
    ] as const) {
      const own = entries.filter((entry) => entry.source === name);
      expect((await compareWithOracle(database, LOAD_TABLES, own)).transactions).toBeGreaterThan(TRANSACTIONS / 2);
    }
    await daemon.stop();
    await assertStoreInvariants(store);
    await depot[Symbol.asyncDispose]();
  },
);
