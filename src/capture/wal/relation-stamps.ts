import type pg from 'pg';
import { parseLsn } from '../../pg/lsn.ts';

/** What a column (or the relation, as number 0) was in the catalog, and since when at least. */
export interface Stamp {
  readonly attnum: number;
  /** Equal stamps: nothing that could change a stored value, or hide one from the stream, happened in between. */
  readonly stamp: string;
  /** Commits from this LSN on were made while the stamp held, as far as the catalog was read to. */
  readonly since: bigint;
}

/** What the catalog says of a relation's columns at one moment. */
export interface RelationStamps {
  readonly relation: Stamp;
  readonly columns: ReadonlyMap<string, Stamp>;
  /** By name: of columns without a stamp, too. */
  readonly attnums: ReadonlyMap<string, number>;
  /** Names of the columns by which rows are put into partitions; null when expressions are among them. */
  readonly partitionKey: readonly string[] | null;
  /** Whether each partition says by its key which of its rows it speaks of. */
  readonly partsByKey: boolean;
}

/** What is read, and for whom. */
export interface StampQuery {
  readonly publication: string;
  readonly slot: string;
  /** Null: every published relation. */
  readonly oid: number | null;
}

/**
 * Reads, by oid, what relations and their columns are. A column that was altered, even to the same name and type
 * (`alter column … type … using`), dropped and added again, or renamed there and back has another stamp, because
 * PostgreSQL writes its row of pg_attribute anew; TRUNCATE, VACUUM FULL, ANALYZE and a new partition change none.
 * A relation that left the publication and came back, or got a filled partition, has another stamp, too.
 */
export async function readStamps(pool: pg.Pool, query: StampQuery): Promise<Map<number, RelationStamps>> {
  const { publication, slot, oid } = query;
  const result = await pool.query<StampRow>(STAMPS_SQL, [publication, slot, oid]);
  return new Map(result.rows.map((row) => [row.oid, stampsOf(row)]));
}

interface StampRow {
  readonly oid: number;
  readonly stamp: string;
  readonly old: boolean;
  readonly partition_key: string[] | null;
  readonly parts_by_key: boolean;
  /** JSON text of `StampColumn[]`. */
  readonly columns: string;
  readonly lsn: string;
  readonly confirmed: string | null;
}

interface StampColumn {
  readonly name: string;
  readonly attnum: number;
  /** Null: of a type whose output may change without a trace. */
  readonly stamp: string | null;
  readonly old: boolean;
}

/** What no running transaction had changed when the slot's position was current has been so since then. */
function stampsOf(row: StampRow): RelationStamps {
  const now = parseLsn(row.lsn);
  const then = row.confirmed === null ? now : parseLsn(row.confirmed);
  const since = (old: boolean): bigint => (old ? then : now);
  const columns = JSON.parse(row.columns) as readonly StampColumn[];
  return {
    relation: { attnum: 0, stamp: row.stamp, since: since(row.old) },
    columns: new Map(
      columns.flatMap(({ name, attnum, stamp, old }) =>
        stamp === null ? [] : [[name, { attnum, stamp, since: since(row.old && old) }]],
      ),
    ),
    attnums: new Map(columns.map(({ name, attnum }) => [name, attnum])),
    partitionKey: row.partition_key,
    partsByKey: row.parts_by_key,
  };
}

/**
 * `old`: the transaction that made it so is older than the slot's catalog_xmin, that is, was over before the
 * slot's confirmed position. The WAL position is taken while the statement runs, after its snapshot: what the
 * snapshot shows was committed before it.
 *
 * Types whose output follows from other objects’ names (reg*) can change without any of this: they are left out.
 * Labels of enums and attributes of composites are part of the stamp.
 */
