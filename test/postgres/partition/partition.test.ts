import { describe, expect, test } from 'vitest';
import { createDatabase, createRole } from '../../harness/database.ts';
import { inTransaction } from '../setup-fixture.ts';
import { outlineGaps, settled, track } from './fixture.ts';

const TABLES = `
  create table m (id integer, region integer, v integer, note text, primary key (id, region)) partition by list (region);
  create table m_1 partition of m for values in (1);
  create table m_2 partition of m for values in (2, 3) partition by list (region);
  create table m_2_a partition of m_2 for values in (2);
  create table m_2_b partition of m_2 for values in (3);
  insert into m select i, i % 3 + 1, i from generate_series(1, 9) i`;

/** What a truncate says whose rows are not captured by configuration. */
const OFF = '{"data":{"rows":{"captured":false,"reason":"off"}}}';

describe('rows of partitions', () => {
  test('are told under the root, with who made them, through whichever table they were written', async () => {
    await using db = await createDatabase();
    const tracked = await track(db, TABLES);
    await tracked.captured(async () => {
      const client = await db.connect();
      const tables = ['m', 'm_1', 'm_2', 'm_2_a'];
      for (const [i, table] of tables.entries()) {
        const region = table === 'm_1' ? 1 : 2;
        await inTransaction(client, [
          `set local rowtrail.user_id = 'u${i}'`,
          `insert into ${table} values (${100 + i}, ${region}, 0)`,
          `update ${table} set v = v + 1 where id = ${100 + i}`,
          `delete from ${table} where id = ${100 + i}`,
        ]);
      }
    });
    const entries = await tracked.entries();
    expect(entries.map(({ table_name, action, actor, record_key }) => [table_name, action, actor, record_key])).toEqual(
      [0, 1, 2, 3].flatMap((i) =>
        ['create', 'update', 'delete'].map((action) => ['m', action, `u${i}`, `["${100 + i}","${i === 1 ? 1 : 2}"]`]),
      ),
    );
    expect(entries.map(({ unknown }) => unknown)).toEqual(entries.map(() => null));
  });

  test('that cross partitions are a delete and a create, one behind the other', async () => {
    await using db = await createDatabase();
    const tracked = await track(db, TABLES);
    await tracked.captured(() => db.query('update m set region = 3, v = 50 where id = 4'));
    expect((await tracked.entries()).map(({ action, row }) => [action, row])).toEqual([
      ['delete', '{"id":4,"region":2,"v":4,"note":null}'],
      ['create', '{"id":4,"region":3,"v":50,"note":null}'],
    ]);
  });
});

