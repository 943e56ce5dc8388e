import type { IdRange } from './id-range.ts';
import { findKeyLinks, findLinkedKeys, isInManyTables, isLinkedWithin } from './key-chain.ts';
import { probeLinkedKeys, probeRecords } from './record-probe.ts';
import { findInManyTables } from './scan-by-key.ts';
import { union, type Direction, type Found, type Scan } from './scan-walk.ts';

/**
 * Entries of the records, whatever else they were called. What they were called before or after the entries that were found is looked
 * up only where that may have entries among them: most records had no other key, and few had it just then.
 */
export async function findByRecord(
  scan: Scan,
  range: IdRange,
  records: readonly string[],
  want: number,
): Promise<Found> {
  const { snapshot, filter, direction } = scan;
  const own = { records, linked: [], want };
  const [links, found] = await Promise.all([
    findKeyLinks(snapshot, filter, records),
    isInManyTables(filter) ? findInManyTables(scan, range, own) : probeRecords(scan, range, own),
  ]);
  const last = found.ids[want - 1];
  const reached = last === undefined ? range : reachedBy(last, range, direction);
  const relationIds = links.filter((link) => isLinkedWithin(link, reached)).map(({ relationId }) => relationId);
  const linked = await findLinkedKeys(snapshot, relationIds, records);
  if (linked.length === 0) return found;
  return union([found, await probeLinkedKeys(scan, reached, { linked, want })], direction, want);
}

function reachedBy(last: bigint, range: IdRange, direction: Direction): IdRange {
  return direction === 'newest' ? { low: last, high: range.high } : { low: range.low, high: last };
}

/** Entries that have one of the keys themselves, without what the records were called else, and without truncates. */
export async function findByKey(scan: Scan, range: IdRange, records: readonly string[], want: number): Promise<Found> {
  const probe = { records, linked: null, want };
  if (!isInManyTables(scan.filter)) return probeRecords(scan, range, probe);
  return findInManyTables(scan, range, probe);
}
