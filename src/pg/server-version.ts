import type pg from 'pg';
import { RowtrailError } from '../lib/errors.ts';
import { explainDatabaseError } from './pool.ts';

/** As server_version_num has it. */
export const MIN_VERSION = 140_000;
export const VERSION_NEEDED = 'Rowtrail needs PostgreSQL 14 or newer.';

export interface ServerVersion {
  /** server_version_num. */
  readonly number: number;
  /** `18.4 (Debian 18.4-1)` */
  readonly text: string;
}

export async function readServerVersion(db: pg.ClientBase | pg.Pool): Promise<ServerVersion> {
  const result = await db.query<ServerVersion>(
    "select current_setting('server_version_num')::integer as number, current_setting('server_version') as text",
  );
  return result.rows[0]!;
}

/**
 * Throws RT_VERSION where the server is too old. To be asked before anything else: older servers lack what the
 * rest asks for, and what they then answer hides the reason. `what` is the database's part (`the store`), `url`
 * where it is. Throws RT_CONNECT and its like where it cannot be asked.
 */
export async function assertServerVersion(db: pg.ClientBase | pg.Pool, what: string, url: string): Promise<void> {
  const { number, text } = await readServerVersion(db).catch((error: unknown) => {
    throw explainDatabaseError(error, what, url);
  });
  if (number >= MIN_VERSION) return;
  throw new RowtrailError('RT_VERSION', `${what} runs PostgreSQL ${text}`, { hint: VERSION_NEEDED });
}
