import { expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { until } from '../harness/poll.ts';
import { Poller } from '../harness/poller.ts';
import { KNOWS_PEAK_MEMORY, MAX_MEMORY_KB, peakMemoryKb } from '../harness/process-memory.ts';
import { startServer } from '../harness/server.ts';

it.runIf(KNOWS_PEAK_MEMORY).each([
  ['a million small rows', 333_334, 20],
  ['12,000 rows of 8 kB', 4_000, 7_900],
])(
  'stores one transaction of %s whole, within 256 MB, and holds up nobody',
  { timeout: 300_000 },
  async (_, rows, bytes) => {
    // The walsender gives up on a client that it does not hear of for this long.
    await using server = await startServer({ wal_sender_timeout: '5s' });
    const shop = await createDatabase(server.url);
    const depot = await createDatabase(server.url);
    const store = await createDatabase(server.url);
    for (const database of [shop, depot]) await database.query('create table t (id int primary key, n int, text text)');
    const capture = await prepareCapture(shop, { tables: ['t'], store, second: depot });
    await using daemon = await capture.spawn();
    await daemon.streaming;
    await capture.caughtUp();
    const walsenders = await walsenderPids(shop);

    // All three lanes wait for their commit, so that what comes next waits in a flush: a small transaction, and a huge one.
    const holder = await store.connect();
    await holder.query('begin; select from audit.checkpoints for update');
    for (let id = 1; id <= 4; id += 1) await shop.query(`insert into t values (-${id}, 0, 'before')`);
    await shop.query(`begin; select set_config('rowtrail.user_id', '7', true);
    insert into t select n, n, repeat('"', ${bytes}) from generate_series(1, ${rows}) n;
    update t set n = n + 1 where id > 0; delete from t where id > 0; commit`);
    const blocks = async (): Promise<number> =>
      (await store.query('select count(*)::int as count from audit.flushes')).rows[0].count;
    await until(async () => (await blocks()) > 5, { timeoutMs: 60_000, what: 'the huge transaction comes in' });
    await holder.query('commit');

    await using poller = new Poller(daemonUrl(daemon.stderr()), 'source=depot');
    await until(async () => (await smallOnes(store)) === 4, { timeoutMs: 60_000 });
    expect(await hugeIsStored(store, rows)).toBe(false);
    let seen = 0;
    let meanwhile = 0;
    while (!(await hugeIsStored(store, rows))) {
      await depot.query(`insert into t values (${(seen += 1)}, 0, 'meanwhile')`);
      await until(() => poller.ids.length >= seen, { timeoutMs: 60_000, what: 'the other source’s entry is read' });
      if (!(await hugeIsStored(store, rows))) meanwhile = seen;
    }
    expect(meanwhile).toBeGreaterThan(2);
    await poller.stop();

    const peakKb = peakMemoryKb(daemon.pid);
    console.log({ rows: 3 * rows, peakMb: Math.round(peakKb / 1024), othersMeanwhile: meanwhile });
    expect(peakKb).toBeLessThan(MAX_MEMORY_KB);
    expect(await walsenderPids(shop)).toEqual(walsenders);
    const counts =
      await store.query(`select e.action, count(*)::int as entries, count(distinct e.record_key)::int as records,
      count(distinct e.xmin::text)::int as transactions, count(*) filter (where e.old::text = format('{"n":%s}', e.record_key))::int as old,
      count(*) filter (where e.row::text like format('{"id":%s,%%', e.record_key))::int as own
    from audit.entries e join audit.contexts c on c.id = e.context_id join audit.actors a on a.id = c.actor_id
    where a.claim = '7' group by 1 order by 1`);
    const each = { entries: rows, records: rows, transactions: 1, own: rows };
    expect(counts.rows).toEqual([
      { action: 'create', old: 0, ...each },
      { action: 'delete', old: 0, ...each },
      { action: 'update', old: rows, ...each },
    ]);
    daemon.kill('SIGTERM');
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
    await assertStoreInvariants(store);
  },
);

/** By backend and start: a reconnect shows. */
async function walsenderPids(database: TestDatabase): Promise<unknown[]> {
  const result = await database.query(
    `select s.slot_name, a.pid, a.backend_start from pg_replication_slots s join pg_stat_activity a on a.pid = s.active_pid
     order by s.slot_name`,
  );
  return result.rows;
}

async function smallOnes(store: TestDatabase): Promise<number> {
  return (
    await store.query(`select count(*)::int as count from audit.entries where record_key in ('-1', '-2', '-3', '-4')`)
  ).rows[0].count;
}

async function hugeIsStored(store: TestDatabase, rows: number): Promise<boolean> {
  return (await store.query('select from audit.transactions where size = $1', [3 * rows])).rowCount === 1;
}

function daemonUrl(stderr: string): string {
  return /http:\/\/127\.0\.0\.1:\d+/.exec(stderr)![0];
}
