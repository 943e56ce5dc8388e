import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { parseLsn } from '../pg/lsn.ts';
import type { OpenGap, StoredCheckpoint } from './slot-plan.ts';

/** The store as setup and check find it. */
export interface StoreState {
  readonly version: number;
  readonly versionText: string;
  readonly database: string;
  readonly role: string;
  readonly inRecovery: boolean;
  /** absent; ours (has been migrated by us); foreign: holds something else. */
  readonly schema: 'absent' | 'ours' | 'foreign';
  readonly mayUseSchema: boolean;
  readonly mayCreateSchema: boolean;
  /** Distinguishes databases, also where one server is reached under several names. */
  readonly databaseIdentity: string;
}

const STATE_SQL = `
select current_setting('server_version_num')::integer as version, current_setting('server_version') as version_text,
  current_database()::text as database, current_user::text as role, pg_is_in_recovery() as in_recovery,
  n.oid is not null as present,
  exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'migrations')
    and exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'id_clock') as migrated,
  not exists (select from pg_class c where c.relnamespace = n.oid) as empty,
  coalesce(has_schema_privilege(n.oid, 'create') and has_schema_privilege(n.oid, 'usage'), false) as may_use,
  has_database_privilege(current_database(), 'create') as may_create
from (select) x left join pg_namespace n on n.nspname = $1`;

export async function readStoreState(client: pg.ClientBase, schema: string): Promise<StoreState> {
  const row = (await client.query(STATE_SQL, [schema])).rows[0];
  return {
    version: row.version,
    versionText: row.version_text,
    database: row.database,
    role: row.role,
    inRecovery: row.in_recovery,
    schema: row.present !== true ? 'absent' : row.migrated === true || row.empty === true ? 'ours' : 'foreign',
    mayUseSchema: row.may_use,
    mayCreateSchema: row.may_create,
    databaseIdentity: await readDatabaseIdentity(client),
  };
}

/** Two connections with the same answer are to the same database of the same running server. */
export async function readDatabaseIdentity(client: pg.ClientBase): Promise<string> {
  const result = await client.query(
    'select pg_postmaster_start_time()::text || oid::text as identity from pg_database where datname = current_database()',
  );
  return result.rows[0].identity;
}

/** The checkpoint of a source and its open gap, or null; also null where the store has not been migrated. */
export async function readStoredCheckpoint(
  client: pg.ClientBase,
  schema: string,
  source: string,
): Promise<StoredCheckpoint | null> {
  const s = quoteIdentifier(schema);
  const found = await client.query('select to_regclass($1) is not null as found', [`${s}.checkpoints`]);
  if (found.rows[0].found !== true) return null;
  const result = await client.query(
    `select c.source_id, c.epoch, c.capture, c.system_identifier, c.timeline, c.slot, c.end_lsn, c.acknowledged_lsn,
       (select to_json(g) from ${s}.gaps g where g.source_id = c.source_id and g.to_time is null
          and to_jsonb(g) ->> 'relation_id' is null order by g.id desc limit 1) as open_gap
     from ${s}.checkpoints c join ${s}.sources s on s.id = c.source_id where s.name = $1`,
    [source],
  );
  const row = result.rows[0];
  if (row === undefined) return null;
  return {
    sourceId: row.source_id,
    epoch: row.epoch,
    capture: row.capture,
    systemIdentifier: row.system_identifier,
    timeline: row.timeline,
    slot: row.slot,
    endLsn: parseLsn(row.end_lsn),
    acknowledgedLsn: parseLsn(row.acknowledged_lsn),
    openGap: row.open_gap === null ? null : openGap(JSON.parse(row.open_gap)),
  };
}

function openGap(row: { reason: string; detail: string | null; skip_lsn?: string | null }): OpenGap {
  const { reason, detail, skip_lsn: skipLsn } = row;
  return { reason, detail, skipLsn: skipLsn === undefined || skipLsn === null ? null : parseLsn(skipLsn) };
}
