import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableOptions } from '../../../src/config/config.ts';
import { prepareCapture, type Capture, type DaemonProcess, type StoredEntry } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';
import { programFor } from '../../harness/program.ts';

/** Every value that must not get out has this in it. */
const SECRET = 'Tr0ub4dor';
const HASH_KEY = 'correct horse battery staple';
const BIG = `${SECRET}${'x'.repeat(20_000)}`;
/** More than a message that is read into memory. */
const LARGE_BYTES = 18 * 1024 * 1024;

const TABLES: Readonly<Record<string, string>> = {
  people: '(id int primary key, email text, ssn text, n numeric, token bytea, hint text)',
  by_email: '(email text primary key, v int)',
  by_ssn: '(ssn text primary key, v int)',
  by_code: '(region text, code text, v int, primary key (region, code))',
  kept: '(id int primary key, bio text, ssn text, hint text, v int)',
  parts: '(id int, region text, email text, ssn text, hint text, primary key (id, region)) partition by list (region)',
  keyless: '(email text, ssn text, v int)',
  large: '(id int primary key, email text, ssn text, hint text, v int)',
  renamed: '(id int primary key, email text, ssn text, hint text, v int)',
  gone_by: '(id int primary key, email text, v int)',
  refused: '(id int primary key, email text, ssn text, hint text, v int)',
};

const RULES: TableOptions = { exclude: ['hint'], hash: ['email'], redact: ['ssn'], identity: null };
const OPTIONS: Readonly<Record<string, TableOptions>> = {
  ...Object.fromEntries(Object.keys(TABLES).map((name) => [`public.${name}`, RULES])),
  'public.people': { exclude: ['hint', 'token'], hash: ['email', 'n'], redact: ['ssn'], identity: null },
  'public.by_code': { ...RULES, exclude: ['code'] },
  'public.kept': { ...RULES, hash: ['bio'] },
};

let database: TestDatabase;
let store: TestDatabase;
let capture: Capture;
let daemon: DaemonProcess;
let logs = '';

beforeAll(async () => {
  database = await createDatabase();
  store = await createDatabase();
  for (const [name, columns] of Object.entries(TABLES)) await database.query(`create table ${name} ${columns}`);
  await database.query(`alter table kept alter column bio set storage external;
    create table parts_eu partition of parts for values in ('eu');
    create table parts_us partition of parts for values in ('us')`);
  capture = await prepareCapture(database, {
    tables: Object.keys(TABLES),
    keepIdentity: ['kept'],
    tableOptions: OPTIONS,
    hashKey: HASH_KEY,
    store,
  });
  daemon = await capture.spawn();
  await daemon.streaming;
});

afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

/** The entries of what these statements change, each string one query. */
async function entriesOf(table: string, ...queries: readonly string[]): Promise<StoredEntry[]> {
  const before = (await capture.entries(`r.table_name = '${table}'`)).length;
  for (const sql of queries) await database.query(sql);
  await capture.caughtUp();
  return (await capture.entries(`r.table_name = '${table}'`)).slice(before);
}

async function restart(): Promise<void> {
  logs += daemon.stderr();
  daemon.kill('SIGTERM');
  await daemon.exited;
  daemon = await capture.spawn();
  await daemon.streaming;
}

function hmac(text: string): string {
  return `hmac-sha256:${createHmac('sha256', HASH_KEY).update(text).digest('hex')}`;
}

async function api(path: string): Promise<string> {
  const url = await until(async () => /"url":"(http:[^"]+)","msg":"serving"/.exec(daemon.stderr())?.[1] ?? null);
  return (await fetch(`${url}${path}`)).text();
}

