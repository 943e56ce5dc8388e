import { entryCondition } from './filter-condition.ts';
import type { ResolvedFilter } from './filter.ts';
import { smaller, type IdRange } from './id-range.ts';
import { readKeyPlaces, type KeyPlace } from './key-place.ts';
import { isPlainProbe, probeRecords, type RecordProbe } from './record-probe.ts';
import { nearestPart, union, withinEntries, without, type Direction, type Found, type Scan } from './scan-walk.ts';
import { DAY_MICROS, idAt, idsOf, nowMicros } from './time.ts';

/** Entries that keys have in many tables, up to which all of them are read at once. */
const MAX_KEYED = 1_000;
/**
 * The nearest days that are searched by themselves where no map tells how many entries keys have, but they are in more tables elsewhere
 * than entries are wanted; and first of all, where they are in so many times as many.
 */
const NEAR_IDS = idsOf(7n * DAY_MICROS);
const NEAREST_IDS = idsOf(DAY_MICROS);
const NEAREST_FACTOR = 3;
/** What is further is left for later when this many times as much is promised as is wanted. */
const PROMISE_FACTOR = 3;
/** Places without a map that are searched together with others. */
const MAX_UNMAPPED = 2;
/** What is looked at first of a range where keys have more: this part of it, and then so many times more. */
const FIRST_SHARE = 32n;
const GROWTH = 8n;

/**
 * Entries of keys in many tables, as far as they are wanted: where the maps say that they can be, place by place in the direction of
 * the walk, as many places at a time as promise to be enough.
 */
export async function findInManyTables(scan: Scan, range: IdRange, probe: RecordProbe): Promise<Found> {
  const inOrder = await readKeyPlaces(scan.snapshot, range, probe.records);
  const walk = { want: probe.want, now: idAt(nowMicros()), direction: scan.direction };
  let places = withNearParts(
    withPromises(scan.direction === 'newest' ? inOrder.toReversed() : inOrder, walk.now),
    walk,
  );
  const found: bigint[] = [];
  while (places.length > 0 && found.length < probe.want) {
    scan.snapshot.remainingMs();
    const further = { ...probe, want: probe.want - found.length };
    const next = places.slice(0, countNext(places, further.want));
    found.push(...((await readKeyed(scan, next, further)) ?? (await probeInSteps(scan, next, further))).ids);
    places = places.slice(next.length);
  }
  return { ids: found, until: null };
}

/** Places without a map promise what the next one with a map does, as far as they are as long. Pure. */
export function withPromises(places: readonly KeyPlace[], now: bigint): readonly KeyPlace[] {
  return places.map((place, at) => {
    const mapped = places.slice(at).find(({ relationIds }) => relationIds !== null);
    // Before the first partition, nothing is.
    if (place.relationIds !== null || mapped === undefined || place.low === 0n) return place;
    const part = Number(smaller(place.high, now) - place.low) / Number(mapped.high - mapped.low);
    return { ...place, promised: mapped.promised * Math.min(Math.max(part, 0), 1) };
  });
}

/** How many of the places, which are in the order of the walk, are searched together. Pure. */
export function countNext(places: readonly KeyPlace[], want: number): number {
  let [promised, unmapped] = [0, 0];
  for (const [at, place] of places.entries()) {
    if (at > 0 && promised > PROMISE_FACTOR * want) return at;
    if (place.relationIds === null) {
      // What comes first of a longer one may be enough.
      if (unmapped === MAX_UNMAPPED || (at > 0 && places[at - 1]?.relationIds === null)) return at;
      unmapped += 1;
    }
    promised += place.promised;
  }
  return places.length;
}

interface KeyWalk {
  readonly want: number;
  /** The id of an entry that would come now. */
  readonly now: bigint;
  readonly direction: Direction;
}

/**
 * The places, with the nearest days of the first one by themselves where it has no map, if that promises more than is wanted, or if
 * there is no map at all. Pure.
 */
export function withNearParts(places: readonly KeyPlace[], walk: KeyWalk): readonly KeyPlace[] {
  const [first, ...others] = places;
  if (first === undefined || first.relationIds !== null) return places;
  const isKnown = others.some(({ relationIds }) => relationIds !== null);
  if (isKnown && first.promised <= walk.want) return places;
  const near = first.promised > NEAREST_FACTOR * walk.want ? [NEAREST_IDS, NEAR_IDS] : [NEAR_IDS];
  return [...cut(first, near, walk), ...others];
}

/** The place in parts, of which the first ones are as long as is said, together. */
function cut(place: KeyPlace, lengths: readonly bigint[], { now, direction }: KeyWalk): KeyPlace[] {
  const parts: KeyPlace[] = [];
  let { low, high } = place;
  for (const length of lengths) {
    // Nothing is near before the first entry, or after the last one.
    const at = direction === 'newest' ? smaller(place.high, now) - length : place.low + length;
    if (place.low === 0n && direction === 'oldest') break;
    if (at < low || at >= high) continue;
    if (direction === 'newest') {
      parts.push({ ...place, low: at + 1n, high });
      high = at;
    } else {
      parts.push({ ...place, low, high: at });
      low = at + 1n;
    }
  }
  return [...parts, { ...place, low, high }];
}

/**
 * All entries that keys have in the places, of which `MAX_UNMAPPED` may have no map; undefined where they are too many for that.
 */
