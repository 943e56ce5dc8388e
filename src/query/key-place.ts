import { bucketOf, NO_RELATION, tablesOf, type KeyBucket } from '../store/key-map.ts';
import type { IdRange } from './id-range.ts';
import type { Snapshot } from './store-reader.ts';

/** A range of ids, and the tables in which there keys can be. */
export interface KeyPlace extends IdRange {
  /** Null: any, and entries without a table. */
  readonly relationIds: readonly number[] | null;
  /** Whether entries without a table can have them. */
  readonly tableless: boolean;
  /** In about how many tables they are, those left out that are named for another key; 0 where that is not known. */
  readonly promised: number;
}

/**
 * All places within the range where entries or truncated rows can have one of the keys, by the maps that there are: a range that none
 * covers is one place. In the order of their ids.
 */
export async function readKeyPlaces(
  snapshot: Snapshot,
  range: IdRange,
  keys: readonly string[],
): Promise<readonly KeyPlace[]> {
  const buckets = keys.map(bucketOf);
  const rows = await snapshot.queryPlanned<MapRow>(MAPS_SQL, [
    [...new Set(buckets.map(({ part }) => part))],
    range.low,
    range.high,
  ]);
  return placesOf(range, mapsOf(rows), buckets);
}

const MAPS_SQL = `select m.low::text, m.high::text, p.part, p.tables from :schema.key_maps m
  left join :schema.key_map_parts p on p.low = m.low and p.part = any($1::smallint[])
  where m.high >= $2::bigint and m.low <= $3::bigint order by m.low`;

interface MapRow {
  readonly low: string;
  readonly high: string;
  /** Null: the map has none of the parts asked for. */
  readonly part: number | null;
  readonly tables: Buffer | null;
}

export interface KeyMap extends IdRange {
  /** By their numbers; what is not there has no keys. */
  readonly parts: ReadonlyMap<number, Uint8Array>;
}

function mapsOf(rows: readonly MapRow[]): KeyMap[] {
  const maps: (IdRange & { readonly parts: Map<number, Uint8Array> })[] = [];
  for (const row of rows) {
    const low = BigInt(row.low);
    let map = maps.at(-1);
    if (map?.low !== low) maps.push((map = { low, high: BigInt(row.high), parts: new Map() }));
    if (row.part !== null && row.tables !== null) map.parts.set(row.part, row.tables);
  }
  return maps;
}

/** Pure. `maps` do not overlap, and are in order. */
export function placesOf(range: IdRange, maps: readonly KeyMap[], buckets: readonly KeyBucket[]): KeyPlace[] {
  const places: KeyPlace[] = [];
  let next = range.low;
  const addUnmapped = (high: bigint): void => {
    if (next <= high) places.push({ low: next, high, relationIds: null, tableless: true, promised: 0 });
  };
  for (const map of maps) {
    addUnmapped(map.low - 1n < range.high ? map.low - 1n : range.high);
    const low = map.low > next ? map.low : next;
    const high = map.high < range.high ? map.high : range.high;
    const found = buckets.map(({ part, bucket }) => tablesOf(map.parts.get(part) ?? EMPTY, bucket));
    const tables = new Set(found.flatMap((each) => each.tables));
    const promised = Math.max(tables.size - found.reduce((sum, { average }) => sum + average, 0), 0);
    const tableless = tables.delete(NO_RELATION);
    if (low <= high && (tables.size > 0 || tableless)) {
      places.push({ low, high, relationIds: [...tables], tableless, promised });
    }
    if (map.high >= next) next = map.high + 1n;
  }
  addUnmapped(range.high);
  return places;
}

const EMPTY = new Uint8Array();
