import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { runChecks } from '../../src/setup/check.ts';
import { createDatabase, createRole, type TestDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { startServer } from '../harness/server.ts';
import { catalogOf, configFor, outline, readWal, runSetup } from './setup-fixture.ts';

const run = promisify(execFile);
/** Other tests’ setups hold the server's one role for a moment. */
const QUICK = { lockTimeoutMs: 1_000, lockAttempts: 2, slotTimeoutMs: 500 };

const TABLES = `
  create table customers (id integer primary key, name text);
  create table notes (body text);
  create table "Odd ""name.x" (a integer, b integer, primary key (a, b));
  create table orders (id integer, region text, v integer, primary key (id, region)) partition by list (region);
  create table orders_eu partition of orders for values in ('eu') partition by range (id);
  create table orders_eu_1 partition of orders_eu default;
  create table orders_us partition of orders for values in ('us');
  create table pinned (id integer not null, v integer);
  create unique index pinned_id on pinned (id);
  alter table pinned replica identity using index pinned_id;
  create unlogged table scratch (id integer primary key)`;

async function withTables(): Promise<TestDatabase> {
  const db = await createDatabase();
  await db.query(TABLES);
  return db;
}

async function identities(db: TestDatabase): Promise<Record<string, string>> {
  const result = await db.query(
    "select relname, relreplident from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')",
  );
  return Object.fromEntries(result.rows.map((row) => [row.relname, row.relreplident]));
}

describe('setup', () => {
  test('installs everything, and nothing more the second time', async () => {
    await using db = await withTables();
    const { result } = await runSetup(configFor(db));
    expect(result).toMatchObject({
      source: 'shop',
      slot: 'create',
      tracked: ['public.Odd "name.x', 'public.customers', 'public.notes', 'public.orders', 'public.pinned'],
      skipped: [{ table: 'public.scratch', reason: expect.stringContaining('unlogged') }],
    });
    const publication = await db.query(
      "select puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot from pg_publication where pubname = 'rowtrail_shop'",
    );
    expect(Object.values(publication.rows[0])).toEqual([false, true, true, true, true, true]);
    expect(
      new Set(
        Object.entries(await identities(db))
          .filter(([name]) => name !== 'scratch')
          .map(([, x]) => x),
      ),
    ).toEqual(new Set(['f']));
    const triggers = await db.query(
      "select tgrelid::regclass::text as name, count(*)::integer as n from pg_trigger where tgname like 'rowtrail_context%' and tgenabled = 'A' group by 1",
    );
    expect(triggers.rows).toHaveLength(8);
    expect(triggers.rows.every((row) => row.n === 2)).toBe(true);
    const checkpoint = (await db.query('select * from audit.checkpoints')).rows[0];
    const slot = (await db.query('select * from pg_replication_slots where slot_name = $1', [db.name])).rows[0];
    const system = (await db.query('select system_identifier::text from pg_control_system()')).rows[0];
    expect(slot.plugin).toBe('pgoutput');
    expect(checkpoint).toMatchObject({
      epoch: 1,
      capture: 'wal',
      slot: db.name,
      end_lsn: slot.confirmed_flush_lsn,
      acknowledged_lsn: slot.confirmed_flush_lsn,
      system_identifier: system.system_identifier,
      timeline: 1,
    });
    const before = await catalogOf(db);
    const secret = (await db.query('select secret from rowtrail.install')).rows[0].secret;
    const again = await runSetup(configFor(db));
    expect(again.result).toMatchObject({ slot: 'keep', steps: 1 });
    expect(await catalogOf(db)).toBe(before);
    expect((await db.query('select secret from rowtrail.install')).rows[0].secret).toBe(secret);
  });

  test('leaves the application working: writes of every kind, DDL, new partitions', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    for (const statement of [
      "insert into notes values ('a'), ('b')",
      "update notes set body = 'c'",
      'delete from notes',
      "insert into orders values (1, 'eu', 1), (2, 'us', 1)",
      "update orders set region = 'us' where id = 1",
      "create table orders_jp partition of orders for values in ('jp')",
      "insert into orders values (3, 'jp', 1)",
      'update orders set v = v + 1',
      'delete from orders',
      'alter table customers add column email text',
      "insert into customers values (1, 'x', 'y')",
      'alter table customers drop column name',
      'update customers set email = null',
      'truncate customers, orders',
      'drop table notes',
    ]) {
      await expect(db.query(statement), statement).resolves.toBeDefined();
    }
  });

  test('streams what happens after it, roots by their own name', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    await db.query("insert into orders values (1, 'eu', 1)");
    expect(outline(await readWal(db))).toEqual(['hello', 'row orders', 'context ']);
  });

  test('follows the patterns: new tables come in, others go out as they were', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    await db.query('create table later (id integer primary key); drop table notes');
    const { result, printed } = await runSetup(
      configFor(db, { tables: ['public.*', '!public.pinned', '!public.orders'] }),
    );
    expect(result.tracked).toEqual(['public.Odd "name.x', 'public.customers', 'public.later']);
    expect(printed.filter((line) => line.startsWith('No longer tracked'))).toHaveLength(5);
    expect(await identities(db)).toMatchObject({
      pinned: 'i',
      orders: 'd',
      orders_eu_1: 'd',
      later: 'f',
      customers: 'f',
    });
    const triggered = await db.query(
      "select distinct tgrelid::regclass::text as name from pg_trigger where tgname like 'rowtrail%' order by 1",
    );
    expect(triggered.rows.map((row) => row.name)).toEqual(['"Odd ""name.x"', 'customers', 'later']);
    expect((await db.query('select count(*)::integer as n from rowtrail.tables')).rows[0].n).toBe(3);
  });

  test('a switch to identity: existing puts the old identity back', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    const { result } = await runSetup(configFor(db, { identity: 'existing' }));
    expect(result.skipped.map(({ table }) => table)).toContain('public.notes');
    expect(await identities(db)).toMatchObject({ customers: 'd', pinned: 'i', notes: 'd', orders_us: 'd' });
    await db.query(
      "insert into notes values ('a'); update notes set body = 'b'; insert into pinned values (1, 1); update pinned set v = 2",
    );
  });

  test('repairs what was undone by hand', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    await db.query(`alter table customers disable trigger all; alter table customers replica identity default;
      drop trigger rowtrail_context_after on notes; alter publication rowtrail_shop drop table orders; alter publication rowtrail_shop add table orders_us;
      alter publication rowtrail_shop set (publish = 'insert', publish_via_partition_root = false)`);
    await runSetup(configFor(db));
    await db.query(
      "insert into customers values (1, 'x'); insert into orders values (1, 'us', 1); update orders set v = 2; truncate notes",
    );
    expect(outline(await readWal(db)).filter((line) => line.startsWith('row'))).toEqual([
      'row customers',
      'row orders',
      'row orders',
    ]);
    expect(await identities(db)).toMatchObject({ customers: 'f' });
    // Reading the slot here moved it on, as it should say.
    const problems = (await runChecks(configFor(db))).filter(({ status }) => status === 'problem');
    expect(problems.map(({ name }) => name)).toEqual(['slot']);
    const members = await db.query(
      "select tablename::text as name from pg_publication_tables where tablename like 'orders%'",
    );
    expect(members.rows).toEqual([{ name: 'orders' }]);
  });

  test('leaves the identity of a table alone where another publication names columns of it', async () => {
    await using db = await withTables();
    const version = (await db.query("select current_setting('server_version_num')::integer as n")).rows[0].n;
    const list = 'create publication other for table customers (id)';
    if (version < 150_000) {
      await expect(db.query(list)).rejects.toMatchObject({ code: '42601' });
      return;
    }
    await db.query(`create publication other for table customers (id), orders (id, region) with (publish_via_partition_root = true);
      create table keyless_listed (a integer, b integer); create publication other_insert for table keyless_listed (a) with (publish = 'insert')`);
    const { result, printed } = await runSetup(configFor(db));
    expect(result.tracked).toContain('public.customers');
    expect(result.skipped.map(({ table }) => table)).toContain('public.keyless_listed');
    expect(printed.join('\n')).toMatch(/customers: identity left as it is: publication other/);
    expect(await identities(db)).toMatchObject({ customers: 'd', orders: 'd', orders_us: 'd', pinned: 'f' });
    await db.query(
      "insert into customers values (1, 'x'); update customers set name = 'y'; insert into keyless_listed values (1, 1); update keyless_listed set b = 2",
    );
  });

  test('does not publish inheritance children that are not tracked', async () => {
    await using db = await createDatabase();
    await db.query(
      'create table base (id integer primary key); create table child () inherits (base); create table child_in () inherits (base)',
    );
    const { result, printed } = await runSetup(configFor(db, { tables: ['public.*', '!public.child'] }));
    expect(result.tracked).toEqual(['public.base', 'public.child_in']);
    const members = await db.query(
      "select tablename::text as name from pg_publication_tables where pubname = 'rowtrail_shop' order by 1",
    );
    expect(members.rows.map((row) => row.name)).toEqual(['base', 'child_in']);
    expect(printed.join('\n')).toMatch(/public\.base: public\.child inherits from it and is not tracked/);
  });

  test('two at once do not get in each other’s way', async () => {
    await using db = await withTables();
    const both = await Promise.all([runSetup(configFor(db)), runSetup(configFor(db))]);
    expect(both.map(({ result }) => result.slot).toSorted()).toEqual(['create', 'keep']);
  });
});

