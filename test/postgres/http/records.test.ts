import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpConfig } from '../../harness/http-config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { getTransaction } from '../../../src/query/transaction.ts';
import { createHistory, type History } from '../query/history.ts';

const PORT = 7400;
const HASH = `~${'ab'.repeat(32)}`;
const KEYS = ['1', '["1","eu"]', HASH, 'a/b', 'ü ?#%&+"\'', '..', 'history', '\u{1F600}', 'x'.repeat(2_000)];
const ODD = { schema: 'my.schema', table: 'we"ird /t.able' };

let history: History;
let server: HttpServer;
let ids: bigint[];
let source: number;

beforeAll(async () => {
  history = await createHistory();
  source = await history.addSource('shop');
  const orders = await history.addRelation(source, 'public', 'orders', ['id']);
  const odd = await history.addRelation(source, ODD.schema, ODD.table, ['id']);
  const ana = await history.addActor(source, 'user', '7', 'Ana');
  const count = 2 * KEYS.length;
  const first = await history.openBlock(source, count + 4);
  ids = Array.from({ length: count + 4 }, (_value, i) => first + BigInt(i));
  const at = '2026-01-02T03:04:05.000006Z';
  const transaction = { source_id: source, epoch: 1, xid: 745, commit_lsn: '0/16B3748', committed_at: at };
  await history.insert('transactions', [
    { ...transaction, id: first, size: count },
    { ...transaction, id: first + BigInt(count), xid: 746, size: 4 },
  ]);
  const context = { source_id: source, actor_id: ana, attribution: 'app', ip: '203.0.113.9', user_name: 'Ana' };
  await history.insert('contexts', [
    { ...context, id: first, last_id: first + 4n, transaction_id: first, comment: 'one', context: { n: 1 } },
    { ...context, id: first + 5n, last_id: first + BigInt(count) - 1n, transaction_id: first },
    {
      ...context,
      id: first + BigInt(count),
      last_id: first + BigInt(count) + 3n,
      transaction_id: first + BigInt(count),
    },
  ]);
  await history.insert(
    'entries',
    ids.slice(0, count).map((id, i) => ({
      id,
      occurred_at: at,
      transaction_id: first,
      context_id: i < 5 ? first : first + 5n,
      ordinal: i,
      relation_id: i % 2 === 0 ? orders : odd,
      action: 'create',
      record_key: KEYS[Math.floor(i / 2)],
      row: { n: i },
    })),
  );
  const last = ids.slice(count);
  await history.database.query(
    `insert into audit.entries (id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, changed, row, old)
     select $1::bigint + n, timestamptz '2026-01-03' + n * interval '1 minute', $1, $1, n, $2, 'update', '1', '{total}',
       ('{"id":1,"total":1.' || repeat('0', n + 1) || ',"doc":{"b": 1,"a":12345678901234567890}}')::json, '{"total":1}'
     from generate_series(0, 3) n`,
    [last[0], orders],
  );
  await history.insert('entry_links', [
    { entry_id: last[1], kind: 'revert', relation_id: orders, linked_id: last[0] },
    { entry_id: last[1], kind: 'revert', relation_id: orders, linked_id: ids[0] },
    { entry_id: last[2], kind: 'comment', relation_id: orders, linked_id: last[0] },
    { entry_id: last[3], kind: 'comment', relation_id: orders, linked_id: last[0] },
    { entry_id: last[3], kind: 'revert', relation_id: orders, linked_id: last[1] },
  ]);
  const rollup = { bucket: '2026-01-03T00:00:00Z', relation_id: orders, actor_id: 1, action: 'update' };
  const counted = { attribution: 'app', count: 4, min_id: String(ids.at(-4)), max_id: String(ids.at(-1)) };
  await history.database.query('select audit.add_rollups($1, $2)', [
    source,
    JSON.stringify([{ ...rollup, ...counted }]),
  ]);
  await history.database.query('select audit.fold_rollups(10)');
  await history.closeBlock(first);
  const { store } = history;
  const log = createLog('silent');
  server = await createHttpServer({
    store,
    http: httpConfig({ port: PORT, journal: { reads: false, exports: false, reverts: false, denials: false } }),
    live: () => [],
    links: new Map([
      ['shop', { 'public.orders': 'https://shop.example/orders/{id}', 'public.none': 'https://shop.example/' }],
    ]),
    log,
    version: '0',
  });
});

afterAll(async () => {
  await server?.close();
  await history?.[Symbol.asyncDispose]();
});

async function get(path: string) {
  const answer = await server.app.inject({
    method: 'GET',
    url: `/api/v1${path}`,
    headers: { host: `localhost:${PORT}` },
  });
  return {
    status: answer.statusCode,
    body: answer.body,
    json: () => answer.json() as { data: unknown; code?: string },
  };
}

