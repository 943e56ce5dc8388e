export interface Workload {
  readonly name: string;
  /** In one session, one after the other. */
  readonly statements: readonly string[];
  /** PostgreSQL itself does several records' changes in turn, which one trigger for each kind of change cannot tell. */
  readonly interleaved?: boolean;
  readonly fails?: boolean;
  readonly minVersion?: number;
}

const AS_USER = (id: string): string => `select set_config('rowtrail.user_id', '${id}', true)`;
const RESET = `truncate plain; delete from composite; delete from keyless`;

/** Settings that change how values are printed: what is stored must not follow them. */
const STRANGE_SETTINGS =
  `set timezone = 'Asia/Kathmandu'; set datestyle = 'German, DMY'; set intervalstyle = 'iso_8601'; set extra_float_digits = -3; ` +
  `set bytea_output = 'escape'; set xmlbinary = 'hex'; set search_path = public, pg_catalog; set client_encoding = 'LATIN1'`;

const TORTURE = `insert into torture values (1, -32768, 9223372036854775807, 1e-30, 0.1, 12345678901234567890.12345678901234567890, true,
  E'a "quote" \\\\ back, comma (paren) \\n\\t', 'ab', 'x', '\\x00ff5c22', '2026-01-01 24:00', '0044-03-15 12:00:00+00 BC', '0001-01-01 BC', '24:00', '23:59:59.999999+14',
  '1 year -2 days 03:04:05.6', '00000000-0000-0000-0000-000000000001', '{"a":  1, "a": "\\u0000", "n": 1e999999}', '{"b": [1, null, 1.00]}', '<a b="c">d</a>', '-12.34',
  '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '(1,2.5)', '(1,2),(3,4)', '[2:4]={1,null,3}', '{"a,b","c\\"d",null,"NULL",""}', '{{1,2},{3,4}}', '[1,5)',
  '["2026-01-01 00:00+00",)', '{[1,3),[5,7)}', 'a:1 fat:2,4 cat', B'10101', B'1', 'happy', 7, row(1, 'x"y\\z, (', '2026-05-05 05:05+00'), array[row(1, null, null)::pair, null, row(null, '', '2026-02-02 00:00+00')::pair], 'x', 42, 'plain', 'name', '16/B374D848')`;

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'inserts, updates and deletes',
    statements: [
      `insert into plain (id, name, n) values (1, 'a', 1.0), (2, '', 'NaN'), (3, null, 'Infinity')`,
      `update plain set n = 1.00, "odd ""name" = 'x', o = 'alias', n2 = 'n', rowtrail_new = 'own' where id = 1`,
      `update plain set name = name`,
      `update plain set name = 'none' where false`,
      `delete from plain where id = 2`,
      `insert into composite values (1, 'a"b', 'r'), (1, 'c,d', null)`,
      `update composite set role = 'x' where member = 'c,d'`,
    ],
  },
  {
    name: 'many rows, of different sizes',
    statements: [
      RESET,
      `insert into plain (id, name) select i, repeat(chr(34) || chr(92) || 'x', i) from generate_series(1, 300) i`,
      `update plain set n = id * 1.5, name = case when id % 3 = 0 then null else name end`,
      `delete from plain where id % 2 = 0`,
    ],
  },
  {
    name: 'rows above a megabyte, and values that are kept out of line',
    statements: [
      RESET,
      `insert into plain (id, name) select i, (select string_agg(md5(random_seed.s || n), '') from generate_series(1, 40000) n) from (values (1, 'a'), (2, 'b')) as random_seed(i, s)`,
      `update plain set n = 1`,
      `update plain set name = repeat('"', 300000) where id = 2`,
      `delete from plain`,
    ],
  },
  {
    name: 'changed keys, also in a ring',
    statements: [
      RESET,
      `insert into plain (id, name) values (1, 'a'), (2, 'b'), (3, 'c')`,
      `update plain set id = id + 10`,
      `update plain set id = 99 where id = 11`,
      `insert into composite values (1, 'a', 'x'); update composite set org = 2`,
    ],
  },
  {
    name: 'tables without a key',
    statements: [
      RESET,
      `insert into keyless values (1, 'a'), (1, 'a'), (2, null)`,
      `update keyless set b = 'z' where a = 1`,
      `delete from keyless where ctid in (select ctid from keyless limit 1)`,
    ],
  },
  {
    name: 'every type, under settings that print it otherwise',
    statements: [
      STRANGE_SETTINGS,
      TORTURE,
      `update torture set i2 = 1, tstz = 'infinity', d = '-infinity', iv = '-1 day', f8 = '-0', num = '1e-20'`,
      `delete from torture`,
    ],
  },
  {
    name: 'savepoints and rolled-back work',
    statements: [
      RESET,
      'begin',
      AS_USER('7'),
      `insert into plain (id) values (1)`,
      'savepoint a',
      AS_USER('8'),
      `insert into plain (id) values (2)`,
      'rollback to a',
      `insert into plain (id) values (3)`,
      'savepoint b',
      `update plain set name = 'b' where id = 3`,
      'release b',
      'commit',
      'begin',
      `insert into plain (id) values (50)`,
      'rollback',
      `do $$ begin insert into plain (id) values (4); begin insert into plain (id) values (5), (4); exception when unique_violation then null; end; update plain set name = 'kept' where id = 4; end $$`,
    ],
  },
  {
    name: 'contexts that change in a transaction',
    statements: [
      RESET,
      `insert into plain (id) values (1)`,
      'begin',
      AS_USER('7'),
      `insert into plain (id) values (2)`,
      `update plain set name = 'x' where id = 2`,
      AS_USER('8'),
      `update plain set name = 'none' where false`,
      `update plain set name = 'y' where id = 2`,
      `set local rowtrail.comment = 'why'`,
      `delete from plain where id = 2`,
      `set local rowtrail.context = '{"broken'`,
      `delete from plain where id = 1`,
      'commit',
      `insert into plain (id) values (3)`,
      `set rowtrail.user_id = 'session'; set rowtrail.context = '{"order": 1.00, "big": 12345678901234567890}'`,
      `update plain set name = 'all' where id = 3`,
      `select set_config('rowtrail.user_id', repeat('u', 2000000), false)`,
      `update plain set name = 'long' where id = 3`,
    ],
  },
  {
    name: 'events among rows',
    statements: [
      RESET,
      `select rowtrail.log('login', 'hi')`,
      'begin',
      AS_USER('7'),
      `select rowtrail.log('order.opened', null, '{"n": 1.0}', 'plain', '1')`,
      `insert into plain (id) values (1)`,
      `select rowtrail.log('comment', 'between', table_name => 'parted_1')`,
      `update plain set name = 'x'`,
      `select rowtrail.log('done')`,
      'commit',
      'begin',
      `select rowtrail.log('gone')`,
      'rollback',
    ],
  },
  {
    name: 'conflicts, and rows of both kinds in one statement',
    interleaved: true,
    statements: [
      RESET,
      `insert into plain (id, name) values (2, 'b'), (4, 'd')`,
      `insert into plain (id, name) values (1, 'A'), (2, 'B'), (3, 'C'), (4, 'D') on conflict (id) do update set name = excluded.name, n = 1`,
      `insert into plain (id) values (1), (9) on conflict do nothing`,
    ],
  },
  {
    name: 'merges',
    interleaved: true,
    minVersion: 150_000,
    statements: [
      RESET,
      `insert into plain (id, name) values (1, 'a'), (2, 'b'), (3, 'c')`,
      `merge into plain t using (values (0, 'z'), (1, 'x'), (2, null), (5, 'new')) as s(id, name) on t.id = s.id
         when matched and s.name is null then delete when matched then update set name = s.name when not matched then insert (id, name) values (s.id, s.name)`,
    ],
  },
  {
    name: 'statements of one query',
    interleaved: true,
    statements: [
      RESET,
      `insert into plain (id, name) values (1, 'a'), (2, 'b')`,
      `with gone as (delete from plain where id = 1 returning *) insert into plain (id, name) select id, 'again' from gone`,
      `with gone as (delete from plain returning *), kept as (insert into keyless select id, name from gone returning *) insert into composite select a, b, 'r' from kept`,
    ],
  },
  {
    name: 'copy',
    statements: [
      RESET,
      `create temporary table src as select i, 'copied ' || i as t from generate_series(1, 50) i`,
      `insert into keyless select * from src`,
      `copy plain (id, name) from program 'printf "1\\ta\\n2\\t\\\\\\\\N\\n"'`,
    ],
  },
  {
    name: 'cascades of foreign keys',
    statements: [
      `insert into parent values (1, 'a'), (2, 'b'), (3, 'c')`,
      `insert into child values (10, 1, 'x'), (11, 1, 'y'), (20, 2, 'z')`,
      `insert into grandchild values (100, 10), (101, 20)`,
      `update parent set id = 5 where id = 1`,
      `delete from parent`,
      `insert into tree values (1, null), (2, 1), (3, 2), (4, 3)`,
      `delete from tree where id = 1`,
    ],
    interleaved: true,
  },
  {
    name: 'partitions through their root',
    statements: [
      'begin',
      AS_USER('7'),
      `insert into parted values (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'), (200, 3, 'd')`,
      `update parted set v = v || '!'`,
      `delete from parted where id = 2`,
      'commit',
      `update parted set v = 'same' where id = 1`,
      'begin',
      AS_USER('1'),
      `insert into parted values (7, 1, 'x') on conflict (id, region) do update set v = 'y'`,
      AS_USER('2'),
      `update parted set v = 'z'`,
      `insert into keyless values (1, 'k')`,
      'commit',
      `truncate parted`,
    ],
  },
  {
    name: 'partitions by themselves',
    statements: [
      `insert into parted_1 values (1, 1, 'a')`,
      `insert into parted_2 (id, region, v) values (2, 2, 'b')`,
      `insert into parted_3 values (3, 3, 'c'), (300, 3, 'd')`,
      `insert into parted_3b values (400, 3, 'e')`,
      `update parted_2 set v = 'B'`,
      `delete from parted_3a`,
      `update parted_3 set v = v || 'x'`,
      `truncate parted_2`,
    ],
  },
  {
    name: 'rows that move',
    statements: [
      `truncate parted`,
      `insert into parted values (1, 1, 'a'), (5, 1, 'stays'), (3, 3, 'c')`,
      `update parted set region = 2 where id = 1`,
      `update parted set region = 1, v = 'back' where id = 1`,
      `update parted set id = id + 100 where region = 3`,
      `update parted_3 set id = id - 100`,
      `update parted set region = 3 - (region - 1) where region < 3`,
    ],
  },
  {
    name: 'statements in triggers',
    statements: [
      'begin',
      AS_USER('7'),
      `insert into nested_outer values (1, 10), (2, 20)`,
      `update nested_outer set v = v * 2`,
      `delete from nested_outer where id = 2`,
      'commit',
      `delete from nested_outer`,
    ],
  },
  {
    name: 'generated columns',
    statements: [
      `insert into generated (id, a, z) values (1, 1, 'z'), (2, null, null)`,
      `update generated set a = 5`,
      `delete from generated`,
    ],
  },
  {
    name: 'inherited tables',
    statements: [
      `insert into inh values (1, 'a')`,
      `insert into inh_child values (2, 'b', 'w')`,
      `update inh set v = v || '!'`,
      `delete from only inh`,
      `delete from inh`,
    ],
  },
  {
    name: 'truncates',
    statements: [
      `insert into plain (id) values (1) on conflict do nothing; insert into keyless values (1, 'a')`,
      'begin',
      AS_USER('7'),
      `truncate plain, keyless`,
      `insert into plain (id) values (1)`,
      `truncate plain`,
      'commit',
      `insert into parent values (1, 'a')`,
      `truncate parent cascade`,
    ],
  },
  {
    name: 'prepared transactions',
    statements: [
      RESET,
      'begin',
      AS_USER('7'),
      `insert into plain (id, name) values (1, 'prepared')`,
      `update plain set name = 'twice'`,
      `prepare transaction '{db}'`,
      `select 1`,
      `commit prepared '{db}'`,
      'begin',
      `insert into plain (id) values (2)`,
      `prepare transaction '{db} 2'`,
      `rollback prepared '{db} 2'`,
    ],
  },
  {
    name: 'sessions that replicate',
    statements: [
      RESET,
      `set session_replication_role = replica`,
      AS_USER('7'),
      `insert into plain (id) values (1)`,
      `update plain set name = 'x'`,
      `insert into parted values (9, 1, 'r')`,
      `delete from parted where id = 9`,
      `delete from plain`,
    ],
  },
  {
    name: 'tables that are altered between their rows',
    statements: [
      `insert into ddl values (1, 'a', 1, '2026-01-01 00:00+00')`,
      'begin',
      `update ddl set a = 'b'`,
      `alter table ddl add column d text default 'dflt'`,
      `update ddl set d = 'd'`,
      `alter table ddl drop column b`,
      `update ddl set a = 'c'`,
      'commit',
      `alter table ddl rename column a to aa`,
      `update ddl set aa = 'r'`,
      `alter table ddl alter column c type text`,
      `update ddl set d = 'e'`,
      `alter table ddl rename to ddl2`,
      `update ddl2 set d = 'f'`,
      `alter table ddl2 add column "o" int`,
      `update ddl2 set o = 1`,
      `delete from ddl2`,
    ],
  },
  {
    name: 'an altered partitioned table',
    statements: [
      `truncate parted`,
      `alter table parted add column extra int`,
      `insert into parted values (1, 1, 'a', 5)`,
      `insert into parted_2 (id, region, v, extra) values (2, 2, 'b', 6)`,
      `alter table parted rename column v to value`,
      `update parted set value = 'c'`,
      `update parted_2 set extra = 7`,
      `alter table parted drop column value`,
      `delete from parted`,
    ],
  },
  {
    name: 'a new partition',
    statements: [
      `create table parted_9 partition of parted for values in (9)`,
      `insert into parted (id, region) values (1, 9)`,
      `insert into parted_9 (id, region) values (2, 9)`,
      `update parted_9 set id = 3 where id = 2`,
      `delete from parted where region = 9`,
    ],
  },
  {
    name: 'statements that fail',
    fails: true,
    statements: [
      RESET,
      `insert into plain (id) values (1)`,
      `insert into plain (id) values (2), (1)`,
      `update plain set id = null`,
      `insert into plain (id) values (7)`,
      'begin',
      `insert into plain (id) values (8)`,
      `select 1/0`,
      'commit',
    ],
  },
];
