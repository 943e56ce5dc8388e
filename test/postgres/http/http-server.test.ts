import { createServer, request as httpRequest } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { PROBLEMS, type ProblemCode } from '../../../src/http/problem.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createPool } from '../../../src/pg/pool.ts';
import type { LiveSource } from '../../../src/query/status.ts';
import type { StoreConnection } from '../../../src/query/store-reader.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { until } from '../../harness/poll.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

const PORT = 7400;
const HOST = { host: `localhost:${PORT}` };
const log = createLog('silent');

const STREAMING: LiveSource = {
  name: 'shop',
  state: 'streaming',
  since: new Date('2026-01-01T00:00:00Z'),
  error: null,
  standby: false,
  receivedLsn: 0x16b3748n,
  sourceLsn: 0x16b3748n,
  lagBytes: 0n,
  lagMs: 3,
  queuedBytes: 0,
  backlog: null,
  counters: { changes: 4, entries: 4, transactions: 2, unverifiedMessages: 0, flushes: 2, flushMs: 30, retries: 0 },
};

let history: History;
let server: HttpServer;
let live: LiveSource[] = [STREAMING];
let ids: bigint[];

function serve(store: StoreConnection = history.store, port = PORT, host = '127.0.0.1'): Promise<HttpServer> {
  return createHttpServer({ store, http: httpConfig({ host, port }), live: () => live, log, version: '0.0.0-test' });
}

async function get(url: string, from: HttpServer = server, headers: Record<string, string> = HOST) {
  return from.app.inject({ method: 'GET', url, headers });
}

function expectProblem(
  answer: { statusCode: number; headers: Record<string, unknown>; json: () => unknown },
  code: ProblemCode,
): Record<string, unknown> {
  const body = answer.json() as Record<string, unknown>;
  expect(body).toMatchObject({
    type: `urn:rowtrail:problem:${code}`,
    code,
    status: PROBLEMS[code].status,
    title: PROBLEMS[code].title,
    detail: expect.stringMatching(/./),
    instance: expect.any(String),
  });
  expect(answer.statusCode).toBe(PROBLEMS[code].status);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  return body;
}

/** One transaction of four entries by Ana, and a lone direct one. */
async function fill(): Promise<bigint[]> {
  const source = await history.addSource('shop');
  const orders = await history.addRelation(source, 'public', 'orders', ['id']);
  const ana = await history.addActor(source, 'user', '7', 'Ana');
  const role = await history.addActor(source, 'database', 'dba');
  await history.database.query(
    `insert into ${SCHEMA}.sessions (source_id, token_hash, session_role, client_addr, pid)
     values ($1, '\\x01', 'app', '10.0.0.5', 4711)`,
    [source],
  );
  await history.database.query(
    `insert into ${SCHEMA}.checkpoints (source_id, epoch, capture, slot, end_lsn, acknowledged_lsn)
     values ($1, 1, 'wal', 'rowtrail_shop', '0/16B3748', '0/16B3748')`,
    [source],
  );
  const first = await history.openBlock(source, 5);
  const [a, b, c, d, e] = [0n, 1n, 2n, 3n, 4n].map((n) => first + n) as [bigint, bigint, bigint, bigint, bigint];
  const at = '2026-01-02T03:04:05.000006Z';
  await history.insert('transactions', [
    { id: a, source_id: source, epoch: 1, xid: 745, commit_lsn: '0/16B3748', committed_at: at, size: 4 },
    { id: e, source_id: source, epoch: 1, xid: 746, commit_lsn: '0/16B3800', committed_at: at, size: 1 },
  ]);
  const context = { source_id: source, attribution: 'app' };
  await history.insert('contexts', [
    {
      ...context,
      id: a,
      last_id: d,
      transaction_id: a,
      actor_id: ana,
      session_id: 1,
      role: 'none',
      user_name: 'Ana',
      ip: '203.0.113.9',
      context: { n: 1 },
    },
    { ...context, id: e, last_id: e, transaction_id: e, actor_id: role, attribution: 'database' },
  ]);
  const entry = { occurred_at: at, transaction_id: a, context_id: a, relation_id: orders, record_key: '1' };
  await history.insert('entries', [
    { ...entry, id: b, ordinal: 1, action: 'delete' },
    { ...entry, id: c, ordinal: 2, action: 'truncate', record_key: null },
    { ...entry, id: d, ordinal: 3, action: 'login', relation_id: null, record_key: null },
    { ...entry, id: e, ordinal: 0, transaction_id: e, context_id: e, action: 'create' },
  ]);
  await history.database.query(
    `insert into ${SCHEMA}.entries (id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, changed, row, old)
     values ($1, $2, $1, $1, 0, $3, 'update', '1', '{total}',
       '{"id":1,"total":12345678901234567890.10,"big":9223372036854775807,"z":"\\u0000"}', '{"total":1.00}')`,
    [a, at, orders],
  );
  await history.closeBlock(first);
  await history.count();
  return [a, b, c, d, e];
}

