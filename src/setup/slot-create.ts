import type pg from 'pg';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

const BLOCKER_POLL_MS = 3000;

/**
 * Makes a logical slot and returns where it begins. PostgreSQL waits for every transaction that was writing
 * when it started: that wait is bounded by `timeoutMs`, and `observer` says meanwhile whom it is for.
 */
export async function createSlot(
  daemon: pg.ClientBase,
  observer: pg.ClientBase,
  name: string,
  timeoutMs: number,
  log: Log,
): Promise<string> {
  const timer = setInterval(() => {
    writers(observer).then(
      (lines) =>
        lines.length > 0 && log.warn({ slot: name, transactions: lines }, 'waiting for open transactions to end'),
      () => {},
    );
  }, BLOCKER_POLL_MS);
  try {
    await daemon.query(`set statement_timeout = ${timeoutMs}`);
    const result = await daemon.query("select lsn from pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
    return result.rows[0].lsn;
  } catch (error) {
    if (codeOf(error) !== '57014') throw error;
    const lines = await writers(observer);
    throw new RowtrailError(
      'RT_LOCK_TIMEOUT',
      `the slot ${name} could not be made within ${timeoutMs / 1000} s: transactions that were writing stayed open (${messageOf(error)})`,
      { hint: `End or wait for: ${lines.join('; ')}. Then run \`rowtrail setup\` again.`, cause: error },
    );
  } finally {
    clearInterval(timer);
    await daemon.query('set statement_timeout = default').catch(() => {});
  }
}

async function writers(observer: pg.ClientBase): Promise<string[]> {
  const result = await observer.query<{ line: string }>(
    // The oldest hold it up the longest.
    `select line from (
       select format('process %s (database %s, %s, %s, since %s)', pid, datname, usename, state,
           to_char(xact_start at time zone 'UTC', 'HH24:MI:SS "UTC"')) as line, xact_start as since
         from pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid()
       union all
       select format('prepared transaction %L (database %s)', gid, database), prepared from pg_prepared_xacts) w
     order by since limit 5`,
  );
  return result.rows.map(({ line }) => line);
}
