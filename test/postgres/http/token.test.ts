import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CACHE_MS, PrincipalDirectory } from '../../../src/access/principal.ts';
import { newSecret } from '../../../src/access/secret.ts';
import { createFirstToken, createToken, hasTokens, revokeToken, type TokenRequest } from '../../../src/access/token.ts';
import { runCli } from '../../../src/cli/program.ts';
import { createTerminal } from '../../../src/cli/terminal.ts';
import type { HttpConfig } from '../../../src/config/config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { MAX_FAILURES } from '../../../src/http/limits.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createPool } from '../../../src/pg/pool.ts';
import type { StoreConnection } from '../../../src/query/store-reader.ts';
import { createDatabase } from '../../harness/database.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { until } from '../../harness/poll.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

let history: History;
let server: HttpServer;

beforeAll(async () => {
  history = await createHistory();
  await history.addSource('shop');
  server = await serve();
});

afterAll(async () => {
  await server?.close();
  await history?.[Symbol.asyncDispose]();
});

function serve(
  http: Partial<HttpConfig> = {},
  {
    store = history.store,
    log = createLog('silent'),
  }: { store?: StoreConnection; log?: ReturnType<typeof createLog> } = {},
): Promise<HttpServer> {
  return createHttpServer({
    store,
    http: httpConfig({ auth: { mode: 'token', publicMetrics: false }, ...http }),
    live: () => [],
    log,
    version: '0.0.0-test',
  });
}

interface Asked {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: object;
  readonly from?: string;
  readonly of?: HttpServer;
}

