import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { teardown } from '../../../src/setup/teardown.ts';
import { createDatabase, createRole, type TestDatabase } from '../../harness/database.ts';
import { catalogOf, configFor, runSetup, silent } from '../setup-fixture.ts';
import { outlineGaps, track } from './fixture.ts';

const TABLES = `
  create table m (id integer, region integer, v integer, primary key (id, region)) partition by list (region);
  create table m_1 partition of m for values in (1);
  create table lone (id integer primary key, v integer);
  insert into m select i, 1, i from generate_series(1, 5) i`;

/** DDL of an application, right and wrong. */
const SCRIPT = [
  'create table m_2 partition of m for values in (2)',
  'create table m_2 partition of m for values in (2)',
  'create table if not exists m_2 partition of m for values in (2)',
  'create table m_3 partition of m for values in (3) partition by list (id)',
  'create table m_3_1 partition of m_3 for values in (1)',
  'create table m_3_d partition of m_3 default',
  'create table m_x partition of m for values in (2)',
  'create table late (like m including all)',
  'insert into late values (1, 4, 1), (2, 4, 2)',
  'alter table m attach partition late for values in (5)',
  'alter table m attach partition late for values in (4)',
  'create unlogged table m_u partition of m for values in (6)',
  'create temporary table temp_m (like m) on commit drop',
  'create temporary table temp_p (id integer) partition by list (id)',
  'create temporary table temp_p_1 partition of temp_p for values in (1)',
  'create table plain as select 1 as id',
  'create schema app create table t (id integer primary key) create view w as select id from t',
  'insert into m select i, i % 3 + 1, i from generate_series(10, 30) i',
  'update m set v = v + 1 returning id',
  'update m set region = 1 where region = 2',
  'update lone set v = 1',
  'truncate m_2',
  'truncate m_3, lone',
  'truncate only m',
  'begin; savepoint s; drop table m_2; rollback to s; create table m_7 partition of m for values in (7); rollback',
  'begin; create table m_8 partition of m for values in (8); insert into m values (1, 8, 1); truncate m_8; commit',
  'alter table m_1 add check (region = 1)',
  'alter table m add column note text default $$x$$',
  'alter table m_1 replica identity nothing',
  'alter table m rename column v to w',
  'alter table m_3 rename to m_three',
  'alter table m detach partition m_three',
  'update m_three set w = 0 returning id',
  'alter table m detach partition late concurrently',
  'alter table m detach partition late concurrently',
  'truncate late',
  'drop table late',
  'drop table m_1, m_8',
  'drop table nowhere',
  'drop schema app cascade',
  'begin isolation level serializable; create table m_9 partition of m for values in (9); drop table m_9; commit',
  'begin read only; create table m_10 partition of m for values in (10); rollback',
  "do $$ begin create table m_11 partition of m for values in (11); raise exception 'no'; exception when others then null; end $$",
  'set session_replication_role = replica',
  'create table m_12 partition of m for values in (12)',
  'insert into m values (1, 12, 1)',
  'truncate m_12',
  'reset session_replication_role',
  'alter table m_12 owner to current_user',
  'truncate m',
  'drop table m cascade',
] as const;

/** Results and errors of the script, and what the client is told beside them. */
async function play(client: pg.Client): Promise<unknown[]> {
  const seen: unknown[] = [];
  client.on('notice', (notice) => seen.push(notice.message));
  for (const sql of SCRIPT) {
    try {
      const results = [await client.query(sql)].flat();
      seen.push(results.map((result) => [result.command, result.rowCount, result.rows]));
    } catch (error) {
      const { code, message } = error as pg.DatabaseError;
      seen.push([sql, code, message]);
      await client.query('rollback').catch(() => {});
    }
  }
  return seen;
}

