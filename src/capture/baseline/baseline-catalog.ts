import type pg from 'pg';
import type { Column, Relation } from '../../change/relation.ts';

/** A table, or a leaf partition of it, that has rows of its own. */
export interface TablePart {
  readonly oid: number;
  readonly blocks: number;
}

/** What a baseline asks of a catalog, by the way in which its tables are captured. */
export interface BaselineCatalog {
  /** The parts of a table whose rows are captured; none: the table is gone or not tracked. */
  parts(db: pg.ClientBase, oid: number): Promise<TablePart[]>;
  /** The state in the snapshot of the transaction that the client is in. Null: the table is gone. */
  state(db: pg.ClientBase, table: { readonly oid: number; readonly part: number }): Promise<PartState | null>;
}

/** Tables that a publication has: they are described as the stream describes them. */
export function publishedCatalog(publication: string): BaselineCatalog {
  return {
    parts: (db, oid) => readParts(db, oid, publication),
    state: (db, table) => readPartState(db, table, publication),
  };
}

async function readParts(db: pg.ClientBase, oid: number, publication: string): Promise<TablePart[]> {
  const result = await db.query<{ oid: number; blocks: string }>(PARTS_SQL, [oid, publication]);
  return result.rows.map((row) => ({ oid: row.oid, blocks: Number(row.blocks) }));
}

/** What one snapshot says of a part and its table. */
export interface PartState {
  /** Text of a pg_snapshot. */
  readonly snapshot: string;
  /** A position behind every commit that the snapshot shows. */
  readonly lsn: string;
  /** Microseconds since 2000-01-01 UTC. */
  readonly readAtMicros: string;
  /** Null: it is no part of the table any more. */
  readonly part: PartFile | null;
  /** As capture would describe the table. */
  readonly relation: Relation;
}

export interface PartFile {
  readonly schema: string;
  readonly name: string;
  readonly filenode: number;
  readonly blocks: number;
  /** Names of columns whose values may be kept out of line. */
  readonly varying: ReadonlySet<string>;
}

/** The columns of a state that both ways of capture ask for in the same words. */
export interface PartStateRow {
  readonly snapshot: string;
  readonly lsn: string;
  readonly read_at: string;
  readonly part_schema: string;
  readonly part_name: string | null;
  readonly filenode: string;
  readonly blocks: string;
}

/** A state of its row and of what the ways of capture describe differently. `varying`: see PartFile. */
export function partState(
  row: PartStateRow,
  { varying, relation }: { readonly varying: readonly string[]; readonly relation: Relation },
): PartState {
  const part =
    row.part_name === null
      ? null
      : {
          schema: row.part_schema,
          name: row.part_name,
          filenode: Number(row.filenode),
          blocks: Number(row.blocks),
          varying: new Set(varying),
        };
  return { snapshot: row.snapshot, lsn: row.lsn, readAtMicros: row.read_at, part, relation };
}

async function readPartState(
  db: pg.ClientBase,
  table: { readonly oid: number; readonly part: number },
  publication: string,
): Promise<PartState | null> {
  const row = (await db.query<StateRow>(STATE_SQL, [table.oid, table.part, publication])).rows[0];
  if (row === undefined) return null;
  const columns = JSON.parse(row.columns) as (Column & { readonly varying: boolean })[];
  return partState(row, {
    varying: columns.flatMap(({ name, varying }) => (varying ? [name] : [])),
    relation: {
      oid: table.oid,
      schema: row.schema,
      name: row.name,
      replicaIdentity: row.identity,
      columns: columns.map(({ name, typeOid, baseType, typeModifier, identity }) => ({
        name,
        typeOid,
        baseType,
        typeModifier,
        identity,
      })),
    },
  });
}

interface StateRow extends PartStateRow {
  readonly schema: string;
  readonly name: string;
  readonly identity: Relation['replicaIdentity'];
  readonly columns: string;
}

/** The leaves that are captured: foreign and unlogged ones are not in the WAL. */
const PARTS_SQL = `
select leaf.oid, pg_catalog.pg_relation_size(leaf.oid) / pg_catalog.current_setting('block_size')::bigint as blocks
from pg_catalog.pg_class root
  join pg_catalog.pg_publication_rel r on r.prrelid = root.oid
  join pg_catalog.pg_publication p on p.oid = r.prpubid and p.pubname = $2
  join pg_catalog.pg_class leaf on leaf.oid = root.oid
    or root.relkind = 'p' and leaf.oid in (select t.relid from pg_catalog.pg_partition_tree(root.oid) t where t.isleaf)
where root.oid = $1 and leaf.relkind = 'r' and leaf.relpersistence = 'p' order by leaf.oid`;

/** The columns that the stream would send; types beyond the built-in ones by their names, domains by what they stand for. */
const STATE_SQL = `
with recursive base (oid, type, kind) as (
  select t.oid, t.oid, t.typtype from pg_catalog.pg_type t
    where t.oid in (select a.atttypid from pg_catalog.pg_attribute a where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped)
  union all
  select b.oid, t.oid, t.typtype from base b join pg_catalog.pg_type d on d.oid = b.type and d.typtype = 'd'
    join pg_catalog.pg_type t on t.oid = d.typbasetype
)
select pg_catalog.pg_current_snapshot()::text as snapshot, pg_catalog.pg_current_wal_insert_lsn()::text as lsn,
  pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp() - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint::text as read_at,
  n.nspname::text as schema, c.relname::text as name, c.relreplident::text as identity,
  part.schema as part_schema, part.name as part_name, part.filenode::text as filenode, part.blocks::text as blocks,
  (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname, 'typeOid', a.atttypid::bigint, 'typeModifier', a.atttypmod, 'varying', a.attlen = -1,
      'baseType', case when a.atttypid >= 10000 then pg_catalog.json_build_object('schema', tn.nspname, 'name', t.typname) end,
      'identity', c.relreplident = 'f' or coalesce(a.attnum = any (key.attnums), false)) order by a.attnum), '[]')
    from pg_catalog.pg_attribute a join base b on b.oid = a.atttypid and b.kind <> 'd'
      join pg_catalog.pg_type t on t.oid = b.type join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and (a.attgenerated = '' or a.attgenerated = 's'
        and coalesce((select pg_catalog.to_jsonb(p) ->> 'pubgencols' = 's' from pg_catalog.pg_publication p where p.pubname = $3), false))
  )::text as columns
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select i.indkey::int2[] as attnums from pg_catalog.pg_index i
    where i.indrelid = c.oid and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident end) key on true
  left join lateral (
    select ln.nspname::text as schema, l.relname::text as name, pg_catalog.pg_relation_filenode(l.oid) as filenode,
      pg_catalog.pg_relation_size(l.oid) / pg_catalog.current_setting('block_size')::bigint as blocks
    from pg_catalog.pg_class l join pg_catalog.pg_namespace ln on ln.oid = l.relnamespace
    where l.oid = $2 and (l.oid = c.oid or c.oid in (select t.relid from pg_catalog.pg_partition_ancestors(l.oid) t))) part on true
where c.oid = $1`;
