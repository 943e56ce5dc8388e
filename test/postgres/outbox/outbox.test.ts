import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config, SourceConfig } from '../../../src/config/config.ts';
import { startDaemon, type Daemon } from '../../../src/daemon/daemon.ts';
import { runChecks } from '../../../src/setup/check.ts';
import { teardown } from '../../../src/setup/teardown.ts';
import { snapshotCatalog } from '../../harness/catalog.ts';
import { createDatabase, createRole, type TestDatabase, type TestRole } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';
import { startServer, type TestServer } from '../../harness/server.ts';
import { configFor, runSetup, silent } from '../setup-fixture.ts';

const DELAYS = { minRetryMs: 20, maxRetryMs: 100, standbyMs: 50, stoppedMs: 50, blockedMs: 100 };

describe('trigger capture on a server with wal_level = replica, by a role that may not replicate', () => {
  let server: TestServer;
  let role: TestRole;
  let app: TestRole;

  beforeAll(async () => {
    server = await startServer({ wal_level: 'replica', max_wal_senders: '0', max_slot_wal_keep_size: '-1' });
    role = await createRole('', server.url);
    app = await createRole('', server.url);
  });
  afterAll(async () => {
    await server.stop();
  });

  interface Installed extends AsyncDisposable {
    readonly db: TestDatabase;
    readonly config: Config;
    start(): Promise<Daemon>;
    entries(): Promise<string[]>;
  }

  async function installed(schema: string, overrides: Partial<SourceConfig> = {}): Promise<Installed> {
    const db = await createDatabase(server.url);
    await db.query(schema);
    await db.query(`create schema audit authorization "${role.name}"; grant select on all tables in schema public to "${role.name}";
      grant all on schema public to "${app.name}"; grant all on all tables in schema public to "${app.name}"`);
    const url = role.url(db);
    const base = configFor(db, { capture: 'trigger', url, adminUrl: db.url, ...overrides });
    await runSetup(base);
    const daemons: Daemon[] = [];
    return {
      db,
      config: base,
      async start() {
        const daemon = await startDaemon(base, { log: silent, delays: DELAYS });
        daemon.run().catch(() => {});
        daemons.push(daemon);
        return daemon;
      },
      async entries() {
        const { rows } = await db.query(
          `select concat_ws(' ', r.table_name, e.action, e.record_key, e.row::text) as line
           from audit.entries e left join audit.relations r on r.id = e.relation_id order by e.id`,
        );
        return rows.map(({ line }) => line as string);
      },
      async [Symbol.asyncDispose]() {
        for (const daemon of daemons) await daemon.stop();
        await db[Symbol.asyncDispose]();
      },
    };
  }

  test('works from setup to the API, and check finds nothing wrong', async () => {
    await using it = await installed('create table t (id int primary key, v text)');
    const daemon = await it.start();
    await it.db.query(`insert into t values (1, 'a')`);
    await until(async () => (await it.entries()).length === 1);
    const response = await fetch(`${daemon.url}/api/v1/activity`);
    const { data } = (await response.json()) as { data: Record<string, unknown>[] };
    expect(data[0]).toMatchObject({
      action: 'create',
      table: 't',
      after: { id: 1, v: 'a' },
      transaction: { lsn: null, size: 1 },
    });
    const problems = (await runChecks(it.config)).filter(({ status }) => status === 'problem');
    expect(problems).toEqual([]);
    expect((await runChecks(it.config)).find(({ name }) => name === 'outbox')?.message).toContain('a daemon reads it');
  });

  test('WAL capture there is refused, and check says what else there is', async () => {
    await using db = await createDatabase(server.url);
    await db.query('create table t (id int primary key)');
    const checks = await runChecks(configFor(db));
    expect(checks.find(({ name }) => name === 'wal-level')).toMatchObject({
      status: 'problem',
      fix: expect.stringContaining('capture: trigger'),
    });
  });

  test('an application can neither read nor write the outbox, nor call what fills it', async () => {
    await using it = await installed('create table t (id int primary key, v text)');
    const client = await it.db.connect({ url: app.url(it.db) });
    for (const statement of [
      'select from rowtrail.outbox',
      `insert into rowtrail.outbox (xid, id, position, at, kind, relid, image) values ('1', '0/1', 1, now(), 'i', 't'::regclass, '(1,x)')`,
      'delete from rowtrail.outbox',
      `select setval('rowtrail.outbox_dropped', 9)`,
      'select rowtrail.outbox_is_full()',
      'update rowtrail.outbox_state set emptied_bytes = 0',
    ]) {
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
    }
    await it.start();
    // What it may call says nothing that is believed; what it may set spoils nothing.
    await client.query(`select rowtrail.send_message('{c,none,,,7,,,,,,}'), rowtrail.send_message('nonsense')`);
    for (const spoilt of ['x', '1 2', '1 0/', '-1 FFFFFFFFF/1', ' ', '5 G/1 captured', '9'.repeat(30)]) {
      await client.query('begin');
      await client.query(
        `select set_config('rowtrail.start1', $1, true), set_config('rowtrail.start2', $1, true), set_config('rowtrail.sent', $1, true)`,
        [spoilt],
      );
      await client.query(`insert into t values (1, 'a'); update t set v = 'b'; delete from t`);
      await client.query('commit');
    }
    await until(async () => (await it.entries()).length === 21);
  });

  test('what is in an outbox of version 3 is captured by this one', async () => {
    await using it = await installed('create table t (id int primary key, v text)');
    await it.db.query(`alter table rowtrail.outbox drop column depth, drop column old_images, drop column images,
        alter column start type integer using 1, alter column start set not null;
      insert into rowtrail.outbox select pg_current_xact_id(), pg_current_wal_insert_lsn(), u.start, 1, now(), 'i', 't'::regclass, null, u.image
        from (values (16, '(2,b)'), (10, '(1,a)'), (9, '(0,z)')) u(start, image)`);
    await runSetup(it.config);
    await it.db.query(`insert into t values (3, 'c')`);
    await it.start();
    await until(async () => (await it.entries()).length === 4);
    expect(await it.entries()).toEqual([
      't create 0 {"id":0,"v":"z"}',
      't create 1 {"id":1,"v":"a"}',
      't create 2 {"id":2,"v":"b"}',
      't create 3 {"id":3,"v":"c"}',
    ]);
  });

  test('what a foreign key of an untracked table does comes after what was nested before', async () => {
    await using it = await installed(
      `create table parent (id int primary key); create table t (id int primary key, parent int references parent on delete cascade, v int);
       create table other (id int primary key);
       create function nested() returns trigger language plpgsql as $$ begin update t set v = v + 1; return null; end $$;
       create trigger nested after insert on other for each row execute function nested();
       insert into parent values (1); insert into t values (1, 1, 0)`,
      { tables: ['public.t', 'public.other'] },
    );
    await it.start();
    await it.db.query('begin; insert into other values (1); insert into other values (2); delete from parent; commit');
    await until(async () => (await it.entries()).length === 5);
    expect(await it.entries()).toEqual([
      'other create 1 {"id":1}',
      't update 1 {"id":1,"parent":1,"v":1}',
      'other create 2 {"id":2}',
      't update 1 {"id":1,"parent":1,"v":2}',
      't delete 1 {"id":1,"parent":1,"v":2}',
    ]);
  });

  test('each row has the context of its own statement, also of nested ones', async () => {
    await using it = await installed(
      `create table a (id int primary key); create table b (id int); create table p (id int, region int) partition by list (region);
       create table p_1 partition of p for values in (1);
       create function nested() returns trigger language plpgsql as $$
       begin
         if new.id = 2 then
           perform set_config('rowtrail.user_id', 'nested', true);
           insert into b values (new.id);
           perform set_config('rowtrail.user_id', 'outer', true);
         elsif new.id = 3 then
           perform rowtrail.log('note');
         else
           insert into b values (new.id);
           insert into p values (new.id, 1), (new.id + 1, 1);
         end if;
         return null;
       end $$;
       create trigger nested after insert on a for each row execute function nested()`,
    );
    await it.start();
    const by = (user: string, statement: string): string => `set local rowtrail.user_id = '${user}'; ${statement};`;
    await it.db.query(`begin; ${by('one', 'insert into b values (0)')} ${by('two', 'insert into a values (1)')}
      ${by('outer', 'insert into a values (2)')} insert into b values (20);
      ${by('three', 'insert into a values (3)')} insert into b values (30); commit`);
    await it.db
      .query(`begin; ${by('four', 'insert into b values (40)')} ${by('five', 'insert into a values (3) on conflict do nothing')}
      ${by('five', 'insert into b select 50 from rowtrail.log($$x$$)')} commit`);
    await until(async () => (await it.entries()).length === 14);
    const { rows } = await it.db
      .query(`select r.table_name || ' ' || coalesce(e.row ->> 'id', e.action) || ' ' || n.claim as line
      from audit.entries e left join audit.relations r on r.id = e.relation_id
      join audit.contexts c on c.id = e.context_id join audit.actors n on n.id = c.actor_id where e.row is not null order by e.id`);
    expect(rows.map(({ line }) => line)).toEqual([
      'b 0 one',
      'a 1 two',
      'b 1 two',
      'p 1 two',
      'p 2 two',
      'a 2 outer',
      'b 2 nested',
      'b 20 outer',
      'a 3 three',
      'b 30 three',
      'b 40 four',
      'b 50 five',
    ]);
    const contexts = await it.db.query('select count(*)::integer as n from audit.contexts');
    expect(contexts.rows[0].n).toBeLessThanOrEqual(11);
  });

  test('a statement that touches no row writes nothing', async () => {
    await using it = await installed('create table t (id int primary key, v text)');
    const client = await it.db.connect({ url: app.url(it.db) });
    await client.query('begin');
    await client.query(`update t set v = 'x'; delete from t; insert into t select 1, 'a' where false`);
    const { rows } = await client.query('select pg_current_xact_id_if_assigned() as xid');
    expect(rows).toEqual([{ xid: null }]);
    await client.query('commit');
  });

  test('excluded columns never get into the outbox', async () => {
    await using it = await installed('create table people (id int primary key, password text, "o" text)', {
      tableOptions: { 'public.people': { exclude: ['password'], hash: [], redact: [], identity: null } },
    });
    await it.db.query(
      `insert into people values (1, 'hunter2', 'x'); update people set password = 'hunter3'; update people set "o" = 'y'; delete from people`,
    );
    const { rows } = await it.db.query('select string_agg(o::text, $1) as all from rowtrail.outbox o', ['\n']);
    expect(rows[0].all).not.toContain('hunter');
    await it.start();
    await until(async () => (await it.entries()).length === 4);
    expect(await it.entries()).toEqual([
      'people create 1 {"id":1,"o":"x"}',
      'people update 1 {"id":1,"o":"x"}',
      'people update 1 {"id":1,"o":"y"}',
      'people delete 1 {"id":1,"o":"y"}',
    ]);
  });

  test('past its limit the outbox drops rows, the application goes on, and a gap is on record', async () => {
    await using it = await installed('create table t (id int primary key, v text)', {
      outbox: { maxBytes: 64 * 1024 },
    });
    for (let i = 0; i < 60; i += 1)
      await it.db.query(`insert into t select $1 * 100 + n, repeat('x', 100) from generate_series(1, 100) n`, [i]);
    expect((await it.db.query('select count(*)::int from t')).rows).toEqual([{ count: 6000 }]);
    expect((await runChecks(it.config)).find(({ name }) => name === 'outbox')?.status).toBe('problem');
    await it.start();
    await until(async () => (await it.db.query('select from audit.gaps')).rowCount === 1);
    const { rows } = await it.db.query(
      `select reason, detail, from_time <= to_time as ordered, relation_id, (select count(*)::int from audit.entries) as kept from audit.gaps`,
    );
    expect(rows).toMatchObject([{ reason: 'outbox_full', ordered: true, relation_id: null }]);
    expect(rows[0].kept).toBeGreaterThan(0);
    expect(rows[0].kept).toBeLessThan(6000);
    // There is room again.
    await it.db.query('vacuum rowtrail.outbox');
    await it.db.query(`insert into t values (-1, 'after')`);
    await until(async () => (await it.entries()).some((line) => line.includes('after')));
    expect((await it.db.query('select from audit.gaps')).rowCount).toBe(1);
  });

  test('a daemon that dies between the store’s commit and the outbox’s delete doubles nothing', async () => {
    await using it = await installed('create table t (id int primary key, v text)');
    await it.db.query(`insert into t values (1, 'a'); update t set v = 'b'`);
    const holder = await it.db.connect();
    await holder.query('begin; lock table rowtrail.outbox in share mode');
    await it.start();
    await until(async () => (await it.entries()).length === 2);
    // Its delete waits; both of its connections end, as if the process had.
    await until(
      async () =>
        (
          await it.db.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and application_name = 'rowtrail outbox delete'`,
          )
        ).rowCount === 1,
    );
    await holder.query('rollback');
    await it.db.query(`insert into t values (2, 'c')`);
    await until(async () => (await it.entries()).length >= 3);
    await until(async () => (await it.db.query('select from rowtrail.outbox')).rowCount === 0);
    await until(async () => (await it.db.query('select from audit.drained_transactions')).rowCount === 0);
    expect(await it.entries()).toHaveLength(3);
  });

  test('a second daemon stands by and takes over', async () => {
    await using it = await installed('create table t (id int primary key, v text)');
    const first = await it.start();
    await it.start();
    await it.db.query(`insert into t values (1, 'a')`);
    await until(async () => (await it.entries()).length === 1);
    await first.stop();
    await it.db.query(`insert into t values (2, 'b')`);
    await until(async () => (await it.entries()).length === 2);
  });

  test('a transaction that builds on another comes after it, whichever began first', async () => {
    await using it = await installed('create table t (id int primary key, v int)');
    await it.db.query('insert into t values (1, 0)');
    const [a, b] = [await it.db.connect(), await it.db.connect()];
    await a.query('begin; update t set v = 1');
    const waiting = b.query('update t set v = v + 10');
    await until(
      async () =>
        (
          await it.db.query(
            `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
          )
        ).rowCount === 1,
    );
    await a.query('update t set v = 2');
    await a.query('commit');
    await waiting;
    await it.start();
    await until(async () => (await it.entries()).length === 4);
    expect((await it.entries()).map((line) => /"v":(\d+)/.exec(line)![1])).toEqual(['0', '1', '2', '12']);
  });

  test('teardown leaves the catalog as it was', async () => {
    await using db = await createDatabase(server.url);
    await db.query(`create table t (id int primary key); create table keyless (a int);
      create table p (id int, r int, primary key (id, r)) partition by list (r); create table p1 partition of p for values in (1)`);
    // The role is the server's, and another test's database may have left it.
    const catalog = async (): Promise<string[]> =>
      (await snapshotCatalog(db)).filter((line) => !line.includes('rowtrail_owner'));
    const before = await catalog();
    const config = configFor(db, { capture: 'trigger' });
    await runSetup(config);
    const second = await runSetup(config);
    expect(second.result.steps).toBe(1);
    await db.query('insert into t values (1); insert into p values (1, 1)');
    await teardown(config, { dropHistory: true, print: () => {}, log: silent });
    expect(await catalog()).toEqual(before);
  });
});

