import pg from 'pg';
import { connectionOptions, explainDatabaseError } from '../pg/pool.ts';

/** A connected client. Throws what `explainDatabaseError` makes of a failure; `what` names the database's part. */
export async function connect(url: string, part: string, what: string): Promise<pg.Client> {
  const client = new pg.Client(connectionOptions(url, part));
  // A connection that breaks fails its next query; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw explainDatabaseError(error, what, url);
  }
}
