import { countActivity, type ActivityCount, type CountMode } from './count.ts';
import { decodeCursor, encodeCursor, type Position } from './cursor.ts';
import { readEntries, type EntryText } from './entry-reader.ts';
import { FilterError } from './filter-error.ts';
import { resolveFilter, type ActivityFilter, type Sort } from './filter.ts';
import { readHorizon } from './horizon.ts';
import { MAX_ID, type IdRange } from './id-range.ts';
import { findIds } from './scan.ts';
import type { Direction } from './scan-walk.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { formatTime, nowMicros, recordedAt, type Micros } from './time.ts';
import type { Viewer } from './visibility.ts';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 1000;

export interface ActivityQuery {
  readonly filter: ActivityFilter;
  /** `-id`: newest first, showing what is there. `id`: oldest first, never past the safe horizon. */
  readonly sort: Sort;
  /** 1 to `MAX_LIMIT`. A page may hold fewer entries although more follow, when images are large. */
  readonly limit: number;
  /** Cursors of an earlier page; at most one of them. */
  readonly after: string | null;
  readonly before: string | null;
  /** Whether the page tells how many entries match in all. */
  readonly count?: CountMode | null;
  /** Entries that are looked at where no index tells what matches; `MAX_LOOKED_AT` if it is left out. */
  readonly maxLookedAt?: number;
}

export interface ActivityPage {
  readonly entries: readonly EntryText[];
  readonly meta: {
    /** Null at the end of the list. */
    readonly next: string | null;
    /** Null at its start. */
    readonly prev: string | null;
    /**
     * Where a filter asks for what no index tells, a page ends after some looking: all that has happened since this
     * time (with `sort=id`: all that was recorded before it) was looked at, and `next` goes on from there.
     */
    readonly searched?: { readonly until: string };
    /** How many entries match in all, if it was asked for. */
    readonly count?: ActivityCount;
    /** With `sort=id`, going forward: where to go on later, for what has been added since. Never null. */
    readonly resume?: string;
  };
}

/**
 * One page of the timeline. Names that the store does not know match nothing.
 * Throws a FilterError for a cursor or time that can't be used, and what `inSnapshot` throws.
 */
export async function listActivity(store: StoreReader, query: ActivityQuery): Promise<ActivityPage> {
  const position = positionOf(query, store.viewer);
  const now = position?.now ?? nowMicros();
  return inSnapshot(store, async (snapshot) => {
    const horizon = query.sort === 'id' ? await readHorizon(snapshot, query.filter) : MAX_ID;
    const walk = walkOf(query, position, horizon);
    const found = await readPage(snapshot, query, walk, now);
    const meta = metaOf(query, walk, found, { position, now, horizon, viewer: store.viewer });
    const count = query.count ?? null;
    if (count === null) return { entries: found.entries, meta };
    return {
      entries: found.entries,
      meta: { ...meta, count: await countActivity(snapshot, query.filter, count, now) },
    };
  });
}

interface Walk {
  readonly range: IdRange;
  readonly direction: Direction;
  /** Whether the page is filled from its end, because `before` was given. */
  readonly backward: boolean;
}

interface Found {
  /** In the order of the list. */
  readonly entries: readonly EntryText[];
  /** Where to go on in the direction of the walk; null at the end of the list. */
  readonly edge: bigint | null;
  /** Whether the edge is the end of what was looked at, not that of a full page. */
  readonly isSearchEdge: boolean;
}

function positionOf(query: ActivityQuery, viewer: Viewer): Position | null {
  const scope = { filter: query.filter, sort: query.sort, viewer };
  if (query.after !== null && query.before !== null) {
    throw new FilterError('before', 'after and before exclude each other', 'Give the one cursor of the page you want.');
  }
  if (query.after !== null) return decodeCursor(query.after, 'after', scope);
  if (query.before !== null) return decodeCursor(query.before, 'before', scope);
  return null;
}

function walkOf(query: ActivityQuery, position: Position | null, horizon: bigint): Walk {
  const backward = query.before !== null;
  const newest = (query.sort === '-id') !== backward;
  const last = horizon - 1n;
  if (position === null) return { range: { low: 0n, high: last }, direction: newest ? 'newest' : 'oldest', backward };
  return newest
    ? { range: { low: 0n, high: position.id - 1n < last ? position.id - 1n : last }, direction: 'newest', backward }
    : { range: { low: position.id + 1n, high: last }, direction: 'oldest', backward };
}

async function readPage(snapshot: Snapshot, query: ActivityQuery, walk: Walk, now: Micros): Promise<Found> {
  const filter = await resolveFilter(snapshot, query.filter, now);
  if (filter === undefined) return { entries: [], edge: null, isSearchEdge: false };
  const { ids, until } = await findIds(snapshot, filter, walk.range, walk.direction, {
    want: query.limit + 1,
    ...(query.maxLookedAt === undefined ? {} : { maxLookedAt: query.maxLookedAt }),
  });
  const wanted = ids.slice(0, query.limit);
  const entries = await readEntries(snapshot, wanted);
  const isCut = ids.length > wanted.length || entries.length < wanted.length;
  return {
    entries: walk.backward ? entries.toReversed() : entries,
    edge: isCut ? (entries.at(-1)?.id ?? (wanted.at(-1) as bigint)) : until,
    isSearchEdge: !isCut && until !== null,
  };
}

function metaOf(
  query: ActivityQuery,
  walk: Walk,
  { entries, edge, isSearchEdge }: Found,
  at: { position: Position | null; now: Micros; horizon: bigint; viewer: Viewer },
): ActivityPage['meta'] {
  const scope = { filter: query.filter, sort: query.sort, viewer: at.viewer };
  const cursor = (id: bigint): string => encodeCursor({ id, now: at.now }, scope);
  const start = (walk.backward ? entries.at(-1) : entries[0])?.id ?? idBehind(at.position, walk.direction);
  const back = at.position === null ? null : cursor(start);
  const onward = edge === null ? null : cursor(edge);
  const searched = isSearchEdge ? { searched: { until: formatTime(recordedAt(edge as bigint)) } } : {};
  if (walk.backward) return { next: back, prev: onward, ...searched };
  if (query.sort === '-id') return { next: onward, prev: back, ...searched };
  const seen = edge ?? at.horizon - 1n;
  const resume = cursor(at.position !== null && at.position.id > seen ? at.position.id : seen);
  return { next: onward, prev: back, ...searched, resume };
}

/** From an empty page the way back begins a step behind the position, so that the position's own entry is included. */
function idBehind(position: Position | null, direction: Direction): bigint {
  const id = position?.id ?? 0n;
  return direction === 'newest' ? id - 1n : id + 1n;
}
