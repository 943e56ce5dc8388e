import { describe, expect, test } from 'vitest';
import { inject } from 'vitest';
import type { Config, SourceConfig } from '../../src/config/config.ts';
import { runChecks } from '../../src/setup/check.ts';
import { createDatabase, createRole, withDatabase, type TestDatabase } from '../harness/database.ts';
import { startServer } from '../harness/server.ts';
import { catalogOf, configFor, runSetup, startFakePooler } from './setup-fixture.ts';

const TABLE = 'create table items (id integer primary key, v integer)';

async function withTable(): Promise<TestDatabase> {
  const db = await createDatabase();
  await db.query(TABLE);
  return db;
}

/** Refused with this, and nothing touched; nobody's password is told. */
async function refusal(db: TestDatabase, config: Config): Promise<{ code: string; message: string; hint: string }> {
  const before = await catalogOf(db);
  const error = await runSetup(config).then(
    () => null,
    (reason: unknown) => reason as { code: string; message: string; hint: string },
  );
  expect(await catalogOf(db)).toBe(before);
  if (error === null) throw new Error('was not refused');
  expect(`${error.message} ${error.hint}`).not.toContain(
    new URL(config.sources[0]?.url ?? '').password || 'no password',
  );
  return error;
}

describe('setup refuses before it touches anything', () => {
  test('a server that is not there', async () => {
    await using db = await withTable();
    const error = await refusal(db, configFor({ ...db, url: 'postgres://a:secret-word@127.0.0.1:1/x' }));
    expect(error).toMatchObject({ code: 'RT_CONNECT', hint: expect.stringContaining('host and port') });
  });

  test('a database that is not there', async () => {
    await using db = await withTable();
    const error = await refusal(db, configFor({ ...db, url: withDatabase(db.url, 'rowtrail_test_nowhere') }));
    expect(error).toMatchObject({
      code: 'RT_DATABASE_MISSING',
      message: expect.stringContaining('rowtrail_test_nowhere'),
    });
  });

  test('a wrong password', async ({ skip }) => {
    await using db = await withTable();
    await using role = await createRole('replication');
    const url = new URL(role.url(db));
    url.password = 'not-the-password';
    const client = await db.connect({ url: url.toString() }).catch(() => null);
    skip(client !== null, 'this server trusts everyone');
    const error = await refusal(db, configFor({ ...db, url: url.toString() }));
    expect(error).toMatchObject({ code: 'RT_AUTH', hint: expect.stringContaining('password') });
  });

  test('a role without the REPLICATION right', async () => {
    await using role = await createRole('nosuperuser noreplication');
    await using db = await withTable();
    const error = await refusal(db, configFor(db, { url: role.url(db), adminUrl: db.url }));
    expect(error).toMatchObject({
      code: 'RT_PRIVILEGE',
      hint: expect.stringContaining(`alter role ${role.name} replication`),
    });
  });

  test('a pooler', async () => {
    await using db = await withTable();
    const pooler = await startFakePooler(db.url);
    try {
      const error = await refusal(db, configFor({ ...db, url: pooler.url }));
      expect(error).toMatchObject({ code: 'RT_POOLER', hint: expect.stringContaining('PostgreSQL server itself') });
      const checks = await runChecks(configFor({ ...db, url: pooler.url }));
      expect(checks.find(({ name }) => name === 'replication')).toMatchObject({
        status: 'problem',
        message: expect.stringContaining('pooler'),
      });
    } finally {
      await pooler.close();
    }
  });

  test.each<[string, string, Partial<SourceConfig>, string, RegExp]>([
    ['no table at all', '', {}, 'RT_NO_TABLES', /no table of database/],
    ['a table that is not there', TABLE, { tables: ['public.items', 'public.itmes'] }, 'RT_NO_TABLES', /public\.itmes/],
    [
      'a table without key under identity: existing',
      'create table k (v integer)',
      { tables: ['public.k'], identity: 'existing' },
      'RT_TABLE_UNTRACKABLE',
      /no primary key/,
    ],
    [
      'a partitioned table without key under identity: existing',
      'create table k (v integer) partition by range (v)',
      { tables: ['public.k'], identity: 'existing' },
      'RT_TABLE_UNTRACKABLE',
      /no primary key/,
    ],
    [
      'an unlogged table by name',
      'create unlogged table k (v integer)',
      { tables: ['public.k'] },
      'RT_TABLE_UNTRACKABLE',
      /unlogged/,
    ],
    [
      'a partition by name',
      'create table r (v integer primary key) partition by range (v); create table k partition of r default',
      { tables: ['public.k'] },
      'RT_TABLE_UNTRACKABLE',
      /partition of public\.r/,
    ],
    [
      'a setting that not everyone may read',
      TABLE,
      { context: { user_id: { setting: 'data_directory', path: null } } },
      'RT_CONFIG',
      /data_directory/,
    ],
    [
      'a setting that is none',
      TABLE,
      { context: { user_id: { setting: 'nosuchsetting', path: null } } },
      'RT_CONFIG',
      /nosuchsetting/,
    ],
    [
      'a schema rowtrail of somebody else',
      `${TABLE}; create schema rowtrail; create table rowtrail.x (id integer)`,
      {},
      'RT_SETUP_FAILED',
      /schema rowtrail exists/,
    ],
    [
      'a schema audit of somebody else',
      `${TABLE}; create schema audit; create table audit.log (id integer)`,
      {},
      'RT_SETUP_FAILED',
      /schema audit/,
    ],
    [
      'a publication for all tables',
      `${TABLE}; create publication rowtrail_shop for all tables`,
      {},
      'RT_SETUP_FAILED',
      /for all tables/,
    ],
    [
      'a publication of somebody else',
      `${TABLE}; create publication rowtrail_shop for table items`,
      {},
      'RT_SETUP_FAILED',
      /not Rowtrail/,
    ],
  ])('%s', async (_name, sql, overrides, code, message) => {
    await using db = await createDatabase();
    if (sql !== '') await db.query(sql);
    const error = await refusal(db, configFor(db, overrides));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint.length).toBeGreaterThan(10);
  });

  test('a slot that is something else', async () => {
    await using db = await withTable();
    await db.query('select pg_create_physical_replication_slot($1)', [db.name]);
    try {
      const error = await refusal(db, configFor(db));
      expect(error).toMatchObject({ code: 'RT_SETUP_FAILED', message: expect.stringContaining('physical') });
    } finally {
      await db.query('select pg_drop_replication_slot($1)', [db.name]);
    }
  });

  test('another name than the one it was set up with', async () => {
    await using db = await withTable();
    await runSetup(configFor(db));
    const error = await refusal(db, configFor(db, { slot: `${db.name}_2` }));
    expect(error).toMatchObject({ code: 'RT_SETUP_FAILED', message: expect.stringContaining(db.name) });
  });

  test('a function that the applications may not call', async () => {
    await using db = await withTable();
    await db.query('revoke execute on all functions in schema pg_catalog from public');
    const error = await refusal(db, configFor(db));
    expect(error.message).toMatch(/pg_logical_emit_message/);
    expect(error.code).toBe('RT_PRIVILEGE');
  });

  test('names everything that is wrong at once', async () => {
    await using role = await createRole('nosuperuser noreplication');
    await using db = await withTable();
    const error = await refusal(db, configFor(db, { url: role.url(db), tables: ['public.*', 'public.missing'] }));
    for (const part of [
      /may not replicate/,
      /does not own public\.items/,
      /no table public\.missing/,
      /may not create a schema or publication/,
      /may not create the schema audit/,
    ]) {
      expect(error.message).toMatch(part);
    }
  });
});

test('a server with wal_level = replica and no sender', async ({ skip }) => {
  skip(!inject('pgUrl').includes('127.0.0.1'), 'needs a server of its own');
  await using server = await startServer({
    wal_level: 'replica',
    max_replication_slots: '0',
    max_slot_wal_keep_size: '-1',
  });
  await using db = await createDatabase(server.url);
  await db.query(TABLE);
  const error = await refusal(db, configFor(db));
  expect(error.message).toMatch(/wal_level is replica, and has to be logical/);
  expect(error.message).toMatch(/alter system set wal_level = logical/);
  expect(error.message).toMatch(/no replication slot is free/);
  const checks = await runChecks(configFor(db));
  const problems = checks.filter(({ status }) => status === 'problem').map(({ name }) => name);
  expect(problems).toEqual(
    expect.arrayContaining(['wal-level', 'capacity', 'wal-bound', 'install', 'slot', 'publication', 'store-schema']),
  );
});
