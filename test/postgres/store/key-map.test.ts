import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildStore } from '../../../src/bench/generated-store.ts';
import { keyMapRunner } from '../../../src/daemon/key-map-runner.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { listActivity } from '../../../src/query/activity.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { readKeyPlaces } from '../../../src/query/key-place.ts';
import { inSnapshot, type StoreReader } from '../../../src/query/store-reader.ts';
import { EVERYTHING, type Viewer } from '../../../src/query/visibility.ts';
import { bucketOf, bucketSql, BUCKETS_OF_PART, NO_RELATION, tablesOf } from '../../../src/store/key-map.ts';
import { mapNextKeys } from '../../../src/store/key-mapper.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';

const NOW = new Date();
const DAY_MS = 86_400_000;
/** Four whole months, and this one as far as it is gone. */
const START = Date.UTC(NOW.getUTCFullYear(), NOW.getUTCMonth() - 4);
const DAYS = Math.floor((Date.now() - START) / DAY_MS);
const CLOSED = 4;
const LIMITED: Viewer = { admin: false, tables: ['public.table_0*', '-public.table_003'] };

let database: TestDatabase;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  database = await createDatabase();
  await buildStore(
    { schema: 'audit', entries: 30_000, days: DAYS },
    { connect: () => database.connect(), workers: 1, note: () => {} },
  );
  // An entry of this month, so that those before it are over on the first day of a month, too; and what is of no table.
  await database.query(
    `insert into audit.entries (id, occurred_at, action, record_key, data)
       select greatest(max(id), audit.id_at(date_trunc('month', now() at time zone 'UTC') at time zone 'UTC')) + 1, now(), 'paid', '77', '{}'
       from audit.entries;
     insert into audit.entries (id, occurred_at, action, record_key, data)
       select max(e.id) + 1, now(), 'paid', '77', '{}' from audit.partitions p join audit.entries e on e.id >= p.low and e.id < p.high
       where p.parent = 'entries' group by p.low order by p.low limit 2;
     update audit.id_clock set last_id = (select max(id) from audit.entries)`,
  );
  await database.query('delete from audit.key_maps');
  pool = createPool(database.url, 'test reader', { max: 2 });
});
afterAll(async () => {
  await pool?.end();
  await database[Symbol.asyncDispose]();
});

const reader = (viewer: Viewer = EVERYTHING): StoreReader => ({ pool, schema: 'audit', viewer });

async function mapped(): Promise<string[]> {
  const found = await database.query(
    `select p.name from audit.key_maps m join audit.partitions p on p.parent = 'entries' and p.low = m.low and p.high = m.high + 1 order by p.low`,
  );
  return found.rows.map(({ name }) => name);
}

async function mapNext(options: { signal?: AbortSignal } = {}): Promise<boolean> {
  const client = await database.connect();
  try {
    return (await mapNextKeys(client, { schema: 'audit', ...options })) !== null;
  } finally {
    await client.end();
  }
}

async function closedPartitions(): Promise<string[]> {
  const found = await database.query(
    `select name from audit.partitions where parent = 'entries' and high <= (select max(id) from audit.entries) order by low`,
  );
  return found.rows.map(({ name }) => name);
}

/** What each key is answered with, in both directions, by everybody and by somebody limited. */
async function answers(keys: readonly string[]): Promise<string[][]> {
  const found: string[][] = [];
  for (const viewer of [EVERYTHING, LIMITED]) {
    for (const record of [...keys.map((key) => [key]), keys.slice(0, 5)]) {
      for (const sort of ['-id', 'id'] as const) {
        for (const action of [[], ['update', 'truncate']]) {
          const page = await listActivity(reader(viewer), {
            filter: { ...NO_FILTER, record, action },
            sort,
            limit: 200,
            after: null,
            before: null,
          });
          found.push(page.entries.map(({ id }) => id.toString()));
        }
      }
    }
  }
  return found;
}

async function someKeys(): Promise<string[]> {
  const found = await database.query(
    `(select record_key from audit.entries where record_key is not null group by 1 order by count(*) desc limit 5)
     union all (select record_key from audit.entries where record_key is not null group by 1 order by md5(record_key) limit 15)
     union all (select record_key from audit.truncated_rows group by 1 order by md5(record_key) limit 3)
     union all (select record_key from audit.entry_links where record_key is not null group by 1 order by md5(record_key) limit 3)
     union all values ('77'), ('nowhere')`,
  );
  return found.rows.map(({ record_key: key }) => key);
}

test('a partition is mapped when no more entries can come into it, the oldest first', async () => {
  const closed = await closedPartitions();
  expect(closed).toHaveLength(CLOSED);
  // A flush that is still open, in the second of them: from there on, entries may come.
  await database.query(
    `insert into audit.flushes (first_id, last_id, source_id, writer)
     select low + 10, low + 20, 1, '00000000-0000-4000-8000-000000000001' from audit.partitions where name = '${closed[1]}'`,
  );
  expect(await mapNext()).toBe(true);
  expect(await mapNext()).toBe(false);
  expect(await mapped()).toEqual(closed.slice(0, 1));
  await database.query('delete from audit.flushes');
  while (await mapNext());
  expect(await mapped()).toEqual(closed);
});

