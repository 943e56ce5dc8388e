import type pg from 'pg';
import { pause } from '../../lib/backoff.ts';

const POLL_MS = 5;
/** A commit that waits for a synchronous standby may take any time; capture does not wait for ever. */
const VISIBLE_LIMIT_MS = 30_000;

/**
 * Resolves when the catalog shows what this transaction did; to false when it does not in time. A walsender sends a
 * transaction once its commit record is on disk, a moment before other sessions see it (with synchronous replication,
 * when the standby has it): a table that it made would not be there yet.
 */
export async function untilVisible(pool: pg.Pool, xid: number): Promise<boolean> {
  const deadline = performance.now() + VISIBLE_LIMIT_MS;
  for (;;) {
    const result = await pool.query<{ visible: boolean }>(VISIBLE_SQL, [xid]);
    const { visible } = result.rows[0]!;
    if (visible || performance.now() > deadline) return visible;
    await pause(POLL_MS);
  }
}

/**
 * The stream has the low half of a transaction's number: the high half is that of the nearest one.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
const VISIBLE_SQL = `
select pg_visible_in_snapshot((case
    when near - next > 2147483648 then near - 4294967296
    when next - near > 2147483648 then near + 4294967296
    else near end)::text::xid8, snapshot) as visible
from (
  select snapshot, next, ((next >> 32) << 32) + $1::bigint as near
  from (select s as snapshot, pg_snapshot_xmax(s)::text::bigint as next from pg_current_snapshot() s) now
) numbers`;
