import type pg from 'pg';
import { readSlot } from './wal/slot.ts';

/** What the source keeps until it is captured. */
export interface Backlog {
  readonly bytes: number;
  /** Past this size changes are lost; null: it has no limit, and grows until the disk is full. */
  readonly limitBytes: number | null;
}

/** A backlog beyond this share of its limit is worth a warning: there is still time to act. */
const FILLING_SHARE = 0.5;

/** Pure. */
export function isFilling({ bytes, limitBytes }: Backlog): boolean {
  return limitBytes !== null && bytes > limitBytes * FILLING_SHARE;
}

/**
 * The WAL that a slot holds back, against max_slot_wal_keep_size; null: there is no such slot, or it is lost.
 * https://www.postgresql.org/docs/current/view-pg-replication-slots.html
 */
export async function readWalBacklog(pool: pg.Pool, slotName: string): Promise<Backlog | null> {
  const slot = await readSlot(pool, slotName);
  if (slot === null || slot.retainedBytes === null || slot.walStatus === 'lost') return null;
  const bytes = Number(slot.retainedBytes);
  return { bytes, limitBytes: slot.safeBytes === null ? null : bytes + Number(slot.safeBytes) };
}

/** The size of the outbox, against `outbox.maxBytes`; null: there is none. */
export async function readOutboxBacklog(pool: pg.Pool, maxBytes: number): Promise<Backlog | null> {
  const result = await pool.query<{ bytes: string | null }>(
    `select pg_table_size(to_regclass('rowtrail.outbox'))::text as bytes`,
  );
  const bytes = result.rows[0]?.bytes ?? null;
  return bytes === null ? null : { bytes: Number(bytes), limitBytes: maxBytes };
}
