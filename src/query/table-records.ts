import type { ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import { keepEnds, type End, type Ends } from './record-ends.ts';
import { UNLIMITED, without, type Scan } from './scan-walk.ts';
import { readDays, readDensity, readStretch, sparseStretch } from './segments.ts';
import type { Snapshot } from './store-reader.ts';

/** Records that are looked up at a time, and for one page: further down, most have changed since, and are passed by. */
const BATCH = 750;
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
  const { relationIds, actions: _actions, hiddenAction: _hidden, ...others } = filter;
  return relationIds !== null && Object.values(others).every((value) => value === null);
}

/**
 * The ends of the records of tables that have few entries, down the list: the index on table and record has them all, stretch by
 * stretch, and tells the last (or first) one of each record without a look at the entries. Undefined where the tables
 * have so many that their latest ones are found sooner.
 */
export async function findInTables(
  scan: Omit<Scan, 'budget'>,
  range: IdRange,
  { ends, want }: { readonly ends: Ends; readonly want: number },
): Promise<FoundRecords | undefined> {
  const { snapshot, filter, direction } = scan;
  const looking: Scan = { ...scan, budget: UNLIMITED };
  if (((await readDensity(looking))?.perMonth ?? 0) > MAX_INDEXED) return undefined;
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
      const records = await readRecordEnds(snapshot, filter, { low: first.low, high: last.high }, ends.recent);
      const inOrder = direction === 'newest' ? records.toReversed() : records;
      entries += inOrder.reduce((sum, { count }) => sum + count, 0);
      for (let at = 0; at < inOrder.length; at += BATCH) {
        if (lookedUp >= MAX_LOOKED_UP) return { ids: found, until: BigInt(inOrder[at - 1]?.id ?? 0), entries };
        const batch = inOrder.slice(at, at + BATCH);
        found.push(...(await keepEnds(snapshot, filter, batch, { ...ends, want: want - found.length })));
        if (found.length >= want) return { ids: found.slice(0, want), until: null, entries };
        lookedUp += batch.length;
      }
    }
    rest = without(rest, settled, direction);
    if (lookedUp >= MAX_LOOKED_UP && rest.low <= rest.high) {
      return { ids: found, until: direction === 'newest' ? settled.low : settled.high, entries };
    }
  }
  return { ids: found, until: null, entries };
}

/** By their ids; of each record the last entry of the range, or the first one. */
function readRecordEnds(
  snapshot: Snapshot,
  { relationIds }: ResolvedFilter,
  { low, high }: IdRange,
  recent: boolean,
): Promise<(End & { readonly count: number })[]> {
  return snapshot.query(
    `select x.id::text, x.relation_id, x.record_key, x.count from (
       select ${recent ? 'max' : 'min'}(e.id) as id, e.relation_id, e.record_key, count(*)::integer as count from :schema.entries e
       where e.relation_id = any($1::integer[]) and e.record_key is not null and e.id between $2::bigint and $3::bigint
       group by e.relation_id, e.record_key) x
     order by x.id`,
    [relationIds, low, high],
  );
}
