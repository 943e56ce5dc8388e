import type pg from 'pg';
import { readDatabaseIdentity } from './store-state.ts';

/** The role that reverts run as, as it finds itself. */
export interface RevertRole {
  readonly name: string;
  readonly databaseIdentity: string;
  readonly isSuperuser: boolean;
  /** Attributes that it has and must not: CREATEROLE, REPLICATION. */
  readonly attributes: readonly string[];
  readonly bypassesRowSecurity: boolean;
  /** Roles that it may become, and that may do more than write rows. */
  readonly memberships: readonly string[];
  /** What it owns or may become the owner of in schema rowtrail. */
  readonly ownsInstallation: boolean;
  /** It may read the secret with which triggers speak to the daemon. */
  readonly readsSecret: boolean;
  /** It may create in or write to the store's schema. */
  readonly writesStore: boolean;
  /** Whether rowtrail.reverts and its links take what it writes; null: they are not installed. */
  readonly mayRecord: boolean | null;
  readonly tables: readonly RevertTable[];
}

/** What the role may do with a tracked table. */
export interface RevertTable {
  readonly schema: string;
  readonly name: string;
  readonly hasSchema: boolean;
  /** It is the owner, or may act as such. */
  readonly isOwned: boolean;
  /** Of select, insert, update and delete. */
  readonly missing: readonly string[];
  /** Policies hide rows from it, or would but for BYPASSRLS. */
  readonly hasRowSecurity: boolean;
}

/** Reads what the role of `client` may do. `roots`: oids of the tracked tables. `storeSchema`: null if the store is elsewhere. */
export async function readRevertRole(
  client: pg.ClientBase,
  roots: readonly number[],
  storeSchema: string | null,
): Promise<RevertRole> {
  const role = (await client.query(ROLE_SQL, [storeSchema])).rows[0];
  const tables = await client.query(TABLES_SQL, [roots]);
  return {
    name: role.name,
    databaseIdentity: await readDatabaseIdentity(client),
    isSuperuser: role.is_superuser,
    attributes: role.attributes,
    bypassesRowSecurity: role.bypasses,
    memberships: role.memberships,
    ownsInstallation: role.owns,
    readsSecret: role.reads_secret,
    writesStore: role.writes_store,
    mayRecord: role.may_record,
    tables: tables.rows.map((row) => ({
      schema: row.schema,
      name: row.name,
      hasSchema: row.has_schema,
      isOwned: row.is_owned,
      missing: row.missing,
      hasRowSecurity: row.has_row_security,
    })),
  };
}

/**
 * Predefined roles beyond reading and writing rows; `pg_read_all_data` and `pg_write_all_data` reach schema rowtrail too.
 * https://www.postgresql.org/docs/current/predefined-roles.html
 */
const POWERFUL_ROLES = [
  'pg_read_all_data',
  'pg_write_all_data',
  'pg_read_server_files',
  'pg_write_server_files',
  'pg_execute_server_program',
  'pg_signal_backend',
  'pg_create_subscription',
  'pg_checkpoint',
  'pg_maintain',
  'pg_monitor',
  'pg_database_owner',
  'pg_read_all_stats',
  'rowtrail_owner',
];

const ROLE_SQL = `
select r.rolname::text as name, r.rolsuper as is_superuser, r.rolbypassrls as bypasses,
  array_remove(array[case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolreplication then 'REPLICATION' end], null)::text[] as attributes,
  array(select m.rolname::text from pg_roles m
    where m.oid <> r.oid and pg_has_role(r.oid, m.oid, 'member')
      and (m.rolsuper or m.rolcreaterole or m.rolreplication or m.rolbypassrls or m.rolname = any (array['${POWERFUL_ROLES.join("', '")}']))
    order by 1) as memberships,
  exists (select from pg_namespace n where n.nspname = 'rowtrail' and pg_has_role(r.oid, n.nspowner, 'member')
    union all select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'rowtrail' and pg_has_role(r.oid, c.relowner, 'member')) as owns,
  coalesce((select has_table_privilege(r.oid, c.oid, 'select') from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'rowtrail' and c.relname = 'install'), false) as reads_secret,
  coalesce((select has_schema_privilege(r.oid, n.oid, 'create') or exists (
      select from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p')
        and has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate'))
    from pg_namespace n where n.nspname = $1), false) as writes_store,
  (select bool_and(has_table_privilege(r.oid, c.oid, 'select') and has_any_column_privilege(r.oid, c.oid, 'insert'))
      and bool_and(has_schema_privilege(r.oid, n.oid, 'usage'))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'rowtrail' and c.relname in ('reverts', 'revert_links')) as may_record
from pg_roles r where r.rolname = current_user`;

const TABLES_SQL = `
select n.nspname::text as schema, c.relname::text as name, has_schema_privilege(n.oid, 'usage') as has_schema,
  pg_has_role(c.relowner, 'member') as is_owned,
  array(select p from unnest(array['select', 'insert', 'update', 'delete']) with ordinality as w(p, position)
    where not has_table_privilege(c.oid, p) order by position)::text[] as missing,
  c.relrowsecurity and (c.relforcerowsecurity or not pg_has_role(c.relowner, 'usage')) as has_row_security
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::oid[]) order by 1, 2`;
