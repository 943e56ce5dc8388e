import type { ChildProcess } from 'node:child_process';
import pg from 'pg';
import type { Config, ContextMapping, SealConfig, SourceConfig, TableOptions } from '../../src/config/config.ts';
import { startDaemon, type Daemon, type DaemonOptions } from '../../src/daemon/daemon.ts';
import { createLog } from '../../src/lib/log.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../src/pg/identifier.ts';
import { migrate, storeMigrations } from '../../src/pg/migrate.ts';
import { connectionOptions } from '../../src/pg/pool.ts';
import { setup } from '../../src/setup/install.ts';
import { renderSourceSql } from '../../src/setup/source-sql.ts';
import type { TestDatabase } from './database.ts';
import { until } from './poll.ts';
import { programFor } from './program.ts';
import { httpConfig } from './http-config.ts';

export interface CaptureOptions {
  /** Unqualified names of tables (or partitioned roots) in `public` that exist already. */
  readonly tables: readonly string[];
  /** Tables whose identity stays what it is. */
  readonly keepIdentity?: readonly string[];
  readonly context?: Readonly<Record<string, ContextMapping>>;
  readonly tableOptions?: Readonly<Record<string, TableOptions>>;
  readonly hashKey?: string;
  readonly baseline?: boolean;
  /** Default: wal. With trigger, the product's own setup makes the source and the store ready. */
  readonly capture?: SourceConfig['capture'];
  /** Default: the source's own database. */
  readonly store?: TestDatabase;
  /** Default: the history is not sealed. */
  readonly seal?: SealConfig;
  /** A second source of the same store, named `depot`, with tables of the same names. */
  readonly second?: TestDatabase;
}

export interface StoredEntry {
  readonly id: string;
  readonly transaction_id: string;
  readonly context_id: string;
  readonly ordinal: string;
  readonly source: string | null;
  readonly table_name: string | null;
  readonly action: string;
  readonly record_key: string | null;
  readonly changed: string[] | null;
  readonly unknown: string[] | null;
  readonly row: string | null;
  readonly old: string | null;
  readonly data: string | null;
  readonly occurred_at: string;
  readonly xid: string;
  readonly commit_lsn: string;
  readonly attribution: string;
  readonly actor: string;
  readonly user_name: string | null;
  readonly context: string | null;
  readonly comment: string | null;
}

/** A source made ready the way `setup` does it, and its store. */
export interface Capture {
  readonly config: Config;
  readonly source: SourceConfig;
  readonly database: TestDatabase;
  readonly store: TestDatabase;
  /** Entries in the order of their ids, less those of schema changes. */
  entries(where?: string): Promise<StoredEntry[]>;
  /** Resolves when everything committed before the call is stored. */
  caughtUp(options?: { timeoutMs?: number }): Promise<void>;
  start(options?: StartOptions): Promise<RunningDaemon>;
  spawn(options?: SpawnOptions): Promise<DaemonProcess>;
}

export type StartOptions = Pick<DaemonOptions, 'intervals' | 'delays' | 'backlogIntervalMs' | 'lockWatch'> & {
  /** Instead of the source's own: as a role of fewer rights, or through a proxy. */
  readonly url?: string;
};

/** A daemon that is elsewhere: what it runs behind, and how it gets at the databases from there. */
export interface SpawnOptions {
  readonly command: readonly string[];
  readonly sourceUrl: string;
  readonly storeUrl: string;
}