function ask(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  { token, headers, payload, from, of = server }: Asked = {},
) {
  return of.app.inject({
    method,
    url,
    headers: { host: 'localhost:0', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    remoteAddress: from ?? '10.0.0.1',
    ...(payload === undefined ? {} : { payload }),
  });
}

async function secretOf(request: Partial<TokenRequest> = {}): Promise<{ id: string; secret: string }> {
  const made = await createToken(history.store, {
    name: 'test',
    role: 'admin',
    tables: null,
    expiresAt: null,
    createdBy: 'test',
    ...request,
  });
  return { id: made.token.id, secret: made.secret };
}

describe('a token', () => {
  it('is made once with its secret, listed without, and revoked', async () => {
    const admin = await secretOf({ name: 'Ana' });
    const made = await ask('POST', '/api/v1/tokens', {
      token: admin.secret,
      payload: {
        name: 'ci',
        role: 'writer',
        tables: ['public.*', '!public.users'],
        expires_at: '2099-01-01T00:00:00+01:00',
      },
    });
    expect(made.statusCode).toBe(201);
    expect(made.headers['cache-control']).toBe('no-store');
    const { secret, ...token } = made.json().data;
    expect(secret).toMatch(/^rt_[\w-]{43}$/);
    expect(token).toMatchObject({
      name: 'ci',
      role: 'writer',
      tables: ['public.*', '!public.users'],
      created_by: 'Ana',
      expires_at: '2098-12-31T23:00:00.000000Z',
      revoked_at: null,
      last_used_at: null,
    });
    const listed = await ask('GET', '/api/v1/tokens', { token: admin.secret });
    expect(listed.json().data[0]).toEqual(token);
    expect(listed.body).not.toContain('rt_');
    const stored = await history.database.query(`select * from ${SCHEMA}.tokens where id = $1`, [token.id]);
    expect(JSON.stringify(stored.rows)).not.toContain(secret);

    const me = await ask('GET', '/api/v1/me', { token: secret });
    expect(me.json().data).toEqual({
      token_id: token.id,
      name: 'ci',
      role: 'writer',
      tables: ['public.*', '!public.users'],
      expires_at: '2098-12-31T23:00:00.000000Z',
    });
    const revoked = await ask('DELETE', `/api/v1/tokens/${token.id}`, { token: admin.secret });
    expect(revoked.json().data.revoked_at).toMatch(/^20/);
    const refused = await ask('GET', '/api/v1/me', { token: secret });
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="rowtrail", error="invalid_token"');
    expect(refused.json()).toMatchObject({ code: 'invalid_token', detail: 'The token has been revoked.' });
    expect((await ask('DELETE', '/api/v1/tokens/999999', { token: admin.secret })).json().code).toBe('token_not_found');
  });

  it.each([
    [{ name: '', role: 'viewer' }, 'name'],
    [{ name: 'a\nb', role: 'viewer' }, 'name'],
    [{ name: 'a', role: 'root' }, 'role'],
    [{ name: 'a' }, 'role'],
    [{ name: 'a', role: 'viewer', tables: ['orders'] }, 'tables.0'],
    [{ name: 'a', role: 'viewer', tables: ['public.a\0'] }, 'tables.0'],
    [{ name: 'a', role: 'viewer', tables: [] }, 'tables'],
    [{ name: 'a', role: 'viewer', expires_at: 'tomorrow' }, 'expires_at'],
    [{ name: 'a', role: 'viewer', admin: true }, 'admin'],
    [[], ''],
  ])('is not made of %j', async (payload, parameter) => {
    const { secret } = await secretOf();
    const answer = await ask('POST', '/api/v1/tokens', { token: secret, payload });
    expect(answer.statusCode, answer.body).toBe(400);
    expect(answer.json().errors[0].parameter).toBe(parameter);
  });

  it('gives no more than it has', async () => {
    const end = new Date(Date.now() + 3_600_000);
    const { secret, id } = await secretOf({ name: 'limited', tables: ['public.o*', '!public.old'], expiresAt: end });
    const other = await secretOf({ tables: ['public.x'] });
    const give = async (payload: object) => ask('POST', '/api/v1/tokens', { token: secret, payload });
    const viewer = { name: 'given', role: 'viewer' };
    for (const payload of [
      viewer,
      { ...viewer, tables: ['public.x'] },
      { ...viewer, tables: ['public.*'] },
      { ...viewer, tables: ['public.old'] },
      { ...viewer, tables: ['public.orders'], expires_at: new Date(end.getTime() + 1000).toISOString() },
    ]) {
      const refused = await give(payload);
      expect(refused.statusCode, JSON.stringify(payload)).toBe(403);
      expect(refused.json().code).toBe('grant_too_wide');
    }
    const given = await give({ ...viewer, role: 'admin', tables: ['public.orders'] });
    expect(given.statusCode).toBe(201);
    expect(Date.parse(given.json().data.expires_at)).toBe(end.getTime());
    const listed = (await ask('GET', '/api/v1/tokens', { token: secret })).json().data as { id: string }[];
    expect(listed.map((token) => token.id)).toEqual(expect.arrayContaining([id, given.json().data.id]));
    expect(listed.map((token) => token.id)).not.toContain(other.id);
    expect((await ask('DELETE', `/api/v1/tokens/${other.id}`, { token: secret })).statusCode).toBe(404);
    expect((await ask('GET', '/api/v1/me', { token: other.secret })).statusCode).toBe(200);
  });

  it('stops working within seconds of being revoked elsewhere, and of its end', async () => {
    expect(CACHE_MS).toBeLessThanOrEqual(5_000);
    const { secret, id } = await secretOf();
    const short = await secretOf({ expiresAt: new Date(Date.now() + 3_600_000) });
    for (const token of [secret, short.secret])
      expect((await ask('GET', '/api/v1/me', { token })).statusCode).toBe(200);
    await revokeToken(history.store, id);
    await history.database.query(`update ${SCHEMA}.tokens set expires_at = now() where id = $1`, [short.id]);
    const began = performance.now();
    for (const token of [secret, short.secret]) {
      let lastGoodMs = 0;
      await until(
        async () => {
          const askedAfterMs = performance.now() - began;
          const isRefused = (await ask('GET', '/api/v1/me', { token })).statusCode === 401;
          if (!isRefused) lastGoodMs = askedAfterMs;
          return isRefused;
        },
        { timeoutMs: 30_000, what: 'the token is refused' },
      );
      // Nobody who asks later than that is let in, however long an answer takes.
      expect(lastGoodMs).toBeLessThan(CACHE_MS);
    }
  });

  it('has the time of its last use, written once a minute at most', async () => {
    const { secret, id } = await secretOf();
    const lastUse = async () =>
      (await history.database.query(`select last_used_at::text as at from ${SCHEMA}.tokens where id = $1`, [id]))
        .rows[0].at;
    expect(await lastUse()).toBeNull();
    await ask('GET', '/api/v1/me', { token: secret });
    const first = await until(lastUse);
    for (const of of [server, await serve()]) {
      for (let n = 0; n < 20; n += 1) await ask('GET', '/api/v1/me', { token: secret, of });
      await of.close();
    }
    server = await serve();
    expect(await lastUse()).toBe(first);
  });

  it('is looked up once, however many ask at the same time, and remembered', async () => {
    const { secret } = await secretOf();
    let asked = 0;
    const pool = Object.create(history.store.pool, {
      query: {
        value: (query: { text: string }) => {
          if (query.text.includes('where t.hash')) asked += 1;
          return history.store.pool.query(query);
        },
      },
    });
    const directory = new PrincipalDirectory({ pool, schema: SCHEMA }, () => {});
    const found = await Promise.all(Array.from({ length: 10 }, () => directory.identify(secret, 'token')));
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['known']));
    await directory.identify(secret, 'token');
    expect(asked).toBe(1);
    expect(directory.isFamiliar(secret)).toBe(true);
    expect(directory.isFamiliar(newSecret('token'))).toBe(false);
    await directory.close();
  });
});

