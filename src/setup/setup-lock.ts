import type pg from 'pg';
import { codeOf, RowtrailError } from '../lib/errors.ts';

const WAIT_LIMIT_MS = 60_000;

/**
 * Two setups or teardowns of one database would undo each other's work: the second waits. The lock ends with
 * the connection. Throws RT_LOCK_TIMEOUT.
 */
export async function lockSetup(admin: pg.ClientBase, source: string): Promise<void> {
  await admin.query(`set lock_timeout = ${WAIT_LIMIT_MS}`);
  try {
    await admin.query("select pg_advisory_lock(hashtext('rowtrail.setup'), 0)");
  } catch (error) {
    if (codeOf(error) !== '55P03') throw error;
    throw new RowtrailError('RT_LOCK_TIMEOUT', `another setup or teardown of source ${source} is running`, {
      hint: 'Try again when it is done.',
      cause: error,
    });
  }
  await admin.query('set lock_timeout = default');
}
