import type { Scenario } from './scenario.ts';

const SEATS = `create table seats (id int primary key, place text unique); insert into seats values (1, 'a'), (2, 'b'), (3, 'c')`;
const STAYS = `create extension if not exists btree_gist schema public;
  create table stays (id int primary key, room int, days int4range, exclude using gist (room public.gist_int4_ops with =, days with &&));
  insert into stays values (1, 1, '[1,5)'), (2, 1, '[5,9)')`;

export const CONSTRAINTS: readonly Scenario[] = [
  {
    name: 'two rows exchange a unique value',
    schema: SEATS,
    workload: `update seats set place = 'x' where id = 1; update seats set place = 'a' where id = 2; update seats set place = 'b' where id = 1`,
    steps: ['update seats 1 ready', 'update seats 2 ready'],
  },
  {
    name: 'three rows pass unique values round',
    schema: SEATS,
    workload: [
      `update seats set place = 'x' where id = 1; update seats set place = 'a' where id = 3`,
      `update seats set place = 'c' where id = 2; update seats set place = 'b' where id = 1`,
    ],
    steps: ['update seats 1 ready', 'update seats 2 ready', 'update seats 3 ready'],
  },
  {
    name: 'two rows exchange their keys, which are checked at the end',
    schema: `create table slots (id int primary key deferrable, t text); insert into slots values (1, 'a'), (2, 'b')`,
    workload: 'update slots set id = 3 - id',
    steps: ['update slots 1 ready', 'update slots 2 ready'],
  },
  {
    name: 'keys that were moved up make room for one another on the way down',
    schema: `create table ranks (id int primary key, t text); insert into ranks select g, 'r' || g from generate_series(1, 5) g`,
    workload: [
      `do $$ begin for i in reverse 5..1 loop update ranks set id = i + 1 where id = i; end loop; end $$`,
      `insert into ranks values (1, 'first')`,
    ],
    steps: ['delete ranks 1 ready', ...[2, 3, 4, 5, 6].map((id) => `update ranks ${id} ready`)],
  },
  {
    name: 'a key that another row of the plan has by now',
    schema: `create table keys (id int primary key, t text); insert into keys values (1, 'a'), (2, 'b')`,
    workload: [
      'delete from keys where id = 1',
      'update keys set id = 1 where id = 2',
      `insert into keys values (2, 'c')`,
    ],
    steps: ['delete keys 2 ready', 'update keys 1 ready', 'create keys 1 ready'],
  },
  {
    name: 'a unique value that another row took since: the database says so',
    schema: SEATS,
    workload: `update seats set place = 'd' where id = 1`,
    since: `insert into seats values (4, 'a')`,
    steps: [
      'update seats 1 conflict: the database refuses it: duplicate key value violates unique constraint "seats_place_key" (Key (place)=(a) already exists.)',
    ],
    applies: false,
  },
  {
    name: 'an exclusion constraint: rows that took one another’s place',
    schema: STAYS,
    workload: `update stays set room = 2 where id = 1; update stays set days = '[1,5)' where id = 2; update stays set room = 1, days = '[5,9)' where id = 1`,
    steps: ['update stays 1 ready', 'update stays 2 ready'],
  },
  {
    name: 'an exclusion constraint: the place was taken since',
    schema: STAYS,
    workload: 'delete from stays where id = 2',
    since: `insert into stays values (3, 1, '[6,7)')`,
    steps: [
      'create stays 2 conflict: the database refuses it: conflicting key value violates exclusion constraint "stays_room_days_excl" (Key (room, days)=(1, [5,9)) conflicts with existing key (room, days)=(1, [6,7)).)',
    ],
    applies: false,
  },
  {
    name: 'a check constraint that is newer than the row',
    schema: `create table prices (id int primary key, price int); insert into prices values (1, -5), (2, 5)`,
    workload: 'update prices set price = 1',
    since: 'alter table prices add constraint positive check (price > 0)',
    steps: [
      'update prices 2 ready',
      'update prices 1 conflict: the database refuses it: new row for relation "prices" violates check constraint "positive" (Failing row contains (1, -5).)',
    ],
    applies: false,
  },
  {
    name: 'a row crossed partitions, by its root and by hand',
    schema: `create table parts (id int, region text, t text, primary key (id, region)) partition by list (region);
      create table parts_eu partition of parts for values in ('eu'); create table parts_us partition of parts for values in ('us');
      insert into parts values (1, 'eu', 'a'), (2, 'us', 'b'), (3, 'us', 'c')`,
    workload: [
      `update parts set region = 'us', t = 'moved' where id = 1`,
      `update parts_us set t = 'direct' where id = 2`,
      'delete from parts_us where id = 3',
    ],
    steps: ['create parts ["3","us"] ready', 'update parts ["2","us"] ready', 'update parts ["1","us"] ready'],
  },
  {
    name: 'the partition of a row is not there any more',
    schema: `create table parts (id int, region text, primary key (id, region)) partition by list (region);
      create table parts_eu partition of parts for values in ('eu'); create table parts_us partition of parts for values in ('us');
      insert into parts values (1, 'eu'), (2, 'us')`,
    workload: 'delete from parts',
    since: 'alter table parts detach partition parts_eu',
    steps: [
      'create parts ["2","us"] ready',
      'create parts ["1","eu"] conflict: the database refuses it: no partition of relation "parts" found for row (Partition key of the failing row contains (region) = (eu).)',
    ],
    applies: false,
  },
  {
    name: 'row-level security hides rows: refused, not left out',
    schema: `create table docs (id int primary key, owner text, t text); insert into docs values (1, 'a', 'x'), (2, 'b', 'y')`,
    workload: `update docs set t = 'z'`,
    since: `alter table docs enable row level security; create policy own on docs using (owner = 'a')`,
    steps: [
      'none docs 2 impossible: row-level security hides its rows from the role of revert.url: it needs BYPASSRLS',
      'none docs 1 impossible: row-level security hides its rows from the role of revert.url: it needs BYPASSRLS',
    ],
    applies: false,
  },
  {
    name: 'row-level security, and a role that may pass it by',
    schema: `create table docs (id int primary key, owner text, t text); insert into docs values (1, 'a', 'x'), (2, 'b', 'y')`,
    workload: `update docs set t = 'z'`,
    since: `alter table docs enable row level security; create policy own on docs using (owner = 'a')`,
    bypassesRls: true,
    steps: ['update docs 2 ready', 'update docs 1 ready'],
  },
];
