import { findBusiest } from './busiest.ts';
import { readMarks } from './entry-mark.ts';
import { NO_FILTER, resolveFilter, type ResolvedFilter } from './filter.ts';
import { readHorizon } from './horizon.ts';
import { MAX_ID, type IdRange } from './id-range.ts';
import type { Place } from './list-cursor.ts';
import { idsBeyond, readListPage, type PageWalk, type Walked } from './list-page.ts';
import { eventTablesOf, KEYED_ACTIONS, keepEnds, readKeyed, type End } from './record-ends.ts';
import { ROW_ACTIONS } from './record-scope.ts';
import { readResources, type ListedResource, type ResourcePage, type ResourceQuery } from './resource-reader.ts';
import { findBusy, findNearestKeyed } from './scan-by-range.ts';
import { promisedBy, UNLIMITED, type Scan } from './scan-walk.ts';
import { findIds } from './scan.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { findInTables, isOfActionsAlone, isOfTablesAlone, type FoundRecords } from './table-records.ts';
import { formatTime, nowMicros, recordedAt } from './time.ts';

/** Entries that are looked at for one page; among those of few records the page may be short. */
export const MAX_SEARCHED = 20_000;
/** Entries that are looked at first, for each record that is wanted: at the start of the list, further down, and there of busy tables. */
const ENTRIES_PER_RECORD = { first: 2, deep: 8, deepOfTables: 32 };
const MAX_CHUNK = 4_000;

/** Records that have entries matching the filters. Throws a FilterError for a cursor, time or window that can't be used. */
export function listResources(store: StoreReader, query: ResourceQuery): Promise<ResourcePage> {
  const now = nowMicros();
  return inSnapshot(store, async (snapshot) => {
    if (query.sort === 'busiest') return findBusiest(snapshot, query, now);
    const list = JSON.stringify([
      'resources',
      query.sort,
      query.table,
      query.source,
      query.user,
      query.from,
      query.to,
      store.viewer,
    ]);
    const given = {
      ...NO_FILTER,
      table: query.table,
      source: query.source,
      user: query.user,
      from: query.from,
      to: query.to,
    };
    const filter = await resolveFilter(snapshot, { ...given, action: ROW_ACTIONS }, now);
    // By first change, who pages on would have passed by a record whose first change appears behind.
    const high =
      query.sort === 'oldest'
        ? (await readHorizon(snapshot, { source: query.source, table: query.table })) - 1n
        : MAX_ID;
    let searched: ResourcePage['meta']['searched'];
    const { items, meta } = await readListPage<ListedResource>(
      query,
      { list, width: 1, placeOf: ({ id }) => [id.toString()] },
      async (walk) => {
        if (filter === undefined) return { items: [], more: false };
        const found = await walkRecords(snapshot, filter, walk, { recent: query.sort === 'recent', high });
        searched = found.searched;
        return found;
      },
    );
    return { resources: items, meta: searched === undefined ? meta : { ...meta, searched } };
  });
}

/**
 * The records that the filter's entries changed last, the latest first. `near`: the latest of the filter's entries, of all actions, the latest
 * first; `isAll`: there are no others.
 */
export async function latestResources(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  near: { readonly ids: readonly bigint[]; readonly isAll: boolean },
  limit: number,
): Promise<readonly ListedResource[]> {
  const ofRecords = { ...filter, actions: KEYED_ACTIONS };
  const ends = { recent: true, forward: true, place: null, seen: new Set<string>() };
  const found: bigint[] = [];
  const first = limit * ENTRIES_PER_RECORD.first;
  for (const ids of [near.ids.slice(0, first), near.ids.slice(first)]) {
    const entries = await readKeyed(snapshot, ids);
    found.push(...(await keepEnds(snapshot, ofRecords, entries, { want: limit - found.length, ...ends })));
    if (found.length === limit) return readResources(snapshot, found);
  }
  if (near.isAll) return readResources(snapshot, found);
  const walk = { place: null, backward: false, limit };
  return (await walkRecords(snapshot, ofRecords, walk, { recent: true, high: MAX_ID })).items;
}

type WalkedRecords = Walked<ListedResource> & {
  readonly searched?: { readonly entries: number; readonly until: string };
};

/**
 * Walks entries in the order of the list and takes each that is the last one (or the first) of its record: each is
 * a probe of the index on (relation, record, id), whatever the length of the history.
 */
