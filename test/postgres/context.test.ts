import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { createDatabase, createRole, type TestDatabase } from '../harness/database.ts';
import { configFor, inTransaction, messages, outline, readWal, runSetup } from './setup-fixture.ts';
import type { SourceConfig } from '../../src/config/config.ts';

const TABLES = `create table items (id integer primary key, v integer);
  insert into items select g, 0 from generate_series(1, 20) g`;

async function installed(tables = TABLES, overrides: Partial<SourceConfig> = {}): Promise<TestDatabase> {
  const db = await createDatabase();
  await db.query(tables);
  await runSetup(configFor(db, overrides));
  return db;
}

/** Has said hello already, so that tests see contexts alone. */
async function greeted(db: TestDatabase, url = db.url): Promise<pg.Client> {
  const client = await db.connect({ url, applicationName: 'web' });
  await client.query('update items set v = 0 where id = 20');
  await readWal(db);
  return client;
}

describe('context trigger', () => {
  test('sends once per transaction, again on a change, and takes back with a savepoint', async () => {
    await using db = await installed();
    const client = await greeted(db);
    await inTransaction(client, [
      "set local rowtrail.user_id = '7'",
      'update items set v = 1 where id = 1',
      'update items set v = 2 where id = 2',
      "set local rowtrail.user_id = '8'",
      'update items set v = 3 where id = 3',
      'savepoint a',
      "set local rowtrail.user_id = '9'",
      'update items set v = 4 where id = 4',
      'rollback to a',
      'update items set v = 5 where id = 5',
    ]);
    expect(outline(await readWal(db))).toEqual([
      'row items',
      'context 7',
      'row items',
      'context 8',
      'row items',
      'row items',
    ]);
  });

  test('the first write of a session says hello with verified facts, the payload holds every claim', async () => {
    await using db = await installed(TABLES, {
      context: {
        user_id: { setting: 'request.jwt.claims', path: 'sub' },
        user_name: { setting: 'hasura.user', path: 'name' },
        ip: { setting: 'hasura.user', path: 'ip' },
      },
    });
    const client = await db.connect({ applicationName: 'web' });
    await inTransaction(client, [
      `select rowtrail.set_context('{"user_id": 7, "user_name": "Ana", "ip": "203.0.113.9", "user_agent": "curl", "comment": "a {\\"b\\"} \\\\ c",
        "request_id": "r1", "context": {"a": 1}, "tenant": "t1"}')`,
      `select set_config('request.jwt.claims', '{"sub":"9"}', true)`,
      'insert into items values (100, 1)',
    ]);
    const events = await readWal(db);
    expect(outline(events)).toEqual(['hello', 'row items', 'context 7']);
    const facts = await client.query(
      `select session_user::text as role, pg_backend_pid() as pid, to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as start
       from pg_stat_activity where pid = pg_backend_pid()`,
    );
    const secret = (await db.query('select secret from rowtrail.install')).rows[0].secret;
    const session = (await db.query('select * from rowtrail.sessions')).rows[0];
    const { role, pid, start } = facts.rows[0];
    const [hello] = messages(events, 'h');
    expect(hello).toEqual(['h', secret, session.token, role, '127.0.0.1', String(pid), start]);
    expect(session).toMatchObject({ pid, session_user: role, client_addr: '127.0.0.1' });
    const [context] = messages(events, 'c');
    expect(context).toEqual([
      'c',
      session.token,
      'none',
      'web',
      '7',
      'Ana',
      '203.0.113.9',
      'curl',
      'a {"b"} \\ c',
      'r1',
      '{"a": 1, "tenant": "t1"}',
      null, // hasura.user
      '{"sub":"9"}', // request.jwt.claims
    ]);
  });

  test('a statement that touches no row writes no WAL and takes no xid', async () => {
    await using db = await installed();
    const client = await greeted(db);
    await client.query('begin');
    await client.query("set local rowtrail.user_id = '7'");
    await client.query('update items set v = 1 where id = -1');
    await client.query('delete from items where id = -1');
    await client.query('insert into items select 1, 1 where false');
    const xid = await client.query('select pg_current_xact_id_if_assigned() as xid');
    await client.query('commit');
    expect(xid.rows[0].xid).toBeNull();
    expect(await readWal(db)).toEqual([]);
  });

  test('settings that were local before read as empty, and cost nobody anything', async () => {
    await using db = await installed();
    const client = await greeted(db);
    await inTransaction(client, ["set local rowtrail.user_id = '7'", 'update items set v = 1 where id = 1']);
    await client.query('update items set v = 2 where id = 1');
    const contexts = messages(await readWal(db), 'c');
    expect(contexts.map((fields) => fields[4])).toEqual(['7', '']);
  });

  test.each([
    ['a megabyte', `repeat('x', 1048576)`],
    ['a megabyte of quotes, twice as long in the message', `repeat('"', 1048576)`],
    ['odd characters', `e'\\x01 \\t \\r\\n {},"\\\\ NULL €🙂'`],
  ])('%s as context breaks no write', async (_name, value) => {
    await using db = await installed();
    const client = await greeted(db);
    await inTransaction(client, [
      `select set_config('rowtrail.context', ${value}, true), set_config('rowtrail.user_id', '7', true)`,
      'update items set v = 1 where id = 1',
      'update items set v = 2 where id = 2',
    ]);
    const expected = (await db.query(`select ${value} as text`)).rows[0].text as string;
    const events = await readWal(db);
    expect(outline(events)).toEqual(['row items', 'context 7', 'row items']);
    const sent = messages(events, 'c')[0]?.[10] ?? '';
    // What is left of a value that was too long says so.
    const isCut = expected.length > 16_384;
    expect(sent).toBe(isCut ? `${expected.slice(0, 16_383)}…` : expected);
  });

  test('an application role needs no right of its own, and gets none', async () => {
    await using db = await createDatabase();
    await using role = await createRole();
    await db.query(`${TABLES};
      alter default privileges grant all on tables to ${role.name};
      alter default privileges grant all on functions to ${role.name};
      grant truncate on items to ${role.name}`);
    await runSetup(configFor(db));
    const app = await db.connect({ url: role.url(db) });
    await app.query('truncate items');
    expect(outline(await readWal(db))).toContain('hello');
    for (const statement of [
      'select * from rowtrail.sessions',
      'select * from rowtrail.install',
      'select * from rowtrail.tables',
      'delete from rowtrail.sessions',
      'select rowtrail.prune_sessions()',
      'create table rowtrail.mine (id integer)',
    ]) {
      await expect(app.query(statement), statement).rejects.toThrow(/permission denied/);
    }
    await app.end();
    await db.query(`drop owned by ${role.name}`);
  });

  test('the role that is set is told, also inside a definer function; session_user stays the fact', async () => {
    await using db = await createDatabase();
    await using role = await createRole();
    await db.query(`${TABLES}; grant all on items to ${role.name};
      create function change() returns void language sql security definer as 'update items set v = v + 1 where id = 2'`);
    await runSetup(configFor(db));
    const client = await greeted(db);
    await inTransaction(client, [
      `set local role ${role.name}`,
      'update items set v = 9 where id = 1',
      'select change()',
    ]);
    expect(messages(await readWal(db), 'c').map((fields) => fields[2])).toEqual([role.name]);
    await db.query(`drop owned by ${role.name}`);
  });

  test('DISCARD ALL keeps the token, another session has another one', async () => {
    await using db = await installed();
    const client = await db.connect();
    await client.query('update items set v = 1 where id = 1');
    await client.query('discard all');
    await client.query('update items set v = 2 where id = 1');
    const other = await db.connect();
    await other.query('update items set v = 3 where id = 1');
    const tokens = messages(await readWal(db), 'h').map((fields) => fields[2]);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(2);
    expect((await db.query('select count(*)::integer as n from rowtrail.sessions')).rows[0].n).toBe(2);
  });

  test('a rolled back first write says hello again', async () => {
    await using db = await installed();
    const client = await db.connect();
    await client.query('begin; update items set v = 1 where id = 1; rollback');
    await client.query('update items set v = 2 where id = 1');
    expect(outline(await readWal(db))).toEqual(['hello', 'hello', 'row items', 'context ']);
    expect((await db.query('select count(*)::integer as n from rowtrail.sessions')).rows[0].n).toBe(1);
  });

  test('a failing hello is the daemon’s trouble, not the application’s', async () => {
    await using db = await installed();
    await db.query('drop table rowtrail.sessions');
    const client = await db.connect();
    await inTransaction(client, ['update items set v = 1 where id = 1', 'update items set v = 2 where id = 2']);
    const events = await readWal(db);
    expect(outline(events)).toEqual(['row items', 'context ', 'row items']);
    expect(messages(events, 'c')[0]?.[1]).toBe('-');
  });

  test('fires for replica sessions, partitions written directly, upserts and truncate', async () => {
    await using db = await installed(`${TABLES};
      create table parted (id integer primary key, v integer) partition by range (id);
      create table parted_mid partition of parted for values from (0) to (100) partition by range (id);
      create table parted_leaf partition of parted_mid default`);
    const client = await greeted(db);
    for (const statement of [
      'insert into parted values (1, 1)',
      'insert into parted_mid values (2, 1)',
      'insert into parted_leaf values (3, 1)',
      'insert into items values (1, 5) on conflict (id) do update set v = excluded.v',
      'truncate parted',
    ]) {
      await inTransaction(client, ['set local session_replication_role = replica', statement]);
      expect(messages(await readWal(db), 'c'), statement).toHaveLength(1);
    }
  });

  test('a hostile search_path and operators of the client change nothing', async () => {
    await using db = await installed();
    const client = await greeted(db);
    await client.query(`create schema evil;
      create function evil.never(text, text) returns boolean language sql as 'select false';
      create operator evil.= (leftarg = text, rightarg = text, function = evil.never);
      create operator evil.<> (leftarg = text, rightarg = text, function = evil.never);
      create operator evil.> (leftarg = text, rightarg = text, function = evil.never);
      create function evil.current_setting(text, boolean) returns text language sql as $$ select 'forged'::text $$;
      create function evil.set_config(text, text, boolean) returns text language sql as $$ select 'forged'::text $$;
      set search_path = evil, pg_catalog, public`);
    await inTransaction(client, ["set local rowtrail.user_id = '7'", 'update items set v = 1 where id = 1']);
    await client.query("set search_path = ''");
    await inTransaction(client, ["set local rowtrail.user_id = '8'", 'update public.items set v = 1 where id = 1']);
    expect(outline(await readWal(db))).toEqual(['row items', 'context 7', 'row items', 'context 8']);
  });
});

