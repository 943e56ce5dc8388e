import type pg from 'pg';
import type { SourceConfig } from '../config/config.ts';
import type { TableRow } from './tables.ts';

export const BEFORE_TRIGGER = 'rowtrail_context_before';
export const AFTER_TRIGGER = 'rowtrail_context_after';
/** On partitioned roots and leaves. */
export const TRUNCATE_TRIGGER = 'rowtrail_truncate';
/** On tables without partitions: so that one that is attached later is seen to lack the other. */
export const TRUNCATE_ROWS_TRIGGER = 'rowtrail_truncate_rows';

/** pg_trigger.tgtype of a statement trigger on insert, update, delete and truncate: 4 + 8 + 16 + 32, before: + 2. */
const AFTER_TYPE = 60;
const BEFORE_TYPE = 62;
/** Before a truncate: 32 + 2. */
const TRUNCATE_TYPE = 34;

/**
 * Every table of the source that could be tracked, read as the role of `client`. Not: system and temporary
 * schemas, `rowtrail`, and schemas that hold a Rowtrail store.
 */
export async function readTables(
  client: pg.ClientBase,
  { publication, capture }: Pick<SourceConfig, 'publication' | 'capture'>,
): Promise<TableRow[]> {
  const records = (await mayReadRecords(client))
    ? 'select relid, root, prior_identity, prior_identity_index, identity_changed from rowtrail.tables'
    : `select null::oid as relid, null::oid as root, null::"char" as prior_identity, null::text as prior_identity_index, null::boolean as identity_changed where false`;
  const result = await client.query(tablesSql(records), [publication, capture]);
  return result.rows.map((row) => toTableRow(row));
}

async function mayReadRecords(client: pg.ClientBase): Promise<boolean> {
  const result = await client.query(
    `select coalesce(bool_and(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')), false) as may
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'rowtrail' and c.relname = 'tables'`,
  );
  return result.rows[0].may === true;
}

