import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import { codeOf } from '../../src/lib/errors.ts';
import { renderSourceSql } from '../../src/setup/source-sql.ts';
import { teardown } from '../../src/setup/teardown.ts';
import { snapshotCatalog } from '../harness/catalog.ts';
import { createDatabase, createRole, type TestDatabase, type TestRole } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { programFor, type Program } from '../harness/program.ts';
import { startServer, type TestServer } from '../harness/server.ts';
import { configFor, runSetup, silent } from './setup-fixture.ts';

/** What an application may have that setup and teardown come near to. `{owner}`, `{app}`: roles. */
const MORE = `
  alter default privileges for role {owner} grant select on tables to {app};
  alter default privileges grant execute on functions to {app};
  comment on table people is 'whom we know';
  comment on column people.age is 'in years';
  create publication theirs for table people, counters with (publish = 'insert');
  alter table keyless replica identity nothing;
  create unique index orders_whole on orders (id);
  alter table orders replica identity using index orders_whole;
  alter table counters replica identity full;
  alter table people set (fillfactor = 80);
  grant update (name) on people to {app};
  create function on_ddl() returns event_trigger language plpgsql as 'begin end';
  create event trigger theirs on ddl_command_end execute function on_ddl();
  create trigger rowtrail_like before insert on counters for each statement execute function suppress_redundant_updates_trigger();
  drop trigger rowtrail_like on counters`;