describe('hello beside other sessions', () => {
  test('fails no serializable transaction', async () => {
    await using db = await installed();
    const clients = await Promise.all(Array.from({ length: 12 }, () => db.connect()));
    const work = async (client: pg.Client, index: number): Promise<void> => {
      await client.query('begin isolation level serializable');
      await client.query('update items set v = 1 where id = $1', [index + 1]);
      await client.query('commit');
    };
    // Each writes a row of its own; all say hello at the same time.
    await Promise.all(clients.map(work));
    expect(messages(await readWal(db), 'h')).toHaveLength(12);
  });

  test('does not wait for a transaction that the session has prepared', async () => {
    await using db = await installed();
    const client = await db.connect();
    await client.query("begin; update items set v = 1 where id = 1; prepare transaction 'rowtrail_context_test'");
    await client.query('discard all');
    await client.query("set statement_timeout = '5s'");
    await client.query('update items set v = 1 where id = 2');
    await client.query("rollback prepared 'rowtrail_context_test'");
    expect(outline(await readWal(db))).toEqual(['hello', 'hello', 'row items', 'context ']);
  });

  test('prunes sessions that are over and old, and only those', async () => {
    await using db = await installed();
    const client = await db.connect();
    await client.query('update items set v = 1 where id = 1');
    await db.query(`insert into rowtrail.sessions (token, pid, "session_user", created_at) values
      ('old', 0, 'x', now() - interval '8 days'), ('recent', 0, 'x', now()); update rowtrail.sessions set created_at = now() - interval '8 days' where pid <> 0`);
    expect((await db.query('select rowtrail.prune_sessions() as n')).rows[0].n).toBe('1');
    expect((await db.query('select count(*)::integer as n from rowtrail.sessions')).rows[0].n).toBe(2);
  });
});

