import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool } from '../../src/pg/pool.ts';
import { listActivity } from '../../src/query/activity.ts';
import { NO_FILTER } from '../../src/query/filter.ts';
import { readTruncatedRows } from '../../src/query/truncated-rows.ts';
import type { StoreReader } from '../../src/query/store-reader.ts';
import { EVERYTHING } from '../../src/query/visibility.ts';
import { createDatabase, createRole, type TestDatabase } from '../harness/database.ts';
import { outlineGaps, track } from './partition/fixture.ts';
import { inTransaction } from './setup-fixture.ts';

const MAX_BYTES = 2_000_000;
const ROWS = { truncate: { capture: true, maxBytes: MAX_BYTES } };

const TABLES = `
  create type pair as (a integer, b text);
  create domain positive as integer check (value > 0);
  create table odd ("x" integer primary key, "quo""ted" text, n numeric, j json, f float8, t timestamptz, p pair, d positive,
    a integer[], b bytea, c char(7), net inet, m money, g integer generated always as ("x" * 2) stored);
  create table people (id integer primary key, name text);
  create table orders (id integer primary key, person integer references people, note text);
  create table m (id integer, region integer, v text, primary key (id, region)) partition by list (region);
  create table m_1 partition of m for values in (1);
  create table m_2 (v text, gone text, id integer not null, region integer not null);
  alter table m_2 drop column gone;
  alter table m attach partition m_2 for values in (2);`;

const ODD = `insert into odd values
  (1, e'a "b" \\\\ c, {d}\\n€🙂', 1.00, '"\\u0000"', '-0', '2026-01-02 03:04:05.000006+02', row(null, null), 7,
    '[2:3]={1,NULL}', '\\x00ff', 'ab', '10.0.0.0/8', 1.5),
  (2, null, 'NaN', '{"a": 1e999999, "a": 2}', 'Infinity', '-infinity', null, null, '{}', '', '', '::1', null)`;

async function truncates(db: TestDatabase): Promise<string[]> {
  const found = await db.query(
    `select r.table_name, e.data::text as data, e.action,
       (select count(*) from audit.truncated_rows t where t.entry_id = e.id) as rows, a.claim as actor
     from audit.entries e join audit.relations r on r.id = e.relation_id
       join audit.contexts c on c.id = e.context_id join audit.actors a on a.id = c.actor_id
     where e.action = 'truncate' order by e.id`,
  );
  return found.rows.map(
    ({ table_name: table, data, rows }) => `${table} ${JSON.stringify(JSON.parse(data).data)} ${rows}`,
  );
}

const captured = (count: number): string => `{"rows":{"captured":true,"count":${count}}} ${count}`;
const refused = (reason: string): string => `{"rows":{"captured":false,"reason":"${reason}"}} 0`;

