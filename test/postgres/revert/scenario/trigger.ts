import type { Scenario } from './scenario.ts';

const trigger = (table: string, when: string, body: string): string =>
  `create function on_${table}() returns trigger language plpgsql as $$ begin ${body} end $$;
   create trigger on_${table} ${when} on ${table} for each row execute function on_${table}()`;

const STAMPED = `create table docs (id int primary key, t text, updated_at timestamptz);
  insert into docs values (1, 'a', '2020-01-01'), (2, 'b', null);
  ${trigger('docs', 'before update', 'new.updated_at := now(); return new;')}`;
const LOGGED = `create table docs (id int primary key, t text); create table docs_log (id int, t text);
  insert into docs values (1, 'a'); ${trigger('docs', 'after update', 'insert into docs_log values (new.id, new.t); return null;')}`;
const TOTALS = `create table bills (id int primary key, total int not null default 0, n int not null default 0);
  create table lines (id int primary key, bill int references bills, amount int); insert into bills values (1), (2);
  create function sum_up() returns trigger language plpgsql as $$ begin
    update bills set total = total + new.amount, n = n + 1 where id = new.bill and tg_op <> 'DELETE';
    update bills set total = total - old.amount, n = n - 1 where id = old.bill and tg_op <> 'INSERT';
    return null; end $$;
  create trigger sum_up after insert or update or delete on lines for each row execute function sum_up();
  insert into lines values (1, 1, 10), (2, 1, 20)`;

