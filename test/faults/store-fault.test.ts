import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { until } from '../harness/poll.ts';
import { startServer } from '../harness/server.ts';
import { makeSmallDisk, mayMount, type SmallDisk } from '../harness/small-disk.ts';
import {
  assertComplete,
  gapsOf,
  liveOf,
  loaded,
  QUICK,
  reaches,
  readiness,
  slotOf,
  startLoad,
  storedItems,
  terminate,
  withItems,
} from './scene.ts';

const MB = 1024 ** 2;
const HAS_DISKS = await mayMount();

describe('capture waits, says so, and goes on', { timeout: 120_000 }, () => {
  it.runIf(HAS_DISKS)(
    'when the disk of the store is full; and warns before the source runs out of patience',
    async () => {
      await using source = await startServer({ max_slot_wal_keep_size: '128MB', max_wal_size: '64MB' });
      await using server = await startServer();
      const database = await createDatabase(source.url);
      const admin = await createDatabase(server.url);
      await using disk = await makeSmallDisk(server, 400);
      const store = await storeOn(disk, admin, server.url);
      const capture = await withItems(database, store);
      await using daemon = await capture.start(QUICK);
      await database.query('insert into items values (0)');
      await capture.caughtUp();
      await disk.fill(MB);
      const insert = (from: number, count: number): Promise<unknown> =>
        database.query(
          `insert into items select n, repeat('x', 1900) from generate_series(${from}, ${from + count - 1}) n`,
        );
      await insert(1, 5_000);
      const live = await reaches(daemon, 'waiting', 'RT_RESOURCES');
      expect(live.error?.message).toMatch(/No space left on device/);
      expect(live.error?.hint).toBeTruthy();
      expect(await readiness(daemon)).toEqual({ status: 503, codes: ['RT_RESOURCES'] });
      // The application goes on writing, and what it writes is kept: for a while.
      let next = 5_001;
      await until(
        async () => {
          await insert(next, 5_000);
          next += 5_000;
          return (
            (await metric(daemon.url, 'rowtrail_backlog_bytes')) >
            (await metric(daemon.url, 'rowtrail_backlog_limit_bytes')) / 2
          );
        },
        { timeoutMs: 60_000, what: 'the alert of the backlog' },
      );
      expect(await slotOf(capture)).toMatchObject({ wal_status: expect.stringMatching(/^(reserved|extended)$/) });
      await disk.free();
      await reaches(daemon, 'streaming');
      await capture.caughtUp({ timeoutMs: 60_000 });
      expect(await storedItems(capture)).toHaveLength(next);
      expect(await gapsOf(capture)).toEqual([]);
      await until(async () => ((await liveOf(daemon)).backlog_bytes ?? Infinity) < 40 * MB);
      await daemon.stop();
      await assertStoreInvariants(store);
      for (const each of [store, admin, database]) await each[Symbol.asyncDispose]();
    },
  );

  it('when the store is read-only', async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    await using admin = await createDatabase();
    const capture = await withItems(database, store);
    await using daemon = await capture.start(QUICK);
    await capture.caughtUp();
    await admin.query(`alter database ${store.name} set default_transaction_read_only = on`);
    await terminate(database, store, 'rowtrail store');
    await database.query('insert into items values (1)');
    await reaches(daemon, 'waiting', 'RT_READ_ONLY');
    expect((await readiness(daemon)).codes).toContain('RT_READ_ONLY');
    await admin.query(`alter database ${store.name} reset default_transaction_read_only`);
    await reaches(daemon, 'streaming');
    await capture.caughtUp();
    expect(await storedItems(capture)).toEqual([1]);
    expect(await gapsOf(capture)).toEqual([]);
  });

  it.each([
    [
      'a table',
      'lock table audit.entries in share mode',
      /a lock on the table entries, which process \d+ \(nightly report, \w+\)/,
    ],
    ['a row', 'select from audit.checkpoints for update', /a lock on a row, which process \d+ \(nightly report, /],
    [
      'the clock of ids',
      'select from audit.id_clock for update',
      /a lock on a row, which process \d+ \(nightly report, /,
    ],
  ])('when somebody locks %s of the store, and names who', async (_what, lock, message) => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await withItems(database, store);
    await using daemon = await capture.start(QUICK);
    await capture.caughtUp();
    const holder = await store.connect({ applicationName: 'nightly report' });
    await holder.query(`begin; ${lock}`);
    try {
      await database.query('insert into items values (1)');
      const live = await reaches(daemon, 'streaming', 'RT_STORE_LOCKED');
      expect(live.error?.message).toMatch(message);
      expect(live.error?.hint).toMatch(/pg_terminate_backend\(\d+\)/);
      expect(await readiness(daemon)).toEqual({ status: 503, codes: ['RT_STORE_LOCKED'] });
    } finally {
      await holder.query('commit');
    }
    await capture.caughtUp();
    await until(async () => (await readiness(daemon)).status === 200, { what: 'it is ready again' });
    expect(await storedItems(capture)).toEqual([1]);
    const { counters, error } = await liveOf(daemon);
    expect([counters.retries, error]).toEqual([0, null]);
    expect(await gapsOf(capture)).toEqual([]);
  });

  it('when every flush of the store takes long: larger ones make up for it', async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await loaded(database, store);
    await store.query(
      `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.4); return null; end $$;
       create trigger slow before insert on audit.transactions for each statement execute function slow()`,
    );
    await using daemon = await capture.start(QUICK);
    await using load = await startLoad(database, 21);
    await until(() => load.committed > 150);
    await load.stop();
    await assertComplete(capture);
    expect((await liveOf(daemon)).counters.retries).toBe(0);
    expect(await gapsOf(capture)).toEqual([]);
    await daemon.stop();
    await assertStoreInvariants(store);
  });
});

/** A database on that disk; the rest of its server is elsewhere, as its WAL is that must not fill it. */
async function storeOn(disk: SmallDisk, admin: TestDatabase, serverUrl: string): Promise<TestDatabase> {
  await admin.query(`create tablespace small location '${disk.folder}'`);
  const store = await createDatabase(serverUrl);
  await admin.query(`alter database ${store.name} set tablespace small`);
  return store;
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{.*\\} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}