function pathOf(key: string, table = 'public.orders', source = 'shop'): string {
  return `/resources/${[source, table, key].map(encodeURIComponent).join('/')}`;
}

describe('GET /api/v1/resources/{source}/{table}/{key}', () => {
  it('finds records of any key in tables of any name', async () => {
    for (const [i, key] of KEYS.entries()) {
      for (const [table, entry] of [
        ['public.orders', ids[2 * i]],
        [`${ODD.schema}.${ODD.table}`, ids[2 * i + 1]],
      ] as const) {
        // A URL's own dots are taken out by whoever sends it; as %2E%2E they are, too.
        if (key === '..') continue;
        const { status, json } = await get(pathOf(key, table));
        expect([key, status]).toEqual([key, 200]);
        expect(json().data).toMatchObject({
          record: key,
          exists: true,
          deleted: false,
          created: { id: String(entry), actor: { id: 'shop:user:7', claim: '7', name: 'Ana' }, attribution: 'app' },
          keys: [key],
        });
        const history = await get(`${pathOf(key, table)}/history?sort=id&limit=1`);
        expect(history.json().data).toMatchObject([{ id: String(entry), record: key }]);
      }
    }
  });

  it('gives a history without what is not asked for', async () => {
    const history = await get(`${pathOf('1')}/history?sort=id&limit=1&fields=id,record`);
    expect(history.json().data).toEqual([{ id: String(ids[0]), record: '1' }]);
  });

  it('gives images as they are stored', async () => {
    const state = '"state":{"id":1,"total":1.0000,"doc":{"b": 1,"a":12345678901234567890}}';
    expect((await get(pathOf('1'))).body).toContain(state);
    expect((await get(`${pathOf('1')}/at?time=2026-01-03T00:03:30Z`)).body).toContain(state);
    const compared = await get(`${pathOf('1')}/compare?from=r2&to=r3`);
    expect(compared.body).toContain('"differences":[{"column":"total","status":"changed","from":1.0,"to":1.00}]');
    const created = await get(`${pathOf('1')}/compare?from=r1`);
    expect(created.json().data).toMatchObject({
      differences: [
        { column: 'n', status: 'removed', from: 0 },
        { column: 'id', status: 'added', to: 1 },
        { column: 'total', status: 'added' },
        { column: 'doc', status: 'added' },
      ],
    });
  });

  it('finds the entries that take others back, and those that were taken back', async () => {
    const found = async (q: string): Promise<string[]> => {
      const { data } = (await get(`/activity?limit=100&q=${encodeURIComponent(q)}`)).json();
      return (data as { id: string }[]).map(({ id }) => id);
    };
    const last = ids.slice(-4).map(String);
    expect(await found('is:revert')).toEqual([last[3], last[1]]);
    expect(await found('record:1 action:update -is:revert')).toEqual([last[2], last[0]]);
    const { data: taken } = (await get('/activity?limit=100&q=is:reverted')).json();
    expect(taken).toHaveLength(3);
    for (const { reverted_by: by } of taken as { reverted_by: string[] }[]) expect(by).not.toEqual([]);
    const { data: others } = (await get('/activity?limit=100&q=-is:reverted')).json();
    for (const { reverted_by: by } of others as { reverted_by: string[] }[]) expect(by).toEqual([]);
  });

  it('tells where the application shows a record, as far as its image has what that takes', async () => {
    expect((await get(pathOf('1'))).json().data).toMatchObject({ link: 'https://shop.example/orders/1' });
    expect((await get(pathOf('a/b'))).json().data).toMatchObject({ link: null });
    expect((await get(pathOf('1', `${ODD.schema}.${ODD.table}`))).json().data).toMatchObject({ link: null });
  });

  it('says that a moment lies before the record, or in a gap', async () => {
    const before = (await get(`${pathOf('1')}/at?time=2026-01-01`)).json().data;
    expect(before).toMatchObject({ exists: false, state: null, reason: 'not_created', entry: null, in_gap: false });
    await history.database.query(
      `insert into audit.gaps (source_id, epoch, reason, from_time, to_time)
       values ($1, 1, 'slot_lost', '2026-01-03 00:10Z', '2026-01-03 00:20Z')`,
      [source],
    );
    const within = (await get(`${pathOf('1')}/at?time=2026-01-03T00:15:00Z`)).json().data;
    expect(within).toMatchObject({ exists: true, in_gap: true, gaps: [{ reason: 'slot_lost', table: false }] });
    const behind = (await get(`${pathOf('1')}/at?time=2026-01-03T00:25:00Z`)).json().data;
    expect(behind).toMatchObject({ exists: true, in_gap: false, gaps: [{ reason: 'slot_lost' }] });
  });

  it('answers alike for what is not known', async () => {
    const bodies = new Set<string>();
    for (const path of [
      pathOf('none'),
      pathOf('1', 'public.none'),
      pathOf('1', 'orders'),
      pathOf('1', 'public.orders', 'x'),
    ]) {
      for (const more of ['', '/history', '/at?time=now', '/compare?from=r1']) {
        const { status, json } = await get(path + more);
        expect([path, more, status]).toEqual([path, more, 404]);
        bodies.add(JSON.stringify({ ...json(), instance: '' }));
      }
    }
    expect(bodies.size).toBe(1);
    expect([...bodies][0]).toContain('"code":"record_not_found"');
  });

  it.each([
    ['/at', 'invalid_parameter'],
    ['/at?time=soon', 'invalid_parameter'],
    ['/at?time=now&at=now', 'unknown_parameter'],
    ['/compare', 'invalid_parameter'],
    ['/compare?from=r0', 'invalid_parameter'],
    ['/compare?from=17', 'invalid_parameter'],
    ['/compare?from=9223372036854775807', 'invalid_parameter'],
    ['/compare?from=99999999999999999999', 'invalid_parameter'],
    ['/history?limit=0', 'invalid_parameter'],
    ['/history?after=AAAA', 'invalid_cursor'],
    ['/history?sort=up', 'invalid_parameter'],
    ['?sort=id', 'unknown_parameter'],
  ])('refuses %s', async (more, code) => {
    const { status, json } = await get(pathOf('1') + more);
    expect([status, json().code]).toEqual([400, code]);
  });

  it('refuses a key that is too long, or holds a NUL', async () => {
    expect((await get(pathOf('x'.repeat(2_049)))).status).toBe(400);
    expect((await get(pathOf('a\0b'))).status).toBe(400);
  });
});

