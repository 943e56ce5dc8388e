import { formatLsn } from '../pg/lsn.ts';
import { NO_BASELINES, readBaselines, type BaselineStatus } from './baseline.ts';
import { readPartitionStatus, type PartitionStatus } from './partition.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { visibleEntry } from './visibility.ts';
import { timeText } from '../pg/time-text.ts';

/** What the daemon knows of a running capture; the daemon supplies it. */
export interface LiveSource {
  readonly name: string;
  readonly state: 'starting' | 'streaming' | 'waiting' | 'stopped';
  /** When it entered this state. */
  readonly since: Date;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  /** It waits because another Rowtrail captures this source. */
  readonly standby: boolean;
  readonly receivedLsn: bigint | null;
  readonly sourceLsn: bigint | null;
  readonly lagBytes: bigint | null;
  readonly lagMs: number | null;
  /** Received and not yet sent to the store. */
  readonly queuedBytes: number;
  /** What the source keeps until it is captured, and past which size changes are lost; null: not known now. */
  readonly backlog: { readonly bytes: number; readonly limitBytes: number | null } | null;
  readonly counters: {
    readonly changes: number;
    readonly entries: number;
    readonly transactions: number;
    readonly unverifiedMessages: number;
    readonly flushes: number;
    /** Summed up. */
    readonly flushMs: number;
    readonly retries: number;
  };
}

export interface Status {
  readonly store: { readonly schema: string; readonly entries_estimate: number } & PartitionStatus;
  readonly sources: readonly SourceStatus[];
}

export interface SourceStatus {
  readonly name: string;
  readonly capture: 'wal' | 'trigger' | null;
  readonly epoch: number | null;
  readonly slot: string | null;
  /**
   * WAL positions as PostgreSQL writes them. These and those in `live` are null for a viewer limited to tables: they
   * tell how much is written to the others.
   */
  readonly end_lsn: string | null;
  readonly acknowledged_lsn: string | null;
  readonly committed_at: string | null;
  readonly updated_at: string | null;
  readonly open_flushes: { readonly count: number; readonly oldest: string | null };
  /** The latest first; an open one of the whole source (`to_time` is null: nothing is captured now) before all others. */
  readonly gaps: { readonly count: number; readonly latest: readonly GapStatus[] };
  readonly baseline: BaselineStatus;
  /** Null where no daemon answers: the CLI reads the store alone. */
  readonly live: LiveStatus | null;
}

export interface GapStatus {
  readonly epoch: number;
  /** `schema.table` where it is of one table alone; null: of the whole source. */
  readonly table: string | null;
  readonly reason: string;
  readonly detail: string | null;
  readonly from_lsn: string | null;
  readonly to_lsn: string | null;
  readonly from_time: string | null;
  readonly to_time: string | null;
  readonly recorded_at: string;
}

export interface LiveStatus {
  readonly state: LiveSource['state'];
  readonly since: string;
  readonly error: LiveSource['error'];
  readonly standby: boolean;
  readonly received_lsn: string | null;
  readonly source_lsn: string | null;
  readonly lag_bytes: number | null;
  readonly lag_ms: number | null;
  readonly queued_bytes: number | null;
  readonly backlog_bytes: number | null;
  readonly backlog_limit_bytes: number | null;
  /** Null, as are positions and numbers of bytes, for a viewer limited to tables: they tell what the others do. */
  readonly counters: {
    readonly changes: number;
    readonly entries: number;
    readonly transactions: number;
    readonly unverified_messages: number;
    readonly retries: number;
  } | null;
}

const LATEST_GAPS = 20;
/** Up to here entries are counted; beyond, the planner's estimate is close enough. */
const COUNT_UP_TO = 10_000;

/**
 * The state of every source the store or the daemon knows, without what would tell the viewer of tables that it may
 * not see. Throws what `inSnapshot` throws.
 */
export function readStatus(store: StoreReader, live: readonly LiveSource[] = []): Promise<Status> {
  return inSnapshot(store, async (snapshot) => {
    const stored = await readSources(snapshot);
    const gaps = await readGaps(snapshot);
    const baselines = await readBaselines(snapshot);
    const limited = snapshot.viewer.tables !== null;
    const liveByName = new Map(live.map((source) => [source.name, source]));
    const known = stored.map((source) => {
      const running = liveByName.get(source.name);
      liveByName.delete(source.name);
      return sourceStatus(source, {
        gaps: gaps.get(source.id) ?? [],
        live: running === undefined ? null : liveStatus(running, limited),
        baseline: baselines.get(source.name),
      });
    });
    // A viewer limited to tables sees the sources that have some of them.
    const unknown = limited
      ? []
      : [...liveByName.values()].map((source) =>
          sourceStatus(emptySource(source.name), { gaps: [], live: liveStatus(source, false) }),
        );
    return {
      store: {
        schema: store.schema,
        entries_estimate: await estimateEntries(snapshot),
        ...(await readPartitionStatus(snapshot)),
      },
      sources: [...known, ...unknown],
    };
  });
}

