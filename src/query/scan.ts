import { entryCondition, relationNamed, rollupCondition, type ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import { findLinkedKeys, type LinkedKey } from './key-chain.ts';
import type { Snapshot } from './store-reader.ts';

export type Direction = 'newest' | 'oldest';

/** Entries looked at directly before the rollups are asked where the rest of a sparse filter's entries are. */
const PROBE_ENTRIES = 2_000;
const FIRST_SEGMENTS = 64;
const FIRST_CONTEXTS = 256;
const MAX_CONTEXTS = 16_384;
const GROWTH = 8;

/**
 * The ids of up to `want` entries that match, from the newest or the oldest of the range on.
 * Each kind of filter has its own way in, so that a rare match in a long history is found without
 * reading the history.
 */
export function findIds(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  range: IdRange,
  direction: Direction,
  want: number,
): Promise<bigint[]> {
  const scan: Scan = { snapshot, filter, direction, want };
  if (range.low > range.high) return Promise.resolve([]);
  if (filter.records !== null) return findByRecord(scan, range, filter.records);
  if (filter.actorIds !== null) return findByActor(scan, range, filter.actorIds);
  return findByRange(scan, range);
}

interface Scan {
  readonly snapshot: Snapshot;
  readonly filter: ResolvedFilter;
  readonly direction: Direction;
  readonly want: number;
}

/**
 * One index probe into `(relation_id, record_key, id)` for each relation and key, and for each other key that the
 * record had, for as long as it had it. Most records had no other: both questions are asked at once.
 */
async function findByRecord(scan: Scan, range: IdRange, records: readonly string[]): Promise<bigint[]> {
  const [linked, found] = await Promise.all([
    findLinkedKeys(scan.snapshot, scan.filter, records),
    probeRecords(scan, range, records, []),
  ]);
  return linked.length === 0 ? found : probeRecords(scan, range, records, linked);
}

async function probeRecords(
  scan: Scan,
  range: IdRange,
  records: readonly string[],
  linked: readonly LinkedKey[],
): Promise<bigint[]> {
  const { filter, want } = scan;
  const order = orderOf(scan.direction);
  const parameters: unknown[] = [range.low, range.high, want, records];
  const condition = entryCondition(filter, parameters, new Set(['relation']));
  const select = (relation: string): string => `(select e.id from :schema.entries e
    where ${relation} and e.record_key = k.key and e.id between $1::bigint and $2::bigint and ${condition}
    order by e.id ${order} limit $3::bigint)`;
  // A record ends with the truncate that has captured its row.
  const truncated = `(select e.id from :schema.truncated_rows t join :schema.entries e on e.id = t.entry_id
    where t.relation_id = r.id and t.record_key = k.key and t.entry_id between $1::bigint and $2::bigint and ${condition}
    order by t.entry_id ${order} limit $3::bigint)`;
  const anyTable = filter.relationIds === null && filter.tables === null;
  const relations =
    filter.relationIds === null
      ? `select r.id from :schema.relations r where ${
          filter.tables === null ? 'true' : relationNamed('r', `$${parameters.push(filter.tables)}::text[]`)
        }`
      : `select unnest($${parameters.push(filter.relationIds)}::integer[])`;
  const tableless = anyTable
    ? `union all select x.id from unnest($4::text[]) k(key) cross join lateral ${select('e.relation_id is null')} x`
    : '';
  const elsewhere = linked.length === 0 ? '' : `union all ${linkedSql(linked, { condition, order, parameters })}`;
  // An index on all that a probe asks for gives the order, too: no parameter can make another plan better.
  const rows = await scan.snapshot.queryPlanned<{ id: string }>(
    `select id::text from (select distinct id from (
       select x.id from (${relations}) r(id) cross join unnest($4::text[]) k(key)
       cross join lateral (${select('e.relation_id = r.id')} union all ${truncated}) x ${tableless} ${elsewhere}) found) all_found
     order by all_found.id ${order} limit $3::bigint`,
    parameters,
  );
  return rows.map((row) => BigInt(row.id));
}

/** `parameters` begin with the range and how many are wanted. */
function linkedSql(
  linked: readonly LinkedKey[],
  { condition, order, parameters }: { condition: string; order: string; parameters: unknown[] },
): string {
  const column = (values: readonly unknown[], type: string): string => `$${parameters.push(values)}::${type}[]`;
  const lists = [
    column(
      linked.map((key) => key.relationId),
      'integer',
    ),
    column(
      linked.map(({ key }) => key),
      'text',
    ),
    column(
      linked.map((key) => key.low),
      'bigint',
    ),
    column(
      linked.map((key) => key.high),
      'bigint',
    ),
  ];
  return `select x.id from unnest(${lists.join(', ')}) k(relation_id, key, low, high)
    cross join lateral ((select e.id from :schema.entries e
      where e.relation_id = k.relation_id and e.record_key = k.key
        and e.id between greatest(k.low, $1::bigint) and least(k.high, $2::bigint) and ${condition}
      order by e.id ${order} limit $3::bigint)
      union all
      (select e.id from :schema.truncated_rows t join :schema.entries e on e.id = t.entry_id
      where t.relation_id = k.relation_id and t.record_key = k.key
        and t.entry_id between greatest(k.low, $1::bigint) and least(k.high, $2::bigint) and ${condition}
      order by t.entry_id ${order} limit $3::bigint)) x`;
}

/**
 * Contexts of the actors → their id ranges → entries. An actor belongs to one source and a source's
 * contexts do not overlap, so reading a stretch of them settles a stretch of ids.
 */
async function findByActor(scan: Scan, range: IdRange, actorIds: readonly number[]): Promise<bigint[]> {
  const found: bigint[] = [];
  let rest = range;
  let batch = FIRST_CONTEXTS;
  while (rest.low <= rest.high) {
    scan.snapshot.remainingMs();
    const contexts = await readContexts(scan, rest, actorIds, batch);
    const settled = settledRange(contexts, rest, scan.direction, batch);
    found.push(...(await readContextEntries(scan, settled, contexts, scan.want - found.length)));
    if (found.length >= scan.want) break;
    rest = without(rest, settled, scan.direction);
    batch = Math.min(batch * GROWTH, MAX_CONTEXTS);
  }
  return found;
}

interface ContextRange extends IdRange {
  readonly actorId: number;
}

/** Per actor, the `limit` contexts nearest the start of the walk that may touch the range. */
async function readContexts(
  scan: Scan,
  range: IdRange,
  actorIds: readonly number[],
  limit: number,
): Promise<ContextRange[]> {
  const rows = await scan.snapshot.query<{ actor_id: number; low: string; high: string }>(
    `select a.id as actor_id, x.id::text as low, x.last_id::text as high
     from unnest($1::integer[]) a(id)
     cross join lateral (
       select c.id, c.last_id from :schema.contexts c
       where c.actor_id = a.id and c.id <= $3::bigint and c.id >= coalesce((
         select max(s.id) from :schema.contexts s where s.actor_id = a.id and s.id <= $2::bigint), $2::bigint)
       order by c.id ${orderOf(scan.direction)} limit $4::bigint) x`,
    [actorIds, range.low, range.high, limit],
  );
  return rows.map((row) => ({ actorId: row.actor_id, low: BigInt(row.low), high: BigInt(row.high) }));
}

/** The part of the range in which no further context of any of the actors can have an entry. */
function settledRange(contexts: readonly ContextRange[], range: IdRange, direction: Direction, limit: number): IdRange {
  const counts = new Map<number, number>();
  let { low, high } = range;
  for (const context of contexts) {
    const count = (counts.get(context.actorId) ?? 0) + 1;
    counts.set(context.actorId, count);
    if (count < limit) continue;
    if (direction === 'newest') low = context.low > low ? context.low : low;
    else high = context.high < high ? context.high : high;
  }
  return { low, high };
}

function readContextEntries(
  scan: Scan,
  range: IdRange,
  contexts: readonly ContextRange[],
  want: number,
): Promise<bigint[]> {
  const order = orderOf(scan.direction);
  const parameters: unknown[] = [
    range.low,
    range.high,
    want,
    contexts.map((context) => context.low),
    contexts.map((context) => context.high),
  ];
  const condition = entryCondition(scan.filter, parameters, new Set(['actor']));
  return readIds(
    scan.snapshot,
    `select x.id::text from unnest($4::bigint[], $5::bigint[]) c(id, last_id)
     cross join lateral (
       select e.id from :schema.entries e
       where e.id between greatest(c.id, $1::bigint) and least(c.last_id, $2::bigint)
         and e.context_id = c.id and ${condition}
       order by e.id ${order} limit $3::bigint) x
     order by x.id ${order} limit $3::bigint`,
    parameters,
  );
}

/** The nearest entries directly; beyond them, only the stretches in which the rollups count a match. */
async function findByRange(scan: Scan, range: IdRange): Promise<bigint[]> {
  if (isUnrestricted(scan.filter)) return readRanges(scan, [range], scan.want);
  const near = await probe(scan, range);
  const found = await readRanges(scan, [near], scan.want);
  let rest = without(range, near, scan.direction);
  let limit = FIRST_SEGMENTS;
  while (found.length < scan.want && rest.low <= rest.high) {
    scan.snapshot.remainingMs();
    const missing = scan.want - found.length;
    const segments = await readSegments(scan, rest, limit);
    const settled = settledSegments(segments, rest, scan.direction, { missing, limit });
    if (settled !== undefined) {
      found.push(...(await readRanges(scan, mergeRanges(segments, settled), missing)));
      rest = without(rest, settled, scan.direction);
    }
    limit *= GROWTH;
  }
  return found;
}

async function probe(scan: Scan, range: IdRange): Promise<IdRange> {
  const newest = scan.direction === 'newest';
  const rows = await scan.snapshot.query<{ seen: number; edge: string | null }>(
    `select count(*)::integer as seen, ${newest ? 'min' : 'max'}(p.id)::text as edge from (
       select e.id from :schema.entries e where e.id between $1::bigint and $2::bigint
       order by e.id ${orderOf(scan.direction)} limit $3::bigint) p`,
    [range.low, range.high, PROBE_ENTRIES],
  );
  const { seen, edge } = rows[0] as { seen: number; edge: string | null };
  if (seen < PROBE_ENTRIES || edge === null) return range;
  return newest ? { low: BigInt(edge), high: range.high } : { low: range.low, high: BigInt(edge) };
}

interface Segment extends IdRange {
  readonly count: bigint;
}

/** Id ranges of 15-minute buckets with a match, nearest the start of the walk first. */
async function readSegments(scan: Scan, range: IdRange, limit: number): Promise<Segment[]> {
  const parameters: unknown[] = [range.low, range.high, limit];
  const condition = rollupCondition(scan.filter, parameters);
  const rows = await scan.snapshot.query<{ low: string; high: string; count: string }>(
    `select min(u.min_id)::text as low, max(u.max_id)::text as high, sum(u.count)::text as count
     from :schema.rollups u
     where u.max_id >= $1::bigint and u.min_id <= $2::bigint and ${condition}
     group by u.bucket
     order by ${scan.direction === 'newest' ? 'max(u.max_id) desc' : 'min(u.min_id)'} limit $3::bigint`,
    parameters,
  );
  return rows.map((row) => ({ low: BigInt(row.low), high: BigInt(row.high), count: BigInt(row.count) }));
}

/**
 * The stretch, from the start of the walk, that the first segments cover completely and in which they
 * promise enough entries. Undefined when more segments are needed to settle anything.
 */
function settledSegments(
  segments: readonly Segment[],
  range: IdRange,
  direction: Direction,
  { missing, limit }: { missing: number; limit: number },
): IdRange | undefined {
  let promised = 0n;
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    promised += segment.count;
    if (next === undefined) break;
    if (promised < BigInt(missing) && index + 2 < limit) continue;
    const settled =
      direction === 'newest' ? { low: next.high + 1n, high: range.high } : { low: range.low, high: next.low - 1n };
    if (settled.low <= settled.high) return settled;
  }
  return segments.length < limit ? range : undefined;
}

