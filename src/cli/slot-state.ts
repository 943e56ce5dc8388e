import { readSlot } from '../capture/wal/slot.ts';
import type { SourceConfig } from '../config/config.ts';
import { createPool, explainDatabaseError } from '../pg/pool.ts';

/** A source's slot as its server has it at this moment. */
export interface SlotState {
  readonly found: boolean;
  /** The backend that streams it: of a running daemon. */
  readonly active_pid: number | null;
  readonly wal_status: string | null;
  /** WAL the server keeps for it. */
  readonly retained_bytes: number | null;
  /** Why the server could not be asked. */
  readonly error: string | null;
}

const UNKNOWN: SlotState = { found: false, active_pid: null, wal_status: null, retained_bytes: null, error: null };

/** Asks the source. Never rejects: what is stored can be told without it. */
export async function slotState(source: SourceConfig): Promise<SlotState> {
  const pool = createPool(source.url, 'status', { max: 1 });
  try {
    const slot = await readSlot(pool, source.slot);
    if (slot === null) return UNKNOWN;
    return {
      found: true,
      active_pid: slot.activePid,
      wal_status: slot.walStatus,
      retained_bytes: slot.retainedBytes === null ? null : Number(slot.retainedBytes),
      error: null,
    };
  } catch (error) {
    return { ...UNKNOWN, error: explainDatabaseError(error, `source ${source.name}`, source.url).message };
  } finally {
    await pool.end();
  }
}