describe('the rows of a TRUNCATE', () => {
  test('are the images that the stream gave, whatever the values', async () => {
    await using db = await createDatabase();
    const source = await track(db, TABLES, ROWS);
    await source.captured(async () => {
      await db.query(ODD);
      await db.query(
        `set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set bytea_output = 'escape'; set extra_float_digits = -3; truncate odd`,
      );
    });
    const found = await db.query(
      `select e.record_key as key, e.row::text as streamed, t.row::text as truncated
       from audit.entries e left join audit.truncated_rows t on t.relation_id = e.relation_id and t.record_key = e.record_key
       where e.action = 'create' and e.relation_id = (select id from audit.relations where table_name = 'odd') order by e.id`,
    );
    expect(found.rows).toHaveLength(2);
    for (const row of found.rows) expect(row.truncated).toBe(row.streamed);
    expect(await truncates(db)).toEqual([`odd ${captured(2)}`]);
  });

  test('are kept through cascades, partitions, policies, and for who may do nothing but truncate', async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    const source = await track(
      db,
      `${TABLES}; grant truncate on people, orders, m_1 to ${role.name};
       alter table people enable row level security; alter table people force row level security;
       create policy nobody on people using (false)`,
      ROWS,
    );
    await source.captured(async () => {
      await db.query(
        `insert into people values (1, 'Ana'), (2, 'Bo'); insert into orders values (10, 1, 'a'), (11, 2, 'b')`,
      );
      await db.query(`insert into m select g, g % 2 + 1, 'v' || g from generate_series(1, 5) g`);
      const app = await db.connect({ url: role.url(db) });
      await inTransaction(app, ["set local rowtrail.user_id = '7'", 'truncate people, orders']);
      await app.query('truncate m_1');
      const admin = await db.connect();
      await admin.query('set session_replication_role = replica');
      await admin.query("insert into m values (6, 1, 'again')");
      await admin.query('truncate m');
      await inTransaction(admin, [
        "insert into people values (3, 'Cy')",
        'savepoint s',
        'truncate people cascade',
        'rollback to s',
        'truncate people cascade',
        "insert into m values (7, 1, 'x'), (8, 2, 'y')",
        'truncate m',
        "insert into m values (9, 1, 'z')",
        'truncate m_1',
      ]);
    });
    expect(await truncates(db)).toEqual([
      `people ${captured(2)}`,
      `orders ${captured(2)}`,
      `m {"partition":"public.m_1","rows":{"captured":true,"count":2}} 2`,
      `m ${captured(4)}`,
      `people ${captured(1)}`,
      `orders ${captured(0)}`,
      `m ${captured(2)}`,
      `m {"partition":"public.m_1","rows":{"captured":true,"count":1}} 1`,
    ]);
    const rows = await db.query(
      `select t.row::text as row from audit.truncated_rows t join audit.relations r on r.id = t.relation_id
       where r.table_name = 'm' and t.record_key in ('["1","2"]', '["2","1"]') order by t.record_key`,
    );
    expect(rows.rows.map(({ row }) => row)).toEqual(['{"id":1,"region":2,"v":"v1"}', '{"id":2,"region":1,"v":"v2"}']);
    // Nothing is lost.
    expect(await source.gaps()).toEqual([]);
  });

  test('are not kept above the limit, under a snapshot that may not see them, or where that is off; the entry says so', async () => {
    await using db = await createDatabase();
    const source = await track(db, TABLES, ROWS);
    await source.captured(async () => {
      const client = await db.connect();
      await db.query(`insert into people select g, repeat('x', 1000) from generate_series(1, 3000) g`);
      await client.query('begin isolation level repeatable read; select 1');
      await db.query(`insert into orders values (1)`);
      await client.query('truncate orders; commit');
      await client.query('begin isolation level serializable; truncate orders; commit');
      await client.query('truncate people cascade');
      // One row that is larger than a message.
      await client.query(`insert into people select 1, string_agg(md5(g::text), '') from generate_series(1, 40000) g`);
      await client.query('truncate people cascade');
      await client.query("insert into m values (1, 1, 'x')");
      await client.query('begin isolation level repeatable read; truncate m_1; commit');
    });
    expect(await truncates(db)).toEqual([
      `orders ${refused('isolation')}`,
      `orders ${refused('isolation')}`,
      `people ${refused('size')}`,
      `orders ${captured(0)}`,
      `people ${refused('size')}`,
      `orders ${captured(0)}`,
      `m {"partition":"public.m_1","rows":{"captured":false,"reason":"isolation"}} 0`,
    ]);
    expect(outlineGaps(await source.gaps())).toEqual(['partition_truncated public.m public.m_1']);
  });

  test('hold no masked column', async () => {
    await using db = await createDatabase();
    const mask = { exclude: ['name'], hash: [], redact: [], identity: null };
    const source = await track(db, TABLES, { ...ROWS, tableOptions: { 'public.people': mask } });
    const other = `${db.name}_look`;
    await db.query(`select pg_create_logical_replication_slot($1, 'test_decoding')`, [other]).catch(() => {});
    await source.captured(async () => {
      await db.query("insert into people values (1, 'secret')");
      await db.query('truncate people cascade');
    });
    const rows = await db.query('select row::text as row from audit.truncated_rows');
    expect(rows.rows).toEqual([{ row: '{"id":1}' }]);
  });

  test('hold hashes in place of what is to be hashed', async () => {
    await using db = await createDatabase();
    const mask = { exclude: [], hash: ['name'], redact: [], identity: null };
    const source = await track(db, TABLES, {
      ...ROWS,
      hashKey: 'a key of sixteen or more',
      tableOptions: { 'public.people': mask },
    });
    await source.captured(async () => {
      await db.query("insert into people values (1, 'secret')");
      await db.query('truncate people cascade');
    });
    const found = await db.query(`select t.row ->> 'name' as truncated, e.row ->> 'name' as created
      from audit.truncated_rows t join audit.entries e
          on e.action = 'create' and e.record_key = t.record_key and e.relation_id = t.relation_id`);
    expect(found.rows).toEqual([
      { truncated: expect.stringMatching(/^hmac-sha256:[0-9a-f]{64}$/), created: found.rows[0].truncated },
    ]);
  });

  test('are not kept where a column of the key is excluded: they could not be told apart', async () => {
    await using db = await createDatabase();
    const mask = { exclude: ['id'], hash: [], redact: [], identity: null };
    const source = await track(db, TABLES, { ...ROWS, tableOptions: { 'public.people': mask } });
    await source.captured(async () => {
      await db.query("insert into people values (1, 'x')");
      await db.query('truncate people cascade');
    });
    const truncates = await db.query(
      `select e.data::text as data from audit.entries e join audit.relations r on r.id = e.relation_id
       where e.action = 'truncate' and r.table_name = 'people'`,
    );
    expect(truncates.rows.map(({ data }) => JSON.parse(data).data.rows)).toEqual([
      { captured: false, reason: 'masked' },
    ]);
    expect((await db.query('select from audit.truncated_rows t where t.row is not null')).rows).toEqual([]);
  });
});