beforeAll(async () => {
  history = await createHistory();
  ids = await fill();
  server = await serve();
});

afterAll(async () => {
  await server?.close();
  await history?.[Symbol.asyncDispose]();
});

describe('GET /api/v1/activity', () => {
  it('lists entries newest first, as JSON', async () => {
    const answer = await get('/api/v1/activity');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    const { data, meta } = answer.json();
    expect(data.map((entry: { id: string }) => entry.id)).toEqual(ids.toReversed().map(String));
    expect(meta).toEqual({ next: null, prev: null });
  });

  it('keeps every digit', async () => {
    const { body } = await get('/api/v1/activity?action=update');
    expect(body).toContain('"before":{"id":1,"total":1.00,"big":9223372036854775807,"z":"\\u0000"}');
    expect(body).toContain('"after":{"id":1,"total":12345678901234567890.10,"big":9223372036854775807,"z":"\\u0000"}');
  });

  it('turns pages by cursor, with filters repeated and mixed', async () => {
    const path = '/api/v1/activity?user=Ana&user=nobody&action=update&action=delete&table=public.orders&limit=1';
    const first = (await get(path)).json();
    expect(first.data.map((entry: { id: string }) => entry.id)).toEqual([String(ids[1])]);
    const second = (await get(`${path}&after=${first.meta.next}`)).json();
    expect(second.data.map((entry: { id: string }) => entry.id)).toEqual([String(ids[0])]);
    expect(second.meta.next).toBeNull();
    const back = (await get(`${path}&before=${second.meta.prev}`)).json();
    expect(back.data).toEqual(first.data);
  });

  it('answers HEAD without a body', async () => {
    const answer = await server.app.inject({ method: 'HEAD', url: '/api/v1/activity', headers: HOST });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  it.each([
    ['limit=abc', 'limit'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['sort=name', 'sort'],
    ['table=', 'table'],
    ['action=DROP%20TABLE', 'action'],
    ['record=%00', 'record'],
    ['from=yesterday', 'from'],
    ['to=2026-02-30', 'to'],
    ['from=2026-02-02&to=2026-02-01', 'from'],
    ['from=now&from=now', 'from'],
  ])('refuses %s, pointing at the parameter', async (query, parameter) => {
    const body = expectProblem(await get(`/api/v1/activity?${query}`), 'invalid_parameter');
    expect(body['errors']).toEqual([expect.objectContaining({ parameter })]);
    expect(body['detail']).toContain(parameter);
    expect(body['instance']).toBe('/api/v1/activity');
  });

  it('bounds how long and how many values may be', async () => {
    expectProblem(await get(`/api/v1/activity?user=${'x'.repeat(1025)}`), 'invalid_parameter');
    expectProblem(await get(`/api/v1/activity?${'source=a&'.repeat(101)}`), 'invalid_parameter');
  });

  it('names an unknown parameter and the nearest known one', async () => {
    const body = expectProblem(await get('/api/v1/activity?tabel=orders'), 'unknown_parameter');
    expect(body['errors']).toEqual([expect.objectContaining({ parameter: 'tabel', nearest: 'table' })]);
    expect(body['detail']).toContain('did you mean table?');
    expectProblem(await get(`/api/v1/activity/${ids[0]}?table=orders`), 'unknown_parameter');
    expectProblem(await get('/healthz?x=1'), 'unknown_parameter');
  });

  it('refuses a cursor of another filter', async () => {
    const { meta } = (await get('/api/v1/activity?limit=1')).json();
    const body = expectProblem(await get(`/api/v1/activity?table=orders&after=${meta.next}`), 'invalid_cursor');
    expect(body['errors']).toEqual([expect.objectContaining({ parameter: 'after' })]);
    expectProblem(await get('/api/v1/activity?before=nonsense'), 'invalid_cursor');
  });
});

describe('GET /api/v1/activity/{id}', () => {
  it('shows the entry and its siblings', async () => {
    const { data } = (await get(`/api/v1/activity/${ids[1]}`)).json();
    expect(data).toMatchObject({
      id: String(ids[1]),
      user: { id: '7', name: 'Ana' },
      transaction: { size: 4, ordinal: 1 },
    });
    expect(data.database).toEqual({
      role: 'app',
      session_role: 'app',
      application_name: null,
      client_addr: '10.0.0.5',
      pid: 4711,
    });
    expect(data.siblings.total).toBe(3);
    expect(data.siblings.data.map((entry: { id: string }) => entry.id)).toEqual([ids[0], ids[2], ids[3]].map(String));
    const alone = (await get(`/api/v1/activity/${ids[4]}`)).json().data;
    expect(alone).toMatchObject({
      user: null,
      attribution: 'database',
      database: null,
      siblings: { data: [], total: 0 },
    });
  });

  it('says what is wrong with an id', async () => {
    expectProblem(await get('/api/v1/activity/1'), 'entry_not_found');
    for (const id of ['abc', '-1', '9223372036854775808', '1.0']) {
      const body = expectProblem(await get(`/api/v1/activity/${id}`), 'invalid_parameter');
      expect(body['errors']).toEqual([expect.objectContaining({ parameter: 'id' })]);
    }
    expectProblem(await get(`/api/v1/activity/${'1'.repeat(7_000)}`), 'url_too_long');
  });
});

describe('status', () => {
  it('shows the store and the running capture', async () => {
    await history.database.query(
      `insert into ${SCHEMA}.gaps (source_id, epoch, reason, from_lsn)
         select id, 2, 'slot_lost', '0/16B3748' from ${SCHEMA}.sources`,
    );
    const { data } = (await get('/api/v1/status')).json();
    expect(data.store).toEqual({
      schema: SCHEMA,
      entries_estimate: 5,
      kept_since: null,
      partitions_until: expect.stringMatching(/^20\d\d-\d\d-01T00:00:00\.000000Z$/),
      bytes: expect.any(Number),
      periods: [{ from: expect.any(String), to: expect.any(String), bytes: expect.any(Number) }],
      removals_waiting: [],
    });
    expect(data.sources).toEqual([
      expect.objectContaining({
        name: 'shop',
        capture: 'wal',
        epoch: 1,
        slot: 'rowtrail_shop',
        end_lsn: '0/16B3748',
        baseline: { tables: 0, done: 0, rows: 0, open: [] },
        open_flushes: { count: 0, oldest: null },
        gaps: { count: 1, latest: [expect.objectContaining({ reason: 'slot_lost', to_lsn: null })] },
        live: expect.objectContaining({ state: 'streaming', received_lsn: '0/16B3748', lag_bytes: 0, lag_ms: 3 }),
      }),
    ]);
  });

  it('shows a source that the store does not know yet', async () => {
    live = [STREAMING, { ...STREAMING, name: 'new', state: 'starting' }];
    const { data } = (await get('/api/v1/status')).json();
    live = [STREAMING];
    expect(data.sources[1]).toMatchObject({ name: 'new', capture: null, live: { state: 'starting' } });
  });

  it('is alive whatever happens, and ready only while everything streams', async () => {
    expect((await get('/healthz')).json()).toEqual({ status: 'alive' });
    // A gap that is open says that nothing is captured; one that is closed is history.
    expect(expectProblem(await get('/readyz'), 'not_ready')['reasons']).toEqual([
      expect.objectContaining({ source: 'shop', code: 'open_gap', message: expect.stringContaining('0/16B3748') }),
    ]);
    await history.database.query(`update ${SCHEMA}.gaps set to_time = now()`);
    expect((await get('/readyz')).json()).toEqual({ status: 'ready', gaps: 1 });
    const error = { code: 'RT_SLOT_LOST', message: 'the slot is lost', hint: 'Run setup.' };
    live = [STREAMING, { ...STREAMING, name: 'billing', state: 'stopped', error }];
    const body = expectProblem(await get('/readyz'), 'not_ready');
    live = [];
    expectProblem(await get('/readyz'), 'not_ready');
    live = [STREAMING];
    expect(body['reasons']).toEqual([
      { source: 'billing', code: 'RT_SLOT_LOST', message: 'the slot is lost', hint: 'Run setup.' },
    ]);
  });
});

describe('metrics', () => {
  it('tell counts, lag and gaps of every source in the text exposition format', async () => {
    live = [{ ...STREAMING, counters: { ...STREAMING.counters, unverifiedMessages: 7 } }];
    const answer = await get('/metrics');
    await get('/metrics');
    const again = (await get('/metrics')).body;
    live = [STREAMING];
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.headers['cache-control']).toBe('no-store');
    for (const line of [
      '# TYPE rowtrail_unverified_messages_total counter',
      'rowtrail_unverified_messages_total{source="shop"} 7',
      'rowtrail_changes_total{source="shop"} 4',
      'rowtrail_entries_total{source="shop"} 4',
      'rowtrail_lag_bytes{source="shop"} 0',
      'rowtrail_lag_seconds{source="shop"} 0.003',
      'rowtrail_capture_state{source="shop",state="streaming"} 1',
      'rowtrail_capture_state{source="shop",state="stopped"} 0',
      'rowtrail_store_up 1',
      'rowtrail_gaps{source="shop",state="closed"} 1',
      'rowtrail_gaps{source="shop",state="open"} 0',
    ]) {
      // Asked again, the counts are the same, not twice as many.
      expect(again.split('\n')).toContain(line);
    }
    expect(again).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  it('say that the store is down, and what is known without it', async () => {
    const pool = createPool('postgres://someone:secret@127.0.0.1:1/nowhere', 'test', { max: 1 });
    const broken = await serve({ pool, schema: SCHEMA });
    const { statusCode, body } = await get('/metrics', broken);
    expect(statusCode).toBe(200);
    expect(body).toContain('rowtrail_store_up 0');
    expect(body).toContain('rowtrail_changes_total{source="shop"} 4');
    expect(body).not.toContain('rowtrail_gaps{');
    await broken.close();
    await pool.end();
  });
});

describe('when the store fails', () => {
  it('is 503 when it cannot be reached', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const pool = createPool(`postgres://someone:secret@127.0.0.1:${port}/nowhere`, 'test', { max: 1 });
    const broken = await serve({ pool, schema: SCHEMA });
    const answer = await get('/api/v1/activity', broken);
    expectProblem(answer, 'store_unavailable');
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.body).not.toContain('secret');
    expect(expectProblem(await get('/readyz', broken), 'not_ready')['reasons']).toEqual([
      expect.objectContaining({ code: 'RT_CONNECT' }),
    ]);
    await broken.close();
    await pool.end();
  });

  it('is 503 when it has no schema', async () => {
    const bare = await serve({ ...history.store, schema: 'nothing_here' });
    expect(expectProblem(await get('/api/v1/activity', bare), 'store_not_set_up')['hint']).toContain('rowtrail setup');
    await bare.close();
  });

  it('is 503 past the time limit, and says how to narrow the query', async () => {
    const locker = await history.database.connect();
    await locker.query(`begin; lock table ${SCHEMA}.entries in access exclusive mode`);
    const answer = await get('/api/v1/activity');
    await locker.query('rollback');
    expect(expectProblem(answer, 'query_timeout')['hint']).toMatch(/name a table/);
    expect((await get('/api/v1/activity')).statusCode).toBe(200);
  });

  it('tells the client nothing about a defect', async () => {
    const failing = await createHttpServer({
      store: history.store,
      http: httpConfig({ port: PORT }),
      live: () => {
        throw new Error('a secret of the inside');
      },
      log,
      version: '0',
    });
    const answer = await get('/api/v1/status', failing);
    expectProblem(answer, 'internal');
    expect(answer.body).not.toContain('secret');
    await failing.close();
  });
});

describe('what it refuses', () => {
  it('is unknown paths, other methods, bodies and broken URLs', async () => {
    expectProblem(await get('/api/v2/activity'), 'route_not_found');
    const inject = (method: 'POST' | 'DELETE' | 'OPTIONS', headers: Record<string, string>, payload?: string) =>
      server.app.inject({
        method,
        url: '/api/v1/status',
        headers: { ...HOST, ...headers },
        ...(payload === undefined ? {} : { payload }),
      });
    const refused = await inject('POST', { 'content-type': 'application/json' }, '{}');
    expectProblem(refused, 'method_not_allowed');
    expect(refused.headers['allow']).toBe('GET, HEAD');
    expectProblem(await inject('DELETE', {}), 'method_not_allowed');
    expectProblem(await inject('OPTIONS', {}), 'method_not_allowed');
    expectProblem(
      await inject('POST', { 'content-type': 'application/json' }, `"${'x'.repeat(70_000)}"`),
      'body_too_large',
    );
    expectProblem(await inject('POST', { 'content-type': 'application/json' }, '{'), 'invalid_request');
    expectProblem(await inject('POST', { 'content-type': 'text/csv' }, 'a,b'), 'unsupported_media_type');
    expectProblem(await get('/api/v1/activity/%zz'), 'invalid_url');
    expectProblem(await get(`/api/v1/activity?${'user=x&'.repeat(1200)}`), 'url_too_long');
  });

  it('is requests under another name or from another origin, wherever they go', async () => {
    for (const url of ['/api/v1/activity', '/', '/docs', '/openapi.json', '/healthz', '/nowhere']) {
      expectProblem(await get(url, server, { host: 'evil.example' }), 'host_not_allowed');
      expectProblem(await get(url, server, { ...HOST, origin: 'http://evil.example' }), 'origin_not_allowed');
    }
    expect((await get('/api/v1/activity', server, { ...HOST, origin: `http://${HOST.host}` })).statusCode).toBe(200);
  });
});

/** A request that the fixture can answer. */
function exampleOf(path: string): string {
  const query: Record<string, string> = {
    at: '?time=now',
    compare: '?from=r1',
    breakdown: '?by=user',
    suggest: '?key=user',
  };
  return (
    path
      .replace('users/{id}', 'users/shop:user:7')
      .replace('{id}', String(ids[0]))
      .replace('{source}/{table}/{key}', 'shop/public.orders/1') + (query[path.split('/').at(-1) as string] ?? '')
  );
}

describe('the documentation', () => {
  it('describes every operation, and every operation it describes answers', async () => {
    const document = (await get('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.entries<Record<string, { parameters?: { name: string }[] }>>(document.paths);
    expect(operations.map(([path]) => path)).toEqual(
      expect.arrayContaining(['/api/v1/activity', '/api/v1/activity/{id}', '/api/v1/status', '/healthz', '/metrics']),
    );
    for (const [path, methods] of operations) {
      // A stream does not end; its own test reads it.
      if (methods['get'] === undefined || path.endsWith('/stream')) continue;
      const answer = await get(exampleOf(path));
      expect(answer.statusCode, path).toBe(200);
    }
    expect(document.paths['/api/v1/activity'].get.parameters.map(({ name }: { name: string }) => name)).toEqual([
      'q',
      'source',
      'table',
      'record',
      'user',
      'ip',
      'action',
      'field',
      'from',
      'to',
      'tx',
      'request_id',
      'attribution',
      'comment',
      'count',
      'fields',
      'sort',
      'limit',
      'after',
      'before',
    ]);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(['Entry', 'Problem']));
    const entry = (await get('/api/v1/activity?source=shop')).json().data[0];
    // `api` and `data` are what events have besides.
    expect(Object.keys(document.components.schemas.Entry.properties)).toEqual([...Object.keys(entry), 'api', 'data']);
  });

  it('is served from here alone', async () => {
    const page = await get('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.body).not.toMatch(/https?:\/\//);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    for (const asset of page.body.matchAll(/(?:src|href)="\.(\/static\/[^"]+)"/g)) {
      expect((await get(`/docs${asset[1]}`)).statusCode, asset[1]).toBe(200);
    }
    expect((await get('/docs/json')).statusCode).toBe(200);
  });
});

describe('the console', () => {
  const pages = [
    '/',
    '/timeline',
    '/entry/1042',
    '/resources',
    '/resources/shop/public.orders/1',
    '/users/7',
    '/insights',
  ];

  it('is one document at each of its addresses, and takes scripts and styles from here alone', async () => {
    const page = await get('/');
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(page.body).not.toMatch(/<style|<script(?![^>]*src=)|style=|https?:\/\//);
    for (const url of pages) expect((await get(url)).body, url).toBe(page.body);
    const assets = Array.from(page.body.matchAll(/(?:src|href)="([^"]+)"/g), ([, url = '']) => url);
    expect(assets.length).toBeGreaterThanOrEqual(3);
    for (const url of assets) {
      const asset = await get(url);
      expect(asset.statusCode, url).toBe(200);
      expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      const zipped = await get(url, server, { ...HOST, 'accept-encoding': 'br, gzip' });
      expect(zipped.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(zipped.rawPayload).equals(asset.rawPayload)).toBe(true);
    }
  });

  it('has no other addresses', async () => {
    for (const url of ['/nowhere', '/entry', '/entry/1/2', '/assets/nothing.js', '/assets/..%2findex.html']) {
      expectProblem(await get(url), 'route_not_found');
    }
  });
});

describe('listening', () => {
  it('answers on a real port, lets what is under way finish, and is gone after close', async () => {
    const listening = await serve(history.store, 0, 'localhost');
    const url = await listening.listen();
    expect(url).toMatch(/^http:\/\/localhost:\d+$/);
    expect((await fetch(`${url}/api/v1/activity`)).status).toBe(200);

    const locker = await history.database.connect();
    await locker.query(`begin; lock table ${SCHEMA}.entries in access exclusive mode`);
    const slow = fetch(`${url}/api/v1/activity`);
    await until(
      async () =>
        (
          await history.database.query(
            `select from pg_stat_activity where application_name = 'rowtrail test reader' and wait_event_type = 'Lock' and datname = current_database()`,
          )
        ).rowCount === 1,
    );
    const cut = vi.spyOn(listening.app.server, 'closeAllConnections');
    const closed = listening.close();
    await locker.query('rollback');
    expect((await slow).status).toBe(200);
    await closed;
    // Nothing was left that had to be cut once its time was over.
    expect(cut).not.toHaveBeenCalled();
    await listening.close();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow(/fetch failed/);
  });

  it('answers what is no HTTP with a problem', async () => {
    const listening = await serve(history.store, 0);
    const { port } = new URL(await listening.listen());
    const raw = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.end('nonsense\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(raw).toMatch(/^HTTP\/1\.1 400 /);
    expect(raw).toContain('"code":"invalid_request"');
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest({ port, host: '127.0.0.1', path: '/', headers: { 'x-long': 'x'.repeat(20_000) } });
      sent.on('response', (answer) => resolve(answer.resume().statusCode));
      sent.on('error', reject);
      sent.end();
    });
    expect(status).toBe(431);
    await listening.close();
  });

  it('names the port that is in use', async () => {
    const first = await serve(history.store, 0);
    const port = Number(new URL(await first.listen()).port);
    const second = await serve(history.store, port);
    await expect(second.listen()).rejects.toMatchObject({
      code: 'RT_LISTEN',
      message: expect.stringContaining(`port ${port} is in use`),
      hint: expect.stringContaining('http.port'),
    });
    await second.close();
    await first.close();
  });

  it('refuses any address but loopback', async () => {
    const open = await serve(history.store, 0, '0.0.0.0');
    await expect(open.listen()).rejects.toMatchObject({ code: 'RT_LISTEN', hint: expect.stringMatching(/./) });
    await open.close();
  });
});