describe('a hashed column', () => {
  it('shows that it changed, and the hash of its text, which anybody with the key can work out', async () => {
    const [created, exact, same, deleted] = await entriesOf(
      'people',
      `insert into people values (1, '${SECRET}@a', '${SECRET}', 1.0, '${SECRET}', '${SECRET}')`,
      'update people set n = 1.00',
      `update people set email = email, hint = '${SECRET}2', token = '${SECRET}2'`,
      'delete from people',
    );
    const email = hmac(`${SECRET}@a`);
    expect(created).toMatchObject({
      row: `{"id":1,"email":"${email}","n":"${hmac('1.0')}"}`,
      data: '{"redacted":["ssn"],"hashed":["email","n"]}',
    });
    expect(exact).toMatchObject({ changed: ['n'], old: `{"n":"${hmac('1.0')}"}`, unknown: null });
    expect(same).toMatchObject({ changed: [], old: null });
    expect(deleted!.row).toBe(`{"id":1,"email":"${email}","n":"${hmac('1.00')}"}`);
  });

  it('stays null where it is null', async () => {
    const [created, updated] = await entriesOf(
      'people',
      'insert into people (id) values (2)',
      `update people set email = '${SECRET}' where id = 2`,
    );
    expect(created!.row).toBe('{"id":2,"email":null,"n":null}');
    expect(updated).toMatchObject({ changed: ['email'], old: '{"email":null}' });
  });

  it('is a key like any other', async () => {
    const [, moved, deleted] = await entriesOf(
      'by_email',
      `insert into by_email values ('${SECRET}a', 1)`,
      `update by_email set email = '${SECRET}b'`,
      'delete from by_email',
    );
    expect(moved).toMatchObject({ record_key: hmac(`${SECRET}b`), changed: ['email'] });
    expect(deleted!.record_key).toBe(hmac(`${SECRET}b`));
    const history = JSON.parse(await api(`/api/v1/activity?record=${hmac(`${SECRET}b`)}`)) as {
      data: { action: string }[];
    };
    expect(history.data.map(({ action }) => action)).toEqual(['delete', 'update', 'create']);
    expect(history.data[0]).toMatchObject({ key: { email: hmac(`${SECRET}b`) } });
  });

  it('is told by the record’s last entry where the stream does not carry it', async () => {
    const [, updated, deleted] = await entriesOf(
      'kept',
      `insert into kept values (1, '${BIG}', '${SECRET}', '${SECRET}', 1)`,
      `update kept set v = 2, ssn = '${SECRET}2'`,
      'delete from kept',
    );
    const row = `{"id":1,"bio":"${hmac(BIG)}","v":2}`;
    // Whether the redacted column changed is not known: nothing of it was kept.
    expect(updated).toMatchObject({ changed: ['v'], unknown: null, old: '{"v":1}', row });
    expect(deleted!.row).toBe(row);
  });

  it('of any size is hashed in bounded memory', async () => {
    const large = `repeat('${SECRET}', ${LARGE_BYTES / SECRET.length})`;
    const [created, updated] = await entriesOf(
      'large',
      `insert into large values (1, ${large}, ${large}, ${large}, 1)`,
      `update large set email = email || 'x', ssn = ssn || 'x', v = 2`,
    );
    const text = SECRET.repeat(LARGE_BYTES / SECRET.length);
    expect(created!.row).toBe(`{"id":1,"email":"${hmac(text)}","v":1}`);
    expect(updated).toMatchObject({
      changed: ['email', 'v', 'ssn'],
      row: `{"id":1,"email":"${hmac(`${text}x`)}","v":2}`,
      old: `{"email":"${hmac(text)}","v":1}`,
    });
  });
});

describe('a redacted column', () => {
  it('is known to have changed, and by no value', async () => {
    const [created, updated, same] = await entriesOf(
      'people',
      `insert into people values (3, null, '${SECRET}')`,
      `update people set ssn = '${SECRET}2' where id = 3`,
      `update people set ssn = ssn where id = 3`,
    );
    expect(created!.row).toBe('{"id":3,"email":null,"n":null}');
    expect(updated).toMatchObject({ changed: ['ssn'], unknown: null, old: null });
    expect(same).toMatchObject({ changed: [] });
    const { data } = JSON.parse(await api(`/api/v1/activity/${updated!.id}`)) as { data: Record<string, unknown> };
    expect(data).toMatchObject({
      changed: ['ssn'],
      before: { id: 3, email: null, n: null },
      after: { id: 3, email: null, n: null },
      incomplete: { columns: ['ssn'], reason: 'masked' },
    });
    expect(data).not.toHaveProperty('data');
  });

  it.each([
    ['by_ssn', (value: string) => `('${value}', 1)`, 'ssn', (value: string) => hmac(value), ['ssn']],
    ['by_code', (value: string) => `('eu', '${value}', 1)`, 'code', (value: string) => `["eu","${hmac(value)}"]`, []],
  ])('or an excluded one of the key of %s names its record by its hash', async (table, row, column, key, changed) => {
    const [created, moved, deleted] = await entriesOf(
      table,
      `insert into ${table} values ${row(`${SECRET}a`)}`,
      `update ${table} set ${column} = '${SECRET}b'`,
      `delete from ${table}`,
    );
    expect(created!.record_key).toBe(key(`${SECRET}a`));
    expect(moved).toMatchObject({ record_key: key(`${SECRET}b`), changed, old: null });
    expect(deleted!.record_key).toBe(key(`${SECRET}b`));
    expect(created!.row).not.toContain(column);
    const links = await store.query('select record_key, entry_key from audit.entry_links where entry_id = $1', [
      moved!.id,
    ]);
    expect(links.rows).toEqual([{ record_key: key(`${SECRET}a`), entry_key: key(`${SECRET}b`) }]);
  });
});

