import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../../src/lib/log.ts';
import { retentionRunner } from '../../../src/daemon/retention-runner.ts';
import { listActivity } from '../../../src/query/activity.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { readPartitionsAhead } from '../../../src/query/partition.ts';
import { readStatus } from '../../../src/query/status.ts';
import { EVERYTHING } from '../../../src/query/visibility.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { buildStore } from '../../../src/bench/generated-store.ts';
import { removeExpired, type RetentionOptions } from '../../../src/store/retention.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';

/** Whole months before this one, whatever day it is. */
const NOW = new Date();
const DAY_MS = 86_400_000;
const daysSince = (time: number): number => Math.floor((Date.now() - time) / DAY_MS);
const monthsAgo = (months: number): number => Date.UTC(NOW.getUTCFullYear(), NOW.getUTCMonth() - months);
const named = (months: number): string => new Date(monthsAgo(months)).toISOString().slice(0, 7).replace('-', '_');

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await buildStore(
    { schema: 'audit', entries: 3_000, days: daysSince(monthsAgo(4)) },
    { connect: () => database.connect(), workers: 1, note: () => {} },
  );
});
afterAll(() => database[Symbol.asyncDispose]());

const one = async <T>(sql: string): Promise<T> => Object.values((await database.query(sql)).rows[0])[0] as T;

async function partitions(): Promise<string[]> {
  const found = await database.query(
    "select name from audit.partitions where name !~ '_20[0-9]+_' or high <= audit.id_at(now()) order by name",
  );
  return found.rows.map((row) => row.name);
}

async function remove(options: Omit<RetentionOptions, 'schema'>): Promise<Awaited<ReturnType<typeof removeExpired>>> {
  const client = await database.connect();
  try {
    return await removeExpired(client, { schema: 'audit', ...options });
  } finally {
    await client.end();
  }
}

const rollups = (): Promise<string> => one('select coalesce(sum(count), 0)::bigint from audit.rollups');
const entries = (): Promise<string> => one('select count(*) from audit.entries');

test('a generated store is what the writer would have left: every count agrees', async () => {
  expect(await rollups()).toBe(await entries());
  expect(await one('select sum(size)::bigint from audit.transactions')).toBe(await entries());
  expect(
    await one(`select count(*) from audit.entries e left join audit.contexts c on c.id = e.context_id
      where c.id is null or e.id not between c.id and c.last_id`),
  ).toBe('0');
});

test('nothing is removed while every partition holds something younger', async () => {
  const before = await partitions();
  expect(await remove({ days: daysSince(monthsAgo(4)) + 1 })).toEqual({ removed: [], waiting: [], rollups: 0 });
  expect(await partitions()).toEqual(before);
});

test('whole partitions go with what tells of them, and the counts follow', async () => {
  const page = await listActivity(reader(), { ...LIST, sort: 'id', limit: 5 });
  const status = await readStatus(reader());
  expect(status.store).toMatchObject({ kept_since: null, removals_waiting: [] });

  const result = await remove({ days: daysSince(monthsAgo(3)) });
  expect(result?.removed.toSorted()).toEqual(
    ['contexts', 'entries', 'entry_links', 'transactions', 'truncated_rows'].map((parent) => `${parent}_${named(4)}`),
  );
  expect(result?.waiting).toEqual([]);
  expect(await partitions()).not.toContain(`entries_${named(4)}`);
  expect(await one(`select to_regclass('audit.entries_${named(4)}') is null`)).toBe(true);
  expect(await rollups()).toBe(await entries());
  expect((await readStatus(reader())).store.kept_since).toBe(
    `${new Date(monthsAgo(3)).toISOString().slice(0, 19)}.000000Z`,
  );

  // Cursors into what is gone go on with what is left, or end.
  const next = await listActivity(reader(), { ...LIST, sort: 'id', limit: 5, after: page.meta.next });
  expect(next.entries).toHaveLength(5);
  const back = await listActivity(reader(), { ...LIST, sort: 'id', limit: 5, before: page.meta.next });
  expect(back).toMatchObject({ entries: [], meta: { prev: null } });
});

test('a bucket on both sides is counted anew', async () => {
  const floor = await one<string>("select min(low)::text from audit.partitions where parent = 'entries'");
  const first = String(BigInt(floor) + 1_000n);
  await database.query(
    `insert into audit.contexts (id, last_id, transaction_id, source_id, actor_id, attribution) values (${first}, ${first}::bigint + 1, ${first}, 1, 1, 'app');
     insert into audit.entries (id, occurred_at, transaction_id, context_id, relation_id, action)
       select ${first}::bigint + i, '2020-01-01 00:07', ${first}, ${first}, 1, 'update' from generate_series(0, 1) i;
     insert into audit.rollups values ('2020-01-01', 1, 1, 'update', 'app', 1, 5, ${floor}::bigint - 3, ${first}::bigint + 1)`,
  );
  expect(await one(`select audit.trim_rollups(${floor}, 100)`)).toBe(0);
  const left = await database.query("select count, min_id, max_id from audit.rollups where bucket = '2020-01-01'");
  expect(left.rows).toEqual([{ count: '2', min_id: first, max_id: String(BigInt(first) + 1n) }]);
});

