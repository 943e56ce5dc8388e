import type pg from 'pg';
import type { SourceConfig } from '../config/config.ts';
import type { RowtrailError } from '../lib/errors.ts';

/**
 * Whether this source is captured by another Rowtrail meanwhile, so that standing by is as it should be. The lock of
 * trigger capture is Rowtrail's alone, and only Rowtrail takes a checkpoint over; a slot can be held by any consumer,
 * which tells its name to those who log in as the same role.
 * https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
 */
export async function isCapturedElsewhere(pool: pg.Pool, source: SourceConfig, error: RowtrailError): Promise<boolean> {
  if (error.code === 'RT_FENCED' || source.capture === 'trigger') return true;
  const result = await pool.query(
    `select a.application_name = 'rowtrail capture' as ours from pg_replication_slots s
     join pg_stat_activity a on a.pid = s.active_pid where s.slot_name = $1`,
    [source.slot],
  );
  return result.rows[0]?.ours === true;
}
