import type pg from 'pg';
import type { SessionFacts } from '../../change/context.ts';
import { timeText } from '../../pg/time-text.ts';

/**
 * The facts that rowtrail.hello() recorded of a session, or null. For a session whose greeting is behind the
 * stream already and which has changed nothing since: apps can neither read nor write this table.
 */
export async function readSession(pool: pg.Pool, token: string): Promise<SessionFacts | null> {
  const result = await pool.query(
    `select "session_user" as session_role, client_addr, pid,
       ${timeText('backend_start')} as started_at
     from rowtrail.sessions where token = $1`,
    [token],
  );
  const row = result.rows[0];
  if (row === undefined) return null;
  return {
    token,
    sessionRole: row.session_role,
    clientAddr: row.client_addr,
    pid: row.pid,
    startedAt: row.started_at,
  };
}
