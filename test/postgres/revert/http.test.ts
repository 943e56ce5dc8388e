import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../../src/access/role.ts';
import { createToken } from '../../../src/access/token.ts';
import type { Daemon } from '../../../src/daemon/daemon.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { until } from '../../harness/poll.ts';
import { revertScene, type RevertScene } from './fixture.ts';

const TABLES = `
  create table items (id bigint primary key, total numeric, note text, data json);
  create table secrets (id integer primary key, v text)`;

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what the document describes
  readonly json: any;
}

let scene: RevertScene;
let daemon: Daemon;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  scene = await revertScene('wal', TABLES, {}, { auth: { mode: 'token', publicMetrics: false } });
  daemon = await scene.start();
  const pool = createPool(scene.database.url, 'test', { max: 1 });
  const token = async (name: string, role: Role, tables: string[] | null = null): Promise<void> => {
    const made = await createToken(
      { pool, schema: 'audit' },
      { name, role, tables, expiresAt: null, createdBy: 'test' },
    );
    tokens[name] = made.secret;
  };
  await token('olga', 'operator');
  await token('oskar', 'operator');
  await token('viv', 'viewer');
  await token('lim', 'operator', ['public.items']);
  await pool.end();
  await scene.database
    .query(`insert into items select g, 10000000000000000.10, 'a', '{"n": 1.00}' from generate_series(1, 20) g;
    insert into secrets values (1, 'a')`);
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
});

async function post(
  path: string,
  body: unknown,
  token = 'olga',
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${daemon.url}/api/v1/reverts${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens[token]}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get('content-type'), text, json: JSON.parse(text) };
}

async function changed(sql: string, table: string, record: string): Promise<{ entry: string }> {
  await scene.database.query(sql);
  await scene.caughtUp();
  return { entry: await scene.lastEntry(table, record) };
}

async function get(path: string, token = 'olga'): Promise<Answer['json']> {
  const answer = await fetch(`${daemon.url}/api/v1${path}`, { headers: { authorization: `Bearer ${tokens[token]}` } });
  return answer.json();
}

async function row(id: number): Promise<string> {
  return (await scene.database.query('select i::text as row from items i where id = $1', [id])).rows[0]?.row as string;
}

test('a preview changes nothing; applied, its entries say who, and which they take back; a revert can be reverted', async () => {
  const target = await changed('update items set total = 5, note = null where id = 1', 'items', '1');
  const before = await row(1);
  const preview = await post('/preview', { target, comment: 'a mistake' });
  expect(preview.status, preview.text).toBe(200);
  expect(await row(1)).toBe(before);
  expect(preview.json.data.summary).toMatchObject({ entries: 1, steps: 1, ready: 1, applicable: true });
  expect(preview.json.data.steps[0]).toMatchObject({
    entry: target.entry,
    table: 'public.items',
    record: '1',
    action: 'update',
    status: 'ready',
    reason: null,
  });
  // With every digit.
  expect(preview.text).toContain('"target":10000000000000000.10');
  const { plan } = preview.json.data;
  const applied = await post('', { target, comment: 'a mistake', plan });
  expect(applied.status, applied.text).toBe(200);
  expect(await row(1)).toBe('(1,10000000000000000.10,a,"{""n"": 1.00}")');
  await scene.caughtUp();
  const id = await scene.lastEntry('items', '1');
  const { data } = await get(`/activity/${id}`);
  expect(data).toMatchObject({
    action: 'update',
    user: { id: 'olga', name: 'olga' },
    comment: 'a mistake',
    attribution: 'app',
    reverts: [target.entry],
    database: { role: scene.role.name, session_role: scene.role.name },
    transaction: { xid: applied.json.data.transaction },
  });
  expect((await get(`/activity/${target.entry}`)).data.reverted_by).toEqual([id]);
  const again = await post('/preview', { target: { entry: id } });
  const undone = await post('', { target: { entry: id }, plan: again.json.data.plan });
  expect(undone.status, undone.text).toBe(200);
  expect(await row(1)).toBe(before);
  // Both are on record, with their reads.
  const journal = async (): Promise<string[]> =>
    (
      await scene.database.query(
        `select e.action || ' ' || (e.data::json -> 'data' ->> 'path') as line from audit.entries e where e.action in ('revert', 'read') and e.relation_id is null
           and e.data::text like '%/reverts%' order by e.id`,
      )
    ).rows.map(({ line }) => line as string);
  await until(async () => (await journal()).length >= 4, { what: 'the journal has them' });
  expect(await journal()).toEqual([
    'read /api/v1/reverts/preview',
    'revert /api/v1/reverts',
    'read /api/v1/reverts/preview',
    'revert /api/v1/reverts',
  ]);
});

