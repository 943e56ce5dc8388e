import pg from 'pg';
import { inject } from 'vitest';
import { foundEntry } from './found-entry.ts';

/** SQL by hand, as the shop's owner. */
export async function inShop(sql: string, parameters: readonly unknown[] = []): Promise<pg.QueryResult> {
  return withShop((client) => client.query(sql, [...parameters]));
}

/** A connection of the shop's owner. */
export async function withShop<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: inject('console')?.shopUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The newest entry that a search finds, once there is one. */
export async function entryFor(q: string): Promise<string> {
  const url = inject('console')?.url;
  if (url === undefined) throw new Error('there is no demo');
  return foundEntry(url, q);
}
