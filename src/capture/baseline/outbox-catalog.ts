import type pg from 'pg';
import { parseDescription, relationOf } from '../outbox/description.ts';
import {
  partState,
  type BaselineCatalog,
  type PartState,
  type PartStateRow,
  type TablePart,
} from './baseline-catalog.ts';

/** Tables that triggers capture: they are described as the outbox describes them. */
export const outboxCatalog: BaselineCatalog = { parts: readParts, state: readState };

async function readParts(db: pg.ClientBase, oid: number): Promise<TablePart[]> {
  const result = await db.query<{ oid: number; blocks: string }>(PARTS_SQL, [oid]);
  return result.rows.map((row) => ({ oid: row.oid, blocks: Number(row.blocks) }));
}

async function readState(
  db: pg.ClientBase,
  table: { readonly oid: number; readonly part: number },
): Promise<PartState | null> {
  const row = (await db.query<StateRow>(STATE_SQL, [table.oid, table.part])).rows[0];
  if (row?.description === null || row === undefined) return null;
  return partState(row, { varying: row.varying, relation: relationOf(parseDescription(row.description)) });
}

interface StateRow extends PartStateRow {
  readonly description: string | null;
  readonly varying: string[];
}

/** The leaves of a table whose statements are captured. */
const PARTS_SQL = `
select leaf.oid, pg_catalog.pg_relation_size(leaf.oid) / pg_catalog.current_setting('block_size')::bigint as blocks
from pg_catalog.pg_class root
  join pg_catalog.pg_class leaf on leaf.oid = root.oid
    or root.relkind = 'p' and leaf.oid in (select t.relid from pg_catalog.pg_partition_tree(root.oid) t where t.isleaf)
where root.oid = $1 and leaf.relkind = 'r' and leaf.relpersistence = 'p'
  and exists (select from pg_catalog.pg_trigger t join pg_catalog.pg_proc f on f.oid = t.tgfoid
    join pg_catalog.pg_namespace m on m.oid = f.pronamespace
    where t.tgrelid = root.oid and m.nspname = 'rowtrail' and f.proname in ('capture', 'capture_row'))
order by leaf.oid`;

const STATE_SQL = `
select pg_catalog.pg_current_snapshot()::text as snapshot, pg_catalog.pg_current_wal_insert_lsn()::text as lsn,
  pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp() - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint::text as read_at,
  rowtrail.table_description($1) as description,
  array(select a.attname::text from pg_catalog.pg_attribute a
    where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped and a.attlen = -1) as varying,
  part.schema as part_schema, part.name as part_name, part.filenode::text as filenode, part.blocks::text as blocks
from (select 1) one left join lateral (
  select n.nspname::text as schema, c.relname::text as name, pg_catalog.pg_relation_filenode(c.oid) as filenode,
    pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint as blocks
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.oid = $2 and (c.oid = $1 or $1 in (select t.relid from pg_catalog.pg_partition_ancestors(c.oid) t))) part on true`;