/** How many gaps the history has, and which sources have an open one. */
export interface GapSummary {
  readonly count: number;
  readonly open: readonly OpenGap[];
}

export interface OpenGap {
  readonly source: string;
  readonly reason: string;
  readonly from_lsn: string | null;
}

/** The cheap part of the status, for the readiness check. */
export function readGapSummary(store: StoreReader, timeoutMs: number): Promise<GapSummary> {
  return inSnapshot(
    store,
    async (snapshot) => {
      const rows = await snapshot.query<{ gaps: number }>('select count(*)::integer as gaps from :schema.gaps');
      const open = await snapshot.query<OpenGap>(
        `select s.name as source, g.reason, g.from_lsn::text as from_lsn
         from :schema.gaps g join :schema.sources s on s.id = g.source_id
         where g.to_time is null and g.relation_id is null order by s.name`,
      );
      return { count: rows[0]?.gaps ?? 0, open };
    },
    timeoutMs,
  );
}

/** The gaps on record of one source; open ones grow. */
export interface GapCounts {
  readonly source: string;
  readonly open: number;
  readonly closed: number;
}

/** Every source that the store knows. Throws what `inSnapshot` throws. */
export function readGapCounts(store: StoreReader, timeoutMs: number): Promise<GapCounts[]> {
  return inSnapshot(
    store,
    (snapshot) =>
      snapshot.query<{ source: string; open: number; closed: number }>(
        `select s.name as source, count(*) filter (where g.id is not null and g.to_time is null)::integer as open,
           count(*) filter (where g.to_time is not null)::integer as closed
         from :schema.sources s left join :schema.gaps g on g.source_id = s.id
         where s.name <> 'rowtrail' group by s.name order by s.name`,
      ),
    timeoutMs,
  );
}

interface StoredSource {
  readonly id: number;
  readonly name: string;
  readonly capture: 'wal' | 'trigger' | null;
  readonly epoch: number | null;
  readonly slot: string | null;
  readonly end_lsn: string | null;
  readonly acknowledged_lsn: string | null;
  readonly committed_at: string | null;
  readonly updated_at: string | null;
  readonly open_flushes: number;
  readonly oldest_flush: string | null;
  readonly gap_count: number;
}

/** What the whole source lacks concerns everybody; a gap of one table, those who may see it. */
function visibleGap(parameter: string): string {
  return `(${parameter}::integer[] is null or g.relation_id is null or g.relation_id = any(${parameter}::integer[]))`;
}

async function readSources(snapshot: Snapshot): Promise<StoredSource[]> {
  return snapshot.query<StoredSource>(
    `select s.id, s.name, c.capture, c.epoch, c.slot,
       case when not $2::boolean then c.end_lsn::text end as end_lsn,
       case when not $2::boolean then c.acknowledged_lsn::text end as acknowledged_lsn,
       ${timeText('c.committed_at')} as committed_at, ${timeText('c.updated_at')} as updated_at,
       f.open_flushes, ${timeText('f.oldest')} as oldest_flush,
       (select count(*)::integer from :schema.gaps g where g.source_id = s.id and ${visibleGap('$1')}) as gap_count
     from :schema.sources s
     left join :schema.checkpoints c on c.source_id = s.id
     left join lateral (
       select count(*)::integer as open_flushes, min(reserved_at) as oldest
       from :schema.flushes f where f.source_id = s.id) f on true
     where s.name <> 'rowtrail'
       and (not $2::boolean or exists (select from :schema.relations r where r.source_id = s.id and r.id = any($1::integer[])))
     order by s.name`,
    [await snapshot.visibleRelations(), snapshot.viewer.tables !== null],
  );
}