describe('teardown --drop-history leaves every catalog as it was', () => {
  let server: TestServer;
  let owner: TestRole;
  let app: TestRole;
  let version: number;
  beforeAll(async () => {
    server = await startServer();
    owner = await createRole('', server.url);
    app = await createRole('', server.url);
  });
  afterAll(async () => {
    await server.stop();
  });

  interface Application extends AsyncDisposable {
    readonly db: TestDatabase;
    readonly config: Config;
    readonly program: Program;
    readonly before: string[];
    teardown(): Promise<void>;
    /** Nothing is different from `before`. */
    unchanged(): Promise<void>;
  }

  async function withApplication(): Promise<Application> {
    const db = await createDatabase(server.url);
    version = Number((await db.query('show server_version_num')).rows[0].server_version_num);
    const fill = (sql: string): string => sql.replaceAll('{owner}', owner.name).replaceAll('{app}', app.name);
    const schema = await readFile(new URL('harmless/schema.sql', import.meta.url), 'utf8');
    await db.query(fill(schema));
    await db.query(fill(MORE));
    const config = { ...configFor(db, { allowUnboundedWal: true }), log: { level: 'info' as const } };
    const program = await programFor(config);
    const before = await snapshotCatalog(db);
    const dumped = await dump(db.url, version);
    return {
      db,
      config,
      program,
      before,
      async teardown() {
        expect(await program.run('teardown', '--yes', '--drop-history')).toMatchObject({ code: 0, stderr: '' });
      },
      async unchanged() {
        expect(await snapshotCatalog(db)).toEqual(before);
        expect(await dump(db.url, version)).toBe(dumped);
      },
      async [Symbol.asyncDispose]() {
        await program[Symbol.asyncDispose]();
        await db[Symbol.asyncDispose]();
      },
    };
  }

  test('after setup and a day’s work', async () => {
    await using application = await withApplication();
    const { db, config, program, before } = application;
    expect((await program.run('setup')).code).toBe(0);
    const installed = await snapshotCatalog(db);
    expect(difference(installed, before).map((line) => line.split(' | ')[0])).toEqual(
      expect.arrayContaining(['schema', 'relation', 'function', 'trigger', 'publication', 'role', 'slot']),
    );
    const daemon = await startDaemon(config, { log: silent });
    void daemon.run();
    await db.query(`set rowtrail.user_id = '7'; insert into people (id, name) values (9, 'Zoe'); update regions set v = 1;
      truncate readings; select rowtrail.log('login'); delete from keyless`);
    await until(async () => (await db.query(`select from audit.entries where action = 'login'`)).rowCount === 1);
    await daemon.stop();
    await application.teardown();
    await application.unchanged();
  });

  test('after a setup that was run twice, and a teardown too', async () => {
    await using application = await withApplication();
    for (const command of ['setup', 'setup']) expect((await application.program.run(command)).code).toBe(0);
    await application.teardown();
    await application.teardown();
    await application.unchanged();
  });

  test('after a setup that met another database’s, which was making the same role', async () => {
    await using db = await createDatabase(server.url);
    await db.query('create table plain (id integer primary key)');
    const before = await snapshotCatalog(db);
    const other = await db.connect();
    await other.query('begin; create role rowtrail_owner nologin');
    const config = configFor(db, { allowUnboundedWal: true });
    const setUp = runSetup(config);
    await until(async () => (await waiting(db, 'transactionid')) > 0, { what: 'setup waits for the role' });
    await other.query('commit');
    await setUp;
    await teardown(config, { dropHistory: true, print: () => {}, log: silent });
    expect(await snapshotCatalog(db)).toEqual(before);
  });

  test('after a setup during which another database’s teardown would have taken the role away', async () => {
    await using db = await createDatabase(server.url);
    await db.query('create table plain (id integer primary key)');
    await using elsewhere = await createDatabase(server.url);
    const before = await snapshotCatalog(db);
    const config = configFor(db, { allowUnboundedWal: true });
    const daemonRole = (await db.query('select current_user as name')).rows[0].name as string;
    const source = config.sources[0]!;
    const [first] = await renderSourceSql({ source, daemonRole, revertRole: null, encoding: 'UTF8' });
    const [settingUp, tearingDown] = [await db.connect(), await elsewhere.connect()];
    await tearingDown.query("create role rowtrail_owner nologin; set lock_timeout = '100ms'");
    await settingUp.query(`begin; ${first}`);
    await tearingDown.query('drop role rowtrail_owner').then(
      () => expect.unreachable('the role is in use'),
      (error: unknown) => expect(codeOf(error)).toBe('55P03'),
    );
    await settingUp.query('commit');
    await runSetup(config);
    const { rows } = await db.query("select proowner::regrole::text as owner from pg_proc where proname = 'hello'");
    expect(rows).toEqual([{ owner: 'rowtrail_owner' }]);
    await teardown(config, { dropHistory: true, print: () => {}, log: silent });
    expect(await snapshotCatalog(db)).toEqual(before);
  });

  test('after a setup that could not have its last lock: it puts everything back by itself', async () => {
    await using application = await withApplication();
    const { db, program } = application;
    const holder = await db.connect();
    await holder.query('begin; lock table wide in access share mode');
    const failed = await program.run('setup');
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('RT_LOCK_TIMEOUT') });
    await holder.query('rollback');
    await application.unchanged();
    await application.teardown();
    await application.unchanged();
  });

  test.each([
    ['waits for the lock of a table', 'lock table wide in access share mode', 'relation'],
    ['waits for its slot', 'create temporary table writing (id integer)', 'transactionid'],
  ])('after a setup that was killed (-9) while it %s', async (_when, hold, waitsFor) => {
    await using application = await withApplication();
    const { db, program, before } = application;
    const holder = await db.connect();
    await holder.query(`begin; ${hold}`);
    const setup = program.spawn(['setup']);
    const ended = new Promise((resolve) => {
      setup.once('exit', resolve);
    });
    await until(async () => (await waiting(db, waitsFor)) > 0, { timeoutMs: 60_000, what: 'setup waits' });
    setup.kill('SIGKILL');
    await ended;
    // While PostgreSQL still makes the dead program's slot, teardown must not take it for absent.
    if (waitsFor === 'transactionid') {
      const early = await program.run('teardown', '--yes', '--drop-history');
      expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('RT_SLOT_BUSY') });
    }
    await holder.query('rollback');
    await until(
      async () =>
        (
          await db.query(
            `select from pg_stat_activity where application_name like 'rowtrail setup%' and datname = current_database()`,
          )
        ).rowCount === 0,
      { what: 'the backends of the dead program are gone' },
    );
    expect(await snapshotCatalog(db)).not.toEqual(before);
    await application.teardown();
    await application.unchanged();
  });
});

/** How many of setup's backends wait for a lock of that type. */
async function waiting(db: TestDatabase, lockType: string): Promise<number> {
  const { rows } = await db.query(
    `select count(*)::int as waiting from pg_locks join pg_stat_activity using (pid)
     where not granted and locktype = $1 and application_name like 'rowtrail setup%' and datname = current_database()`,
    [lockType],
  );
  return rows[0].waiting;
}

function difference(lines: readonly string[], before: readonly string[]): string[] {
  const known = new Set(before);
  return lines.filter((line) => !known.has(line));
}

/** What pg_dump and pg_dumpall say of schema and roles; null where they are not there or older than the server. */
async function dump(url: string, version: number): Promise<string | null> {
  const run = promisify(execFile);
  try {
    const { stdout } = await run('pg_dump', ['--version']);
    if (Number(/\d+/.exec(stdout)?.[0]) < Math.floor(version / 10_000)) return null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  const schema = await run('pg_dump', ['--schema-only', '-d', url], { maxBuffer: 1e8 });
  const roles = await run('pg_dumpall', ['--globals-only', '--no-role-passwords', '-d', url], { maxBuffer: 1e8 });
  // Newer releases set a random key around their dumps.
  return (schema.stdout + roles.stdout).replaceAll(/^\\(un)?restrict .*$/gm, '');
}