describe('GET /api/v1/transactions/{id}', () => {
  it('gives what is known of it, and its entries page by page, forth and back', async () => {
    const id = ids[0];
    const first = (await get(`/transactions/${id}?limit=7`)).json().data as Record<string, unknown>;
    expect(first).toMatchObject({
      id: String(id),
      source: 'shop',
      epoch: 1,
      xid: '745',
      lsn: '0/16B3748',
      committed_at: '2026-01-02T03:04:05.000006Z',
      size: 2 * KEYS.length,
      contexts: [
        {
          id: String(id),
          comment: 'one',
          ip: '203.0.113.9',
          context: { n: 1 },
          actor: { id: 'shop:user:7', name: 'Ana' },
        },
        { id: String(ids[5]), comment: null, context: {} },
      ],
    });
    type Page = {
      entries: { data: { id: string }[]; meta: { next: string | null; prev: string | null } };
      contexts: object[];
    };
    let page = first as unknown as Page;
    const seen = page.entries.data.map((entry) => entry.id);
    while (page.entries.meta.next !== null) {
      page = (await get(`/transactions/${id}?limit=7&after=${page.entries.meta.next}`)).json().data as Page;
      seen.push(...page.entries.data.map((entry) => entry.id));
      expect(page.contexts).toHaveLength(1);
    }
    const all = ids.slice(0, 2 * KEYS.length).map(String);
    expect(seen).toEqual(all);
    const back = page.entries.data.map((entry) => entry.id);
    while (page.entries.meta.prev !== null) {
      page = (await get(`/transactions/${id}?limit=7&before=${page.entries.meta.prev}`)).json().data as Page;
      back.unshift(...page.entries.data.map((entry) => entry.id));
    }
    expect(back).toEqual(all);
  });

  it('shows a limited viewer its tables alone, and no size', async () => {
    const store = { ...history.store, viewer: { admin: false, tables: ['public.orders'] } };
    const seen: bigint[] = [];
    const first = ids[0] as bigint;
    let after: string | null = null;
    do {
      const page = await getTransaction(store, first, { limit: 4, after, before: null });
      expect(page?.transaction).toMatchObject({ id: String(first), size: null });
      seen.push(...(page?.entries ?? []).map(({ id }) => id));
      after = page?.meta.next ?? null;
    } while (after !== null);
    expect(seen).toEqual(ids.slice(0, 2 * KEYS.length).filter((_id, i) => i % 2 === 0));
    const hidden = { ...store, viewer: { admin: false, tables: ['other.*'] } };
    expect(await getTransaction(hidden, first, { limit: 4, after: null, before: null })).toBeUndefined();
  });

  it('answers 404 to what is none', async () => {
    for (const id of ['1', String(ids[1]), '9223372036854775807']) {
      const { status, json } = await get(`/transactions/${id}`);
      expect([status, json().code]).toEqual([404, 'transaction_not_found']);
    }
    expect((await get('/transactions/x')).status).toBe(400);
  });
});