test('whoever is known stays when all that they did is gone', async () => {
  const floor = await one<string>("select min(low)::text from audit.partitions where parent = 'entries'");
  await database.query(`insert into audit.actors (id, source_id, kind, claim) overriding system value values (900001, 1, 'user', 'known'), (900002, 1, 'user', 'gone');
    insert into audit.actor_totals values (900001, 3, 1, 2), (900002, 3, 1, 2);
    insert into audit.relation_actors values (1, 900001, 1, 2), (1, 900002, ${floor}::bigint - 1, ${floor}::bigint);
    insert into audit.people values (900001, 'Known', now(), null)`);
  await database.query(`select audit.trim_folded(${floor})`);
  const acted = await database.query('select actor_id from audit.relation_actors where actor_id > 900000');
  expect(acted.rows).toEqual([{ actor_id: 900002 }]);
  const left = await database.query('select actor_id, count, max_id from audit.actor_totals where actor_id > 900000');
  expect(left.rows).toEqual([{ actor_id: 900001, count: '0', max_id: null }]);
});

test('a partition that a reader holds waits, is said, and goes the next time; writers are not held up', async () => {
  const reading = await database.connect({ applicationName: 'report of a month' });
  await reading.query('begin');
  await reading.query('select count(*) from audit.entries');
  const started = remove({ days: daysSince(monthsAgo(2)), detachLimitMs: 1_500 });
  await until(
    async () => (await one('select count(*) from audit.removed_partitions where removed_at is null')) !== '0',
    { what: 'a removal has begun' },
  );
  // While it waits: an entry comes in, and is read. It is of this month, whatever day it is; the history ends yesterday.
  const writing = await database.connect();
  await writing.query("set lock_timeout = '1s'");
  await writing.query(
    `insert into audit.entries (id, occurred_at, action)
     select greatest(max(id), audit.id_at(date_trunc('month', now() at time zone 'UTC') at time zone 'UTC')) + 1, now(), 'login'
     from audit.entries`,
  );
  const result = await started;
  expect(result?.waiting[0]).toMatchObject({
    partition: `entries_${named(3)}`,
    reason: expect.stringMatching(/^process \d+ \(report of a month\) has used the table in one transaction since /),
  });
  expect((await readStatus(reader())).store.removals_waiting[0]).toMatchObject({ partition: `entries_${named(3)}` });
  // Partitions ahead are still made meanwhile.
  await writing.query("set lock_timeout = '1s'; select audit.ensure_partitions('month', 3)");
  await reading.query('commit');
  const again = await remove({ days: daysSince(monthsAgo(2)) });
  expect(again).toMatchObject({ waiting: [], removed: expect.arrayContaining([`entries_${named(3)}`]) });
  expect(await one('select count(*) from audit.removed_partitions where removed_at is null')).toBe('0');
});

test('a crash between DETACH and DROP is finished the next time; what somebody else has detached stays', async () => {
  const month = named(2);
  await database.query(
    `insert into audit.removed_partitions (name, parent, low, high) select name, parent, low, high from audit.partitions where name = 'contexts_${month}'`,
  );
  await database.query(`alter table audit.contexts detach partition audit.contexts_${month} concurrently`);
  await database.query(`alter table audit.entry_links detach partition audit.entry_links_${month} concurrently`);
  const result = await remove({ days: daysSince(monthsAgo(1)) });
  expect(result?.removed).toContain(`contexts_${month}`);
  expect(await one(`select to_regclass('audit.contexts_${month}') is null`)).toBe(true);
  expect(await one(`select to_regclass('audit.entry_links_${month}') is null`)).toBe(false);
});

test('the daemon removes at once and goes on trying; two of them take turns', async () => {
  const config = {
    url: database.url,
    schema: 'audit',
    partition: 'month' as const,
    retentionDays: daysSince(monthsAgo(0)),
    archiveDir: null,
  };
  const pool = createPool(database.url, 'test', { max: 1 });
  const reading = await database.connect();
  await reading.query('begin; select 1 from audit.entries limit 1');
  const runners = [0, 1].map(() =>
    retentionRunner({
      store: config,
      storePool: pool,
      log: createLog('silent'),
      intervals: { checkMs: 50, retryMs: 50, detachLimitMs: 200 },
    }),
  );
  const running = runners.map((runner) => runner.run());
  await until(async () => (await readStatus(reader())).store.removals_waiting.length > 0, { what: 'a removal waits' });
  await reading.query('commit');
  // The entries are not looked at meanwhile: whoever reads them, a removal waits for.
  await until(
    async () =>
      !(await partitions()).includes(`entries_${named(1)}`) &&
      (await one('select count(*) from audit.removed_partitions where removed_at is null')) === '0',
    { what: 'the last month is gone' },
  );
  // The login of the test above was not counted.
  await until(async () => (await rollups()) === String(BigInt(await entries()) - 1n), { what: 'and its counts are' });
  await Promise.all(runners.map((runner) => runner.stop()));
  await Promise.all(running);
  await pool.end();
  expect(await readPartitionsAhead(reader(), 5_000)).toBe(3);
});

const LIST = { filter: NO_FILTER, after: null, before: null };

function reader() {
  return { pool: readerPool(), schema: 'audit', viewer: EVERYTHING };
}

let pool: ReturnType<typeof createPool> | undefined;
afterAll(async () => {
  await pool?.end();
});
function readerPool() {
  return (pool ??= createPool(database.url, 'test reader', { max: 2 }));
}