/** pg_publication_rel.prattrs is there from PostgreSQL 15 on; to_jsonb asks for it on 14 too. */
function tablesSql(records: string): string {
  return `
with recorded as (${records}),
stores as (
  select c.relnamespace from pg_catalog.pg_class c
  where c.relkind in ('r', 'p') and c.relname in ('id_clock', 'relation_versions', 'checkpoints')
  group by c.relnamespace having count(*) = 3
)
select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, c.relpersistence = 'u' as unlogged,
  case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::oid end as root_oid,
  case when c.relispartition then '{}'::text[]
    else array(select i.inhparent::text from pg_catalog.pg_inherits i where i.inhrelid = c.oid) end as inherits_from,
  (select e.extname::text from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e' limit 1) as extension,
  pg_catalog.pg_get_userbyid(c.relowner)::text as owner, pg_catalog.pg_has_role(c.relowner, 'usage') as owned,
  c.relreplident::text as identity,
  (select x.relname::text from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
    where i.indrelid = c.oid and i.indisreplident) as identity_index,
  exists (select from pg_catalog.pg_index i
    where i.indrelid = c.oid and i.indisprimary and i.indimmediate and i.indisvalid) as has_primary_key,
  exists (select from pg_catalog.pg_index i
    where i.indrelid = c.oid and i.indisreplident and i.indimmediate and i.indisvalid) as has_identity_index,
  array(select t.tgname::text || ' ' || f.proname || ' ' || t.tgtype || case when t.tgenabled = 'A' then '' else ' off' end
    from pg_catalog.pg_trigger t join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace m on m.oid = f.pronamespace
    where t.tgrelid = c.oid and not t.tgisinternal and t.tgname in ('${BEFORE_TRIGGER}', '${AFTER_TRIGGER}') and m.nspname = 'rowtrail'
    order by t.tgname desc)
  = case $2::text when 'wal' then array['${BEFORE_TRIGGER} context_trigger ${BEFORE_TYPE}', '${AFTER_TRIGGER} context_after ${AFTER_TYPE}']
    else array['${BEFORE_TRIGGER} context_trigger ${BEFORE_TYPE}'] end as has_triggers,
  exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and t.tgname = '${AFTER_TRIGGER}') as has_after_trigger,
  (select case when t.tgenabled = 'A' and t.tgtype = ${TRUNCATE_TYPE} and f.proname = 'truncate_trigger' and m.nspname = 'rowtrail'
      then pg_catalog.replace(pg_catalog.encode(t.tgargs, 'escape'), '\\000', '') else 'disabled' end
    from pg_catalog.pg_trigger t join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace m on m.oid = f.pronamespace
    where t.tgrelid = c.oid and t.tgname = case when c.relkind = 'r' and not c.relispartition
      then '${TRUNCATE_ROWS_TRIGGER}' else '${TRUNCATE_TRIGGER}' end) as truncate_trigger,
  array(select t.tgname || ' ' || t.tgtype || ' ' || pg_catalog.to_json(pg_catalog.string_to_array(
      pg_catalog.rtrim(pg_catalog.replace(pg_catalog.encode(t.tgargs, 'escape'), '\\000', pg_catalog.chr(10)), pg_catalog.chr(10)), pg_catalog.chr(10)))::text
      || case when t.tgenabled = 'A' then '' else ' off' end
    from pg_catalog.pg_trigger t join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace m on m.oid = f.pronamespace
    where t.tgrelid = c.oid and t.tgparentid = 0 and m.nspname = 'rowtrail' and f.proname in ('capture', 'capture_row')
    order by 1) as capture_triggers,
  exists (select from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
    where r.prrelid = c.oid and p.pubname = $1) as published,
  array(select distinct p.pubname::text from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
    where p.pubname <> $1 and pg_catalog.to_jsonb(r) ->> 'prattrs' is not null
      and (r.prrelid = c.oid or c.relispartition and r.prrelid in (select a.relid from pg_catalog.pg_partition_ancestors(c.oid) a))
    order by 1) as column_list_publications,
  exists (select from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attgenerated = 'v' and not a.attisdropped) as has_virtual_columns,
  recorded.relid is not null as is_recorded, recorded.root as recorded_root, recorded.prior_identity::text as prior_identity,
  -- an index dropped since cannot be gone back to
  (select x.relname::text from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
    where i.indrelid = c.oid and x.relname = recorded.prior_identity_index and i.indisunique and i.indisvalid) as prior_identity_index,
  recorded.identity_changed
from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join recorded on recorded.relid = c.oid
where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rowtrail')
  and not exists (select from stores s where s.relnamespace = c.relnamespace)
order by n.nspname, c.relname`;
}

// oxlint-disable-next-line typescript/no-explicit-any -- the shape is that of tablesSql, above
function toTableRow(row: any): TableRow {
  return {
    oid: row.oid,
    schema: row.schema,
    name: row.name,
    kind: row.kind,
    unlogged: row.unlogged,
    rootOid: row.root_oid,
    inheritsFrom: row.inherits_from.map(Number),
    extension: row.extension,
    owner: row.owner,
    owned: row.owned,
    identity: row.identity,
    identityIndex: row.identity_index,
    hasPrimaryKey: row.has_primary_key,
    hasIdentityIndex: row.has_identity_index,
    hasTriggers: row.has_triggers,
    hasAfterTrigger: row.has_after_trigger,
    truncateTrigger: row.truncate_trigger,
    captureTriggers: row.capture_triggers,
    published: row.published,
    columnListPublications: row.column_list_publications,
    hasVirtualColumns: row.has_virtual_columns,
    recorded: row.is_recorded
      ? {
          root: row.recorded_root,
          priorIdentity: row.prior_identity,
          priorIdentityIndex: row.prior_identity_index,
          identityChanged: row.identity_changed,
        }
      : null,
  };
}
