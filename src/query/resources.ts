import { findBusiest } from './busiest.ts';
import { readMarks } from './entry-mark.ts';
import { NO_FILTER, resolveFilter, type ResolvedFilter } from './filter.ts';
import { readHorizon } from './horizon.ts';
import { MAX_ID, type IdRange } from './id-range.ts';
import type { Place } from './list-cursor.ts';
import { idsBeyond, readListPage, type PageWalk, type Walked } from './list-page.ts';
import { ROW_ACTIONS } from './record-scope.ts';
import { readResources, type ListedResource, type ResourcePage, type ResourceQuery } from './resource-reader.ts';
import { findIds } from './scan.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { formatTime, nowMicros, type Micros } from './time.ts';

/** Entries that are looked at for one page; among those of few records the page may be short. */
export const MAX_SEARCHED = 20_000;
/** Entries that are looked at first, for each record that is wanted. */
const ENTRIES_PER_RECORD = 2;
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

/** The records that the filter's entries changed last, the latest first. */
export async function latestResources(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  limit: number,
): Promise<readonly ListedResource[]> {
  const walk = { place: null, backward: false, limit };
  return (await walkRecords(snapshot, { ...filter, actions: KEYED_ACTIONS }, walk, { recent: true, high: MAX_ID }))
    .items;
}

/**
 * Walks entries in the order of the list and takes each that is the last one (or the first) of its record: each is
 * a probe of the index on (relation, record, id), whatever the length of the history.
 */
