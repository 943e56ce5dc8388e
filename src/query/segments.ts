import { isInRollupsWhole, RELATION_DAYS, rollupCondition, SOURCE_DAYS, type RollupGrain } from './filter-condition.ts';
import type { ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import { listIn, type Direction, type Scan } from './scan-walk.ts';
import type { Snapshot } from './store-reader.ts';
import { bucketOf, DAY_MICROS, dayOf, formatTime, idsOf } from './time.ts';

/** Days whose quarters of an hour are looked up at once. */
const MAX_DAYS = 64;
/** With more, the days are those of the sources: one table's are read by its index, a hundred tables' would be many. */
const MAX_RELATIONS = 16;

/** A part of a range, from the start of the walk, and where in it, by the rollups, all that matches is. */
export interface Stretch {
  readonly settled: IdRange;
  /** Not overlapping, in rising order. */
  readonly ranges: readonly IdRange[];
  /** Few tables have it, and little else: their own index finds it sooner than a look at all that lies in the ranges. */
  readonly isSparse: boolean;
}

/** A day that counts a match, and between which ids. */
export interface Day extends IdRange {
  readonly day: string;
  readonly count: bigint;
}

/**
 * The stretch in which the counts promise `demand` matches, or as many as `MAX_DAYS` days have: of the days that
 * count a match, of the range or a wider one, the nearest ones, and in those the quarters of an hour. `maxSparse`:
 * entries of a month up to which tables are sparse.
 */
export async function readStretch(
  scan: Scan,
  allDays: readonly Day[],
  range: IdRange,
  { demand, maxSparse }: { readonly demand: number; readonly maxSparse: number },
): Promise<Stretch> {
  const sparse = sparseStretch(scan, allDays, range, { demand, maxSparse });
  if (sparse !== undefined) return { isSparse: true, ...sparse };
  const { chosen, settled } = settle(daysWithin(allDays, range), range, scan.direction, demand);
  return { settled, ranges: mergeRanges(await readQuarters(scan, chosen), settled), isSparse: false };
}

/** The same where the tables are sparse, or there is nothing; else undefined. Pure. */
export function sparseStretch(
  { filter, direction }: Pick<Scan, 'filter' | 'direction'>,
  allDays: readonly Day[],
  range: IdRange,
  { demand, maxSparse }: { readonly demand: number; readonly maxSparse: number },
): Omit<Stretch, 'isSparse'> | undefined {
  const days = daysWithin(allDays, range);
  if (days.length === 0) return { settled: range, ranges: [] };
  const { chosen, settled } = settle(days, range, direction, demand);
  const read = indexEntries(filter, chosen);
  return read !== null && read <= maxSparse ? { settled, ranges: mergeRanges(chosen, settled) } : undefined;
}

function daysWithin(days: readonly Day[], range: IdRange): readonly Day[] {
  return days.filter(({ low, high }) => high >= range.low && low <= range.high);
}

/** Of an index, all that a partition has of the tables is read: a month of it at most. */
const PARTITION_DAYS = 31;
/** Entries read from an index in the time in which the days' quarters of an hour are looked up. */
const QUARTERS_ENTRIES = 8_000;
const MAX_SPARSE_ENTRIES = 40_000;
/** Entries read from an index in the time in which one is walked through, with the page it is on. */
const INDEXED_PER_WALKED = 6;

/** Entries that the tables' index is read through for those of the days; null where the counts don't tell all that matches. Pure. */
function indexEntries(filter: ResolvedFilter, days: readonly Day[]): number | null {
  if (!isOfFewTables(filter) || !isInRollupsWhole(filter)) return null;
  const count = Number(days.reduce((sum, day) => sum + day.count, 0n));
  return (count * (days.length + PARTITION_DAYS)) / days.length;
}

type FilterOfTables = ResolvedFilter & { readonly relationIds: readonly number[] };

function isOfFewTables(filter: ResolvedFilter): filter is FilterOfTables {
  return filter.relationIds !== null && filter.actorIds === null && grainOf(filter) === RELATION_DAYS;
}

/** How much the filter's tables have. */
export interface TableDensity {
  /** Their part of all entries. */
  readonly share: number;
  /** Entries, in the mean of the time from their first one to their last one. */
  readonly perMonth: number;
}

/** Null where the filter names no tables, or what they have is found otherwise. */
export function readDensity(scan: Pick<Scan, 'snapshot' | 'filter'>): Promise<TableDensity | null> {
  const { snapshot, filter } = scan;
  if (!isOfFewTables(filter)) return Promise.resolve(null);
  const known = snapshot.once(lastDensity);
  if (known.last?.relationIds === filter.relationIds) return known.last.density;
  const density = readDensityOf(snapshot, filter.relationIds);
  known.last = { relationIds: filter.relationIds, density };
  return density;
}

interface LastDensity {
  last?: { readonly relationIds: readonly number[]; readonly density: Promise<TableDensity> };
}

function lastDensity(): LastDensity {
  return {};
}

async function readDensityOf(snapshot: Snapshot, relationIds: readonly number[]): Promise<TableDensity> {
  const rows = await snapshot.queryPlanned<{ count: string; whole: string; low: string; high: string }>(
    `select coalesce(sum(t.count) filter (where o.is_one), 0)::text as count, coalesce(sum(t.count), 0)::text as whole,
       coalesce(min(t.min_id) filter (where o.is_one), 0)::text as low, coalesce(max(t.max_id) filter (where o.is_one), 0)::text as high
     from :schema.relation_totals t cross join lateral (select t.relation_id = any($1::integer[]) as is_one) o`,
    [relationIds],
  );
  const { count, whole, low, high } = rows[0] as { count: string; whole: string; low: string; high: string };
  const months = Number(BigInt(high) - BigInt(low)) / Number(idsOf(BigInt(PARTITION_DAYS) * DAY_MICROS));
  return { share: Number(count) / Math.max(Number(whole), 1), perMonth: Number(count) / Math.max(months, 1) };
}

/**
 * How many entries may be read from the index of tables: in no more time than it takes to walk through all entries, which are
 * the more the fewer of them are the tables', until as many as are wanted have been met. Pure.
 */
export function sparseUpTo(demand: number, share: number | null): number {
  if (share === null) return QUARTERS_ENTRIES;
  if (share === 0) return MAX_SPARSE_ENTRIES;
  return Math.min(QUARTERS_ENTRIES + (INDEXED_PER_WALKED * demand) / share, MAX_SPARSE_ENTRIES);
}

/**
 * The days to look into, and what is settled by them: whatever lies beyond the next day's nearest id may as well be
 * of that one. Pure.
 */
export function settle(
  days: readonly Day[],
  range: IdRange,
  direction: Direction,
  demand: number,
): { readonly chosen: readonly Day[]; readonly settled: IdRange } {
  let promised = 0n;
  for (const [index, { count }] of days.entries()) {
    const next = days[index + 1];
    promised += count;
    if (next === undefined) break;
    if (promised < BigInt(demand) && index + 1 < MAX_DAYS) continue;
    const settled =
      direction === 'newest' ? { low: next.high + 1n, high: range.high } : { low: range.low, high: next.low - 1n };
    if (settled.low <= settled.high) return { chosen: days.slice(0, index + 1), settled };
  }
  return { chosen: days, settled: range };
}

/** Nearest the start of the walk first; of the range or a wider one, as who goes on has them from before. */
export async function readDays(scan: Scan, range: IdRange): Promise<readonly Day[]> {
  const { snapshot, filter, direction } = scan;
  const known = snapshot.once(lastDays);
  const { last } = known;
  if (last?.filter === filter && last.direction === direction && contains(last.range, range)) return last.days;
  const days = await findDays(scan, range);
  known.last = { filter, direction, range, days };
  return days;
}

interface LastDays {
  last?: {
    readonly filter: ResolvedFilter;
    readonly direction: Direction;
    readonly range: IdRange;
    readonly days: readonly Day[];
  };
}

function lastDays(): LastDays {
  return {};
}

function contains(outer: IdRange, inner: IdRange): boolean {
  return outer.low <= inner.low && outer.high >= inner.high;
}

async function findDays(scan: Scan, range: IdRange): Promise<Day[]> {
  const parameters: unknown[] = [range.low, range.high];
  const grain = grainOf(scan.filter);
  const order = scan.direction === 'newest' ? 'x.high desc' : 'x.low';
  const inRange = 'u.max_id >= $1::bigint and u.min_id <= $2::bigint';
  const rows = await scan.snapshot.query<{ days: string | null }>(
    // As one text: to take hundreds of rows apart takes longer than to find them.
    `select string_agg(concat_ws('|', x.day, x.low, x.high, x.count), ',' order by ${order}) as days
     from (
       select d.day, min(d.min_id) as low, max(d.max_id) as high, sum(d.count) as count from (
         select u.day, u.min_id, u.max_id, u.count from :schema.${grain.table} u
         where ${rollupCondition(scan.filter, parameters, grain)} and ${inRange}
         union all
         select ${DAY_OF_BUCKET}, u.min_id, u.max_id, u.count from :schema.pending_rollups u
         where ${rollupCondition(scan.filter, parameters)} and ${inRange}) d
       group by d.day) x`,
    parameters,
  );
  return listIn(rows[0]?.days, dayIn);
}

function dayIn(text: string): Day {
  const [day = '', low = '', high = '', count = ''] = text.split('|');
  return { day, low: BigInt(low), high: BigInt(high), count: BigInt(count) };
}

/** The quarters of an hour of those days that count a match, each by its own rollups. */
async function readQuarters(scan: Scan, days: readonly Day[]): Promise<IdRange[]> {
  const pairs = pairsOf(scan.filter);
  if (pairs !== null) return readQuartersOf(scan, days, pairs);
  const parameters: unknown[] = [days.map(({ day }) => day)];
  const { filter } = scan;
  const grain = grainOf(filter);
  // Of named actors, or of few tables, an index knows the quarters.
  const few =
    grain === RELATION_DAYS && filter.actorIds === null ? (filter.relationIds ?? filter.fieldRelationIds) : null;
  const relations = few ?? (await relationsOf(scan));
  const actors =
    filter.actorIds === null ? '' : ` and u.actor_id = any($${parameters.push(filter.actorIds)}::integer[])`;
  const rollups =
    relations === null
      ? `select * from :schema.rollups u where u.bucket = b.bucket${actors} offset 0`
      : `select u.* from unnest($${parameters.push(relations)}::integer[]) r(id)
         cross join lateral (select * from :schema.rollups u where u.bucket = b.bucket and u.relation_id = r.id offset 0) u`;
  const rows = await scan.snapshot.query<{ low: string; high: string }>(
    `select x.low::text, x.high::text from (
       select u.day + (q.n - 1) * interval '15 minutes' as bucket from :schema.${grain.table} u
       cross join lateral unnest(u.quarters) with ordinality q(count, n)
       where u.day = any($1::timestamptz[]) and q.count > 0 and ${rollupCondition(filter, parameters, grain)}
       union
       select u.bucket from :schema.pending_rollups u
       where ${DAY_OF_BUCKET} = any($1::timestamptz[]) and ${rollupCondition(filter, parameters)}) b
     cross join lateral (
       -- All of a quarter, a few hundred: with more conditions PostgreSQL 18 may skip through an index instead, and
       -- takes the tens of thousands of searches for a few.
       select min(u.min_id) as low, max(u.max_id) as high from (${rollups}) u
       where ${rollupCondition(filter, parameters)}) x
     where x.low is not null`,
    parameters,
  );
  return rows.map(({ low, high }) => ({ low: BigInt(low), high: BigInt(high) }));
}

/** Relations that have the actions asked for, where those are few: a login has none, which is told as 0. Null of more. */
async function relationsOf({ snapshot, filter: { actions, actorIds } }: Scan): Promise<readonly number[] | null> {
  if (actions === null || actorIds !== null) return null;
  const rows = await snapshot.queryPlanned<{ relation_id: number }>(
    `select t.relation_id from :schema.relation_totals t where t.action = any($1::text[])
     union select u.relation_id from :schema.pending_rollups u where u.action = any($1::text[]) limit $2::integer`,
    [actions, MAX_RELATIONS + 1],
  );
  return rows.length > MAX_RELATIONS ? null : rows.map((row) => row.relation_id);
}

/** Actors, each with each of the tables, whose days are looked up one by one. */
const MAX_PAIRS = 16;

/** Null where the filter has no such pairs, or too many. Pure. */
export function pairsOf({ actorIds, relationIds }: Pick<ResolvedFilter, 'actorIds' | 'relationIds'>): Pairs | null {
  if (actorIds === null || relationIds === null || actorIds.length * relationIds.length > MAX_PAIRS) return null;
  return { actorIds, relationIds };
}

interface Pairs {
  readonly actorIds: readonly number[];
  readonly relationIds: readonly number[];
}

/** What an actor did to a table is found by an index, day by day. */
async function readQuartersOf(
  { snapshot, filter }: Scan,
  days: readonly Day[],
  { actorIds, relationIds }: Pairs,
): Promise<IdRange[]> {
  const parameters: unknown[] = [days.map(({ day }) => day), actorIds, relationIds];
  const rows = await snapshot.query<{ low: string; high: string }>(
    `select u.min_id::text as low, u.max_id::text as high
     from unnest($1::timestamptz[]) d(day) cross join unnest($2::integer[]) a(id) cross join unnest($3::integer[]) r(id)
     cross join lateral (
       select * from :schema.rollups u where u.actor_id = a.id and u.relation_id = r.id
         and u.bucket >= d.day and u.bucket < d.day + interval '1 day' offset 0) u
     where ${rollupCondition(filter, parameters)}`,
    parameters,
  );
  return rows.map(({ low, high }) => ({ low: BigInt(low), high: BigInt(high) }));
}

const DAY_OF_BUCKET = "date_bin('1 day', u.bucket, timestamptz '2000-01-01 00:00:00+00')";

function grainOf(filter: ResolvedFilter): RollupGrain {
  const relations = filter.relationIds ?? filter.fieldRelationIds;
  return relations === null || relations.length > MAX_RELATIONS ? SOURCE_DAYS : RELATION_DAYS;
}

/**
 * The part of the range outside of which no entry lies within the filter's times, to a quarter of an hour. (An entry's id is
 * of when it was recorded, which may be long after it occurred.)
 */
export async function narrowByTime(snapshot: Snapshot, filter: ResolvedFilter, range: IdRange): Promise<IdRange> {
  const { from, to } = filter;
  if (from === null && to === null) return range;
  const rows = await snapshot.queryPlanned<{ low: string | null; high: string | null }>(TIME_SQL, [
    from === null ? '-infinity' : formatTime(bucketOf(from)),
    to === null ? 'infinity' : formatTime(to),
    from === null ? '-infinity' : formatTime(dayOf(from + DAY_MICROS - 1n)),
    to === null ? 'infinity' : formatTime(dayOf(to)),
  ]);
  const { low, high } = rows[0] as { low: string | null; high: string | null };
  if (low === null || high === null) return { low: 0n, high: -1n };
  return {
    low: BigInt(low) > range.low ? BigInt(low) : range.low,
    high: BigInt(high) < range.high ? BigInt(high) : range.high,
  };
}

/**
 * Whole days, from $3 and before $4, and the quarters of those that are cut. Open ends are infinite and not null: "null, or
 * from then on" is no condition that an index is searched by.
 */
const TIME_SQL = `
select min(d.min_id)::text as low, max(d.max_id)::text as high from (
  select q.min_id, q.max_id from :schema.source_quarters q
    where q.bucket >= $1::timestamptz and q.bucket < least($3::timestamptz, $2::timestamptz)
  union all
  select u.min_id, u.max_id from :schema.source_days u
    where u.day >= $3::timestamptz and u.day < $4::timestamptz
  union all
  select q.min_id, q.max_id from :schema.source_quarters q
    where q.bucket >= greatest($4::timestamptz, $1::timestamptz) and q.bucket < $2::timestamptz
  union all
  select u.min_id, u.max_id from :schema.pending_rollups u
    where u.bucket >= $1::timestamptz and u.bucket < $2::timestamptz) d`;

/** The counts of an actor in a table up to which they are looked up one by one. */
const MAX_PAIR_ENTRIES = 5_000;

/** By which of them entries of these actors in these tables are found: by the counts of both, where those are few. */
export async function rarerOf(snapshot: Snapshot, filter: ResolvedFilter): Promise<'pair' | 'table' | 'actor'> {
  if (filter.relationIds === null || filter.actorIds === null || filter.relationIds.length > MAX_RELATIONS) {
    return 'actor';
  }
  const rows = await snapshot.queryPlanned<{ pair: boolean; table: boolean }>(
    `select (select coalesce(sum(t.count), 0) from :schema.actor_relation_totals t
         where t.actor_id = any($2::integer[]) and t.relation_id = any($1::integer[])) <= ${MAX_PAIR_ENTRIES} as pair,
       (select coalesce(sum(t.count), 0) from :schema.relation_totals t where t.relation_id = any($1::integer[]))
       < (select coalesce(sum(t.count), 0) from :schema.actor_totals t where t.actor_id = any($2::integer[])) as table`,
    [filter.relationIds, filter.actorIds],
  );
  if (rows[0]?.pair === true) return 'pair';
  return rows[0]?.table === true ? 'table' : 'actor';
}

/** The segments' parts inside the range, as ranges that do not overlap. */
export function mergeRanges(segments: readonly IdRange[], range: IdRange): IdRange[] {
  const clipped = segments
    .map(({ low, high }) => ({
      low: low > range.low ? low : range.low,
      high: high < range.high ? high : range.high,
    }))
    .filter(({ low, high }) => low <= high)
    .toSorted((a, b) => (a.low < b.low ? -1 : 1));
  const merged: { low: bigint; high: bigint }[] = [];
  for (const next of clipped) {
    const last = merged.at(-1);
    if (last === undefined || next.low > last.high + 1n) merged.push({ ...next });
    else if (next.high > last.high) last.high = next.high;
  }
  return merged;
}