test('a map has every key of its partition, of entries and of truncated rows', async () => {
  const found = await database.query('select low::text, part, tables from audit.key_map_parts');
  const parts = new Map(found.rows.map(({ low, part, tables }) => [`${low} ${part}`, tables]));
  const keys = await database.query(
    `select distinct m.low::text, coalesce(x.relation_id, ${NO_RELATION}) as relation, x.record_key as key
     from audit.key_maps m join (
       select id, relation_id, record_key from audit.entries union all select entry_id, relation_id, record_key from audit.truncated_rows
     ) x on x.id between m.low and m.high where x.record_key is not null`,
  );
  expect(keys.rows.length).toBeGreaterThan(10_000);
  expect(keys.rows.some(({ relation }) => relation === NO_RELATION)).toBe(true);
  const missing = keys.rows.filter(({ low, relation, key }) => {
    const { part, bucket } = bucketOf(key);
    return !tablesOf(parts.get(`${low} ${part}`) ?? Buffer.alloc(0), bucket).tables.includes(relation);
  });
  expect(missing).toEqual([]);
});

test('what is found with maps is what is found without', async () => {
  const keys = await someKeys();
  const withMaps = await answers(keys);
  // Of which tables a key may be, they leave few.
  const places = await inSnapshot(reader(), (snapshot) =>
    readKeyPlaces(snapshot, { low: 0n, high: 2n ** 62n }, ['nowhere']),
  );
  expect(places.filter(({ relationIds }) => relationIds === null)).toHaveLength(2);
  expect(places.flatMap(({ relationIds }) => relationIds ?? []).length).toBeLessThan(CLOSED * 50);

  await database.query('delete from audit.key_maps');
  expect(withMaps).toEqual(await answers(keys));
  expect(withMaps.filter((ids) => ids.length > 0).length).toBeGreaterThan(withMaps.length / 2);

  // With some of them, and a hole between.
  while (await mapNext());
  await database.query(
    'delete from audit.key_maps where low = (select low from audit.key_maps order by low offset 1 limit 1)',
  );
  expect(await mapped()).toHaveLength(CLOSED - 1);
  expect(withMaps).toEqual(await answers(keys));
  expect(await mapNext()).toBe(true);
});

test('a map that is cut short is not made', async () => {
  await database.query('delete from audit.key_maps');
  expect(await mapNext({ signal: AbortSignal.abort() })).toBe(false);
  expect(await mapped()).toEqual([]);
  while (await mapNext());
});

test('a map goes with its partition', async () => {
  const [first] = await closedPartitions();
  await database.query(`alter table audit.entries detach partition audit.${first}`);
  expect(await mapNext()).toBe(false);
  expect(await mapped()).toHaveLength(CLOSED - 1);
  expect((await database.query('select count(*)::integer as maps from audit.key_maps')).rows).toEqual([
    { maps: CLOSED - 1 },
  ]);
  // Put back by hand, it is searched as a whole until it is mapped anew.
  const bounds = await database.query(
    `select lower(r)::text as low, upper(r)::text as high from (select obj_description('audit.${first}'::regclass, 'pg_class')::int8range as r) x`,
  );
  const { low, high } = bounds.rows[0];
  await database.query(
    `alter table audit.entries attach partition audit.${first} for values from (${low}) to (${high})`,
  );
  expect(await mapNext()).toBe(true);
  expect(await mapped()).toEqual(await closedPartitions());
});

test('the daemon makes them beside capture; two of them take turns', async () => {
  await database.query('delete from audit.key_maps');
  const config = {
    url: database.url,
    schema: 'audit',
    partition: 'month' as const,
    retentionDays: null,
    archiveDir: null,
  };
  const runners = [0, 1].map(() => keyMapRunner({ store: config, storePool: pool, log: createLog('silent') }));
  const running = runners.map((runner) => runner.run());
  await until(async () => (await mapped()).length === CLOSED, { what: 'all partitions but this month are mapped' });
  await Promise.all(runners.map((runner) => runner.stop()));
  await Promise.all(running);
});

describe('the bucket of a key is the same in SQL', () => {
  const KEYS = ['', '42', 'Größe', "it's", '["1","2"]', '日本語', '\u{1f600}', ' ', '\\'];

  const bucketsOf = async (client: pg.ClientBase, keys: readonly string[]): Promise<void> => {
    const found = await client.query<{ key: string; bucket: number }>(
      `select k as key, ${bucketSql('k')} as bucket from unnest($1::text[]) k`,
      [keys],
    );
    expect(found.rows.map(({ key, bucket }) => [key, bucket])).toEqual(
      keys.map((key) => [key, bucketOf(key).part * BUCKETS_OF_PART + bucketOf(key).bucket]),
    );
  };

  test('in UTF-8', async () => {
    await bucketsOf(await database.connect(), KEYS);
  });

  test('in another encoding', async () => {
    const name = `${database.name}_latin1`;
    await database.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
    try {
      const url = new URL(database.url);
      url.pathname = name;
      const client = await database.connect({ url: url.href });
      await bucketsOf(
        client,
        KEYS.filter((key) => Buffer.from(key, 'latin1').toString('latin1') === key),
      );
    } finally {
      await database.query(`drop database ${name} with (force)`);
    }
  });
});
