import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { formatLsn } from '../pg/lsn.ts';
import type { Checkpoint } from './checkpoint.ts';

export interface NewGap {
  readonly reason: string;
  readonly detail: string;
  /** Where a slot has to be to have passed over the one transaction that stops capture. */
  readonly skipLsn: bigint | null;
}

/**
 * Records that nothing is captured behind the checkpoint any more. Once: while a gap of the source is open, another
 * is the same. Nothing is recorded where another epoch has begun since `checkpoint` was read, or is just beginning
 * (setup locks the checkpoint first, as this does). Returns whether it was recorded now.
 */
export async function openGap(
  db: pg.Pool,
  schema: string,
  checkpoint: Pick<Checkpoint, 'sourceId' | 'epoch'>,
  gap: NewGap,
): Promise<boolean> {
  const s = quoteIdentifier(schema);
  const result = await db.query(
    `insert into ${s}.gaps (source_id, epoch, reason, detail, from_lsn, from_time, skip_lsn)
     select source_id, epoch + 1, $3, $4, end_lsn, coalesce(committed_at, updated_at), $5::pg_lsn
     from ${s}.checkpoints where source_id = $1 and epoch = $2
     for update
     on conflict (source_id) where to_time is null and relation_id is null do nothing`,
    [
      checkpoint.sourceId,
      checkpoint.epoch,
      gap.reason,
      gap.detail,
      gap.skipLsn === null ? null : formatLsn(gap.skipLsn),
    ],
  );
  return result.rowCount === 1;
}

/**
 * Takes back an open gap: capture has got past where it stopped, in the same epoch, and nothing is missing. Returns
 * its reason, or null if there was none.
 */
export async function withdrawGap(
  db: pg.Pool,
  schema: string,
  checkpoint: Pick<Checkpoint, 'sourceId' | 'epoch'>,
): Promise<string | null> {
  const result = await db.query<{ reason: string }>(
    `delete from ${quoteIdentifier(schema)}.gaps
     where source_id = $1 and epoch = $2 and to_time is null and relation_id is null returning reason`,
    [checkpoint.sourceId, checkpoint.epoch + 1],
  );
  return result.rows[0]?.reason ?? null;
}

/** The detail of the source's open gap, if it has one of this reason. */
export async function readOpenGap(
  db: pg.Pool,
  schema: string,
  checkpoint: Pick<Checkpoint, 'sourceId'>,
  reason: string,
): Promise<string | null> {
  const result = await db.query<{ detail: string | null }>(
    `select detail from ${quoteIdentifier(schema)}.gaps
     where source_id = $1 and reason = $2 and to_time is null and relation_id is null`,
    [checkpoint.sourceId, reason],
  );
  const row = result.rows[0];
  return row === undefined ? null : (row.detail ?? reason);
}
