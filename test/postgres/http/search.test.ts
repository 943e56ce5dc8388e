import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpConfig } from '../../harness/http-config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { ENTRY_FIELDS } from '../../../src/query/entry-fields.ts';
import { LIST_KEYS } from '../../../src/query/grammar/filter-key.ts';
import { suggest, SUGGESTED_KEYS, type SuggestedKey } from '../../../src/query/suggest.ts';
import { filterOf } from '../../../src/query/filter-input.ts';
import { GeneratedHistory, matches, randomFrom } from '../query/generated-history.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

const HOST = { host: 'localhost:7400' };

let history: History;
let generated: GeneratedHistory;
let server: HttpServer;

beforeAll(async () => {
  history = await createHistory();
  generated = new GeneratedHistory(history, randomFrom(20260221));
  await generated.prepare();
  await generated.add(1_500);
  await history.database.query('analyze');
  server = await createHttpServer({
    store: history.store,
    http: httpConfig({ port: 7400 }),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
});

afterAll(async () => {
  await server?.close();
  await history?.[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly body: {
    data: Record<string, unknown>[];
    meta: { next: string | null; prev: string | null; count?: { value: number; exact: boolean } };
    code?: string;
    detail?: string;
    errors?: { parameter: string; column?: number; nearest?: string }[];
  };
}

async function get(parameters: Record<string, string> | string): Promise<Answer> {
  const query = typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString();
  const answer = await server.app.inject({ method: 'GET', url: `/api/v1/activity?${query}`, headers: HOST });
  return { status: answer.statusCode, body: answer.json() };
}

async function search(payload: unknown): Promise<Answer> {
  const answer = await server.app.inject({
    method: 'POST',
    url: '/api/v1/activity/search',
    headers: { ...HOST, 'content-type': 'application/json' },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
  return { status: answer.statusCode, body: answer.json() };
}

function idsFor(q: string): string[] {
  const filter = filterOf({ q });
  const found = generated.known.filter((entry) => matches(entry, filter)).map(({ id }) => id);
  return found.toSorted((a, b) => (a > b ? -1 : 1)).map(String);
}

describe('a search text', () => {
  it('is one filter with the parameters beside it', async () => {
    const same = ['user:7,ana -action:delete table:orders', 'table:customers'];
    const { body } = await get({ q: same[0] as string, table: 'customers', limit: '1000' });
    expect(body.data.map(({ id }) => id)).toEqual(idsFor(same.join(' ')));
    expect(body.data.length).toBeGreaterThan(0);
    const posted = await search({ q: same[0], table: ['customers'], limit: 1000 });
    expect(posted.body.data).toEqual(body.data);
    expect((await search({ q: same[0], table: 'customers', limit: 1000 })).body.data).toEqual(body.data);
  });

  it('points at the column of what is wrong, and names the nearest key', async () => {
    for (const { status, body } of [
      await get({ q: 'table:orders usr:ana' }),
      await search({ q: 'table:orders usr:ana' }),
    ]) {
      expect(status).toBe(400);
      expect(body).toMatchObject({
        code: 'invalid_parameter',
        detail: expect.stringContaining('did you mean user?'),
        errors: [{ parameter: 'q', column: 14, nearest: 'user' }],
      });
    }
    expect((await get({ q: 'from:now', from: 'now' })).body.errors).toEqual([
      expect.objectContaining({ parameter: 'from' }),
    ]);
  });

  it('names unknown members of a body, too', async () => {
    const { status, body } = await search({ tabel: 'orders' });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'unknown_parameter', errors: [{ parameter: 'tabel', nearest: 'table' }] });
  });
});

describe('a page', () => {
  it('counts all that match', async () => {
    const all = idsFor('field:status -user:8').length;
    const { body } = await get({ q: 'field:status -user:8', limit: '3', count: 'exact', fields: 'id' });
    expect(body.meta.count).toEqual({ value: all, exact: true });
    expect((await get({ count: 'estimate', limit: '1' })).body.meta.count).toEqual({
      value: generated.known.length,
      exact: true,
    });
    expect((await get({ limit: '1' })).body.meta).not.toHaveProperty('count');
    const next = await get({ q: 'field:status -user:8', limit: '3', count: 'exact', after: body.meta.next as string });
    expect(next.body.meta.count).toEqual({ value: all, exact: true });
  });

  it('gives the members that were asked for, as they are in the whole', async () => {
    const whole = await get({ limit: '20', table: 'orders' });
    const some = await search({ limit: 20, table: 'orders', fields: ['after', 'id', 'changed'] });
    expect(some.body.data).toEqual(whole.body.data.map(({ id, changed, after }) => ({ id, changed, after })));
    expect((await get('fields=id,action&fields=user&limit=1')).body.data.map(Object.keys)).toEqual([
      ['id', 'action', 'user'],
    ]);
    expect(Object.keys(whole.body.data[0] ?? {})).toEqual(ENTRY_FIELDS.filter((field) => field !== 'data'));
    const wrong = await get({ fields: 'id,usr' });
    expect(wrong.body.detail).toMatch(/"usr", which entries do not have: did you mean user\?/);
  });
});

describe('GET /api/v1/suggest', () => {
  const ask = async (query: string): Promise<Answer> => {
    const answer = await server.app.inject({ method: 'GET', url: `/api/v1/suggest?${query}`, headers: HOST });
    return { status: answer.statusCode, body: answer.json() };
  };
  const values = async (query: string): Promise<unknown[]> => (await ask(query)).body.data.map(({ value }) => value);

  it.each([
    ['key=user&prefix=an', ['7', 'ana']],
    ['key=user&prefix=RAR', ['99']],
    ['key=table&prefix=ord', ['archive.orders', 'public.orders']],
    ['key=table&prefix=public.r', ['public.rare']],
    ['key=source', ['billing', 'shop']],
    ['key=field&prefix=t', ['total']],
    ['key=action&prefix=log', ['login', 'logout']],
    ['key=is&prefix=d', ['direct']],
    ['key=attribution&prefix=da', ['database']],
    ['key=table&prefix=%25', []],
    ['key=user&prefix=_', []],
    ["key=user&prefix='; drop table audit.entries; --", []],
  ])('%s', async (query, expected) => {
    const found = await values(encodeURI(query).replaceAll('%2525', '%25'));
    expect(found.map(String).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(expected);
  });

  it('suggests addresses as they were claimed, the most used first, and no more than asked for', async () => {
    const all = await values('key=ip');
    expect(all).toEqual(expect.arrayContaining(['10.0.0.7', '10.0.1.9', '2001:db8::7']));
    expect(await values('key=ip&limit=1')).toEqual(all.slice(0, 1));
    expect(await values('key=ip&prefix=10.0.1')).toEqual(['10.0.1.9']);
  });

  it('refuses what it does not know', async () => {
    for (const query of [
      '',
      'key=comment',
      'key=user&limit=0',
      'key=user&limit=51',
      'key=user&prefix=%00',
      'key=user&x=1',
    ]) {
      expect((await ask(query)).status, query).toBe(400);
    }
  });

  it('suggests nothing of what the viewer may not see', async () => {
    const source = await history.addSource('hidden');
    const relation = await history.addRelation(source, 'secret', 'plans', ['id']);
    await history.database.query(
      `insert into ${SCHEMA}.relation_versions (relation_id, version, schema_name, table_name, columns)
       values ($1, 1, 'secret', 'plans', '[{"name":"hidden_column"}]')`,
      [relation],
    );
    const actor = await history.addActor(source, 'user', 'hidden-user', 'Hidden');
    const id = await history.openBlock(source, 1);
    const at = '2026-01-01T00:00:00Z';
    await history.insert('contexts', [
      {
        id,
        last_id: id,
        transaction_id: id,
        source_id: source,
        actor_id: actor,
        attribution: 'app',
        ip: '198.51.100.1',
      },
    ]);
    await history.insert('entries', [{ id, occurred_at: at, context_id: id, relation_id: relation, action: 'hiding' }]);
    await history.count();
    await history.closeBlock(id);
    const hidden: Partial<Record<SuggestedKey, string>> = {
      source: 'hidden',
      table: 'secret.plans',
      user: 'hidden-user',
      ip: '198.51.100.1',
      action: 'hiding',
      field: 'hidden_column',
    };
    for (const key of SUGGESTED_KEYS) {
      const query = { key, prefix: '', limit: 50 };
      const found = await suggest({ ...history.store, viewer: { admin: true, tables: ['public.*'] } }, query);
      expect(JSON.stringify(found), key).not.toMatch(/hid|secret|198\.51|schema/);
      if (hidden[key] === undefined) continue;
      const everything = (await suggest(history.store, query)).map(({ value }) => value);
      expect(everything, key).toContain(hidden[key]);
    }
  });
});

describe('whatever is sent', () => {
  const nasty = fc.oneof(
    fc.constantFrom(
      "' or 1=1 --",
      '"; drop table audit.entries; --',
      '$1',
      ':schema',
      '%',
      '\\',
      '{}',
      '(?i)x',
      '\u0000',
      '9'.repeat(30),
      '1e400',
      'now-999999999w',
      '0001-01-01',
      '9999-12-31T23:59:59Z',
      '::/0',
      '💥',
      '& | ! <->',
      "'a':*",
      'x'.repeat(1024),
    ),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );
  const keys = [...LIST_KEYS, 'q', 'from', 'to', 'sort', 'limit', 'after', 'before', 'count', 'fields'];

  it('is answered or refused, and is never a failure', async () => {
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom(...keys), nasty, { minKeys: 1, maxKeys: 3 }),
        fc.boolean(),
        async (parameters, posted) => {
          const { status, body } = await (posted ? search(parameters) : get(parameters));
          seen.set(status, (seen.get(status) ?? 0) + 1);
          expect([200, 400], JSON.stringify([parameters, body])).toContain(status);
        },
      ),
      { numRuns: 300 },
    );
    expect([...seen.keys()].toSorted((a, b) => a - b)).toEqual([200, 400]);
  });

  it.each(LIST_KEYS)('is data in %s, alone and negated, as SQL as it may look', async (key) => {
    for (const value of [
      "' or 1=1 --",
      '"); select 1; --',
      '$1::int',
      ':schema.entries',
      '%_\\',
      "'a':* & !b",
      '9'.repeat(19),
    ]) {
      for (const sign of ['', '-']) {
        const { status } = await get({
          q: `${sign}${key}:"${value.replaceAll(/["\\]/g, '\\$&')}"`,
          count: 'exact',
          limit: '5',
        });
        expect([200, 400]).toContain(status);
        if (!['tx', 'ip', 'is', 'action', 'attribution'].includes(key)) expect(status).toBe(200);
      }
    }
  });

  it.each([
    'q=%ff%fe',
    'table=%ff',
    'q=user:%c0%80',
    'limit=0',
    'limit=-1',
    'limit=9999999999',
    'after=AAAA',
    `after=${'A'.repeat(1000)}`,
    'from=now&to=now-1h',
    'from=0000-01-01',
    'count=all',
    'ip=10.0.0.0/33',
    'tx=18446744073709551616',
  ])('%s is answered or refused', async (query) => {
    expect([200, 400]).toContain((await get(query)).status);
  });

  it.each([
    ['{', 400],
    ['[]', 400],
    ['null', 400],
    ['"x"', 400],
    ['{"limit":"x"}', 400],
    ['{"limit":1.5}', 400],
    ['{"limit":1e400}', 400],
    ['{"table":{"a":1}}', 400],
    ['{"table":[["a"]]}', 400],
    ['{"q":5}', 400],
    ['{"__proto__":{"admin":true}}', 400],
    ['{"q":"\\u0000"}', 400],
    ['{"user":"\\ud800"}', 200],
    [`{"q":"${'a '.repeat(3000)}"}`, 400],
    [`{"table":${JSON.stringify(Array.from({ length: 101 }, () => 'a'))}}`, 400],
    [`{"q":"${'x'.repeat(70_000)}"}`, 413],
  ])('the body %s is %i', async (payload, status) => {
    expect((await search(payload)).status).toBe(status);
  });

  it('does not take a cursor of another search', async () => {
    const { body } = await get({ q: 'user:7', limit: '1' });
    for (const q of ['user:8', '-user:7', 'user:7 is:direct']) {
      const { status, body: refused } = await get({ q, limit: '1', after: body.meta.next as string });
      expect([status, refused.code]).toEqual([400, 'invalid_cursor']);
    }
    expect((await get({ user: '7', limit: '1', after: body.meta.next as string })).status).toBe(200);
  });
});