describe.each(['at work', 'down'])('with the daemon %s meanwhile', (daemon) => {
  const run = async (tracked: Awaited<ReturnType<typeof track>>, work: () => Promise<unknown>): Promise<void> => {
    if (daemon === 'down') {
      await work();
      await tracked.captured(async () => {});
    } else {
      await tracked.captured(work);
    }
  };

  test('a TRUNCATE of leaves is an entry and a gap each, one of the root is one entry', async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    const tracked = await track(
      db,
      `${TABLES}; create table plain (id integer primary key); grant truncate on m_1 to ${role.name}`,
    );
    await run(tracked, async () => {
      const limited = await db.connect({ url: role.url(db) });
      await limited.query(
        "set rowtrail.user_id = 'u7'; set rowtrail.sent = 'x'; set search_path = ''; truncate public.m_1",
      );
      const client = await db.connect();
      await inTransaction(client, [
        'truncate m',
        'savepoint s',
        'truncate m_2_a',
        'rollback to s',
        'truncate m_2_b, plain',
        'truncate m_2',
        'truncate m',
      ]);
    });
    const entries = await tracked.entries();
    expect(entries.map(({ table_name, action, data }) => [table_name, action, data])).toEqual([
      ['m', 'truncate', '{"data":{"partition":"public.m_1","rows":{"captured":false,"reason":"off"}}}'],
      ['m', 'truncate', OFF],
      ['m', 'truncate', '{"data":{"partition":"public.m_2_b","rows":{"captured":false,"reason":"off"}}}'],
      ['plain', 'truncate', OFF],
      ['m', 'truncate', '{"data":{"partition":"public.m_2_a","rows":{"captured":false,"reason":"off"}}}'],
      ['m', 'truncate', '{"data":{"partition":"public.m_2_b","rows":{"captured":false,"reason":"off"}}}'],
      ['m', 'truncate', OFF],
    ]);
    expect(entries[0]).toMatchObject({ actor: 'u7', attribution: 'app' });
    expect(entries.slice(1).every(({ attribution }) => attribution === 'database')).toBe(true);
    const gaps = await tracked.gaps();
    expect(outlineGaps(gaps)).toEqual([
      'partition_truncated public.m public.m_1',
      'partition_truncated public.m public.m_2_b',
      'partition_truncated public.m public.m_2_a',
      'partition_truncated public.m public.m_2_b',
    ]);
    expect(gaps.every(({ exact }) => exact)).toBe(true);
  });

  test('a new partition of an owner without other rights is whole from its first row', async () => {
    await using role = await createRole();
    await using db = await createDatabase();
    const tracked = await track(
      db,
      `${TABLES}; grant create on schema public to ${role.name};
      alter table m owner to ${role.name}; alter table m_2 owner to ${role.name}; alter table m_1 owner to ${role.name}`,
    );
    await run(tracked, async () => {
      const owner = await db.connect({ url: role.url(db) });
      await inTransaction(owner, [
        "set local rowtrail.user_id = 'first'",
        'create table m_4 partition of m for values in (4)',
        "insert into m values (1, 4, 1, 'a')",
        'update m_4 set v = 2',
      ]);
      await owner
        .query(`create schema authorization ${role.name}
        create table m_5 partition of public.m for values in (5) partition by list (id)`)
        .catch(() => {});
      await owner.query(`create table if not exists m_5 partition of m for values in (5) partition by list (id)`);
      await owner.query('create table m_5_1 partition of m_5 for values in (1)');
      await owner.query('insert into m_5 values (1, 5, 1); delete from m_5_1; truncate m_4');
    });
    const entries = await tracked.entries();
    expect(entries.map(({ action, row, old, actor, data }) => [action, row, old, actor, data])).toEqual([
      ['create', '{"id":1,"region":4,"v":1,"note":"a"}', null, 'first', null],
      ['update', '{"id":1,"region":4,"v":2,"note":"a"}', '{"v":1}', 'first', null],
      ['create', '{"id":1,"region":5,"v":1,"note":null}', null, role.name, null],
      ['delete', '{"id":1,"region":5,"v":1,"note":null}', null, role.name, null],
      [
        'truncate',
        null,
        null,
        role.name,
        '{"data":{"partition":"public.m_4","rows":{"captured":false,"reason":"off"}}}',
      ],
    ]);
    expect(entries.every(({ unknown }) => unknown === null)).toBe(true);
    expect(outlineGaps(await tracked.gaps())).toEqual(['partition_truncated public.m public.m_4']);
  });

  test('an attached table leaves a gap if it holds rows that were never seen', async () => {
    await using db = await createDatabase();
    const tracked = await track(
      db,
      `${TABLES}; create schema other;
       create table other.empty (like m including all); create table other.full (like m including all);
       create table own (like m including all); insert into other.full values (1, 5, 1); insert into own values (1, 6, 1)`,
    );
    await run(tracked, async () => {
      await db.query('alter table m attach partition other.empty for values in (4)');
      await db.query('alter table m attach partition other.full for values in (5)');
      await db.query('alter table m attach partition own for values in (6)');
      await db.query('update m set v = 2 where region in (5, 6); insert into m values (1, 4, 1); truncate own');
    });
    expect(outlineGaps(await tracked.gaps())).toEqual([
      'partition_attached public.m other.full',
      'partition_truncated public.m public.own',
    ]);
    const updates = await tracked.entries("e.action = 'update'");
    expect(updates.map(({ old, attribution }) => [old, attribution])).toEqual([
      ['{"v":1}', 'database'],
      ['{"v":1}', 'database'],
    ]);
  });

  test('what is dropped or detached is a gap, once, and a detached table is as it was before', async () => {
    await using db = await createDatabase();
    const tracked = await track(
      db,
      `${TABLES}; create schema doomed; create table doomed.m_9 partition of m for values in (9); create table other (id integer primary key)`,
    );
    await run(tracked, async () => {
      await db.query('alter table m detach partition m_1');
      await db.query('alter table m detach partition m_2');
      await db.query('update m_1 set v = 7; update m_2 set v = 8; truncate m_1');
      await db.query('drop schema doomed cascade');
      await db.query('alter table m attach partition m_1 for values in (1); insert into m values (1, 1, 1)');
      await db.query('drop table m_1; drop table other');
      await db.query('drop table m');
    });
    // Once more, with nothing new: what is known is not told again.
    await tracked.captured(async () => {});
    const gaps = await tracked.gaps();
    expect(outlineGaps(gaps)).toEqual([
      'partition_detached public.m public.m_1',
      'partition_detached public.m public.m_2_a',
      'partition_detached public.m public.m_2_b',
      'partition_dropped public.m doomed.m_9',
      'partition_dropped public.m public.m_1',
      'table_dropped public.other public.other',
      'table_dropped public.m public.m',
    ]);
    // Told by the stream, which knows the position; not found by comparing.
    expect(gaps.every(({ exact }) => exact)).toBe(true);
    expect((await tracked.entries()).map(({ action }) => action)).toEqual(['create']);
    expect(
      (await db.query(`select c.relname, c.relreplident from pg_class c where relname in ('m_2') order by 1`)).rows,
    ).toEqual([{ relname: 'm_2', relreplident: 'd' }]);
  });

  test('without event triggers, comparing finds the same', async () => {
    await using db = await createDatabase();
    const tracked = await track(
      db,
      `${TABLES}; create table plain (id integer primary key); create table gone (id integer primary key)`,
    );
    await db.query('drop event trigger rowtrail_partition_ddl; drop event trigger rowtrail_partition_drop');
    const step = async (sql: string): Promise<void> => {
      await db.query(sql);
      if (daemon === 'at work') await settled(db);
    };
    await run(tracked, async () => {
      await step('create table m_4 partition of m for values in (4)');
      await step('alter publication rowtrail_shop drop table plain');
      await step('alter table m_2 detach partition m_2_a');
      await step('drop table m_1');
      await step('drop table gone');
      await step('alter table m_2_b set unlogged');
    });
    await tracked.captured(async () => {});
    expect(outlineGaps(await tracked.gaps()).toSorted()).toEqual([
      'partition_detached public.m public.m_2_a',
      'partition_dropped public.m public.m_1',
      'table_dropped public.gone public.gone',
      'unpublished public.plain public.plain open',
      'untracked public.m public.m_2_b open',
      'untracked public.m public.m_4 open',
    ]);
    expect((await db.query("select from rowtrail.tables where table_name in ('m_1', 'gone')")).rowCount).toBe(0);
    await db.query(`alter publication rowtrail_shop add table plain; alter table m_2_b set logged`);
    await db.query('alter table m_2 attach partition m_2_a for values in (2)');
    await tracked.captured(async () => {});
    expect(outlineGaps(await tracked.gaps()).filter((gap) => gap.endsWith('open'))).toEqual([
      'untracked public.m public.m_4 open',
    ]);
    expect((await tracked.gaps()).at(-1)).toMatchObject({ reason: 'partition_attached' });
  });
});