export const TRIGGERS: readonly Scenario[] = [
  {
    name: 'a trigger that stamps the time of the last change: it is named, and no conflict',
    schema: STAMPED,
    workload: `update docs set t = 'changed'`,
    steps: ['update docs 2 ready', 'update docs 1 ready'],
    sideEffects: ['docs +0 ~0 -0 stamped updated_at'],
    end: {},
    back: null,
  },
  {
    name: 'a trigger that puts another time: a conflict',
    schema: STAMPED.replace(':= now()', ":= now() + '1 hour'"),
    workload: `update docs set t = 'changed' where id = 1`,
    steps: [
      'update docs 1 conflict: updated_at is not what it was to be afterwards: a trigger or a cascade changed it',
    ],
    applies: false,
  },
  {
    name: 'a stamp in a column that the revert leaves alone',
    schema: STAMPED,
    workload: `update docs set t = 'changed'`,
    rest: { fields: ['t'] },
    steps: ['update docs 2 ready', 'update docs 1 ready'],
    sideEffects: ['docs +0 ~0 -0 stamped updated_at'],
    end: {},
    back: null,
  },
  {
    name: 'a trigger that counts versions of a row: a conflict, unless forced',
    schema: `create table docs (id int primary key, t text, version int not null default 1); insert into docs values (1, 'a');
      ${trigger('docs', 'before update', 'new.version := old.version + 1; return new;')}`,
    workload: `update docs set t = 'changed'`,
    steps: ['update docs 1 conflict: version is not what it was to be afterwards: a trigger or a cascade changed it'],
    applies: false,
  },
  {
    name: 'a trigger that counts versions, forced: what could not be had is said',
    schema: `create table docs (id int primary key, t text, version int not null default 1); insert into docs values (1, 'a');
      ${trigger('docs', 'before update', 'new.version := old.version + 1; return new;')}`,
    workload: `update docs set t = 'changed'`,
    rest: { onConflict: 'force' },
    steps: ['update docs 1 conflict: version is not what it was to be afterwards: a trigger or a cascade changed it'],
    end: { docs: ['(1,a,4)'] },
    back: null,
  },
  {
    name: 'a trigger that writes to another table: a side effect, and a conflict',
    schema: LOGGED,
    workload: `update docs set t = 'b'`,
    steps: ['delete docs_log ~ ready', 'update docs 1 ready'],
    sideEffects: ['docs_log +1 ~0 -0'],
    applies: false,
  },
  {
    name: 'a trigger that writes to another table, forced',
    schema: LOGGED,
    workload: `update docs set t = 'b'`,
    rest: { onConflict: 'force' },
    steps: ['delete docs_log ~ ready', 'update docs 1 ready'],
    sideEffects: ['docs_log +1 ~0 -0'],
    end: { docs: ['(1,a)'], docs_log: ['(1,a)'] },
    back: null,
  },
  {
    name: 'totals that triggers keep come out as they were, though they are in the plan as well',
    schema: TOTALS,
    workload: [
      'insert into lines values (3, 1, 5), (4, 2, 7)',
      'update lines set amount = 11 where id = 1',
      'delete from lines where id = 2',
    ],
    steps: [
      'update bills 1 ready',
      'create lines 2 ready',
      'update lines 1 ready',
      'update bills 2 ready',
      'delete lines 4 ready',
      'delete lines 3 ready',
    ],
  },
  {
    name: 'a total of a row that is not in the plan: a side effect, and a conflict',
    schema: `${TOTALS}; alter table lines disable trigger sum_up; insert into lines values (3, 2, 5); alter table lines enable trigger sum_up`,
    workload:
      'alter table lines disable trigger sum_up; delete from lines where id = 3; alter table lines enable trigger sum_up',
    steps: ['create lines 3 ready'],
    sideEffects: ['bills +0 ~1 -0'],
    applies: false,
  },
  {
    name: 'a trigger that swallows the change',
    schema: `create table docs (id int primary key, t text); insert into docs values (1, 'a')`,
    workload: `update docs set t = 'b'`,
    since: trigger('docs', 'before update', 'return null;'),
    steps: ['update docs 1 conflict: t is not what it was to be afterwards: a trigger or a cascade changed it'],
    applies: false,
  },
  {
    name: 'a trigger that puts back what is deleted',
    schema: `create table docs (id int primary key, t text)`,
    workload: `insert into docs values (1, 'a')`,
    since: trigger('docs', 'after delete', 'insert into docs select old.*; return null;'),
    steps: ['delete docs 1 conflict: the row is still there afterwards: a trigger keeps it, or puts it back'],
    sideEffects: ['docs +1 ~0 -0'],
    applies: false,
  },
  {
    name: 'a trigger that forbids it, in its own words',
    schema: `create table books (id int primary key, closed bool); insert into books values (1, false)`,
    workload: 'update books set closed = true',
    since: trigger('books', 'before update', `raise exception 'the books are closed' using detail = 'year 2025';`),
    steps: ['update books 1 conflict: the database refuses it: the books are closed (year 2025)'],
    applies: false,
  },
  {
    name: 'a hostile trigger has no more rights than the revert role: not on the history, not on what reverts say',
    schema: `create table docs (id int primary key, t text); create table loot (who text, what text); insert into docs values (1, 'a')`,
    workload: `update docs set t = 'b'`,
    since: trigger(
      'docs',
      'after update',
      `insert into loot values (current_user, has_schema_privilege('audit', 'usage')::text);
       begin delete from audit.entries; insert into loot values ('got', 'audit'); exception when insufficient_privilege then null; end;
       begin update rowtrail.install set secret = 'x'; insert into loot values ('got', 'install'); exception when insufficient_privilege then null; end;
       begin create role evil_of_the_tests superuser; insert into loot values ('got', 'role'); exception when insufficient_privilege then null; end;
       begin insert into rowtrail.revert_links select 1, 'docs'::regclass, '1', '{1}'; insert into loot values ('got', 'links');
         exception when insufficient_privilege or foreign_key_violation then null; end;
       return null;`,
    ),
    rest: { onConflict: 'force' },
    steps: ['update docs 1 ready'],
    sideEffects: ['loot +1 ~0 -0'],
    end: { docs: ['(1,a)'], loot: ['(ROLE,false)'] },
    back: null,
  },
];
