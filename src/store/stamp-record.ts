import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { formatLsn, parseLsn } from '../pg/lsn.ts';

/** What was seen of a relation (number 0) or one of its columns, and since when at least it has been so. */
export interface SeenStamp {
  readonly attnum: number;
  readonly stamp: string;
  readonly since: bigint;
}

/** Whose stamps they are, and where in the stream they were seen. */
export interface SeenAt {
  readonly relationId: number;
  readonly epoch: number;
  /** The relation's own stamp, if it is another one than before, counts from here at the earliest. */
  readonly floor: bigint;
}

/**
 * Remembers what the source's catalog says of a relation. Returns, by attnum, since when it has said so in this
 * epoch: perhaps for longer than was seen this time.
 */
export async function recordStamps(
  pool: pg.Pool,
  schema: string,
  { relationId, epoch, floor }: SeenAt,
  stamps: readonly SeenStamp[],
): Promise<Map<number, bigint>> {
  const result = await pool.query<{ attnum: number; since_lsn: string }>(
    `select attnum, since_lsn::text as since_lsn from ${quoteIdentifier(schema)}.record_stamps($1, $2, $3, $4, $5, $6::pg_lsn[])`,
    [
      relationId,
      epoch,
      formatLsn(floor),
      stamps.map((seen) => seen.attnum),
      stamps.map((seen) => seen.stamp),
      stamps.map((seen) => formatLsn(seen.since)),
    ],
  );
  return new Map(result.rows.map((row) => [row.attnum, parseLsn(row.since_lsn)]));
}