test('a table that was written before it was attached, and one after it was detached, are what they are then', async () => {
  await using db = await createDatabase();
  const tracked = await track(
    db,
    `${TABLES}; create table late (like m including all); create table kept (id integer primary key, v integer)`,
    { tables: ['public.m', 'public.kept', 'public.marker'] },
  );
  await tracked.captured(async () => {
    await db.query('insert into late values (50, 5, 0); delete from late; insert into m_1 values (51, 1, 0)');
    await db.query('insert into kept values (1, 1)');
    await inTransaction(await db.connect(), [
      'insert into kept values (2, 1)',
      'alter table m attach partition late for values in (5)',
      'insert into late values (52, 5, 0)',
    ]);
    await db.query('insert into m values (53, 5, 0)');
    await db.query('alter table m detach partition m_1');
    await db.query('insert into m_1 values (54, 1, 0)');
    await db.query('alter table m attach partition m_1 for values in (1)');
    await db.query('insert into m values (55, 1, 0); update kept set v = 2');
  });
  expect(
    (await tracked.entries()).map(({ table_name, action, record_key }) => `${table_name} ${action} ${record_key}`),
  ).toEqual([
    'm create ["51","1"]',
    'kept create 1',
    'kept create 2',
    'm create ["52","5"]',
    'm create ["53","5"]',
    'm create ["55","1"]',
    'kept update 1',
    'kept update 2',
  ]);
});
