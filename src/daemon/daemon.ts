import type pg from 'pg';
import { hasTokens } from '../access/token.ts';
import type { CaptureIntervals } from '../capture/wal/wal-capture.ts';
import type { Config } from '../config/config.ts';
import { createHttpServer, type HttpServer } from '../http/http-server.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { VERSION } from '../lib/version.ts';
import { assertMigrated, storeMigrations } from '../pg/migrate.ts';
import { createPool, explainDatabaseError } from '../pg/pool.ts';
import { assertServerVersion } from '../pg/server-version.ts';
import { publicKeyOf, readSigningKey } from '../seal/signing-key.ts';
import { forgetEvents } from '../store/journal.ts';
import { ensurePartitions } from '../store/partition.ts';
import { keyMapRunner } from './key-map-runner.ts';
import type { LockWatchIntervals } from './lock-watch.ts';
import { peopleReader } from './people-reader.ts';
import { rollupFolder } from './rollup-folder.ts';
import { sealRunner } from './seal-runner.ts';
import { retentionRunner, type RetentionIntervals } from './retention-runner.ts';
import { QUERY_POOL } from '../query/store-reader.ts';
import type { StoreTask } from './store-task.ts';
import { SourceRunner, type RunnerDelays } from './source-runner.ts';

/** How often partitions are made ahead, and old sessions forgotten. */
const HOUSEKEEPING_INTERVAL_MS = 3_600_000;
const STORE_POOL_SIZE = 4;

export interface DaemonOptions {
  readonly log: Log;
  /** Default: CAPTURE_INTERVALS. */
  readonly intervals?: CaptureIntervals;
  /** Default: RUNNER_DELAYS. */
  readonly delays?: RunnerDelays;
  /** Default: COVERAGE_INTERVAL_MS. */
  readonly coverageIntervalMs?: number;
  /** Default: that of BacklogWatch. */
  readonly backlogIntervalMs?: number;
  /** Default: those of LockWatch. */
  readonly lockWatch?: LockWatchIntervals;
  /** Default: RETENTION_INTERVALS. */
  readonly retention?: RetentionIntervals;
}

export interface Daemon {
  /** Where HTTP is served. */
  readonly url: string;
  /** Resolves when stopped; rejects when a source can't be captured any more and none is left. */
  run(): Promise<void>;
  /** Drains and ends everything. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts capture of every source and the HTTP server. Rejects, with nothing left running, if the store or a
 * source is not ready for it: the error says what to do.
 */
export async function startDaemon(config: Config, options: DaemonOptions): Promise<Daemon> {
  const { log, intervals, delays, coverageIntervalMs, backlogIntervalMs, lockWatch } = options;
  const storePool = createPool(config.store.url, 'daemon', { max: STORE_POOL_SIZE });
  const queryPool = createPool(config.store.url, 'http', QUERY_POOL);
  const runners = config.sources.map(
    (source) =>
      new SourceRunner({
        source,
        store: config.store,
        storePool,
        log,
        intervals,
        delays,
        coverageIntervalMs,
        backlogIntervalMs,
        lockWatch,
      }),
  );
  const store = { pool: storePool, schema: config.store.schema };
  const services = [
    rollupFolder(store.pool, store.schema, log),
    ...config.sources.filter(({ users }) => users !== null).map((source) => peopleReader(source, store, log)),
  ];
  const retention = retentionOf(config, storePool, options);
  const keyMaps = keyMapRunner({ store: config.store, storePool, log });
  let seals: StoreTask | null = null;
  let http: HttpServer | null = null;
  let timer: NodeJS.Timeout | undefined;
  const stop = once(async () => {
    clearInterval(timer);
    await Promise.all([retention?.stop(), keyMaps.stop(), seals?.stop(), ...runners.map((runner) => runner.stop())]);
    await Promise.all(services.map((service) => service.stop()));
    await http?.close();
    await Promise.all([storePool.end(), queryPool.end()]);
  });
  try {
    const key = config.seal.keyFile === null ? null : await readSigningKey(config.seal.keyFile);
    await assertServerVersion(storePool, 'the store', config.store.url);
    await Promise.all(runners.map((runner) => runner.assertVersion()));
    await assertStore(storePool, config);
    http = await createHttpServer({
      store: { pool: queryPool, schema: config.store.schema },
      http: config.http,
      live: () => runners.map((runner) => runner.live()),
      links: new Map(config.sources.map(({ name, links }) => [name, links])),
      reverts: config.sources.map(({ name, revert }) => ({ name, url: revert?.url ?? null })),
      sealKeys: key === null ? [] : [publicKeyOf(key)],
      log,
      version: VERSION,
    });
    const url = await http.listen();
    if (config.http.auth.mode === 'token' && !(await hasTokens({ pool: queryPool, schema: config.store.schema }))) {
      log.warn('nobody can sign in: there is no token that is good; `rowtrail token create` makes one');
    }
    const running = runners.map((runner) => runner.run());
    for (const run of running) run.catch(() => {});
    await Promise.all(runners.map((runner) => runner.started()));
    for (const service of services) void service.run();
    timer = setInterval(() => {
      void makePartitionsAhead(storePool, config, log);
      void forgetOldEvents(storePool, config, log);
      for (const runner of runners) void runner.prune();
    }, HOUSEKEEPING_INTERVAL_MS);
    timer.unref();
    void retention?.run();
    void keyMaps.run();
    if (config.seal.enabled) {
      seals = sealRunner({ store: config.store, seal: config.seal, key, storePool, log });
      void seals.run();
    }
    return { url, stop, run: () => settled(running) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A source that stopped for good leaves the others running; when none is left, the daemon has failed. */
async function settled(running: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(running);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function assertStore(pool: pg.Pool, config: Config): Promise<void> {
  try {
    await assertMigrated(pool, config.store.schema, await storeMigrations());
  } catch (error) {
    throw explainDatabaseError(error, 'store', config.store.url);
  }
}

async function makePartitionsAhead(pool: pg.Pool, config: Config, log: Log): Promise<void> {
  try {
    await ensurePartitions(pool, config.store.schema, config.store.partition);
  } catch (error) {
    log.error({ code: 'RT_STORE_WRITE' }, `cannot make partitions ahead, trying again in an hour: ${messageOf(error)}`);
  }
}

async function forgetOldEvents(pool: pg.Pool, config: Config, log: Log): Promise<void> {
  try {
    await forgetEvents(pool, config.store.schema);
  } catch (error) {
    log.error({ code: 'RT_STORE_WRITE' }, `cannot forget old events, trying again in an hour: ${messageOf(error)}`);
  }
}

/** Null: everything is kept. */
function retentionOf(config: Config, storePool: pg.Pool, { log, retention }: DaemonOptions): StoreTask | null {
  const { retentionDays } = config.store;
  if (retentionDays === null) return null;
  return retentionRunner({
    store: { ...config.store, retentionDays },
    storePool,
    log,
    ...(retention === undefined ? {} : { intervals: retention }),
  });
}

function once<T>(action: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => (result ??= action());
}
