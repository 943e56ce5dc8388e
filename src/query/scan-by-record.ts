import { entryCondition } from './filter-condition.ts';
import { smaller, type IdRange } from './id-range.ts';
import { findLinkedKeys, isInManyTables } from './key-chain.ts';
import { readKeyPlaces, type KeyPlace } from './key-place.ts';
import { isPlainProbe, probeRecords, type RecordProbe } from './record-probe.ts';
import { nearestPart, promisedBy, union, withinEntries, without, type Found, type Scan } from './scan-walk.ts';
import { DAY_MICROS, idAt, idsOf, nowMicros } from './time.ts';

/** Entries that keys have in many tables, up to which all of them are read at once. */
const MAX_KEYED = 1_000;
/** How far a key's nearest entries are looked for by themselves: one partition, most often. */
const NEAR_DAYS = 7;
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
  for (const partOf of [nearPart, promisedPart, all]) {
    const part = partOf(rest, { found: found.length, want: probe.want }, scan);
    if (part === null) continue;
    const further = { ...probe, want: probe.want - found.length };
    const keyed = partOf === all ? await readKeyed(scan, part, further) : await probeRecords(scan, part, further);
    found.push(...(keyed ?? (await probeInSteps(scan, part, further))).ids);
    rest = without(rest, part, scan.direction);
    if (found.length >= probe.want || rest.low > rest.high) break;
  }
  return { ids: found, until: null };
}

/** A part of what is left of a range, where its walk goes on; null: it is not worth a search of its own. */
type PartOf = (rest: IdRange, has: { readonly found: number; readonly want: number }, scan: Scan) => IdRange | null;

const nearPart: PartOf = ({ low, high }, _has, scan) => {
  // Before the first entry and after the last one, nothing is near.
  if (scan.direction === 'oldest') return low === 0n ? null : nearestPart({ low, high }, idsOfDays(NEAR_DAYS), scan);
  const now = smaller(high, idAt(nowMicros()));
  return { low: nearestPart({ low, high: now }, idsOfDays(NEAR_DAYS), scan).low, high };
};

/** Where that would be months, all of it is searched in less. */
const promisedPart: PartOf = (rest, has, scan) =>
  has.found < has.want / MIN_NEAR_PART ? null : nearestPart(rest, idsOfDays(promisedBy(NEAR_DAYS, has)), scan);

const all: PartOf = (rest) => rest;

function idsOfDays(days: number): bigint {
  return idsOf(BigInt(days) * DAY_MICROS);
}

/**
 * All entries of the keys, by one search for each place where they can be, which is a tenth of what a search in each table is;
 * undefined where they are too many for that.
 */
async function readKeyed(
  scan: Scan,
  range: IdRange,
  { records, linked, want }: RecordProbe,
): Promise<Found | undefined> {
  const { filter, direction } = scan;
  const places = await readKeyPlaces(scan.snapshot, range, records);
  // A key is found a fifth sooner than the only one of a list.
  const [only, ...others] = records;
  const isOne = only !== undefined && others.length === 0;
  const parameters: unknown[] = [...placeLists(places, filter.relationIds), isOne ? only : records, MAX_KEYED + 1];
  const isKey = (key: string): string => (isOne ? `${key} = $5::text` : `${key} = any($5::text[])`);
  const condition = entryCondition({ ...filter, relationIds: null, records: null }, parameters);
  const columns = condition === 'true' ? 'e.id' : 'e.*';
  const select = (from: string): string => `(select x.* from place p cross join lateral (${from} limit $6::bigint) x)`;
  const isOf = (column: string): string => `${column} = any(p.relations)`;
  const parts = [
    select(`select ${columns} from :schema.entries e
      where ${isOf('e.relation_id')} and ${isKey('e.record_key')} and e.id between p.low and p.high`),
    `(select x.* from place p cross join lateral (select ${columns} from :schema.entries e
      where p.tableless and e.relation_id is null and ${isKey('e.record_key')} and e.id between p.low and p.high
      limit $6::bigint) x)`,
  ];
  if (linked !== null) {
    parts.push(
      select(`select ${columns} from :schema.truncated_rows t
      join :schema.entries e on e.id = t.entry_id and e.id between p.low and p.high
      where ${isOf('t.relation_id')} and ${isKey('t.record_key')} and t.entry_id between p.low and p.high`),
    );
  }
  const sql = `with place as materialized (
      select p.low, p.high, p.tableless, coalesce(p.relations::integer[], array(select r.id from :schema.relations r)) as relations
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::boolean[]) p(low, high, relations, tableless)
    ), keyed as materialized (select * from (${parts.join(' union all ')}) k limit $6::bigint)
    select (select count(*)::integer from keyed) as seen,
      array(select distinct e.id from keyed e where ${condition})::text[] as ids`;
  const rows = await scan.snapshot[isPlainProbe(filter) ? 'queryPlanned' : 'query']<{ seen: number; ids: string[] }>(
    sql,
    parameters,
  );
  const { seen, ids } = rows[0] as { seen: number; ids: string[] };
  return seen > MAX_KEYED ? undefined : union([{ ids: ids.map(BigInt), until: null }], direction, want);
}

/** As columns of the places: of the tables that are asked for, those where the keys can be. */
function placeLists(places: readonly KeyPlace[], asked: readonly number[] | null): unknown[] {
  const isAsked = asked === null ? null : new Set(asked);
  const relations = places.map(({ relationIds }) =>
    relationIds === null || isAsked === null ? (relationIds ?? asked) : relationIds.filter((id) => isAsked.has(id)),
  );
  return [
    places.map(({ low }) => low),
    places.map(({ high }) => high),
    relations.map((ids) => (ids === null ? null : `{${ids.join(',')}}`)),
    places.map(({ tableless }) => tableless && asked === null),
  ];
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
