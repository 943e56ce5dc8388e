import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { membersOf, mergeMembers, objectOf } from '../../../src/entry/image.ts';
import { prepareCapture, type Capture, type RunningDaemon, type StoredEntry } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';

const HASH_KEY = 'correct horse battery staple';
const ROWS = 12_000;
/** Each transaction touches three of a table's 3,000 rows at most: however slow the baseline is, it has many of its own. */
const MAX_WRITTEN = 700;
const EQUAL_ROW = '{"v":-1,"t":"x"}';
const TABLES: Readonly<Record<string, string>> = {
  items: '(id int primary key, v int, t text)',
  pairs: '(region text, n int, v int, primary key (n, region))',
  keyless: '(v int, t text)',
  parts: '(id int, region text, v int, primary key (id, region)) partition by list (region)',
  empty: '(id int primary key)',
  cleared: '(id int primary key, v int)',
  typed:
    '(id int primary key, n numeric, b boolean, j json, js jsonb, e mood, es mood[], d posint, f float8, by bytea, ts timestamptz, ch "char", tx text, g int generated always as (id * 2) stored)',
  people: '(id int primary key, email text, ssn text, hint text)',
  kept: '(id int primary key, big text, v int)',
  wide: '(id int primary key, t text)',
};

let database: TestDatabase;
let store: TestDatabase;
let capture: Capture;
let daemon: RunningDaemon;

async function baselined(timeoutMs = 60_000): Promise<void> {
  await until(
    async () => {
      const result = await store.query(
        `select count(*) filter (where finished_at is null) as open, count(*) as wanted, string_agg(note, '; ') as notes from audit.baselines`,
      );
      const { open, wanted } = result.rows[0];
      return open === '0' && wanted !== '0';
    },
    { timeoutMs, what: 'the baselines are complete' },
  );
}

function entriesOf(table: string): Promise<StoredEntry[]> {
  return capture.entries(`r.table_name = '${table}'`);
}

/** What the entries of a table leave behind, by record. Fails where a history contradicts itself. */
function replay(entries: readonly StoredEntry[], links: ReadonlyMap<string, string>): Map<string, string> {
  const state = new Map<string, string>();
  const known = new Set<string>();
  for (const { id, action, record_key: key, row } of entries) {
    if (action === 'truncate') {
      state.clear();
      continue;
    }
    const before = links.get(id);
    if (action === 'baseline') {
      // Nothing is known of the record yet.
      expect(known.has(key!), `baseline of ${key} behind another entry`).toBe(false);
    }
    known.add(key!);
    if (before !== undefined) {
      known.add(before);
      state.delete(before);
    }
    if (action === 'create') expect(state.has(key!), `create of ${key}, which is there`).toBe(false);
    if (action === 'delete') state.delete(key!);
    else state.set(key!, row!);
  }
  return state;
}

function differences(state: ReadonlyMap<string, string>, rows: ReadonlyMap<string, string>): string[] {
  const wrong = [...new Set([...state.keys(), ...rows.keys()])].filter((key) => state.get(key) !== rows.get(key));
  return wrong.slice(0, 10).map((key) => `${key}: ${state.get(key)} is ${rows.get(key)} (${wrong.length})`);
}

async function linksOf(): Promise<Map<string, string>> {
  const result = await store.query(`select entry_id, record_key from audit.entry_links where kind = 'key'`);
  return new Map(result.rows.map((row) => [row.entry_id, row.record_key]));
}

