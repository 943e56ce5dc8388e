import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLAIM_LIMITS, safeJson } from '../../../src/transaction/limits.ts';
import { prepareCapture, type Capture, type RunningDaemon, type StoredEntry } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';

let database: TestDatabase;
let capture: Capture;
let daemon: RunningDaemon;
let next = 0;

beforeAll(async () => {
  database = await createDatabase();
  await database.query('create table t (id int primary key)');
  capture = await prepareCapture(database, { tables: ['t'] });
  daemon = await capture.start();
});

afterAll(async () => {
  await daemon.stop();
  await database[Symbol.asyncDispose]();
});

/** Runs `before`, then inserts a row, in one transaction of a new session; returns the row's entry. */
async function entryAfter(before: string, params: readonly unknown[] = []): Promise<StoredEntry> {
  const client = await database.connect();
  next += 1;
  await client.query('begin');
  await client.query(before, [...params]);
  await client.query('insert into t values ($1)', [next]);
  await client.query('commit');
  await client.end();
  await capture.caughtUp();
  const [entry] = await capture.entries(`e.record_key = '${next}' and r.table_name = 't'`);
  return entry!;
}

async function unverified(): Promise<number> {
  const status = (await daemon.status()) as {
    sources: { live: { state: string; counters: { unverified_messages: number; retries: number } } }[];
  };
  const { state, counters } = status.sources[0]!.live;
  expect(state).toBe('streaming');
  expect(counters.retries).toBe(0);
  return counters.unverified_messages;
}

describe('a forged message changes nothing and stops nothing', () => {
  it.each([
    ['garbage', `select pg_logical_emit_message(true, 'rowtrail', 'garbage')`],
    ['nothing', `select pg_logical_emit_message(true, 'rowtrail', '')`],
    [
      'a token that no one was given',
      `select pg_logical_emit_message(true, 'rowtrail', '{c,made-up,none,x,root,"","","","","",""}')`,
    ],
    [
      'a greeting without the secret',
      `select pg_logical_emit_message(true, 'rowtrail', '{h,wrong,made-up,postgres,NULL,1,NULL}'),
         pg_logical_emit_message(true, 'rowtrail', '{c,made-up,none,x,root,"","","","","",""}')`,
    ],
    ['bytes that are no text', `select pg_logical_emit_message(true, 'rowtrail', '\\xfffe00c328'::bytea)`],
    [
      'a NUL',
      `select pg_logical_emit_message(true, 'rowtrail', '{c,"a'::bytea || '\\x00'::bytea || '",none,x,root,"","","","","",""}'::bytea)`,
    ],
    ['nesting', `select pg_logical_emit_message(true, 'rowtrail', repeat('{', 500000))`],
    [
      '20 MB',
      `select pg_logical_emit_message(true, 'rowtrail', '{c,x,none,x,' || repeat('x', 20000000) || ',"","","","","",""}')`,
    ],
  ])('%s', async (_, sql) => {
    const before = await unverified();
    const entry = await entryAfter(sql);
    expect(entry).toMatchObject({ attribution: 'database', actor: 'postgres' });
    expect(await unverified()).toBeGreaterThan(before);
  });

  it('with a NUL under a token of its own', async () => {
    const entry = await entryAfter(`select rowtrail.hello(), pg_logical_emit_message(true, 'rowtrail',
      convert_to('{c,' || current_setting('rowtrail.session') || ',none,x,"a', 'UTF8') || '\\x00'::bytea || convert_to('b","","","","","",""}', 'UTF8'))`);
    expect(entry).toMatchObject({ attribution: 'database', actor: 'postgres' });
  });
});

