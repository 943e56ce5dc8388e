import { readSlot } from '../capture/wal/slot.ts';
import type { SourceConfig } from '../config/config.ts';
import { createPool, explainDatabaseError } from '../pg/pool.ts';
import { assertServerVersion } from '../pg/server-version.ts';

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

/**
 * Asks the source. Rejects only with RT_VERSION, for a server that can be no source: what is stored can be told
 * without any other.
 */
export async function slotState(source: SourceConfig): Promise<SlotState> {
  const pool = createPool(source.url, 'status', { max: 1 });
  try {
    await assertServerVersion(pool, `source ${source.name}`, source.url);
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
    const explained = explainDatabaseError(error, `source ${source.name}`, source.url);
    if (explained.code === 'RT_VERSION') throw explained;
    return { ...UNKNOWN, error: explained.message };
  } finally {
    await pool.end();
  }
}
