import pg from 'pg';
import { connectionOptions } from '../../pg/pool.ts';

/** The server's end of a stream, as its catalog shows it. */
export interface Walsender {
  readonly pid: number;
  /** What it waits for, and null while it works. https://www.postgresql.org/docs/current/monitoring-stats.html#WAIT-EVENT-TABLE */
  readonly waitEventType: string | null;
}

/** Both, the connection and the answer. */
const INSPECTION_LIMIT_MS = 10_000;

/**
 * Looks, over a connection of its own, whether the walsender `pid` is at work on the slot. One that is not, is ended:
 * it would hold the slot until wal_sender_timeout, or for ever; but not while `isSilent` says no more that nothing was
 * heard of it: after a pause of this process, its answers are read only now. Rejects where the server can't be asked.
 */
export async function inspectWalsender(
  url: string,
  { slot, pid, isSilent }: { readonly slot: string; readonly pid: number; readonly isSilent: () => boolean },
): Promise<'working' | 'dead'> {
  const client = new pg.Client({
    ...connectionOptions(url, 'watch'),
    connectionTimeoutMillis: INSPECTION_LIMIT_MS,
    query_timeout: INSPECTION_LIMIT_MS,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const result = await client.query<{ pid: number; wait_event_type: string | null }>(
      `select a.pid, a.wait_event_type from pg_replication_slots s join pg_stat_activity a on a.pid = s.active_pid
       where s.slot_name = $1`,
      [slot],
    );
    const row = result.rows[0];
    const walsender = row === undefined ? null : { pid: row.pid, waitEventType: row.wait_event_type };
    const verdict = isSilent() ? judgeSilence(walsender, pid) : 'working';
    if (verdict === 'dead') {
      await client.query(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active_pid = $2',
        [slot, pid],
      );
    }
    return verdict;
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * What a long silence on a stream means. A walsender that decodes a very large transaction neither sends nor answers
 * (ANCHORS §2.7), and must be left alone; one that waits (for WAL, a lock of its own loop, or this client to read)
 * would have answered a ping, so that its answers get lost on the way. Pure; `ownPid`: the walsender that was talked to.
 */
export function judgeSilence(walsender: Walsender | null, ownPid: number): 'working' | 'dead' {
  if (walsender === null || walsender.pid !== ownPid) return 'dead';
  return walsender.waitEventType === 'Activity' || walsender.waitEventType === 'Client' ? 'dead' : 'working';
}
