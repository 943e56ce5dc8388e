import type pg from 'pg';
import type { Column, Relation } from '../../change/relation.ts';
import { alignColumns, type CatalogColumn } from './column-alignment.ts';

/** What the stream does not say about a relation. */
export interface RelationFacts {
  /** Its rows are in partitions, each with a replica identity of its own that the stream does not tell. */
  readonly partitioned: boolean;
  /** The catalog's columns in the order of their numbers, dropped ones too; none if the table is gone. */
  readonly columns: readonly CatalogColumn[];
  /** The column number of each streamed column; null where the catalog leaves it open. */
  readonly attnums: readonly (number | null)[];
  /** Column numbers in key order; null without one. */
  readonly primaryKey: readonly number[] | null;
  /** Likewise of the index that `replica identity using index` names. */
  readonly identityIndex: readonly number[] | null;
  /** Positions of streamed columns whose text may hold bytes that are not UTF-8. */
  readonly unchecked: ReadonlySet<number>;
  /** Type names as format_type prints them, in the order of the streamed columns. */
  readonly typeNames: readonly string[];
}

/**
 * Reads what the catalog of the moment knows of a relation. It may be ahead of the stream by any number of
 * changes: columns are told apart by their numbers, which are never used twice.
 */
export async function readRelationFacts(
  pool: pg.Pool,
  relation: Relation,
  { slot, publication }: { readonly slot: string; readonly publication: string },
): Promise<RelationFacts> {
  const { columns: streamed } = relation;
  const [table, columns, types] = await Promise.all([
    pool.query<TableRow>(TABLE_SQL, [relation.oid]),
    pool.query<CatalogColumn>(COLUMNS_SQL, [relation.oid, slot, publication]),
    pool.query<{ name: string | null }>(TYPES_SQL, [
      streamed.map((column) => column.typeOid),
      streamed.map((column) => column.typeModifier),
    ]),
  ]);
  const { partitioned, primaryKey, identityIndex, encoding, version } = table.rows[0]!;
  return {
    partitioned,
    primaryKey,
    identityIndex,
    unchecked: uncheckedColumns(streamed, encoding, version),
    columns: columns.rows,
    attnums: alignColumns(streamed, columns.rows),
    typeNames: types.rows.map(({ name }, i) => name ?? streamedTypeName(relation, i)),
  };
}

interface TableRow extends Pick<RelationFacts, 'partitioned' | 'primaryKey' | 'identityIndex'> {
  readonly encoding: string;
  readonly version: number;
}

const CHAR_TYPES = new Set([18, 1002]);
/** From here on, "char" prints bytes beyond ASCII as escapes. https://www.postgresql.org/docs/release/15.0/ */
const CHAR_IS_ASCII = 150_000;

/** SQL_ASCII converts and checks nothing. Elsewhere only "char" is not text; types that are not built in may hold it. */
export function uncheckedColumns(columns: readonly Column[], encoding: string, version: number): ReadonlySet<number> {
  const isUnchecked = ({ typeOid, baseType }: Column): boolean =>
    encoding === 'SQL_ASCII' || (version < CHAR_IS_ASCII && (baseType !== null || CHAR_TYPES.has(typeOid)));
  return new Set(columns.flatMap((column, i) => (isUnchecked(column) ? [i] : [])));
}

/** Of a type that has been dropped since. */
function streamedTypeName(relation: Relation, index: number): string {
  const { typeOid, baseType } = relation.columns[index]!;
  return baseType === null ? `oid ${typeOid}` : `${baseType.schema}.${baseType.name}`;
}

const TABLE_SQL = `
with keys as (
  select i.indisprimary, i.indisreplident, array(
    select k.attnum from unnest(i.indkey) with ordinality as k(attnum, position)
    where k.position <= i.indnkeyatts order by k.position) as attnums
  from pg_catalog.pg_index i where i.indrelid = $1 and i.indisvalid and (i.indisprimary or i.indisreplident)
)
select current_setting('server_encoding') as encoding, current_setting('server_version_num')::int4 as version,
  exists (select from pg_catalog.pg_class where oid = $1 and relkind = 'p') as partitioned,
  (select attnums from keys where indisprimary) as "primaryKey",
  (select attnums from keys where indisreplident) as "identityIndex"`;

/**
 * Settled: what a row of pg_attribute says was so before anything that is still to come from the slot. The slot's
 * catalog_xmin is the oldest transaction whose catalog changes decoding may still have to tell apart from their
 * absence: of a change that is older, only the outcome is visible to it, as it is to vacuum.
 * https://www.postgresql.org/docs/current/view-pg-replication-slots.html
 */
const COLUMNS_SQL = `
select a.attnum, a.attname::text as name, a.atttypid::oid as "typeOid", a.attisdropped as dropped,
  a.attgenerated <> '' as generated,
  -- Before PostgreSQL 18 no generated column is sent, and later only stored ones, where the publication says so.
  a.attgenerated = '' or (a.attgenerated = 's' and coalesce(to_jsonb(p) ->> 'pubgencols' = 's', false)) as streamed,
  coalesce(pg_catalog.age(a.xmin) > pg_catalog.age(s.catalog_xmin), false) as settled
from pg_catalog.pg_attribute a
left join pg_catalog.pg_replication_slots s on s.slot_name = $2
left join pg_catalog.pg_publication p on p.pubname = $3
where a.attrelid = $1 and a.attnum > 0 order by a.attnum`;

const TYPES_SQL = `
select case when t.oid is not null then pg_catalog.format_type(t.oid, nullif(w.modifier, -1)) end as name
from unnest($1::oid[], $2::int4[]) with ordinality as w(oid, modifier, position)
left join pg_catalog.pg_type t on t.oid = w.oid order by w.position`;
