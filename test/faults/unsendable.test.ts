import { describe, expect, it } from 'vitest';
import { createDatabase } from '../harness/database.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { assertHealed, assertStoppedWithGap, gapsOf, QUICK, slotOf, storedItems, withItems } from './scene.ts';
import { assertTooLargeIsPassedOver, skipSql } from './too-large.ts';

describe('a transaction that capture cannot get past', () => {
  it(
    'for it has a row that no walsender can send: stops, and the runbook passes over it alone',
    { timeout: 120_000 },
    async () => {
      await using database = await createDatabase();
      // 130 MB, and eight times as much as text, which is more than a walsender can get memory for.
      await assertTooLargeIsPassedOver(database, {
        tables: 'create table big (id int primary key, bits varbit)',
        change: `insert into big select 1, ${Array.from({ length: 13 }, () => 'b').join(' || ')}
          from (select B'0'::bit(83886080)::varbit as b offset 0) q`,
      });
    },
  );

  it(
    'for the store refuses it for good: stops, and the runbook passes over it alone',
    { timeout: 120_000 },
    async () => {
      await using database = await createDatabase();
      await using store = await createDatabase();
      const capture = await withItems(database, store);
      // What no entry can be today: a limit of the store's that one record is beyond.
      await store.query(`create function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'too large' using errcode = 'program_limit_exceeded'; end $$;
        create trigger refuse before insert on audit.entries for each row when (new.record_key = '1000') execute function refuse()`);
      for (let item = 1; item <= 40; item += 1) await database.query(`insert into items values (${item})`);
      await database.query('insert into items values (1000)');
      for (let item = 41; item <= 80; item += 1) await database.query(`insert into items values (${item})`);
      await using daemon = await capture.start(QUICK);
      const live = await assertStoppedWithGap(capture, daemon, 'RT_STORE_REFUSED', 'transaction_refused');
      const items = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
      expect(await storedItems(capture)).toEqual(items(1, 40));
      expect(live.counters.retries).toBeLessThanOrEqual(2);
      expect((await slotOf(capture)).active).toBe(false);
      const [gap] = await gapsOf(capture);
      await database.query(skipSql(live.error?.hint));
      expect(skipSql(live.error?.hint)).toContain(gap!.skip_lsn!);
      await assertHealed(capture, daemon, 'transaction_refused');
      expect(await storedItems(capture)).toEqual(items(1, 80));
      await daemon.stop();
      await assertStoreInvariants(store);
    },
  );

  it('which then can be stored after all leaves no gap behind', { timeout: 120_000 }, async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await withItems(database, store);
    await store.query(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no' using errcode = '22000'; end $$;
      create trigger refuse before insert on audit.entries for each row execute function refuse()`);
    await using daemon = await capture.start({ ...QUICK, delays: { ...QUICK.delays!, blockedMs: 1_000 } });
    await database.query('insert into items values (1)');
    await assertStoppedWithGap(capture, daemon, 'RT_STORE_REFUSED', 'transaction_refused');
    await store.query('drop trigger refuse on audit.entries');
    await capture.caughtUp();
    await expect.poll(() => gapsOf(capture), { timeout: 20_000 }).toEqual([]);
    expect(await storedItems(capture)).toEqual([1]);
  });
});