describe('functions for applications', () => {
  test('set_context sets, clears and adds, for the transaction or the session', async () => {
    await using db = await createDatabase();
    await db.query(TABLES);
    await runSetup(configFor(db));
    const client = await db.connect();
    const value = async (name: string): Promise<string | null> =>
      (await client.query('select current_setting($1, true) as value', [`rowtrail.${name}`])).rows[0].value;
    await client.query(`begin; select rowtrail.set_context('{"user_id": 7, "comment": "a"}')`);
    expect([await value('user_id'), await value('comment')]).toEqual(['7', 'a']);
    await client.query(`select rowtrail.set_context('{"comment": null}')`);
    expect([await value('user_id'), await value('comment')]).toEqual(['7', '']);
    await client.query('commit');
    expect(await value('user_id')).toBe('');
    await client.query(`select rowtrail.set_context('{"user_id": "8"}', false)`);
    expect(await value('user_id')).toBe('8');
    await client.query(`select rowtrail.set_context(null), rowtrail.set_context('null')`);
    await expect(client.query(`select rowtrail.set_context('[1]')`)).rejects.toThrow(/JSON object/);
    expect(await readWal(db)).toEqual([]);
  });

  test('emit_context writes once, ahead of any row', async () => {
    await using db = await installed();
    const client = await greeted(db);
    await inTransaction(client, [
      "set local rowtrail.user_id = '7'",
      'select rowtrail.emit_context()',
      'select rowtrail.emit_context()',
      'update items set v = 1 where id = 1',
    ]);
    expect(outline(await readWal(db))).toEqual(['context 7', 'row items']);
  });

  test('log puts an event among the rows, under the current context', async () => {
    await using db = await installed(`${TABLES}; create table parted (id integer primary key) partition by range (id);
      create table parted_leaf partition of parted default`);
    const client = await greeted(db);
    await inTransaction(client, [
      "set local rowtrail.user_id = '7'",
      'update items set v = 1 where id = 1',
      `select rowtrail.log('order.exported', 'to "x"', '{"rows": 3}', 'parted_leaf', '42')`,
      'update items set v = 2 where id = 1',
    ]);
    const events = await readWal(db);
    expect(outline(events)).toEqual(['row items', 'context 7', 'event order.exported', 'row items']);
    const [event] = messages(events, 'e');
    const oid = (await db.query("select 'parted'::regclass::oid as oid")).rows[0].oid;
    expect(event?.slice(2)).toEqual(['order.exported', 'to "x"', '{"rows": 3}', 'public', 'parted', '42', String(oid)]);
  });

  test('log works alone, in a read-only transaction too, and keeps the session verified', async () => {
    await using db = await installed();
    const client = await db.connect();
    await client.query(`begin read only; select rowtrail.log('login'); commit`);
    await client.query('update items set v = 1 where id = 1');
    const events = await readWal(db);
    expect(outline(events)).toEqual(['hello', 'context ', 'event login', 'hello', 'row items', 'context ']);
    expect(messages(events, 'e')[0]?.slice(3)).toEqual([null, '{}', null, null, null, null]);
    expect((await db.query('select count(*)::integer as n from rowtrail.sessions')).rows[0].n).toBe(1);
  });

  test('log refuses row actions and what is no action', async () => {
    await using db = await installed();
    const row = ['create', 'insert', 'update', 'delete', 'truncate', 'baseline', 'schema'];
    for (const action of [...row, 'Login', '', '1x', 'a'.repeat(64), 'a\nb', null]) {
      await expect(db.query('select rowtrail.log($1)', [action]), String(action)).rejects.toThrow(/rowtrail\.log/);
    }
    expect(await readWal(db)).toEqual([]);
  });

  test('log refuses an event that is too large', async () => {
    await using db = await installed();
    await expect(db.query(`select rowtrail.log('big', repeat('x', 2000000))`)).rejects.toThrow(/at most 1048576/);
  });
});

