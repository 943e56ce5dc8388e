import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';

/** A row of a source's users table. */
export interface Person {
  /** What applications give as the user's id. */
  readonly claim: string;
  readonly name: string | null;
}

/** Stores some of a source's people, as they were at `readAt` (timestamptz text). False: the store does not know the source. */
export async function recordPeople(
  db: pg.Pool,
  schema: string,
  source: string,
  people: readonly Person[],
  readAt: string,
): Promise<boolean> {
  const s = quoteIdentifier(schema);
  const result = await db.query(
    `select ${s}.record_people(s.id, $2::json, $3::timestamptz) from ${s}.sources s where s.name = $1`,
    [source, JSON.stringify(people), readAt],
  );
  return result.rowCount === 1;
}

/** To be called when the table has been read to its end: who was not found in it has left. */
export async function endPeople(db: pg.Pool, schema: string, source: string, readAt: string): Promise<void> {
  const s = quoteIdentifier(schema);
  await db.query(`select ${s}.end_people(s.id, $2::timestamptz) from ${s}.sources s where s.name = $1`, [
    source,
    readAt,
  ]);
}