describe('whatever a client claims is stored as text, or cut', () => {
  const contexts: [string, string][] = [
    ['malformed JSON', '{"a": 1'],
    ['a literal lone surrogate escape outside JSON', 'x \\ud800 y'],
    ['a lone surrogate escape in JSON', '{"a": "\\ud800"}'],
    ['a NUL escape in JSON', '{"a": "\\u0000"}'],
    ['deep nesting', '['.repeat(20_000) + ']'.repeat(20_000)],
    ['unclosed deep nesting', '{"a":'.repeat(100_000)],
    ['1 MB', JSON.stringify({ a: 'x'.repeat(1_000_000) })],
    ['3 MB of quotes', '"'.repeat(3_000_000)],
    ['emoji at the limit', `x${'🙂'.repeat(CLAIM_LIMITS.context)}`],
    ['a number', '1e400'],
    ['every control character', Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join('')],
  ];
  it.each(contexts)('%s', async (_, text) => {
    const entry = await entryAfter(
      `select set_config('rowtrail.context', $1, true), set_config('rowtrail.user_id', '7', true)`,
      [text],
    );
    expect(entry).toMatchObject({ attribution: 'app', actor: '7' });
    const stored = entry.context!;
    let valid = text.length < CLAIM_LIMITS.context;
    try {
      JSON.parse(text);
    } catch {
      valid = false;
    }
    if (valid && !text.startsWith('[[')) expect(stored).toBe(text);
    else if (text.length < CLAIM_LIMITS.context) expect(JSON.parse(stored)).toBe(text);
    else expect((JSON.parse(stored) as string).length).toBeLessThanOrEqual(CLAIM_LIMITS.context);
  });

  it.each(['user_id', 'user_name', 'ip', 'user_agent', 'comment', 'request_id'])('a long %s', async (claim) => {
    for (const text of ['🙂'.repeat(20_000), `x${'🙂'.repeat(20_000)}`, '\u00e9\n"\\{},NULL']) {
      const entry = await entryAfter(`select set_config('rowtrail.' || $1, $2, true)`, [claim, text]);
      expect(entry.attribution).toBe('app');
    }
  });

  it('in event data and comments too', async () => {
    const client = await database.connect();
    await client.query(`select rowtrail.log('login', $1, '{"n": 12345678901234567890.10}'::jsonb, 't', $2)`, [
      'a "comment" \\ud800 🙂',
      'k'.repeat(2_000),
    ]);
    await capture.caughtUp();
    const [event] = await capture.entries(`e.action = 'login'`);
    expect(event).toMatchObject({ table_name: 't', attribution: 'database' });
    expect(event!.record_key).toMatch(/^~[0-9a-f]{64}$/);
    expect(event!.data).toContain('"data":{"n": 12345678901234567890.10}');
    expect(JSON.parse(event!.data!).comment).toBe('a "comment" \\ud800 🙂');
  });

  it('any text becomes JSON that PostgreSQL takes', async () => {
    const seed = Math.floor(Math.random() * 1e9);
    const texts = fc.sample(
      fc.oneof(
        fc.json(),
        fc.string({ unit: 'binary' }),
        fc.string().map((text) => `${text}\\ud83d\\u0000`),
        fc.string({
          unit: fc.constantFrom('{', '[', '"', '\\', 'u', 'd', '8', '0', ']', '}', ',', '1', 'e', '.', '-', ' '),
        }),
      ),
      { numRuns: 2_000, seed },
    );
    for (const limit of [5, 40, 10_000]) {
      const made = texts.map((text) => safeJson(text.replaceAll('\0', ''), limit));
      const result = await database.query('select count(t::json)::int as taken from unnest($1::text[]) t', [made]);
      expect(result.rows[0].taken, `seed ${seed}`).toBe(texts.length);
    }
  });
});

describe('sessions', () => {
  it('are known after a restart though they changed nothing before it', async () => {
    const client = await database.connect();
    await client.query('begin; select rowtrail.emit_context(); commit');
    await capture.caughtUp();
    await daemon.stop();
    daemon = await capture.start();
    next += 1;
    await client.query('insert into t values ($1)', [next]);
    await capture.caughtUp();
    const [entry] = await capture.entries(`e.record_key = '${next}' and r.table_name = 't'`);
    expect(entry).toMatchObject({ attribution: 'database', actor: 'postgres' });
  });

  it('keep contexts apart within a transaction, and those of savepoints that were rolled back out', async () => {
    const client = await database.connect();
    const ids = [next + 1, next + 2, next + 3, next + 4];
    next += 4;
    await client.query('begin');
    await client.query(`select set_config('rowtrail.user_id', 'a', true)`);
    await client.query('insert into t values ($1)', [ids[0]]);
    await client.query('savepoint s');
    await client.query(`select set_config('rowtrail.user_id', 'gone', true)`);
    await client.query('insert into t values ($1)', [ids[1]]);
    await client.query('rollback to s');
    await client.query('insert into t values ($1)', [ids[2]]);
    await client.query(`select set_config('rowtrail.user_id', 'b', true)`);
    await client.query('insert into t values ($1)', [ids[3]]);
    await client.query(`select set_config('rowtrail.user_id', 'nothing', true)`);
    await client.query('update t set id = id where false');
    await client.query('commit');
    await capture.caughtUp();
    const entries = await capture.entries(`e.record_key = any ('{${ids.join(',')}}') and r.table_name = 't'`);
    expect(entries.map((entry) => [Number(entry.record_key), entry.actor])).toEqual([
      [ids[0], 'a'],
      [ids[2], 'a'],
      [ids[3], 'b'],
    ]);
  });
});
