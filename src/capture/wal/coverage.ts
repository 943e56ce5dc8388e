import type pg from 'pg';
import { parseLsn } from '../../pg/lsn.ts';

/** A table or partition that setup recorded, or that belongs to one, as the catalog has it now. */
export interface CoverageRow {
  readonly oid: number;
  readonly rootOid: number;
  readonly rootSchema: string;
  readonly rootName: string;
  readonly schema: string;
  readonly name: string;
  /** relkind; null: gone, and recorded before kinds were. */
  readonly kind: string | null;
  /** In rowtrail.tables. False for a partition that nothing of ours knows, and for one that the store asked after. */
  readonly recorded: boolean;
  readonly exists: boolean;
  readonly rootExists: boolean;
  /** It is a partition of its root, at any level, or the root itself. */
  readonly belongs: boolean;
  readonly unlogged: boolean;
  /** It, or what it is a partition of, is in the publication, with everything published through the root. */
  readonly published: boolean;
  /** It matches the patterns and could be tracked, and is not. */
  readonly isMissed: boolean;
  /** Every trigger that setup gives it, enabled always. */
  readonly hasTriggers: boolean;
  readonly recordedAt: string | null;
}

/** The source's catalog at one moment. */
export interface CoverageSnapshot {
  /** timestamptz text, by the source's clock. */
  readonly at: string;
  /** What the stream tells of the time before `at` comes before this position. */
  readonly lsn: bigint;
  /** Event triggers tell of drops, detaches and attaches, with their exact positions. */
  readonly hasEventTriggers: boolean;
  /** Without it nothing is captured at all, which is another gap than that of a table. */
  readonly hasPublication: boolean;
  readonly rows: readonly CoverageRow[];
}

export type CoverageState = 'covered' | 'untracked' | 'unpublished' | 'detached' | 'dropped';

/** A change of coverage, and the gap that it leaves: an element of what the store's record_coverage takes. */
export interface CoverageChange {
  readonly oid: number;
  readonly root_oid: number;
  readonly root_schema: string;
  readonly root_name: string;
  readonly state: CoverageState;
  /** `gaps.reason`; null: no gap begins. */
  readonly reason: string | null;
  /** Ends in the oid, by which a loss that cannot happen twice is recognised. */
  readonly detail: string | null;
  /** The gap begins no earlier than this; timestamptz text. */
  readonly since: string | null;
  /** timestamptz text; null: the gap is open. */
  readonly to_time: string | null;
}

/**
 * What the catalog says of coverage that is not as `setup` left it, less what `losses` (by oid) knows already.
 * Pure. Event triggers tell of most of it at once: this finds what happened without them, or was done by hand.
 */
export function coverageDrift(snapshot: CoverageSnapshot, losses: ReadonlyMap<number, string>): CoverageChange[] {
  return snapshot.rows.flatMap((row) => {
    const known = losses.get(row.oid);
    const found = judge(row, known, snapshot.hasPublication);
    if (found === null || found.state === known || (found.state === 'covered' && known === undefined)) return [];
    const closed = found.state !== 'untracked' && found.state !== 'unpublished';
    return [
      {
        oid: row.oid,
        root_oid: row.rootOid,
        root_schema: row.rootSchema,
        root_name: row.rootName,
        state: found.state,
        reason: found.reason,
        detail: found.what === null ? null : changeDetail(row, found.what),
        since: row.recordedAt,
        to_time: closed ? snapshot.at : null,
      },
    ];
  });
}

/** Tables that setup recorded and that are gone: once their loss is in the store, their records may go too. */
export function goneTables(snapshot: CoverageSnapshot): number[] {
  return snapshot.rows.filter((row) => row.recorded && !row.exists).map((row) => row.oid);
}

/** For setup, which takes a table out on purpose: tracking it is off, which is a gap like another. */
export function trackingOff(table: { oid: number; schema: string; name: string }, at: string): CoverageChange {
  return {
    oid: table.oid,
    root_oid: table.oid,
    root_schema: table.schema,
    root_name: table.name,
    state: 'unpublished',
    reason: 'unpublished',
    detail: `table ${table.schema}.${table.name} was taken out of \`tables\` (oid ${table.oid})`,
    since: at,
    to_time: null,
  };
}

interface Judgement {
  readonly state: CoverageState;
  readonly reason: string | null;
  readonly what: string | null;
}

const COVERED: Judgement = { state: 'covered', reason: null, what: null };
const GONE: Judgement = { state: 'dropped', reason: null, what: null };

