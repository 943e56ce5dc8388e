import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type pg from 'pg';
import {
  contextOfRequest,
  contextStatement,
  setContext,
  withContext,
  type Context,
} from '../../src/context/context.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';

const ALL: Context = {
  userId: 9_007_199_254_740_993n,
  userName: "O'Hara \0 \\",
  ip: '203.0.113.9',
  userAgent: 'Mozilla/5.0 “odd” \u{1f600}',
  comment: 'called',
  requestId: 'c0ffee',
  context: { ticket: 7 },
};

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createDatabase();
  client = await database.connect();
  await client.query('create table items (id int primary key)');
});
afterAll(() => database[Symbol.asyncDispose]());

async function settings(): Promise<(string | null)[]> {
  const names = ['user_id', 'user_name', 'ip', 'user_agent', 'comment', 'request_id', 'context'];
  const calls = names.map((name) => `current_setting('rowtrail.${name}', true)`).join(', ');
  return (await client.query(`select array[${calls}] as found`)).rows[0].found;
}

describe('the context of an application', () => {
  it('is set for the transaction, whatever it holds, and gone after it', async () => {
    const found = await withContext(client, ALL, settings);
    expect(found).toEqual([
      '9007199254740993',
      "O'Hara  \\",
      '203.0.113.9',
      'Mozilla/5.0 “odd” \u{1f600}',
      'called',
      'c0ffee',
      '{"ticket":7}',
    ]);
    expect((await settings()).every((value) => value === '' || value === null)).toBe(true);
  });

  it('leaves what is not named, and takes away what is null', async () => {
    const found = await withContext(client, { userId: 7, comment: 'a' }, async () => {
      await setContext(client, { comment: null, ip: '::1' });
      await setContext(client, {});
      return settings();
    });
    expect(found.slice(0, 5)).toEqual(['7', expect.toBeOneOf(['', null]), '::1', expect.toBeOneOf(['', null]), '']);
    expect(contextStatement({})).toBeNull();
  });

  it('commits what it did, or nothing of it', async () => {
    await withContext(client, { userId: 1 }, () => client.query('insert into items values (1)'));
    const failing = withContext(client, { userId: 1 }, async () => {
      await client.query('insert into items values (2)');
      await client.query('insert into items values (1)');
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect((await client.query('select id from items')).rows).toEqual([{ id: 1 }]);
  });

  it('is found in a request', () => {
    const headers = { 'user-agent': 'curl/8', 'x-request-id': ['r1', 'r2'] };
    expect(contextOfRequest({ ip: '10.0.0.1', headers })).toEqual({
      ip: '10.0.0.1',
      userAgent: 'curl/8',
      requestId: 'r1',
    });
    expect(contextOfRequest({ id: 'req-1', headers: {} })).toEqual({ ip: null, userAgent: null, requestId: 'req-1' });
  });
});
