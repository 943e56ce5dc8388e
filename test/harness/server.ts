import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded/server.ts';
import { processIdentity } from '../../src/embedded/process-identity.ts';
import { stopLeftover } from '../../src/embedded/postmaster.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { connectionOptions, redactUrl } from '../../src/pg/pool.ts';
import { binariesOf, INSTALLED_MAJOR } from './binaries.ts';
import { TEST_PG_URL, TEST_PG_VERSION } from './environment.ts';

export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_replication_slots: '64',
  max_wal_senders: '64',
  max_slot_wal_keep_size: '2GB',
  max_connections: '200',
  max_prepared_transactions: '20',
  // Servers are killed here, machines are not: what was written survives a kill without it.
  // https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-FSYNC
  fsync: 'off',
  full_page_writes: 'off',
};

const MAJOR = TEST_PG_VERSION ?? INSTALLED_MAJOR;
const IMAGE = `postgres:${MAJOR}`;
const FOLDER_PREFIX = 'rowtrail-test-';
const log = createLog('error');

export interface SharedServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The one server of a test run. In this order:
 * 1. `ROWTRAIL_TEST_PG_URL`: a superuser's URL on a server with wal_level=logical; an error if it is not.
 * 2. An embedded server of the version `ROWTRAIL_TEST_PG_VERSION` (default: that of the installed package).
 * 3. A container (testcontainers) of that version, where a Docker engine answers.
 */
export async function startSharedServer(): Promise<SharedServer> {
  if (TEST_PG_URL !== null) {
    await assertUsable(TEST_PG_URL);
    return { url: TEST_PG_URL, stop: async () => {} };
  }
  await removeLeftovers();
  try {
    return await startServer();
  } catch (embeddedError) {
    try {
      return await startContainer();
    } catch (containerError) {
      throw new Error(
        `no PostgreSQL to test against. Set ROWTRAIL_TEST_PG_URL to a superuser's URL on a server with wal_level=logical.\n` +
          `Embedded: ${messageOf(embeddedError)}\nContainer: ${messageOf(containerError)}`,
        { cause: containerError },
      );
    }
  }
}

export interface TestServer extends SharedServer {
  readonly postgres: EmbeddedPostgres;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A server of the test's own, to be killed, restarted or configured: always embedded, its data removed by `stop`.
 * `major`: of another version than the run's.
 */
export async function startServer(
  settings: Readonly<Record<string, string>> = {},
  major: number = MAJOR,
): Promise<TestServer> {
  const binaries = await binariesOf(major);
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  // mkdtemp's folders are closed to other users; the server's own folder is closed again.
  try {
    await chmod(folder, 0o755);
    const postgres = await startEmbeddedPostgres({
      dataDir: join(folder, 'data'),
      settings: { ...SERVER_SETTINGS, ...settings },
      log,
      ...(binaries === undefined ? {} : { binaries }),
    });
    const stop = async (): Promise<void> => {
      await postgres.stop('immediate');
      await remove();
    };
    return { url: postgres.url, postgres, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Ends servers and removes data that a killed test run left behind. */
export async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const pid = Number.parseInt(name.slice(FOLDER_PREFIX.length), 10);
    if (pid === process.pid || processIdentity(pid) !== null) continue;
    const folder = join(tmpdir(), basename(name));
    await stopLeftover(join(folder, 'data', 'cluster'), createLog('silent'));
    await rm(folder, { recursive: true, force: true });
  }
}

async function startContainer(): Promise<SharedServer> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  await getContainerRuntimeClient();
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const settings = Object.entries(SERVER_SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new PostgreSqlContainer(IMAGE).withCommand(['postgres', ...settings]).start();
  return {
    url: container.getConnectionUri(),
    stop: async () => {
      await container.stop();
    },
  };
}

async function assertUsable(url: string): Promise<void> {
  const client = new pg.Client(connectionOptions(url, 'test harness'));
  const where = `ROWTRAIL_TEST_PG_URL (${redactUrl(url)})`;
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`${where} cannot be reached: ${messageOf(error)}`, { cause: error });
  }
  try {
    const found = await client.query(
      `select current_setting('wal_level') as wal_level, rolsuper from pg_catalog.pg_roles where rolname = current_user`,
    );
    const { wal_level: walLevel, rolsuper } = found.rows[0];
    if (rolsuper !== true) throw new Error(`${where} is not a superuser's URL: the tests create databases and roles`);
    if (walLevel !== 'logical') throw new Error(`${where} has wal_level=${walLevel}: set it to logical and restart it`);
  } finally {
    await client.end();
  }
}
