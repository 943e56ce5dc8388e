import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { BUCKETS_OF_PART, bucketSql, NO_RELATION, packTables } from './key-map.ts';

export interface KeyMapOptions {
  readonly schema: string;
  /** Ends the work before the next table; the map is then not made. */
  readonly signal?: AbortSignal;
  /** Called after each table with how long it took, so that the store can be given time for others. */
  readonly rest?: (busyMs: number) => Promise<void>;
}

/** Ids from `low` through `high`. */
export interface MappedRange {
  readonly low: bigint;
  readonly high: bigint;
}

/**
 * Makes the key map of the oldest partition of entries that has none and gets no more entries, and takes those away whose partition is
 * gone. Null: there is none to be made. `client` is used alone meanwhile, outside of a transaction.
 *
 * A map must have every key. Ids below the safe horizon belong to what is committed for good (see `sealNext`): whatever reads the
 * partition after the horizon has been seen above it finds all of its rows, in as many snapshots as it likes.
 */
export async function mapNextKeys(client: pg.ClientBase, options: KeyMapOptions): Promise<MappedRange | null> {
  const s = quoteIdentifier(options.schema);
  await client.query(
    `delete from ${s}.key_maps m where not exists (
       select from ${s}.partitions p where p.parent = 'entries' and p.low = m.low and p.high = m.high + 1)`,
  );
  const range = await findUnmapped(client, s);
  if (range === null) return null;
  const parts = await readParts(client, s, range, options);
  if (parts === null) return null;
  // In one statement: there is no map without its parts.
  await client.query(
    `with map as (
       insert into ${s}.key_maps (low, high) values ($1, $2) on conflict do nothing returning low
     )
     insert into ${s}.key_map_parts (low, part, tables)
       select map.low, p.part, p.tables from map cross join unnest($3::smallint[], $4::bytea[]) p(part, tables)`,
    [range.low, range.high, [...parts.keys()], [...parts.values()].map((buckets) => packTables(buckets))],
  );
  return range;
}

/** Oldest first, so that what is mapped has no holes. A partition whose DETACH has begun shows its rows no more. */
async function findUnmapped(client: pg.ClientBase, s: string): Promise<MappedRange | null> {
  const found = await client.query<{ low: string; high: string }>(
    `select p.low::text, (p.high - 1)::text as high from ${s}.partitions p
     where p.parent = 'entries' and not p.pending
       and p.high <= coalesce(${s}.horizon(), (select last_id from ${s}.id_clock) + 1)
       and not exists (select from ${s}.key_maps m where m.low = p.low)
     order by p.low limit 1`,
  );
  const [row] = found.rows;
  return row === undefined ? null : { low: BigInt(row.low), high: BigInt(row.high) };
}

type Parts = Map<number, Map<number, number[]>>;

/** Table by table, which the index on table and record has together. Null: it was ended. */
async function readParts(
  client: pg.ClientBase,
  s: string,
  range: MappedRange,
  { signal, rest }: KeyMapOptions,
): Promise<Parts | null> {
  const relations = await client.query<{ id: number }>(`select r.id from ${s}.relations r order by r.id`);
  const parts: Parts = new Map();
  for (const relation of [NO_RELATION, ...relations.rows.map(({ id }) => id)]) {
    if (signal?.aborted === true) return null;
    const began = performance.now();
    for (const number of await readBuckets(client, s, range, relation)) add(parts, number, relation);
    await rest?.(performance.now() - began);
  }
  return parts;
}

/** The buckets of a table's keys, as `bucketSql` numbers them. */
async function readBuckets(
  client: pg.ClientBase,
  s: string,
  { low, high }: MappedRange,
  relation: number,
): Promise<number[]> {
  const isRelation = (column: string): string =>
    relation === NO_RELATION ? `${column} is null and $3::integer is not null` : `${column} = $3::integer`;
  const found = await client.query<{ bucket: number }>(
    `select distinct ${bucketSql('k.key')} as bucket from (
       select e.record_key as key from ${s}.entries e
         where ${isRelation('e.relation_id')} and e.record_key is not null and e.id between $1::bigint and $2::bigint
       union all
       select t.record_key from ${s}.truncated_rows t
         where ${isRelation('t.relation_id')} and t.record_key is not null and t.entry_id between $1::bigint and $2::bigint) k`,
    [low, high, relation],
  );
  return found.rows.map(({ bucket }) => bucket);
}

function add(parts: Parts, number: number, relation: number): void {
  const [part, bucket] = [Math.floor(number / BUCKETS_OF_PART), number % BUCKETS_OF_PART];
  const buckets = parts.get(part) ?? new Map<number, number[]>();
  parts.set(part, buckets);
  const tables = buckets.get(bucket);
  if (tables === undefined) buckets.set(bucket, [relation]);
  else tables.push(relation);
}
