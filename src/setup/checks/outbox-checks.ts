import type pg from 'pg';
import type { SystemIdentity } from '../../capture/wal/system-identity.ts';
import type { SourceConfig } from '../../config/config.ts';
import { planOutbox, type StoredCheckpoint } from '../slot-plan.ts';
import { ok, problem, warning, type Finding } from './check.ts';

const BYTES_PER_MB = 1_048_576;
/** An outbox that takes more than this share of its limit deserves a word. */
const FULL_WARNING_SHARE = 0.5;

export interface OutboxSize {
  readonly bytes: number;
  /** A daemon holds the lock. */
  readonly isRead: boolean;
}

/** Whether the stored history goes on from this source by triggers. Pure. */
export function historyCheck(
  system: SystemIdentity | null,
  checkpoint: StoredCheckpoint | null,
  hasOutbox: boolean,
): Finding {
  if (checkpoint === null)
    return problem('history', 'the store has no checkpoint of this source', 'Run `rowtrail setup`.');
  if (system === null)
    return problem(
      'history',
      'the source does not say which server it is',
      'Grant execute on pg_control_system() and pg_control_checkpoint() to the role of `url`.',
    );
  const plan = planOutbox(system, checkpoint, hasOutbox);
  if (plan.kind !== 'restart') return ok('history', 'the source fits the stored history');
  return problem('history', plan.why, 'Run `rowtrail setup`: it begins a new epoch and records the gap.');
}

/** How full the outbox is: past its limit, changes are dropped. Pure. */
export function outboxCheck(size: OutboxSize | null, source: SourceConfig): Finding {
  if (size === null) return problem('outbox', 'the outbox is not there: nothing is captured', 'Run `rowtrail setup`.');
  const { maxBytes } = source.outbox;
  const reader = size.isRead ? 'a daemon reads it' : 'no one reads it now';
  const text = `the outbox takes ${Math.round(size.bytes / BYTES_PER_MB)} MB of at most ${Math.round(maxBytes / BYTES_PER_MB)} MB; ${reader}`;
  const fix = 'Start the daemon, or raise `outbox.maxBytes` and run `rowtrail setup`.';
  if (size.bytes > maxBytes) return problem('outbox', `${text}: changes may be dropped`, fix);
  if (size.bytes > maxBytes * FULL_WARNING_SHARE) return warning('outbox', text, fix);
  return ok('outbox', text);
}

export async function readOutboxSize(client: pg.ClientBase): Promise<OutboxSize> {
  const result = await client.query<{ bytes: string; is_read: boolean }>(
    `select pg_table_size('rowtrail.outbox')::text as bytes,
       exists (select from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.objid = 0
         and l.classid::bigint = hashtext('rowtrail.outbox')::bigint & 4294967295
         and l.database = (select oid from pg_database where datname = current_database())) as is_read`,
  );
  const row = result.rows[0]!;
  return { bytes: Number(row.bytes), isRead: row.is_read };
}
