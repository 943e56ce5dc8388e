import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildStore } from '../../../src/bench/generated-store.ts';
import { createDatabase, createRole, type TestDatabase, type TestRole } from '../../harness/database.ts';

let database: TestDatabase;
let owner: TestRole;
beforeAll(async () => {
  database = await createDatabase();
  owner = await createRole();
  await database.query(`grant create on database ${database.name} to ${owner.name}`);
  await buildStore(
    { schema: 'audit', entries: 300, days: 40 },
    { connect: () => database.connect({ url: owner.url(database) }), workers: 1, note: () => {} },
  );
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await owner[Symbol.asyncDispose]();
});

test('no row of the history can be changed or removed, by its owner or a superuser, in any partition', async () => {
  const asOwner = await database.connect({ url: owner.url(database) });
  const asSuperuser = await database.connect();
  // Ordinary triggers would not fire.
  await asSuperuser.query('set session_replication_role = replica');
  const tables = await database.query(
    `select c.oid::regclass::text as name, (select attname from pg_attribute where attrelid = c.oid and attnum = 1) as id
     from pg_class c join pg_class p on p.oid = c.oid or exists (select from pg_inherits i where i.inhrelid = c.oid and i.inhparent = p.oid)
     where p.relnamespace = 'audit'::regnamespace and p.relkind = 'p' order by 1`,
  );
  // Five parents, their partitions of two or three months past, this one and two ahead.
  expect(tables.rows.length).toBeGreaterThanOrEqual(5 * 5);
  for (const { name, id } of tables.rows) {
    for (const client of [asOwner, asSuperuser]) {
      const attempts = [
        `update ${name} set ${id} = ${id}`,
        `update ${name} set ${id} = 0 where ${id} = (select min(${id}) from ${name})`,
        `delete from ${name}`,
        `delete from ${name} where false`,
        `truncate ${name}`,
        `with gone as (delete from ${name} returning *) select count(*) from gone`,
        `do $$ begin delete from ${name}; end $$`,
      ];
      for (const sql of attempts) {
        await expect(client.query(sql), sql).rejects.toMatchObject({
          code: '42501',
          message: expect.stringContaining('the history is append-only'),
        });
      }
    }
  }
});

test('an upsert is refused as well, and what was there is there still', async () => {
  const before = await database.query('select count(*), sum(id) from audit.entries');
  const [{ id }] = (await database.query('select id from audit.entries order by id limit 1')).rows;
  await expect(
    database.query(
      `insert into audit.entries (id, occurred_at, action) values (${id}, now(), 'forged')
       on conflict (id) do update set action = 'forged'`,
    ),
  ).rejects.toMatchObject({ code: '42501' });
  expect((await database.query('select count(*), sum(id) from audit.entries')).rows).toEqual(before.rows);
});

test('partitions made later are closed, too', async () => {
  await database.query("select audit.ensure_partitions('month', 5)");
  const open = await database.query(
    `select name from audit.partitions p where not exists (select from pg_trigger t
       where t.tgrelid = ('audit.' || quote_ident(p.name))::regclass and t.tgname = 'refuse_change' and t.tgenabled = 'A')`,
  );
  expect(open.rows).toEqual([]);
});
