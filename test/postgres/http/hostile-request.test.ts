import { once } from 'node:events';
import net from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken } from '../../../src/access/token.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

/*
 * What nobody should send, to every parameter and body member that the OpenAPI document knows: it is answered, or
 * refused with a problem document. Nothing is a failure of the server's, and nothing that was asked changes the store.
 */

const HOSTILE = [
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999999999',
  'NaN',
  'null',
  '[]',
  '{}',
  '["1","2"]',
  "' or '1'='1",
  `'; drop table ${SCHEMA}.entries; --`,
  '$1',
  '%',
  '_\\',
  '"',
  'user:"',
  'from:now-999999999999y',
  '0001-01-01',
  '294277-01-01T00:00:00Z',
  'now-1000000000d',
  '2026-02-30',
  '../../etc/passwd',
  '\u0000',
  '\ud800',
  '\u202e\ufeff',
  '\u{1f980}'.repeat(60),
  'a'.repeat(3000),
  ','.repeat(200),
  'Etc/Nowhere',
  '::1/129',
  '10.0.0.0/0',
  '__proto__',
] as const;

const BODIES: readonly unknown[] = [
  null,
  [],
  'text',
  1,
  {},
  { __proto__: null, constructor: { prototype: {} } },
  { unknown: true },
  [[[[[[[[]]]]]]]],
  Array.from({ length: 600 }, () => ({})),
];