/** Null: nothing to say of it. */
function judge(row: CoverageRow, known: string | undefined, hasPublication: boolean): Judgement | null {
  const isWhole = row.oid === row.rootOid;
  if (!row.exists) {
    // Partitions that went with their root are told by it; a partition without rows of its own leaves no gap.
    if (!row.recorded || (!isWhole && (!row.rootExists || row.kind === 'p'))) return known === undefined ? null : GONE;
    return isWhole
      ? loss('dropped', 'table_dropped', 'was dropped with its rows')
      : loss('dropped', 'partition_dropped', 'was dropped with its rows');
  }
  if (!row.belongs) {
    return row.kind === 'p' ? null : loss('detached', 'partition_detached', 'was detached with its rows');
  }
  if (row.isMissed) {
    return loss('untracked', 'untracked', 'came after setup and matches `tables`: its changes are not captured');
  }
  if (isWhole && !row.published) {
    // Not recorded: taken out by setup, which has put that into the store.
    return row.recorded && hasPublication
      ? loss('unpublished', 'unpublished', 'is not in the publication: its changes are not captured')
      : null;
  }
  if (!row.recorded && isWhole) return COVERED;
  if (row.kind === 'f') return loss('untracked', 'untracked', 'is a foreign table: its changes are not captured');
  if (row.unlogged) return loss('untracked', 'untracked', 'is unlogged: its changes are not captured');
  if (!row.hasTriggers) {
    return loss('untracked', 'untracked', 'has not all triggers: who changes its rows, or truncates it, is not known');
  }
  // A detached table that is tracked as one of its own begins a history there.
  return known === 'detached' && !isWhole
    ? { state: 'covered', reason: 'partition_attached', what: 'is attached again: changes meanwhile were not captured' }
    : COVERED;
}

function loss(state: CoverageState, reason: string, what: string): Judgement {
  return { state, reason, what };
}

function changeDetail(row: CoverageRow, what: string): string {
  const kind = row.oid === row.rootOid ? 'table' : 'partition';
  return `${kind} ${row.schema}.${row.name} ${what} (oid ${row.oid})`;
}

/**
 * Reads how what setup recorded stands. `watched`: further oids to look at. Needs SELECT on rowtrail.tables and
 * the catalog. Takes no lock on any table (pg_partition_tree would).
 */
export async function readCoverage(
  client: pg.ClientBase | pg.Pool,
  publication: string,
  watched: Iterable<number>,
): Promise<CoverageSnapshot> {
  const result = await client.query(COVERAGE_SQL, [publication, [...watched]]);
  const rows = result.rows.filter((row) => row.oid !== null);
  const { at, lsn, has_event_triggers: hasEventTriggers, has_publication: hasPublication } = result.rows[0]!;
  const known = rows.map((row) => toCoverageRow(row));
  const missed = hasPublication ? await readMissed(client) : [];
  const missedOids = new Set(missed.map(({ oid }) => oid));
  return {
    at,
    lsn: parseLsn(lsn),
    hasEventTriggers,
    hasPublication,
    rows: [...known.filter(({ oid }) => !missedOids.has(oid)), ...missed],
  };
}

/** New tables that wait for the next setup. What says so is there from version 3 of sql/source on. */
async function readMissed(client: pg.ClientBase | pg.Pool): Promise<CoverageRow[]> {
  const found = await client.query("select to_regprocedure('rowtrail.track_policy(oid)') is not null as found");
  if (found.rows[0]?.found !== true) return [];
  const result = await client.query<{ oid: number; schema: string; name: string; kind: string }>(MISSED_SQL);
  return result.rows.map(({ oid, schema, name, kind }) => ({
    oid,
    rootOid: oid,
    rootSchema: schema,
    rootName: name,
    schema,
    name,
    kind,
    recorded: false,
    exists: true,
    rootExists: true,
    belongs: true,
    unlogged: false,
    published: false,
    isMissed: true,
    hasTriggers: false,
    recordedAt: null,
  }));
}

/** A keyless partitioned table is tracked only where event triggers look after its new partitions. */
const MISSED_SQL = `
select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence = 'p' and not c.relispartition
  and c.relnamespace in (select rowtrail.tracked_schemas())
  and not exists (select from rowtrail.tables t where t.relid = c.oid)
  and (c.relkind = 'r' or exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary)
    or exists (select from pg_catalog.pg_event_trigger e where e.evtname = 'rowtrail_schema_ddl'))
  and rowtrail.track_policy(c.oid) is not null`;