/** The catalog apart from what is Rowtrail's: a replica identity that it changed counts as its own. */
async function appCatalog(db: TestDatabase): Promise<string[]> {
  const result = await db.query(`
    select format('%s %s %s %s', c.oid::regclass, c.relkind, c.relpersistence, c.relispartition) as line from pg_class c
      where c.relnamespace::regnamespace::text !~ '^(pg_|rowtrail$|audit$|information_schema$)'
    union all
    select format('%s.%s %s', a.attrelid::regclass, a.attname, a.atttypid::regtype) from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and a.attnum > 0
    union all
    select format('trigger %s on %s', t.tgname, t.tgrelid::regclass) from pg_trigger t where t.tgname !~ '^rowtrail_' and t.tgname <> 'refuse_change' and not t.tgisinternal
        and not exists (select from pg_class c where c.oid = t.tgrelid and c.relnamespace::regnamespace::text in ('rowtrail', 'audit'))
    order by 1`);
  return result.rows.map(({ line }) => line);
}

describe('DDL of an application', () => {
  test.each(['superuser', 'owner'])(
    'gives the same results, errors and catalog with and without Rowtrail (%s)',
    async (who) => {
      await using role = await createRole();
      const outcomes: unknown[] = [];
      for (const installed of [false, true]) {
        await using db = await createDatabase();
        await db.query(`${TABLES}; grant create on database ${db.name} to ${role.name}; grant all on schema public to ${role.name};
        alter table m owner to ${role.name}; alter table m_1 owner to ${role.name}; alter table lone owner to ${role.name}`);
        if (installed) await runSetup(configFor(db));
        const client = await db.connect(who === 'owner' ? { url: role.url(db) } : {});
        outcomes.push({ seen: await play(client), catalog: await appCatalog(db) });
      }
      expect(outcomes[1]).toEqual(outcomes[0]);
    },
  );

  test('goes on where nothing of ours works: rights taken away, tables and functions gone, another event trigger that refuses', async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    const tracked = await track(
      db,
      `${TABLES}; grant all on schema public to ${role.name}; alter table m owner to ${role.name};
      create function refuse() returns event_trigger language plpgsql as
        $$ begin if current_setting('test.refuse', true) = 'on' and tg_tag = 'CREATE TRIGGER' then raise exception 'refused'; end if; end $$;
      create event trigger refuse on ddl_command_end execute function refuse();
      create table elsewhere (like m including all); alter table elsewhere owner to ${role.name}`,
    );
    const owner = await db.connect({ url: role.url(db) });
    await tracked.captured(async () => {
      await owner.query(`set test.refuse = 'on'`);
      await owner.query('create table m_2 partition of m for values in (2)');
      await owner.query('insert into m values (1, 2, 1)');
      await owner.query(`set test.refuse = 'off'`);
    });
    expect(outlineGaps(await tracked.gaps())).toEqual(['untracked public.m public.m_2 open']);
    await runSetup(tracked.config);
    await tracked.captured(async () => {});
    expect(outlineGaps(await tracked.gaps())).toEqual(['untracked public.m public.m_2']);

    await db.query('revoke usage on schema rowtrail from public');
    await owner.query('create table m_3 partition of m for values in (3); drop table m_3');
    await db.query(
      'grant usage on schema rowtrail to public; alter table rowtrail.tables rename to moved; alter table rowtrail.install rename to away',
    );
    await owner.query('create table m_4 partition of m for values in (4); truncate m_4; drop table m_4');
    await owner.query(
      'alter table m attach partition elsewhere for values in (5); alter table m detach partition elsewhere',
    );
    await db.query('drop schema rowtrail cascade');
    await owner.query('create table m_6 partition of m for values in (6); truncate m_6; drop table m_6');
  });

  test('deadlocks no serializable transactions with each other', async () => {
    await using db = await createDatabase();
    await db.query(`${TABLES}; create table n (id integer, region integer, primary key (id, region)) partition by list (region);
      create table m_old partition of m for values in (8); create table n_old partition of n for values in (8)`);
    await runSetup(configFor(db));
    const [one, two] = [await db.connect(), await db.connect()];
    for (const client of [one, two]) await client.query('begin isolation level serializable; select 1');
    for (const [client, root] of [
      [one, 'm'],
      [two, 'n'],
    ] as const) {
      await client.query(`create table ${root}_9 partition of ${root} for values in (9)`);
      await client.query(`alter table ${root} detach partition ${root}_old`);
      await client.query(`drop table ${root}_old`);
    }
    await one.query('commit');
    await two.query('commit');
    expect((await db.query("select from rowtrail.tables where table_name in ('m_9', 'n_9')")).rowCount).toBe(2);
  });
});

