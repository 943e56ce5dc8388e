import type pg from 'pg';
import { pause } from '../lib/backoff.ts';
import { RowtrailError } from '../lib/errors.ts';

const POLL_MS = 5;
const LIMIT_MS = 60_000;

/** A walsender at work. */
export interface StreamStart {
  readonly walsenderPid: number;
  /** When START_REPLICATION reached the server, by its clock, which is this machine's: milliseconds since 1970. */
  readonly startedAtMs: number;
}

/**
 * Waits until somebody streams from the slot. The same moment for both sides, whatever each does before:
 * starting its process, connecting, looking into the catalog. Null: `ended` settled first.
 */
export async function streamStart(
  admin: pg.ClientBase,
  slot: string,
  ended: Promise<unknown>,
): Promise<StreamStart | null> {
  const over = new AbortController();
  const end = (): void => over.abort();
  ended.then(end, end);
  const deadline = performance.now() + LIMIT_MS;
  while (!over.signal.aborted) {
    const found = await admin.query<{ pid: number; started: string }>(
      `select a.pid, extract(epoch from a.query_start) * 1000 as started
       from pg_catalog.pg_replication_slots s join pg_catalog.pg_stat_activity a on a.pid = s.active_pid
       where s.slot_name = $1 and a.query like 'START_REPLICATION%'`,
      [slot],
    );
    const row = found.rows[0];
    if (row !== undefined) return { walsenderPid: row.pid, startedAtMs: Number(row.started) };
    if (performance.now() > deadline) {
      throw new RowtrailError('RT_STREAM', `nobody streamed from the slot ${slot} within ${LIMIT_MS / 1000} s`);
    }
    await pause(POLL_MS, over.signal);
  }
  return null;
}