export interface RunningDaemon extends AsyncDisposable {
  readonly daemon: Daemon;
  readonly url: string;
  /** Settles as the daemon's `run` does. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  status(): Promise<Record<string, unknown>>;
}

export interface DaemonProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly stderr: () => string;
  /** Resolves when capture streams. */
  readonly streaming: Promise<void>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

/** The table that `caughtUp` writes to. */
export const MARKER_TABLE = 'capture_marker';

/** Installs Rowtrail's side of the source and the store in `database`. */
export async function prepareCapture(database: TestDatabase, options: CaptureOptions): Promise<Capture> {
  const store = options.store ?? database;
  const config = configOf(database, store, options);
  const source = config.sources[0]!;
  if (options.capture === 'trigger') {
    await database.query(`create table ${MARKER_TABLE} (id bigint generated always as identity primary key)`);
    await setup(config, { dryRun: false, print: () => {}, log: createLog('silent') });
  } else {
    await migrateStore(store, config);
  }
  for (const [i, each] of [database, options.second].entries()) {
    if (each === undefined || options.capture === 'trigger') continue;
    await each.query(`create table ${MARKER_TABLE} (id bigint generated always as identity primary key)`);
    await installSource(each, config.sources[i]!, [...options.tables, MARKER_TABLE], options.keepIdentity ?? []);
    await beginHistory(each, store, config.sources[i]!);
  }
  return {
    config,
    source,
    database,
    store,
    entries: (where) => readEntries(store, where),
    caughtUp: async (waiting) => {
      await caughtUp(database, store, 'shop', waiting);
      if (options.second !== undefined) await caughtUp(options.second, store, 'depot', waiting);
    },
    start: ({ url, ...starting } = {}) =>
      startInProcess(url === undefined ? config : { ...config, sources: [{ ...source, url }] }, starting),
    spawn: (elsewhere) =>
      elsewhere === undefined
        ? spawnDaemon(config)
        : spawnDaemon(
            {
              ...config,
              store: { ...config.store, url: elsewhere.storeUrl },
              sources: [{ ...source, url: elsewhere.sourceUrl }],
            },
            elsewhere.command,
          ),
  };
}

function configOf(database: TestDatabase, store: TestDatabase, options: CaptureOptions): Config {
  return {
    store: { url: store.url, schema: 'audit', partition: 'month', retentionDays: null, archiveDir: null },
    sources: [
      sourceOf('shop', database, options),
      ...(options.second === undefined ? [] : [sourceOf('depot', options.second, options)]),
    ],
    seal: options.seal ?? { enabled: false, intervalMs: 60_000, maxEntries: 50_000, keyFile: null },
    http: httpConfig(),
    log: { level: 'info' },
  };
}

function sourceOf(name: string, database: TestDatabase, options: CaptureOptions): SourceConfig {
  return {
    name,
    url: database.url,
    adminUrl: null,
    capture: options.capture ?? 'wal',
    outbox: { maxBytes: 1024 ** 3 },
    // What a test makes beside these, it publishes itself.
    tables: [...options.tables, MARKER_TABLE].map((table) => `public.${table}`),
    identity: 'full',
    truncate: { capture: true, maxBytes: 64 * 1024 * 1024 },
    ddlText: false,
    tableOptions: options.tableOptions ?? {},
    hashKey: options.hashKey ?? null,
    baseline: options.baseline ?? false,
    slot: database.name,
    publication: `rowtrail_${name}`,
    context: options.context ?? {},
    users: null,
    links: {},
    revert: null,
    allowUnboundedWal: true,
  };
}

async function installSource(
  database: TestDatabase,
  source: SourceConfig,
  tables: readonly string[],
  keepIdentity: readonly string[],
): Promise<void> {
  const facts = await database.query(
    `select current_user as role, current_setting('server_encoding') as encoding, current_setting('server_version_num') as version`,
  );
  const { role, encoding, version } = facts.rows[0];
  // One string is one transaction. Again where another test's database is making the server's one role at this moment.
  const sql = await renderSourceSql({ source, daemonRole: role, revertRole: null, encoding });
  await until(() => database.query(sql.join('\n')).then(() => true), { what: 'the SQL of the source is installed' });
  for (const table of tables) {
    const parts = await database.query(
      // Leaves first, the root last, as setup does it.
      `select c.oid::regclass::text as name, c.relkind as kind, c.relispartition as is_partition from pg_class c
         where c.oid = $1::regclass or c.oid in (select relid from pg_partition_tree($1::regclass)) order by c.relispartition desc`,
      [quoteQualified('public', table)],
    );
    for (const { name, kind, is_partition: isPartition } of parts.rows) {
      await database.query(
        `insert into rowtrail.tables (relid, root, schema_name, table_name, kind, prior_identity, identity_changed)
         select oid, $2::regclass, 'public', relname, relkind, relreplident, $3 and relreplident <> 'f' from pg_class where oid = $1::regclass`,
        [name, quoteQualified('public', table), !keepIdentity.includes(table)],
      );
      if (!keepIdentity.includes(table)) await database.query(`alter table ${name} replica identity full`);
      for (const when of ['before', 'after']) {
        await database.query(
          `create trigger rowtrail_context_${when} ${when} insert or update or delete or truncate on ${name}
             for each statement execute function rowtrail.context_${when === 'before' ? 'trigger' : 'after'}();
           alter table ${name} enable always trigger rowtrail_context_${when}`,
        );
      }
      if (kind === 'p' && isPartition) continue;
      const policy = isPartition || kind === 'r' ? '' : keepIdentity.includes(table) ? "'existing'" : "'full'";
      const trigger = kind === 'r' && !isPartition ? 'rowtrail_truncate_rows' : 'rowtrail_truncate';
      await database.query(
        `create trigger ${trigger} before truncate on ${name} for each statement execute function rowtrail.truncate_trigger(${policy});
         alter table ${name} enable always trigger ${trigger}`,
      );
    }
  }
  const names = tables.map((table) => quoteQualified('public', table)).join(', ');
  // Without it, PostgreSQL 18 refuses the app's update of a table with a stored generated column and identity FULL.
  const generated = Number(version) >= 180_000 ? ', publish_generated_columns = stored' : '';
  await database.query(
    `create publication ${quoteIdentifier(source.publication)} for table ${names}
     with (publish_via_partition_root = true${generated})`,
  );
}

async function migrateStore(store: TestDatabase, config: Config): Promise<void> {
  const client = new pg.Client(connectionOptions(store.url, 'test setup'));
  await client.connect();
  try {
    await migrate(client, config.store.schema, await storeMigrations());
  } finally {
    await client.end();
  }
}

async function beginHistory(database: TestDatabase, store: TestDatabase, source: SourceConfig): Promise<void> {
  const slot = await database.query(
    `select s.lsn, c.system_identifier::text as system, h.timeline_id as timeline
     from pg_create_logical_replication_slot($1, 'pgoutput') s, pg_control_system() c, pg_control_checkpoint() h`,
    [source.slot],
  );
  const { lsn, system, timeline } = slot.rows[0];
  await store.query(
    `with s as (insert into audit.sources (name) values ($1) returning id)
     insert into audit.checkpoints (source_id, epoch, capture, system_identifier, timeline, slot, end_lsn, acknowledged_lsn)
     select id, 1, 'wal', $2, $3, $4, $5::pg_lsn, $5::pg_lsn from s`,
    [source.name, system, timeline, source.slot, lsn],
  );
}

async function readEntries(store: TestDatabase, where = 'true'): Promise<StoredEntry[]> {
  const result = await store.query(
    `select e.id, e.transaction_id, e.context_id, e.ordinal, s.name as source, r.table_name, e.action, e.record_key, audit.changed_columns(e.changed, e.old) as changed, e.unknown,
       e.row::text, e.old::text, e.data::text, e.occurred_at, t.xid, t.commit_lsn, c.attribution, a.claim as actor,
       c.user_name, c.context::text, c.comment
     from audit.entries e
     left join audit.relations r on r.id = e.relation_id
     left join audit.sources s on s.id = r.source_id
     left join audit.transactions t on t.id = e.transaction_id
     left join audit.contexts c on c.id = e.context_id
     left join audit.actors a on a.id = c.actor_id
     where (${where}) and e.action <> 'schema' and r.table_name is distinct from ${quoteLiteral(MARKER_TABLE)} order by e.id`,
  );
  return result.rows;
}

async function caughtUp(
  database: TestDatabase,
  store: TestDatabase,
  source: string,
  options: { timeoutMs?: number } = {},
): Promise<void> {
  const marker = await database.query(`insert into ${MARKER_TABLE} default values returning id`);
  const id = marker.rows[0].id as string;
  await until(
    async () =>
      (
        await store.query(
          `select from audit.entries e join audit.relations r on r.id = e.relation_id
           join audit.sources s on s.id = r.source_id
           where r.table_name = $1 and e.record_key = $2 and s.name = $3`,
          [MARKER_TABLE, id, source],
        )
      ).rowCount === 1,
    { timeoutMs: options.timeoutMs ?? 110_000, what: 'everything committed is stored' },
  );
}

async function startInProcess(
  config: Config,
  options: Pick<DaemonOptions, 'intervals' | 'delays' | 'backlogIntervalMs' | 'lockWatch'>,
): Promise<RunningDaemon> {
  const daemon = await startDaemon(config, { log: createLog('silent'), ...options });
  const ended = daemon.run();
  ended.catch(() => {});
  const stop = (): Promise<void> => daemon.stop();
  return {
    daemon,
    url: daemon.url,
    ended,
    stop,
    status: async () => {
      const response = await fetch(`${daemon.url}/api/v1/status`);
      return ((await response.json()) as { data: Record<string, unknown> }).data;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** The built program as a process of its own. */
async function spawnDaemon(config: Config, command?: readonly string[]): Promise<DaemonProcess> {
  const program = await programFor(config);
  const child = program.spawn(['run'], command);
  let stderr = '';
  child.stderr!.setEncoding('utf8');
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const streaming = new Promise<void>((resolve, reject) => {
    child.stderr!.on('data', (text: string) => {
      stderr += text;
      if (stderr.includes('capture is streaming')) resolve();
    });
    void exited.then(() => reject(new Error(`the daemon ended before it captured: ${stderr}`)));
  });
  streaming.catch(() => {});
  return {
    process: child,
    pid: child.pid!,
    stderr: () => stderr,
    streaming,
    exited,
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
      await program[Symbol.asyncDispose]();
    },
  };
}