test('setup changes from one capture to the other and back, each time with a gap on record', async () => {
  await using db = await createDatabase();
  await db.query('create table t (id int primary key, v text)');
  const config = (capture: 'wal' | 'trigger'): Config => configFor(db, { capture, allowUnboundedWal: true });
  const seen = async (capture: 'wal' | 'trigger', id: number): Promise<void> => {
    await runSetup(config(capture));
    const problems = (await runChecks(config(capture))).filter(({ status }) => status === 'problem');
    expect(problems).toEqual([]);
    const daemon = await startDaemon(config(capture), { log: silent });
    daemon.run().catch(() => {});
    await db.query(`insert into t values ($1, 'x')`, [id]);
    await until(
      async () => (await db.query('select from audit.entries where record_key = $1', [String(id)])).rowCount === 1,
    );
    await daemon.stop();
  };
  await seen('wal', 1);
  await seen('trigger', 2);
  const state = await db.query(
    `select (select count(*)::int from pg_replication_slots where slot_name = $1) as slots, (select count(*)::int from pg_publication) as publications,
       (select relreplident from pg_class where oid = 't'::regclass) as identity`,
    [db.name],
  );
  expect(state.rows).toEqual([{ slots: 0, publications: 0, identity: 'd' }]);
  await seen('wal', 3);
  expect((await db.query(`select to_regclass('rowtrail.outbox') as outbox`)).rows).toEqual([{ outbox: null }]);
  const { rows } = await db.query('select reason, epoch, to_time is not null as closed from audit.gaps order by id');
  expect(rows).toEqual([
    { reason: 'capture_changed', epoch: 2, closed: true },
    { reason: 'capture_changed', epoch: 3, closed: true },
  ]);
});