const STAMPS_SQL = `
with recursive slot as (
  select catalog_xmin as xmin, confirmed_flush_lsn as confirmed from pg_catalog.pg_replication_slots where slot_name = $2
), published as (
  select r.prrelid as oid, p.oid || ':' || p.xmin || ' ' || r.oid || ':' || r.xmin as stamp,
    least(pg_catalog.age(p.xmin), pg_catalog.age(r.xmin)) as age
  from pg_catalog.pg_publication p join pg_catalog.pg_publication_rel r on r.prpubid = p.oid
  where p.pubname = $1 and ($3::oid is null or r.prrelid = $3)
), attribute as (
  select a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod, a.xmin
  from published join pg_catalog.pg_attribute a on a.attrelid = published.oid
  where a.attnum > 0 and not a.attisdropped
), part (root, oid) as (
  select distinct atttypid, atttypid from attribute
  union
  select p.root, x.oid from part p join pg_catalog.pg_type t on t.oid = p.oid
  cross join lateral (
    select t.typbasetype as oid where t.typbasetype <> 0
    union all select t.typelem where t.typelem <> 0 and t.typlen = -1
    union all select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid
    union all select r.rngtypid from pg_catalog.pg_range r where r.rngmultitypid = t.oid
    union all select c.atttypid from pg_catalog.pg_attribute c
      where t.typrelid <> 0 and c.attrelid = t.typrelid and c.attnum > 0 and not c.attisdropped) x
), made (root, of, xmin) as (
  select p.root, e.oid, e.xmin from part p join pg_catalog.pg_enum e on e.enumtypid = p.oid
  union all
  select p.root, c.attnum::oid, c.xmin from part p join pg_catalog.pg_type t on t.oid = p.oid
    join pg_catalog.pg_attribute c on c.attrelid = t.typrelid and c.attnum > 0
), type as (
  select root, pg_catalog.string_agg(of || ':' || xmin, ' ' order by of, xmin::text) as stamp, min(pg_catalog.age(xmin)) as age
  from made group by root
), named (root) as (
  select distinct root from part where oid in ('regclass'::regtype, 'regcollation'::regtype, 'regconfig'::regtype,
    'regdictionary'::regtype, 'regnamespace'::regtype, 'regoper'::regtype, 'regoperator'::regtype, 'regproc'::regtype,
    'regprocedure'::regtype, 'regrole'::regtype, 'regtype'::regtype)
), columns as (
  select a.attrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', a.attname, 'attnum', a.attnum,
    'stamp', case when named.root is null
      then pg_catalog.concat_ws(' ', a.attname, a.attnum, a.atttypid, a.atttypmod, a.xmin, type.stamp) end,
    'old', least(pg_catalog.age(a.xmin), type.age) > pg_catalog.age(slot.xmin) is true)) as list
  from attribute a left join slot on true left join type on type.root = a.atttypid
  left join named on named.root = a.atttypid group by a.attrelid
), part_of as (
  select published.oid as root, t.relid, t.isleaf from published
  cross join lateral pg_catalog.pg_partition_tree(published.oid) t
  where exists (select from pg_catalog.pg_class c where c.oid = published.oid and c.relkind = 'p')
), attached as (
  -- A partition that was made as one was empty then; one that was attached later may hold anything.
  select p.root, pg_catalog.string_agg(i.inhrelid || ':' || i.xmin, ' ' order by i.inhrelid) as stamp,
    min(pg_catalog.age(i.xmin)) as age
  from part_of p join pg_catalog.pg_inherits i on i.inhrelid = p.relid
  join pg_catalog.pg_attribute born on born.attrelid = i.inhrelid and born.attname = 'tableoid'
  where born.xmin <> i.xmin group by p.root
), key as (
  select i.indrelid, pg_catalog.string_agg(i.indkey::text || ' ' || i.indisprimary, ', ' order by i.indisprimary, i.indkey::text) as stamp,
    min(pg_catalog.age(i.xmin)) as age, bool_or(i.indisprimary) as is_primary
  from published join pg_catalog.pg_index i on i.indrelid = published.oid
  where i.indisvalid and (i.indisprimary or i.indisreplident) group by i.indrelid
)
select published.oid,
  pg_catalog.concat_ws(' / ', published.stamp, coalesce(key.stamp, ''), coalesce(attached.stamp, '')) as stamp,
  least(published.age, key.age, attached.age) > pg_catalog.age(slot.xmin) is true as old,
  (select case when bool_or(k.attnum = 0) then null else pg_catalog.array_agg(distinct a.attname::text) end
    from part_of p join pg_catalog.pg_partitioned_table pt on pt.partrelid = p.relid
    cross join lateral pg_catalog.unnest(pt.partattrs::int2[]) k(attnum)
    left join pg_catalog.pg_attribute a on a.attrelid = p.relid and a.attnum = k.attnum
    where p.root = published.oid) as partition_key,
  coalesce(key.is_primary, false) and not exists (select from part_of p join pg_catalog.pg_class c on c.oid = p.relid
    where p.root = published.oid and p.isleaf and c.relreplident not in ('d', 'f')) as parts_by_key,
  coalesce(columns.list, '[]'::json) as columns,
  case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
    else pg_catalog.pg_current_wal_insert_lsn() end::text as lsn,
  slot.confirmed::text as confirmed
from published left join slot on true
left join columns on columns.attrelid = published.oid
left join key on key.indrelid = published.oid
left join attached on attached.root = published.oid`;
