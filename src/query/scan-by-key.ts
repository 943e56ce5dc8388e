import { entryCondition } from './filter-condition.ts';
import type { ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import { readKeyPlaces, type KeyPlace } from './key-place.ts';
import { isPlainProbe, probeRecords, type RecordProbe } from './record-probe.ts';
import { nearestPart, union, withinEntries, without, type Direction, type Found, type Scan } from './scan-walk.ts';
import { DAY_MICROS, idAt, idsOf, nowMicros } from './time.ts';

/** Entries that keys have in many tables, up to which all of them are read at once. */
const MAX_KEYED = 1_000;
/** How far keys that are in many tables are looked for by themselves, where no map tells how many entries they have. */
const NEAR_IDS = idsOf(7n * DAY_MICROS);
/** What maps promise is this many times as much as is wanted, before what is further is left for later: some of it is of other keys. */
const PROMISE_FACTOR = 2;
/** What is looked at first of a range where keys have more: this part of it, and then so many times more. */
const FIRST_SHARE = 32n;
const GROWTH = 8n;

/**
 * Entries of keys in many tables, as far as they are wanted: where the maps say that they can be, place by place in the direction of
 * the walk, as many places at a time as promise to be enough.
 */
export async function findInManyTables(scan: Scan, range: IdRange, probe: RecordProbe): Promise<Found> {
  const inOrder = await readKeyPlaces(scan.snapshot, range, probe.records);
  let places: readonly KeyPlace[] = scan.direction === 'newest' ? inOrder.toReversed() : inOrder;
  places = withNearPart(places, { want: probe.want, now: idAt(nowMicros()), direction: scan.direction });
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

/**
 * How many of the places are searched together. A map names a table only if it has an entry, or another key of the bucket has. What has
 * no map promises nothing, and is searched with what has one behind it. Pure.
 */
export function countNext(places: readonly KeyPlace[], want: number): number {
  let [count, promised] = [0, 0];
  for (const place of places) {
    if (count > 0 && (place.relationIds === null || promised > PROMISE_FACTOR * want)) break;
    promised += promiseOf(place);
    count += 1;
  }
  return count;
}

/** Entries that keys have there, at least about so many. */
function promiseOf({ relationIds }: KeyPlace): number {
  return relationIds?.length ?? 0;
}

/**
 * The places, with the nearest days of the first one by themselves where it has no map, and where the keys are in many tables by the
 * next map, or by none: these days may be enough. Pure.
 */
export function withNearPart(
  places: readonly KeyPlace[],
  { want, now, direction }: { readonly want: number; readonly now: bigint; readonly direction: Direction },
): readonly KeyPlace[] {
  const [first, ...others] = places;
  if (first === undefined || first.relationIds !== null) return places;
  const mapped = others.find(({ relationIds }) => relationIds !== null);
  if (mapped !== undefined && promiseOf(mapped) <= want) return places;
  const { low, high } = first;
  // Nothing is near before the first entry, or after the last one.
  const isBeforeAll = direction === 'oldest' && low === 0n;
  const cut = direction === 'newest' ? (high < now ? high : now) - NEAR_IDS : low + NEAR_IDS;
  if (isBeforeAll || cut < low || cut >= high) return places;
  const [before, after] = [
    { ...first, high: cut },
    { ...first, low: cut + 1n },
  ];
  return direction === 'newest' ? [after, before, ...others] : [before, after, ...others];
}

/**
 * All entries that keys have in the places, of which the first one alone may have no map; undefined where they are too many for that.
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
  const unmapped = places.find(({ relationIds }) => relationIds === null) ?? NOWHERE;
  const mapped = places.filter(({ relationIds }) => relationIds !== null);
  const parameters: unknown[] = [isOne ? only : records, MAX_KEYED + 1, unmapped.low, unmapped.high];
  const parameter = (value: unknown, type: string): string => `$${parameters.push(value)}::${type}`;
  const condition = entryCondition({ ...filter, relationIds: null, records: null }, parameters);
  const columns = condition === 'true' ? 'e.id' : 'e.*';
  const inTables = asked === null ? 'array(select r.id from :schema.relations r)' : parameter(asked, 'integer[]');
  // In many tables, one search for each partition is a tenth of what a search in each table is.
  const anywhere = (relation: string): string => `(select ${columns} from :schema.entries e
    where ${relation} and ${isKey('e.record_key')} and e.id between $3::bigint and $4::bigint limit $2::bigint)`;
  // Partitions outside of all places are left out before they are opened; those outside of one, when it is its turn.
  const span = spanOf(mapped);
  const isInSpan = `e.id between ${parameter(span.low, 'bigint')} and ${parameter(span.high, 'bigint')}`;
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
    anywhere(`e.relation_id = any(${inTables})`),
    inPlaces(
      mapped.flatMap((place) => placesInTables(place, asked)),
      'e.relation_id = p.relation_id',
    ),
  ];
  if (asked === null) {
    parts.push(anywhere('e.relation_id is null'));
    const tableless = mapped.filter((place) => place.tableless).map((place) => ({ ...place, relationId: null }));
    if (tableless.length > 0) parts.push(inPlaces(tableless, 'e.relation_id is null'));
  }
  if (linked !== null) {
    const all = spanOf(places);
    const isThere = (id: string): string =>
      `${id} between ${parameter(all.low, 'bigint')} and ${parameter(all.high, 'bigint')}`;
    parts.push(`(select ${columns} from :schema.truncated_rows t join :schema.entries e on e.id = t.entry_id and ${isThere('e.id')}
    where t.relation_id = any(${inTables}) and ${isKey('t.record_key')} and ${isThere('t.entry_id')} limit $2::bigint)`);
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
function placesInTables({ low, high, relationIds }: KeyPlace, asked: readonly number[] | null): Place[] {
  return (relationIds ?? [])
    .filter((relationId) => asked === null || asked.includes(relationId))
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
