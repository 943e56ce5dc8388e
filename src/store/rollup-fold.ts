import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';

/** Flushes whose counts are taken in one commit. */
const FOLDED_AT_ONCE = 2_000;

/**
 * Takes what flushes have counted into the coarser tables that insights read. Returns whether more may be waiting.
 * Readers see the same counts before and after.
 */
export async function foldRollups(db: pg.Pool, schema: string): Promise<boolean> {
  const result = await db.query<{ taken: number }>({
    name: 'fold_rollups',
    text: `select ${quoteIdentifier(schema)}.fold_rollups($1) as taken`,
    values: [FOLDED_AT_ONCE],
  });
  return result.rows[0]?.taken === FOLDED_AT_ONCE;
}
