import { expect, test } from 'vitest';
import { runChecks } from '../../../src/setup/check.ts';
import { createDatabase, createRole } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';
import { outlineGaps, track } from '../partition/fixture.ts';
import { runSetup } from '../setup-fixture.ts';

const TRIGGER = { capture: 'trigger', truncate: { capture: true, maxBytes: 2_000_000 } } as const;

test('a new table is captured by triggers from its first row, whoever makes it', async () => {
  await using db = await createDatabase();
  const app = await createRole();
  await db.query(`grant create, usage on schema public to "${app.name}"`);
  const source = await track(db, '', {
    ...TRIGGER,
    tableOptions: { 'public.people': { exclude: ['password'], hash: [], redact: [], identity: null } },
  });
  const steps = (await runSetup(source.config)).result.steps;
  await source.captured(async () => {
    const client = await db.connect({ url: app.url(db) });
    await client.query(
      `begin; create table plain (id int primary key, v text); insert into plain values (1, 'a'); commit`,
    );
    await client.query(`alter table plain add column w int; update plain set w = 2`);
    await client.query(`create table parted (id int, r int, primary key (id, r)) partition by list (r);
      create table parted_1 partition of parted for values in (1)`);
    await client.query('insert into parted values (1, 1); delete from parted_1');
    await client.query(
      `create table people (id int primary key, password text); insert into people values (1, 'hunter2')`,
    );
    await client.query(
      `create table parent (id int); create table child () inherits (parent); insert into child values (1)`,
    );
    await client.query('begin; create table undone (id int); insert into undone values (1); rollback');
    await client.query(
      'begin isolation level serializable; create table strict (id int); insert into strict values (1); commit',
    );
  });
  expect((await source.entries()).map(({ table_name, action, row }) => `${table_name} ${action} ${row}`)).toEqual([
    'plain create {"id":1,"v":"a"}',
    'plain update {"id":1,"v":"a","w":2}',
    'parted create {"id":1,"r":1}',
    'parted delete {"id":1,"r":1}',
    'people create {"id":1}',
    'child create {"id":1}',
    'strict create {"id":1}',
  ]);
  expect(await source.gaps()).toEqual([]);
  // Setup would have done the same, but that the parent was no parent yet: it waits for the next one.
  const problems = async (): Promise<string[]> =>
    (await runChecks(source.config)).flatMap(({ status, message }) => (status === 'problem' ? [message] : []));
  expect(await problems()).toEqual([expect.stringMatching(/that changes are not captured: public\.parent$/)]);
  expect((await runSetup(source.config)).result.steps).toBe(steps + 1);
  expect(await problems()).toEqual([]);
});

test('the rows that a new table came with get a baseline', async () => {
  await using db = await createDatabase();
  const source = await track(db, 'create table orders (id int primary key)', TRIGGER);
  // Before a daemon sees any of it: the baseline is of what the changes left.
  await db.query('create table copied as select g as id from generate_series(1, 3) g');
  await db.query('update copied set id = 9 where id = 1');
  await db.query('create table empty as select g as id from generate_series(1, 0) g; insert into empty values (1)');
  await source.captured(async () => {});
  expect(await source.gaps()).toEqual([]);
  const changes = (await source.entries()).filter(({ action }) => action !== 'baseline');
  expect(changes).toMatchObject([
    { table_name: 'copied', action: 'update', old: '{"id":1}' },
    { table_name: 'empty', action: 'create' },
  ]);
  await source.captured(() =>
    until(
      async () => (await db.query('select from audit.baselines where finished_at is not null')).rowCount === 1,
    ).then(() => {}),
  );
  const baseline = (await source.entries()).filter(({ action }) => action === 'baseline');
  expect(baseline.map(({ row }) => row)).toEqual(['{"id":2}', '{"id":3}']);
});

test('changes of the schema and truncated rows are told once', async () => {
  await using db = await createDatabase();
  const source = await track(
    db,
    `create table a (id int primary key, v text, g int generated always as (id * 2) stored);
     create table b (id int primary key references a);
     create table m (id int, r int, primary key (id, r)) partition by list (r);
     create table m_1 partition of m for values in (1); create table m_2 partition of m for values in (2)`,
    TRIGGER,
  );
  await source.captured(async () => {
    await db.query(
      `insert into a values (1, 'x'), (2, null); insert into b values (1); insert into m values (1, 1), (2, 2)`,
    );
    await db.query(`alter table a rename column v to w`);
    await db.query('truncate a, b');
    await db.query('truncate m_1; truncate m');
    await db.query('begin isolation level serializable; insert into a values (3); truncate a cascade; commit');
    await db.query('drop table b');
  });
  const told = await db.query(
    `select r.table_name as name, e.action, e.data ->> 'table' as named, e.data -> 'data' ->> 'tag' as tag,
       coalesce((select jsonb_agg(t.row order by t.record_key)::text from audit.truncated_rows t where t.entry_id = e.id), '') as rows
     from audit.entries e left join audit.relations r on r.id = e.relation_id
     where e.action in ('truncate', 'schema') order by e.id`,
  );
  expect(told.rows.map(({ name, action, tag, rows }) => [name, action, tag, rows].filter(Boolean).join(' '))).toEqual([
    'a schema ALTER TABLE',
    'a truncate [{"w": "x", "id": 1}, {"w": null, "id": 2}]',
    'b truncate [{"id": 1}]',
    'm truncate [{"r": 1, "id": 1}]',
    'm truncate [{"r": 2, "id": 2}]',
    'a truncate',
    'b truncate',
    'b schema DROP TABLE',
  ]);
  expect(outlineGaps(await source.gaps())).toEqual(['table_dropped public.b public.b']);
});