test('messages are UTF-8 whatever the database’s encoding', async () => {
  await using shared = await createDatabase();
  const name = `${shared.name}_latin1`;
  await shared.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
  const url = new URL(shared.url);
  url.pathname = `/${name}`;
  const client = await shared.connect({ url: url.toString() });
  const query = (sql: string, params?: readonly unknown[]): Promise<pg.QueryResult> =>
    client.query(sql, params === undefined ? undefined : [...params]);
  const db = { ...shared, url: url.toString(), name, query };
  try {
    await query(TABLES);
    await runSetup(configFor(db));
    // Any role's: what converts the messages must be anybody's to call.
    await query('create role rowtrail_test_latin1; grant update, select on items to rowtrail_test_latin1');
    await inTransaction(client, [
      'set local role rowtrail_test_latin1',
      "set local rowtrail.user_name = 'Zoë'",
      'update items set v = 1 where id = 1',
    ]);
    const result = await query(
      `select data from pg_logical_slot_get_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', 'rowtrail_shop', 'messages', 'true')`,
      [name],
    );
    const sent = result.rows.map((row) => (row.data as Buffer).toString('utf8')).join('\n');
    expect(sent).toContain('Zoë');
  } finally {
    await client.query('select pg_drop_replication_slot($1)', [name]).catch(() => {});
    await client.end();
    await shared.query(`drop database ${name} with (force)`);
    await shared.query('drop role if exists rowtrail_test_latin1');
  }
});
