import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceConfig } from '../../../src/config/config.ts';
import { runChecks } from '../../../src/setup/check.ts';
import { teardown } from '../../../src/setup/teardown.ts';

import { createDatabase, createRole, type TestDatabase, type TestRole } from '../../harness/database.ts';
import { catalogOf, configFor, runSetup, silent } from '../setup-fixture.ts';

const TABLES = 'create table items (id integer primary key, v text)';

let role: TestRole;
beforeAll(async () => {
  role = await createRole();
});
afterAll(async () => {
  await role?.[Symbol.asyncDispose]();
});

async function grants(db: TestDatabase): Promise<string[]> {
  const found = await db.query(
    `select format('%s %s', c.relname, string_agg(a.privilege_type, ' ' order by a.privilege_type)) as line
     from pg_class c cross join lateral aclexplode(c.relacl) a where a.grantee = $1::regrole group by c.relname order by 1`,
    [role.name],
  );
  return found.rows.map(({ line }) => line as string);
}

const RECORDS = ['revert_links INSERT SELECT', 'reverts SELECT'];

describe.each(['wal', 'trigger'] as const)('setup with capture: %s', (capture) => {
  test('gives the revert role its records and nothing else, takes them back, and leaves nothing', async () => {
    await using db = await createDatabase();
    await db.query(TABLES);
    const before = await catalogOf(db);
    const revert = { url: role.url(db) };
    const { printed } = await runSetup(configFor(db, { capture, revert }), { dryRun: true });
    expect(printed.join('\n')).toContain(`grant select, insert on rowtrail.revert_links to "${role.name}"`);
    expect(await catalogOf(db)).toEqual(before);
    await runSetup(configFor(db, { capture, revert }));
    expect(await grants(db)).toEqual(RECORDS);
    await runSetup(configFor(db, { capture }));
    expect(await grants(db)).toEqual([]);
    await runSetup(configFor(db, { capture, revert }));
    const log = silent;
    await teardown(configFor(db, { capture, revert }), { dropHistory: true, print: () => {}, log });
    expect(await catalogOf(db)).toEqual(before);
  });

  test('brings version 4 up', async () => {
    await using db = await createDatabase();
    await db.query(TABLES);
    const config = configFor(db, { capture, revert: { url: role.url(db) } });
    await runSetup(configFor(db, { capture }));
    // Triggers of foreign keys are named by their number.
    const look = async (): Promise<string> => (await catalogOf(db)).replaceAll(/(RI_ConstraintTrigger_\w_)\d+/g, '$1');
    const fresh = await look();
    await db.query(`drop table rowtrail.revert_links, rowtrail.reverts;
      drop function rowtrail.send_revert_links(), rowtrail.prune_reverts(); update rowtrail.install set version = '4'`);
    expect(await faults(config)).toContainEqual(
      expect.objectContaining({
        name: 'install',
        message: expect.stringContaining('version 4'),
        fix: 'Run `rowtrail setup`.',
      }),
    );
    expect(await faults(config)).toContainEqual(
      expect.objectContaining({ name: 'revert-record', message: expect.stringContaining('not installed') }),
    );
    await runSetup(configFor(db, { capture }));
    expect(await look()).toEqual(fresh);
  });
});

async function faults(config: ReturnType<typeof configFor>) {
  return (await runChecks(config)).filter(({ status, name }) => status !== 'ok' && name !== 'wal-bound');
}

