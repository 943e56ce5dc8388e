import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../src/embedded/free-port.ts';
import { until } from './poll.ts';
import pg from 'pg';

const run = promisify(execFile);
/** Debian puts it where only administrators look. */
const PROGRAMS = ['pgbouncer', '/usr/sbin/pgbouncer'];
/** PgBouncer refuses to run as root. */
const NOBODY = 65_534;

export interface Pooler extends AsyncDisposable {
  /** `url` through the pooler. */
  url(url: string): string;
}

/** Null: it is not installed. */
export async function findPgbouncer(): Promise<string | null> {
  for (const program of PROGRAMS) {
    const works = await run(program, ['--version']).then(
      () => true,
      () => false,
    );
    if (works) return program;
  }
  return null;
}

/** PgBouncer in transaction mode before the server of `url`, with one server connection for each role. */
export async function startPgbouncer(
  program: string,
  url: string,
  roles: readonly { name: string; password: string }[],
): Promise<Pooler> {
  const server = new URL(url);
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-pgbouncer-'));
  const port = await freePort();
  const users = join(folder, 'users.txt');
  const settings = join(folder, 'pgbouncer.ini');
  await writeFile(users, roles.map(({ name, password }) => `"${name}" "${password}"\n`).join(''));
  await writeFile(
    settings,
    `[databases]
* = host=${server.hostname} port=${server.port === '' ? '5432' : server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = transaction
default_pool_size = 1
ignore_startup_parameters = extra_float_digits,options
`,
  );
  for (const path of [folder, users, settings]) await chmod(path, 0o755);
  const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const child = spawn(program, [settings], { stdio: ['ignore', 'ignore', 'pipe'], ...asNobody });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const through = (target: string): string => {
    const pooled = new URL(target);
    pooled.hostname = '127.0.0.1';
    pooled.port = String(port);
    return pooled.toString();
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error(said);
        const client = new pg.Client(through(url).replace(/\/[^/]*$/, '/pgbouncer'));
        client.on('error', () => {});
        // The console refuses whoever is no administrator of it: then it is there.
        const answer = await client.connect().then(
          () => 'connected',
          (error: { code?: string }) => error.code ?? '',
        );
        await client.end().catch(() => {});
        return answer !== 'ECONNREFUSED';
      },
      { what: 'pgbouncer listens' },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: through, [Symbol.asyncDispose]: stop };
}
