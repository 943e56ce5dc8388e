import { entryCondition, isInRollupsWhole } from './filter-condition.ts';
import type { IdRange } from './id-range.ts';
import { readDays, readDensity, readStretch, sparseUpTo, type Day } from './segments.ts';
import {
  farEnd,
  idsIn,
  isSpent,
  isUnrestricted,
  orderOf,
  readIds,
  without,
  type Direction,
  type Found,
  type Scan,
} from './scan-walk.ts';

/** Entries looked at directly before the rollups are asked where the rest of a sparse filter's entries are. */
const PROBE_ENTRIES = 2_000;
/** With this part of all entries, tables are so busy that the rollups are asked only past so many. */
const BUSY_SHARE = 0.02;
const MAX_PROBE_ENTRIES = 20_000;
const GROWTH = 8;
/** Entries looked at in one statement where only they themselves tell whether they match: in the first one, and in any later. */
const FIRST_WINDOW_ENTRIES = 500;
const WINDOW_ENTRIES = 4_000;

/**
 * The nearest entries directly, unless too few of them are the tables'; beyond them, only the stretches in which the rollups
 * count a match.
 */
export async function findByRange(scan: Scan, range: IdRange, want: number): Promise<Found> {
  if (isUnrestricted(scan.filter)) return { ids: await readRanges(scan, [range], want), until: null };
  const isWhole = isInRollupsWhole(scan.filter);
  const read = isWhole ? readWhole : readWindows;
  const share = await readShare(scan);
  const found: bigint[] = [];
  let rest = range;
  const probe = probeEntries(want, share);
  if (probe > 0) {
    const { near, ids, until } = isWhole
      ? await readNear(scan, range, { want, probe })
      : await readNearWindows(scan, range, want);
    if (until !== null) return { ids, until };
    found.push(...ids);
    rest = without(range, near, scan.direction);
  }
  // What rollups promise without knowing the whole filter is no promise.
  let demand = isWhole ? want : want * GROWTH;
  let days: readonly Day[] | undefined;
  while (found.length < want && rest.low <= rest.high) {
    scan.snapshot.remainingMs();
    days ??= await readDays(scan, rest);
    const { settled, ranges, isSparse } = await readStretch(scan, days, rest, {
      demand,
      maxSparse: sparseUpTo(demand, share),
    });
    const next = await (isSparse ? readOfTables : read)(scan, ranges, want - found.length);
    found.push(...next.ids);
    if (next.until !== null) return { ids: found, until: next.until };
    rest = without(rest, settled, scan.direction);
    demand *= GROWTH;
  }
  return { ids: found, until: null };
}

/** The tables' part of all entries; null where the counts don't tell what matches, or by other things than tables. */
async function readShare(scan: Scan): Promise<number | null> {
  return isInRollupsWhole(scan.filter) ? ((await readDensity(scan))?.share ?? null) : null;
}

/** How many of the nearest entries are looked at directly. Pure. */
function probeEntries(want: number, share: number | null): number {
  // Tables that the counts don't have yet are new ones: what they have is near.
  if (share === null || share === 0) return PROBE_ENTRIES;
  // Too few of them are the tables'.
  if (share < BUSY_SHARE) return 0;
  return Math.min(Math.max(PROBE_ENTRIES, Math.ceil((1.2 * want) / share)), MAX_PROBE_ENTRIES);
}

export async function readWhole(scan: Scan, ranges: readonly IdRange[], want: number): Promise<Found> {
  return { ids: await readRanges(scan, ranges, want), until: null };
}

/**
 * What the tables have from the first to the last of the ranges, by the index on table and record: their ids are in it, so
 * only entries that may be wanted are looked at themselves.
 */
async function readOfTables(scan: Scan, ranges: readonly IdRange[], want: number): Promise<Found> {
  const [first, last] = [ranges.at(0), ranges.at(-1)];
  if (first === undefined || last === undefined) return { ids: [], until: null };
  const { relationIds } = scan.filter;
  const parameters: unknown[] = [first.low, last.high, want, relationIds];
  const condition = entryCondition({ ...scan.filter, relationIds: null }, parameters);
  const order = orderOf(scan.direction);
  const rows = await scan.snapshot.query<{ id: string }>(
    `select x.id::text from (
       -- In the order of ids, the planner would look for the first ones through everything.
       select i.id from (select e.id from :schema.entries e
         where e.id between $1::bigint and $2::bigint and e.relation_id = any($4::integer[]) offset 0) i
       order by i.id ${order} offset 0) x
     ${
       condition === 'true'
         ? ''
         : `cross join lateral (select from :schema.entries e
       where e.id = x.id and e.id between $1::bigint and $2::bigint and ${condition} offset 0) m`
     }
     limit $3::bigint`,
    parameters,
  );
  return { ids: rows.map(({ id }) => BigInt(id)), until: null };
}

