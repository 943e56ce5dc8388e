import { describe, expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { startServer } from '../harness/server.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { assertHealed, assertStoppedWithGap, gapsOf, liveOf, QUICK, slotOf, storedItems, withItems } from './scene.ts';

/** The SQL of a runbook. */
function skipSql(hint: string | null | undefined): string {
  return /run on the source: (select pg_replication_slot_advance\(.*?\));/.exec(hint ?? '')![1]!;
}

describe('a transaction that capture cannot get past', () => {
  it(
    'for it has a row that no walsender can send: stops, and the runbook passes over it alone',
    { timeout: 240_000 },
    async () => {
      // Seconds of work, and gigabytes, for a server of its own.
      await using server = await startServer();
      const database = await createDatabase(server.url);
      await using store = await createDatabase();
      // More than 1 GB of text, old and new together, is more than one message can hold; compressed it is little.
      await database.query(`create table big (id int primary key, a text, b text, c text, d text, e text);
      insert into big select 1, x, x, x, x, x from (select repeat('x', 110000000) x offset 0) q;
      create table items (id int primary key, v text)`);
      const capture = await prepareCapture(database, { tables: ['big', 'items'], store });
      await database.query('insert into items values (1)');
      await database.query(
        `update big set a = x, b = x, c = x, d = x, e = x from (select repeat('y', 110000000) x offset 0) q`,
      );
      await database.query('insert into items values (2)');
      await using daemon = await capture.start(QUICK);
      const live = await until(
        async () => {
          const { state } = await liveOf(daemon);
          return state === 'stopped';
        },
        { timeoutMs: 120_000 },
      ).then(() => assertStoppedWithGap(capture, daemon, 'RT_UNSENDABLE', 'transaction_unsendable'));
      // What came before it is stored; the slot is left alone, and the source not asked for the same again and again.
      expect(await storedItems(capture)).toEqual([1]);
      expect(live.error?.hint).toContain('identity: existing');
      const { retries } = live.counters;
      expect(retries).toBeLessThanOrEqual(1);
      for (let looks = 0; looks < 30; looks += 1) {
        expect((await slotOf(capture)).active).toBe(false);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const later = await liveOf(daemon);
      expect([later.state, later.since, later.counters.retries]).toEqual(['stopped', live.since, retries]);

      await database.query(skipSql(live.error?.hint));
      await until(async () => (await liveOf(daemon)).error?.code === 'RT_SLOT_LOST');
      await assertHealed(capture, daemon, 'transaction_unsendable');
      expect(await storedItems(capture)).toEqual([1, 2]);
      expect(await capture.entries("r.table_name = 'big'")).toEqual([]);
      await daemon.stop();
      await assertStoreInvariants(store);
      await database[Symbol.asyncDispose]();
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
