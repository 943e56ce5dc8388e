import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemon, type Daemon } from '../../src/daemon/daemon.ts';
import type { Status } from '../../src/query/status.ts';
import { createDatabase, createRole, type TestDatabase, type TestRole } from '../harness/database.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { until } from '../harness/poll.ts';
import { programFor } from '../harness/program.ts';
import { parseScript } from '../harness/statement-script.ts';
import { Transcriber } from '../harness/transcript.ts';
import { configFor, silent } from './setup-fixture.ts';

/** In this order, in one pair of databases: the last drops what the others use. */
const SCRIPTS = ['dml', 'transactions', 'objects', 'sessions', 'ddl'];
const ROLES = ['owner', 'app', 'switcher', 'tricky', 'stranger'] as const;

const read = (name: string): Promise<string> => readFile(new URL(`harmless/${name}.sql`, import.meta.url), 'utf8');
const scenarios = (await Promise.all(SCRIPTS.map(read))).flatMap(parseScript);

describe.each(['wal', 'trigger'] as const)(
  'an application’s statements give the same results and errors with capture: %s as without',
  (capture) => {
    const roles = new Map<string, TestRole>();
    let plain: TestDatabase;
    let tracked: TestDatabase;
    let daemon: Daemon;
    let major: number;

    const withRoles = (sql: string): string =>
      sql.replaceAll(/\{(\w+)\}/g, (_, name: string) => roles.get(name)?.name ?? `{${name}}`);
    const urlOf = (db: TestDatabase) => (session: string) =>
      roles.get(session.replace(/\d+$/, ''))?.url(db) ?? (session === 'admin' ? db.url : roles.get('app')!.url(db));

    beforeAll(async () => {
      for (const name of ROLES) roles.set(name, await createRole());
      plain = await createDatabase();
      tracked = await createDatabase();
      major = Math.floor(Number((await plain.query('show server_version_num')).rows[0].server_version_num) / 10_000);
      const schema = withRoles(await read('schema'));
      for (const db of [plain, tracked]) {
        await db.query(withRoles(GRANTS_BEFORE.replaceAll('{database}', db.name)));
        const owner = await db.connect({ url: roles.get('owner')!.url(db) });
        await owner.query(schema);
        await owner.query(withRoles(GRANTS_AFTER));
      }
      const config = configFor(tracked, { capture, allowUnboundedWal: true });
      await using program = await programFor(config);
      const done = await program.run('setup');
      if (done.code !== 0) throw new Error(done.stderr);
      daemon = await startDaemon(config, { log: silent });
      void daemon.run();
    });
    afterAll(async () => {
      await daemon?.stop();
      await plain?.[Symbol.asyncDispose]();
      await tracked?.[Symbol.asyncDispose]();
      for (const role of roles.values()) await role[Symbol.asyncDispose]();
    });

    test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario) => {
      const { statements, errors, minMajor } = scenario;
      const given = statements.map((statement) => ({ ...statement, sql: withRoles(statement.sql) }));
      await using without = new Transcriber(urlOf(plain));
      await using within = new Transcriber(urlOf(tracked));
      const expected = await without.run(given);
      const heard = await within.run(given);
      expect(heard).toEqual(expected);
      const raised = new Set(expected.flatMap(({ error }) => (error === undefined ? [] : [String(error['code'])])));
      if (major >= minMajor) expect([...raised].toSorted()).toEqual(errors);
      else expect([...raised], `PostgreSQL ${major} does not know these statements`).toEqual(['42601']);
    });

    test('and Rowtrail’s own functions work under a search path that shadows pg_catalog', async () => {
      const client = await tracked.connect({ url: roles.get('tricky')!.url(tracked) });
      await client.query(`select rowtrail.set_context('{"user_id": "7", "other": true}', false)`);
      await client.query(`select rowtrail.log('login', 'under tricky', table_name => 'public.counters'::regclass)`);
      await client.query(`insert into public.keyless values (-2, 'under tricky')`);
      const { rows } = await tracked.query(
        `select count(*)::int as known from rowtrail.sessions where "session_user" = $1`,
        [roles.get('tricky')!.name],
      );
      expect(rows).toEqual([{ known: 2 }]);
    });

    test('and all of it was captured, without a retry', async () => {
      await tracked.query(`insert into keyless values (-1, 'the last of all')`);
      await until(
        async () =>
          (await tracked.query(`select from audit.entries where row::text like '%"the last of all"%'`)).rowCount === 1,
        { timeoutMs: 60_000 },
      );
      const response = await fetch(`${daemon.url}/api/v1/status`);
      const { data } = (await response.json()) as { data: Status };
      expect(data.sources.map(({ live }) => [live?.state, live?.counters?.retries])).toEqual([['streaming', 0]]);
      await assertStoreInvariants(tracked);
    });
  },
);

const GRANTS_BEFORE = `
  alter role {tricky} set search_path = tricky, pg_catalog, public;
  alter role {switcher} noinherit;
  grant {app} to {switcher};
  grant create on database {database} to {owner};
  grant all on schema public to {owner} with grant option`;
const GRANTS_AFTER = `
  grant usage on schema public, tricky to public;
  grant create on schema public to {app};
  grant select, insert, update, delete on all tables in schema public to {app}, {tricky};
  revoke delete on ruled_log from {app};
  grant usage on all sequences in schema public to {app}, {tricky};
  grant all on tricky.people to {tricky}`;
