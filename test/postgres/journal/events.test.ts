import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpConfig } from '../../harness/http-config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

const HOST = { host: 'localhost:7400' };

interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the server answers
  readonly body: any;
  readonly text: string;
}

let history: History;
let server: HttpServer;
let entryId: bigint;

beforeAll(async () => {
  history = await createHistory();
  const shop = await history.addSource('shop');
  const orders = await history.addRelation(shop, 'public', 'orders', ['id']);
  await history.addRelation(shop, 'archive', 'orders', ['id']);
  await history.addRelation(shop, 'public', 'users', ['id']);
  entryId = await history.openBlock(shop, 2);
  const at = '2026-01-02T03:04:05Z';
  await history.insert('transactions', [{ id: entryId, source_id: shop, epoch: 1, committed_at: at, size: 1 }]);
  await history.insert('entries', [
    {
      id: entryId,
      occurred_at: at,
      transaction_id: entryId,
      ordinal: 0,
      relation_id: orders,
      action: 'create',
      record_key: '1',
      row: { id: 1 },
    },
    {
      id: entryId + 1n,
      occurred_at: at,
      transaction_id: entryId,
      ordinal: 1,
      relation_id: orders,
      action: 'schema',
      data: {},
    },
  ]);
  await history.closeBlock(entryId);
  server = await createHttpServer({
    store: history.store,
    http: httpConfig({ port: 7400 }),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
});
afterAll(async () => {
  await server.close();
  await history[Symbol.asyncDispose]();
});

async function post(payload: unknown, url = '/api/v1/activity'): Promise<Answer> {
  const headers = { ...HOST, 'content-type': 'application/json' };
  const answer = await server.app.inject({
    method: 'POST',
    url,
    headers,
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
  return { status: answer.statusCode, body: answer.json(), text: answer.payload };
}

async function get(url: string): Promise<Answer> {
  const answer = await server.app.inject({ method: 'GET', url, headers: HOST });
  return { status: answer.statusCode, body: answer.json(), text: answer.payload };
}

it('takes one event, keeps its digits, and shows it in the timeline', async () => {
  const id = randomUUID();
  const data = '{"total": 1.00, "n":12345678901234567890, "__proto__":{"x":1}, "data":[]}';
  const body = `{"id":"${id.toUpperCase()}","action":"order.exported","table":"public.orders","record":"1","data":${data},
    "context":{"job":1.50},"user":{"id":"7","name":"Ana"},"ip":"203.0.113.9","comment":"for the auditor"}`;
  const created = await post(body);
  expect(created).toMatchObject({ status: 201, body: { data: { event: id, created: true } } });
  expect(await post(body)).toMatchObject({ status: 200, body: { data: { ...created.body.data, created: false } } });
  const shown = await get('/api/v1/activity?record=1&action=order.exported');
  expect(shown.body.data).toHaveLength(1);
  expect(shown.text).toContain(`"data":${data}`);
  expect(shown.text).toContain('"context":{"job":1.50}');
  expect(shown.body.data[0]).toMatchObject({
    id: created.body.data.id,
    source: 'shop',
    schema: 'public',
    table: 'orders',
    record: '1',
    user: { id: '7', name: 'Ana' },
    ip: '203.0.113.9',
    comment: 'for the auditor',
    attribution: 'api',
    api: { id, token: 'anonymous' },
  });
});

it('takes an array as one transaction, data of strings that hold brackets and quotes included', async () => {
  const answer = await post(
    ` [ {"action":"login","data":"]}\\"{["}, {"data":{"a":["}"]},"action":"logout","source":"shop"},{"action":"login","data":null}]`,
  );
  expect(answer.status).toBe(201);
  const entries = await Promise.all(answer.body.data.map(({ id }: { id: string }) => get(`/api/v1/activity/${id}`)));
  expect(
    entries.map(({ body }) => [body.data.action, body.data.source, body.data.data, body.data.transaction.size]),
  ).toEqual([
    ['login', 'rowtrail', ']}"{[', 2],
    ['logout', 'shop', { a: ['}'] }, 1],
    ['login', 'rowtrail', null, 2],
  ]);
});

it('refuses what is no event, and names where', async () => {
  for (const [body, parameter, detail] of [
    [{ action: 'update' }, 'action', /kept for changes that Rowtrail itself saw/],
    [{ action: 'export' }, 'action', /kept for what Rowtrail itself writes/],
    [{ action: 'Login' }, 'action', /begin with a letter/],
    [{}, 'action', /must be a text: login/],
    [{ action: 'login', id: 'x' }, 'id', /must be a UUID/],
    [[{ action: 'login' }, { action: 'login', record: '1' }], '1.record', /takes a table/],
    [{ action: 'login', comment: 'a\0b' }, 'comment', /NUL/],
    [{ action: 'login', context: [] }, 'context', /must be a JSON object/],
    [{ action: 'login', table: 'nowhere' }, 'table', /no table nowhere is known/],
    [{ action: 'login', table: 'orders' }, 'table', /may be public\.orders of shop or archive\.orders of shop/],
    [{ action: 'login', source: 'nowhere' }, 'source', /no source nowhere/],
    [[], '', /must hold an event/],
    [Array.from({ length: 501 }, () => ({ action: 'login' })), '', /may hold 500 events/],
    [
      Array.from({ length: 2 }, () => ({ action: 'login', id: '00000000-0000-4000-8000-000000000001' })),
      '',
      /two events with one id/,
    ],
  ] as const) {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_parameter', errors: [{ parameter }] } });
    expect(answer.body.detail).toMatch(detail);
  }
  expect(await post({ action: 'login', tabel: 'x' })).toMatchObject({
    status: 400,
    body: { code: 'unknown_parameter', errors: [{ parameter: 'tabel', nearest: 'table' }] },
  });
  expect(await post('{"action":')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect(await post(`{"action":"login","data":${'['.repeat(99)}${']'.repeat(99)}}`)).toMatchObject({ status: 400 });
  expect(await post(`{"action":"login","data":"${'x'.repeat(1 << 20)}"}`)).toMatchObject({ status: 413 });
});

it("answers an id that is another event's with a conflict, and writes nothing of the call", async () => {
  const id = randomUUID();
  const sibling = randomUUID();
  expect((await post({ action: 'login', id })).status).toBe(201);
  const conflict = await post([
    { action: 'logout', id },
    { action: 'login', id: sibling },
  ]);
  expect(conflict).toMatchObject({ status: 409, body: { code: 'event_conflict' } });
  const events = await history.database.query(`select from ${SCHEMA}.events where event_id = $1`, [sibling]);
  expect(events.rowCount).toBe(0);
});

it('has comments on an entry as entries that link to it', async () => {
  const url = `/api/v1/activity/${entryId}/comments`;
  expect((await get(url)).body).toEqual({ data: [], meta: { next: null, prev: null } });
  const first = await post({ comment: 'why?', user: { id: '7' } }, url);
  expect(first).toMatchObject({
    status: 201,
    body: {
      data: { action: 'comment', comment: 'why?', source: 'shop', table: 'orders', record: '1', user: { id: '7' } },
    },
  });
  const id = randomUUID();
  const second = await post({ comment: 'because', id }, url);
  expect((await post({ comment: 'because', id }, url)).status).toBe(200);
  expect((await post({ comment: 'because not', id }, url)).status).toBe(409);
  const page = await get(`${url}?limit=1`);
  expect(page.body.data.map((entry: { id: string }) => entry.id)).toEqual([first.body.data.id]);
  const next = await get(`${url}?after=${page.body.meta.next}`);
  expect(next.body.data.map((entry: { id: string }) => entry.id)).toEqual([second.body.data.id]);
  expect(next.body.meta.next).toBeNull();
  const links = await history.database.query(
    `select entry_id::text, kind, linked_id::text from ${SCHEMA}.entry_links order by entry_id`,
  );
  expect(links.rows).toEqual(
    [first, second].map(({ body }) => ({ entry_id: body.data.id, kind: 'comment', linked_id: String(entryId) })),
  );
  expect(await get(`${url}?after=zz`)).toMatchObject({ status: 400 });
  expect(await post({ comment: '' }, url)).toMatchObject({ status: 400 });
  expect(await post({ comment: 'x' }, '/api/v1/activity/1/comments')).toMatchObject({ status: 404 });
  expect(await get('/api/v1/activity/1/comments')).toMatchObject({ status: 404 });
});

it('does not show through a comment what is hidden', async () => {
  const comment = await post({ comment: "an admin's" }, `/api/v1/activity/${entryId + 1n}/comments`);
  expect(comment).toMatchObject({ status: 201, body: { data: { source: 'shop', table: null, record: null } } });
});

it('refuses other methods, and says which are taken', async () => {
  const answer = await server.app.inject({ method: 'DELETE', url: '/api/v1/activity', headers: HOST });
  expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
});
