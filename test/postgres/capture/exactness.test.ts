import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PINNED_SETTINGS } from '../../../src/pg/pool.ts';
import { quoteIdentifier, quoteLiteral } from '../../../src/pg/identifier.ts';
import { membersOf } from '../../../src/entry/image.ts';
import { prepareCapture, type Capture, type RunningDaemon, type StoredEntry } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { valueText, type ExpectedKind } from '../../harness/oracle.ts';

const CONTROL = Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join('');
/** Type → how it stands in an image, and SQL expressions of its values. */
const TYPES: readonly (readonly [string, ExpectedKind, readonly string[]])[] = [
  ['int2', 'number', ['-32768', '0']],
  ['int8', 'number', ['9223372036854775807', '-9223372036854775808', '9007199254740993']],
  ['oid', 'text', ['4294967295']],
  [
    'numeric',
    'number',
    [
      '1.0',
      '1.00',
      `'NaN'`,
      `'Infinity'`,
      `'-Infinity'`,
      '-0.0',
      '1e200',
      `repeat('9', 500)::numeric`,
      '0.000000000000000000000000001',
    ],
  ],
  ['numeric(10,2)', 'number', ['1', '-99999999.99']],
  ['float4', 'number', [`'-0'`, `'NaN'`, `'1e-45'`, '3.4028235e38', '0.1']],
  [
    'float8',
    'number',
    [`'-0'`, `'-Infinity'`, '5e-324', '1.7976931348623157e308', '0.1', '1e15', '1e16', '123456789012345680'],
  ],
  ['boolean', 'boolean', ['true', 'false']],
  [
    'json',
    'json',
    [
      `' {"b" : 1.0 ,"a":2, "a" :\n[ ] } '`,
      `'"\\u0000"'`,
      `'"\\ud800"'`,
      `'1e400'`,
      `'null'`,
      `' "text" '`,
      `'true'`,
      `'[]'`,
    ],
  ],
  ['jsonb', 'json', [`'{"b":1.00,"a":[null,"é\\n"]}'`, `'12345678901234567890.123'`, `'"x"'`, `'null'`]],
  [
    'text',
    'text',
    [
      `''`,
      quoteLiteral(CONTROL),
      quoteLiteral('"\\ \\" 🙂 \u2028 \u007f \u{10ffff} \ufeff'),
      `repeat('é"', 5000)`,
      `'null'`,
      `'true'`,
    ],
  ],
  ['varchar(5)', 'text', [`'a  '`]],
  ['char(7)', 'text', [`'a'`]],
  ['"char"', 'text', [`'x'`, `''`]],
  ['name', 'text', [`'a"b'`]],
  ['bytea', 'text', [`'\\x00ff22'::bytea`, `''`]],
  ['date', 'text', [`'infinity'`, `'-infinity'`, `'0044-03-15 BC'`, `'2026-02-28'`]],
  ['time', 'text', [`'24:00'`, `'00:00:00.000001'`]],
  ['timetz', 'text', [`'12:00:00.5+05:30'`]],
  ['timestamp', 'text', [`'2026-01-01 00:00:00.1'`, `'infinity'`, `'0001-01-01 BC'`]],
  ['timestamptz', 'text', [`'2026-06-01 12:00:00.123456+02'`, `'-infinity'`, `'4713-01-01 BC'`, `'294276-12-31'`]],
  ['interval', 'text', [`'1 year -2 days 03:04:05.000006'`, `'-1 mon'`, `'0'`]],
  ['uuid', 'text', [`'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`]],
  ['inet', 'text', [`'10.0.0.1'`, `'10.0.0.0/8'`, `'::1'`]],
  ['cidr', 'text', [`'10.0.0.0/8'`]],
  ['macaddr8', 'text', [`'08:00:2b:01:02:03:04:05'`]],
  ['money', 'text', ['1234.5']],
  ['xml', 'text', [`'<a b="c">d</a>'`]],
  ['bit(3)', 'text', [`B'101'`]],
  ['varbit', 'text', [`B''`]],
  ['int[]', 'text', [`'[2:3]={1,NULL}'`, `'{}'`, `'{{1,2},{3,4}}'`]],
  ['text[]', 'text', [`array['NULL', null, '', 'a"b', 'c,d', '\\']`]],
  ['json[]', 'text', [`array['{"a": 1}'::json, null]`]],
  ['int4range', 'text', [`'[1,5)'`, `'empty'`, `'(,)'`]],
  ['tstzrange', 'text', [`'["2026-01-01 00:00+01",infinity]'`]],
  ['nummultirange', 'text', [`'{[1.0,2.00],(5,)}'`]],
  ['tsvector', 'text', [`'a:1 b:2A'`]],
  ['point', 'text', [`'(-0,0.1)'`]],
  ['polygon', 'text', [`'((0,0),(1,1),(1e-300,0))'`]],
  ['pg_lsn', 'text', [`'16/B374D848'`]],
  ['mood', 'text', [`'so "so"'`]],
  ['pair', 'text', [`row(1, 'a "b"')::pair`, 'row(null, null)::pair']],
  ['positive', 'number', ['1.50', `'NaN'`]],
  ['positive2', 'number', ['2.0']],
  ['flag', 'boolean', ['false']],
  ['document', 'json', [`'{"a":  1}'`]],
  ['label', 'text', [`'42'`]],
  ['pairs', 'text', [`array[row(1, 'x')::pair]::pairs`]],
];