test('what has moved since, or is in conflict, is refused with the new preview; forced, it says what it overwrote', async () => {
  const target = await changed("update items set note = 'b' where id = 2", 'items', '2');
  const { plan } = (await post('/preview', { target })).json.data;
  await scene.database.query("update items set note = 'theirs' where id = 2");
  const moved = await post('', { target, plan });
  expect([moved.status, moved.type, moved.json.code]).toEqual([
    409,
    'application/problem+json; charset=utf-8',
    'revert_moved',
  ]);
  expect(moved.json.preview.steps[0]).toMatchObject({
    status: 'conflict',
    changes: [{ column: 'note', current: 'theirs', target: 'a', expected: 'b' }],
  });
  const still = await post('', { target, plan: moved.json.preview.plan });
  expect([still.status, still.json.code]).toEqual([409, 'revert_conflict']);
  expect(await row(2)).toContain('theirs');
  const forced = await post('/preview', { target, onConflict: 'force' });
  const done = await post('', { target, onConflict: 'force', plan: forced.json.data.plan });
  expect(done.json.data.summary, done.text).toMatchObject({ applied: 1, overwritten: 1 });
  expect(await row(2)).toContain(',a,');
});

test('two at once with one plan: one wins; the same request under its key is answered as it was', async () => {
  const target = await changed("update items set note = 'b' where id in (3, 4)", 'items', '3');
  const { plan } = (await post('/preview', { target })).json.data;
  const [one, two] = await Promise.all([post('', { target, plan }), post('', { target, plan })]);
  expect([one.status, two.status].toSorted((a, b) => a - b)).toEqual([200, 409]);
  const other = { entry: await scene.lastEntry('items', '4') };
  const mine = (await post('/preview', { target: other })).json.data;
  const key = { 'idempotency-key': 'once-4' };
  const body = { target: other, plan: mine.plan };
  const first = await post('', body, 'olga', key);
  const second = await post('', body, 'olga', key);
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(second.json).toEqual(first.json);
  const reused = await post('', { ...body, comment: 'another' }, 'olga', key);
  expect([reused.status, reused.json.code]).toEqual([422, 'idempotency_key_reused']);
  // A plan is its caller's.
  const third = await changed("update items set note = 'b' where id = 5", 'items', '5');
  const olgas = (await post('/preview', { target: third })).json.data.plan as string;
  expect((await post('', { target: third, plan: olgas }, 'oskar')).json.code).toBe('revert_moved');
});

test('own values keep their digits, and only named columns go back', async () => {
  const target = await changed(`update items set total = 1, note = 'b', data = '{}' where id = 6`, 'items', '6');
  const set = '"set": {"total": 12345678901234567890.50, "data": {"n": 1.000}}, "fields": ["note", "total", "data"]';
  const preview = await post('/preview', `{"target": ${JSON.stringify(target)}, ${set}}`);
  expect(preview.status, preview.text).toBe(200);
  const applied = await post('', `{"target": ${JSON.stringify(target)}, ${set}, "plan": "${preview.json.data.plan}"}`);
  expect(applied.status, applied.text).toBe(200);
  expect(await row(6)).toBe('(6,12345678901234567890.50,a,"{""n"": 1.000}")');
});