describe('what is kept of a TRUNCATE of many rows', () => {
  const COUNT = 12_000;
  let db: TestDatabase;
  let store: StoreReader;

  beforeAll(async () => {
    db = await createDatabase();
    const source = await track(db, TABLES, ROWS);
    store = { pool: createPool(db.url, 'test', { max: 1 }), schema: 'audit', viewer: EVERYTHING };
    await source.captured(async () => {
      await db.query(`insert into people select g, 'person ' || g from generate_series(1, ${COUNT}) g`);
      await db.query('truncate people cascade');
      await db.query("insert into people values (5, 'new')");
    });
  });
  afterAll(async () => {
    await store?.pool.end();
    await db?.[Symbol.asyncDispose]();
  });

  test('is read a page at a time', async () => {
    const entry = await db.query(`select id from audit.entries where action = 'truncate' order by id limit 1`);
    const id = BigInt(entry.rows[0].id);
    const seen: string[] = [];
    let after: bigint | null = null;
    do {
      const page = await readTruncatedRows(store, id, { after, limit: 5_000 });
      seen.push(...page.rows.map(({ record }) => record));
      after = page.next;
    } while (after !== null);
    expect(seen).toHaveLength(COUNT);
    expect(new Set(seen).size).toBe(COUNT);
  });

  test('shows in the history of each record', async () => {
    const query = { sort: 'id', limit: 10, after: null, before: null } as const;
    for (const sort of ['id', '-id'] as const) {
      const filter = { ...NO_FILTER, table: ['people'], record: ['5'] };
      const page = await listActivity(store, { ...query, sort, filter });
      const actions = page.entries.map(({ json }) => (JSON.parse(json) as { action: string }).action);
      expect(sort === 'id' ? actions : actions.toReversed()).toEqual(['create', 'truncate', 'create']);
      const without = { ...filter, record: ['-1'] };
      expect((await listActivity(store, { ...query, sort, filter: without })).entries).toEqual([]);
    }
  });
});