describe('a revert role that', () => {
  async function installed(
    overrides: Partial<SourceConfig> = {},
    sql = TABLES,
  ): Promise<{ db: TestDatabase; config: ReturnType<typeof configFor> }> {
    const db = await createDatabase();
    await db.query(sql);
    const config = configFor(db, { revert: { url: role.url(db) }, ...overrides });
    await runSetup(config);
    return { db, config };
  }

  async function revertFaults(config: ReturnType<typeof configFor>): Promise<string[]> {
    return (await faults(config))
      .filter(({ name }) => name.startsWith('revert-'))
      .map(({ name, fix }) => `${name}: ${fix}`);
  }

  test('lacks rights is told the very grants, and has none to complain of after them', async () => {
    const { db, config } = await installed(
      {},
      `${TABLES}; create schema "my shop"; create table "my shop".t (id integer primary key);
      create table parts (id integer primary key) partition by range (id); create table parts_1 partition of parts for values from (1) to (9)`,
    );
    await using database = db;
    await db.query(`grant select on items to "${role.name}"`);
    const narrow = { ...config, sources: [{ ...config.sources[0]!, tables: ['public.*', 'my shop.*'] }] };
    await runSetup(narrow);
    const [fault, ...more] = await revertFaults(narrow);
    expect(more).toEqual([]);
    expect(fault).toBe(
      `revert-rights: grant usage on schema "my shop" to "${role.name}"; ` +
        `grant select, insert, update, delete on "my shop"."t" to "${role.name}"; ` +
        `grant insert, update, delete on "public"."items" to "${role.name}"; ` +
        `grant select, insert, update, delete on "public"."parts" to "${role.name}";`,
    );
    await database.query(fault!.slice('revert-rights: '.length));
    expect(await revertFaults(narrow)).toEqual([]);
    await database.query(`drop owned by "${role.name}"`);
    expect((await revertFaults(narrow)).map((line) => line.split(':', 1)[0])).toEqual([
      'revert-record',
      'revert-rights',
    ]);
  });

  test('may do more than it needs is refused, with what to take from it', async () => {
    const { db, config } = await installed();
    await using database = db;
    await db.query(`grant select, insert, update, delete on items to "${role.name}"`);
    expect(await revertFaults(config)).toEqual([]);
    const name = `"${role.name}"`;
    for (const [give, fix, takeBack] of [
      [`alter role ${name} createrole`, `alter role ${name} nocreaterole;`, null],
      [`alter role ${name} replication`, `alter role ${name} noreplication;`, null],
      [`alter role ${name} bypassrls`, `alter role ${name} nobypassrls;`, null],
      [`grant pg_write_all_data to ${name}`, `revoke "pg_write_all_data" from ${name};`, null],
      [`grant pg_execute_server_program to ${name}`, `revoke "pg_execute_server_program" from ${name};`, null],
      [`grant rowtrail_owner to ${name}`, `revoke "rowtrail_owner" from ${name};`, null],
      [`alter role ${name} superuser`, 'README, "Reverts"', `alter role ${name} nosuperuser`],
      [
        `alter table items owner to ${name}`,
        'README, "Reverts"',
        `alter table items owner to current_user; grant select, insert, update, delete on items to ${name}`,
      ],
      [
        `grant select on rowtrail.install to ${name}`,
        'README, "Reverts"',
        `revoke all on rowtrail.install from ${name}`,
      ],
      [
        `grant usage on schema audit to ${name}; grant insert on audit.entries to ${name}`,
        'README, "Reverts"',
        `revoke all on audit.entries from ${name}; revoke all on schema audit from ${name}`,
      ],
    ] as const) {
      await database.query(give);
      const found = await revertFaults(config);
      await database.query(takeBack ?? fix);
      expect(found.join('\n'), give).toContain(fix);
      expect(await revertFaults(config), `after ${give}`).toEqual([]);
    }
  });

  test('row-level security hides rows from needs BYPASSRLS', async () => {
    const { db, config } = await installed({}, `${TABLES}; alter table items enable row level security`);
    await using database = db;
    await db.query(`grant select, insert, update, delete on items to "${role.name}"`);
    expect(await revertFaults(config)).toEqual([`revert-row-security: alter role "${role.name}" bypassrls;`]);
    await database.query(`alter role "${role.name}" bypassrls`);
    try {
      expect(await revertFaults(config)).toEqual([]);
    } finally {
      await database.query(`alter role "${role.name}" nobypassrls`);
    }
  });

  test('is of another database, or cannot log in, is refused', async () => {
    const { db, config } = await installed();
    await using database = db;
    await using other = await createDatabase();
    const elsewhere = configFor(database, { revert: { url: role.url(other) } });
    await expect(runSetup(elsewhere)).rejects.toThrow(/points to another database/);
    expect((await revertFaults(elsewhere)).join()).toMatch(/^revert-connection: Give both the same host/);
    const wrong = new URL(role.url(db));
    wrong.password = 'wrong';
    const shut = configFor(database, { revert: { url: wrong.toString() } });
    expect((await revertFaults(shut)).join()).toMatch(/^revert-connection: /);
    expect(config.sources[0]!.revert).not.toBeNull();
  });
});
