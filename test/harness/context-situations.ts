import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { pipeline } from 'node:stream/promises';
import type { ContextMapping } from '../../src/config/config.ts';

/** Tables of the situations; `{app}` is the role of the application. */
export const SITUATION_TABLES = `
  create table items (id integer primary key, v integer);
  create table parts (id integer primary key, item integer references items on delete cascade on update cascade);
  create table made (id integer primary key);
  create table split (id integer primary key, v integer) partition by range (id);
  create table split_leaf partition of split default;
  insert into items select g, 0 from generate_series(1, 99) g;
  insert into parts values (10, 10), (11, 11);
  create function make() returns trigger language plpgsql as
    $$ begin insert into made values (new.id); return new; end $$;
  create trigger make after insert on items for each row when (new.id between 200 and 299) execute function make();
  create function definer() returns void language sql security definer as 'update items set v = v + 1 where id = 1';
  grant all on all tables in schema public to {app};`;

/** What existing conventions are mapped, in every situation. */
export const SITUATION_CONTEXT: Readonly<Record<string, ContextMapping>> = {
  user_id: { setting: 'request.jwt.claims', path: 'sub' },
  user_name: { setting: 'hasura.user', path: 'x-hasura-user-name' },
};

/** Who may do what in a situation. */
export interface Stage {
  /** A new session of the application's role, which is no superuser. */
  app(): Promise<pg.Client>;
  /** A new session of a superuser. */
  admin(): Promise<pg.Client>;
  /** Name of the application's role. */
  readonly role: string;
  /** Name of the superuser. */
  readonly superuser: string;
}

/** What somebody does, and what is seen of it. */
export interface Situation {
  readonly name: string;
  /** Major version of PostgreSQL from which it makes sense. */
  readonly minMajor?: number;
  /** Makes sense for capture from the WAL alone. */
  readonly walOnly?: boolean;
  readonly run: (stage: Stage) => Promise<void>;
  /**
   * One line an entry, in order: `ACTION TABLE RECORD: ATTRIBUTION ACTOR`, and the claims beside the user where
   * there are any. `{app}` and `{superuser}` are the roles.
   */
  readonly expected: readonly string[];
  /** Messages without proof that it sends. */
  readonly unverified?: number;
}

const update = (id: number): string => `update items set v = v + 1 where id = ${id}`;

/** Each statement of the list in one transaction of a new session of the application. */
function transaction(...statements: readonly string[]): Situation['run'] {
  return autocommit('begin', ...statements, 'commit');
}

function autocommit(...statements: readonly string[]): Situation['run'] {
  return async (stage) => {
    const client = await stage.app();
    for (const statement of statements) await client.query(statement);
  };
}

/** As `autocommit`, by a superuser. */
function asAdmin(...statements: readonly string[]): Situation['run'] {
  return async (stage) => {
    const client = await stage.admin();
    for (const statement of statements) await client.query(statement.replaceAll('{app}', stage.role));
  };
}

const user = (id: string | number): string => `set local rowtrail.user_id = '${id}'`;
/** What the session has sent last, or would send for its context now. */
const PAYLOAD = `array['c', ${[
  'rowtrail.session',
  'role',
  'application_name',
  ...['user_id', 'user_name', 'ip', 'user_agent', 'comment', 'request_id', 'context'].map((name) => `rowtrail.${name}`),
  'hasura.user',
  'request.jwt.claims',
]
  .map((name) => `current_setting('${name}', true)`)
  .join(', ')}]::text`;
const emit = (message: string): string => `select pg_logical_emit_message(true, 'rowtrail', ${message})`;
const SUPPRESS = `select set_config('rowtrail.sent', ${PAYLOAD}, true)`;

