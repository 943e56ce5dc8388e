import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareCapture, type Capture, type RunningDaemon, type StoredEntry } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';

/** Action, key, image, old values. */
type Line = readonly [string, string, string, string | null];

interface Scenario {
  readonly title: string;
  /** Run before there is a slot. Tables to be captured are those it makes in `public`, except `_later`. */
  readonly before: string;
  /** Transactions. */
  readonly run: readonly string[];
  readonly entries: readonly Line[];
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a column is added without a default',
    before: 'create table added (id int primary key, a int)',
    run: ['insert into added values (1, 1); alter table added add b int; update added set b = 2'],
    entries: [
      ['create', '1', '{"id":1,"a":1}', null],
      ['update', '1', '{"id":1,"a":1,"b":2}', '{"b":null}'],
    ],
  },
  {
    title: 'a column is added with a default',
    before: 'create table filled (id int primary key, a int)',
    run: [
      `insert into filled values (1, 1); alter table filled add b numeric default 7.50; update filled set a = 2;
       alter table filled add c uuid default gen_random_uuid(); update filled set c = null;
       alter table filled alter b drop default, drop c; update filled set b = 1; delete from filled`,
    ],
    entries: [
      ['create', '1', '{"id":1,"a":1}', null],
      ['update', '1', '{"id":1,"a":2,"b":7.50}', '{"a":1}'],
      ['update', '1', '{"id":1,"a":2,"b":7.50,"c":null}', '{"c":"<uuid>"}'],
      ['update', '1', '{"id":1,"a":2,"b":1}', '{"b":7.50}'],
      ['delete', '1', '{"id":1,"a":2,"b":1}', null],
    ],
  },
  {
    title: 'a column is dropped',
    before: 'create table cut (a int, b int, id int primary key, c int)',
    run: [
      'insert into cut values (1, 2, 3, 4); alter table cut drop b; update cut set c = 5; alter table cut drop a; update cut set id = 6',
    ],
    entries: [
      ['create', '3', '{"a":1,"b":2,"id":3,"c":4}', null],
      ['update', '3', '{"a":1,"id":3,"c":5}', '{"c":4}'],
      ['update', '6', '{"id":6,"c":5}', '{"id":3}'],
    ],
  },
  {
    title: 'columns are renamed, the key too',
    before: 'create table named (id int primary key, a int, b text)',
    run: [
      `insert into named values (1, 1, 'x'); alter table named rename a to "A ""new"""; update named set "A ""new""" = 2`,
      `alter table named rename id to number; update named set b = 'y'; alter table named rename number to uid; delete from named`,
    ],
    entries: [
      ['create', '1', '{"id":1,"a":1,"b":"x"}', null],
      ['update', '1', '{"id":1,"A \\"new\\"":2,"b":"x"}', '{"A \\"new\\"":1}'],
      ['update', '1', '{"number":1,"A \\"new\\"":2,"b":"y"}', '{"b":"x"}'],
      ['delete', '1', '{"uid":1,"A \\"new\\"":2,"b":"y"}', null],
    ],
  },
  {
    title: 'a key moves to a new column that takes its name',
    before: 'create table moved (id int primary key, a int)',
    run: [
      'insert into moved values (1, 1)',
      `alter table moved add new_id numeric; update moved set new_id = id + 0.5;
       alter table moved drop constraint moved_pkey, add primary key (new_id);
       alter table moved rename id to old_id; alter table moved rename new_id to id; update moved set a = 2`,
    ],
    entries: [
      // Until its new column was there, the table had its old key; what follows has the key that the catalog tells.
      ['create', '1', '{"id":1,"a":1}', null],
      ['update', '1.5', '{"id":1,"a":1,"new_id":1.5}', '{"new_id":null}'],
      ['update', '1.5', '{"old_id":1,"a":2,"id":1.5}', '{"a":1}'],
    ],
  },
  {
    title: 'a column is retyped',
    before: 'create table typed (id int primary key, a int)',
    run: [
      `insert into typed values (1, 7); alter table typed alter a type bigint; update typed set a = 9007199254740993;
       alter table typed alter a type numeric; update typed set a = 1.00; alter table typed alter a type text;
       update typed set a = '1.0'; alter table typed alter id type numeric(6, 2); update typed set a = 'x'`,
    ],
    entries: [
      ['create', '1', '{"id":1,"a":7}', null],
      ['update', '1', '{"id":1,"a":9007199254740993}', '{"a":7}'],
      ['update', '1', '{"id":1,"a":1.00}', '{"a":9007199254740993}'],
      ['update', '1', '{"id":1,"a":"1.0"}', '{"a":"1.00"}'],
      ['update', '1.00', '{"id":1.00,"a":"x"}', '{"a":"1.0"}'],
    ],
  },
  {
    title: 'a column is dropped and added again under its name',
    before: 'create table again (id int primary key, a int)',
    run: [
      `insert into again values (1, 7); alter table again drop a; alter table again add a text; update again set a = '7';
       alter table again drop id; alter table again add id int; update again set id = 5`,
      'alter table again add primary key (id); update again set a = null',
    ],
    entries: [
      ['create', '1', '{"id":1,"a":7}', null],
      ['update', '1', '{"id":1,"a":"7"}', '{"a":null}'],
      ['update', '5', '{"a":"7","id":5}', '{"id":null}'],
      ['update', '5', '{"a":null,"id":5}', '{"a":"7"}'],
    ],
  },
  {
    title: 'an enum value is added and used, and renamed',
    before: `create type mood as enum ('ok'); create table felt (id int primary key, m mood, many mood[])`,
    run: [
      `insert into felt values (1, 'ok', '{ok}')`,
      `alter type mood add value 'so "so"' before 'ok'`,
      `update felt set m = 'so "so"', many = '{"so \\"so\\"",ok}'`,
      `alter type mood rename value 'ok' to 'fine'; insert into felt values (2, 'fine', '{fine}')`,
      `update felt set m = null where id = 2; alter type mood rename to feeling; alter table felt alter m type text;
       update felt set m = 'any' where id = 2`,
    ],
    entries: [
      ['create', '1', '{"id":1,"m":"ok","many":"{ok}"}', null],
      ['update', '1', '{"id":1,"m":"so \\"so\\"","many":"{\\"so \\\\\\"so\\\\\\"\\",ok}"}', '{"m":"ok","many":"{ok}"}'],
      ['create', '2', '{"id":2,"m":"fine","many":"{fine}"}', null],
      ['update', '2', '{"id":2,"m":null,"many":"{fine}"}', '{"m":"fine"}'],
      ['update', '2', '{"id":2,"m":"any","many":"{fine}"}', '{"m":null}'],
    ],
  },
  {
    title: 'a composite type is altered',
    before: 'create type pair as (a int, b text); create table paired (id int primary key, p pair, n int)',
    run: [
      `insert into paired values (1, '(1,x)', 1); alter type pair add attribute c numeric; update paired set n = 2;
       update paired set p = '(1,x,2.0)'; alter type pair drop attribute a; update paired set n = 3`,
    ],
    entries: [
      ['create', '1', '{"id":1,"p":"(1,x)","n":1}', null],
      ['update', '1', '{"id":1,"p":"(1,x,)","n":2}', '{"n":1}'],
      ['update', '1', '{"id":1,"p":"(1,x,2.0)","n":2}', '{"p":"(1,x,)"}'],
      ['update', '1', '{"id":1,"p":"(x,2.0)","n":3}', '{"n":2}'],
    ],
  },
  {
    title: 'a domain is replaced by one of its name',
    before: `create domain amount as numeric; create domain amount2 as amount; create domain flag as boolean;
      create domain doc as json; create table priced (id int primary key, a amount, a2 amount2, f flag, d doc)`,
    run: [
      `insert into priced values (1, 1.50, 2.50, true, '{"a":  1}');
       alter table priced alter a type text, alter a2 type numeric, alter f type text, alter d type text;
       drop domain amount2; drop domain amount; drop domain flag; drop domain doc;
       create domain amount as text; create domain flag as numeric;
       alter table priced alter a type amount, alter f type flag using 1; update priced set a = '2.50', f = 0`,
    ],
    entries: [
      ['create', '1', '{"id":1,"a":1.50,"a2":2.50,"f":true,"d":{"a":  1}}', null],
      ['update', '1', '{"id":1,"a":"2.50","a2":2.50,"f":0,"d":"{\\"a\\":  1}"}', '{"a":"1.50","f":1}'],
    ],
  },
  {
    title: 'a table is renamed and moved to another schema',
    before: 'create table here (id int primary key, a int); create schema elsewhere',
    run: [
      `insert into here values (1, 1); alter table here rename to there; update there set a = 2;
       alter table there set schema elsewhere; update elsewhere.there set a = 3`,
      'delete from elsewhere.there',
    ],
    entries: [
      ['create', '1', '{"id":1,"a":1}', null],
      ['update', '1', '{"id":1,"a":2}', '{"a":1}'],
      ['update', '1', '{"id":1,"a":3}', '{"a":2}'],
      ['delete', '1', '{"id":1,"a":3}', null],
    ],
  },
  {
    title: 'a table is dropped and made again under its name',
    before: 'create table reborn (id int primary key, a int)',
    run: [
      'insert into reborn values (1, 1)',
      `drop table reborn; create table reborn (a text, id int primary key); insert into reborn values ('x', 1)`,
    ],
    entries: [
      ['create', '1', '{"id":1,"a":1}', null],
      ['create', '1', '{"a":"x","id":1}', null],
    ],
  },
  {
    title: 'a generated column is added',
    before: 'create table derived (id int primary key, a int)',
    run: [
      `insert into derived values (1, 1); alter table derived add g int generated always as (a * 2) stored;
       update derived set a = 2; alter table derived rename g to h; update derived set a = 3`,
    ],
    entries: [
      ['create', '1', '{"id":1,"a":1}', null],
      ['update', '1', '{"id":1,"a":2}', '{"a":1}'],
      ['update', '1', '{"id":1,"a":3}', '{"a":2}'],
    ],
  },
];

