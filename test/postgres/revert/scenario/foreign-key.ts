import type { Scenario } from './scenario.ts';

const FAMILY = (rule: string): string => `create table parents (id int primary key, t text);
  create table children (id int primary key, parent int references parents ${rule}, t text);
  insert into parents values (1, 'a'), (2, 'b'); insert into children values (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z')`;

export const FOREIGN_KEYS: readonly Scenario[] = [
  {
    name: 'rows of several tables go in and out in the order of their references',
    schema: `create table customers (id int primary key, name text); create table orders (id int primary key, customer int not null references customers);
      create table items (order_id int references orders, n int, primary key (order_id, n)); insert into customers values (1, 'a');
      insert into orders values (1, 1); insert into items values (1, 1), (1, 2)`,
    workload: [
      `insert into customers values (2, 'b'); insert into orders values (2, 2); insert into items values (2, 1)`,
      'delete from items where order_id = 1; delete from orders where id = 1; delete from customers where id = 1',
    ],
    steps: [
      'create customers 1 ready',
      'create orders 1 ready',
      'create items ["1","2"] ready',
      'create items ["1","1"] ready',
      'delete items ["2","1"] ready',
      'delete orders 2 ready',
      'delete customers 2 ready',
    ],
  },
  {
    name: 'ON DELETE CASCADE: the children come back with their parent',
    schema: FAMILY('on delete cascade'),
    workload: 'delete from parents where id = 1',
    steps: ['create children 2 ready', 'create children 1 ready', 'create parents 1 ready'],
  },
  {
    name: 'ON DELETE SET NULL: the children refer to their parent again',
    schema: FAMILY('on delete set null'),
    workload: 'delete from parents where id = 1',
    steps: ['update children 2 ready', 'update children 1 ready', 'create parents 1 ready'],
  },
  {
    name: 'ON UPDATE CASCADE: a key and what refers to it go back together',
    schema: FAMILY('on update cascade'),
    workload: 'update parents set id = 10 where id = 1',
    steps: ['update children 2 ready', 'update children 1 ready', 'update parents 10 ready'],
  },
  {
    name: 'ON UPDATE CASCADE into a key of the child',
    schema: `create table docs (id int primary key); create table parts (doc int references docs on update cascade, n int, t text, primary key (doc, n));
      insert into docs values (1); insert into parts values (1, 1, 'a'), (1, 2, 'b')`,
    workload: [`update parts set t = 'c' where n = 1`, 'update docs set id = 5'],
    steps: ['update parts ["5","2"] ready', 'update parts ["5","1"] ready', 'update docs 5 ready'],
  },
  {
    name: 'a tree that refers to itself',
    schema: `create table nodes (id int primary key, up int references nodes, t text); insert into nodes values (1, null, 'root'), (2, 1, 'a'), (3, 2, 'b'), (4, 4, 'own')`,
    workload: ['delete from nodes', `insert into nodes values (7, null, 'x'), (6, 7, 'y'), (5, 6, 'z')`],
    steps: [
      'delete nodes 5 ready',
      'delete nodes 6 ready',
      'delete nodes 7 ready',
      'create nodes 4 ready',
      'create nodes 3 ready',
      'create nodes 2 ready',
      'create nodes 1 ready',
    ],
  },
  {
    name: 'a circle of two tables whose references can wait',
    schema: `create table a (id int primary key, b int not null); create table b (id int primary key, a int not null references a deferrable);
      alter table a add foreign key (b) references b deferrable; begin; set constraints all deferred; insert into a values (1, 1); insert into b values (1, 1); commit`,
    workload: 'set constraints all deferred; delete from a; delete from b',
    steps: ['create b 1 ready', 'create a 1 ready'],
  },
  {
    name: 'a circle of two tables whose references cannot wait',
    schema: `create table a (id int primary key, b int); create table b (id int primary key, a int references a);
      alter table a add foreign key (b) references b; insert into a values (1, null); insert into b values (1, 1); update a set b = 1`,
    workload: 'update a set b = null; delete from b; delete from a',
    steps: ['create a 1 ready', 'create b 1 ready'],
  },
  {
    name: 'the parent is gone since: the database says which step it refuses, and nothing happens',
    schema: FAMILY(''),
    workload: 'delete from children where id in (1, 3)',
    since: 'delete from children where parent = 1; delete from parents where id = 1',
    steps: [
      'create children 3 ready',
      'create children 1 conflict: the database refuses it: insert or update on table "children" violates foreign key constraint "children_parent_fkey" (Key (parent)=(1) is not present in table "parents".)',
    ],
    applies: false,
  },
  {
    name: 'the parent is gone since, with skip: that step is left out, the rest is done',
    schema: FAMILY(''),
    workload: 'delete from children where id in (1, 3)',
    since: 'delete from children where parent = 1; delete from parents where id = 1',
    rest: { onConflict: 'skip' },
    steps: [
      'create children 3 ready',
      'create children 1 conflict: the database refuses it: insert or update on table "children" violates foreign key constraint "children_parent_fkey" (Key (parent)=(1) is not present in table "parents".)',
    ],
    end: { parents: ['(2,b)'], children: ['(3,2,z)'] },
  },
  {
    name: 'a created parent has children of others by now: refused, forced or not',
    schema: FAMILY(''),
    workload: `insert into parents values (3, 'c')`,
    since: `insert into children values (4, 3, 'w')`,
    rest: { onConflict: 'force' },
    steps: [
      'delete parents 3 conflict: the database refuses it: update or delete on table "parents" violates foreign key constraint "children_parent_fkey" on table "children" (Key (id)=(3) is still referenced from table "children".)',
    ],
    applies: false,
  },
  {
    name: 'a created parent has children of others by now, who would go with it: a side effect, and a conflict',
    schema: FAMILY('on delete cascade'),
    workload: `insert into parents values (3, 'c')`,
    since: `insert into children values (4, 3, 'w'), (5, 3, 'v')`,
    steps: ['delete parents 3 ready'],
    sideEffects: ['children +0 ~0 -2'],
    applies: false,
  },
  {
    name: 'a created parent whose children would go with it, forced: it says what went',
    schema: FAMILY('on delete cascade'),
    workload: `insert into parents values (3, 'c')`,
    since: `insert into children values (4, 3, 'w'), (5, 3, 'v')`,
    rest: { onConflict: 'force' },
    steps: ['delete parents 3 ready'],
    sideEffects: ['children +0 ~0 -2'],
  },
  {
    name: 'several references between two tables, one of several columns',
    schema: `create table places (country text, city text, name text, primary key (country, city));
      create table trips (id int primary key, from_country text, from_city text, to_country text, to_city text,
        foreign key (from_country, from_city) references places, foreign key (to_country, to_city) references places on delete set null);
      insert into places values ('de', 'b', 'Berlin'), ('fr', 'p', 'Paris'); insert into trips values (1, 'de', 'b', 'fr', 'p')`,
    workload: `delete from places where country = 'fr'; delete from trips; delete from places`,
    steps: ['create places ["de","b"] ready', 'create trips 1 ready', 'create places ["fr","p"] ready'],
  },
];