describe('GET /api/v1/resources', () => {
  it('lists records, and refuses what it does not take', async () => {
    const { json } = await get('/resources?limit=2&table=public.orders');
    expect(json().data).toMatchObject([
      {
        source: 'shop',
        schema: 'public',
        table: 'orders',
        record: '1',
        change: { action: 'update', id: String(ids.at(-1)) },
      },
      { record: KEYS.at(-1), change: { action: 'create' } },
    ]);
    for (const query of ['sort=up', 'limit=0', 'from=soon', 'q=x', 'after=AAAA', 'sort=busiest&from=2020-01-01']) {
      expect([query, (await get(`/resources?${query}`)).status]).toEqual([query, 400]);
    }
  });
});

describe('an entry', () => {
  it('tells what it takes back, what took it back, and how many comments it has', async () => {
    const last = ids.slice(2 * KEYS.length).map(String);
    const entry = async (id: string) => (await get(`/activity/${id}`)).json().data;
    expect(await entry(last[0] as string)).toMatchObject({ reverts: [], reverted_by: [last[1]], comments: 2 });
    expect(await entry(last[1] as string)).toMatchObject({
      reverts: [String(ids[0]), last[0]],
      reverted_by: [last[3]],
      comments: 0,
    });
    expect(await entry(last[2] as string)).toMatchObject({ reverts: [], reverted_by: [], comments: 0 });
  });
});

describe('users, tables and insights over HTTP', () => {
  it('answer', async () => {
    const user = { id: 'shop:user:7', source: 'shop', kind: 'user', claim: '7', name: 'Ana', count: 4 };
    expect((await get('/users')).json()).toMatchObject({ data: [user], meta: { next: null, prev: null } });
    expect((await get('/users?sort=most&q=an&source=shop&limit=1')).json().data).toMatchObject([user]);
    expect((await get(`/users/${encodeURIComponent('shop:user:7')}`)).json().data).toMatchObject({
      ...user,
      actions: { update: 4 },
      ips: { data: [{ value: '203.0.113.9' }], exact: true },
      resources: expect.arrayContaining([expect.objectContaining({ table: 'orders', record: '1' })]),
    });
    expect((await get('/tables')).json().data).toMatchObject([
      { source: 'shop', ...ODD, entries: 0 },
      { schema: 'public', table: 'orders', entries: 4, actions: { update: 4 }, coverage: { state: 'covered' } },
    ]);
    const week = 'from=2026-01-01&to=2026-01-08';
    expect((await get(`/insights/summary?${week}`)).json().data).toMatchObject({
      current: {
        actions: 4,
        updates: 4,
        actors: { value: 1, exact: true },
        resources: { value: 1, exact: true },
        reverts: 2,
      },
      previous: { actions: 0 },
    });
    const days = (await get(`/insights/timeseries?${week}&by=action`)).json().data as object[];
    expect(days).toHaveLength(7);
    expect(days[2]).toEqual({ time: '2026-01-03T00:00:00.000000Z', count: 4, actions: { update: 4 } });
    expect((await get(`/insights/breakdown?${week}&by=field&table=orders`)).json()).toMatchObject({
      data: [{ table: 'orders', field: 'total', count: 4 }],
      meta: { exact: true, groups: 1, total: 4 },
    });
    const cells = (await get(`/insights/heatmap?${week}&tz=Asia/Kolkata`)).json().data as { count: number }[];
    expect(cells.filter(({ count }) => count > 0)).toEqual([{ weekday: 6, hour: 5, count: 4 }]);
  });

  it('refuse what they do not take', async () => {
    for (const path of [
      '/users?sort=up',
      '/users?after=AAAA',
      '/users?q=',
      '/users?from=soon',
      '/tables?limit=1001',
      '/tables?q=x',
      '/insights/summary?from=now',
      '/insights/summary?from=9999-12-31&to=0001-01-01',
      '/insights/timeseries?bucket=minute',
      '/insights/timeseries?bucket=hour&from=0001-01-01',
      '/insights/breakdown',
      '/insights/breakdown?by=nothing',
      '/insights/breakdown?by=user&limit=0',
      '/insights/heatmap?tz=Mars/Base',
      '/insights/heatmap?tz=',
    ]) {
      expect([path, (await get(path)).status]).toEqual([path, 400]);
    }
    for (const id of ['shop:user:8', 'shop:7', 'x']) {
      const { status, json } = await get(`/users/${encodeURIComponent(id)}`);
      expect([id, status, json().code]).toEqual([id, 404, 'user_not_found']);
    }
    expect((await get('/insights/summary?from=0001-01-01&to=9999-12-31')).status).toBe(200);
  });
});