describe('a sign-in', () => {
  const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
    String(answer.headers['set-cookie']).split(';')[0] as string;

  it('gives a cookie that is not the token, and ends with a sign-out', async () => {
    const { secret, id } = await secretOf({ name: 'Ben', role: 'viewer' });
    const answer = await ask('POST', '/api/v1/session', { payload: { token: secret } });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().data).toMatchObject({ token_id: id, name: 'Ben', role: 'viewer' });
    expect(answer.headers['set-cookie']).toMatch(
      /^rowtrail_session=rs_[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = cookieOf(answer);
    expect((await ask('GET', '/api/v1/activity', { headers: { cookie } })).statusCode).toBe(200);
    const out = await ask('DELETE', '/api/v1/session', { headers: { cookie, origin: 'http://localhost:0' } });
    expect(out.statusCode).toBe(204);
    expect(out.body).toBe('');
    expect(out.headers['set-cookie']).toContain('Max-Age=0');
    expect((await ask('GET', '/api/v1/activity', { headers: { cookie } })).statusCode).toBe(401);
    expect((await ask('GET', '/api/v1/me', { token: secret })).statusCode).toBe(200);
  });

  it('ends with its token, and with its time', async () => {
    const { secret, id } = await secretOf();
    const signIn = async () => cookieOf(await ask('POST', '/api/v1/session', { payload: { token: secret } }));
    const [cookie, over] = [await signIn(), await signIn()];
    await history.database.query(`update ${SCHEMA}.sign_ins set expires_at = now() where hash = sha256($1)`, [
      Buffer.from(over.split('=')[1] as string),
    ]);
    expect((await ask('GET', '/api/v1/me', { headers: { cookie: over } })).json().detail).toBe(
      'The sign-in has expired.',
    );
    expect((await ask('GET', '/api/v1/me', { headers: { cookie } })).statusCode).toBe(200);
    await ask('DELETE', `/api/v1/tokens/${id}`, { token: secret });
    expect((await ask('GET', '/api/v1/me', { headers: { cookie } })).statusCode).toBe(401);
  });

  it('goes over https alone where the console does', async () => {
    const secure = await serve({ publicUrl: 'https://audit.example.org' });
    const { secret } = await secretOf();
    const asked = { of: secure, headers: { host: 'audit.example.org', origin: 'https://audit.example.org' } };
    const answer = await ask('POST', '/api/v1/session', { ...asked, payload: { token: secret } });
    expect(answer.headers['set-cookie']).toMatch(
      /^__Host-rowtrail_session=rs_.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    const headers = { ...asked.headers, cookie: cookieOf(answer) };
    const made = await ask('POST', '/api/v1/tokens', { of: secure, headers, payload: { name: 'a', role: 'viewer' } });
    expect(made.statusCode).toBe(201);
    await secure.close();
  });

  it.each([{}, { token: 7 }, { token: 'x'.repeat(300) }, { token: 'rt_x', more: 1 }])(
    'is not made of %j',
    async (payload) => {
      expect((await ask('POST', '/api/v1/session', { payload })).statusCode).toBe(400);
    },
  );
});

describe('limits', () => {
  it('hold up an address that sends wrong tokens, but none that is known', async () => {
    const of = await serve();
    const { secret } = await secretOf();
    const fresh = await secretOf();
    const from = '10.9.9.9';
    expect((await ask('GET', '/api/v1/me', { of, from, token: secret })).statusCode).toBe(200);
    let refused = 0;
    // A few more than that: some come back while this goes on.
    for (let n = 0; refused === 0; n += 1) {
      const wrong = newSecret('token');
      const answer =
        n % 2 === 0
          ? await ask('GET', '/api/v1/me', { of, from, token: wrong })
          : await ask('POST', '/api/v1/session', { of, from, payload: { token: wrong } });
      refused = answer.statusCode === 429 ? n : 0;
      if (refused === 0) expect(answer.statusCode).toBe(401);
    }
    expect(refused).toBeGreaterThanOrEqual(MAX_FAILURES);
    expect(refused).toBeLessThan(1.5 * MAX_FAILURES);
    for (const answer of [
      await ask('GET', '/api/v1/me', { of, from, token: newSecret('token') }),
      await ask('POST', '/api/v1/session', { of, from, payload: { token: fresh.secret } }),
    ]) {
      expect(answer.statusCode).toBe(429);
      expect(answer.json().code).toBe('too_many_requests');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect((await ask('GET', '/api/v1/me', { of, from, token: secret })).statusCode).toBe(200);
    expect((await ask('GET', '/api/v1/me', { of, from: '10.9.9.8', token: fresh.secret })).statusCode).toBe(200);
    await of.close();
  });

  it('bound the requests of each token', async () => {
    const of = await serve({ requestsPerMinute: 5 });
    const [one, other] = [await secretOf(), await secretOf()];
    // By a clock that stands still: one comes back every 12 s.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    try {
      for (let n = 0; n < 5; n += 1)
        expect((await ask('GET', '/api/v1/me', { of, token: one.secret })).statusCode).toBe(200);
      const refused = await ask('GET', '/api/v1/me', { of, token: one.secret });
      expect(refused.statusCode).toBe(429);
      expect(refused.headers['retry-after']).toBe('12');
      expect((await ask('GET', '/api/v1/me', { of, token: other.secret })).statusCode).toBe(200);
    } finally {
      clock.mockRestore();
    }
    await of.close();
  });

  it('bound a body before and after it is known who sends it', async () => {
    const { secret } = await secretOf();
    const payload = { name: 'x'.repeat(100_000), role: 'viewer' };
    expect((await ask('POST', '/api/v1/tokens', { payload })).statusCode).toBe(401);
    expect((await ask('POST', '/api/v1/tokens', { token: secret, payload })).statusCode).toBe(413);
    expect((await ask('POST', '/api/v1/session', { payload })).statusCode).toBe(413);
  });
});

describe('what is open', () => {
  it('is whether it is alive and ready, without why not', async () => {
    const { secret } = await secretOf({ role: 'viewer' });
    const limited = await secretOf({ role: 'viewer', tables: ['public.orders'] });
    const wrong = newSecret('token');
    for (const token of [undefined, wrong, limited.secret]) {
      const answer = await ask('GET', '/readyz', token === undefined ? {} : { token });
      expect(answer.statusCode).toBe(503);
      expect(answer.json().reasons).toBeUndefined();
      expect(answer.json().detail).toBe('Rowtrail is not capturing everything; a token is told why.');
    }
    expect((await ask('GET', '/readyz', { token: secret })).json().reasons).toHaveLength(1);
    expect((await ask('GET', '/healthz')).statusCode).toBe(200);
    for (const url of ['/', '/openapi.json', '/docs/']) expect((await ask('GET', url)).statusCode, url).toBe(200);
    expect((await ask('GET', '/nothing/here')).statusCode).toBe(404);
    expect((await ask('DELETE', '/api/v1/activity')).statusCode).toBe(405);
  });

  it('is /metrics where that is wanted', async () => {
    expect((await ask('GET', '/metrics')).statusCode).toBe(401);
    const of = await serve({ auth: { mode: 'token', publicMetrics: true } });
    expect((await ask('GET', '/metrics', { of })).statusCode).toBe(200);
    await of.close();
  });

  it('is everything with mode none, on loopback', async () => {
    const of = await serve({ auth: { mode: 'none', publicMetrics: false } });
    expect((await ask('GET', '/api/v1/me', { of })).json().data).toMatchObject({
      token_id: null,
      role: 'admin',
      tables: null,
    });
    expect((await ask('POST', '/api/v1/session', { of, payload: { token: '' } })).statusCode).toBe(200);
    const foreign = await ask('DELETE', '/api/v1/tokens/1', { of, headers: { origin: 'http://evil.example' } });
    expect(foreign.json().code).toBe('origin_not_allowed');
    await of.close();
  });

  it('beyond loopback, is to nobody without a token', async () => {
    // An address of loopback that is not taken for one: a test opens nothing to the network.
    const of = await serve({ host: '127.1' });
    const url = await of.listen();
    expect((await fetch(`${url}/api/v1/activity`)).status).toBe(401);
    const { secret } = await secretOf();
    const answer = await fetch(`${url}/api/v1/activity`, { headers: { authorization: `Bearer ${secret}` } });
    expect(answer.status).toBe(200);
    await of.close();
  });
});

it('puts on record who read and who was refused', async () => {
  const { secret } = await secretOf({ name: 'Eve', role: 'viewer' });
  const admin = await secretOf({ name: 'Root' });
  await ask('GET', '/api/v1/activity?table=orders', { token: secret, headers: { 'user-agent': 'test/1' } });
  await ask('GET', '/api/v1/tokens', { token: secret });
  await ask('GET', '/api/v1/status', { from: '10.1.2.3' });
  await ask('GET', '/api/v1/me', { token: secret });
  await ask('GET', '/healthz');
  const journal = async () => {
    const url = '/api/v1/activity?source=rowtrail&action=read&action=denied&sort=id&limit=1000';
    const answer = await ask('GET', url, { token: admin.secret });
    return (answer.json().data as { ip: string; user: { id: string } | null }[]).filter(
      ({ ip, user }) => user?.id === 'Eve' || ip === '10.1.2.3',
    );
  };
  const seen = await until(async () => ((await journal()).length >= 3 ? journal() : null));
  expect(seen).toMatchObject([
    {
      action: 'read',
      source: 'rowtrail',
      ip: '10.0.0.1',
      user_agent: 'test/1',
      data: { operation: 'listActivity', path: '/api/v1/activity', query: 'table=orders' },
    },
    { action: 'denied', user: { id: 'Eve' }, data: { operation: 'listTokens', status: 403 } },
    { action: 'denied', user: { id: 'unknown' }, data: { operation: 'getStatus', status: 401 } },
  ]);
});

it('ends what goes on for long when its token is revoked', async () => {
  const of = await serve();
  const url = await of.listen();
  const { secret, id } = await secretOf({ role: 'viewer' });
  const headers = { authorization: `Bearer ${secret}` };
  const stream = await fetch(`${url}/api/v1/activity/stream`, { headers });
  expect(stream.status).toBe(200);
  await revokeToken(history.store, id);
  const asked = vi.spyOn(history.store.pool, 'query');
  const lookUps = (): number =>
    asked.mock.calls.filter(([query]) => (query as unknown as { text?: string }).text?.includes('where t.hash')).length;
  try {
    const began = performance.now();
    expect(await stream.text()).toMatch(/^retry:/);
    // A look every CACHE_MS, and it is the first one that asks the store.
    expect(lookUps()).toBe(1);
    expect(performance.now() - began).toBeLessThan(2 * CACHE_MS + 30_000);
  } finally {
    asked.mockRestore();
  }
  await of.close();
});

it('writes no secret to a log, whatever fails', async () => {
  const written: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => written.push(line) });
  const { secret } = await secretOf();
  const wrong = newSecret('token');
  const of = await serve({}, { log });
  const signedIn = await ask('POST', '/api/v1/session', { of, payload: { token: secret } });
  const session = String(signedIn.headers['set-cookie']).split(/[=;]/)[1] as string;
  const pool = createPool('postgres://nobody@127.0.0.1:1/nothing', 'test', { max: 1 });
  const broken = await serve({}, { log, store: { pool, schema: SCHEMA } });
  const answers = [signedIn];
  for (const server_ of [of, broken]) {
    for (const headers of [
      { authorization: `Bearer ${secret}` },
      { authorization: `Bearer ${wrong}` },
      { cookie: `rowtrail_session=${session}` },
    ]) {
      for (const url of ['/api/v1/activity', '/api/v1/tokens', `/api/v1/activity/${wrong}`, `/nothing/${secret}`]) {
        answers.push(await ask('GET', url, { of: server_, headers, from: '10.0.0.7' }));
      }
      answers.push(await ask('POST', '/api/v1/session', { of: server_, payload: { token: wrong }, from: '10.0.0.8' }));
    }
  }
  expect(answers.some(({ statusCode }) => statusCode === 503)).toBe(true);
  expect(written.join('')).toContain('RT_CONNECT');
  for (const text of [secret, wrong, session]) expect(written.join('')).not.toContain(text);
  await Promise.all([of.close(), broken.close(), pool.end()]);
});