async function walkRecords(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  { place, backward, limit }: PageWalk,
  { recent, high }: { readonly recent: boolean; readonly high: bigint },
): Promise<Walked<ListedResource> & { readonly searched?: { readonly entries: number; readonly until: string } }> {
  const descending = recent !== backward;
  const direction = descending ? 'newest' : 'oldest';
  let rest: IdRange = idsBeyond(place, descending, { low: 0n, high });
  const found: bigint[] = [];
  const ends: Ends = {
    recent,
    forward: descending === recent,
    place: placeOf(place, rest, descending),
    seen: new Set(),
  };
  let seen = 0;
  let last: bigint | undefined;
  for (
    let chunk = (limit + 1) * ENTRIES_PER_RECORD;
    rest.low <= rest.high && found.length <= limit;
    chunk = Math.min(chunk * 4, MAX_CHUNK)
  ) {
    snapshot.remainingMs();
    if (seen >= MAX_SEARCHED && last !== undefined) break;
    const { ids } = await findIds(snapshot, filter, rest, direction, { want: chunk, isWhole: true });
    found.push(...(await keepEnds(snapshot, filter, ids, { ...ends, want: limit + 1 - found.length })));
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

/** What a walk knows of the records that it has come by. */
interface Ends {
  readonly recent: boolean;
  /** In the order of the list: whatever comes before an entry there has been walked, or lies before the walk's start. */
  readonly forward: boolean;
  /** The last id before the start of the walk; null: it began with the list. */
  readonly place: bigint | null;
  readonly seen: Set<string>;
}

function placeOf(place: Place | null, range: IdRange, descending: boolean): bigint | null {
  if (place === null) return null;
  return descending ? range.high : range.low;
}

/** Those of the ids, in their order, that are the last (or first) entry of their record among the entries that match. */
async function keepEnds(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  ids: readonly bigint[],
  ends: Ends & { readonly want: number },
): Promise<bigint[]> {
  if (ids.length === 0) return [];
  const { recent, forward, place, seen, want } = ends;
  const keyed = await readKeyed(snapshot, ids);
  const candidates = ids.flatMap((id) => {
    const end = keyed.get(id.toString());
    if (end === undefined) return [];
    const record = JSON.stringify([end.relation_id, end.record_key]);
    if (forward && seen.has(record)) return [];
    seen.add(record);
    return [end];
  });
  const without = (most: number): Promise<readonly End[]> | readonly End[] =>
    forward && place === null ? candidates : withoutLater(snapshot, filter, candidates, { ...ends, want: most });
  const found = (await without(want)).slice(0, want);
  const linked = await findLinked(snapshot, filter, found, recent);
  if (linked.size === 0) return found.map(({ id }) => BigInt(id));
  // Of those with a link, some are no ends: others come in their places.
  return keepLinked(snapshot, filter, await without(candidates.length), recent);
}

/** Where the record goes on (or came from) under another key, what is beyond the link may be by others alone. */
async function keepLinked(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  ends: readonly End[],
  recent: boolean,
): Promise<bigint[]> {
  const linked = await findLinked(snapshot, filter, ends, recent);
  const kept: bigint[] = [];
  for (const end of ends) {
    if (!linked.has(end.id) || (filter.actorIds !== null && (await isEnd(snapshot, filter, end, recent)))) {
      kept.push(BigInt(end.id));
    }
  }
  return kept;
}

/** Truncates have no record's key. */
const KEYED_ACTIONS = ROW_ACTIONS.filter((action) => action !== 'truncate');

interface End {
  readonly id: string;
  readonly relation_id: number;
  readonly record_key: string;
}

/** By id, those of entries of records. */
async function readKeyed(snapshot: Snapshot, ids: readonly bigint[]): Promise<Map<string, End>> {
  const rows = await snapshot.queryPlanned<End>(
    `select e.id::text, e.relation_id, e.record_key from :schema.entries e
     where e.id = any($1::bigint[]) and e.id between $2::bigint and $3::bigint
       and e.relation_id is not null and e.record_key is not null`,
    [ids, ids.reduce((a, b) => (a < b ? a : b)), ids.reduce((a, b) => (a > b ? a : b))],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** The ids of those with a link of their record beyond them: within the time asked for, where an entry beyond it is. */
async function findLinked(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  ends: readonly End[],
  recent: boolean,
): Promise<ReadonlySet<string>> {
  if (ends.length === 0) return new Set();
  const [key, beyond] = recent ? ['record_key', '>'] : ['entry_key', '<='];
  const rows = await snapshot.queryPlanned<{ id: string }>(
    // All links of these records first, in one search for each partition: there are few.
    `with links as materialized (
       select l.relation_id, l.${key} as record_key, l.entry_id from :schema.entry_links l
       where l.kind in ('key', 'move') and l.relation_id = any($2::integer[]) and l.${key} = any($3::text[]))
     select distinct c.id::text from unnest($1::bigint[], $2::integer[], $3::text[]) c(id, relation_id, record_key)
     join links l on l.relation_id = c.relation_id and l.record_key = c.record_key and l.entry_id ${beyond} c.id
     join :schema.entries n on n.id = l.entry_id where ${within('$4', '$5')}`,
    [
      ends.map(({ id }) => id),
      ends.map((end) => end.relation_id),
      ends.map((end) => end.record_key),
      timeText(filter.from),
      timeText(filter.to),
    ],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Those candidates whose record has no matching entry before the walk's start, as many as are wanted. */
async function withoutLater(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  candidates: readonly End[],
  { recent, forward, place, want }: Omit<Ends, 'seen'> & { readonly want: number },
): Promise<End[]> {
  // Partitions on the other side of a fixed place are left out once, not for each candidate.
  const from = forward ? '$9::bigint' : 'c.id';
  const rows = await snapshot.queryPlanned<{ id: string }>(
    `select c.id::text from unnest($1::bigint[], $2::integer[], $3::text[]) with ordinality c(id, relation_id, record_key, n)
     where (select n.id from :schema.entries n
       where n.relation_id = c.relation_id and n.record_key = c.record_key and n.id ${recent ? '>' : '<'} ${from}
         and n.action = any($4::text[]) and ${within('$5', '$6')}
         and ($7::integer[] is null or exists (select from :schema.contexts x
           where x.id = n.context_id and x.actor_id = any($7::integer[])))
       -- Ordered, so that it is a walk through the index and never a join with all entries.
       order by n.id ${recent ? 'asc' : 'desc'} limit 1) is null
     limit $8::bigint`,
    [
      candidates.map(({ id }) => id),
      candidates.map((end) => end.relation_id),
      candidates.map((end) => end.record_key),
      KEYED_ACTIONS,
      timeText(filter.from),
      timeText(filter.to),
      filter.actorIds,
      want,
      ...(forward ? [place] : []),
    ],
  );
  const kept = new Set(rows.map(({ id }) => id));
  return candidates.filter(({ id }) => kept.has(id));
}

/** A condition on `audit.entries n`. */
function within(from: string, to: string): string {
  return `(${from}::timestamptz is null or n.occurred_at >= ${from}::timestamptz)
    and (${to}::timestamptz is null or n.occurred_at < ${to}::timestamptz)`;
}

async function isEnd(snapshot: Snapshot, filter: ResolvedFilter, end: End, recent: boolean): Promise<boolean> {
  const record = {
    relationIds: [end.relation_id],
    tables: null,
    sourceIds: null,
    records: [end.record_key],
    actions: KEYED_ACTIONS,
  };
  const { ids } = await findIds(
    snapshot,
    { ...filter, ...record },
    { low: 0n, high: MAX_ID },
    recent ? 'newest' : 'oldest',
    { want: 1, isWhole: true },
  );
  return ids[0]?.toString() === end.id;
}

function timeText(time: Micros | null): string | null {
  return time === null ? null : formatTime(time);
}
