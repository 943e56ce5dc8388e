import { entryCondition } from '../filter-condition.ts';
import type { ResolvedFilter } from '../filter.ts';
import { findIds } from '../scan.ts';
import type { Snapshot } from '../store-reader.ts';
import { DAY_MICROS, dayOf, formatTime } from '../time.ts';

/** The latest entries of a window whose different records are counted. */
export const COUNTED_ENTRIES = 5_000;
/** Of sources that have more than those: they are found in more steps. */
const COUNTED_OF_SOURCES = 1_000;
/** Entries of a few tables whose records are all counted: by the index on tables and records alone. */
const COUNTED_OF_TABLES = 12_500;
const MAX_RELATIONS = 16;

/** What changes a record. */
export const ROW_ACTIONS: ReadonlySet<string> = new Set(['create', 'update', 'delete']);
/** Beside those, actions of entries that have no record. */
const RECORDLESS: ReadonlySet<string> = new Set(['truncate', 'schema']);

/** What is counted: entries of a filter with the window's times, between two ids. */
export interface Counted {
  readonly snapshot: Snapshot;
  readonly filter: ResolvedFilter;
  readonly range: readonly [string, string];
}

export interface RecordCount {
  readonly value: number;
  readonly exact: boolean;
}

/** Different records that were changed; `actions`: all that the window has; `entries`: those that change records. */
export async function countRecords(
  counted: Counted,
  { actions, entries }: { readonly actions: ReadonlySet<string>; readonly entries: number },
): Promise<RecordCount> {
  const { filter } = counted;
  if (filter.actorIds !== null) return countFound(counted, COUNTED_ENTRIES);
  if (filter.sourceIds !== null) {
    return countFound(counted, entries <= COUNTED_ENTRIES ? COUNTED_ENTRIES : COUNTED_OF_SOURCES);
  }
  const keyed = [...actions].every((action) => ROW_ACTIONS.has(action) || RECORDLESS.has(action));
  if (filter.relationIds === null || filter.relationIds.length > MAX_RELATIONS || filter.actions !== null || !keyed) {
    return countLatest(counted);
  }
  return countOfTables(counted, filter.relationIds);
}

async function countLatest({ snapshot, filter, range }: Counted, most = COUNTED_ENTRIES): Promise<RecordCount> {
  const parameters: unknown[] = [...range, most + 1, [...ROW_ACTIONS]];
  const condition = entryCondition(filter, parameters);
  // Of all tables, in the order of the ids; of some, only the planner knows whether another index is the shorter way.
  const rows = await snapshot[filter.relationIds === null ? 'queryPlanned' : 'query']<{
    records: number;
    seen: number;
  }>(
    // Grouped rather than counted as distinct ones: that would sort them.
    `select count(*)::integer as records, coalesce(sum(g.seen), 0)::integer as seen from (
       select count(*) as seen from (
         select e.relation_id, e.record_key from :schema.entries e
         where e.id between $1::bigint and $2::bigint and e.action = any($4::text[]) and ${condition}
         order by e.id desc limit $3::bigint) x
       group by x.relation_id, x.record_key) g`,
    parameters,
  );
  const { records, seen } = rows[0] as { records: number; seen: number };
  return { value: records, exact: seen <= most };
}

/** The latest entries of actors or sources, which are looked for as those of a list are. */
async function countFound({ snapshot, filter, range }: Counted, most: number): Promise<RecordCount> {
  const wanted = {
    ...filter,
    actions: (filter.actions ?? [...ROW_ACTIONS]).filter((action) => ROW_ACTIONS.has(action)),
  };
  const { ids } = await findIds(snapshot, wanted, { low: BigInt(range[0]), high: BigInt(range[1]) }, 'newest', {
    want: most + 1,
    isWhole: true,
  });
  if (ids.length === 0) return { value: 0, exact: true };
  const rows = await snapshot.queryPlanned<{ records: number }>(
    `select count(*)::integer as records from (
       select from :schema.entries e where e.id = any($1::bigint[]) and e.id between $2::bigint and $3::bigint
       group by e.relation_id, e.record_key) g`,
    [ids.slice(0, most), ids.at(-1), ids[0]],
  );
  return { value: rows[0]?.records ?? 0, exact: ids.length <= most };
}

/**
 * All that a few tables have between the ids of the days that lie wholly within the window is in the index; of the days
 * at its ends, the entries themselves tell which lie within it. Of more entries than can be counted, those of the
 * latest days.
 */