const TYPES_SQL = `
create type mood as enum ('so "so"', 'b');
create type pair as (a int, b text);
create domain positive as numeric check (value <> -1);
create domain positive2 as positive;
create domain flag as boolean;
create domain document as json;
create domain label as text;
create domain pairs as pair[];
`;

let database: TestDatabase;
let capture: Capture;
let daemon: RunningDaemon;

beforeAll(async () => {
  database = await createDatabase();
  // What the server is set to must not matter.
  await database.query(`alter database ${quoteIdentifier(database.name)} set timezone = 'Asia/Kathmandu';
    alter database ${quoteIdentifier(database.name)} set datestyle = 'German';
    alter database ${quoteIdentifier(database.name)} set intervalstyle = 'iso_8601';
    alter database ${quoteIdentifier(database.name)} set bytea_output = 'escape';
    alter database ${quoteIdentifier(database.name)} set extra_float_digits = -5`);
  await database.query(TYPES_SQL);
  const columns = TYPES.map(([type], i) => `c${i} ${type}`).join(', ');
  await database.query(`
    create table every_type (id int primary key, ${columns});
    create table odd (id int primary key, "a ""quoted"" \\ näme 🙂" text, "new" int, "row" text, "line
break" int);
    create table keyed (key text primary key, n int);
    create table pairs_keyed (a text, b numeric, n int, primary key (b, a));
    create table generated (id int primary key, n int, twice int generated always as (n * 2) stored,
      identity bigint generated always as identity);
    create table toasted (id int primary key, big text, n int);
    create table toasted_default (id int primary key, big text, n int);
    create table toasted_before (id int primary key, big text, n int);
    create table nothing ();
    create table masked (id int primary key, secret text, n int);
    create table wide (${Array.from({ length: 1_600 }, (_, i) => `c${i} boolean`).join(', ')});
    alter table toasted alter column big set storage external;
    alter table toasted_default alter column big set storage external;
    alter table toasted_before alter column big set storage external;
    insert into toasted_before values (1, repeat('x', 20000), 1);
  `);
  capture = await prepareCapture(database, {
    tables: [
      'every_type',
      'odd',
      'keyed',
      'pairs_keyed',
      'generated',
      'toasted',
      'toasted_default',
      'toasted_before',
      'nothing',
      'masked',
      'wide',
    ],
    keepIdentity: ['toasted_default', 'toasted_before'],
    tableOptions: { 'public.masked': { exclude: ['secret'], hash: [], redact: [], identity: null } },
  });
  daemon = await capture.start();
});

afterAll(async () => {
  await daemon.stop();
  await database[Symbol.asyncDispose]();
});

async function entriesOf(table: string, sql: string): Promise<StoredEntry[]> {
  const before = (await capture.entries(`r.table_name = '${table}'`)).length;
  await database.query(sql);
  await capture.caughtUp();
  return (await capture.entries(`r.table_name = '${table}'`)).slice(before);
}

function imageOf(text: string | null): Record<string, string> {
  return Object.fromEntries(membersOf(text!).map((member) => [member.name, member.rawValue]));
}

