import type pg from 'pg';
import { readSlot, type Slot } from '../capture/wal/slot.ts';
import type { SourceConfig } from '../config/config.ts';
import { readTables } from './table-query.ts';
import type { TableRow } from './tables.ts';
import { mappedSettings } from './source-sql.ts';

/** A source as setup and check find it. Read with the installing role. */
export interface SourceState {
  /** server_version_num. */
  readonly version: number;
  readonly versionText: string;
  readonly database: string;
  readonly encoding: string;
  readonly inRecovery: boolean;
  readonly walLevel: string;
  readonly maxSlots: number;
  readonly usedSlots: number;
  readonly maxSenders: number;
  readonly usedSenders: number;
  /** MB as the setting has it; -1: no bound. */
  readonly maxSlotWalKeepMb: number;
  /** The installing role. */
  readonly role: string;
  readonly mayCreateInDatabase: boolean;
  /** Functions that every application role must be able to call, and PUBLIC may not. */
  readonly revokedFunctions: readonly string[];
  /** Schema rowtrail: absent, ours, or somebody else's (exists, not empty, without our table). */
  readonly rowtrailSchema: 'absent' | 'ours' | 'foreign';
  readonly mayChangeRowtrailSchema: boolean;
  readonly ownerRoleExists: boolean;
  readonly install: Install | null;
  /** Trigger capture's. */
  readonly hasOutbox: boolean;
  readonly publication: Publication | null;
  readonly slot: Slot | null;
  readonly tables: readonly TableRow[];
  /** The installing role is one: it may create event triggers. */
  readonly isSuperuser: boolean;
  /** All event triggers are there and fire always. */
  readonly hasEventTriggers: boolean;
  /** Mapped settings that ordinary roles may not read: the application's writes would fail. */
  readonly unreadableSettings: readonly string[];
}

export interface Install {
  readonly version: string;
  readonly source: string;
  readonly slot: string;
  readonly publication: string;
  readonly contextSettings: readonly string[];
  /** As `setupOptions` gives them; null: of a version without. */
  readonly options: string | null;
}

export interface Publication {
  readonly allTables: boolean;
  readonly schemas: readonly string[];
  readonly viaRoot: boolean;
  /** Stored generated columns are published; null before PostgreSQL 18, where there is no such choice. */
  readonly generatedColumns: boolean | null;
  readonly actions: {
    readonly insert: boolean;
    readonly update: boolean;
    readonly delete: boolean;
    readonly truncate: boolean;
  };
  /** "schema"."table", quoted where needed, of each member. */
  readonly members: readonly { readonly oid: number; readonly name: string }[];
  readonly owned: boolean;
}

/** By name: pg_logical_emit_message has another parameter from PostgreSQL 17 on. */
const APPLICATION_FUNCTIONS = [
  'pg_logical_emit_message',
  'pg_current_xact_id_if_assigned',
  'current_setting',
  'set_config',
] as const;

/** Reads everything that decides whether and how `source` can be set up. Changes nothing. */
export async function readSourceState(client: pg.ClientBase, source: SourceConfig): Promise<SourceState> {
  const server = (await client.query(SERVER_SQL, [APPLICATION_FUNCTIONS])).rows[0];
  const schema = (await client.query(SCHEMA_SQL)).rows[0];
  const install = schema.has_install === true && schema.may_read === true ? await readInstall(client) : null;
  return {
    version: server.version,
    versionText: server.version_text,
    database: server.database,
    encoding: server.encoding,
    inRecovery: server.in_recovery,
    walLevel: server.wal_level,
    maxSlots: server.max_slots,
    usedSlots: server.used_slots,
    maxSenders: server.max_senders,
    usedSenders: server.used_senders,
    maxSlotWalKeepMb: server.max_slot_wal_keep_mb,
    role: server.role,
    mayCreateInDatabase: server.may_create,
    revokedFunctions: server.revoked,
    rowtrailSchema:
      schema.present !== true ? 'absent' : schema.has_install === true || schema.empty === true ? 'ours' : 'foreign',
    mayChangeRowtrailSchema: schema.owned === true,
    ownerRoleExists: server.owner_role_exists,
    isSuperuser: server.is_superuser,
    hasEventTriggers: server.has_event_triggers,
    hasOutbox: server.has_outbox,
    install,
    publication: await readPublication(client, source.publication),
    slot: await readSlot(client, source.slot),
    tables: await readTables(client, source),
    unreadableSettings: await readUnreadableSettings(client, mappedSettings(source)),
  };
}

