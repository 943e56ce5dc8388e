import type pg from 'pg';
import { RowtrailError } from '../../lib/errors.ts';
import { formatLsn, parseLsn } from '../../pg/lsn.ts';

/** A replication slot as pg_replication_slots shows it. https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
export interface Slot {
  readonly name: string;
  readonly plugin: string | null;
  readonly database: string | null;
  readonly currentDatabase: string;
  readonly activePid: number | null;
  readonly walStatus: string | null;
  readonly confirmedFlushLsn: bigint | null;
  readonly restartLsn: bigint | null;
  /** Bytes of WAL kept for it. */
  readonly retainedBytes: bigint | null;
}

/** The slot, or null if there is none of that name. */
export async function readSlot(db: pg.ClientBase | pg.Pool, name: string): Promise<Slot | null> {
  const result = await db.query(
    `select slot_name, plugin, database, current_database() as current_database, active_pid, wal_status,
       confirmed_flush_lsn, restart_lsn,
       case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint end as retained_bytes
     from pg_replication_slots where slot_name = $1`,
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
    confirmedFlushLsn: row.confirmed_flush_lsn === null ? null : parseLsn(row.confirmed_flush_lsn),
    restartLsn: row.restart_lsn === null ? null : parseLsn(row.restart_lsn),
    retainedBytes: row.retained_bytes === null ? null : BigInt(row.retained_bytes),
  };
}

/** What the store remembers of the slot and its server. */
export interface KnownPosition {
  readonly systemIdentifier: string | null;
  readonly timeline: number | null;
  readonly acknowledgedLsn: bigint;
  readonly endLsn: bigint;
}

/**
 * Whether streaming from this slot continues the stored history: null if so, else the error that says what
 * is wrong. Pure. A slot behind the checkpoint is fine (what is stored is passed over); one beyond what was
 * ever acknowledged has lost changes.
 */
export function slotFault(
  name: string,
  slot: Slot | null,
  system: { readonly systemIdentifier: string; readonly timeline: number },
  known: KnownPosition,
): RowtrailError | null {
  if (known.systemIdentifier !== null && known.systemIdentifier !== system.systemIdentifier) {
    return new RowtrailError(
      'RT_SOURCE_CHANGED',
      `the source is another server (system identifier ${system.systemIdentifier}) than the one its history comes from (${known.systemIdentifier})`,
      { hint: 'If it was replaced on purpose, run `rowtrail setup`: it starts a new epoch and records the gap.' },
    );
  }
  if (known.timeline !== null && known.timeline !== system.timeline) {
    return new RowtrailError(
      'RT_SOURCE_CHANGED',
      `the source is on timeline ${system.timeline}, its history comes from timeline ${known.timeline}`,
      {
        hint: 'A standby was promoted or a backup restored. Run `rowtrail setup`: it starts a new epoch and records the gap.',
      },
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
  if (slot.walStatus === 'lost') {
    return new RowtrailError(
      'RT_SLOT_LOST',
      `the slot ${name} was invalidated: the server removed WAL that it needed`,
      {
        hint: 'Raise max_slot_wal_keep_size and run `rowtrail setup`: it makes a new one and records the gap.',
      },
    );
  }
  if (slot.confirmedFlushLsn !== null && slot.confirmedFlushLsn > maximum(known.acknowledgedLsn, known.endLsn)) {
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
