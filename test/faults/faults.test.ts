import { describe, expect, it } from 'vitest';
import { CAPTURE_INTERVALS } from '../../src/capture/wal/wal-capture.ts';
import { prepareCapture, type Capture } from '../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { startServer } from '../harness/server.ts';
import { createLoadSchema, Load, LOAD_TABLES } from '../harness/load.ts';
import { assertStoreInvariants, compareWithOracle, installOracle } from '../harness/oracle.ts';

const TABLES = LOAD_TABLES.map((table) => table.name);
const QUICK = { ...CAPTURE_INTERVALS, statusMs: 100, idleMs: 200, idleMinBytes: 64n * 1024n };

async function loaded(database: TestDatabase, store?: TestDatabase): Promise<Capture> {
  await createLoadSchema(database);
  await installOracle(database, LOAD_TABLES);
  return prepareCapture(database, { tables: TABLES, ...(store === undefined ? {} : { store }) });
}

async function startLoad(database: TestDatabase, seed: number, clients = 2): Promise<Load> {
  return new Load(await Promise.all(Array.from({ length: clients }, () => database.connect())), seed, 20);
}

async function assertComplete(capture: Capture): Promise<void> {
  await capture.caughtUp({ timeoutMs: 45_000 });
  await compareWithOracle(capture.database, LOAD_TABLES, await capture.entries());
}

/** Ends connections by `application_name`; returns how many. */
async function terminate(database: TestDatabase, target: TestDatabase, name: string): Promise<number> {
  const result = await database.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = $2',
    [name, target.name],
  );
  return result.rows.length;
}

async function slotOf(capture: Capture) {
  const result = await capture.database.query(
    `select confirmed_flush_lsn, active, confirmed_flush_lsn <= c.acknowledged as covered, confirmed_flush_lsn - $2::pg_lsn as moved
     from pg_replication_slots, (select $2::pg_lsn as acknowledged) c where slot_name = $1`,
    [
      capture.source.slot,
      (await capture.store.query('select acknowledged_lsn from audit.checkpoints')).rows[0].acknowledged_lsn,
    ],
  );
  return result.rows[0];
}

describe('capture goes on', () => {
  it('when connections to source and store are cut under load', { timeout: 90_000 }, async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await loaded(database, store);
    await using daemon = await capture.start();
    await using load = await startLoad(database, 11);
    let cut = 0;
    for (const [target, name] of [
      [store, 'rowtrail store'],
      [database, 'rowtrail capture'],
      [store, 'rowtrail ids'],
      [store, 'rowtrail daemon'],
      [database, 'rowtrail catalog'],
      [store, 'rowtrail store'],
    ] as const) {
      const before = load.committed;
      await until(() => load.committed > before + 30);
      cut += await terminate(database, target, name);
    }
    await load.stop();
    expect(cut).toBeGreaterThan(5);
    await assertComplete(capture);
    await daemon.stop();
    await assertStoreInvariants(store);
  });

  it('when the store is killed and comes back', { timeout: 90_000 }, async () => {
    await using server = await startServer();
    await using database = await createDatabase();
    const store = await createDatabase(server.url);
    const capture = await loaded(database, store);
    await using daemon = await capture.start();
    await using load = await startLoad(database, 12);
    await until(() => load.committed > 30);
    await server.postgres.kill();
    const before = load.committed;
    await until(() => load.committed > before + 30);
    await until(async () => JSON.stringify(await daemon.status().catch(() => '')) !== '');
    await server.postgres.restart();
    await load.stop();
    await assertComplete(capture);
    await daemon.stop();
    await assertStoreInvariants(store);
    await store[Symbol.asyncDispose]();
  });

  it('when the store is locked for a while, within its memory', { timeout: 90_000 }, async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await loaded(database, store);
    await using daemon = await capture.start();
    const holder = await store.connect();
    await holder.query('begin; select from audit.checkpoints for update');
    await database.query(`insert into scratch (text) select repeat('x', 2000) from generate_series(1, 25000)`);
    for (let i = 0; i < 20; i += 1) await database.query(`insert into journal values ('in', ${i})`);
    // It reads until its queue is full, and then no further.
    let last = -1n;
    let still = 0;
    await until(
      async () => {
        const { receivedLsn, serverWalEnd } = positions(await daemon.status());
        still = receivedLsn === last ? still + 1 : 0;
        last = receivedLsn;
        return still > 25 && receivedLsn < serverWalEnd + 1n;
      },
      { timeoutMs: 30_000 },
    );
    expect((await slotOf(capture)).active).toBe(true);
    await holder.query('commit');
    await assertComplete(capture);
    expect((await capture.entries("e.action = 'create'")).length).toBe(25_020);
    await daemon.stop();
    await assertStoreInvariants(store);
  });

  it('in a second daemon when the first is killed', { timeout: 90_000 }, async () => {
    await using database = await createDatabase();
    const capture = await loaded(database);
    await using first = await capture.spawn();
    await first.streaming;
    await using load = await startLoad(database, 13);
    await using second = await capture.start();
    // It has looked at slot and checkpoint several times while the first moved both.
    const retries = async () => live(await second.status()).counters.retries;
    await until(async () => (await retries()) >= 4, { timeoutMs: 20_000 });
    expect(live(await second.status())).toMatchObject({ state: 'waiting', error: { code: 'RT_SLOT_BUSY' } });
    first.kill('SIGKILL');
    await until(async () => live(await second.status()).state === 'streaming', { timeoutMs: 10_000 });
    await load.stop();
    await assertComplete(capture);
    await second.stop();
    await assertStoreInvariants(database);
  });

  it('after SIGTERM in the middle of a large transaction', { timeout: 90_000 }, async () => {
    await using database = await createDatabase();
    const capture = await loaded(database);
    await database.query(`insert into journal values ('in', 1)`);
    await database.query(`insert into scratch (text) select repeat('x', 400) from generate_series(1, 60000)`);
    await using first = await capture.spawn();
    await until(async () => Number((await database.query('select count(*) from audit.flushes')).rows[0].count) > 3);
    const asked = performance.now();
    first.kill('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - asked).toBeLessThan(8_000);
    expect((await database.query('select count(*)::int as open from audit.flushes')).rows[0].open).toBe(0);
    await using second = await capture.start();
    await assertComplete(capture);
    await second.stop();
    await assertStoreInvariants(database);
  });
});

