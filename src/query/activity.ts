import { decodeCursor, encodeCursor, type Position } from './cursor.ts';
import { readEntries, type EntryText } from './entry-reader.ts';
import { FilterError } from './filter-error.ts';
import { resolveFilter, type ActivityFilter, type Sort } from './filter.ts';
import { readHorizon } from './horizon.ts';
import { MAX_ID, type IdRange } from './id-range.ts';
import { findIds, type Direction } from './scan.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { nowMicros, type Micros } from './time.ts';

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
}

export interface ActivityPage {
  readonly entries: readonly EntryText[];
  readonly meta: {
    /** Null at the end of the list. */
    readonly next: string | null;
    /** Null at its start. */
    readonly prev: string | null;
    /** With `sort=id`, going forward: where to go on later, for what has been added since. Never null. */
    readonly resume?: string;
  };
}

/**
 * One page of the timeline. Names that the store does not know match nothing.
 * Throws a FilterError for a cursor or time that can't be used, and what `inSnapshot` throws.
 */
export async function listActivity(store: StoreReader, query: ActivityQuery): Promise<ActivityPage> {
  const position = positionOf(query);
  const now = position?.now ?? nowMicros();
  return inSnapshot(store, async (snapshot) => {
    const horizon = query.sort === 'id' ? await readHorizon(snapshot, query.filter) : MAX_ID;
    const walk = walkOf(query, position, horizon);
    const found = await readPage(snapshot, query, walk, now);
    return { entries: found.entries, meta: metaOf(query, walk, found, { position, now, horizon }) };
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
  /** Whether further entries follow in the direction of the walk. */
  readonly more: boolean;
}

function positionOf(query: ActivityQuery): Position | null {
  if (query.after !== null && query.before !== null) {
    throw new FilterError('before', 'after and before exclude each other', 'Give the one cursor of the page you want.');
  }
  if (query.after !== null) return decodeCursor(query.after, 'after', query.filter, query.sort);
  if (query.before !== null) return decodeCursor(query.before, 'before', query.filter, query.sort);
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
  if (filter === undefined) return { entries: [], more: false };
  const ids = await findIds(snapshot, filter, walk.range, walk.direction, query.limit + 1);
  const wanted = ids.slice(0, query.limit);
  const entries = await readEntries(snapshot, wanted);
  return {
    entries: walk.backward ? entries.toReversed() : entries,
    more: ids.length > wanted.length || entries.length < wanted.length,
  };
}

function metaOf(
  query: ActivityQuery,
  walk: Walk,
  { entries, more }: Found,
  at: { position: Position | null; now: Micros; horizon: bigint },
): ActivityPage['meta'] {
  const cursor = (id: bigint): string => encodeCursor({ id, now: at.now }, query.filter, query.sort);
  const first = entries[0]?.id;
  const last = entries.at(-1)?.id;
  const edge = (walk.backward ? last : first) ?? idBehind(at.position, walk.direction);
  const back = at.position === null ? null : cursor(edge);
  if (walk.backward) return { next: back, prev: more && first !== undefined ? cursor(first) : null };
  const next = more && last !== undefined ? cursor(last) : null;
  if (query.sort === '-id') return { next, prev: back };
  const seen = more && last !== undefined ? last : at.horizon - 1n;
  const resume = cursor(at.position !== null && at.position.id > seen ? at.position.id : seen);
  return { next, prev: back, resume };
}

/** From an empty page the way back begins a step behind the position, so that the position's own entry is included. */
function idBehind(position: Position | null, direction: Direction): bigint {
  const id = position?.id ?? 0n;
  return direction === 'newest' ? id - 1n : id + 1n;
}