// oxlint-disable-next-line typescript/no-explicit-any -- the shape is that of COVERAGE_SQL, below
function toCoverageRow(row: any): CoverageRow {
  return {
    oid: row.oid,
    rootOid: row.root_oid,
    rootSchema: row.root_schema,
    rootName: row.root_name,
    schema: row.schema,
    name: row.name,
    kind: row.kind,
    recorded: row.recorded,
    exists: row.present,
    rootExists: row.root_present,
    belongs: row.belongs,
    unlogged: row.unlogged,
    published: row.published,
    isMissed: false,
    hasTriggers: row.has_triggers,
    recordedAt: row.recorded_at,
  };
}

const COVERAGE_SQL = `
with recursive recorded as materialized (
  select t.relid, t.root, t.schema_name, t.table_name, t.installed_at,
    pg_catalog.to_jsonb(t) ->> 'kind' as kind -- there from version 2 of sql/source on
  from rowtrail.tables t
), below as (
  select r.root, i.inhrelid as relid from (select distinct t.root from recorded t where t.relid = t.root) r
    join pg_catalog.pg_class c on c.oid = r.root and c.relkind = 'p'
    join pg_catalog.pg_inherits i on i.inhparent = r.root
  union
  select b.root, i.inhrelid from below b join pg_catalog.pg_inherits i on i.inhparent = b.relid
), member as (
  select r.relid, r.root, r.schema_name, r.table_name, r.kind, r.installed_at, true as recorded from recorded r
  union all
  select b.relid, b.root, null, null, null, null, false from below b
    where not exists (select from recorded r where r.relid = b.relid)
  union all
  select w.relid, w.relid, null, null, null, null, false from pg_catalog.unnest($2::oid[]) as w(relid)
    where not exists (select from recorded r where r.relid = w.relid) and not exists (select from below b where b.relid = w.relid)
), ours as materialized (
  select t.tgrelid, t.tgname, t.tgnargs, t.tgenabled from pg_catalog.pg_trigger t
    join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace n on n.oid = f.pronamespace
  where n.nspname = 'rowtrail' and f.proname in ('context_trigger', 'context_after', 'truncate_trigger')
), published as materialized (
  select r.prrelid from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
  where p.pubname = $1 and p.pubviaroot and p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate
  union all
  -- or captured by triggers
  select t.tgrelid from pg_catalog.pg_trigger t
    join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace n on n.oid = f.pronamespace
  where n.nspname = 'rowtrail' and f.proname in ('capture', 'capture_row') and t.tgenabled = 'A' and t.tgparentid = 0
  group by t.tgrelid having pg_catalog.bit_or(t.tgtype::integer) & 60 = 60
)
select now.at, now.lsn, now.has_event_triggers, now.has_publication, m.relid as oid, m.root as root_oid,
  coalesce(rn.nspname, m.schema_name)::text as root_schema, coalesce(rc.relname, m.table_name)::text as root_name,
  coalesce(n.nspname, m.schema_name)::text as schema, coalesce(c.relname, m.table_name)::text as name,
  coalesce(c.relkind::text, m.kind) as kind, m.recorded, c.oid is not null as present, rc.oid is not null as root_present,
  m.relid = m.root or exists (select from below b where b.relid = m.relid and b.root = m.root) as belongs,
  coalesce(c.relpersistence = 'u', false) as unlogged,
  exists (select from published p where p.prrelid = c.oid
    or c.relispartition and p.prrelid in (select a.relid from pg_catalog.pg_partition_ancestors(c.oid) a)) as published,
  exists (select from ours o where o.tgrelid = c.oid and o.tgenabled = 'A' and o.tgname = 'rowtrail_context_before')
  and (pg_catalog.to_regclass('rowtrail.outbox') is not null
    or exists (select from ours o where o.tgrelid = c.oid and o.tgenabled = 'A' and o.tgname = 'rowtrail_context_after'))
  and (c.relkind = 'p' and c.relispartition
    or exists (select from ours o where o.tgrelid = c.oid and o.tgenabled = 'A'
      and o.tgname = case when c.relkind = 'r' and not c.relispartition then 'rowtrail_truncate_rows' else 'rowtrail_truncate' end
      and o.tgnargs = case c.relkind when 'p' then 1 else 0 end)) as has_triggers,
  m.installed_at as recorded_at
from (select pg_catalog.clock_timestamp() as at, pg_catalog.pg_current_wal_flush_lsn()::text as lsn,
    exists (select from pg_catalog.pg_event_trigger e where e.evtname = 'rowtrail_partition_drop') as has_event_triggers,
    exists (select from pg_catalog.pg_publication p where p.pubname = $1)
      or pg_catalog.to_regclass('rowtrail.outbox') is not null as has_publication) now
  left join (member m
    left join pg_catalog.pg_class c on c.oid = m.relid left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_class rc on rc.oid = m.root left join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace) on true
order by m.relid`;