describe('rules', () => {
  it('of a partitioned table hold for its leaves, and for rows that cross', async () => {
    const entries = await entriesOf(
      'parts',
      `insert into parts_eu values (1, 'eu', '${SECRET}', '${SECRET}', '${SECRET}')`,
      `update parts set region = 'us'`,
      'truncate parts_us',
    );
    const masked = (region: string): string => `{"id":1,"region":"${region}","email":"${hmac(SECRET)}"}`;
    expect(entries.map((entry) => entry.row)).toEqual([masked('eu'), masked('eu'), masked('us'), null]);
  });

  it('hold for tables without a key', async () => {
    const [created, deleted] = await entriesOf(
      'keyless',
      `insert into keyless values ('${SECRET}', '${SECRET}', 1)`,
      'delete from keyless',
    );
    expect(created!.row).toBe(`{"email":"${hmac(SECRET)}","v":1}`);
    expect(deleted!.record_key).toBe(created!.record_key);
  });

  it('follow columns and tables that are renamed, and hold for new ones of the old names', async () => {
    const values = `'${SECRET}', '${SECRET}', '${SECRET}'`;
    await entriesOf('renamed', `insert into renamed values (1, ${values}, 1)`);
    const image = (id: number, column: string): string => `{"id":${id},"${column}":"${hmac(SECRET)}","v":1}`;
    const [first] = await entriesOf(
      'renamed',
      `alter table renamed rename email to mail; alter table renamed rename ssn to tax; alter table renamed rename hint to clue;
       insert into renamed values (2, ${values}, 1)`,
    );
    expect(first!.row).toBe(image(2, 'mail'));
    await database.query('alter table renamed rename to people_of_old');
    await restart();
    await entriesOf(
      'people_of_old',
      `insert into people_of_old values (3, ${values}, 1)`,
      // Now all of them again, under the names that the rules have.
      `alter table people_of_old add column ssn text; alter table people_of_old add column email text;
       insert into people_of_old values (4, ${values}, 1, '${SECRET}', '${SECRET}')`,
    );
    const [second, last] = await capture.entries(`r.table_name = 'people_of_old' and record_key in ('3', '4')`);
    expect(second!.row).toBe(image(3, 'mail'));
    expect(last!.row).toBe(`${image(4, 'mail').slice(0, -1)},"email":"${hmac(SECRET)}"}`);
  });

  it('follow a column that was renamed while nothing ran, and before any row was seen', async () => {
    daemon.kill('SIGKILL');
    await daemon.exited;
    await database.query(`alter table gone_by rename email to mail; insert into gone_by values (1, '${SECRET}', 1)`);
    daemon = await capture.spawn();
    await daemon.streaming;
    const [created] = await entriesOf('gone_by');
    expect(created!.row).toBe(`{"id":1,"mail":"${hmac(SECRET)}","v":1}`);
  });
});

describe('nothing gets out', () => {
  it('when the store refuses a row and quotes it', async () => {
    await store.query(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no room for %', new.row using errcode = 'program_limit_exceeded', detail = new.row; end $$;
      create trigger refuse before insert on audit.entries for each row when (new.record_key = '4711') execute function refuse()`);
    await database.query(`insert into refused values (4711, '${SECRET}', '${SECRET}', '${SECRET}', 1)`);
    await until(async () => daemon.stderr().includes('RT_STORE_REFUSED'));
    const status = await api('/api/v1/status');
    expect(status).toContain('RT_STORE_REFUSED');
    expect(status).not.toContain(SECRET);
    await store.query('drop trigger refuse on audit.entries');
    await restart();
    await capture.caughtUp();
  });

  it('in the store, in what the API and the programs print, and in the log', async () => {
    const tables = await store.query(
      `select c.oid::regclass::text as name from pg_class c where c.relnamespace = 'audit'::regnamespace and c.relkind = 'r'`,
    );
    expect(tables.rows.length).toBeGreaterThan(10);
    for (const { name } of tables.rows) {
      const found = await store.query(`select count(*) as n from ${name} t where position($1 in t::text) > 0`, [
        SECRET,
      ]);
      expect(found.rows[0].n, name).toBe('0');
    }
    for (const path of [
      '/api/v1/activity?limit=1000',
      `/api/v1/activity?record=${SECRET}`.replace(SECRET, '1'),
      '/api/v1/status',
      '/readyz',
      '/openapi.json',
    ]) {
      const answer = await api(path);
      expect(answer.length).toBeGreaterThan(10);
      expect(answer, path).not.toContain(SECRET);
    }
    await using program = await programFor(capture.config);
    for (const args of [['status'], ['status', '--json'], ['check'], ['check', '--json'], ['setup', '--dry-run']]) {
      const { stdout, stderr } = await program.run(...args);
      expect(stdout.length, args.join(' ')).toBeGreaterThan(10);
      expect(stdout + stderr, args.join(' ')).not.toContain(SECRET);
      expect(stdout + stderr, args.join(' ')).not.toContain(HASH_KEY);
    }
    logs += daemon.stderr();
    expect(logs).not.toContain(SECRET);
    expect(logs).not.toContain(HASH_KEY);
  });
});