async function readGaps(snapshot: Snapshot): Promise<Map<number, GapStatus[]>> {
  const rows = await snapshot.query<GapStatus & { source_id: number }>(
    `select s.id as source_id, g.epoch, r.schema_name || '.' || r.table_name as table, g.reason,
       -- Of a whole source, it may name tables.
       case when not $2::boolean or g.relation_id is not null then g.detail end as detail, g.from_lsn::text as from_lsn, g.to_lsn::text as to_lsn,
       ${timeText('g.from_time')} as from_time, ${timeText('g.to_time')} as to_time,
       ${timeText('g.recorded_at')} as recorded_at
     from :schema.sources s
     cross join lateral (
       select g.*, g.to_time is null and g.relation_id is null as is_open
       from :schema.gaps g where g.source_id = s.id and ${visibleGap('$1')} order by is_open desc, g.id desc limit ${LATEST_GAPS}) g
     left join :schema.relations r on r.id = g.relation_id
     order by s.id, g.is_open desc, g.id desc`,
    [await snapshot.visibleRelations(), snapshot.viewer.tables !== null],
  );
  const bySource = new Map<number, GapStatus[]>();
  for (const { source_id: sourceId, ...gap } of rows) {
    const gaps = bySource.get(sourceId) ?? [];
    gaps.push(gap);
    bySource.set(sourceId, gaps);
  }
  return bySource;
}

async function estimateEntries(snapshot: Snapshot): Promise<number> {
  const visible = await snapshot.visibleRelations();
  const seen = visible === null ? '' : `where ${visibleEntry('e', '$1')}`;
  const parameters = visible === null ? [] : [visible];
  const rows = await snapshot.query<{ counted: number }>(
    `select count(*)::integer as counted from (select from :schema.entries e ${seen} order by e.id limit ${COUNT_UP_TO + 1}) e`,
    parameters,
  );
  const counted = rows[0]?.counted ?? 0;
  if (counted <= COUNT_UP_TO) return counted;
  const plan = await snapshot.query<{ 'QUERY PLAN': unknown }>(
    `explain (format json) select from :schema.entries e ${seen}`,
    parameters,
  );
  const text = plan[0]?.['QUERY PLAN'];
  const parsed = (typeof text === 'string' ? JSON.parse(text) : text) as [{ Plan: { 'Plan Rows': number } }];
  return Math.max(parsed[0].Plan['Plan Rows'], counted);
}

function sourceStatus(
  stored: StoredSource,
  {
    gaps,
    live,
    baseline = NO_BASELINES,
  }: { gaps: readonly GapStatus[]; live: LiveStatus | null; baseline?: BaselineStatus | undefined },
): SourceStatus {
  return {
    name: stored.name,
    capture: stored.capture,
    epoch: stored.epoch,
    slot: stored.slot,
    end_lsn: stored.end_lsn,
    acknowledged_lsn: stored.acknowledged_lsn,
    committed_at: stored.committed_at,
    updated_at: stored.updated_at,
    open_flushes: { count: stored.open_flushes, oldest: stored.oldest_flush },
    gaps: { count: stored.gap_count, latest: gaps },
    baseline,
    live,
  };
}

function liveStatus(live: LiveSource, limited: boolean): LiveStatus {
  const whole = wholeLiveStatus(live);
  if (!limited) return whole;
  const { error } = whole;
  return {
    ...whole,
    // Its text may name any table.
    error: error === null ? null : { code: error.code, message: 'capture has a problem', hint: null },
    received_lsn: null,
    source_lsn: null,
    lag_bytes: null,
    queued_bytes: null,
    backlog_bytes: null,
    backlog_limit_bytes: null,
    counters: null,
  };
}

function wholeLiveStatus(live: LiveSource): LiveStatus {
  return {
    state: live.state,
    since: live.since.toISOString(),
    error: live.error,
    standby: live.standby,
    received_lsn: live.receivedLsn === null ? null : formatLsn(live.receivedLsn),
    source_lsn: live.sourceLsn === null ? null : formatLsn(live.sourceLsn),
    lag_bytes: live.lagBytes === null ? null : Number(live.lagBytes),
    lag_ms: live.lagMs,
    queued_bytes: live.queuedBytes,
    backlog_bytes: live.backlog?.bytes ?? null,
    backlog_limit_bytes: live.backlog?.limitBytes ?? null,
    counters: {
      changes: live.counters.changes,
      entries: live.counters.entries,
      transactions: live.counters.transactions,
      unverified_messages: live.counters.unverifiedMessages,
      retries: live.counters.retries,
    },
  };
}

function emptySource(name: string): StoredSource {
  return {
    id: 0,
    name,
    capture: null,
    epoch: null,
    slot: null,
    end_lsn: null,
    acknowledged_lsn: null,
    committed_at: null,
    updated_at: null,
    open_flushes: 0,
    oldest_flush: null,
    gap_count: 0,
  };
}

/** Nothing is captured now. A gap of one table that goes on is none of these. */
export function isOpenGap(gap: Pick<GapStatus, 'table' | 'to_lsn' | 'to_time'>): boolean {
  return gap.table === null && gap.to_time === null && gap.to_lsn === null;
}
