import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import type { Capture } from '../harness/capture.ts';
import { until } from '../harness/poll.ts';
import { startServer } from '../harness/server.ts';
import { holdSlot } from '../harness/slot-holder.ts';
import {
  assertComplete,
  assertHealed,
  assertStoppedWithGap,
  gapsOf,
  loaded,
  QUICK,
  reaches,
  setUp,
  slotOf,
  storedItems,
  terminate,
  withItems,
} from './scene.ts';

describe('the slot', () => {
  it('moves on while tracked tables rest, never past what the store knows', async () => {
    // restart_lsn stands where the oldest transaction of the server that writes began, whosever it is.
    await using server = await startServer();
    await using database = await createDatabase(server.url);
    await database.query('create table untracked (id int, text text)');
    const capture = await loaded(database);
    await using _daemon = await capture.start(QUICK);
    await capture.caughtUp();
    const before = await slotOf(capture);
    for (let i = 0; i < 10; i += 1) {
      await database.query(`insert into untracked select n, repeat('x', 500) from generate_series(1, 2000) n`);
      expect((await slotOf(capture)).covered).toBe(true);
    }
    const end = (await database.query('select pg_current_wal_lsn() as lsn')).rows[0].lsn;
    const left = async (lsn: string): Promise<number> =>
      Number((await database.query('select pg_wal_lsn_diff($1, $2)::bigint as bytes', [end, lsn])).rows[0].bytes);
    await until(
      async () => {
        // What is running is written to the WAL with each checkpoint: up to there, nothing older is needed.
        await database.query('checkpoint');
        const slot = await slotOf(capture);
        expect(slot.covered).toBe(true);
        // Confirmed: what is sent again. Restart: what keeps WAL files, and so the disk.
        return (await left(slot.confirmed_flush_lsn)) < 200_000 && (await left(slot.restart_lsn)) < 200_000;
      },
      { timeoutMs: 60_000 },
    );
    const after = await slotOf(capture);
    expect(after.confirmed_flush_lsn).not.toBe(before.confirmed_flush_lsn);
    expect(after.restart_lsn).not.toBe(before.restart_lsn);
    await database.query(`insert into journal values ('in', 1)`);
    await assertComplete(capture);
  });

  it('advanced by hand stops capture with a gap, at the start', async () => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await database.query('insert into items values (1)');
    await database.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [capture.source.slot]);
    for (let starts = 0; starts < 2; starts += 1) {
      await expect(capture.start(QUICK)).rejects.toMatchObject({ code: 'RT_SLOT_LOST' });
      expect(await gapsOf(capture)).toEqual([
        expect.objectContaining({ reason: 'slot_lost', to_lsn: null, at_end: true }),
      ]);
    }
    await setUp(capture);
    await using daemon = await capture.start(QUICK);
    await database.query('insert into items values (2)');
    await capture.caughtUp();
    await daemon.stop();
    expect(await storedItems(capture)).toEqual([2]);
    expect(await gapsOf(capture)).toEqual([expect.objectContaining({ reason: 'slot_lost', at_end: false })]);
  });

  it('dropped stops capture with a gap, and is not made again but by setup', async () => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await using daemon = await capture.start(QUICK);
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    await dropSlot(capture);
    // It goes on serving the history, and says so.
    await assertStoppedWithGap(capture, daemon, 'RT_SLOT_MISSING', 'slot_missing');
    await database.query('insert into items values (2)');
    expect(await slotOf(capture)).toBeUndefined();
    await assertHealed(capture, daemon, 'slot_missing');
    await database.query('insert into items values (3)');
    await capture.caughtUp();
    expect(await storedItems(capture)).toEqual([1, 3]);
  });

  it('dropped and made again by hand stops capture with a gap', async () => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await using daemon = await capture.start(QUICK);
    await capture.caughtUp();
    await daemon.stop();
    await dropSlot(capture);
    await database.query('insert into items values (1)');
    await database.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [capture.source.slot]);
    await expect(capture.start(QUICK)).rejects.toMatchObject({ code: 'RT_SLOT_LOST' });
    expect(await gapsOf(capture)).toEqual([expect.objectContaining({ reason: 'slot_lost', to_lsn: null })]);
  });

  it('invalidated stops capture with a gap, while it streams and while it is down', async () => {
    await using server = await startServer({ max_slot_wal_keep_size: '1MB' });
    const database = await createDatabase(server.url);
    await using store = await createDatabase();
    const capture = await withItems(database, store);
    await using daemon = await capture.start(QUICK);
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    // With something on its way to a store that does not take it, nothing is acknowledged.
    const holder = await store.connect();
    await holder.query('begin; select from audit.checkpoints for update');
    await database.query('insert into items values (2)');
    await invalidate(database);
    await holder.query('commit');
    await assertStoppedWithGap(capture, daemon, 'RT_SLOT_LOST', 'slot_lost');
    await assertHealed(capture, daemon, 'slot_lost');
    await daemon.stop();
    await invalidate(database);
    await expect(capture.start(QUICK)).rejects.toMatchObject({ code: 'RT_SLOT_LOST' });
    expect((await gapsOf(capture)).map(({ epoch, to_lsn: to }) => [epoch, to === null])).toEqual([
      [2, false],
      [3, true],
    ]);
    await database[Symbol.asyncDispose]();
  });

  it('in use by another consumer is waited for, and no gap', async () => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await using holder = await holdSlot(database.url, capture.source.slot, capture.source.publication);
    await database.query('insert into items values (1)');
    await using daemon = await capture.start(QUICK);
    const live = await reaches(daemon, 'waiting', 'RT_SLOT_BUSY');
    expect(live.error?.message).toContain(String((await slotOf(capture)).active_pid));
    expect(await readiness503(daemon.url)).toContain('RT_SLOT_BUSY');
    await holder[Symbol.asyncDispose]();
    await reaches(daemon, 'streaming');
    await capture.caughtUp();
    expect(await storedItems(capture)).toEqual([1]);
    expect(await gapsOf(capture)).toEqual([]);
  });

  it.each([
    ['a physical', 'select pg_create_physical_replication_slot($1)'],
    ["another plugin's", `select pg_create_logical_replication_slot($1, 'test_decoding')`],
  ])('replaced by %s one of its name stops capture, and setup refuses to touch that', async (_, sql) => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await dropSlot(capture);
    await database.query(sql, [capture.source.slot]);
    await expect(capture.start(QUICK)).rejects.toMatchObject({ code: 'RT_SLOT_MISSING' });
    expect(await gapsOf(capture)).toEqual([expect.objectContaining({ reason: 'slot_missing', to_lsn: null })]);
    await expect(setUp(capture)).rejects.toMatchObject({ message: expect.stringContaining('not a pgoutput slot') });
    expect(await gapsOf(capture)).toHaveLength(1);
    await database.query('select pg_drop_replication_slot($1)', [capture.source.slot]);
  });

  it('of another name than the history has is a wrong configuration, and no gap', async () => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await capture.store.query(`update audit.checkpoints set slot = 'the_other'`);
    await expect(capture.start(QUICK)).rejects.toMatchObject({
      code: 'RT_SETUP_MISSING',
      message: expect.stringContaining('the_other'),
    });
    expect(await gapsOf(capture)).toEqual([]);
  });

  it('lets its server shut down while capture is idle', async () => {
    await using server = await startServer();
    await using store = await createDatabase();
    const database = await createDatabase(server.url);
    const capture = await loaded(database, store);
    await using _daemon = await capture.start();
    await capture.caughtUp();
    // WAL that concerns no one.
    await database.query('create table untracked as select n from generate_series(1, 1000) n');
    await server.postgres.stop('fast');
    // A server that is kept waiting is told to stop at once.
    const log = await readFile(join(server.postgres.dataDir, 'server.log'), 'utf8');
    expect(log).toContain('received fast shutdown request');
    expect(log).not.toContain('received immediate shutdown request');
  });
});

async function dropSlot(capture: Capture): Promise<void> {
  await until(async () => {
    await terminate(capture.database, capture.database, 'rowtrail capture');
    await capture.database.query('select pg_drop_replication_slot($1)', [capture.source.slot]);
    return true;
  });
}

/** Writes WAL until the server gives the slot up. */
async function invalidate(database: TestDatabase): Promise<void> {
  await database.query('create table if not exists filler (n int, text text)');
  await until(
    async () => {
      await database.query(`insert into filler select n, repeat('x', 1000) from generate_series(1, 5000) n`);
      await database.query('select pg_switch_wal()');
      await database.query('checkpoint');
      const slot = await database.query('select wal_status from pg_replication_slots');
      return slot.rows[0].wal_status === 'lost';
    },
    { timeoutMs: 60_000, what: 'the slot is lost' },
  );
}

async function readiness503(url: string): Promise<string> {
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(503);
  return response.text();
}
