import pg from 'pg';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import { connectionOptions, explainDatabaseError, redactUrl } from '../pg/pool.ts';

/** What IDENTIFY_SYSTEM says. https://www.postgresql.org/docs/current/protocol-replication.html */
export interface SystemIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
}

/**
 * Opens a replication connection as the daemon will, and asks the server who it is.
 * Throws RT_POOLER where something between here and the server does not pass replication on, RT_PRIVILEGE
 * without the REPLICATION right, RT_AUTH, RT_CONNECT ….
 */
export async function probeReplication(url: string): Promise<SystemIdentity> {
  // pg passes `replication` on in the startup packet; its types do not know it.
  const options: pg.ClientConfig & { replication: string } = {
    ...connectionOptions(url, 'probe'),
    replication: 'database',
  };
  const client = new pg.Client(options);
  client.on('error', () => {});
  try {
    await client.connect();
    const result = await client.query('IDENTIFY_SYSTEM');
    const row = result.rows[0];
    return { systemIdentifier: String(row.systemid), timeline: Number(row.timeline) };
  } catch (error) {
    throw explainReplicationError(error, url);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Says what a failed replication connection means. Pure. */
export function explainReplicationError(error: unknown, url: string): RowtrailError {
  const code = codeOf(error);
  const detail = messageOf(error);
  const where = redactUrl(url);
  // A pooler that ignores the startup parameter hands us an ordinary session, to which the command is a syntax error.
  if (
    code === '42601' ||
    /unsupported startup parameter|replication.*not (supported|allowed)|pgbouncer/i.test(detail)
  ) {
    return new RowtrailError(
      'RT_POOLER',
      `${where} is a connection pooler, which does not pass replication on: ${detail}`,
      {
        hint: 'Point `url` at the PostgreSQL server itself (on hosted databases: the direct connection, not the pooled one).',
        cause: error,
      },
    );
  }
  if (
    code === '42501' ||
    /replication role|REPLICATION attribute|permission denied to start WAL sender/i.test(detail)
  ) {
    return new RowtrailError('RT_PRIVILEGE', `the role of ${where} may not replicate: ${detail}`, {
      hint: `Run \`alter role ${roleOf(url)} replication\` as a superuser (RDS: \`grant rds_replication to ${roleOf(url)}\`; other hosts: README, "Roles").`,
      cause: error,
    });
  }
  if (code === '53300' && /wal_senders|walsender/i.test(detail)) {
    return new RowtrailError('RT_SETUP_FAILED', `no WAL sender is free on ${where}: ${detail}`, {
      hint: 'Raise max_wal_senders and restart PostgreSQL, or end a replication that is not needed.',
      cause: error,
    });
  }
  return explainDatabaseError(error, 'replication connection', url);
}

function roleOf(url: string): string {
  try {
    const { username } = new URL(url);
    return username === '' ? 'ROLE' : decodeURIComponent(username);
  } catch {
    return 'ROLE';
  }
}