describe.each(['wal', 'trigger'] as const)('existing rows become baseline entries (%s)', (way) => {
  beforeAll(async () => {
    database = await createDatabase();
    store = await createDatabase();
    await database.query(`create type mood as enum ('fine', 'bad'); create domain posint as int check (value > 0)`);
    for (const [name, columns] of Object.entries(TABLES)) await database.query(`create table ${name} ${columns}`);
    await database.query(`
    create table parts_eu partition of parts for values in ('eu');
    create table parts_us partition of parts for values in ('us') partition by range (id);
    create table parts_us_1 partition of parts_us for values from (0) to (1000);
    create table parts_us_2 partition of parts_us for values from (1000) to (1000000);
    alter table kept alter column big set storage external;
    insert into items select i, i, 'row ' || i from generate_series(1, ${ROWS}) i;
    insert into pairs select 'r' || i % 3, i, i from generate_series(1, 3000) i;
    insert into keyless select case when i % 10 = 0 then -1 else i end, 'x' from generate_series(1, 3000) i;
    insert into parts select i, case when i % 3 = 0 then 'eu' else 'us' end, i from generate_series(1, 3000) i;
    insert into typed values (1, 1.00, true, ' {"a" : 1.0} ', '{"a": 1.0}', 'bad', '{fine,bad}', 3, 'NaN', '\\x00ff5c', '2024-02-29 12:00+02', 'x',
      E'tab\\there\\nnew \\\\ back \\\\N "q" ü'), (3, -0.0, false, '"\\u0000"', 'null', 'fine', '{}', 1, -0.0, '', 'infinity', '', '\\N');
    insert into typed (id, n) values (2, 'Infinity');
    insert into cleared select i, i from generate_series(1, 3000) i;
    insert into people select i, 'p' || i, 's' || i, 'h' || i from generate_series(1, 3) i;
    insert into kept select i, repeat(md5(i::text), 300), i from generate_series(1, 20) i;
    insert into wide values (1, repeat('x', 9000000)), (2, 'small')`);
    capture = await prepareCapture(database, {
      tables: Object.keys(TABLES),
      keepIdentity: ['kept', 'pairs'],
      tableOptions: { 'public.people': { hash: ['email'], redact: ['ssn'], exclude: ['hint'], identity: null } },
      hashKey: HASH_KEY,
      baseline: true,
      capture: way,
      store,
    });
  });

  afterAll(async () => {
    await daemon?.stop();
    await database[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  it('while they are inserted, updated, deleted, truncated, and given other keys', async () => {
    const writer = await database.connect();
    const writing = new AbortController();
    let written = 0;
    const load = (async () => {
      for (let i = 0; (!writing.signal.aborted && i < MAX_WRITTEN) || i < 50; i += 1) {
        const a = 1 + ((i * 7919) % ROWS);
        const b = 1 + ((i * 104_729) % ROWS);
        await writer.query(`begin;
          update items set v = v + 1 where id = ${a};
          delete from items where id = ${b};
          update items set id = id + 1000000 where id = ${1 + ((i * 31) % ROWS)} and id < 1000000;
          insert into items values (${2_000_000 + i}, 0, 'new');
          update pairs set v = v + 1 where n = ${a % 3000};
          update pairs set n = n + 100000 where n = ${b % 3000} and n < 100000;
          delete from pairs where n = ${(a + b) % 3000};
          update keyless set t = 'y' || t where v = ${a % 3000};
          savepoint s;
          insert into keyless values (${100_000 + i}, 'x'), (-1, 'x');
          release s;
          delete from keyless where v = ${b % 3000};
          update parts set region = case region when 'eu' then 'us' else 'eu' end, v = v + 1 where id = ${a % 3000};
          delete from parts where id = ${b % 3000};
          ${i % 40 === 39 ? 'truncate cleared;' : ''}
          insert into cleared values (${10_000 + i}, 0);
          commit`);
        written += 1;
      }
    })();
    await until(async () => written > 20);
    daemon = await capture.start();
    await baselined();
    writing.abort();
    await load;
    await capture.caughtUp();
    const links = await linksOf();
    for (const [table, key] of [
      ['items', 'id::text'],
      ['pairs', `json_build_array(n::text, region)::text`],
      ['cleared', 'id::text'],
      ['parts', `json_build_array(id::text, region)::text`],
    ] as const) {
      const state = replay(await entriesOf(table), links);
      const rows = await database.query(`select ${key} as key, to_json(whole)::text as row from ${table} whole`);
      const plain = (text: string): string => text.replaceAll(/[ \n]/g, '');
      const wrong = differences(
        new Map([...state].map(([k, row]) => [k, plain(row)])),
        new Map(rows.rows.map((row) => [plain(row.key), plain(row.row)])),
      );
      expect(wrong, table).toEqual([]);
      if (table !== 'cleared')
        expect((await entriesOf(table)).filter(({ action }) => action === 'baseline').length).toBeGreaterThan(500);
    }
    // Without a key a row is what it holds; of equal ones (v = -1), there are as many as were inserted.
    const entries = await entriesOf('keyless');
    const kinds = new Map<string, string>();
    const seen = new Set<string>();
    let equal = 0;
    for (const { action, row, old } of entries) {
      const before = old === null ? row! : objectOf(mergeMembers(membersOf(row!), membersOf(old)));
      if (row === EQUAL_ROW) equal += 1;
      else if (action === 'baseline') expect(seen.has(row!), row!).toBe(false);
      seen.add(before).add(row!);
      if (action === 'update' || action === 'delete') kinds.delete(before);
      if (action !== 'delete') kinds.set(row!, row!);
    }
    kinds.delete(EQUAL_ROW);
    const found = await database.query('select row_to_json(k)::text as row, v from keyless k');
    expect(equal).toBe(found.rows.filter(({ v }) => v === -1).length);
    const rows = found.rows.filter(({ v }) => v !== -1).map(({ row }) => [row, row] as const);
    expect(differences(kinds, new Map(rows))).toEqual([]);
    expect(entries.filter(({ action }) => action === 'baseline').length).toBeGreaterThan(500);
  });

  it('as the stream would have given them', async () => {
    const baseline = (await entriesOf('typed')).map(({ row }) => row!);
    expect(baseline).toHaveLength(3);
    await database.query(`create table copy as select * from typed;
      delete from typed; insert into typed select id, n, b, j, js, e, es, d, f, by, ts, ch, tx from copy order by id`);
    await capture.caughtUp();
    const created = (await entriesOf('typed')).filter(({ action }) => action === 'create').map(({ row }) => row);
    expect(new Set(created)).toEqual(new Set(baseline));
  });

  it('under the masks, with nothing for what is empty, and without values that are too large', async () => {
    const email = `hmac-sha256:${createHmac('sha256', HASH_KEY).update('p1').digest('hex')}`;
    const [person] = await entriesOf('people');
    expect(person).toMatchObject({
      action: 'baseline',
      record_key: '1',
      row: `{"id":1,"email":"${email}"}`,
      changed: null,
    });
    expect(person).toMatchObject({
      data: '{"redacted":["ssn"],"hashed":["email"]}',
      attribution: 'unknown',
      xid: null,
    });
    expect(await entriesOf('empty')).toEqual([]);
    expect(await entriesOf('wide')).toMatchObject([
      { record_key: '1', row: '{"id":1}', unknown: ['t'] },
      { record_key: '2', row: '{"id":2,"t":"small"}', unknown: null },
    ]);
  });

  it('that old values are taken from where the stream carries none', async () => {
    const before = (await entriesOf('kept')).length;
    await database.query(`update kept set v = v + 1 where id = 7; delete from kept where id = 8`);
    await capture.caughtUp();
    const [updated, deleted] = (await entriesOf('kept')).slice(before);
    expect(updated).toMatchObject({ changed: ['v'], unknown: null, old: '{"v":7}' });
    expect(deleted).toMatchObject({ unknown: null });
    expect(deleted!.row).toContain('"big":"');
  });

  it('once: a second start adds none', async () => {
    const before = (await capture.entries()).length;
    await daemon.stop();
    daemon = await capture.start();
    await capture.caughtUp();
    await baselined();
    expect((await capture.entries()).length).toBe(before);
  });
});