describe('an image holds the output text of each value', () => {
  it('of every type, after insert, update and delete', async () => {
    const client = await database.connect();
    for (const [name, value] of Object.entries(PINNED_SETTINGS)) {
      await client.query(`select set_config($1, $2, false)`, [
        name,
        name === 'search_path' ? 'public, pg_catalog' : value,
      ]);
    }
    const rows = Math.max(...TYPES.map(([, , values]) => values.length)) + 1;
    for (let id = 0; id < rows; id += 1) {
      const values = TYPES.map(([type, , values]) => (id < values.length ? `(${values[id]})::${type}` : 'null'));
      await client.query(`insert into every_type values (${id}, ${values.join(', ')})`);
    }
    const texts = await client.query(
      `select ${TYPES.map((_, i) => `case when c${i} is distinct from null then format('%s', c${i}) end as c${i}`).join(', ')}
       from every_type order by id`,
    );
    // Every column changes but the null ones of the row that follows.
    await client.query(`update every_type e set (${TYPES.map((_, i) => `c${i}`).join(', ')}) =
      (select ${TYPES.map((_, i) => `c${i}`).join(', ')} from every_type n where n.id = (e.id + 1) % ${rows})`);
    await client.query('delete from every_type');
    await capture.caughtUp();
    const entries = await capture.entries(`r.table_name = 'every_type'`);
    expect(entries.length).toBe(3 * rows);
    const expected = (i: number, column: number): string =>
      // The space around a json value stays in the row, but the scanner of the test leaves it out.
      valueText(TYPES[column]![1], texts.rows[i % rows][`c${column}`]).trim();
    for (let id = 0; id < rows; id += 1) {
      const own = entries.filter((entry) => entry.record_key === String(id));
      const [created, updated, deleted] = own.map((entry) => imageOf(entry.row));
      const old = imageOf(own[1]!.old);
      TYPES.forEach(([type], column) => {
        const where = `${type} in row ${id}`;
        const [was, is] = [expected(id, column), expected(id + 1, column)];
        expect(created![`c${column}`], where).toBe(was);
        expect(updated![`c${column}`], where).toBe(is);
        expect(deleted![`c${column}`], where).toBe(is);
        // By the server's texts: a JSON null and no value at all look alike in an image.
        const changed = texts.rows[id][`c${column}`] !== texts.rows[(id + 1) % rows][`c${column}`];
        expect(own[1]!.changed!.includes(`c${column}`), where).toBe(changed);
        expect(old[`c${column}`], where).toBe(changed ? was : undefined);
      });
      for (const [type, kind, values] of TYPES) {
        if (kind === 'json' && type !== 'jsonb' && id < values.length)
          expect(own[0]!.row).toContain(values[id]!.slice(1, -1).replaceAll("''", "'"));
      }
      // What is stored is JSON, and its columns stand in table order.
      expect(Object.keys(created!)).toEqual(['id', ...TYPES.map((_, i) => `c${i}`)]);
    }
  });

  it('under names that need quoting', async () => {
    const [created] = await entriesOf('odd', `insert into odd values (1, 'x', 2, 'y', 3)`);
    expect(created!.row).toBe('{"id":1,"a \\"quoted\\" \\\\ näme 🙂":"x","new":2,"row":"y","line\\nbreak":3}');
    const [updated] = await entriesOf('odd', `update odd set "line\nbreak" = null, "a ""quoted"" \\ näme 🙂" = ''`);
    expect(updated!.changed).toEqual(['a "quoted" \\ näme 🙂', 'line\nbreak']);
    expect(updated!.old).toBe('{"a \\"quoted\\" \\\\ näme 🙂":"x","line\\nbreak":3}');
  });

  it('and a scale is a change, a rewritten value is none', async () => {
    const [, scaled, same] = await entriesOf(
      'pairs_keyed',
      `insert into pairs_keyed values ('x', 1.0, 1); update pairs_keyed set b = 1.00; update pairs_keyed set n = n`,
    );
    expect(scaled).toMatchObject({ changed: ['b'], old: '{"b":1.0}', record_key: '["1.00","x"]' });
    expect(same).toMatchObject({ changed: [], old: null, unknown: null, row: '{"a":"x","b":1.00,"n":1}' });
  });

  it('of 5 MB, and of 1,600 columns', async () => {
    const [big] = await entriesOf('toasted', `insert into toasted values (5, repeat('é"', 1700000), 1)`);
    expect(big!.row).toBe(`{"id":5,"big":${JSON.stringify('é"'.repeat(1_700_000))},"n":1}`);
    const [wide, update] = await entriesOf(
      'wide',
      `insert into wide (c0, c1599) values (true, false); update wide set c1599 = null, c7 = false`,
    );
    const image = membersOf(wide!.row!);
    expect(image.length).toBe(1_600);
    expect([image[0]!.rawValue, image[1]!.rawValue, image[1_599]!.rawValue]).toEqual(['true', 'null', 'false']);
    expect(update).toMatchObject({ changed: ['c7', 'c1599'], old: '{"c7":null,"c1599":false}' });
  });

  it('of no column at all', async () => {
    const entries = await entriesOf('nothing', 'insert into nothing default values; delete from nothing');
    const hash = `~${createHash('sha256').update('{}').digest('hex')}`;
    expect(entries.map((entry) => [entry.action, entry.row, entry.record_key])).toEqual([
      ['create', '{}', hash],
      ['delete', '{}', hash],
    ]);
  });

  it('but not of excluded columns', async () => {
    const [created, updated] = await entriesOf(
      'masked',
      `insert into masked values (1, 'hush', 1); update masked set secret = 'quiet'`,
    );
    expect(created!.row).toBe('{"id":1,"n":1}');
    expect(updated).toMatchObject({ row: '{"id":1,"n":1}', changed: [], old: null });
  });
});