describe('partition messages', () => {
  test('cannot be forged by any role, nor kept back', async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    const tracked = await track(
      db,
      `${TABLES}; grant all on schema public to ${role.name}; grant truncate, select on m_1 to ${role.name};
      create table mine (id integer primary key) partition by list (id)`,
      { tables: ['public.*', '!public.my_*'] },
    );
    await db.query(`alter table mine owner to ${role.name}`);
    const oid = (await db.query("select 'm_1'::regclass::oid as oid, 'm'::regclass::oid as root")).rows[0];
    await tracked.captured(async () => {
      const client = await db.connect({ url: role.url(db) });
      await client.query('select rowtrail.hello()');
      await client.query(
        `select pg_logical_emit_message(true, 'rowtrail', array['p', current_setting('rowtrail.session'), 'truncated', '${oid.root}', 'public', 'm', '${oid.oid}', 'public', 'm_1']::text)`,
      );
      const refused = [
        "rowtrail.send_partition('dropped', 1, 'a', 'b', 2, 'c', 'd')",
        'rowtrail.forget_tables(array[1::oid])',
      ];
      for (const call of refused) await expect(client.query(`select ${call}`)).rejects.toThrow(/permission denied/);
      // True for nobody: the partition is covered, is one, and is there.
      await client.query(
        `select rowtrail.cover_partition(${oid.oid}, false, false), rowtrail.uncover_partition(${oid.oid}), rowtrail.report_uncovered(${oid.oid})`,
      );
      await client.query(`create table my_leaf partition of mine for values in (1);
        create table my_plain (id integer); create trigger rowtrail_truncate before truncate on my_plain
          for each statement execute function rowtrail.truncate_trigger(); truncate my_plain; drop table my_plain;
        create table my_root (id integer) partition by list (id); create table my_root_1 partition of my_root default;
        create trigger rowtrail_truncate before truncate on my_root_1 for each statement execute function rowtrail.truncate_trigger();
        truncate my_root_1`);
      await client.query(
        `set rowtrail.sent = 'no'; set rowtrail.session = 'no'; set search_path = pg_temp; set row_security = off; truncate public.m_1`,
      );
    });
    expect(outlineGaps(await tracked.gaps())).toEqual(['partition_truncated public.m public.m_1']);
    expect((await tracked.entries()).map(({ action, data }) => [action, data])).toEqual([
      ['truncate', '{"data":{"partition":"public.m_1","rows":{"captured":false,"reason":"off"}}}'],
    ]);
  });
});

describe('teardown', () => {
  test('leaves the catalog as before, also of partitions that came and went after setup', async () => {
    const later = `create table m_2 partition of m for values in (2);
      create table m_3 partition of m for values in (3) partition by list (id); create table m_3_1 partition of m_3 default;
      create table late (like m including all); alter table m attach partition late for values in (4);
      create table brief partition of m for values in (5); alter table m detach partition brief; alter table m detach partition m_3`;
    const catalogs: string[] = [];
    for (const installed of [false, true]) {
      await using db = await createDatabase();
      await db.query(TABLES);
      if (installed) await runSetup(configFor(db));
      await db.query(later);
      if (installed) await teardown(configFor(db), { dropHistory: true, print: () => {}, log: silent });
      catalogs.push(await catalogOf(db));
      expect((await db.query('select evtname from pg_event_trigger')).rows).toEqual([]);
    }
    expect(catalogs[1]).toBe(catalogs[0]);
  });
});