async function walkRecords(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  { place, backward, limit }: PageWalk,
  { recent, high }: { readonly recent: boolean; readonly high: bigint },
): Promise<WalkedRecords> {
  const descending = recent !== backward;
  const direction = descending ? 'newest' : 'oldest';
  let rest: IdRange = idsBeyond(place, descending, { low: 0n, high });
  const ends = {
    recent,
    forward: descending === recent,
    place: startOf(place, rest, descending),
  };
  // Most records that are passed down there have changed since.
  if (place !== null && isOfTablesAlone(filter)) {
    const scan = { snapshot, filter, direction } as const;
    const known = await findInTables(scan, rest, { recent, want: limit + 1 });
    const walked = known === undefined ? undefined : await walkedOf(snapshot, known, limit);
    if (walked !== undefined) return walked;
  }
  const found: bigint[] = [];
  const passed = new Set<string>();
  let seen = 0;
  let last: bigint | undefined;
  for (
    let chunk = (limit + 1) * entriesPerRecord(filter, place);
    rest.low <= rest.high && found.length <= limit;
    chunk = nextChunk(seen, found.length, limit + 1)
  ) {
    snapshot.remainingMs();
    if (seen >= MAX_SEARCHED && last !== undefined) break;
    const [{ ids, entries }] = await Promise.all([
      findKeyed({ snapshot, filter, direction }, rest, chunk),
      place === null ? undefined : eventTablesOf(snapshot),
    ]);
    found.push(
      ...(await keepEnds(snapshot, filter, entries, { seen: passed, want: limit + 1 - found.length, ...ends })),
    );
    seen += ids.length;
    last = ids.at(-1);
    if (ids.length < chunk || last === undefined) {
      rest = { low: 1n, high: 0n };
      break;
    }
    rest = descending ? { low: rest.low, high: last - 1n } : { low: last + 1n, high: rest.high };
  }
  const wanted = found.slice(0, limit);
  const items = await readResources(snapshot, wanted);
  if (found.length > limit) return { items, more: true };
  if (rest.low > rest.high || last === undefined) return { items, more: false };
  const [mark] = await readMarks(snapshot, [last]);
  return {
    items,
    more: true,
    stoppedAt: [last.toString()],
    searched: { entries: seen, until: mark?.timestamp ?? formatTime(0n) },
  };
}

/** The next entries, and those of them that are of records. */
async function findKeyed(
  scan: Omit<Scan, 'budget'>,
  range: IdRange,
  want: number,
): Promise<{ readonly ids: readonly bigint[]; readonly entries: readonly End[] }> {
  const { snapshot, filter, direction } = scan;
  const looking = { budget: UNLIMITED, ...scan };
  const busy = isOfActionsAlone(filter)
    ? await findNearestKeyed(looking, range, { want, share: 1 })
    : isOfTablesAlone(filter)
      ? await findBusy(looking, range, want)
      : undefined;
  if (busy !== undefined) {
    return {
      ids: busy.map(({ id }) => BigInt(id)),
      entries: busy.filter((entry): entry is End => entry.record_key !== null),
    };
  }
  const { ids } = await findIds(snapshot, filter, range, direction, { want, isWhole: true });
  return { ids, entries: await readKeyed(snapshot, ids) };
}

/** Pure. */
function nextChunk(seen: number, found: number, want: number): number {
  return Math.min(Math.max(promisedBy(seen, { found, want }), want), 4 * seen, MAX_CHUNK);
}

/** Undefined where one of the last (or first) entries is an event about its record: which change it is listed for is not told. */
async function walkedOf(
  snapshot: Snapshot,
  { ids, until, entries }: FoundRecords,
  limit: number,
): Promise<WalkedRecords | undefined> {
  const items = await readResources(snapshot, ids.slice(0, limit));
  if (items.some(({ change }) => !KEYED_ACTIONS.some((action) => action === change.action))) return undefined;
  if (ids.length > limit) return { items, more: true };
  if (until === null) return { items, more: false };
  const searched = { entries, until: formatTime(recordedAt(until)) };
  return { items, more: true, stoppedAt: [until.toString()], searched };
}

function entriesPerRecord({ relationIds }: ResolvedFilter, place: Place | null): number {
  if (place === null) return ENTRIES_PER_RECORD.first;
  return relationIds === null ? ENTRIES_PER_RECORD.deep : ENTRIES_PER_RECORD.deepOfTables;
}

/** The last id before the walk; null: it begins with the list. */
function startOf(place: Place | null, range: IdRange, descending: boolean): bigint | null {
  if (place === null) return null;
  return descending ? range.high : range.low;
}
