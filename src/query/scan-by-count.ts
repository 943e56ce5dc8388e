import { isInRollupsWhole, rollupCondition } from './filter-condition.ts';
import { readWhole, readWindows } from './scan-by-range.ts';
import type { IdRange } from './id-range.ts';
import { mergeRanges } from './segments.ts';
import { without, type Found, type Scan } from './scan-walk.ts';

/** Counts that are read beyond the entries that are wanted: those that lie across the start of the range promise nothing. */
const MARGIN = 64;
const GROWTH = 8;

/**
 * Of few actors in few tables: the counts of their quarters of an hour, which an index finds, say between which ids the
 * entries are. Each has one: the nearest `n` counts are where the nearest `n` entries are.
 */
export async function findByCount(scan: Scan, range: IdRange, want: number): Promise<Found> {
  const read = isInRollupsWhole(scan.filter) ? readWhole : readWindows;
  const found: bigint[] = [];
  let rest = range;
  for (let limit = want + MARGIN; rest.low <= rest.high && found.length < want; limit *= GROWTH) {
    scan.snapshot.remainingMs();
    const counts = await readCounts(scan, rest, limit);
    const settled = counts.length < limit ? rest : nearerThan(counts.at(-1) as IdRange, rest, scan);
    const next = await read(scan, mergeRanges(counts, settled), want - found.length);
    found.push(...next.ids);
    if (next.until !== null) return { ids: found, until: next.until };
    rest = without(rest, settled, scan.direction);
  }
  return { ids: found, until: null };
}

/** The nearest ones first. */
async function readCounts(scan: Scan, range: IdRange, limit: number): Promise<IdRange[]> {
  const parameters: unknown[] = [range.low, range.high, limit];
  const condition = rollupCondition(scan.filter, parameters);
  const nearest = scan.direction === 'newest' ? 'u.max_id desc' : 'u.min_id';
  const rows = await scan.snapshot.queryPlanned<{ low: string; high: string }>(
    `select u.min_id::text as low, u.max_id::text as high from :schema.rollups u
     where u.max_id >= $1::bigint and u.min_id <= $2::bigint and ${condition} order by ${nearest} limit $3::bigint`,
    parameters,
  );
  return rows.map(({ low, high }) => ({ low: BigInt(low), high: BigInt(high) }));
}

/** What lies nearer the start of the walk than all counts but those that were read. */
function nearerThan(last: IdRange, range: IdRange, { direction }: Scan): IdRange {
  if (direction === 'newest') return { low: last.high + 1n > range.low ? last.high + 1n : range.low, high: range.high };
  return { low: range.low, high: last.low - 1n < range.high ? last.low - 1n : range.high };
}