async function countOfTables(counted: Counted, relationIds: readonly number[]): Promise<RecordCount> {
  const { snapshot, filter } = counted;
  const { from, to } = filter;
  const bounds = await snapshot.queryPlanned<Bounds>(BOUNDS_SQL, [
    relationIds,
    from === null ? null : formatTime(dayOf(from + DAY_MICROS - 1n)),
    to === null ? null : formatTime(dayOf(to)),
    ...counted.range,
    COUNTED_OF_TABLES,
  ]);
  const { low, high, start, counted: whole } = bounds[0] as Bounds;
  const share = Number(bounds[0]!.share);
  // Then the latest entries of all tables are the shorter way to the records of these.
  if (!whole && (start === null || share * DENSE > 1)) return countLatest(counted, countedAmong(share));
  const inner = { low: low ?? counted.range[0], high: high ?? counted.range[1] };
  const first = start ?? counted.range[0];
  const parameters: unknown[] = [relationIds, first, counted.range[1], inner.low, inner.high, [...ROW_ACTIONS]];
  const condition = entryCondition({ ...filter, relationIds: null }, parameters);
  const rows = await snapshot.query<{ records: number }>(
    `select count(*)::integer as records from (
       select from (
         select e.relation_id, e.record_key from :schema.entries e
         where e.relation_id = any($1::integer[]) and e.record_key is not null
           and e.id between greatest($2::bigint, $4::bigint) and least($3::bigint, $5::bigint)
         union all
         select e.relation_id, e.record_key from :schema.entries e
         where e.relation_id = any($1::integer[]) and e.record_key is not null
           and e.id between $2::bigint and least($3::bigint, $4::bigint - 1)
           and e.action = any($6::text[]) and ${condition}
         union all
         select e.relation_id, e.record_key from :schema.entries e
         where e.relation_id = any($1::integer[]) and e.record_key is not null
           and e.id between greatest($2::bigint, $4::bigint, $5::bigint + 1) and $3::bigint
           and e.action = any($6::text[]) and ${condition}) x
       group by x.relation_id, x.record_key) g`,
    parameters,
  );
  return { value: rows[0]?.records ?? 0, exact: whole };
}

interface Bounds {
  readonly low: string | null;
  readonly high: string | null;
  readonly start: string | null;
  readonly counted: boolean;
  /** Of all entries there are, those of the tables. */
  readonly share: string;
}

/** One entry in so many is of the tables. */
const DENSE = 20;
/** Of all tables, to be looked at for the latest ones of some; and the least that is counted of these. */
const LOOKED_AT = 12_500;
const COUNTED_OF_FEW = 600;

/** Entries to be counted where the tables have this share of all. */
function countedAmong(share: number): number {
  return Math.min(Math.max(Math.round(share * LOOKED_AT), COUNTED_OF_FEW), COUNTED_ENTRIES);
}

/**
 * `low` and `high`: between which ids all entries lie within whole days (from $2, before $3; null: no bound). `start`: the
 * first id of the latest days that have $6 entries, where all of them have more.
 */
const BOUNDS_SQL = `
with days as materialized (
  select u.day, u.min_id, u.max_id, u.count from :schema.relation_days u where u.relation_id = any($1::integer[])
  union all
  select date_bin('1 day', u.bucket, timestamptz '2000-01-01 00:00:00+00'), u.min_id, u.max_id, u.count
  from :schema.pending_rollups u where u.relation_id = any($1::integer[])
), chosen as (
  select d.min_id, sum(d.count) over (order by d.max_id desc) as total from days d
  where d.max_id >= $4::bigint and d.min_id <= $5::bigint
), whole as (
  select coalesce(max(c.total), 0) <= $6::bigint as counted, min(c.min_id) filter (where c.total <= $6::bigint) as start from chosen c
)
select (select max(d.max_id) + 1 from days d where d.day < $2::timestamptz)::text as low,
  (select min(d.min_id) - 1 from days d where d.day >= $3::timestamptz)::text as high,
  case when not w.counted then w.start end::text as start, w.counted,
  coalesce((select sum(t.count) from :schema.relation_totals t where t.relation_id = any($1::integer[]))
    / (select nullif(sum(t.count), 0) from :schema.relation_totals t), 0)::float4::text as share
from whole w`;