describe('the first token', () => {
  it('is made once, also by two setups at the same time', async () => {
    await using fresh = await createHistory();
    expect(await hasTokens(fresh.store)).toBe(false);
    const request: TokenRequest = { name: 'first', role: 'admin', tables: null, expiresAt: null, createdBy: 'setup' };
    const made = await Promise.all([1, 2, 3].map(() => createFirstToken(fresh.store, request)));
    const [first, ...more] = made.filter((token) => token !== undefined);
    expect(more).toEqual([]);
    expect(await hasTokens(fresh.store)).toBe(true);
    await revokeToken(fresh.store, first?.token.id as string);
    expect(await createFirstToken(fresh.store, request)).toBeUndefined();
    expect(await hasTokens(fresh.store)).toBe(false);
  });
});

async function cli(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ code: number; out: string; err: string }> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const text = { out: '', err: '' };
  streams.stdout.on('data', (chunk) => (text.out += String(chunk)));
  streams.stderr.on('data', (chunk) => (text.err += String(chunk)));
  const terminal = createTerminal(streams, environment);
  const code = await runCli(args, terminal, environment);
  await terminal.flush();
  return { code, ...text };
}

it('is printed by the first setup, and by no other', async () => {
  await using database = await createDatabase();
  await database.query('create table orders (id integer primary key)');
  const environment = { ROWTRAIL_SOURCE_URL: database.url, ROWTRAIL_CAPTURE: 'trigger' };
  expect((await cli(['setup', '--dry-run'], environment)).out).not.toMatch(/\brt_[\w-]{43}/);
  const first = await cli(['setup'], environment);
  expect(first.code, first.err).toBe(0);
  const secret = /^Admin token for the HTTP API, shown this once: (rt_[\w-]{43})$/m.exec(first.out)?.[1];
  expect(secret).toBeDefined();
  expect((await cli(['setup'], environment)).out).not.toMatch(/\brt_[\w-]{43}/);
  expect(JSON.parse((await cli(['token', 'list', '--json'], environment)).out)).toMatchObject([
    { name: 'first admin', role: 'admin', created_by: 'setup', tables: null, expires_at: null },
  ]);
});

