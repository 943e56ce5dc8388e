import type pg from 'pg';
import { RowtrailError } from '../../lib/errors.ts';
import { formatLsn, parseLsn } from '../../pg/lsn.ts';
import { identityFault } from './system-identity.ts';

/** A replication slot as pg_replication_slots shows it. https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
export interface Slot {
  readonly name: string;
  readonly plugin: string | null;
  readonly database: string | null;
  readonly currentDatabase: string;
  readonly activePid: number | null;
  readonly walStatus: string | null;
  /** Why the server will not stream from it any more; known from PostgreSQL 17 on. */
  readonly invalidationReason: string | null;
  readonly confirmedFlushLsn: bigint | null;
  readonly restartLsn: bigint | null;
  /** Bytes of WAL kept for it. */
  readonly retainedBytes: bigint | null;
  /** What may be written until it is in danger of being lost; null: there is no limit, or it is lost. */
  readonly safeBytes: bigint | null;
}

/** The slot, or null if there is none of that name. */
export async function readSlot(db: pg.ClientBase | pg.Pool, name: string): Promise<Slot | null> {
  const result = await db.query(
    `select slot_name, plugin, database, current_database() as current_database, active_pid, wal_status,
       to_jsonb(s) ->> 'invalidation_reason' as invalidation_reason,
       confirmed_flush_lsn, restart_lsn,
       case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint end as retained_bytes,
       safe_wal_size as safe_bytes
     from pg_replication_slots s where slot_name = $1`,
    [name],
  );
  const row = result.rows[0];
  if (row === undefined) return null;
  return {
    name: row.slot_name,
    plugin: row.plugin,
    database: row.database,
    currentDatabase: row.current_database,
    activePid: row.active_pid,
    walStatus: row.wal_status,
    invalidationReason: row.invalidation_reason,
    confirmedFlushLsn: row.confirmed_flush_lsn === null ? null : parseLsn(row.confirmed_flush_lsn),
    restartLsn: row.restart_lsn === null ? null : parseLsn(row.restart_lsn),
    retainedBytes: row.retained_bytes === null ? null : BigInt(row.retained_bytes),
    safeBytes: row.safe_bytes === null ? null : BigInt(row.safe_bytes),
  };
}

/** Whether the server has given the slot up: it can only be dropped. */
export function isInvalidated(slot: Slot): boolean {
  return slot.walStatus === 'lost' || slot.invalidationReason !== null;
}

/** Why the history of a source has a hole. */
export type GapReason =
  | 'slot_missing'
  | 'slot_lost'
  | 'source_changed'
  | 'source_restored'
  | 'publication_missing'
  | 'capture_changed'
  | 'outbox_missing'
  | 'transaction_unsendable'
  | 'transaction_undecodable'
  | 'transaction_refused';

/**
 * The one reason that outlives its sight: the WAL of a restored backup grows past what was captured, and then looks
 * as if nothing had happened.
 */
export const RESTORED_GAP = 'source_restored' satisfies GapReason;

/** The source is a backup of what its history comes from, restored without a new timeline. */
export class SourceRestored extends RowtrailError {
  constructor(message: string) {
    super('RT_SOURCE_CHANGED', message, {
      hint: 'A backup was restored: what was done since is in the history, but not in the source. Run `rowtrail setup`: it starts a new epoch and records the gap.',
    });
  }
}

/** What the store remembers of the slot and its server. */
export interface KnownPosition {
  readonly systemIdentifier: string | null;
  readonly timeline: number | null;
  readonly acknowledgedLsn: bigint;
  readonly endLsn: bigint;
}

/** What the server says of itself; `walEnd` is null where it could not be asked. */
export interface ServerFacts {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly walEnd: bigint | null;
}

/**
 * Whether streaming from this slot continues the stored history: null if so, else the error that says what
 * is wrong. Pure. `system.walEnd` must have been read after `known`, and `slot` before it: a daemon at work moves
 * both. A slot behind the checkpoint is fine (what is stored is passed over); one beyond what was
 * ever acknowledged has lost changes.
 */
export function slotFault(
  name: string,
  slot: Slot | null,
  system: ServerFacts,
  known: KnownPosition,
): RowtrailError | null {
  const otherServer = identityFault(system, known);
  if (otherServer !== null) return otherServer;
  const furthest = maximum(known.acknowledgedLsn, known.endLsn);
  if (system.walEnd !== null && system.walEnd < furthest) {
    return new SourceRestored(
      `the source's WAL ends at ${formatLsn(system.walEnd)}, before ${formatLsn(furthest)}, which has been captured`,
    );
  }
  if (slot === null) {
    return new RowtrailError('RT_SLOT_MISSING', `the replication slot ${name} does not exist`, {
      hint: 'Changes since it was dropped are not captured. Run `rowtrail setup`: it makes a new one and records the gap.',
    });
  }
  if (slot.plugin !== 'pgoutput' || slot.database !== slot.currentDatabase) {
    return new RowtrailError(
      'RT_SLOT_MISSING',
      `the slot ${name} is ${slot.plugin === null ? 'physical' : `a ${slot.plugin} slot of database ${slot.database}`}, not a pgoutput slot of ${slot.currentDatabase}`,
      { hint: 'Choose another name for `slot` in the configuration and run `rowtrail setup`.' },
    );
  }
  if (isInvalidated(slot)) {
    const { invalidationReason: reason } = slot;
    const why = reason === null || reason === 'wal_removed' ? 'the server removed WAL that it needed' : reason;
    return new RowtrailError('RT_SLOT_LOST', `the slot ${name} was invalidated: ${why}`, {
      hint: 'Raise max_slot_wal_keep_size (or idle_replication_slot_timeout) and run `rowtrail setup`: it makes a new one and records the gap.',
    });
  }
  if (slot.confirmedFlushLsn !== null && slot.confirmedFlushLsn > furthest) {
    return new RowtrailError(
      'RT_SLOT_LOST',
      `the slot ${name} stands at ${formatLsn(slot.confirmedFlushLsn)}, beyond ${formatLsn(known.acknowledgedLsn)}, the furthest that Rowtrail ever acknowledged`,
      { hint: 'It was advanced or recreated by hand. Run `rowtrail setup`: it makes a new one and records the gap.' },
    );
  }
  return null;
}

function maximum(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
