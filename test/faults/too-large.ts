import { expect } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { until } from '../harness/poll.ts';
import { assertHealed, assertStoppedWithGap, liveOf, QUICK, slotOf, storedItems } from './scene.ts';

/** The SQL of a runbook. */
export function skipSql(hint: string | null | undefined): string {
  return /run on the source: (select pg_replication_slot_advance\(.*?\));/.exec(hint ?? '')![1]!;
}

export interface TooLarge {
  /** Makes the table `big`, and what is in it before it is captured. */
  readonly tables: string;
  /** Changes `big` into something that no walsender can send. */
  readonly change: string;
}

/** That capture stops at a change that cannot be sent, without hammering the source, and the runbook passes over it. */
export async function assertTooLargeIsPassedOver(database: TestDatabase, scenario: TooLarge): Promise<void> {
  await using store = await createDatabase();
  await database.query(`${scenario.tables}; create table items (id int primary key, v text)`);
  const capture = await prepareCapture(database, { tables: ['big', 'items'], store });
  await database.query('insert into items values (1)');
  await database.query(scenario.change);
  await database.query('insert into items values (2)');
  await using daemon = await capture.start(QUICK);
  await until(async () => (await liveOf(daemon)).state === 'stopped', { timeoutMs: 300_000 });
  const live = await assertStoppedWithGap(capture, daemon, 'RT_UNSENDABLE', 'transaction_unsendable');
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
  await until(async () => (await liveOf(daemon)).error?.code === 'RT_SLOT_LOST', { timeoutMs: 60_000 });
  await assertHealed(capture, daemon, 'transaction_unsendable');
  expect(await storedItems(capture)).toEqual([1, 2]);
  expect(await capture.entries("r.table_name = 'big'")).toEqual([]);
  await daemon.stop();
  await assertStoreInvariants(store);
}