async function readKeyed(scan: Scan, places: readonly KeyPlace[], probe: RecordProbe): Promise<Found | undefined> {
  const { filter, direction } = scan;
  const { sql, parameters } = keyedSql(filter, places, probe);
  const rows = await scan.snapshot[isPlainProbe(filter) ? 'queryPlanned' : 'query']<{ seen: number; ids: string[] }>(
    sql,
    parameters,
  );
  const { seen, ids } = rows[0] as { seen: number; ids: string[] };
  if (seen > MAX_KEYED) return undefined;
  return union([{ ids: ids.map(BigInt), until: null }], direction, probe.want);
}

function keyedSql(
  filter: ResolvedFilter,
  places: readonly KeyPlace[],
  { records, linked }: RecordProbe,
): { readonly sql: string; readonly parameters: readonly unknown[] } {
  // A key is found a fifth sooner than the only one of a list.
  const [only, ...others] = records;
  const isOne = only !== undefined && others.length === 0;
  const isKey = (key: string): string => (isOne ? `${key} = $1::text` : `${key} = any($1::text[])`);
  const asked = filter.relationIds;
  const isAsked = asked === null ? null : new Set(asked);
  const unmapped = places.filter(({ relationIds }) => relationIds === null);
  const mapped = places.filter(({ relationIds }) => relationIds !== null);
  const parameters: unknown[] = [isOne ? only : records, MAX_KEYED + 1];
  const parameter = (value: unknown, type: string): string => `$${parameters.push(value)}::${type}`;
  const isWithin = ({ low, high }: IdRange, id = 'e.id'): string =>
    `${id} between ${parameter(low, 'bigint')} and ${parameter(high, 'bigint')}`;
  const condition = entryCondition({ ...filter, relationIds: null, records: null }, parameters);
  const columns = condition === 'true' ? 'e.id' : 'e.*';
  const inTables = asked === null ? 'array(select r.id from :schema.relations r)' : parameter(asked, 'integer[]');
  // In many tables, one search for each partition is a tenth of what a search in each table is.
  const ranges = Array.from({ length: MAX_UNMAPPED }, (_value, n) => isWithin(unmapped[n] ?? NOWHERE));
  const anywhere = (relation: string): string[] =>
    ranges.map(
      (range) => `(select ${columns} from :schema.entries e
    where ${relation} and ${isKey('e.record_key')} and ${range} limit $2::bigint)`,
    );
  // Partitions outside of all places are left out before they are opened; those outside of one, when it is its turn.
  const isInSpan = isWithin(spanOf(mapped));
  const inPlaces = (list: readonly Place[], relation: string): string => `(select x.* from unnest(
      ${parameter(
        list.map(({ low }) => low),
        'bigint[]',
      )}, ${parameter(
        list.map(({ high }) => high),
        'bigint[]',
      )},
      ${parameter(
        list.map(({ relationId }) => relationId),
        'integer[]',
      )}) p(low, high, relation_id)
    cross join lateral (select ${columns} from :schema.entries e where ${relation} and ${isKey('e.record_key')}
      and ${isInSpan} and e.id between p.low and p.high limit $2::bigint) x)`;
  const parts = [
    ...anywhere(`e.relation_id = any(${inTables})`),
    inPlaces(
      mapped.flatMap((place) => placesInTables(place, isAsked)),
      'e.relation_id = p.relation_id',
    ),
  ];
  if (asked === null) {
    parts.push(...anywhere('e.relation_id is null'));
    const tableless = mapped.filter((place) => place.tableless).map((place) => ({ relationId: null, ...place }));
    if (tableless.length > 0) parts.push(inPlaces(tableless, 'e.relation_id is null'));
  }
  if (linked !== null) {
    const all = spanOf(places);
    parts.push(`(select ${columns} from :schema.truncated_rows t join :schema.entries e on e.id = t.entry_id and ${isWithin(all)}
    where t.relation_id = any(${inTables}) and ${isKey('t.record_key')} and ${isWithin(all, 't.entry_id')} limit $2::bigint)`);
  }
  const sql = `with keyed as materialized (select * from (${parts.join(' union all ')}) k limit $2::bigint)
    select (select count(*)::integer from keyed) as seen,
      array(select distinct e.id from keyed e where ${condition})::text[] as ids`;
  return { sql, parameters };
}

interface Place extends IdRange {
  /** Null: without a table. */
  readonly relationId: number | null;
}

/** Those of the tables that are asked for. */
function placesInTables({ low, high, relationIds }: KeyPlace, asked: ReadonlySet<number> | null): Place[] {
  return (relationIds ?? [])
    .filter((relationId) => asked === null || asked.has(relationId))
    .map((relationId) => ({ low, high, relationId }));
}

const NOWHERE: IdRange = { low: 1n, high: 0n };

/** In each table by itself. What keys of many entries have near is enough, most often. */
async function probeInSteps(scan: Scan, places: readonly KeyPlace[], probe: RecordProbe): Promise<Found> {
  const found: bigint[] = [];
  let rest = await withinEntries(scan, spanOf(places));
  for (let ids = (rest.high - rest.low) / FIRST_SHARE + 1n; rest.low <= rest.high; ids *= GROWTH) {
    scan.snapshot.remainingMs();
    const stretch = nearestPart(rest, ids, scan);
    found.push(...(await probeRecords(scan, stretch, { ...probe, want: probe.want - found.length })).ids);
    if (found.length >= probe.want) break;
    rest = without(rest, stretch, scan.direction);
  }
  return { ids: found, until: null };
}

/** From the lowest id of places, which are in the order of a walk, through the highest one. */
function spanOf(places: readonly IdRange[]): IdRange {
  const [first, last] = [places.at(0), places.at(-1)];
  if (first === undefined || last === undefined) return NOWHERE;
  return first.low < last.low ? { low: first.low, high: last.high } : { low: last.low, high: first.high };
}
