import type { ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import type { Snapshot } from './store-reader.ts';

export type Direction = 'newest' | 'oldest';

/** One search for ids, and what all its ways in share. */
export interface Scan {
  readonly snapshot: Snapshot;
  readonly filter: ResolvedFilter;
  readonly direction: Direction;
  readonly budget: Budget;
}

/** What a search may look at where no index tells what matches. */
export interface Budget {
  /** Entries left. */
  entries: number;
  /** By `performance.now()`. */
  readonly deadlineMs: number;
}

/** For who goes on to the end, within the snapshot's time limit. */
export const UNLIMITED: Budget = { entries: Number.POSITIVE_INFINITY, deadlineMs: Number.POSITIVE_INFINITY };

export interface Found {
  /** In the direction of the walk, all that match as far as it went. */
  readonly ids: readonly bigint[];
  /** The last id that was searched, where the budget ended before the range did; else null. */
  readonly until: bigint | null;
}

export function isSpent(budget: Budget): boolean {
  return budget.entries <= 0 || performance.now() >= budget.deadlineMs;
}

/** What is left of the range after the walk has passed `done`. */
export function without(range: IdRange, done: IdRange, direction: Direction): IdRange {
  return direction === 'newest' ? { low: range.low, high: done.low - 1n } : { low: done.high + 1n, high: range.high };
}

/** The end of the range that a walk comes to last. */
export function farEnd(range: IdRange, direction: Direction): bigint {
  return direction === 'newest' ? range.low : range.high;
}

/** One walk made of several over the same range, each of which goes its own way, up to `want` ids. */
export function union(walks: readonly Found[], direction: Direction, want: number): Found {
  const before = (a: bigint, b: bigint): boolean => (direction === 'newest' ? a > b : a < b);
  const until = walks.reduce<bigint | null>(
    (nearest, walk) =>
      walk.until !== null && (nearest === null || before(walk.until, nearest)) ? walk.until : nearest,
    null,
  );
  const ids = [...new Set(walks.flatMap((walk) => walk.ids))]
    .filter((id) => until === null || !before(until, id))
    .toSorted((a, b) => (before(a, b) ? -1 : 1));
  return ids.length > want
    ? { ids: ids.slice(0, want), until: null }
    : { ids, until: ids.length === want ? null : until };
}

/** How many more are to be looked at for the rest of what is wanted: what those before promise, and half as many again. Pure. */
export function promisedBy(looked: number, { found, want }: { readonly found: number; readonly want: number }): number {
  return Math.ceil((1.5 * looked * (want - found)) / Math.max(found, 1));
}

/** The part of the range that a walk comes to first, about `ids` wide. */
export function nearestPart({ low, high }: IdRange, ids: bigint, { direction }: Scan): IdRange {
  if (high - low < ids) return { low, high };
  return direction === 'newest' ? { low: high - ids, high } : { low, high: low + ids };
}

/** The range from the first to the last entry in it. */
export async function withinEntries(scan: Scan, range: IdRange): Promise<IdRange> {
  const rows = await scan.snapshot.queryPlanned<{ low: string | null; high: string | null }>(
    `select (select min(e.id) from :schema.entries e where e.id between $1::bigint and $2::bigint)::text as low,
       (select max(e.id) from :schema.entries e where e.id between $1::bigint and $2::bigint)::text as high`,
    [range.low, range.high],
  );
  const { low, high } = rows[0] as { low: string | null; high: string | null };
  return low === null || high === null ? { low: 1n, high: 0n } : { low: BigInt(low), high: BigInt(high) };
}

/** By a statement that is planned once. */
export async function readIds(snapshot: Snapshot, sql: string, parameters: readonly unknown[]): Promise<bigint[]> {
  // As one text: to take hundreds of rows apart takes longer than to find them.
  const rows = await snapshot.queryPlanned<{ ids: string }>(
    `select array_to_string(array(${sql}), ',') as ids`,
    parameters,
  );
  return idsIn(rows[0]?.ids ?? '');
}

export function idsIn(text: string): bigint[] {
  return listIn(text, BigInt);
}

/** What stands in a text with commas between; none in an empty one, or in none. */
export function listIn<Item>(text: string | null | undefined, read: (item: string) => Item): Item[] {
  return text === null || text === undefined || text === '' ? [] : text.split(',').map((item) => read(item));
}

export function orderOf(direction: Direction): 'desc' | 'asc' {
  return direction === 'newest' ? 'desc' : 'asc';
}

/** Whether everything matches. */
export function isUnrestricted(filter: ResolvedFilter): boolean {
  return Object.values(filter).every((value) => value === null);
}
