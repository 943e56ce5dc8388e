import { describe, expect, test } from 'vitest';
import { runChecks } from '../../src/setup/check.ts';
import type { Check } from '../../src/setup/checks/check.ts';
import type { Config } from '../../src/config/config.ts';
import { createDatabase, createRole, type TestDatabase } from '../harness/database.ts';
import { catalogOf, configFor, runSetup } from './setup-fixture.ts';

async function installed(sql = 'create table items (id integer primary key, v text)'): Promise<TestDatabase> {
  const db = await createDatabase();
  await db.query(sql);
  await runSetup(configFor(db));
  return db;
}

async function faults(config: Config): Promise<Check[]> {
  return (await runChecks(config)).filter(({ status }) => status !== 'ok');
}

describe('check', () => {
  test('finds nothing wrong after setup, with the rights of the daemon alone, and changes nothing', async () => {
    await using daemon = await createRole('nosuperuser replication');
    await using db = await createDatabase();
    await db.query('create table items (id integer primary key, v text)');
    const own = configFor(db, { url: daemon.url(db), adminUrl: db.url });
    const config = { ...own, store: { ...own.store, url: daemon.url(db) } };
    await runSetup(config);
    const before = await catalogOf(db);
    const checks = await runChecks(config);
    expect(checks.filter(({ status, name }) => status !== 'ok' && name !== 'wal-bound' && name !== 'disk')).toEqual([]);
    expect(await catalogOf(db)).toBe(before);
    expect(checks.every(({ status, fix }) => (status === 'ok') === (fix === null))).toBe(true);
  });

  test.each<[string, string, string, RegExp]>([
    [
      'a new matching table',
      'drop event trigger rowtrail_schema_ddl; create table later (id integer primary key)',
      'publication',
      /not captured yet: public\.later/,
    ],
    [
      'a trigger that is only enabled',
      'alter table items disable trigger all; alter table items enable trigger all',
      'context-triggers',
      /public\.items/,
    ],
    ['a trigger that is gone', 'drop trigger rowtrail_context_after on items', 'context-triggers', /public\.items/],
    [
      'an identity that was changed',
      'alter table items replica identity default',
      'identity',
      /not full.*public\.items/,
    ],
    [
      'an identity that breaks the application',
      'alter table items replica identity nothing',
      'identity',
      /updates fail: public\.items/,
    ],
    [
      'a publication without updates',
      "alter publication rowtrail_shop set (publish = 'insert')",
      'publication',
      /does not publish everything/,
    ],
    ['a publication that is gone', 'drop publication rowtrail_shop', 'publication', /does not exist/],
    ['functions of another version', "update rowtrail.install set version = '0'", 'install', /version 0/],
    [
      'rights that are gone',
      'revoke execute on function pg_catalog.set_config(text, text, boolean) from public',
      'application-rights',
      /set_config/,
    ],
    [
      'a store without partitions',
      'drop table audit.entries cascade; create table audit.entries (id bigint) partition by range (id)',
      'store-partitions',
      /no partition/,
    ],
    [
      'a gap that is open, for which setup helps',
      `insert into audit.gaps (source_id, epoch, reason, detail) select id, 2, 'slot_missing', 'it was dropped' from audit.sources`,
      'gaps',
      /a gap is open \(slot_missing\): it was dropped/,
    ],
    [
      'a gap on record',
      `insert into audit.gaps (source_id, epoch, reason, to_time) select id, 2, 'slot_missing', '2026-01-02 03:04:05Z' from audit.sources`,
      'gaps',
      /1 gap, the latest until 2026-01-02 03:04:05 UTC/,
    ],
    [
      'a history that was changed',
      `insert into audit.verifications (begun_at, ended_at, made_by, outcome, complete, seals, entries, problem)
       values (now(), now(), 'ana', 'mismatch', true, 1, 1, 'seal 1: entries edited')`,
      'seals',
      /not what was sealed: seal 1: entries edited/,
    ],
    ['a store that is gone', 'drop schema audit cascade', 'store-schema', /no schema audit/],
    ['a store that is behind', 'delete from audit.migrations', 'store-schema', /behind/],
    ['an unlogged table', 'create unlogged table u (id integer)', 'untracked', /public\.u.*unlogged/],
  ])('finds %s', async (_name, sql, name, message) => {
    await using db = await installed();
    await db.query(sql);
    const found = (await faults(configFor(db))).filter((check) => check.name === name);
    expect(found.map((check) => check.message).join('\n')).toMatch(message);
    expect(found.every((check) => (check.fix ?? '').length > 10)).toBe(true);
  });

  test('finds a slot that is gone, and tells what setup will do', async () => {
    await using db = await installed();
    await db.query('select pg_drop_replication_slot($1)', [db.name]);
    expect(await faults(configFor(db))).toContainEqual(
      expect.objectContaining({ name: 'slot', status: 'problem', fix: expect.stringContaining('records the gap') }),
    );
  });

  test('finds changed claims mappings before they mix up claims', async () => {
    await using db = await installed();
    const config = configFor(db, { context: { user_id: { setting: 'request.jwt.claims', path: 'sub' } } });
    expect((await faults(config)).map(({ name }) => name)).toContain('install');
  });

  test('names what is not installed without blaming it', async () => {
    await using db = await createDatabase();
    await db.query('create table items (v integer)');
    const names = (await faults(configFor(db))).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['install', 'slot', 'publication', 'store-schema']));
    expect(names).not.toContain('identity');
  });

  test('warns of wide rows under identity full, with how wide', async () => {
    await using db = await installed();
    await db.query(`alter table items alter column v set storage external;
      insert into items select g, repeat('x', 20000) from generate_series(1, 50) g`);
    await db.query('vacuum analyze items');
    expect(await faults(configFor(db))).toContainEqual(
      expect.objectContaining({
        name: 'wal-volume',
        status: 'warning',
        message: expect.stringMatching(/public\.items keeps about 2\d kB/),
      }),
    );
    const existing = configFor(db, {
      tableOptions: { 'public.items': { exclude: [], hash: [], redact: [], identity: 'existing' } },
    });
    expect((await faults(existing)).map(({ name }) => name)).not.toContain('wal-volume');
  });

  test('goes on where one database cannot be reached', async () => {
    await using db = await installed();
    const config = configFor(db);
    const down = 'postgres://nobody:hidden-word@127.0.0.1:1/x';
    const withoutStore = await runChecks({ ...config, store: { ...config.store, url: down } });
    expect(withoutStore.filter(({ status }) => status === 'problem').map(({ name }) => name)).toContain(
      'store-connection',
    );
    expect(withoutStore.find(({ name }) => name === 'publication')?.status).toBe('ok');
    const withoutSource = await runChecks({
      ...config,
      sources: config.sources.map((source) => ({ ...source, url: down })),
    });
    expect(withoutSource.find(({ name }) => name === 'connection')?.status).toBe('problem');
    expect(withoutSource.find(({ name }) => name === 'store-schema')?.status).toBe('ok');
    expect(JSON.stringify([withoutStore, withoutSource])).not.toContain('hidden-word');
  });
});