describe('the slot', () => {
  it('moves on while tracked tables rest, never past what the store knows', { timeout: 60_000 }, async () => {
    await using database = await createDatabase();
    await database.query('create table untracked (id int, text text)');
    const capture = await loaded(database);
    await using _daemon = await capture.start({ intervals: QUICK });
    await capture.caughtUp();
    const before = await slotOf(capture);
    for (let i = 0; i < 10; i += 1) {
      await database.query(`insert into untracked select n, repeat('x', 500) from generate_series(1, 2000) n`);
      expect((await slotOf(capture)).covered).toBe(true);
    }
    const end = (await database.query('select pg_current_wal_lsn() as lsn')).rows[0].lsn;
    await until(
      async () => {
        const slot = await slotOf(capture);
        expect(slot.covered).toBe(true);
        const left = await database.query('select pg_wal_lsn_diff($1, $2)::bigint as bytes', [
          end,
          slot.confirmed_flush_lsn,
        ]);
        return Number(left.rows[0].bytes) < 200_000;
      },
      { timeoutMs: 20_000 },
    );
    expect((await slotOf(capture)).confirmed_flush_lsn).not.toBe(before.confirmed_flush_lsn);
    await database.query(`insert into journal values ('in', 1)`);
    await assertComplete(capture);
  });

  it('advanced by hand stops capture with RT_SLOT_LOST', async () => {
    await using database = await createDatabase();
    const capture = await loaded(database);
    await database.query(`insert into journal values ('in', 1)`);
    await database.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [capture.source.slot]);
    await expect(capture.start()).rejects.toMatchObject({ code: 'RT_SLOT_LOST' });
  });

  it('dropped stops capture with RT_SLOT_MISSING', async () => {
    await using database = await createDatabase();
    const capture = await loaded(database);
    await using daemon = await capture.start();
    await capture.caughtUp();
    await until(async () => {
      await terminate(database, database, 'rowtrail capture');
      await database.query('select pg_drop_replication_slot($1)', [capture.source.slot]);
      return true;
    });
    // It goes on serving the history, and says so.
    await until(async () => live(await daemon.status()).state === 'stopped');
    expect(live(await daemon.status()).error?.code).toBe('RT_SLOT_MISSING');
  });

  it('lets its server shut down while capture is idle', { timeout: 60_000 }, async () => {
    await using server = await startServer();
    await using store = await createDatabase();
    const database = await createDatabase(server.url);
    const capture = await loaded(database, store);
    await using _daemon = await capture.start();
    await capture.caughtUp();
    // WAL that concerns no one.
    await database.query('create table untracked as select n from generate_series(1, 1000) n');
    const asked = performance.now();
    await server.postgres.stop('fast');
    expect(performance.now() - asked).toBeLessThan(8_000);
  });
});

interface Live {
  readonly state: string;
  readonly error: { readonly code: string } | null;
  readonly received_lsn: string;
  readonly source_lsn: string;
  readonly counters: { readonly retries: number; readonly unverified_messages: number };
}

function live(status: Record<string, unknown>): Live {
  return (status['sources'] as { live: Live }[])[0]!.live;
}

function positions(status: Record<string, unknown>): { receivedLsn: bigint; serverWalEnd: bigint } {
  const lsn = (text: string): bigint => {
    const [high, low] = text.split('/');
    return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
  };
  const { received_lsn: received, source_lsn: source } = live(status);
  return { receivedLsn: lsn(received), serverWalEnd: lsn(source) };
}
