import { describe, expect, test } from 'vitest';
import type { SourceConfig } from '../../src/config/config.ts';
import { createPool } from '../../src/pg/pool.ts';
import { listActivity } from '../../src/query/activity.ts';
import { NO_FILTER } from '../../src/query/filter.ts';
import { EVERYTHING } from '../../src/query/visibility.ts';
import { createDatabase, createRole, type TestDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { outlineGaps, track, type TrackedDatabase } from './partition/fixture.ts';
import { inTransaction } from './setup-fixture.ts';

const TABLES = `
  create schema hidden;
  create table orders (id integer primary key, status text not null default 'new', total numeric(8, 2));
  create table users (id integer primary key, email text)`;

interface SchemaEntry {
  readonly relation: string | null;
  readonly named: string | null;
  readonly data: {
    readonly tag: string;
    readonly object: { readonly type: string; readonly identity: string };
  } & Record<string, unknown>;
  readonly attribution: string;
  readonly actor: string;
}

async function schemaEntries(db: TestDatabase): Promise<SchemaEntry[]> {
  const found = await db.query(
    `select r.table_name as relation, e.data ->> 'table' as named, (e.data -> 'data')::text as data, c.attribution, a.claim as actor
     from audit.entries e left join audit.relations r on r.id = e.relation_id
       join audit.contexts c on c.id = e.context_id join audit.actors a on a.id = c.actor_id
     where e.action = 'schema' order by e.id`,
  );
  return found.rows.map((row) => ({ ...row, data: JSON.parse(row.data) }));
}

const outline = (entries: readonly SchemaEntry[]): string[] =>
  entries.map(({ data }) => `${data.tag} ${data.object.type} ${data.object.identity}`);

async function tracked(
  db: TestDatabase,
  sql = TABLES,
  overrides: Partial<SourceConfig> = {},
): Promise<TrackedDatabase> {
  return track(db, sql, overrides);
}

describe('a change of the schema is an entry', () => {
  test('with who made it, what it is about and what became of the columns', async () => {
    await using db = await createDatabase();
    const source = await tracked(db);
    await source.captured(async () => {
      const client = await db.connect();
      await inTransaction(client, [
        "set local rowtrail.user_id = '7'",
        'alter table orders add column note text, alter column total type numeric(10, 3)',
        'insert into orders values (1)',
        'alter table orders rename column note to remark',
        'alter table orders drop column remark, alter column status drop not null',
      ]);
      await client.query('alter table orders add constraint positive check (total > 0)');
      await client.query('alter table orders set (fillfactor = 70)');
    });
    const entries = await schemaEntries(db);
    expect(
      entries.map(({ relation, attribution, actor }) => `${relation} ${attribution} ${actor}`).slice(0, 3),
    ).toEqual(Array.from({ length: 3 }, () => 'orders app 7'));
    expect(entries.map(({ data }) => data)).toEqual([
      {
        tag: 'ALTER TABLE',
        object: { type: 'table', schema: 'public', identity: 'public.orders' },
        columns: {
          added: [{ name: 'note', type: 'text', notNull: false }],
          changed: [{ name: 'total', from: { type: 'numeric(8,2)' }, to: { type: 'numeric(10,3)' } }],
        },
        rewrite: true,
      },
      expect.objectContaining({
        columns: { changed: [{ name: 'remark', from: { name: 'note' }, to: { name: 'remark' } }] },
      }),
      expect.objectContaining({
        columns: {
          dropped: [{ name: 'remark', type: 'text', notNull: false }],
          changed: [{ name: 'status', from: { notNull: true }, to: { notNull: false } }],
        },
      }),
      expect.not.objectContaining({ columns: expect.anything() }),
      expect.not.objectContaining({ columns: expect.anything() }),
    ]);
    // Among the rows, where it was made.
    expect((await source.entries('true')).map(({ action }) => action)).toEqual([
      'schema',
      'create',
      'schema',
      'schema',
      'schema',
      'schema',
    ]);
  });

  test('for views, functions, policies, grants, triggers and what is dropped; of tracked schemas alone', async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    const source = await tracked(db);
    await source.captured(async () => {
      const client = await db.connect();
      for (const statement of [
        'create view open_orders as select * from orders',
        `create function one(a integer) returns integer language sql as 'select 1'`,
        `create or replace function one(a integer) returns integer language sql as 'select 2'`,
        'create policy own on orders using (true)',
        `grant select, insert on orders, open_orders to ${role.name}`,
        `grant select (id) on users to ${role.name}`,
        `revoke insert on orders from ${role.name}`,
        'create index late on orders (total)',
        'drop policy own on orders',
        'drop view open_orders',
        'drop function one(integer)',
        'drop index late',
        'create table hidden.secret (id integer); alter table hidden.secret add a text; drop table hidden.secret',
        'create temp table brief (id integer primary key); alter table brief add a text; drop table brief',
        'comment on table orders is $$no change$$; analyze orders; refresh materialized view if_none',
      ]) {
        await client.query(statement).catch(() => {});
      }
      await client.query(`revoke all on all tables in schema public from ${role.name}`);
      await client.query('drop table users cascade');
    });
    const entries = await schemaEntries(db);
    expect(outline(entries)).toEqual([
      'CREATE VIEW view public.open_orders',
      'CREATE FUNCTION function public.one(integer)',
      'CREATE FUNCTION function public.one(integer)',
      'CREATE POLICY policy own on public.orders',
      'GRANT table public.orders',
      'GRANT view public.open_orders',
      'GRANT table column public.users.id',
      'REVOKE table public.orders',
      'CREATE INDEX index public.late',
      'DROP POLICY policy own on public.orders',
      'DROP VIEW view public.open_orders',
      'DROP FUNCTION function public.one(integer)',
      'DROP INDEX index public.late',
      'REVOKE table public.orders',
      'REVOKE table column public.users.id',
      'DROP TABLE table public.users',
    ]);
    const of = (what: string): SchemaEntry | undefined => entries.find((entry) => outline([entry])[0] === what);
    expect(of('CREATE POLICY policy own on public.orders')?.relation).toBe('orders');
    expect(of('CREATE VIEW view public.open_orders')).toMatchObject({ relation: null, named: 'open_orders' });
    expect(of('DROP TABLE table public.users')?.relation).toBe('users');
    expect(of('REVOKE table public.orders')?.data['acl']).toEqual({
      before: expect.arrayContaining([expect.stringMatching(`^${role.name}=ar/`)]),
      after: expect.arrayContaining([expect.stringMatching(`^${role.name}=r/`)]),
    });
    expect(outlineGaps(await source.gaps())).toEqual(['table_dropped public.users public.users']);
  });

  test('holds the statement only where that is asked for, and never beside masked columns', async () => {
    await using db = await createDatabase();
    const mask = { exclude: ['email'], hash: [], redact: [], identity: null };
    const source = await tracked(db, TABLES, { ddlText: true, tableOptions: { 'public.users': mask } });
    await source.captured(async () => {
      await db.query('alter table orders add a text');
      await db.query(`alter table users alter email set default 'secret@x'`);
      await db.query(`update users set email = 'secret@x'; alter table orders add b text`);
    });
    const entries = await schemaEntries(db);
    expect(entries.map(({ data }) => data['statement'] ?? null)).toEqual(['alter table orders add a text', null, null]);
    expect(JSON.stringify(entries)).not.toContain('secret');
  });

  test('cannot be forged, nor kept from the history', async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    const source = await tracked(db, `${TABLES}; alter table orders owner to ${role.name}`);
    await source.captured(async () => {
      const owner = await db.connect({ url: role.url(db) });
      const forged = `array['d', 'guessed', 'DROP TABLE', 'table', 'public', 'public.users', null, null, null, null, null, null, null, null]::text`;
      await owner.query(`select pg_logical_emit_message(true, 'rowtrail', ${forged})`);
      await expect(owner.query('select rowtrail.schema_ddl()')).rejects.toThrow(/permission denied|can only be called/);
      await expect(
        owner.query(`select rowtrail.send_schema('a', 'b', 'c', 'd', 1, true, null, null, null, null)`),
      ).rejects.toThrow(/permission denied/);
      await owner.query(`set rowtrail.at_work = 'x'; set rowtrail.acls = 'nonsense'`);
      await owner.query(
        `set search_path = ''; alter table public.orders add a text; grant select on public.orders to public`,
      );
    });
    expect(outline(await schemaEntries(db))).toEqual(['ALTER TABLE table public.orders', 'GRANT table public.orders']);
    await db.query(`reassign owned by ${role.name} to current_user; drop owned by ${role.name}`);
  });
});