/** Looks at one entry after the other, as far as the budget goes. */
export async function readWindows(scan: Scan, ranges: readonly IdRange[], want: number): Promise<Found> {
  const found: bigint[] = [];
  let size = FIRST_WINDOW_ENTRIES;
  for (const range of scan.direction === 'newest' ? ranges.toReversed() : ranges) {
    let rest = range;
    while (rest.low <= rest.high) {
      const window = await readWindow(scan, rest, Math.max(Math.min(size, scan.budget.entries), 1));
      size = Math.min(size * 2, WINDOW_ENTRIES);
      found.push(...window.ids);
      if (found.length >= want) return { ids: found.slice(0, want), until: null };
      scan.budget.entries -= window.looked;
      rest = without(rest, window.range, scan.direction);
      if (isSpent(scan.budget)) return { ids: found, until: farEnd(window.range, scan.direction) };
    }
  }
  return { ids: found, until: null };
}

/** What matches among the nearest entries, where that is all that is wanted or all that there is; else undefined. */
export async function findNearest(scan: Scan, range: IdRange, want: number): Promise<Found | undefined> {
  const found: bigint[] = [];
  let rest = range;
  for (const size of [FIRST_WINDOW_ENTRIES, 2 * FIRST_WINDOW_ENTRIES]) {
    const window = await readWindow(scan, rest, size);
    found.push(...window.ids);
    if (found.length >= want) return { ids: found.slice(0, want), until: null };
    rest = without(rest, window.range, scan.direction);
    if (rest.low > rest.high) return { ids: found, until: null };
  }
  return undefined;
}

interface Window {
  readonly range: IdRange;
  readonly looked: number;
  readonly ids: readonly bigint[];
}

/** The next entries of the range. Of relations that are not asked for, none are looked at: nor is told where they are. */
async function readWindow(scan: Scan, range: IdRange, size: number): Promise<Window> {
  const { filter, direction } = scan;
  const newest = direction === 'newest';
  const parameters: unknown[] = [range.low, range.high, size];
  const relations =
    filter.relationIds === null ? '' : `and e.relation_id = any($${parameters.push(filter.relationIds)}::integer[])`;
  const condition = entryCondition({ ...filter, relationIds: null }, parameters);
  // With relations, only the planner knows whether the key's index or the primary one is the shorter way.
  const rows = await scan.snapshot[filter.relationIds === null ? 'queryPlanned' : 'query']<{
    looked: number;
    edge: string | null;
    ids: string | null;
  }>(
    `select count(*)::integer as looked, ${newest ? 'min' : 'max'}(e.id)::text as edge,
       string_agg(e.id::text, ',' order by e.id ${orderOf(direction)}) filter (where ${condition}) as ids
     from (select * from :schema.entries e where e.id between $1::bigint and $2::bigint ${relations}
       order by e.id ${orderOf(direction)} limit $3::bigint) e`,
    parameters,
  );
  const { looked, edge, ids } = rows[0] as { looked: number; edge: string | null; ids: string | null };
  const isWhole = looked < size || edge === null;
  const seen = newest ? { low: BigInt(edge ?? 0), high: range.high } : { low: range.low, high: BigInt(edge ?? 0) };
  return { range: isWhole ? range : seen, looked, ids: idsIn(ids ?? '') };
}

interface Near extends Found {
  /** The part of the range that has been searched, up to `want`. */
  readonly near: IdRange;
}

/** What matches among the nearest entries: how far those reach, and which of them it is, in one statement. */
async function readNear(
  scan: Scan,
  range: IdRange,
  { want, probe }: { readonly want: number; readonly probe: number },
): Promise<Near> {
  const order = orderOf(scan.direction);
  const newest = scan.direction === 'newest';
  const parameters: unknown[] = [range.low, range.high, want, probe];
  const condition = entryCondition(scan.filter, parameters);
  const [low, high] = newest ? ['n.edge', '$2::bigint'] : ['$1::bigint', 'n.edge'];
  const rows = await scan.snapshot.queryPlanned<{ edge: string | null; ids: string }>(
    `select case when n.seen = $4::bigint then n.edge end::text as edge, array_to_string(array(
       select e.id from (select * from :schema.entries e
         where e.id between ${low} and ${high} and e.id between $1::bigint and $2::bigint
         order by e.id ${order} offset 0) e
       where ${condition} order by e.id ${order} limit $3::bigint), ',') as ids
     from (${nearSql(scan.direction, '$4')}) n`,
    parameters,
  );
  const { edge, ids } = rows[0] as { edge: string | null; ids: string };
  return { near: nearRange(scan, range, edge), ids: idsIn(ids), until: null };
}

