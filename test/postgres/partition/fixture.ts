import type { Config, SourceConfig } from '../../../src/config/config.ts';
import { startDaemon } from '../../../src/daemon/daemon.ts';
import { createLog } from '../../../src/lib/log.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';
import { configFor, runSetup } from '../setup-fixture.ts';

export interface PartitionEntry {
  readonly table_name: string;
  readonly action: string;
  readonly record_key: string | null;
  readonly unknown: string[] | null;
  readonly row: string | null;
  readonly old: string | null;
  readonly data: string | null;
  readonly actor: string;
  readonly attribution: string;
}

export interface PartitionGap {
  readonly reason: string;
  readonly relation: string | null;
  readonly detail: string;
  /** from_lsn = to_lsn, the position of a transaction. */
  readonly exact: boolean;
  readonly open: boolean;
}

/** A database set up for real, tables and all, that daemons can be started on. */
export interface TrackedDatabase {
  readonly db: TestDatabase;
  readonly config: Config;
  /** Runs `work` with the daemon at work, and waits until all of it is stored. */
  captured<T>(work: () => Promise<T>): Promise<T>;
  /** Without those of schema changes, unless `where` says otherwise. */
  entries(where?: string): Promise<PartitionEntry[]>;
  gaps(): Promise<PartitionGap[]>;
}

/** How often these daemons compare the catalog. */
const COVERAGE_INTERVAL_MS = 200;

export async function track(
  db: TestDatabase,
  sql: string,
  overrides: Partial<SourceConfig> = {},
): Promise<TrackedDatabase> {
  await db.query(`create table marker (id bigint generated always as identity primary key); ${sql}`);
  const config = configFor(db, { allowUnboundedWal: true, ...overrides });
  await runSetup(config);
  return {
    db,
    config,
    captured: (work) => captured(db, config, work),
    entries: async (where = "e.action <> 'schema'") =>
      (
        await db.query(
          `select r.table_name, e.action, e.record_key, e.unknown, e.row::text, e.old::text, e.data::text, a.claim as actor, c.attribution
           from audit.entries e join audit.relations r on r.id = e.relation_id
             join audit.contexts c on c.id = e.context_id join audit.actors a on a.id = c.actor_id
           where r.table_name <> 'marker' and (${where}) order by e.id`,
        )
      ).rows,
    gaps: async () =>
      (
        await db.query(
          `select g.reason, r.schema_name || '.' || r.table_name as relation, g.detail,
             g.from_lsn is not null and g.from_lsn = g.to_lsn as exact, g.to_time is null as open
           from audit.gaps g left join audit.relations r on r.id = g.relation_id order by g.id`,
        )
      ).rows,
  };
}

async function captured<T>(db: TestDatabase, config: Config, work: () => Promise<T>): Promise<T> {
  const daemon = await startDaemon(config, { log: createLog('silent'), coverageIntervalMs: COVERAGE_INTERVAL_MS });
  const ended = daemon.run();
  ended.catch(() => {});
  try {
    const result = await work();
    await settled(db);
    return result;
  } finally {
    await daemon.stop();
  }
}

/** Everything committed so far is stored, and the catalog was compared since. */
export async function settled(db: TestDatabase): Promise<void> {
  const marker = await db.query('insert into marker default values returning id, clock_timestamp() as at');
  const { id, at } = marker.rows[0];
  await until(
    async () =>
      (
        await db.query(
          `select from audit.entries e join audit.relations r on r.id = e.relation_id
           where r.table_name = 'marker' and e.record_key = $1 and exists (select from audit.coverage_checks where checked_at > $2)`,
          [id, at],
        )
      ).rowCount === 1,
    { timeoutMs: 30_000, what: 'everything is stored, and the catalog compared' },
  );
}

/** `reason relation partition-name` of each gap, in order. */
export function outlineGaps(gaps: readonly PartitionGap[]): string[] {
  return gaps.map(({ reason, relation, detail, open }) => {
    const [, , name = ''] = /^(partition|table) (\S+) /.exec(detail) ?? [];
    return `${reason} ${relation} ${name}${open ? ' open' : ''}`;
  });
}