/** The segments' parts inside the range, as ranges that do not overlap. */
function mergeRanges(segments: readonly IdRange[], range: IdRange): IdRange[] {
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

function readRanges(scan: Scan, ranges: readonly IdRange[], want: number): Promise<bigint[]> {
  const order = orderOf(scan.direction);
  const [only] = ranges;
  if (only === undefined) return Promise.resolve([]);
  // One range is given as plain bounds, so that the planner sees which partitions they leave.
  const single = ranges.length === 1;
  const parameters: unknown[] = single
    ? [only.low, only.high, want]
    : [ranges.map((range) => range.low), ranges.map((range) => range.high), want];
  const condition = entryCondition(scan.filter, parameters);
  const select = (low: string, high: string): string => `select e.id from :schema.entries e
    where e.id between ${low} and ${high} and ${condition} order by e.id ${order} limit $3::bigint`;
  const sql = single
    ? `select x.id::text from (${select('$1::bigint', '$2::bigint')}) x order by x.id ${order}`
    : `select x.id::text from unnest($1::bigint[], $2::bigint[]) r(low, high)
       cross join lateral (${select('r.low', 'r.high')}) x order by x.id ${order} limit $3::bigint`;
  return readIds(scan.snapshot, sql, parameters);
}

async function readIds(snapshot: Snapshot, sql: string, parameters: readonly unknown[]): Promise<bigint[]> {
  const rows = await snapshot.query<{ id: string }>(sql, parameters);
  return rows.map((row) => BigInt(row.id));
}

/** What is left of the range after the walk has passed `done`. */
function without(range: IdRange, done: IdRange, direction: Direction): IdRange {
  return direction === 'newest' ? { low: range.low, high: done.low - 1n } : { low: done.high + 1n, high: range.high };
}

function isUnrestricted(filter: ResolvedFilter): boolean {
  return Object.values(filter).every((value) => value === null);
}

function orderOf(direction: Direction): string {
  return direction === 'newest' ? 'desc' : 'asc';
}