/** An entry of a record. */
export interface KeyedId {
  readonly id: string;
  readonly relation_id: number;
  readonly record_key: string | null;
}

/**
 * What busy tables have among the nearest entries, with the records they are of, which spares a second look at them. Undefined
 * where the tables are not busy, or not there: fewer than are wanted.
 */
export async function findBusy(scan: Scan, range: IdRange, want: number): Promise<readonly KeyedId[] | undefined> {
  const share = await readShare(scan);
  return share === null || share < BUSY_SHARE ? undefined : findNearestKeyed(scan, range, { want, share });
}

/** The same of what has `share` of all entries: undefined where fewer than are wanted are among the nearest ones. */
export async function findNearestKeyed(
  scan: Scan,
  range: IdRange,
  { want, share }: { readonly want: number; readonly share: number },
): Promise<readonly KeyedId[] | undefined> {
  const order = orderOf(scan.direction);
  const parameters: unknown[] = [range.low, range.high, want, probeEntries(want, share)];
  const condition = entryCondition(scan.filter, parameters);
  const rows = await scan.snapshot.queryPlanned<KeyedId>(
    `select e.id::text, e.relation_id, e.record_key
     from (select * from :schema.entries e where e.id between $1::bigint and $2::bigint order by e.id ${order} limit $4::bigint) e
     where ${condition} order by e.id ${order} limit $3::bigint`,
    parameters,
  );
  return rows.length === want ? rows : undefined;
}

async function readNearWindows(scan: Scan, range: IdRange, want: number): Promise<Near> {
  const rows = await scan.snapshot.queryPlanned<{ edge: string | null }>(
    `select case when n.seen = $3::bigint then n.edge end::text as edge from (${nearSql(scan.direction, '$3')}) n`,
    [range.low, range.high, PROBE_ENTRIES],
  );
  const near = nearRange(scan, range, rows[0]?.edge ?? null);
  return { near, ...(await readWindows(scan, [near], want)) };
}

/** How many the nearest entries are, and the last of them. */
function nearSql(direction: Direction, limit: string): string {
  return `select count(*) as seen, ${direction === 'newest' ? 'min' : 'max'}(p.id) as edge from (
    select e.id from :schema.entries e where e.id between $1::bigint and $2::bigint
    order by e.id ${orderOf(direction)} limit ${limit}::bigint) p`;
}

/** Without an edge, all of it is near. */
function nearRange(scan: Scan, range: IdRange, edge: string | null): IdRange {
  if (edge === null) return range;
  return scan.direction === 'newest' ? { low: BigInt(edge), high: range.high } : { low: range.low, high: BigInt(edge) };
}

/**
 * The subquery's order is that of the primary key, whatever the condition: a plan that is made without knowing the
 * parameters finds no better way, and the bounds of all ranges leave out partitions before it begins.
 */
export function readRanges(scan: Scan, ranges: readonly IdRange[], want: number): Promise<bigint[]> {
  const order = orderOf(scan.direction);
  const [first, last] = [ranges.at(0), ranges.at(-1)];
  if (first === undefined || last === undefined) return Promise.resolve([]);
  const parameters: unknown[] = [first.low, last.high, want];
  const condition = entryCondition(scan.filter, parameters);
  const select = (within: string): string => `select e.id from (select * from :schema.entries e
      where e.id between $1::bigint and $2::bigint ${within} order by e.id ${order} offset 0) e
    where ${condition} order by e.id ${order} limit $3::bigint`;
  if (ranges.length === 1) return readIds(scan.snapshot, `select x.id::text from (${select('')}) x`, parameters);
  const lists = [ranges.map((range) => range.low), ranges.map((range) => range.high)].map(
    (list) => `$${parameters.push(list)}::bigint[]`,
  );
  // Nearest first: the walk through them ends with the last id that is wanted.
  return readIds(
    scan.snapshot,
    `select x.id::text from (select * from unnest(${lists.join(', ')}) r(low, high) order by r.low ${order}) r
     cross join lateral (${select('and e.id between r.low and r.high')}) x limit $3::bigint`,
    parameters,
  );
}
