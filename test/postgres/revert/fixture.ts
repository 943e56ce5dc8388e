import pg from 'pg';
import type { Config, SourceConfig } from '../../../src/config/config.ts';
import { startDaemon, type Daemon } from '../../../src/daemon/daemon.ts';
import { connectionOptions } from '../../../src/pg/pool.ts';
import { createDatabase, createRole, type TestDatabase, type TestRole } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';
import { configFor, runSetup, silent } from '../setup-fixture.ts';

/** A source that setup made ready for reverts by a role of its own, its store beside it. */
export interface RevertScene extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly role: TestRole;
  readonly config: Config;
  start(): Promise<Daemon>;
  /** Resolves when everything committed before the call is stored. */
  caughtUp(): Promise<void>;
  /** The id of the last entry of a record. */
  lastEntry(table: string, record: string): Promise<string>;
  /** Links in the order of their entries: table, action, record, linked action. */
  links(): Promise<string[]>;
  /** A client of the revert role. */
  connect(): Promise<pg.Client>;
}

export async function revertScene(
  capture: SourceConfig['capture'],
  tables: string,
  overrides: Partial<SourceConfig> = {},
  http: Partial<Config['http']> = {},
): Promise<RevertScene> {
  const role = await createRole();
  const database = await createDatabase();
  await database.query(`${tables}; create table marker (id bigint generated always as identity primary key);
    grant select, insert, update, delete on all tables in schema public to "${role.name}"`);
  const base = configFor(database, { capture, revert: { url: role.url(database) }, ...overrides });
  const config = { ...base, http: { ...base.http, ...http } };
  await runSetup(config);
  const daemons: Daemon[] = [];
  return {
    database,
    role,
    config,
    async start() {
      const daemon = await startDaemon(config, { log: silent });
      daemon.run().catch(() => {});
      daemons.push(daemon);
      return daemon;
    },
    async caughtUp() {
      const marker = await database.query('insert into marker default values returning id');
      const isStored = `select from audit.entries e join audit.relations r on r.id = e.relation_id
        where r.table_name = 'marker' and e.record_key = $1`;
      await until(async () => (await database.query(isStored, [marker.rows[0].id])).rowCount === 1, {
        what: 'everything committed is stored',
        timeoutMs: 30_000,
      });
    },
    async lastEntry(table, record) {
      const found = await database.query(
        `select e.id from audit.entries e join audit.relations r on r.id = e.relation_id
         where r.table_name = $1 and e.record_key = $2 order by e.id desc limit 1`,
        [table, record],
      );
      return found.rows[0].id as string;
    },
    async links() {
      const found = await database.query(
        `select concat_ws(' ', r.table_name, e.action, e.record_key, 'reverts', o.action, o.record_key) as line
         from audit.entry_links l join audit.entries e on e.id = l.entry_id join audit.relations r on r.id = e.relation_id
         join audit.entries o on o.id = l.linked_id where l.kind = 'revert' order by l.entry_id, l.linked_id`,
      );
      return found.rows.map(({ line }) => line as string);
    },
    async connect() {
      const client = new pg.Client(connectionOptions(role.url(database), 'test revert'));
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      await database[Symbol.asyncDispose]();
      await role[Symbol.asyncDispose]();
    },
  };
}

/** What a revert writes of itself, by hand. `links`: table, record, ids of the entries that are taken back. */
export async function writeRevert(
  client: pg.ClientBase,
  links: readonly (readonly [table: string, record: string, entries: readonly string[]])[],
): Promise<void> {
  await client.query(
    `with r as (insert into rowtrail.reverts (requested_by, result) values ('ops', '{}') returning id)
     select set_config('test.revert', id::text, true) from r`,
  );
  await client.query(
    `insert into rowtrail.revert_links (revert_id, relation, record_key, entries)
     select current_setting('test.revert')::bigint, (l ->> 0)::regclass, l ->> 1,
       array(select e::bigint from json_array_elements_text(l -> 2) e) from json_array_elements($1::json) l`,
    [JSON.stringify(links.map(([table, record, entries]) => [`public.${table}`, record, entries]))],
  );
}
