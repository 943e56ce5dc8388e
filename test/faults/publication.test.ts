import { describe, expect, it } from 'vitest';
import { createDatabase } from '../harness/database.ts';
import { assertHealed, assertStoppedWithGap, gapsOf, QUICK, reaches, slotOf, storedItems, withItems } from './scene.ts';

/*
 * Up to PostgreSQL 17 the walsender fails at the first change after the drop; from 18 on it sends a warning, and then
 * everything but the changes.
 */
describe('a publication that is dropped', { timeout: 180_000 }, () => {
  it('while capture streams stops it at the first change that is not sent, acknowledging nothing behind it', async () => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await using daemon = await capture.start(QUICK);
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    // Another slot tells where the change that is not sent was committed.
    const witness = `${capture.source.slot}_witness`;
    await database.query(`select pg_create_logical_replication_slot($1, 'test_decoding')`, [witness]);
    await database.query('drop publication rowtrail_shop');
    await database.query('insert into items values (2)');
    const unsent = await database.query(
      `select max(lsn) as lsn from pg_logical_slot_peek_changes($1, null, null)
       where xid = (select xmin from items where id = 2) and data like 'COMMIT%'`,
      [witness],
    );
    expect(unsent.rows[0].lsn).not.toBeNull();
    // WAL that would move an idle slot on.
    await database.query('create table untracked as select n from generate_series(1, 20000) n');
    await assertStoppedWithGap(capture, daemon, 'RT_PUBLICATION_MISSING', 'publication_missing');
    await database.query('create table more as select n from generate_series(1, 20000) n; checkpoint');
    const behind = await database.query(
      `select confirmed_flush_lsn < $2::pg_lsn as before, active from pg_replication_slots where slot_name = $1`,
      [capture.source.slot, unsent.rows[0].lsn],
    );
    expect(behind.rows).toEqual([{ before: true, active: false }]);
    expect((await slotOf(capture)).covered).toBe(true);
    await assertHealed(capture, daemon, 'publication_missing');
    await database.query('insert into items values (3)');
    await capture.caughtUp();
    expect(await storedItems(capture)).toEqual([1, 3]);
  });

  it('while the daemon is down stops it at its start, with the gap on record', async () => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await database.query('drop publication rowtrail_shop; insert into items values (1)');
    for (let starts = 0; starts < 2; starts += 1) {
      await expect(capture.start(QUICK)).rejects.toMatchObject({ code: 'RT_PUBLICATION_MISSING' });
      expect(await gapsOf(capture)).toEqual([
        expect.objectContaining({ reason: 'publication_missing', to_lsn: null, at_end: true }),
      ]);
    }
  });

  it('and made again by hand is not taken for healed: what was changed between is missing', async () => {
    await using database = await createDatabase();
    const capture = await withItems(database);
    await using daemon = await capture.start(QUICK);
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    await daemon.stop();
    await database.query('drop publication rowtrail_shop');
    await database.query('insert into items values (2)');
    await database.query(
      'create publication rowtrail_shop for table items, capture_marker with (publish_via_partition_root = true)',
    );
    await database.query('insert into items values (3)');
    await using again = await capture.start(QUICK);
    await assertStoppedWithGap(capture, again, 'RT_PUBLICATION_MISSING', 'publication_missing');
    await assertHealed(capture, again, 'publication_missing');
    await database.query('insert into items values (4)');
    await capture.caughtUp();
    expect(await storedItems(capture)).toEqual([1, 4]);
  });

  it('and made again by hand before anything was changed costs nothing, and leaves no gap', async () => {
    await using database = await createDatabase();
    // Its own writes would be changes of the source's database.
    await using store = await createDatabase();
    const capture = await withItems(database, store);
    await using daemon = await capture.start(QUICK);
    await capture.caughtUp();
    await daemon.stop();
    await database.query('drop publication if exists rowtrail_shop');
    await expect(capture.start(QUICK)).rejects.toMatchObject({ code: 'RT_PUBLICATION_MISSING' });
    expect(await gapsOf(capture)).toHaveLength(1);
    await database.query(
      'create publication rowtrail_shop for table items, capture_marker with (publish_via_partition_root = true)',
    );
    await using again = await capture.start(QUICK);
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    await reaches(again, 'streaming');
    await expect.poll(() => gapsOf(capture), { timeout: 20_000 }).toEqual([]);
    expect(await storedItems(capture)).toEqual([1]);
  });
});
