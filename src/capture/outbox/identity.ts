import type pg from 'pg';
import { parseLsn } from '../../pg/lsn.ts';
import type { SystemIdentity } from '../wal/system-identity.ts';

/**
 * Who the server is, asked without a replication connection. A server under recovery has the timeline that it replays.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
 */
export async function readOutboxIdentity(db: pg.ClientBase | pg.Pool): Promise<SystemIdentity> {
  const result = await db.query<{ system: string; timeline: number; lsn: string }>(
    `select s.system_identifier::text as system, c.timeline_id as timeline,
       case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end::text as lsn
     from pg_control_system() s, pg_control_checkpoint() c`,
  );
  const { system, timeline, lsn } = result.rows[0]!;
  return { systemIdentifier: system, timeline, walEnd: parseLsn(lsn) };
}