const SERVER_SQL = `
select current_setting('server_version_num')::integer as version, current_setting('server_version') as version_text,
  current_database()::text as database, current_setting('server_encoding') as encoding, pg_is_in_recovery() as in_recovery,
  current_setting('wal_level') as wal_level,
  current_setting('max_replication_slots')::integer as max_slots,
  (select count(*)::integer from pg_replication_slots) as used_slots,
  current_setting('max_wal_senders')::integer as max_senders,
  (select count(*)::integer from pg_stat_replication) as used_senders,
  (select setting::integer from pg_settings where name = 'max_slot_wal_keep_size') as max_slot_wal_keep_mb,
  current_user::text as role, (select r.rolsuper from pg_roles r where r.rolname = current_user) as is_superuser, has_database_privilege(current_database(), 'create') as may_create,
  array(select p.oid::regprocedure::text from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any ($1::text[])
      and not has_function_privilege('public', p.oid, 'execute')) as revoked,
  exists (select from pg_roles where rolname = 'rowtrail_owner') as owner_role_exists,
  exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'rowtrail' and c.relname = 'outbox') as has_outbox,
  -- from PostgreSQL 17 on they can be switched off altogether
  coalesce(current_setting('event_triggers', true), 'on') = 'on'
    and (select count(*) = 6 from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'rowtrail' and e.evtenabled = 'A' and p.proname in ('partition_ddl', 'partition_drop', 'schema_ddl', 'schema_drop', 'schema_grant', 'schema_rewrite')) as has_event_triggers`;

const SCHEMA_SQL = `
select n.oid is not null as present, pg_has_role(n.nspowner, 'usage') as owned,
  exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'install' and c.relkind = 'r'
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'secret')) as has_install,
  not exists (select from pg_class c where c.relnamespace = n.oid)
    and not exists (select from pg_proc p where p.pronamespace = n.oid) as empty,
  coalesce(has_schema_privilege(n.oid, 'usage')
    and (select has_table_privilege(c.oid, 'select') from pg_class c where c.relnamespace = n.oid and c.relname = 'install'), false) as may_read
from (select) x left join pg_namespace n on n.nspname = 'rowtrail'`;

async function readInstall(client: pg.ClientBase): Promise<Install | null> {
  const result = await client.query(
    // options: there from version 3 on
    "select version, source, slot, publication, context_settings, to_jsonb(i) -> 'options' is not null as has_options from rowtrail.install i",
  );
  const row = result.rows[0];
  if (row === undefined) return null;
  const options = row.has_options ? await client.query('select options::text from rowtrail.install') : null;
  return {
    version: row.version,
    source: row.source,
    slot: row.slot,
    publication: row.publication,
    contextSettings: row.context_settings,
    options: options?.rows[0]?.options ?? null,
  };
}

/** Publications of schemas are there from PostgreSQL 15 on. */
async function readPublication(client: pg.ClientBase, name: string): Promise<Publication | null> {
  const result = await client.query(
    `select p.oid, p.puballtables, p.pubviaroot, to_jsonb(p) ->> 'pubgencols' as pubgencols, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
       pg_has_role(p.pubowner, 'usage') as owned, to_regclass('pg_catalog.pg_publication_namespace') is not null as has_schemas
     from pg_publication p where p.pubname = $1`,
    [name],
  );
  const row = result.rows[0];
  if (row === undefined) return null;
  const members = await client.query(
    `select r.prrelid as oid, format('%I.%I', n.nspname, c.relname) as name from pg_publication_rel r
       join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace where r.prpubid = $1 order by 2`,
    [row.oid],
  );
  const schemas = row.has_schemas
    ? await client.query(
        `select n.nspname::text as name from pg_publication_namespace s join pg_namespace n on n.oid = s.pnnspid where s.pnpubid = $1`,
        [row.oid],
      )
    : { rows: [] };
  return {
    allTables: row.puballtables,
    schemas: schemas.rows.map((schema: { name: string }) => schema.name),
    viaRoot: row.pubviaroot,
    generatedColumns: row.pubgencols === null ? null : row.pubgencols === 's',
    actions: { insert: row.pubinsert, update: row.pubupdate, delete: row.pubdelete, truncate: row.pubtruncate },
    members: members.rows,
    owned: row.owned,
  };
}

/** current_setting raises an error on a setting reserved for some roles, missing_ok or not. */
async function readUnreadableSettings(client: pg.ClientBase, names: readonly string[]): Promise<string[]> {
  const result = await client.query(
    `select name from pg_settings where lower(name) = any (select lower(x) from unnest($1::text[]) x) and context <> 'user'
     union all
     select x from unnest($1::text[]) x where position('.' in x) = 0 and not exists (select from pg_settings where lower(name) = lower(x))`,
    [names],
  );
  return result.rows.map((row: { name: string }) => row.name);
}
