import type { IdRange } from './id-range.ts';
import { findLinkedKeys, isInManyTables } from './key-chain.ts';
import { probeLinkedKeys, probeRecords } from './record-probe.ts';
import { findInManyTables } from './scan-by-key.ts';
import { union, type Found, type Scan } from './scan-walk.ts';

/** Entries of the records, whatever else they were called. Most had no other key: both questions are asked at once. */
export async function findByRecord(
  scan: Scan,
  range: IdRange,
  records: readonly string[],
  want: number,
): Promise<Found> {
  const isInMany = isInManyTables(scan.filter);
  const [linked, found] = await Promise.all([
    findLinkedKeys(scan.snapshot, scan.filter, records),
    isInMany
      ? findInManyTables(scan, range, { records, linked: [], want })
      : probeRecords(scan, range, { records, linked: [], want }),
  ]);
  if (linked.length === 0) return found;
  if (!isInMany) return probeRecords(scan, range, { records, linked, want });
  return union([found, await probeLinkedKeys(scan, range, { linked, want })], scan.direction, want);
}

/** Entries that have one of the keys themselves, without what the records were called else, and without truncates. */
export async function findByKey(scan: Scan, range: IdRange, records: readonly string[], want: number): Promise<Found> {
  const probe = { records, linked: null, want };
  if (!isInManyTables(scan.filter)) return probeRecords(scan, range, probe);
  return findInManyTables(scan, range, probe);
}
