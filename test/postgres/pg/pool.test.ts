import { expect, it } from 'vitest';
import { backendOf, createPool } from '../../../src/pg/pool.ts';
import { createDatabase } from '../../harness/database.ts';

it('a connection that breaks while it is taken out, and idle, fails its next query and nothing else', async () => {
  await using database = await createDatabase();
  const pool = createPool(database.url, 'test', { max: 1 });
  try {
    const client = await pool.connect();
    await client.query('begin');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await database.query('select pg_terminate_backend($1)', [backendOf(client)]);
    await ended;
    await expect(client.query('select 1')).rejects.toThrow(/not queryable|terminat|closed/i);
    client.release();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  } finally {
    await pool.end();
  }
});
