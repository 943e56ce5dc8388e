import type { Scenario } from './scenario.ts';

/** What was lost somewhere once (ANCHORS 2.19): type, a value, and another one. */
const TORTURE: readonly (readonly [type: string, one: string, other: string])[] = [
  ['int8', "'9223372036854775807'", "'-9223372036854775808'"],
  ['numeric', "'1.00'", "'1.0'"],
  ['numeric', "'NaN'", "'-Infinity'"],
  ['numeric', "'1e1000'", "'-0.000'"],
  ['float4', "'NaN'", "'-0'"],
  ['float8', "'Infinity'", "'5e-324'"],
  ['bool', 'true', 'false'],
  ['text', String.raw`E'a\\b"''\n\u2028'`, "''"],
  ['text', "'null'", "'NULL'"],
  ['char(5)', "'a'", "' b'"],
  ['varchar(3)', "'NaN'", "''"],
  ['"char"', "'x'", "''"],
  ['bytea', String.raw`'\x00ff5c'`, String.raw`'\x'`],
  ['json', `'{"b" : 1.00 ,"a":2, "a": 3}'`, "' [1e400 ] '"],
  ['jsonb', `'{"b":1.00,"a":null}'`, `'"null"'`],
  ['json', String.raw`'"\u0000"'`, "'{}'"],
  ['date', "'infinity'", "'0044-03-15 BC'"],
  ['time', "'24:00'", "'00:00:00.000001'"],
  ['timetz', "'04:05:06+05:30'", "'24:00-15:59:59'"],
  ['timestamp', "'-infinity'", "'4713-01-01 00:00 BC'"],
  ['timestamptz', "'294276-12-31 23:59:59.999999+00'", "'0001-01-01 BC'"],
  ['interval', "'-1 month +3 days -0.000001 s'", "'178000000 years'"],
  ['money', "'-92233720368547758.08'", "'0.01'"],
  ['uuid', "'00000000-0000-0000-0000-00000000000f'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
  ['inet', "'::1/64'", "'10.0.0.1'"],
  ['cidr', "'10.1.0.0/16'", "'::/0'"],
  ['macaddr8', "'08:00:2b:01:02:03:04:05'", "'00:00:00:00:00:00:00:01'"],
  ['bit(3)', "B'101'", "B'000'"],
  ['varbit', "B''", "B'1011'"],
  ['xml', `'<a b="c">d</a>'`, "'plain'"],
  ['tsvector', `'a:1A fat:2B,4C ''it''''s'''`, "''"],
  ['tsquery', `'a & !b <2> c:*'`, "''"],
  ['point', "'(1e-300,-0)'", "'(NaN,Infinity)'"],
  ['path', "'[(0,0),(1,1)]'", "'((0,0),(1,1),(2,0))'"],
  ['circle', "'<(1,2),3>'", "'<(0,0),0>'"],
  ['int4range', "'empty'", "'(,5)'"],
  ['nummultirange', "'{[1.0,2.00),[3,)}'", "'{}'"],
  ['tstzrange', `'["2020-01-01 00:00+05",infinity]'`, "'(,)'"],
  ['int4[]', "'[-3:-2]={1,NULL}'", "'{}'"],
  ['text[]', `'{{a,"b,c"},{"NULL",NULL}}'`, `'{""," ","\\\\"}'`],
  ['mood[]', '\'{calm,"so so"}\'', "'{}'"],
  ['mood', "'so so'", "'calm'"],
  ['pair', `'(,"a,""b")'`, "'(1,)'"],
  ['pair[]', `'{"(1,a)",NULL}'`, "'{}'"],
  ['positive', '1', '2'],
  ['very_positive', '11', '12'],
  ['pg_lsn', "'16/B374D848'", "'0/0'"],
  ['oid', "'4294967295'", "'0'"],
  ['regclass', "'pg_catalog.pg_class'", "'0'"],
  ['regtype', "'pg_catalog.int4'", "'-'"],
  ['jsonpath', "'$.a[*] ? (@ > 1.50)'", "'$'"],
  ['name', "'x'", "''"],
];

const TYPES = `create type mood as enum ('calm', 'so so'); create type pair as (n int, t text);
  create domain positive as int check (value > 0); create domain very_positive as positive check (value > 10);`;
const COLUMNS = TORTURE.map(([type], i) => `c${i} ${type}`).join(', ');
const row = (id: number, which: 1 | 2): string =>
  `(${id}, ${TORTURE.map((column) => `${column[which]}::${column[0]}`).join(', ')})`;
const TORTURED = `${TYPES} create table odd (id int primary key, ${COLUMNS});
  insert into odd values ${row(1, 1)}, ${row(2, 2)}; insert into odd (id) values (3)`;

export const VALUES: readonly Scenario[] = [
  {
    name: 'deleted rows of every type come back to the digit',
    schema: TORTURED,
    workload: 'delete from odd',
    steps: ['create odd 3 ready', 'create odd 2 ready', 'create odd 1 ready'],
  },
  {
    name: 'updated values of every type are set back to the digit',
    schema: TORTURED,
    workload: `update odd o set (${TORTURE.map((_, i) => `c${i}`).join(', ')}) =
      (select ${TORTURE.map((_, i) => `c${i}`).join(', ')} from odd p where p.id = o.id % 3 + 1)`,
    steps: ['update odd 3 ready', 'update odd 2 ready', 'update odd 1 ready'],
  },
  {
    name: 'inserted rows of every type are known again and go',
    schema: `${TORTURED}; create table copy as select * from odd limit 0; alter table copy add primary key (id)`,
    workload: 'insert into copy select * from odd',
    steps: ['delete copy 3 ready', 'delete copy 2 ready', 'delete copy 1 ready'],
  },
  {
    name: 'rows of every type without a key are found by all their values',
    schema: `${TORTURED}; alter table odd drop constraint odd_pkey`,
    workload: ['update odd set id = id + 10', 'delete from odd where id = 11'],
    steps: ['create odd ~ ready', 'update odd ~ ready', 'update odd ~ ready'],
  },
  {
    name: 'a value that its enum got since, and one that was renamed',
    schema: `create type size as enum ('s', 'm'); create table shirts (id int primary key, size size); insert into shirts values (1, 's')`,
    workload: [`alter type size add value 'xl'`, `update shirts set size = 'xl'`, `delete from shirts`],
    steps: ['create shirts 1 ready'],
  },
  {
    name: 'generated columns are left out, and come back by themselves',
    schema: `create table boxes (id int primary key, a int, area int generated always as (a * a) stored); insert into boxes values (1, 3), (2, 4)`,
    workload: ['update boxes set a = 5 where id = 1', 'delete from boxes where id = 2'],
    steps: ['create boxes 2 ready', 'update boxes 1 ready'],
  },
  {
    name: 'an identity column that is always generated gets its old value, and the sequence stays',
    schema: `create table tickets (id int generated always as identity primary key, t text); insert into tickets (t) values ('a'), ('b')`,
    workload: [`insert into tickets (t) values ('c')`, 'delete from tickets where id <= 2'],
    steps: ['create tickets 2 ready', 'create tickets 1 ready', 'delete tickets 3 ready'],
  },
  {
    name: 'defaults do not fire: a NULL comes back as NULL, and no sequence moves',
    schema: `create table notes (id serial primary key, at timestamptz default now(), n int default 7, t text default 'x');
      insert into notes (at, n, t) values (null, null, null), (default, default, default)`,
    workload: 'delete from notes',
    steps: ['create notes 2 ready', 'create notes 1 ready'],
  },
  {
    name: 'a composite key, one part of it changed',
    schema: `create table lines (doc int, n int, t text, primary key (n, doc)); insert into lines values (1, 1, 'a'), (1, 2, 'b')`,
    workload: [
      'update lines set n = 3 where n = 2',
      `update lines set t = 'c' where n = 3`,
      'delete from lines where n = 1',
    ],
    steps: ['create lines ["1","1"] ready', 'update lines ["3","1"] ready'],
  },
  {
    name: 'a key that was changed again since: the row is found where it is',
    schema: `create table keys (id text primary key, t text); insert into keys values ('a', 'x'), ('z', 'y')`,
    workload: `update keys set t = 'changed' where id = 'a'`,
    since: [`update keys set id = 'b' where id = 'a'`, `insert into keys values ('a', 'another')`],
    steps: ['update keys b ready'],
    end: { keys: ['(a,another)', '(b,x)', '(z,y)'] },
  },
  {
    name: 'a key longer than an entry holds',
    schema: `create table long (id text primary key, t text); insert into long values (repeat('k', 2000), 'x')`,
    workload: [`update long set t = 'y'`, 'delete from long'],
    steps: ['create long ~ ready'],
  },
  {
    name: 'the null of JSON is not NULL',
    schema: `create table docs (id int primary key, j json, b jsonb); insert into docs values (1, 'null', 'null'), (2, null, null), (3, ' null', '[null]'), (4, '1', '1')`,
    workload: [
      'delete from docs where id < 4',
      `update docs set j = null, b = 'null' where id = 4`,
      `update docs set j = 'null', b = null where id = 4`,
    ],
    steps: ['update docs 4 ready', 'create docs 3 ready', 'create docs 2 ready', 'create docs 1 ready'],
  },
  {
    name: 'names that must be quoted',
    schema: `create table "Or""ders %s $1" ("select" int primary key, "a'b" text, "ü ☃" text); insert into "Or""ders %s $1" values (1, 'x', 'y')`,
    workload: [`update "Or""ders %s $1" set "a'b" = 'z'`, `delete from "Or""ders %s $1"`],
    steps: ['create Or"ders %s $1 1 ready'],
  },
  {
    name: 'a value too large for its page (TOAST), unchanged and changed',
    schema: `create table pages (id int primary key, body text, n int);
      insert into pages select g, (select string_agg(md5(i::text || g), '') from generate_series(1, 400) i), g from generate_series(1, 2) g`,
    workload: [
      'update pages set n = 9',
      `update pages set body = 'short' where id = 1`,
      'delete from pages where id = 2',
    ],
    steps: ['create pages 2 ready', 'update pages 1 ready'],
  },
  {
    name: 'no key: of equal rows, as many as were changed',
    schema: `create table bag (n int, t text); insert into bag values (1, 'a'), (1, 'a'), (1, 'a'), (2, null), (2, null)`,
    workload: [
      `delete from bag where ctid = (select min(ctid) from bag where n = 1)`,
      `update bag set t = 'b' where ctid = (select min(ctid) from bag where n = 1)`,
      'delete from bag where n = 2',
      `insert into bag values (1, 'a')`,
    ],
    steps: ['none bag ~ noop: it comes to nothing', 'create bag ~ ready', 'create bag ~ ready', 'update bag ~ ready'],
  },
];
