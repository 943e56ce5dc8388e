import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { stopLeftover } from '../embedded/postmaster.ts';
import { processIdentity } from '../embedded/process-identity.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../embedded/server.ts';
import type { Log } from '../lib/log.ts';
import { connectionOptions } from '../pg/pool.ts';

/** Whatever bears on the figures; printed with them. */
export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  // Checkpoints come when the bench asks for them: between the runs.
  max_wal_size: '64GB',
  checkpoint_timeout: '1d',
  max_slot_wal_keep_size: '-1',
  logical_decoding_work_mem: '64MB',
  max_replication_slots: '10',
  max_wal_senders: '10',
};

const READ_BUFFER_MEGABYTES = Math.floor(totalmem() / 4 / 1024 ** 2);
export const READ_BUFFER_BYTES = READ_BUFFER_MEGABYTES * 1024 ** 2;

/**
 * Of a store that is only read: it is built without WAL, in the transactions that make its tables. Buffers are those that the
 * manual gives a server of its own. https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-SHARED-BUFFERS
 */
export const READ_SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'minimal',
  max_wal_senders: '0',
  fsync: 'on',
  shared_buffers: `${READ_BUFFER_MEGABYTES}MB`,
  huge_pages: 'try',
  max_wal_size: '64GB',
  checkpoint_timeout: '1d',
  max_connections: '40',
};

const FOLDER_PREFIX = 'rowtrail-bench-';

/** How to reach one database: by URL for Rowtrail, by parameters for libpq's programs. */
export interface DatabaseAddress {
  readonly url: string;
  readonly conninfo: string;
  readonly password: string;
}

export interface BenchServer {
  readonly version: string;
  readonly overSocket: boolean;
  address(database: string): DatabaseAddress;
  /** Ends the server, and removes its data unless they are to be kept. Safe to call twice. */
  stop(): Promise<void>;
}

export interface BenchServerOptions {
  /** Where the data is, and stays; null: in a temporary folder. */
  readonly keep: string | null;
  readonly settings: Readonly<Record<string, string>>;
}

/** A PostgreSQL server for one benchmark. */
export async function startBenchServer(log: Log, options: BenchServerOptions): Promise<BenchServer> {
  if (options.keep !== null) return startKeptServer(log, options.keep, options.settings);
  await removeLeftovers(log);
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    // mkdtemp's folders are closed to other users; the server's own folder inside is closed again.
    await chmod(folder, 0o755);
    const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), settings: options.settings, log });
    return {
      version: postgres.version,
      overSocket: postgres.socketDir !== null,
      address: (database) => addressOf(postgres, database),
      stop: async () => {
        await postgres.stop('immediate');
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** What has been built there is for the next run, too. */
async function startKeptServer(
  log: Log,
  dataDir: string,
  settings: Readonly<Record<string, string>>,
): Promise<BenchServer> {
  const postgres = await startEmbeddedPostgres({ dataDir, settings, log });
  return {
    version: postgres.version,
    overSocket: postgres.socketDir !== null,
    address: (database) => addressOf(postgres, database),
    stop: () => postgres.stop('fast'),
  };
}

/** A connected client of the benchmark's own; errors while it is idle are left to its next query. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(connectionOptions(url, 'bench'));
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** By the socket where there is one: TCP costs the walsender a microsecond a change. ANCHORS §3 */
function addressOf(postgres: EmbeddedPostgres, database: string): DatabaseAddress {
  const url = new URL(postgres.url);
  url.pathname = `/${database}`;
  const password = decodeURIComponent(url.password);
  const host = postgres.socketDir ?? url.hostname;
  if (postgres.socketDir !== null) url.searchParams.set('host', postgres.socketDir);
  return {
    url: url.toString(),
    conninfo: `host=${quoted(host)} port=${postgres.port} user=${quoted(postgres.adminUser)} dbname=${quoted(database)}`,
    password,
  };
}

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Ends the server and removes the data of a benchmark that was killed. */
async function removeLeftovers(log: Log): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const pid = Number.parseInt(name.slice(FOLDER_PREFIX.length), 10);
    if (processIdentity(pid) !== null) continue;
    const folder = join(tmpdir(), name);
    await stopLeftover(join(folder, 'data', 'cluster'), log);
    await rm(folder, { recursive: true, force: true });
  }
}
