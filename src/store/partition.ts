import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';

/** Partitions are made for the current period and this many more. */
const PARTITIONS_AHEAD = 2;

/** Makes the store's partitions for now and the periods to come. */
export async function ensurePartitions(db: pg.Pool, schema: string, grain: 'day' | 'week' | 'month'): Promise<void> {
  await db.query(`select ${quoteIdentifier(schema)}.ensure_partitions($1, $2)`, [grain, PARTITIONS_AHEAD]);
}
