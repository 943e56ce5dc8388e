import type { ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import { asksForValues, valuesMatch, type EntryImages } from './image-match.ts';
import { byActor, byAddress, byRequest, bySession, findByComment, findByContext } from './scan-by-context.ts';
import { findByCount } from './scan-by-count.ts';
import { findByNetwork } from './scan-by-network.ts';
import { findByRange, readRanges } from './scan-by-range.ts';
import { mergeRanges, narrowByTime, rarerOf } from './segments.ts';
import { findByKey, findByRecord } from './scan-by-record.ts';
import { farEnd, isSpent, UNLIMITED, union, without, type Direction, type Found, type Scan } from './scan-walk.ts';
import type { Snapshot } from './store-reader.ts';

/** Entries that one search looks at where only they themselves tell whether they match. */
export const MAX_LOOKED_AT = 40_000;
/** And for how long. */
const MAX_LOOKING_MS = 2_000;
/** Actors whose contexts are looked up one by one. Of more, the rollups and the entries themselves tell. */
const MAX_ACTORS = 1_000;

/** What a search is after, and how far it goes. */
export interface Wanted {
  readonly want: number;
  readonly maxLookedAt?: number;
  /** It goes on to the end, within the snapshot's time limit: for who does not ask where it came to. */
  readonly isWhole?: boolean;
}

/** Entries whose images are compared at a time, and the bytes of these. */
const COMPARED_ENTRIES = 500;
const COMPARED_BYTES = 16 * 1024 * 1024;

/**
 * The ids of up to `want` entries that match, from the newest or the oldest of the range on.
 * Each kind of filter has its own way in, so that a rare match in a long history is found without
 * reading the history. What has none ends at a budget: `until` is how far it came.
 */
export async function findIds(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  range: IdRange,
  direction: Direction,
  { want, maxLookedAt = MAX_LOOKED_AT, isWhole = false }: Wanted,
): Promise<Found> {
  const budget = isWhole ? { ...UNLIMITED } : { entries: maxLookedAt, deadlineMs: performance.now() + MAX_LOOKING_MS };
  const scan: Scan = { snapshot, filter, direction, budget };
  const within = await narrowByTime(snapshot, filter, range);
  const found = await (asksForValues(filter) ? findWithValues : findCandidates)(scan, within, want);
  return found.until === farEnd(within, direction) ? { ids: found.ids, until: null } : found;
}

async function findWithValues(scan: Scan, range: IdRange, want: number): Promise<Found> {
  const { budget, direction } = scan;
  const ids: bigint[] = [];
  let rest = range;
  while (rest.low <= rest.high) {
    const at = Math.min(COMPARED_ENTRIES, Math.max(budget.entries, want));
    const candidates = await findCandidates(scan, rest, at);
    ids.push(...(await withValues(scan, candidates.ids)));
    if (ids.length >= want) return { ids: ids.slice(0, want), until: null };
    const last = candidates.ids.at(-1);
    if (last === undefined || candidates.ids.length < at) return { ids, until: candidates.until };
    budget.entries -= at;
    rest = without(rest, { low: last, high: last }, direction);
    if (isSpent(budget)) return { ids, until: last };
  }
  return { ids, until: null };
}

async function findCandidates(scan: Scan, range: IdRange, want: number): Promise<Found> {
  if (range.low > range.high) return { ids: [], until: null };
  const { filter, snapshot } = scan;
  if (filter.transactionIds !== null) {
    const ranges = mergeRanges(await transactionRanges(snapshot, filter.transactionIds), range);
    const [first, last] = [ranges.at(0), ranges.at(-1)];
    if (first === undefined || last === undefined) return { ids: [], until: null };
    if (filter.records !== null) return findRecords(scan, { low: first.low, high: last.high }, want);
    return { ids: await readRanges(scan, ranges, want), until: null };
  }
  if (filter.records !== null) return findRecords(scan, range, want);
  if (filter.requestIds !== null) {
    const rest = { ...filter, requestIds: null };
    return findByContext(scan, range, { key: byRequest(filter.requestIds), filter: rest, want });
  }
  const cameFrom = filter.addresses?.found ?? null;
  if (cameFrom !== null) {
    const rest = { ...filter, addresses: null };
    const walks = await Promise.all([
      findByContext(scan, range, { key: byAddress(cameFrom.single), filter: rest, want }),
      findByContext(scan, range, { key: bySession(cameFrom.sessionIds), filter: rest, want }),
      findByNetwork(scan, range, { networks: cameFrom.networks, filter: rest, want }),
    ]);
    return union(walks, scan.direction, want);
  }
  if (filter.actorIds !== null && filter.actorIds.length <= MAX_ACTORS) {
    const rarer = await rarerOf(snapshot, filter);
    if (rarer === 'pair') return findByCount(scan, range, want);
    const rest = { ...filter, actorIds: null };
    if (rarer === 'actor') return findByContext(scan, range, { key: byActor(filter.actorIds), filter: rest, want });
  }
  return (await findByText(scan, range, want)) ?? findByRange(scan, range, want);
}

function findRecords(scan: Scan, range: IdRange, want: number): Promise<Found> {
  return findByRecord(scan, range, scan.filter.records ?? [], want);
}

/** By the words of comments, or by what a text may be else; undefined if there is no such filter, or it is no way in. */
async function findByText(scan: Scan, range: IdRange, want: number): Promise<Found | undefined> {
  const { filter } = scan;
  if (filter.comments !== null) {
    const rest = { ...filter, comments: null };
    const found = await findByComment(scan, range, { texts: filter.comments, filter: rest, want });
    if (found !== undefined) return found;
  }
  for (const word of filter.words ?? []) {
    if (word.actorIds.length > MAX_ACTORS) continue;
    const others = (filter.words ?? []).filter((other) => other !== word);
    const rest: ResolvedFilter = { ...filter, words: others.length === 0 ? null : others };
    const commented = await findByComment(scan, range, { texts: [word.text], filter: rest, want });
    if (commented === undefined) continue;
    const ofRest: Scan = { ...scan, filter: rest };
    const elsewhere = await Promise.all([
      findByKey(ofRest, range, [word.text], want),
      findByContext(scan, range, { key: byActor(word.actorIds), filter: rest, want }),
      findByContext(scan, range, { key: byRequest([word.text]), filter: rest, want }),
    ]);
    return union([commented, ...elsewhere], scan.direction, want);
  }
  return undefined;
}

/** From the first to the last entry of each transaction; its id is that of the first one. */
async function transactionRanges(snapshot: Snapshot, ids: readonly string[]): Promise<IdRange[]> {
  const rows = await snapshot.query<{ low: string; high: string }>(
    `select t.id::text as low,
       coalesce(
         -- Its entries follow each other, unless it came in several flushes and others came between.
         (select e.id from :schema.entries e where e.id = t.id + t.size - 1 and e.transaction_id = t.id),
         (select e.id from :schema.entries e where e.id >= t.id and e.transaction_id = t.id
          order by e.id offset greatest(t.size - 1, 0) limit 1),
         t.id)::text as high
     from :schema.transactions t where t.id = any($1::bigint[])`,
    [ids],
  );
  return rows.map(({ low, high }) => ({ low: BigInt(low), high: BigInt(high) }));
}

/** Those of the candidates whose images hold what the filter asks for, in their order. */
async function withValues(scan: Scan, candidates: readonly bigint[]): Promise<bigint[]> {
  const kept: bigint[] = [];
  for (let from = 0; from < candidates.length;) {
    scan.snapshot.remainingMs();
    const images = await readImages(scan, candidates.slice(from));
    kept.push(...images.filter((entry) => valuesMatch(entry, scan.filter)).map(({ id }) => BigInt(id)));
    from += Math.max(images.length, 1);
  }
  return kept;
}

/** As many as have their images in `COMPARED_BYTES`, at least one. */
function readImages(scan: Scan, ids: readonly bigint[]): Promise<EntryImages[]> {
  return scan.snapshot.query<EntryImages & { n: string }>(
    `select z.id::text, z.action, z.changed, z.row::text as row, z.old::text as old from (
       select e.id, e.action, e.changed, e.row, e.old, i.n, coalesce(sum(octet_length(e.row::text) + coalesce(octet_length(e.old::text), 0))
         over (order by i.n rows between unbounded preceding and 1 preceding), 0) as bytes_before
       from unnest($1::bigint[]) with ordinality i(id, n) join :schema.entries e on e.id = i.id) z
     where z.bytes_before < $2::bigint order by z.n`,
    [ids, COMPARED_BYTES],
  );
}
