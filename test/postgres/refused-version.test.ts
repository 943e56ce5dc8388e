import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { programFor, type Program } from '../harness/program.ts';
import { startServer, type TestServer } from '../harness/server.ts';
import { catalogOf, configFor } from './setup-fixture.ts';

const OLD_MAJOR = 13;
/** Its server may have to be fetched. */
const FETCH_LIMIT_MS = 600_000;

describe(`PostgreSQL ${OLD_MAJOR}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({}, OLD_MAJOR);
  }, FETCH_LIMIT_MS);
  afterAll(async () => {
    await server.stop();
  });

  describe.each(['as source and store', 'as source', 'as store'] as const)('%s', (part) => {
    let old: TestDatabase;
    let other: TestDatabase;
    let program: Program;
    let before: string[];
    beforeAll(async () => {
      old = await createDatabase(server.url);
      other = await createDatabase();
      for (const db of [old, other]) await db.query('create table orders (id integer primary key)');
      const config = configFor(part === 'as store' ? other : old);
      const store = { ...config.store, url: (part === 'as source' ? other : old).url };
      program = await programFor({ ...config, store, log: { level: 'info' } });
      before = [await catalogOf(old), await catalogOf(other)];
    });
    afterAll(async () => {
      await program[Symbol.asyncDispose]();
      await old[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    });
    const unchanged = async (): Promise<void> => {
      expect([await catalogOf(old), await catalogOf(other)]).toEqual(before);
    };
    const what = part === 'as store' ? 'the store' : 'source shop';
    const refusal = new RegExp(`${what} runs PostgreSQL ${OLD_MAJOR}\\.\\d+`);

    test.each(['setup', 'setup --dry-run', 'run', 'status', 'status --json'])('is refused by %s', async (command) => {
      const { code, stdout, stderr } = await program.run(...command.split(' '));
      expect(stderr).toMatch(/RT_VERSION/);
      expect(stderr).toMatch(part === 'as source and store' ? /runs PostgreSQL 13\.\d+/ : refusal);
      expect(stderr).toContain('Rowtrail needs PostgreSQL 14 or newer.');
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      await unchanged();
    });

    test('is a problem that check finds, once for each part that it plays', async () => {
      const { code, stdout, stderr } = await program.run('check', '--json');
      const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; source: string | null }[] };
      const found = checks.filter((check) => check.name === 'version' && check.status === 'problem');
      expect(found).toEqual(
        [...(part === 'as source' ? [] : [null]), ...(part === 'as store' ? [] : ['shop'])].map((source) => ({
          source,
          name: 'version',
          status: 'problem',
          message: expect.stringMatching(/^PostgreSQL 13\.\d+ is too old$/),
          fix: 'Rowtrail needs PostgreSQL 14 or newer.',
        })),
      );
      expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
      await unchanged();
    });

    test('has nothing for teardown to do', async () => {
      expect((await program.run('teardown', '--yes', '--drop-history')).code).toBe(0);
      await unchanged();
    });
  });
});
