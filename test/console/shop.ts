import pg from 'pg';
import { inject } from 'vitest';

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
  const url = `${inject('console')?.url}/api/v1/activity?${new URLSearchParams({ q, limit: '1' }).toString()}`;
  for (let tried = 0; tried < 1000; tried += 1) {
    const { data } = (await (await fetch(url)).json()) as { data: readonly { readonly id: string }[] };
    if (data[0] !== undefined) return data[0].id;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  throw new Error(`nothing is found by ${q}`);
}
