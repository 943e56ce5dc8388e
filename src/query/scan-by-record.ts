import { entryCondition } from './filter-condition.ts';
import { larger, smaller, type IdRange } from './id-range.ts';
import { findLinkedKeys, isInManyTables } from './key-chain.ts';
import { isPlainProbe, probeRecords, type RecordProbe } from './record-probe.ts';
import { nearestPart, union, withinEntries, without, type Direction, type Found, type Scan } from './scan-walk.ts';
import { DAY_MICROS, idAt, idsOf, nowMicros } from './time.ts';

/** Entries that keys have in many tables, up to which all of them are read at once. */
const MAX_KEYED = 1_000;
/** How far a key's nearest entries are looked for by themselves: one partition, most often. */
const NEAR_IDS = idsOf(7n * DAY_MICROS);
/** This part of what is wanted is near, or what is near promises nothing. */
const MIN_NEAR_PART = 8;
/** What is looked at first of a range where keys have more: this part of it, and then so many times more. */
const FIRST_SHARE = 32n;
const GROWTH = 8n;

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
      ? findKeyed(scan, range, { records, linked: [], want })
      : probeRecords(scan, range, { records, linked: [], want }),
  ]);
  if (linked.length === 0) return found;
  if (!isInMany) return probeRecords(scan, range, { records, linked, want });
  return union([found, await probeRecords(scan, range, { records: [], linked, want })], scan.direction, want);
}

/** Entries that have one of the keys themselves, without what the records were called else, and without truncates. */
export async function findByKey(scan: Scan, range: IdRange, records: readonly string[], want: number): Promise<Found> {
  const probe = { records, linked: null, want };
  if (!isInManyTables(scan.filter)) return probeRecords(scan, range, probe);
  return findKeyed(scan, range, probe);
}

/**
 * In the last days by themselves, where keys that are asked for most often have enough; then for as long as those promise to be
 * enough; and of all time, as far as that is wanted.
 */
async function findKeyed(scan: Scan, range: IdRange, probe: RecordProbe): Promise<Found> {
  const found: bigint[] = [];
  let rest = range;
  for (const reach of ['near', 'promised', 'all'] as const) {
    const further = { ...probe, want: probe.want - found.length };
    const part = partOf(rest, { reach, found: found.length, want: probe.want }, scan);
    if (part.low > part.high) continue;
    const all = reach === 'all' ? await readKeyed(scan, part, further) : await probeRecords(scan, part, further);
    found.push(...(all ?? (await probeInSteps(scan, part, further))).ids);
    rest = without(rest, part, scan.direction);
    if (found.length >= probe.want || rest.low > rest.high) break;
  }
  return { ids: found, until: null };
}

/** Pure, but for the clock. Empty where nothing is promised. */
function partOf(
  rest: IdRange,
  {
    reach,
    found,
    want,
  }: { readonly reach: 'near' | 'promised' | 'all'; readonly found: number; readonly want: number },
  { direction }: Scan,
): IdRange {
  if (reach === 'all') return rest;
  if (reach === 'near') return nearPart(rest, direction);
  // Where that is months, all of it is searched in less.
  const ids = found < want / MIN_NEAR_PART ? 0n : (NEAR_IDS * BigInt(Math.ceil((150 * (want - found)) / found))) / 100n;
  return direction === 'newest'
    ? { low: larger(rest.low, rest.high - ids + 1n), high: rest.high }
    : { low: rest.low, high: smaller(rest.high, rest.low + ids - 1n) };
}

/** What lies within `NEAR_IDS` of where the walk starts, which before the first entry and after the last one is nowhere near. */
function nearPart({ low, high }: IdRange, direction: Direction): IdRange {
  if (direction === 'newest') return { low: larger(low, smaller(high, idAt(nowMicros())) - NEAR_IDS), high };
  return { low, high: low === 0n ? -1n : smaller(high, low + NEAR_IDS) };
}

/**
 * All entries of the keys in one search for each partition, which is a tenth of what a search in each table is;
 * undefined where they are too many for that.
 */
async function readKeyed(
  scan: Scan,
  range: IdRange,
  { records, linked, want }: RecordProbe,
): Promise<Found | undefined> {
  const { filter, direction } = scan;
  // A key is found a fifth sooner than the only one of a list.
  const [only, ...others] = records;
  const isOne = only !== undefined && others.length === 0;
  const parameters: unknown[] = [range.low, range.high, isOne ? only : records, MAX_KEYED + 1];
  const isKey = (key: string): string => (isOne ? `${key} = $3::text` : `${key} = any($3::text[])`);
  const relations =
    filter.relationIds === null
      ? 'array(select r.id from :schema.relations r)'
      : `$${parameters.push(filter.relationIds)}::integer[]`;
  const condition = entryCondition({ ...filter, relationIds: null, records: null }, parameters);
  const columns = condition === 'true' ? 'e.id' : 'e.*';
  // With both bounds, a plan made without knowing them takes the range for a small one, and reads it from end to end.
  const within = (id: string): string => (direction === 'newest' ? `${id} <= $2::bigint` : `${id} >= $1::bigint`);
  const select = (relation: string): string => `(select ${columns} from :schema.entries e
    where ${relation} and ${isKey('e.record_key')} and ${within('e.id')} limit $4::bigint)`;
  const parts = [select(`e.relation_id = any(${relations})`)];
  if (filter.relationIds === null) parts.push(select('e.relation_id is null'));
  if (linked !== null) {
    parts.push(`(select ${columns} from :schema.truncated_rows t join :schema.entries e on e.id = t.entry_id
    where t.relation_id = any(${relations}) and ${isKey('t.record_key')} and ${within('t.entry_id')} limit $4::bigint)`);
  }
  const sql = `with keyed as materialized (${parts.join(' union all ')})
    select (select count(*)::integer from keyed) as seen, array(select distinct e.id from keyed e
      where e.id between $1::bigint and $2::bigint and ${condition})::text[] as ids`;
  const rows = await scan.snapshot[isPlainProbe(filter) ? 'queryPlanned' : 'query']<{ seen: number; ids: string[] }>(
    sql,
    parameters,
  );
  const { seen, ids } = rows[0] as { seen: number; ids: string[] };
  return seen > MAX_KEYED ? undefined : union([{ ids: ids.map(BigInt), until: null }], direction, want);
}

/** In each table by itself. What a key of many entries has near is enough, most often. */
async function probeInSteps(scan: Scan, range: IdRange, probe: RecordProbe): Promise<Found> {
  const found: bigint[] = [];
  let rest = await withinEntries(scan, range);
  for (let ids = (rest.high - rest.low) / FIRST_SHARE + 1n; rest.low <= rest.high; ids *= GROWTH) {
    scan.snapshot.remainingMs();
    const stretch = nearestPart(rest, ids, scan);
    found.push(...(await probeRecords(scan, stretch, { ...probe, want: probe.want - found.length })).ids);
    if (found.length >= probe.want) break;
    rest = without(rest, stretch, scan.direction);
  }
  return { ids: found, until: null };
}
