import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { formatLsn, parseLsn } from '../pg/lsn.ts';

/** What was seen of a relation (number 0) or one of its columns, and since when at least it has been so. */
export interface SeenStamp {
  readonly attnum: number;
  readonly stamp: string;
  readonly since: bigint;
}

/**
 * Remembers what the source's catalog says of a relation. Returns, by attnum, since when it has said so in this
 * epoch: perhaps for longer than was seen this time.
 */
export async function recordStamps(
  pool: pg.Pool,
  schema: string,
  relation: { readonly id: number; readonly epoch: number },
  stamps: readonly SeenStamp[],
): Promise<Map<number, bigint>> {
  const result = await pool.query<{ attnum: number; since_lsn: string }>(
    `select attnum, since_lsn::text as since_lsn from ${quoteIdentifier(schema)}.record_stamps($1, $2, $3, $4, $5::pg_lsn[])`,
    [
      relation.id,
      relation.epoch,
      stamps.map((seen) => seen.attnum),
      stamps.map((seen) => seen.stamp),
      stamps.map((seen) => formatLsn(seen.since)),
    ],
  );
  return new Map(result.rows.map((row) => [row.attnum, parseLsn(row.since_lsn)]));
}
