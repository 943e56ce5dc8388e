import type pg from 'pg';
import { RowtrailError } from '../lib/errors.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { formatLsn, parseLsn } from '../pg/lsn.ts';

/** How far a source is stored. */
export interface Checkpoint {
  readonly sourceId: number;
  readonly epoch: number;
  readonly capture: 'wal' | 'trigger';
  readonly systemIdentifier: string | null;
  readonly timeline: number | null;
  readonly slot: string | null;
  /**
   * First byte after the last stored transaction's commit record: where streaming resumes. With trigger capture, which
   * knows of no WAL, how many transactions came before.
   */
  readonly endLsn: bigint;
  /** The furthest position that the slot may have been told. Written before it is sent. */
  readonly acknowledgedLsn: bigint;
}

/** The checkpoint of a source, or null when `setup` has not made one. */
export async function readCheckpoint(
  db: pg.ClientBase | pg.Pool,
  schema: string,
  source: string,
): Promise<Checkpoint | null> {
  const s = quoteIdentifier(schema);
  const result = await db.query(
    `select ${COLUMNS} from ${s}.checkpoints c join ${s}.sources s on s.id = c.source_id where s.name = $1`,
    [source],
  );
  return result.rows.length === 0 ? null : fromRow(result.rows[0]);
}

/**
 * Makes `writer` the only one whose flushes the checkpoint accepts, and ends the id blocks that an
 * earlier writer left open. To be called once the slot is held. Returns the checkpoint as it is now: an
 * earlier writer may have committed a last flush since it was read.
 */
export async function takeCheckpoint(
  client: pg.ClientBase,
  schema: string,
  sourceId: number,
  writer: string,
): Promise<Checkpoint> {
  const s = quoteIdentifier(schema);
  await client.query('begin');
  try {
    const result = await client.query(
      `update ${s}.checkpoints c set writer = $2, updated_at = clock_timestamp() where source_id = $1 returning ${COLUMNS}`,
      [sourceId, writer],
    );
    await client.query(`delete from ${s}.flushes where source_id = $1`, [sourceId]);
    await client.query('commit');
    if (result.rows.length === 0) throw fenced();
    return fromRow(result.rows[0]);
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** Records a position that is about to be acknowledged without a flush (nothing of ours before it is unstored). */
export async function recordAcknowledgement(
  db: pg.ClientBase | pg.Pool,
  schema: string,
  sourceId: number,
  writer: string,
  lsn: bigint,
): Promise<void> {
  const result = await db.query(
    `update ${quoteIdentifier(schema)}.checkpoints set acknowledged_lsn = greatest(acknowledged_lsn, $3), updated_at = clock_timestamp()
     where source_id = $1 and writer = $2`,
    [sourceId, writer, formatLsn(lsn)],
  );
  if (result.rowCount === 0) throw fenced();
}

/** The error of a writer whose checkpoint was taken over. */
export function fenced(): RowtrailError {
  return new RowtrailError('RT_FENCED', 'another daemon took over this source; nothing more is written by this one', {
    hint: 'Only one daemon captures a source at a time. This one stands by.',
  });
}

const COLUMNS =
  'c.source_id, c.epoch, c.capture, c.system_identifier, c.timeline, c.slot, c.end_lsn, c.acknowledged_lsn';

function fromRow(row: Record<string, string | number | null>): Checkpoint {
  return {
    sourceId: Number(row['source_id']),
    epoch: Number(row['epoch']),
    capture: row['capture'] as Checkpoint['capture'],
    systemIdentifier: row['system_identifier'] as string | null,
    timeline: row['timeline'] as number | null,
    slot: row['slot'] as string | null,
    endLsn: parseLsn(String(row['end_lsn'])),
    acknowledgedLsn: parseLsn(String(row['acknowledged_lsn'])),
  };
}