describe('a new table that matches the patterns', () => {
  test('is captured from its first row, whoever makes it', async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    const source = await tracked(db, `${TABLES}; grant create on schema public to ${role.name}`);
    await source.captured(async () => {
      const owner = await db.connect({ url: role.url(db) });
      await inTransaction(owner, [
        "set local rowtrail.user_id = '7'",
        'create table fresh (id serial primary key, v text)',
        "insert into fresh (v) values ('a')",
        "update fresh set v = 'b'",
      ]);
      await owner.query('create table nokey (v text)');
      await owner.query("insert into nokey values ('a'); update nokey set v = 'b'; delete from nokey");
      await owner.query('create table parted (id integer, v text) partition by list (id)');
      await owner.query('create table parted_1 partition of parted for values in (1)');
      await owner.query("insert into parted values (1, 'a'); update parted set v = 'b'; truncate parted");
      await owner.query('create unlogged table quick (id integer primary key); create temp table brief (id integer)');
      await owner.query('insert into quick values (1); insert into brief values (1)');
    });
    const entries = await source.entries();
    expect(
      entries.map(({ table_name, action, old, actor }) => `${table_name} ${action} ${old ?? ''} ${actor === '7'}`),
    ).toEqual([
      'fresh create  true',
      'fresh update {"v":"a"} true',
      'nokey create  false',
      'nokey update {"v":"a"} false',
      'nokey delete  false',
      'parted create  false',
      'parted update {"v":"a"} false',
      'parted truncate  false',
    ]);
    const schema = await schemaEntries(db);
    expect(outline(schema)).toEqual([
      'CREATE TABLE table public.fresh',
      'CREATE TABLE table public.nokey',
      'CREATE TABLE table public.parted',
      'CREATE TABLE table public.parted_1',
      'CREATE TABLE table public.quick',
    ]);
    expect(schema[0]?.data['columns']).toMatchObject({ added: [{ name: 'id', type: 'integer' }, { name: 'v' }] });
    expect(await source.gaps()).toEqual([]);
    await db.query(`reassign owned by ${role.name} to current_user; drop owned by ${role.name}`);
  });

  test('and comes with rows gets a baseline of them, and is captured from there', async () => {
    await using db = await createDatabase();
    const source = await tracked(db);
    // Before a daemon sees any of it: the baselines are of what the changes left.
    await db.query('create table copied as select g as id from generate_series(1, 3) g');
    await db.query('select id, status into picked from orders');
    await db.query('create table hidden.moving (id integer primary key); insert into hidden.moving values (1)');
    await db.query('alter table hidden.moving set schema public');
    await db.query('update copied set id = 9 where id = 1; insert into picked values (1); delete from moving');
    await source.captured(async () => {});
    // The baselines are made beside the stream, or by the next daemon.
    await source.captured(() =>
      until(async () => {
        const open = await db.query('select from audit.baselines where finished_at is null');
        return open.rows.length === 0;
      }),
    );
    expect(await source.gaps()).toEqual([]);
    const entries = await source.entries();
    expect(entries.map(({ table_name, action, old, row }) => [table_name, action, old, row])).toEqual(
      expect.arrayContaining([
        ['copied', 'update', '{"id":1}', '{"id":9}'],
        ['picked', 'create', null, '{"id":1,"status":null}'],
        ['moving', 'delete', null, '{"id":1}'],
        ['copied', 'baseline', null, '{"id":2}'],
        ['copied', 'baseline', null, '{"id":3}'],
      ]),
    );
    expect(entries).toHaveLength(5);
    expect(outline(await schemaEntries(db)).slice(0, 2)).toEqual([
      'CREATE TABLE AS table public.copied',
      'SELECT INTO table public.picked',
    ]);
  });

  test('keeps its identity and history through other names and schemas', async () => {
    await using db = await createDatabase();
    const source = await tracked(db);
    await source.captured(async () => {
      await db.query('insert into orders values (1)');
      await db.query('alter table orders rename to sales');
      await db.query('alter schema hidden rename to archive; alter table sales set schema archive');
      await db.query("update archive.sales set status = 'paid'");
    });
    const found = await source.entries('true');
    expect(found.map(({ table_name, action }) => `${table_name} ${action}`)).toEqual([
      'sales create',
      'sales schema',
      'sales schema',
      'sales update',
    ]);
    expect(await source.gaps()).toEqual([]);
    // Also under the name that it had once.
    const store = { pool: createPool(db.url, 'test', { max: 1 }), schema: 'audit', viewer: EVERYTHING };
    const query = { sort: 'id', limit: 10, after: null, before: null } as const;
    for (const table of ['orders', 'public.orders', 'sales', 'archive.sales']) {
      const page = await listActivity(store, { ...query, filter: { ...NO_FILTER, table: [table] } });
      expect(page.entries, table).toHaveLength(4);
    }
    await store.pool.end();
  });

  test('is found by comparing where event triggers are missing, and said so', async () => {
    await using db = await createDatabase();
    const source = await tracked(db);
    for (const name of [
      'schema_ddl',
      'schema_drop',
      'schema_grant',
      'schema_rewrite',
      'partition_ddl',
      'partition_drop',
    ])
      await db.query(`drop event trigger rowtrail_${name}`);
    await source.captured(async () => {
      await db.query('create table fresh (id integer primary key); create unlogged table quick (id integer)');
    });
    expect(outlineGaps(await source.gaps())).toEqual(['untracked public.fresh public.fresh open']);
  });
});