describe.each([
  ['while the daemon streams', true],
  ['before the daemon reads any of it', false],
])('trap 17: a table changes between two row changes of one transaction, %s:', (_, live) => {
  let database: TestDatabase;
  let capture: Capture;
  let daemon: RunningDaemon;
  const xids = new Map<string, string[]>();

  async function run(scenario: Scenario): Promise<void> {
    for (const sql of scenario.run) {
      const results = (await database.query(
        `begin; ${sql}; select pg_current_xact_id()::text as xid; commit`,
      )) as unknown as { rows: { xid: string }[] }[];
      xids.set(scenario.title, [...(xids.get(scenario.title) ?? []), results.at(-2)!.rows[0]!.xid]);
    }
  }

  function entriesOf(scenario: Scenario): Promise<StoredEntry[]> {
    return capture.entries(`t.xid in (${xids.get(scenario.title)!.join(', ')})`);
  }

  beforeAll(async () => {
    database = await createDatabase();
    await database.query(SCENARIOS.map((scenario) => scenario.before).join(';\n'));
    const tables = await database.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
    );
    const names = tables.rows.map((row) => row.relname as string);
    capture = await prepareCapture(database, { tables: names });
    daemon = await capture.start();
    // The tables have been seen before.
    for (const name of names) await database.query(`insert into ${name} (id) values (100); delete from ${name}`);
    await capture.caughtUp();
    if (live) return;
    await daemon.stop();
    for (const scenario of SCENARIOS) await run(scenario);
    daemon = await capture.start();
    await capture.caughtUp();
  });

  afterAll(async () => {
    await daemon?.stop();
    await database[Symbol.asyncDispose]();
  });

  it.each(SCENARIOS.map((scenario) => [scenario.title, scenario] as const))('%s', async (_title, scenario) => {
    if (live) {
      await run(scenario);
      await capture.caughtUp();
    }
    const entries = await entriesOf(scenario);
    const withoutUuid = (text: string | null): string | null => text?.replace(/[0-9a-f-]{36}/, '<uuid>') ?? null;
    expect(
      entries.map((entry) => [entry.action, entry.record_key, withoutUuid(entry.row), withoutUuid(entry.old)]),
    ).toEqual(scenario.entries);
    expect(entries.map((entry) => entry.unknown)).toEqual(scenario.entries.map(() => null));
  });

  it('and renamed and moved tables keep one history, while those made anew begin one', async () => {
    const named = async (title: string): Promise<string[]> => {
      const entries = await entriesOf(SCENARIOS.find((scenario) => scenario.title === title)!);
      const ids = entries.map((entry) => entry.id).join(', ');
      const relations = await database.query(
        `select distinct r.id, r.schema_name || '.' || r.table_name as name from audit.entries e
         join audit.relations r on r.id = e.relation_id where e.id in (${ids}) order by r.id`,
      );
      return relations.rows.map((row) => row.name);
    };
    expect(await named('a table is renamed and moved to another schema')).toEqual(['elsewhere.there']);
    expect(await named('a table is dropped and made again under its name')).toEqual(['public.reborn', 'public.reborn']);
  });
});
