import { expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { KNOWS_PEAK_MEMORY, MAX_MEMORY_KB, peakMemoryKb } from '../harness/process-memory.ts';

it.runIf(KNOWS_PEAK_MEMORY).each([
  ['300,000 small rows', 300_000, 20],
  ['12,000 rows of 8 kB', 12_000, 7_900],
])('stores one transaction of %s whole, within 256 MB', { timeout: 150_000 }, async (_, rows, bytes) => {
  await using database = await createDatabase();
  await database.query('create table t (id int primary key, n int, text text); create table filler (n int)');
  const capture = await prepareCapture(database, { tables: ['t'] });
  await using daemon = await capture.spawn();
  await daemon.streaming;
  await database.query(`begin; select set_config('rowtrail.user_id', '7', true);
    insert into t select n, n, repeat('"', ${bytes}) from generate_series(1, ${rows / 3}) n;
    update t set n = n + 1; delete from t; commit`);
  await until(async () => (await database.query('select from audit.transactions')).rowCount! > 0, {
    timeoutMs: 120_000,
  });
  expect(peakMemoryKb(daemon.pid)).toBeLessThan(MAX_MEMORY_KB);
  const counts =
    await database.query(`select e.action, count(*)::int as entries, count(distinct e.record_key)::int as records,
      count(distinct e.xmin::text)::int as transactions, count(*) filter (where e.old::text = format('{"n":%s}', e.record_key))::int as old,
      count(*) filter (where e.row::text like format('{"id":%s,%%', e.record_key))::int as own
    from audit.entries e group by 1 order by 1`);
  const each = { entries: rows / 3, records: rows / 3, transactions: 1, own: rows / 3 };
  expect(counts.rows).toEqual([
    { action: 'create', old: 0, ...each },
    { action: 'delete', old: 0, ...each },
    { action: 'update', old: rows / 3, ...each },
  ]);
  const contexts = await database.query(
    'select a.claim from audit.contexts c join audit.actors a on a.id = c.actor_id',
  );
  expect(contexts.rows).toEqual([{ claim: '7' }]);
  daemon.kill('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  await assertStoreInvariants(database);
});
