import { expect, it } from 'vitest';
import { copyIn } from '../../../src/store/copy-stream.ts';
import { createDatabase } from '../../harness/database.ts';

const PIECES = Array.from({ length: 64 }, () => Buffer.alloc(1024 * 1024));

it('a COPY that the server refuses while much of it is still to be sent fails, and nothing else does', async () => {
  await using database = await createDatabase();
  const client = await database.connect();
  await client.query('create table target (v bytea)');
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtExceptionMonitor', note);
  try {
    // No header of binary COPY: the server says so at once, and reads no further.
    await expect(copyIn(client, 'target', ['v'], PIECES)).rejects.toMatchObject({ code: '22P04' });
    // What was still to be sent is sent, or given up, before the next answer comes.
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  } finally {
    process.off('uncaughtExceptionMonitor', note);
  }
  expect(uncaught).toEqual([]);
});