describe('a setup that fails puts back what it changed', () => {
  test('when a table stays locked', async () => {
    await using db = await withTables();
    const before = await catalogOf(db);
    const client = await db.connect({ applicationName: 'nightly report' });
    await client.query('begin; select * from pinned');
    await expect(runSetup(configFor(db), { limits: QUICK })).rejects.toMatchObject({
      code: 'RT_LOCK_TIMEOUT',
      message: expect.stringContaining('public.pinned'),
      hint: expect.stringContaining('nightly report'),
    });
    expect(await catalogOf(db)).toBe(before);
    await client.query('commit');
    // Not QUICK: a new slot waits for whatever other tests are writing on this server.
    await runSetup(configFor(db));
  });

  test('when a writing transaction keeps the slot from being made', async () => {
    await using db = await withTables();
    const before = await catalogOf(db);
    const client = await db.connect();
    await client.query('begin; create table held (id integer)');
    const pid = (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
    await expect(runSetup(configFor(db), { limits: QUICK })).rejects.toMatchObject({
      code: 'RT_LOCK_TIMEOUT',
      hint: expect.stringContaining(String(pid)),
    });
    await client.query('rollback');
    expect(await catalogOf(db)).toBe(before);
  });

  test('and leaves the role that it made where another database has begun to use it', async () => {
    await using server = await startServer();
    const [db, other] = [await createDatabase(server.url), await createDatabase(server.url)];
    for (const each of [db, other]) await each.query(TABLES);
    const before = await catalogOf(db);
    const client = await db.connect();
    await client.query('begin; select * from pinned');
    const failed = runSetup(configFor(db), { limits: { ...QUICK, lockTimeoutMs: 60_000 } });
    failed.catch(() => {});
    const waiting = `select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    const { rows } = await until(async () => {
      const found = await db.query(waiting);
      return found.rowCount === 1 && found;
    });
    // Without a slot, which would wait for the transaction that waits.
    const trigger = configFor(other, { capture: 'trigger' });
    await runSetup(trigger);
    await db.query('select pg_cancel_backend($1)', [rows[0].pid]);
    await expect(failed).rejects.toMatchObject({ message: expect.not.stringContaining('rowtrail_owner') });
    await client.query('rollback');
    expect(await catalogOf(db)).toBe(before);
    expect((await runChecks(trigger)).filter(({ status }) => status === 'problem')).toEqual([]);
    for (const each of [db, other]) await each[Symbol.asyncDispose]();
  });

  test('when the store refuses its last write', async () => {
    await using db = await withTables();
    await using store = await createDatabase();
    const config = { ...configFor(db), store: { ...configFor(db).store, url: store.url } };
    await runSetup(config);
    await db.query('select pg_drop_replication_slot($1)', [db.name]);
    await store.query("alter table audit.gaps add check (reason <> 'slot_missing')");
    const before = await catalogOf(db);
    await expect(runSetup(config)).rejects.toMatchObject({ code: 'RT_SETUP_FAILED' });
    expect(await catalogOf(db)).toBe(before);
    expect((await store.query('select epoch from audit.checkpoints')).rows[0].epoch).toBe(1);
  });
});

describe('slot and checkpoint', () => {
  test('a slot that is gone becomes a gap and a new epoch, loudly', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    const old = (await db.query('select end_lsn from audit.checkpoints')).rows[0].end_lsn;
    await db.query('select pg_drop_replication_slot($1)', [db.name]);
    await db.query("insert into customers values (1, 'unseen')");
    const { result, printed } = await runSetup(configFor(db));
    expect(result.slot).toBe('restart');
    expect(printed.join('\n')).toMatch(
      /^GAP: .* between [\dA-F]+\/[\dA-F]+ and [\dA-F]+\/[\dA-F]+ are not in the history/m,
    );
    const slot = (
      await db.query('select confirmed_flush_lsn as lsn from pg_replication_slots where slot_name = $1', [db.name])
    ).rows[0];
    expect((await db.query('select epoch, end_lsn, acknowledged_lsn, commit_lsn from audit.checkpoints')).rows).toEqual(
      [{ epoch: 2, end_lsn: slot.lsn, acknowledged_lsn: slot.lsn, commit_lsn: null }],
    );
    const gaps = (
      await db.query('select epoch, reason, from_lsn, to_lsn, from_time < to_time as ordered from audit.gaps')
    ).rows;
    expect(gaps).toEqual([{ epoch: 2, reason: 'slot_missing', from_lsn: old, to_lsn: slot.lsn, ordered: true }]);
  });

  test('a slot that was advanced by hand goes on from where it is, with a gap', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    await db.query("insert into customers values (1, 'skipped')");
    await db.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [db.name]);
    const { result } = await runSetup(configFor(db));
    expect(result.slot).toBe('restart');
    expect((await db.query('select reason from audit.gaps')).rows).toEqual([{ reason: 'slot_lost' }]);
    expect((await runSetup(configFor(db))).result.slot).toBe('keep');
  });

  test('a publication that is gone takes the slot with it: one is blind to the other', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    await db.query('drop publication rowtrail_shop');
    await runSetup(configFor(db));
    expect((await db.query('select reason from audit.gaps')).rows).toEqual([{ reason: 'publication_missing' }]);
    await db.query("insert into customers values (1, 'seen')");
    expect(outline(await readWal(db))).toContain('row customers');
  });

  test('a fresh store takes over a slot that is there', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    const lsn = (
      await db.query('select confirmed_flush_lsn as lsn from pg_replication_slots where slot_name = $1', [db.name])
    ).rows[0].lsn;
    await db.query('drop schema audit cascade');
    expect((await runSetup(configFor(db))).result.slot).toBe('create');
    expect((await db.query('select epoch, end_lsn from audit.checkpoints')).rows).toEqual([{ epoch: 1, end_lsn: lsn }]);
  });
});

describe('roles', () => {
  test('an owner installs for a daemon that may only replicate', async () => {
    await using owner = await createRole('nosuperuser');
    await using daemon = await createRole('nosuperuser replication');
    await using db = await createDatabase();
    await db.query(`grant create on database ${db.name} to ${owner.name}; grant all on schema public to ${owner.name}`);
    const admin = await db.connect({ url: owner.url(db) });
    await admin.query(TABLES);
    const config = configFor(db, { url: daemon.url(db), adminUrl: owner.url(db) });
    await expect(runSetup({ ...config, store: { ...config.store, url: daemon.url(db) } })).rejects.toMatchObject({
      code: 'RT_SETUP_FAILED',
    });
    // The owner may not make a schema in another role's name; a DBA does, as the message says.
    await db.query(`create schema audit authorization ${daemon.name}`);
    const { result } = await runSetup({ ...config, store: { ...config.store, url: daemon.url(db) } });
    expect(result.tracked).toHaveLength(5);
    const client = await db.connect({ url: daemon.url(db) });
    for (const table of ['install', 'tables', 'sessions']) await client.query(`select * from rowtrail.${table}`);
    await client.query('select rowtrail.prune_sessions()');
    await expect(client.query('delete from rowtrail.sessions')).rejects.toThrow(/permission denied/);
    await admin.query("insert into customers values (1, 'x')");
    expect(outline(await readWal(db))).toEqual(['hello', 'row customers', 'context ']);
    expect((await db.query('select "session_user" as role from rowtrail.sessions')).rows).toEqual([
      { role: owner.name },
    ]);
    await Promise.all([client.end(), admin.end()]);
  });

  test('a superuser makes the store’s schema for a daemon that may not create one', async () => {
    await using daemon = await createRole('nosuperuser replication');
    await using db = await withTables();
    const config = configFor(db, { url: daemon.url(db), adminUrl: db.url });
    await runSetup({ ...config, store: { ...config.store, url: daemon.url(db) } });
    const owners = await db.query(
      "select nspowner::regrole::text as owner, (select proowner::regrole::text from pg_proc where proname = 'hello') as hello from pg_namespace where nspname = 'audit'",
    );
    expect(owners.rows).toEqual([{ owner: daemon.name, hello: 'rowtrail_owner' }]);
  });
});

describe('--dry-run', () => {
  test('changes nothing and needs no right to change', async () => {
    await using role = await createRole('nosuperuser');
    await using db = await withTables();
    const before = await catalogOf(db);
    const config = configFor(db, { url: role.url(db) });
    const { printed } = await runSetup(config, { dryRun: true });
    expect(await catalogOf(db)).toBe(before);
    const script = printed.join('\n');
    expect(script).toMatch(/^-- PROBLEM: .*replicat/m);
    expect(script).toMatch(/^-- PROBLEM: .*does not own/m);
    expect(script).not.toContain(role.password);
  });

  test('prints what psql can run, with the same result as setup', async ({ skip }) => {
    const psql = await run('psql', ['--version']).then(
      () => true,
      () => false,
    );
    skip(!psql, 'psql is not installed');
    await using plain = await withTables();
    await runSetup(configFor(plain));
    await using db = await withTables();
    await using store = await createDatabase();
    const config = { ...configFor(db), store: { ...configFor(db).store, url: store.url } };
    const { printed } = await runSetup(config, { dryRun: true });
    const folder = await mkdtemp(join(tmpdir(), 'rowtrail-script-'));
    try {
      await writeFile(join(folder, 'setup.sql'), printed.join('\n'));
      const { password } = new URL(db.url);
      await run('psql', ['-X', '-q', '-f', join(folder, 'setup.sql'), store.url], {
        env: { ...process.env, PGPASSWORD: decodeURIComponent(password) },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
    const ofSource = async (database: TestDatabase): Promise<string[]> =>
      (await catalogOf(database)).split('\n').filter((line) => !line.includes('audit') && !line.startsWith('slot '));
    expect(await ofSource(db)).toEqual(await ofSource(plain));
    expect((await store.query('select count(*)::integer as n from audit.checkpoints')).rows[0].n).toBe(1);
    expect((await runSetup(config)).result).toMatchObject({ slot: 'keep', steps: 1 });
  });
});

test('waits for a short lock instead of failing', async () => {
  await using db = await withTables();
  const client = await db.connect();
  await client.query('begin; select * from customers');
  const running = runSetup(configFor(db), { limits: { lockTimeoutMs: 200, lockAttempts: 20 } });
  await until(
    async () =>
      (await db.query("select from pg_locks where not granted and relation = 'customers'::regclass")).rowCount,
    {
      what: 'setup waits for customers',
    },
  );
  await client.query('commit');
  await expect(running).resolves.toBeDefined();
});