const MEMBERS: readonly unknown[] = [
  ...HOSTILE,
  null,
  true,
  -1,
  1.5,
  1e308,
  [],
  [null],
  [[['deep']]],
  {},
  { $ne: null },
  Array.from({ length: 500 }, (_, n) => String(n)),
];

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly schema?: { readonly enum?: readonly string[] };
}
interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly members: readonly string[];
}
interface Answer {
  readonly statusCode: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What takes cursors. */
const PLACES = new Set(['after', 'before', 'since', 'cursor']);
/** Those that are refused where others of them are running, and take connections of their own: a part of the values. */
const FEW_AT_ONCE = new Set(['exportActivity', 'reportRecord']);
/** It never ends, and has the parameters of `listActivity`. */
const ENDLESS = 'streamActivity';
const NEEDED: Readonly<Record<string, string>> = {
  getRecordAt: 'time=2026-06-01',
  compareRecord: 'from=r1',
  suggestValues: 'key=table',
  getBreakdown: 'by=table',
};

let history: History;
let server: HttpServer;
let operations: Operation[];
let cursors: string[];
let sample: Readonly<Record<string, string>>;
let authorization: string;
let address = 0;

beforeAll(async () => {
  history = await createHistory();
  sample = await fill();
  const token = await createToken(history.store, {
    name: 'hostile',
    role: 'admin',
    tables: null,
    expiresAt: null,
    createdBy: 'test',
  });
  authorization = `Bearer ${token.secret}`;
  server = await createHttpServer({
    store: history.store,
    http: httpConfig({ auth: { mode: 'token', publicMetrics: false } }),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
  const document = (await ask('GET', '/openapi.json')).body;
  operations = operationsOf(JSON.parse(document) as Document);
  cursors = await realCursors();
});
afterAll(async () => {
  await server?.close();
  await history?.[Symbol.asyncDispose]();
});

describe('a hostile request', () => {
  it('in any parameter of any operation is answered or refused, and is no failure', async () => {
    const failures: string[] = [];
    let asked = 0;
    const answers = new Map<number, number>();
    for (const operation of operations) {
      for (const parameter of operation.parameters) {
        if (parameter.in !== 'path' && parameter.in !== 'query') continue;
        const values = PLACES.has(parameter.name) ? [...HOSTILE, ...cursors] : HOSTILE;
        const tryValue = async (value: string): Promise<void> => {
          const answer = await ask(operation.method, urlOf(operation, parameter, value), bodyOf(operation));
          asked += 1;
          answers.set(answer.statusCode, (answers.get(answer.statusCode) ?? 0) + 1);
          const problem = failureOf(answer);
          if (problem !== null) failures.push(`${operation.id} ${parameter.name}=${JSON.stringify(value)}: ${problem}`);
        };
        if (FEW_AT_ONCE.has(operation.id))
          for (const value of values.filter((_, n) => n % 5 === 0)) await tryValue(value);
        else await Promise.all(values.map(tryValue));
      }
    }
    console.log(
      `${operations.length} operations, ${asked} hostile parameters: ${[...answers]
        .toSorted(([a], [b]) => a - b)
        .map(([status, n]) => `${status} × ${n}`)
        .join(', ')}`,
    );
    expect(failures).toEqual([]);
    expect(asked).toBeGreaterThan(1000);
  });

  it('in any member of any body, likewise', async () => {
    const failures: string[] = [];
    for (const operation of operations.filter(({ method }) => method === 'POST')) {
      const bodies = [...BODIES, ...operation.members.flatMap((name) => MEMBERS.map((value) => ({ [name]: value })))];
      for (const body of bodies) {
        const answer = await ask('POST', urlOf(operation), JSON.stringify(body));
        const problem = failureOf(answer);
        if (problem !== null) failures.push(`${operation.id} ${JSON.stringify(body).slice(0, 200)}: ${problem}`);
      }
    }
    expect(failures).toEqual([]);
  });

  it('with a body that is no JSON, too deep, or of 10 MB is refused', async () => {
    const of = operations.filter(({ method, id }) => method === 'POST' && id !== 'signOut');
    for (const operation of of) {
      const url = urlOf(operation);
      const large = await ask('POST', url, JSON.stringify({ q: 'x'.repeat(10_000_000) }));
      expect([operation.id, large.statusCode, codeOf(large)]).toEqual([operation.id, 413, 'body_too_large']);
      for (const text of ['{', '{"a":1}}', `${'['.repeat(5000)}${']'.repeat(5000)}`, '{"__proto__":{}}']) {
        const answer = await ask('POST', url, text);
        expect([operation.id, text.slice(0, 20), answer.statusCode, failureOf(answer)]).toEqual([
          operation.id,
          text.slice(0, 20),
          400,
          null,
        ]);
      }
      const form = await ask('POST', url, 'a=1', 'application/x-www-form-urlencoded');
      expect([operation.id, form.statusCode]).toEqual([operation.id, 415]);
    }
  });

  it('in several parameters at once, of random text, likewise', async () => {
    const lists = operations.filter(({ method, parameters }) => method === 'GET' && parameters.length > 0);
    const text = fc.oneof(
      fc.constantFrom(...HOSTILE),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(...Array.from('user:table"\\ -,()*%')), maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...lists),
        fc.array(text, { minLength: 1, maxLength: 4 }),
        async (of, values) => {
          const query = of.parameters.filter((parameter) => parameter.in === 'query');
          const given = values.flatMap((value, n) => {
            const parameter = query[(n * 7 + value.length) % Math.max(query.length, 1)];
            return parameter === undefined ? [] : [`${parameter.name}=${encode(value)}`];
          });
          const answer = await ask('GET', `${urlOf(of).split('?', 1)[0]}?${given.join('&')}`);
          expect(failureOf(answer), given.join('&')).toBe(null);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('has changed nothing of what is there', async () => {
    const { rows } = await history.database.query(
      `select e.id::text, e.row::text, (select count(*)::int from ${SCHEMA}.relations where source_id = t.source_id) as relations
         from ${SCHEMA}.entries e join ${SCHEMA}.transactions t on t.id = e.transaction_id
         where e.id = $1`,
      [sample['id']],
    );
    expect(rows).toEqual([{ id: sample['id'], row: '{"id":1}', relations: 1 }]);
    expect((await ask('GET', `/api/v1/activity/${sample['id']}`)).statusCode).toBe(200);
  });

  it('that is no UTF-8, or not even HTTP, is refused, and the server goes on', async () => {
    for (const path of ['/api/v1/activity?q=%ff%fe', '/api/v1/activity/%c0%ae', '/api/v1/resources/%/a/b', '/%']) {
      const answer = await ask('GET', path);
      expect([path, answer.statusCode < 500, failureOf(answer)]).toEqual([path, true, null]);
    }
    const url = new URL(await server.listen());
    for (const bytes of [
      Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x0a, 0x0d, 0x0a]),
      Buffer.from('GET /api/v1/activity?q=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n', 'latin1'),
      Buffer.from(`GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
      Buffer.from(
        'POST /api/v1/activity HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ),
    ]) {
      const socket = net.connect(Number(url.port), url.hostname);
      let heard = '';
      socket.on('data', (chunk) => (heard += String(chunk)));
      socket.on('error', () => {});
      socket.write(bytes);
      await once(socket, 'close');
      expect(heard).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    const health = await fetch(new URL('/healthz', url));
    expect(health.status).toBe(200);
  });
});

/** What is wrong with an answer: null where it is an answer, or a refusal that says what to do. */
function failureOf({ statusCode, headers, body }: Answer): string | null {
  if (statusCode < 400) return null;
  if (statusCode >= 500) return `${statusCode} ${body.slice(0, 300)}`;
  if (!String(headers['content-type']).startsWith('application/problem+json')) return `no problem document: ${body}`;
  const { code, detail, status } = JSON.parse(body) as { code?: string; detail?: string; status?: number };
  if (code === undefined || detail === undefined || status !== statusCode) return `not a whole problem: ${body}`;
  return /syntax error|node_modules|\.ts:\d|pg_catalog/.test(detail) ? `tells of what is inside: ${detail}` : null;
}

function codeOf({ body }: Answer): unknown {
  return (JSON.parse(body) as { code: unknown }).code;
}

async function ask(
  method: Operation['method'],
  url: string,
  payload?: string,
  type = 'application/json',
): Promise<Answer> {
  address += 1;
  return server.app.inject({
    method,
    url,
    headers: { host: 'localhost:0', authorization, ...(payload === undefined ? {} : { 'content-type': type }) },
    // Each from an address of its own: the limit of requests has a test of its own.
    remoteAddress: `10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`,
    ...(payload === undefined ? {} : { payload }),
  });
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Record<
        string,
        {
          readonly operationId: string;
          readonly parameters?: readonly Parameter[];
          readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
        }
      >
    >
  >;
}
interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
}

function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .map(([method, { operationId, parameters = [], requestBody }]) => ({
        id: operationId,
        method: method.toUpperCase() as Operation['method'],
        path,
        parameters,
        members: membersOf(requestBody?.content['application/json']?.schema ?? {}),
      }))
      .filter(({ id }) => id !== ENDLESS),
  );
}

function membersOf({ properties = {}, anyOf = [], oneOf = [], items }: Schema): string[] {
  const further = [...anyOf, ...oneOf, ...(items === undefined ? [] : [items])].flatMap(membersOf);
  return [...new Set([...Object.keys(properties), ...further])];
}

function bodyOf({ method }: Operation): string | undefined {
  return method === 'POST' ? '{}' : undefined;
}

function urlOf({ id, path }: Operation, parameter?: Parameter, value = ''): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const inPath = parameter?.in === 'path' && parameter.name === name;
    return inPath
      ? encode(value)
      : encodeURIComponent(name === 'id' && path.includes('/users/') ? 'shop:user:7' : (sample[name] ?? '1'));
  });
  const query = new Map(
    (NEEDED[id] ?? '').split('&').flatMap((pair) => (pair === '' ? [] : [pair.split('=') as [string, string]])),
  );
  if (parameter?.in === 'query') query.set(parameter.name, encode(value));
  return `${filled}?${[...query].map(([name, text]) => `${name}=${text}`).join('&')}`.replace(/\?$/, '');
}

/** Half a pair of surrogates, which `encodeURIComponent` refuses, goes as the bytes it would be. */
function encode(value: string): string {
  return Array.from(value)
    .map((char) => (/[\ud800-\udfff]/.test(char) && char.length === 1 ? '%ed%a0%80' : encodeURIComponent(char)))
    .join('');
}

/** Cursors of other questions, and one that was tampered with. */
async function realCursors(): Promise<string[]> {
  const found: string[] = [];
  for (const path of [
    'activity?limit=1',
    'users?limit=1',
    'resources?limit=1',
    'resources/shop/public.orders/1/history?limit=1',
  ]) {
    const { meta } = JSON.parse((await ask('GET', `/api/v1/${path}`)).body) as { meta?: { next?: string | null } };
    if (typeof meta?.next === 'string') found.push(meta.next);
  }
  expect(found.length).toBeGreaterThan(1);
  return [...found, `${found[0]!.slice(0, -2)}AA`, Buffer.from('{"v":1}').toString('base64url')];
}

async function fill(): Promise<Readonly<Record<string, string>>> {
  const source = await history.addSource('shop');
  const relation = await history.addRelation(source, 'public', 'orders', ['id']);
  const actor = await history.addActor(source, 'user', '7', 'Ana');
  const first = await history.openBlock(source, 20);
  const at = '2026-01-02T03:04:05Z';
  const transaction = first + 1n;
  await history.insert('transactions', [
    { id: transaction, source_id: source, epoch: 1, xid: 7, committed_at: at, size: 3 },
  ]);
  await history.insert('contexts', [
    {
      id: transaction,
      last_id: first + 15n,
      transaction_id: transaction,
      source_id: source,
      actor_id: actor,
      attribution: 'app',
    },
  ]);
  const entry = { occurred_at: at, transaction_id: transaction, context_id: transaction, relation_id: relation };
  const created = { ...entry, id: first + 2n, ordinal: 0, action: 'create', record_key: '1', row: { id: 1 } };
  await history.insert('entries', [
    created,
    { ...created, id: first + 3n, ordinal: 1, record_key: '2', row: { id: 2 } },
    { ...created, id: first + 4n, ordinal: 2, action: 'delete' },
  ]);
  await history.closeBlock(first);
  await history.count();
  return { id: String(first + 2n), source: 'shop', table: 'public.orders', key: '1' };
}
