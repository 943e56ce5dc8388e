import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpConfig } from '../../harness/http-config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { MAX_EVENTS_BYTES } from '../../../src/http/limits.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createHistory, type History } from '../query/history.ts';

/* What a client that made a mistake is told: which member, and what it takes, in its own terms. */

let history: History;
let server: HttpServer;

beforeAll(async () => {
  history = await createHistory();
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

/** Status, code, detail, and the parameter that is wrong. */
async function told(path: string, body?: string): Promise<readonly [number, string, string, string | undefined]> {
  const headers = { host: 'localhost:7400', ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const answer = await server.app.inject({
    method: body === undefined ? 'GET' : 'POST',
    url: `/api/v1${path}`,
    headers,
    ...(body === undefined ? {} : { payload: body }),
  });
  const problem = answer.json();
  return [answer.statusCode, problem.code, problem.detail, problem.errors?.[0]?.parameter];
}

it.each([
  ['/resources/shop/public.orders/1/at', 'time is missing.', 'time'],
  ['/resources/shop/public.orders/1/compare', 'from is missing.', 'from'],
  ['/activity?from=now&from=now', 'from may be given once only.', 'from'],
  ['/insights/breakdown', 'by is missing: it is one of table, user, field, action, attribution, source.', 'by'],
  ['/transactions/x', 'id is not the id of a transaction: a 64-bit whole number.', 'id'],
  ['/activity/x', 'id is not the id of an entry: a 64-bit whole number.', 'id'],
  ['/activity?q=usr:ana', 'q, column 1: usr is not a filter: did you mean user?', 'q'],
])('GET %s: %s', async (path, detail, parameter) => {
  expect(await told(path)).toEqual([400, 'invalid_parameter', detail, parameter]);
});

it.each([
  // By itself, an event is in no list.
  ['/activity', '{}', 'action is missing: it must be a text: login, logout, or an action of your own.', 'action'],
  ['/activity', '{"action":"x","user":"7"}', 'user must be a JSON object, not a text.', 'user'],
  ['/activity', '[{"action":"x","user":{"id":7}}]', '0.user.id must be a text.', '0.user.id'],
  ['/activity', '"x"', 'The body must be a JSON object, not a text.', ''],
  ['/activity/search', '[]', 'The body must be a JSON object, not a list.', ''],
  ['/activity/1/comments', '{}', 'comment is missing: it must be a text.', 'comment'],
  ['/tokens', '{"name":"x"}', 'role is missing: it must be one of writer, viewer, operator, admin.', 'role'],
  ['/tokens', '{"name":"x","role":"god"}', 'role must be one of writer, viewer, operator, admin.', 'role'],
])('POST %s %s: %s', async (path, body, detail, parameter) => {
  expect(await told(path, body)).toEqual([400, 'invalid_parameter', detail, parameter]);
});

it('says that a body is no JSON, or empty, or how large it may be here', async () => {
  expect(await told('/activity', 'nope')).toEqual([400, 'invalid_request', 'The body is not valid JSON.', undefined]);
  expect(await told('/tokens', '{"a"')).toEqual([400, 'invalid_request', 'The body is not valid JSON.', undefined]);
  expect(await told('/activity', '')).toEqual([
    400,
    'invalid_request',
    'The body is empty: it must be JSON.',
    undefined,
  ]);
  const large = JSON.stringify({ action: 'x', comment: 'x'.repeat(MAX_EVENTS_BYTES) });
  expect(await told('/activity', large)).toEqual([
    413,
    'body_too_large',
    `A body may have ${MAX_EVENTS_BYTES} bytes here.`,
    undefined,
  ]);
  expect(await told('/tokens', large)).toEqual([413, 'body_too_large', 'A body may have 65536 bytes here.', undefined]);
});

it('reads no query string that does not decode, rather than search for what is written', async () => {
  for (const query of ['q=%ff', 'q=%C3%28', 'user=50%', '%ff=1', 'q=why?%ff']) {
    expect(await told(`/activity?${query}`)).toEqual([400, 'invalid_url', expect.stringContaining('UTF-8'), undefined]);
  }
  const { statusCode } = await server.app.inject({
    url: '/api/v1/activity?q=50%25',
    headers: { host: 'localhost:7400' },
  });
  expect(statusCode).toBe(200);
});
