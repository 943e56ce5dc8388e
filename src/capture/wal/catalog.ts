import type pg from 'pg';
import type { Relation } from '../../change/relation.ts';

/** What the stream does not say about a relation. */
export interface RelationFacts {
  /** False for a table that has been dropped since: then its key is not known here. */
  readonly exists: boolean;
  /** Its rows are in partitions, each with a replica identity of its own that the stream does not tell. */
  readonly partitioned: boolean;
  /** Key columns in key order: the primary key, else the replica identity index; null without either. */
  readonly key: readonly string[] | null;
  /** Generated columns, which PostgreSQL 18 can stream: they follow from the others, and no one can write them. */
  readonly generated: readonly string[];
  /** Type names as format_type prints them, in column order. */
  readonly typeNames: readonly string[];
  /** Domain → innermost base type, for this relation's columns. */
  readonly baseTypes: ReadonlyMap<number, number>;
}

/**
 * Reads a relation's key and types. The catalog may be ahead of the stream: a table that is gone by now has
 * no key there, and its columns keep their oids as names.
 */
export async function readRelationFacts(pool: pg.Pool, relation: Relation): Promise<RelationFacts> {
  const oids = relation.columns.map((column) => column.typeOid);
  const [key, types] = await Promise.all([
    pool.query<{ exists: boolean; partitioned: boolean; columns: string[] | null; generated: string[] }>(KEY_SQL, [
      relation.oid,
    ]),
    pool.query<{ oid: number; base: number; name: string | null }>(TYPES_SQL, [
      oids,
      relation.columns.map((column) => column.typeModifier),
    ]),
  ]);
  return {
    exists: key.rows[0]!.exists,
    partitioned: key.rows[0]!.partitioned,
    key: key.rows[0]!.columns,
    generated: key.rows[0]!.generated,
    typeNames: types.rows.map((row) => row.name ?? `oid ${row.oid}`),
    baseTypes: new Map(types.rows.filter((row) => row.base !== row.oid).map((row) => [row.oid, row.base])),
  };
}

const KEY_SQL = `
select exists (select from pg_catalog.pg_class where oid = $1) as exists,
  exists (select from pg_catalog.pg_class where oid = $1 and relkind = 'p') as partitioned,
  array_agg(a.attname::text order by k.position) as columns,
  array(select attname::text from pg_catalog.pg_attribute where attrelid = $1 and attgenerated <> '') as generated
from (select indexrelid, indkey from pg_catalog.pg_index
      where indrelid = $1 and indisvalid and (indisprimary or indisreplident)
      order by indisprimary desc limit 1) i
cross join lateral unnest(i.indkey) with ordinality as k(attnum, position)
join pg_catalog.pg_attribute a on a.attrelid = $1 and a.attnum = k.attnum
where k.position <= (select indnkeyatts from pg_catalog.pg_index where indexrelid = i.indexrelid)`;

/** A domain's base may be a domain again. */
const TYPES_SQL = `
with recursive wanted as (
  select position, oid, modifier from unnest($1::oid[], $2::int4[]) with ordinality as w(oid, modifier, position)
), base as (
  select w.position, w.oid, t.oid as base, t.typtype, t.typbasetype from wanted w
    join pg_catalog.pg_type t on t.oid = w.oid
  union all
  select b.position, b.oid, t.oid, t.typtype, t.typbasetype from base b
    join pg_catalog.pg_type t on t.oid = b.typbasetype where b.typtype = 'd'
)
select w.oid, coalesce((select b.base from base b where b.position = w.position and b.typtype <> 'd'), w.oid) as base,
  pg_catalog.format_type(w.oid, nullif(w.modifier, -1)) as name
from wanted w order by w.position`;