test('a token limited to tables takes back only what it sees, and learns nothing of the rest', async () => {
  await scene.database.query(
    "begin; update items set note = 'b' where id = 7; update secrets set v = 'b' where id = 1; commit",
  );
  await scene.caughtUp();
  const [item, secret] = [await scene.lastEntry('items', '7'), await scene.lastEntry('secrets', '1')];
  const { data } = await get(`/activity/${item}`);
  expect((await post('/preview', { target: { entry: item } }, 'lim')).status).toBe(200);
  const answers = await Promise.all(
    [{ transaction: data.transaction.id }, { entry: secret }, { entry: '123456789' }].map((target) =>
      post('/preview', { target }, 'lim'),
    ),
  );
  for (const { status, json, text } of answers) {
    expect([status, json.code], text).toEqual([404, 'revert_target_not_found']);
    expect(text).not.toContain('secrets');
  }
  expect(answers[1]!.json.detail.replace(secret, 'ID')).toBe(answers[2]!.json.detail.replace('123456789', 'ID'));
  expect((await post('/preview', { target: { transaction: data.transaction.id } })).json.data.summary.steps).toBe(2);
  // It may be named by its table alone.
  const record = { source: data.source, table: 'items', key: '7' };
  const back = await post('/preview', { target: { record, to: { time: '2026-01-01T10:00Z' } } }, 'lim');
  expect([back.status, back.json.data?.summary.steps], back.text).toEqual([200, 1]);
  const since = await post('/preview', { target: { record, to: { entry: item } } }, 'lim');
  expect([since.status, since.json.code]).toEqual([404, 'revert_target_not_found']);
  expect(since.json.detail).toBe(`The record has not been changed since entry ${item}.`);
  // What is wrong is named as the request has it.
  for (const [rest, parameter, said] of [
    [{ fields: ['notes'] }, 'fields', 'did you mean note?'],
    [{ set: { notes: 'x' } }, 'set', "can't give notes a value"],
    [
      { target: { query: 'tabel:items' } },
      'target.query',
      'target.query, column 1: tabel is not a filter: did you mean table?',
    ],
  ] as const) {
    const { status, json } = await post('/preview', { target: { entry: item }, ...rest });
    expect([status, json.code, json.errors[0].parameter]).toEqual([400, 'invalid_parameter', parameter]);
    expect(json.detail).toContain(said);
  }
  // A search finds what its token sees, and no more.
  const query = `tx:${data.transaction.id}`;
  expect((await post('/preview', { target: { query } })).json.data.summary.steps).toBe(2);
  const limited = await post('/preview', { target: { query } }, 'lim');
  expect(limited.json.data?.summary.steps ?? limited.json.code, limited.text).toBe(1);
  expect((await post('/preview', { target: { entry: item } }, 'viv')).json).toMatchObject({
    status: 403,
    role: 'operator',
  });
});

describe('what is wrong is told', () => {
  test.each([
    ['{}', 'invalid_parameter', /target/],
    ['{"target": {"entry": "x"}}', 'invalid_parameter', /target/],
    ['{"target": {"entry": 5}}', 'invalid_parameter', /target/],
    ['{"target": {"entry": "1", "transaction": "1"}}', 'invalid_parameter', /target/],
    ['{"target": {"query": "usr:7"}}', 'invalid_parameter', /user/],
    ['{"target": {"record": {"source": "shop", "table": "items", "key": "1"}}}', 'invalid_parameter', /target/],
    ['{"target": {"entry": "1"}, "onConflict": "maybe"}', 'invalid_parameter', /onConflict is abort, skip or force/],
    ['{"target": {"entry": "1"}, "field": ["a"]}', 'unknown_parameter', /did you mean fields/],
    ['{"target": {"entry": "1"}, "set": [1]}', 'invalid_parameter', /set/],
    ['{"target": ', 'invalid_request', /valid JSON/],
  ])('%s', async (body, code, detail) => {
    const { status, json } = await post('/preview', body);
    expect([status, json.code]).toEqual([400, code]);
    expect(json.detail).toMatch(detail);
  });

  test('a plan that is none, a key that is none, and a body that is too large', async () => {
    const target = { entry: await scene.lastEntry('items', '1') };
    expect((await post('', { target })).json.code).toBe('invalid_parameter');
    expect((await post('', { target, plan: 'p1.none' })).json.code).toBe('revert_moved');
    expect((await post('', { target, plan: 'x' }, 'olga', { 'idempotency-key': 'a b' })).status).toBe(400);
    expect((await post('/preview', { target, comment: 'x'.repeat(70_000) })).status).toBe(413);
  });

  test('a right that the role lacks', async () => {
    const target = await changed("update items set note = 'b' where id = 8", 'items', '8');
    await scene.database.query(`revoke update on items from "${scene.role.name}"`);
    const lacking = await post('/preview', { target });
    await scene.database.query(`grant update on items to "${scene.role.name}"`);
    expect(lacking.status, lacking.text).toBe(200);
    expect(lacking.json.data.summary).toMatchObject({ impossible: 1, applicable: false });
    expect(lacking.json.data.steps[0].reason).toMatch(/lacks rights/);
  });

  test('rows that another transaction holds', async () => {
    const target = await changed("update items set note = 'b' where id = 9", 'items', '9');
    const client = await scene.database.connect();
    await client.query('begin; select from items where id = 9 for update');
    const busy = await post('/preview', { target });
    await client.query('rollback');
    expect([busy.status, busy.json.code], busy.text).toEqual([503, 'revert_busy']);
  });
});