describe('rowtrail token', () => {
  const rowtrail = (...args: string[]) => cli(['token', ...args], { ROWTRAIL_SOURCE_URL: history.database.url });

  it('makes tokens, lists and revokes them', async () => {
    const made = await rowtrail('create', '-n', 'Grafana', '-t', 'public.orders', '-t', '!public.old', '-e', '90d');
    expect(made.code).toBe(0);
    expect(made.out).toMatch(/^rt_[\w-]{43}\n$/);
    expect(made.err).toMatch(
      /^Token \d+, viewer of public\.orders !public\.old, until 20\d\d-.* UTC\. It is shown this once/,
    );
    const json = await rowtrail('create', '-n', 'ci', '--role', 'writer', '--json');
    expect(json.err).toBe('');
    const { id, secret, ...rest } = JSON.parse(json.out);
    expect(rest).toMatchObject({ name: 'ci', role: 'writer', tables: null, created_by: 'cli', expires_at: null });
    expect((await ask('GET', '/api/v1/me', { token: secret })).json().data.name).toBe('ci');

    const listed = await rowtrail('list');
    expect(listed.out).toMatch(/^id +name +role +tables +made +last used +state\n/);
    expect(listed.out).toMatch(/\n\d+ +Grafana +viewer +public\.orders !public\.old +20\S+ \S+ +never +until 20/);
    expect(listed.out + listed.err).not.toContain('rt_');
    expect(JSON.parse((await rowtrail('list', '--json')).out)[0]).toMatchObject({ id, name: 'ci', role: 'writer' });

    expect(await rowtrail('revoke', id)).toMatchObject({ code: 0, out: `Revoked: token ${id}, ci.\n` });
    expect(JSON.parse((await rowtrail('revoke', id, '--json')).out).revoked_at).toMatch(/^20/);
    expect((await rowtrail('list')).out).toMatch(/\n\d+ +ci +writer +all .* revoked 20/);
    const unknown = await rowtrail('revoke', '999999');
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain('there is no token 999999');
  });
});