describe('keys', () => {
  it('are hashed when an index could not hold them', async () => {
    const fits = 'é'.repeat(512);
    const long = `${fits}x`;
    const entries = await entriesOf('keyed', `insert into keyed values ('${fits}', 1), ('${long}', 2), ('', 3)`);
    expect(entries.map((entry) => entry.record_key)).toEqual([
      fits,
      `~${createHash('sha256').update(long).digest('hex')}`,
      '',
    ]);
  });

  it('that change keep the old one', async () => {
    const [, changed] = await entriesOf(
      'keyed',
      `insert into keyed values ('a', 1); update keyed set key = 'b' where key = 'a'`,
    );
    expect(changed).toMatchObject({ record_key: 'b', changed: ['key'], old: '{"key":"a"}' });
  });
});

describe('generated columns', () => {
  it('are left out, whether they are streamed (PostgreSQL 18) or not', async () => {
    const [created, updated] = await entriesOf(
      'generated',
      'insert into generated (id, n) values (1, 5); update generated set n = 6',
    );
    expect(created!.row).toBe('{"id":1,"n":5,"identity":1}');
    expect(updated).toMatchObject({ changed: ['n'], row: '{"id":1,"n":6,"identity":1}', old: '{"n":5}' });
  });
});

describe('unchanged TOASTed values', () => {
  const BIG = 'x'.repeat(20_000);

  it('are kept under identity FULL', async () => {
    const [, updated, deleted] = await entriesOf(
      'toasted',
      `insert into toasted values (1, '${BIG}', 1); update toasted set n = 2 where id = 1; delete from toasted where id = 1`,
    );
    expect(updated).toMatchObject({ changed: ['n'], unknown: null, row: `{"id":1,"big":"${BIG}","n":2}` });
    expect(deleted!.row).toBe(`{"id":1,"big":"${BIG}","n":2}`);
  });

  it('are taken from the last entry under the default identity', async () => {
    const [, updated, moved, deleted] = await entriesOf(
      'toasted_default',
      `insert into toasted_default values (1, '${BIG}', 1); update toasted_default set n = 2;
       update toasted_default set id = 9; delete from toasted_default`,
    );
    const rest = `"big":"${BIG}","n":2}`;
    expect(updated).toMatchObject({ changed: ['n'], unknown: null, row: `{"id":1,${rest}`, old: '{"n":1}' });
    expect(moved).toMatchObject({ changed: ['id'], unknown: null, old: '{"id":1}', row: `{"id":9,${rest}` });
    expect(deleted).toMatchObject({ row: `{"id":9,${rest}`, unknown: null, record_key: '9' });
  });

  it('are unknown, never null, where no entry tells them', async () => {
    const [updated, deleted] = await entriesOf(
      'toasted_before',
      'update toasted_before set n = 2; delete from toasted_before',
    );
    expect(updated).toMatchObject({ changed: [], unknown: ['big', 'n'], row: '{"id":1,"n":2}', old: null });
    // What the update said is known by now.
    expect(deleted).toMatchObject({ row: '{"id":1,"n":2}', unknown: ['big'], record_key: '1' });
  });
});

describe('a table that changes', () => {
  it('is described anew', async () => {
    const [first] = await entriesOf('keyed', `insert into keyed values ('v1', 1)`);
    await database.query('alter table keyed add column extra int default 7');
    const [second] = await entriesOf('keyed', `insert into keyed values ('v2', 1)`);
    await database.query('alter table keyed drop column n');
    const [third] = await entriesOf('keyed', `update keyed set extra = 8 where key = 'v1'`);
    expect([first!.row, second!.row, third!.row]).toEqual([
      '{"key":"v1","n":1}',
      '{"key":"v2","n":1,"extra":7}',
      '{"key":"v1","extra":8}',
    ]);
    const versions = await database.query(`select count(*)::int as count from audit.relation_versions v
      join audit.relations r on r.id = v.relation_id where r.table_name = 'keyed'`);
    expect(versions.rows[0].count).toBe(3);
  });

  it('keeps its keys though it is gone when its changes are read', async () => {
    await capture.caughtUp();
    await daemon.stop();
    await database.query(`insert into keyed values ('last', 1); drop table keyed`);
    daemon = await capture.start();
    await capture.caughtUp();
    const [entry] = await capture.entries(`e.row::text like '%last%'`);
    expect(entry!.record_key).toBe('last');
  });
});