/** From who acts normally, over what the database does by itself, to who tries to deceive. */
export const SITUATIONS: readonly Situation[] = [
  { name: 'autocommit, nothing claimed', run: autocommit(update(1)), expected: ['update items 1: database {app}'] },
  {
    name: 'autocommit under a session-wide claim, then another, then none',
    run: autocommit(
      "set rowtrail.user_id = '7'",
      update(1),
      update(2),
      "set rowtrail.user_id = '8'",
      update(3),
      'reset rowtrail.user_id',
      update(4),
    ),
    expected: [
      'update items 1: app 7',
      'update items 2: app 7',
      'update items 3: app 8',
      'update items 4: database {app}',
    ],
  },
  {
    name: 'every claim, by set_context',
    run: transaction(
      `select rowtrail.set_context('{"user_id": 12345678901234567890, "user_name": "Ana", "ip": "203.0.113.9", "user_agent": "curl/8",
         "comment": "customer called", "request_id": "r-1", "tenant": "t1"}')`,
      update(1),
    ),
    expected: [
      'update items 1: app 12345678901234567890 name=Ana ip=203.0.113.9 agent=curl/8 comment=customer called request=r-1 context={"tenant": "t1"}',
    ],
  },
  {
    name: 'set local has ended: its settings read as empty',
    run: autocommit('begin', user(7), update(1), 'commit', update(2)),
    expected: ['update items 1: app 7', 'update items 2: database {app}'],
  },
  {
    name: 'context changed in the middle of a transaction, and back',
    run: transaction(user(7), update(1), user(8), update(2), update(3), user(7), update(4)),
    expected: ['update items 1: app 7', 'update items 2: app 8', 'update items 3: app 8', 'update items 4: app 7'],
  },
  {
    name: 'claims after the first write of the transaction',
    run: transaction(update(1), user(7), update(2)),
    expected: ['update items 1: database {app}', 'update items 2: app 7'],
  },
  {
    name: 'a savepoint that is rolled back takes its context with it',
    run: transaction(user(7), update(1), 'savepoint s', user(8), update(2), 'rollback to s', update(3)),
    expected: ['update items 1: app 7', 'update items 3: app 7'],
  },
  {
    name: 'the first write is in a savepoint that is rolled back',
    run: transaction(
      user(7),
      'savepoint s',
      update(1),
      'rollback to s',
      update(2),
      'savepoint t',
      update(3),
      'release t',
    ),
    expected: ['update items 2: app 7', 'update items 3: app 7'],
  },
  {
    name: 'an exception block that fails, and writes around it',
    run: transaction(
      user(7),
      `do $$ begin
         update items set v = v + 1 where id = 1;
         begin
           perform set_config('rowtrail.user_id', '8', true);
           update items set v = v + 1 where id = 2;
           raise division_by_zero;
         exception when division_by_zero then
           update items set v = v + 1 where id = 3;
         end;
       end $$`,
    ),
    expected: ['update items 1: app 7', 'update items 3: app 7'],
  },
  {
    name: 'malformed JSON as context and in a mapped setting',
    run: transaction(
      user(7),
      `select set_config('rowtrail.context', '{"a": [', true), set_config('request.jwt.claims', '{"sub', true),
         set_config('hasura.user', 'null', true)`,
      update(1),
    ),
    expected: ['update items 1: app 7 context="{\\"a\\": ["'],
  },
  {
    name: 'a context of a megabyte is shortened, and says so',
    run: transaction(user(7), `select set_config('rowtrail.context', repeat('x', 1048576), true)`, update(1)),
    expected: ['update items 1: app 7 context="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'],
  },
  {
    name: 'claims of odd characters and great length',
    run: transaction(
      `select set_config('rowtrail.user_id', e'{"\\\\ \\t €🙂', true), set_config('rowtrail.user_agent', repeat('u', 2000), true)`,
      update(1),
    ),
    expected: ['update items 1: app {"\\ \t €🙂 agent=uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu…'],
  },
  {
    name: 'mapped settings: request.jwt.claims and hasura.user',
    run: transaction(
      `select set_config('request.jwt.claims', '{"sub": 90071992547409931, "role": "x"}', true),
         set_config('hasura.user', '{"x-hasura-user-name": "Bo"}', true)`,
      update(1),
      user(7),
      update(2),
    ),
    expected: ['update items 1: app 90071992547409931 name=Bo', 'update items 2: app 7 name=Bo'],
  },
  {
    name: 'emit_context ahead of the rows',
    run: transaction(user(7), 'select rowtrail.emit_context()', update(1)),
    expected: ['update items 1: app 7'],
  },
  {
    name: 'a statement that touches no row, then one that does',
    run: transaction(user(7), update(-1), user(8), update(1)),
    expected: ['update items 1: app 8'],
  },
  {
    name: 'events among the rows',
    run: transaction(
      user(7),
      `select rowtrail.log('login')`,
      update(1),
      user(8),
      `select rowtrail.log('logout', 'bye')`,
    ),
    expected: ['login : app 7', 'update items 1: app 7', 'logout : app 8'],
  },
  {
    name: 'session_replication_role = replica',
    run: asAdmin('set session_replication_role = replica', "set rowtrail.user_id = '7'", update(1)),
    expected: ['update items 1: app 7'],
  },
  {
    name: 'DML on a partition itself, and through its root',
    run: transaction(user(7), 'insert into split_leaf values (1, 0)', user(8), 'update split set v = 1 where id = 1'),
    expected: ['create split 1: app 7', 'update split 1: app 8'],
  },
  {
    name: 'foreign keys that cascade',
    run: transaction(user(7), 'delete from items where id = 10', user(8), 'update items set id = 1011 where id = 11'),
    expected: [
      'delete items 10: app 7',
      'delete parts 10: app 7',
      'update items 1011: app 8',
      'update parts 11: app 8',
    ],
  },
  {
    name: 'rows that a trigger makes',
    run: transaction(user(7), 'insert into items values (200, 0)'),
    expected: ['create items 200: app 7', 'create made 200: app 7'],
  },
  {
    name: 'INSERT … ON CONFLICT, writable CTEs',
    run: transaction(
      user(7),
      `with d as (delete from items where id = 20 returning id)
       insert into items select 21, id from d on conflict (id) do update set v = excluded.v`,
    ),
    expected: ['delete items 20: app 7', 'update items 21: app 7'],
  },
  {
    name: 'MERGE',
    minMajor: 15,
    run: transaction(
      user(7),
      `merge into items i using (values (30), (300)) as s(id) on i.id = s.id
       when matched then update set v = 9 when not matched then insert values (s.id, 0)`,
    ),
    expected: ['update items 30: app 7', 'create items 300: app 7'],
  },
  {
    name: 'COPY',
    run: async (stage) => {
      const client = await stage.app();
      await client.query("set rowtrail.user_id = '7'");
      await pipeline([Buffer.from('400\t0\n401\t0\n')], client.query(copyFrom('copy items from stdin')));
    },
    expected: ['create items 400: app 7', 'create items 401: app 7'],
  },
  { name: 'TRUNCATE', run: transaction(user(7), 'truncate made'), expected: ['truncate made : app 7'] },
  {
    name: 'a prepared transaction, committed by another session under other claims',
    run: async (stage) => {
      const client = await stage.app();
      for (const statement of ['begin', user(7), update(1), "prepare transaction 'rowtrail_situation'"])
        await client.query(statement);
      await client.query(update(2));
      const admin = await stage.admin();
      await admin.query("set rowtrail.user_id = 'other'");
      await admin.query("commit prepared 'rowtrail_situation'");
    },
    expected: ['update items 2: database {app}', 'update items 1: app 7'],
  },
  {
    name: 'a role that was switched to, and a definer function',
    run: asAdmin('begin', 'set local role {app}', update(1), 'select definer()', 'commit'),
    expected: ['update items 1: database {superuser} role={app}', 'update items 1: database {superuser} role={app}'],
  },
  {
    name: 'changes replayed from a replication origin',
    walOnly: true,
    run: asAdmin(
      `select pg_replication_origin_create('rowtrail_situation_' || current_database()),
         pg_replication_origin_session_setup('rowtrail_situation_' || current_database())`,
      update(1),
      'select pg_replication_origin_session_reset()',
      `select pg_replication_origin_drop('rowtrail_situation_' || current_database())`,
    ),
    expected: ['update items 1: replication {origin}'],
  },
  {
    name: 'DISCARD ALL, as poolers send it',
    run: autocommit("set rowtrail.user_id = '7'", update(1), 'discard all', update(2)),
    expected: ['update items 1: app 7', 'update items 2: database {app}'],
  },
  {
    name: 'FORGED: an own message under a token that nobody was given',
    run: transaction(emit(`'{c,0123456789abcdef,none,web,admin,"","","","","","","",""}'`), update(1)),
    expected: ['update items 1: database {app}'],
    unverified: 1,
  },
  {
    name: 'FORGED: the same, and the trigger is kept silent',
    run: async (stage) => {
      const client = await stage.app();
      await client.query(update(1));
      const forged = emit(`'{c,0123456789abcdef,none,web,admin,"","","","","","","",""}'`);
      for (const statement of ['begin', SUPPRESS, forged, update(2), 'commit']) await client.query(statement);
    },
    expected: ['update items 1: database {app}', 'update items 2: unknown '],
    unverified: 1,
  },
  {
    name: 'FORGED: a greeting without the secret, and a context under its token',
    run: transaction(
      emit(`'{h,guessed,0123456789abcdef,postgres,127.0.0.1,1,2026-01-01T00:00:00Z}'`),
      emit(`'{c,0123456789abcdef,none,web,admin,"","","","","","","",""}'`),
      update(1),
    ),
    expected: ['update items 1: database {app}'],
    unverified: 2,
  },
  {
    name: 'FORGED: messages that are no messages',
    run: transaction(emit(`'{'`), emit(`'nonsense'`), emit(`''::bytea`), emit(`repeat('x', 5000000)`), update(1)),
    expected: ['update items 1: database {app}'],
    unverified: 4,
  },
  {
    name: 'FORGED: a message outside of the transaction',
    run: transaction(emit(`'{c,0123456789abcdef,none,web,admin}'`).replace('true', 'false'), update(1)),
    expected: ['update items 1: database {app}'],
    unverified: 1,
  },
  {
    name: 'FORGED: an event that looks like a row change',
    run: transaction(
      'select rowtrail.emit_context()',
      emit(`array['e', current_setting('rowtrail.session'), 'delete', null, '{}', 'public', 'items', '1', null]::text`),
      update(1),
    ),
    expected: ['update items 1: database {app}'],
    unverified: 1,
  },
  {
    name: 'SUPPRESSED: rowtrail.sent set by hand in the transaction',
    run: async (stage) => {
      const client = await stage.app();
      await client.query(update(1));
      for (const statement of ['begin', user(7), SUPPRESS, update(2), 'commit', update(3)])
        await client.query(statement);
    },
    expected: ['update items 1: database {app}', 'update items 2: unknown ', 'update items 3: database {app}'],
  },
  {
    name: 'SUPPRESSED: rowtrail.sent set by hand for the session',
    run: async (stage) => {
      const client = await stage.app();
      await client.query("set rowtrail.user_id = '7'");
      await client.query(update(1));
      await client.query(SUPPRESS.replace(/, true\)$/, ', false)'));
      await client.query(update(2));
      await client.query("set rowtrail.user_id = '8'");
      await client.query(update(3));
    },
    expected: ['update items 1: app 7', 'update items 2: unknown ', 'update items 3: unknown '],
  },
  {
    name: 'BORROWED: a session token made up',
    run: autocommit("set rowtrail.session = '00000000000000000000000000000000'", update(1), user(7), update(2)),
    expected: ['update items 1: unknown ', 'update items 2: unknown '],
    unverified: 2,
  },
  {
    name: 'a session token taken away is asked for again',
    run: autocommit(update(1), "set rowtrail.session = ''", update(2)),
    expected: ['update items 1: database {app}', 'update items 2: database {app}'],
  },
  {
    name: 'REPLAYED: the message of an earlier transaction shows the session that sent it',
    run: async (stage) => {
      const client = await stage.app();
      const sent = async (): Promise<string> => (await client.query(`select ${PAYLOAD} as sent`)).rows[0].sent;
      await client.query("set rowtrail.user_id = '7'");
      await client.query(update(1));
      const earlier = (await sent()).replaceAll("'", "''");
      await client.query("set rowtrail.user_id = '8'");
      for (const statement of ['begin', SUPPRESS, emit(`'${earlier}'`), update(2), 'commit'])
        await client.query(statement);
    },
    expected: ['update items 1: app 7', 'update items 2: app 7'],
  },
];
