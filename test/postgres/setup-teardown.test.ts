import { describe, expect, test } from 'vitest';
import { teardown, type TeardownOptions } from '../../src/setup/teardown.ts';
import type { Config } from '../../src/config/config.ts';
import { createDatabase, createRole, type TestDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { catalogOf, configFor, runSetup, silent } from './setup-fixture.ts';
import { probeStream } from './setup-stream.ts';

const TABLES = `
  create table plain (id integer primary key, v integer);
  create table keyless (v integer);
  create table nothing (id integer primary key);
  alter table nothing replica identity nothing;
  create table already (id integer primary key);
  alter table already replica identity full;
  create table indexed (id integer not null);
  create unique index indexed_id on indexed (id);
  alter table indexed replica identity using index indexed_id;
  create table parted (id integer primary key) partition by range (id);
  create table parted_1 partition of parted default`;

async function withTables(): Promise<TestDatabase> {
  const db = await createDatabase();
  await db.query(TABLES);
  return db;
}

async function runTeardown(config: Config, options: Partial<TeardownOptions> = {}): Promise<string> {
  const printed: string[] = [];
  await teardown(config, { dropHistory: false, print: (line) => printed.push(line), log: silent, ...options });
  return printed.join('\n');
}

describe('teardown', () => {
  test('leaves the catalog as it was before setup', async () => {
    await using db = await withTables();
    const before = await catalogOf(db);
    await runSetup(configFor(db));
    await db.query('insert into plain values (1, 1)');
    await runTeardown(configFor(db), { dropHistory: true });
    expect(await catalogOf(db)).toBe(before);
    await db.query('insert into keyless values (1); update keyless set v = 2; update plain set v = 2');
  });

  test('keeps the history unless told otherwise; a later setup records the gap', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    // A daemon was killed, and is not started again.
    await db.query('select audit.reserve_ids(source_id, gen_random_uuid(), 5) from audit.checkpoints');
    expect(await runTeardown(configFor(db))).toMatch(/history stays/);
    expect((await db.query('select from audit.flushes')).rows).toEqual([]);
    expect((await db.query('select epoch from audit.checkpoints')).rows).toEqual([{ epoch: 1 }]);
    expect((await runSetup(configFor(db))).result.slot).toBe('restart');
    expect((await db.query('select reason from audit.gaps')).rows).toEqual([{ reason: 'slot_missing' }]);
  });

  test.each([
    ['no slot', (db: TestDatabase) => db.query('select pg_drop_replication_slot($1)', [db.name])],
    ['no publication', (db: TestDatabase) => db.query('drop publication rowtrail_shop')],
    ['no schema', (db: TestDatabase) => db.query('drop schema rowtrail cascade')],
    ['no record', (db: TestDatabase) => db.query('drop table rowtrail.tables')],
    ['no trigger', (db: TestDatabase) => db.query('drop trigger rowtrail_context_after on plain')],
    ['no index of before', (db: TestDatabase) => db.query('drop index indexed_id')],
    ['a table less', (db: TestDatabase) => db.query('drop table parted')],
    [
      'a table renamed and moved',
      (db: TestDatabase) => db.query('create schema x; alter table plain rename to p; alter table p set schema x'),
    ],
  ])('works with %s, and again', async (_name, spoil) => {
    await using db = await withTables();
    await runSetup(configFor(db));
    await spoil(db);
    await runTeardown(configFor(db), { dropHistory: true });
    const after = await catalogOf(db);
    expect(after).not.toMatch(/rowtrail|audit|slot /);
    await runTeardown(configFor(db), { dropHistory: true });
    expect(await catalogOf(db)).toBe(after);
  });

  test('refuses while somebody reads the slot, and says who', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    const before = await catalogOf(db);
    await using stream = await probeStream(db.url, db.name, 'rowtrail_shop');
    await until(
      async () =>
        (await db.query('select from pg_replication_slots where slot_name = $1 and active', [db.name])).rowCount,
      {
        what: 'the slot is active',
      },
    );
    await expect(runTeardown(configFor(db))).rejects.toMatchObject({
      code: 'RT_SLOT_BUSY',
      message: expect.stringMatching(new RegExp(`process ${stream.pid} `)),
      hint: expect.stringContaining('rowtrail run'),
    });
    expect(await catalogOf(db)).toBe(before);
  });

  test('refuses a configuration that names another slot than setup made', async () => {
    await using db = await withTables();
    await runSetup(configFor(db));
    await expect(runTeardown(configFor(db, { slot: 'rowtrail_other' }))).rejects.toMatchObject({ code: 'RT_CONFIG' });
  });

  test('drops the slot as the daemon’s role where the admin may not', async () => {
    await using owner = await createRole('nosuperuser');
    await using daemon = await createRole('nosuperuser replication');
    await using db = await createDatabase();
    await db.query(`grant create on database ${db.name} to ${owner.name}; grant all on schema public to ${owner.name};
      create schema audit authorization ${daemon.name}`);
    const admin = await db.connect({ url: owner.url(db) });
    await admin.query(TABLES);
    await admin.end();
    const config = configFor(db, { url: daemon.url(db), adminUrl: owner.url(db) });
    const before = await catalogOf(db);
    await runSetup(config);
    await runTeardown(config, { dropHistory: true });
    expect((await catalogOf(db)).replace(/^schema audit.*\n/m, '')).toBe(before.replace(/^schema audit.*\n/m, ''));
  });

  test('a publication for all tables of the same name is not ours to drop', async () => {
    await using db = await withTables();
    await db.query('create publication rowtrail_shop for all tables');
    await runTeardown(configFor(db));
    expect((await db.query('select from pg_publication')).rowCount).toBe(1);
  });
});
