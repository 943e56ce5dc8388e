import type { ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import { eventTablesOf, findLinked, laterCondition, type End } from './record-ends.ts';
import { orderOf, UNLIMITED, without, type Scan } from './scan-walk.ts';
import { readDays, readDensity, readStretch, sparseStretch } from './segments.ts';

/** Records that are looked up for one page: further down, most have changed since, and are passed by. */
const MAX_LOOKED_UP = 1_500;
/** Entries that a stretch promises: the first one, and any later one. */
const FIRST_DEMAND = 3_000;
const MAX_DEMAND = 4_000;
/** Entries of a month up to which they are all read from the index. */
const MAX_INDEXED = 100_000;

/** What was found of few tables, up to one more than is wanted. */
export interface FoundRecords {
  readonly ids: readonly bigint[];
  /** The last id that was searched, where the search ended before the range did. */
  readonly until: bigint | null;
  readonly entries: number;
}

/** Whether nothing but tables is asked for. */
export function isOfTablesAlone(filter: ResolvedFilter): boolean {
  return filter.relationIds !== null && isOfActionsAlone({ ...filter, relationIds: null });
}

/** Whether nothing but actions is asked for. */
export function isOfActionsAlone(filter: ResolvedFilter): boolean {
  const { actions: _actions, hiddenAction: _hidden, ...others } = filter;
  return Object.values(others).every((value) => value === null);
}

/**
 * The ends of the records of tables that have few entries, down the list: the index on table and record has them all, stretch by
 * stretch, and tells the last (or first) one of each record without a look at the entries. Undefined where the tables
 * have so many that their latest ones are found sooner.
 */
export async function findInTables(
  scan: Omit<Scan, 'budget'>,
  range: IdRange,
  { recent, want }: { readonly recent: boolean; readonly want: number },
): Promise<FoundRecords | undefined> {
  const { snapshot, direction } = scan;
  const looking: Scan = { budget: UNLIMITED, ...scan };
  const [density] = await Promise.all([readDensity(looking), eventTablesOf(snapshot)]);
  if ((density?.perMonth ?? 0) > MAX_INDEXED) return undefined;
  const days = await readDays(looking, range);
  const found: bigint[] = [];
  let [rest, entries, lookedUp] = [range, 0, 0];
  for (let demand = FIRST_DEMAND; rest.low <= rest.high; demand = MAX_DEMAND) {
    snapshot.remainingMs();
    const how = { demand, maxSparse: MAX_INDEXED };
    const sparse = sparseStretch(looking, days, rest, how);
    if (sparse === undefined && entries === 0) return undefined;
    const { settled, ranges } = sparse ?? (await readStretch(looking, days, rest, how));
    const [first, last] = [ranges.at(0), ranges.at(-1)];
    if (first !== undefined && last !== undefined) {
      const stretch = { low: first.low, high: last.high };
      const search = { recent, want: want - found.length, most: MAX_LOOKED_UP - lookedUp };
      const read = await readEnds(scan, stretch, search);
      entries += read.entries;
      lookedUp += read.records;
      found.push(...read.ids);
      if (found.length >= want) return { ids: found, until: null, entries };
      if (read.until !== null) return { ids: found, until: read.until, entries };
    }
    rest = without(rest, settled, direction);
    if (lookedUp >= MAX_LOOKED_UP && rest.low <= rest.high) {
      return { ids: found, until: direction === 'newest' ? settled.low : settled.high, entries };
    }
  }
  return { ids: found, until: null, entries };
}

interface EndSearch {
  readonly recent: boolean;
  readonly want: number;
  /** Records that are looked up. */
  readonly most: number;
}

/** The ends of records in the stretch that are ends of their records at all, with what it took to find them. */
async function readEnds(
  scan: Omit<Scan, 'budget'>,
  stretch: IdRange,
  search: EndSearch,
): Promise<FoundRecords & { readonly records: number }> {
  const { snapshot, filter } = scan;
  let read = await readLasting(scan, stretch, search);
  let linked = await findLinked(snapshot, filter, read.ends, search.recent);
  if (linked.size > 0) {
    // Where a record goes on (or came from) under another key, it has no end here: others come in its place.
    read = await readLasting(scan, stretch, { ...search, want: search.most });
    linked = await findLinked(snapshot, filter, read.ends, search.recent);
  }
  const ids = read.ends.filter(({ id }) => !linked.has(id)).map(({ id }) => BigInt(id));
  const { until, records, entries } = read;
  return { ids: ids.slice(0, search.want), until, records, entries };
}

/**
 * Of the records with entries in the stretch, the ends there of those that have no further entry beyond it, in the direction of the
 * walk. Whatever the walk has passed lies beyond it, too, so that none is found twice. It is all told by the index on table and
 * record, and leaves the server only where it is wanted.
 */
async function readLasting(
  { snapshot, filter, direction }: Omit<Scan, 'budget'>,
  stretch: IdRange,
  { recent, want, most }: EndSearch,
): Promise<{
  readonly ends: readonly End[];
  readonly until: bigint | null;
  readonly records: number;
  readonly entries: number;
}> {
  const [order, back] = [orderOf(direction), orderOf(direction === 'newest' ? 'oldest' : 'newest')];
  const parameters: unknown[] = [filter.relationIds, stretch.low, stretch.high, most, want];
  const matches = await laterCondition(snapshot, filter, filter.relationIds ?? [], parameters);
  const rows = await snapshot.query<{ records: number; entries: number; edge: string | null; ends: string[] }>(
    `with ends as materialized (
       select ${recent ? 'max' : 'min'}(e.id) as id, e.relation_id, e.record_key, count(*) as count from :schema.entries e
       where e.relation_id = any($1::integer[]) and e.record_key is not null and e.id between $2::bigint and $3::bigint
       group by e.relation_id, e.record_key
     ), nearest as materialized (
       select * from ends order by ends.id ${order} limit $4::bigint
     )
     select (select count(*) from nearest)::integer as records, (select coalesce(sum(x.count), 0) from ends x)::integer as entries,
       (select n.id::text from nearest n where (select count(*) from ends) > $4::bigint order by n.id ${back} limit 1) as edge,
       array(
         select json_build_array(c.id::text, c.relation_id, c.record_key)::text from nearest c
         where (select n.id from :schema.entries n
           where n.relation_id = c.relation_id and n.record_key = c.record_key
             and ${recent ? 'n.id > $3::bigint' : 'n.id < $2::bigint'} and ${matches}
           -- Ordered, so that it is a walk through the index and never a join with all entries.
           order by n.id ${recent ? 'asc' : 'desc'} limit 1) is null
         -- In the order of what is scanned: told to sort, PostgreSQL before 17 would look all of them up first.
         limit $5::bigint) as ends`,
    parameters,
  );
  const { records, entries, edge, ends } = rows[0] as (typeof rows)[number];
  return { ends: ends.map(endOf), until: edge === null ? null : BigInt(edge), records, entries };
}

function endOf(text: string): End {
  const [id, relationId, key] = JSON.parse(text) as [string, number, string];
  return { id, relation_id: relationId, record_key: key };
}
