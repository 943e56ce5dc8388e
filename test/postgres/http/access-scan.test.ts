import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../../../src/access/secret.ts';
import type { Role } from '../../../src/access/role.ts';
import { createToken, revokeToken } from '../../../src/access/token.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import type { LiveSource } from '../../../src/query/status.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { until } from '../../harness/poll.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

/*
 * Every operation of the OpenAPI document, with every kind of credential. An operation that is new fails here until
 * it is told who may use it; what it answers to a token that is limited to tables is then compared by itself.
 */

interface Expectation {
  readonly role: Role | 'member' | 'anyone';
  /** Refused to tokens that are limited to tables. */
  readonly unlimited?: boolean;
  readonly body?: object;
  /** What it cannot do without, or would be volatile without. */
  readonly query?: string;
  /** Of its path. */
  readonly sample?: (store: Filled) => Readonly<Record<string, string>>;
  /** Paths of what a limited token may not see. */
  readonly hidden?: readonly string[];
  /** Query strings beside that one, with which a limited token tries to learn of other tables. */
  readonly queries?: readonly string[];
  /** Bodies of a POST that only reads, likewise. */
  readonly questions?: readonly object[];
  /** Its answer does not end by itself: what is there already is read. */
  readonly endless?: boolean;
  /** What it answers differs from one request to the next. */
  readonly volatile?: boolean;
}

const WINDOW = 'from=2026-01-01&to=2026-02-01';
const ELSEWHERE = ['table=secrets', 'table=public.secrets', 'user=99', 'user=Mallory', 'action=login', 'source=vault'];
const RECORD = (): Record<string, string> => ({ source: 'shop', table: 'public.orders', key: '1' });
const HIDDEN_RECORDS = ['shop/public.secrets/1', 'vault/audit.orders/1', 'shop/public.nothing/1'];

function hiddenRecords(rest: string): string[] {
  return HIDDEN_RECORDS.map((record) => `/api/v1/resources/${record}${rest}`);
}

const EXPECTED: Readonly<Record<string, Expectation>> = {
  listActivity: {
    role: 'viewer',
    queries: [
      'sort=id',
      'table=secrets',
      'table=orders',
      'record=1',
      'table=secrets&record=1',
      'user=99',
      'user=Mallory',
      'user=7',
      'source=shop',
      'source=vault',
      'action=login',
      'action=schema',
      'action=delete',
      'limit=1',
      'count=exact',
      'count=estimate',
      'q=-table:orders',
      'q=old:1',
      'from=2020-01-01&table=public.secrets',
    ],
  },
  getEntry: { role: 'viewer' },
  postEvents: { role: 'writer', body: { action: 'scan.test' } },
  listComments: { role: 'viewer', queries: ['limit=1'] },
  postComment: { role: 'operator', body: { comment: 'seen' } },
  streamActivity: {
    role: 'viewer',
    queries: ['table=secrets', 'user=99', 'action=login', 'source=vault'],
    endless: true,
  },
  exportActivity: {
    role: 'viewer',
    queries: ['format=json', 'format=csv', 'table=secrets', 'user=99', 'action=login', 'source=vault'],
  },
  searchActivity: {
    role: 'viewer',
    body: {},
    questions: [
      {},
      { table: ['secrets'] },
      { q: 'user:99' },
      { q: '-table:orders' },
      { q: 'action:login' },
      { count: 'exact' },
    ],
  },
  getRecord: { role: 'viewer', sample: RECORD, hidden: hiddenRecords('') },
  listRecordHistory: { role: 'viewer', sample: RECORD, hidden: hiddenRecords('/history') },
  getRecordAt: {
    role: 'viewer',
    sample: RECORD,
    query: 'time=2026-06-01',
    hidden: hiddenRecords('/at?time=2026-06-01'),
  },
  compareRecord: { role: 'viewer', sample: RECORD, query: 'from=r1', hidden: hiddenRecords('/compare?from=r1') },
  // It says when it was made.
  reportRecord: { role: 'viewer', sample: RECORD, volatile: true, hidden: hiddenRecords('/report?format=json') },
  listResources: {
    role: 'viewer',
    queries: ['sort=oldest', `sort=busiest&from=2026-01-01&to=2026-01-30`, 'table=secrets', 'user=99', 'source=vault'],
  },
  getTransaction: { role: 'viewer', sample: ({ transaction }) => ({ id: String(transaction) }) },
  listTables: { role: 'viewer' },
  listUsers: { role: 'viewer', queries: ['sort=most', 'sort=least', 'q=mal', 'q=99', WINDOW] },
  getUser: {
    role: 'viewer',
    sample: () => ({ id: 'shop:user:7' }),
    hidden: ['/api/v1/users/shop:user:99', '/api/v1/users/vault:user:99', '/api/v1/users/shop:user:nobody'],
  },
  getSummary: { role: 'viewer', query: WINDOW, queries: ELSEWHERE.map((rest) => `${WINDOW}&${rest}`) },
  getTimeseries: {
    role: 'viewer',
    query: WINDOW,
    queries: ['by=action', 'bucket=hour&to=2026-01-03', ...ELSEWHERE].map((rest) =>
      rest.includes('to=') ? `from=2026-01-02&${rest}` : `${WINDOW}&${rest}`,
    ),
  },
  getBreakdown: {
    role: 'viewer',
    query: `${WINDOW}&by=table`,
    queries: ['user', 'field', 'action', 'attribution', 'source'].map((by) => `${WINDOW}&by=${by}`),
  },
  getHeatmap: { role: 'viewer', query: WINDOW, queries: ELSEWHERE.map((rest) => `${WINDOW}&${rest}`) },
  suggestValues: {
    role: 'viewer',
    query: 'key=table',
    queries: ['source', 'user', 'ip', 'action', 'field', 'attribution', 'is'].map((key) => `key=${key}`),
  },
  // Reverts are off here: who may ask for them is decided before. What they show: test/postgres/revert/http.test.ts.
  previewRevert: { role: 'operator', body: { target: { entry: '1' } } },
  applyRevert: { role: 'operator', body: { target: { entry: '1' }, plan: 'none' } },
  getStatus: { role: 'viewer' },
  getHealth: { role: 'anyone' },
  getReadiness: { role: 'anyone' },
  // They tell how much is written to all tables together.
  getIntegrity: { role: 'viewer', unlimited: true, volatile: true },
  verifyIntegrity: { role: 'admin', unlimited: true, body: {}, volatile: true },
  getMetrics: { role: 'viewer', unlimited: true, volatile: true },
  getMe: { role: 'member' },
  signIn: { role: 'anyone', body: { token: 'rt_wrong' } },
  signOut: { role: 'anyone' },
  listTokens: { role: 'admin', volatile: true },
  createToken: { role: 'admin', body: { name: 'made', role: 'viewer', tables: ['public.orders'] } },
  revokeToken: { role: 'admin' },
};

const CONTACT = 'dba@example.org';
const LIMIT = ['public.orders'];
const LIVE: LiveSource = {
  name: 'shop',
  state: 'streaming',
  since: new Date('2026-01-01T00:00:00Z'),
  error: null,
  standby: false,
  receivedLsn: 1n,
  sourceLsn: 1n,
  lagBytes: 0n,
  lagMs: 3,
  queuedBytes: 0,
  backlog: null,
  counters: { changes: 4, entries: 4, transactions: 2, unverifiedMessages: 0, flushes: 2, flushMs: 30, retries: 0 },
};

type Filled = Awaited<ReturnType<typeof fill>>;

interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly expected: Expectation;
}

interface Credential {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What is answered for these credentials before any role is looked at. */
  readonly refused: boolean;
  readonly role: Role | null;
  readonly limited: boolean;
}

let history: History;
let server: HttpServer;
let operations: Operation[];
let credentials: Credential[];
let store: Filled;
let live: readonly LiveSource[] = [LIVE];
let address = 0;

beforeAll(async () => {
  history = await createHistory();
  store = await fill();
  server = await createHttpServer({
    store: history.store,
    http: httpConfig({ auth: { mode: 'token', publicMetrics: false }, contact: CONTACT }),
    live: () => live,
    log: createLog('silent'),
    version: '0.0.0-test',
  });
  // Those who sign out have no cookie any more.
  operations = operationsOf((await ask('GET', '/openapi.json')).json()).toSorted(
    (a, b) => Number(a.id === 'signOut') - Number(b.id === 'signOut'),
  );
  credentials = await makeCredentials();
});

afterAll(async () => {
  await server?.close();
  await history?.[Symbol.asyncDispose]();
});

/** Each from an address of its own, so that no limit of failures is met. */
function ask(method: Operation['method'], url: string, headers: Record<string, string> = {}, payload?: object) {
  address += 1;
  return server.app.inject({
    method,
    url,
    headers: { host: 'localhost:0', ...headers },
    remoteAddress: `10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`,
    ...(payload === undefined ? {} : { payload }),
  });
}

/** What a stream has for whoever has seen nothing yet; a refusal is a whole answer. */
async function listen(url: string, headers: Readonly<Record<string, string>>) {
  const { answer, stream, text } = await openStream(url, headers);
  if (answer.statusCode === 200) {
    // A round reads for all who are there when it begins, in no order; the next one begins when all of them have theirs.
    for (let round = 0; round < 2; round += 1) await roundOfFeed();
  } else {
    await once(stream, 'end');
  }
  stream.destroy();
  const body = text().replaceAll(': still here\n\n', '');
  return { statusCode: answer.statusCode, headers: answer.headers, body, json: () => JSON.parse(body) as unknown };
}

/** Resolves when whoever comes now, and may see everything, is given something by the feed. */
async function roundOfFeed(): Promise<void> {
  const admin = credentials.find(({ name }) => name === 'admin') as Credential;
  const { answer, stream, text } = await openStream('/api/v1/activity/stream', admin.headers);
  expect(answer.statusCode).toBe(200);
  await until(() => text().includes('event: entry'), { what: 'a witness is given an entry' });
  stream.destroy();
}

async function openStream(url: string, headers: Readonly<Record<string, string>>) {
  address += 1;
  const answer = await server.app.inject({
    method: 'GET',
    url,
    headers: { host: 'localhost:0', 'last-event-id': '0', ...headers },
    remoteAddress: `10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`,
    payloadAsStream: true,
  });
  const stream = answer.stream();
  let body = '';
  stream.on('data', (chunk) => (body += String(chunk)));
  return { answer, stream, text: () => body };
}

function askAs({ headers }: Credential, operation: Operation, query = operation.expected.query ?? '') {
  const url = `${urlOf(operation)}${query === '' ? '' : `?${query}`}`;
  if (operation.expected.endless === true) return listen(url, headers);
  return ask(operation.method, url, headers, operation.expected.body);
}

function operationsOf(document: { paths: Record<string, Record<string, { operationId: string }>> }): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({
      id: operationId,
      method: method.toUpperCase() as Operation['method'],
      path,
      expected: EXPECTED[operationId] as Expectation,
    })),
  );
}

function urlOf({ path, expected }: Operation, given?: Readonly<Record<string, string>>): string {
  const ids = given ?? expected.sample?.(store) ?? store.ids;
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? `no sample of ${name}`));
}

async function makeCredentials(): Promise<Credential[]> {
  const token = async (role: Role, tables: readonly string[] | null, expiresAt: Date | null = null) =>
    createToken(history.store, { name: `${role} test`, role, tables, expiresAt, createdBy: 'test' });
  const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
  const expired = await token('admin', null, new Date(Date.now() - 1000));
  const revoked = await token('admin', null);
  await revokeToken(history.store, revoked.token.id);
  const bad = (name: string, headers: Record<string, string>): Credential => {
    return { name, headers, refused: true, role: null, limited: false };
  };
  const good: Credential[] = [];
  for (const role of ['writer', 'viewer', 'operator', 'admin'] as const) {
    for (const tables of [null, LIMIT]) {
      const { secret } = await token(role, tables);
      const limited = tables !== null;
      const name = `${role}${limited ? ', limited' : ''}`;
      good.push({ name, headers: bearer(secret), refused: false, role, limited });
      const signedIn = await ask('POST', '/api/v1/session', {}, { token: secret });
      const cookie = String(signedIn.headers['set-cookie']).split(';')[0] as string;
      const headers = { cookie, origin: 'http://localhost:0' };
      good.push({ name: `${name}, signed in`, headers, refused: false, role, limited });
    }
  }
  return [
    bad('none', {}),
    bad('a token of another kind', { authorization: 'Basic cm9vdDpyb290' }),
    bad('no token', { authorization: 'Bearer' }),
    bad('two tokens', { authorization: `Bearer ${newSecret('token')} ${newSecret('token')}` }),
    bad('malformed', { authorization: 'Bearer rt_short' }),
    bad('SQL', { authorization: `Bearer rt_' or true --` }),
    bad('wrong', bearer(newSecret('token'))),
    bad('a wrong cookie', { cookie: `rowtrail_session=${newSecret('sign-in')}` }),
    bad('a token for a cookie', { cookie: `rowtrail_session=${expired.secret}` }),
    bad('expired', bearer(expired.secret)),
    bad('revoked', bearer(revoked.secret)),
    ...good,
  ];
}

/** The entries of the one table that the limited tokens may see. */
async function fill() {
  const { database } = history;
  const source = await history.addSource('shop');
  const mine = await history.addRelation(source, 'public', 'orders', ['id']);
  const ana = await history.addActor(source, 'user', '7', 'Ana');
  const first = await history.openBlock(source, 20);
  const at = '2026-01-02T03:04:05Z';
  const transaction = first + 2n;
  await history.insert('transactions', [
    { id: transaction, source_id: source, epoch: 1, xid: 7, committed_at: at, size: 6 },
  ]);
  await history.insert('contexts', [
    {
      id: transaction,
      last_id: first + 15n,
      transaction_id: transaction,
      source_id: source,
      actor_id: ana,
      attribution: 'app',
      user_name: 'Ana',
    },
  ]);
  const entry = { occurred_at: at, transaction_id: transaction, context_id: transaction, relation_id: mine };
  const update = { action: 'update', changed: ['total'], old: { total: 1 } };
  // No action is as frequent as another one: their order is known.
  const entries = [
    { ...entry, id: first + 2n, ordinal: 0, action: 'create', record_key: '1', row: { id: 1 } },
    { ...entry, id: first + 3n, ordinal: 1, action: 'create', record_key: '2', row: { id: 2 } },
    { ...entry, id: first + 4n, ordinal: 2, action: 'create', record_key: '3', row: { id: 3, total: 1 } },
    { ...entry, ...update, id: first + 5n, ordinal: 3, record_key: '1', row: { id: 1, total: 2 } },
    { ...entry, id: first + 8n, ordinal: 4, action: 'delete', record_key: '2', row: { id: 2 } },
    { ...entry, ...update, id: first + 10n, ordinal: 5, record_key: '3', row: { id: 3, total: 2 } },
  ];
  await history.insert('entries', entries);
  for (const { action, id } of entries) await rollup(source, mine, ana, action, id);
  await database.query(
    `insert into ${SCHEMA}.gaps (source_id, epoch, reason, detail, relation_id, to_time) values ($1, 1, 'lost', 'mine', $2, now())`,
    [source, mine],
  );
  await history.closeBlock(first);
  await database.query(`select ${SCHEMA}.fold_rollups(1000)`);
  return { ids: { id: String(first + 5n) } as Readonly<Record<string, string>>, source, mine, ana, transaction };
}

async function rollup(source: number, relation: number, actor: number, action: string, id: bigint): Promise<void> {
  const counted = {
    bucket: '2026-01-02T03:00:00Z',
    relation_id: relation,
    actor_id: actor,
    action,
    attribution: 'app',
    count: 1,
  };
  const rows = [{ ...counted, min_id: String(id), max_id: String(id) }];
  await history.database.query(`select ${SCHEMA}.add_rollups($1, $2)`, [source, JSON.stringify(rows)]);
}

/** Everything else: other tables, in the same transaction too, other people, events, schema changes, another source. */
async function addOthers(): Promise<bigint> {
  const { database } = history;
  const { source, transaction } = store;
  const vault = await history.addSource('vault');
  const secrets = await history.addRelation(source, 'public', 'secrets', ['id']);
  const foreign = await history.addRelation(vault, 'audit', 'orders', ['id']);
  const mallory = await history.addActor(source, 'user', '99', 'Mallory');
  const there = await history.addActor(vault, 'user', '99', 'Mallory');
  const first = transaction - 2n;
  const at = '2026-01-02T03:04:05Z';
  const entry = { occurred_at: at, transaction_id: transaction, context_id: transaction };
  const hidden = first + 6n;
  await history.insert('entries', [
    { ...entry, id: hidden, ordinal: 6, action: 'create', relation_id: secrets, record_key: '1', row: { id: 1 } },
    { ...entry, id: first + 7n, ordinal: 7, action: 'login' },
    { ...entry, id: first + 9n, ordinal: 8, action: 'schema', relation_id: store.mine, data: { tag: 'ALTER TABLE' } },
  ]);
  await database.query(
    `begin; alter table ${SCHEMA}.transactions disable trigger user;
     update ${SCHEMA}.transactions set size = 9 where id = ${transaction};
     alter table ${SCHEMA}.transactions enable always trigger refuse_change; commit`,
  );
  for (const [relation, action, id] of [
    [secrets, 'create', hidden],
    [0, 'login', first + 7n],
    [store.mine, 'schema', first + 9n],
  ] as const) {
    await rollup(source, relation, store.ana, action, id);
  }
  for (const [of, actor, changes] of [
    [
      source,
      mallory,
      [
        ['delete', secrets],
        ['logout', null],
      ],
    ],
    [vault, there, [['create', foreign]]],
  ] as const) {
    const id = await history.openBlock(of, changes.length);
    const size = changes.length;
    await history.insert('transactions', [{ id, source_id: of, epoch: 1, committed_at: at, size }]);
    await history.insert('contexts', [
      {
        id,
        last_id: id + BigInt(size - 1),
        transaction_id: id,
        source_id: of,
        actor_id: actor,
        attribution: 'app',
        ip: '10.6.6.6',
      },
    ]);
    for (const [ordinal, [action, relation]] of changes.entries()) {
      const each = { id: id + BigInt(ordinal), occurred_at: at, transaction_id: id, context_id: id, ordinal, action };
      const row = relation === null ? {} : { relation_id: relation, record_key: '1', row: { id: 1 } };
      await history.insert('entries', [{ ...each, ...row }]);
      await rollup(of, relation ?? 0, actor, action, each.id);
    }
    await history.closeBlock(id);
  }
  await database.query(`select ${SCHEMA}.fold_rollups(1000)`);
  await database.query(
    `insert into ${SCHEMA}.gaps (source_id, epoch, reason, detail, relation_id, to_time) values ($1, 1, 'lost', 'theirs', $2, now())`,
    [source, secrets],
  );
  await createToken(history.store, {
    name: 'theirs',
    role: 'viewer',
    tables: ['public.secrets'],
    expiresAt: null,
    createdBy: 'test',
  });
  live = [{ ...LIVE, lagBytes: 77n, queuedBytes: 55, counters: { ...LIVE.counters, changes: 99, entries: 98 } }];
  return hidden;
}

it('has an expectation of every operation, and no other', () => {
  expect(Object.keys(EXPECTED).toSorted()).toEqual(operations.map(({ id }) => id).toSorted());
});

describe('every operation', () => {
  it('lets in those it is for, with every credential', async () => {
    let checks = 0;
    for (const operation of operations) {
      const { id, expected } = operation;
      const endless = expected.endless === true ? credentials.map((each) => askAs(each, operation)) : null;
      for (const [n, credential] of credentials.entries()) {
        const answer = await (endless?.[n] ?? askAs(credential, operation));
        const what = `${id}, ${credential.name}: ${answer.statusCode} ${answer.body.slice(0, 200)}`;
        const status = expectedStatus(expected, credential);
        if (status === null) expect([401, 403].includes(answer.statusCode) && id !== 'signIn', what).toBe(false);
        else expect(answer.statusCode, what).toBe(status);
        if (answer.statusCode === 401) expect(answer.headers['www-authenticate'], what).toMatch(/^Bearer realm=/);
        if (answer.statusCode === 403)
          expect(answer.json(), what).toMatchObject({ role: expected.role, contact: CONTACT });
        expect(answer.statusCode, what).toBeLessThan(500);
        expect(answer.body, what).not.toContain(credential.headers['authorization']?.slice(7) || 'never');
        checks += 1;
      }
    }
    expect(checks).toBe(operations.length * credentials.length);
    expect(checks).toBeGreaterThan(300);
    console.log({ operations: operations.length, credentials: credentials.length, checks });
  });

  it('takes a change by cookie only from its own pages', async () => {
    const { authorization = '' } = (credentials.find(({ name }) => name === 'admin') as Credential).headers;
    const signedIn = await ask('POST', '/api/v1/session', {}, { token: authorization.slice(7) });
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] as string;
    for (const operation of operations.filter(
      ({ method, expected: { role } }) => method !== 'GET' && role !== 'anyone',
    )) {
      for (const origin of [undefined, 'http://evil.example', 'http://localhost:8080', 'null']) {
        const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
        const answer = await ask(operation.method, urlOf(operation), headers, operation.expected.body);
        expect(answer.json().code, `${operation.id} from ${origin}`).toBe('origin_not_allowed');
      }
    }
  });

  it('takes JSON alone', async () => {
    const headers = (credentials.find(({ name }) => name === 'admin') as Credential).headers;
    for (const operation of operations.filter(({ method }) => method === 'POST')) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/json']) {
        const answer = await server.app.inject({
          method: 'POST',
          url: urlOf(operation),
          headers: { host: 'localhost:0', 'content-type': type, ...headers },
          payload: JSON.stringify(operation.expected.body),
        });
        expect(answer.statusCode, `${operation.id} ${type}`).toBe(415);
      }
    }
  });
});

function expectedStatus({ role, unlimited }: Expectation, credential: Credential): number | null {
  if (role === 'anyone') return null;
  if (credential.refused) return 401;
  const may: Readonly<Record<Role, readonly string[]>> = {
    writer: ['writer', 'member'],
    viewer: ['viewer', 'member'],
    operator: ['writer', 'viewer', 'operator', 'member'],
    admin: ['writer', 'viewer', 'operator', 'admin', 'member'],
  };
  if (!may[credential.role as Role].includes(role)) return 403;
  return unlimited === true && credential.limited ? 403 : null;
}

describe('a token limited to a table', () => {
  it('learns nothing of what happens elsewhere', async () => {
    const names = new Set(['writer, limited', 'viewer, limited', 'admin, limited']);
    const limited = credentials.filter(({ name }) => names.has(name));
    // What the scan above has commented on is counted by now.
    await history.database.query(`select ${SCHEMA}.fold_rollups(1000)`);
    const before = await everyAnswer(limited);
    const hidden = await addOthers();
    const after = await everyAnswer(limited);
    expect(Object.keys(before).length).toBeGreaterThan(limited.length * 10);
    for (const [what, text] of Object.entries(before)) expect(after[what], what).toBe(text);
    expect(before['viewer, limited: streamActivity ']).toContain('event: entry');
    // They are there, for who may see them.
    const admin = (credentials.find(({ name }) => name === 'admin') as Credential).headers;
    const seen = await ask('GET', '/api/v1/activity?table=secrets', admin);
    expect(seen.json().data).toHaveLength(2);
    // An entry of another table is as one that never was.
    const viewer = (credentials.find(({ name }) => name === 'viewer, limited') as Credential).headers;
    for (const operation of operations.filter(
      ({ method, path }) => method === 'GET' && path.includes('/activity/{id}'),
    )) {
      const [there, nowhere] = await Promise.all(
        [String(hidden), '123456789'].map(async (id) => {
          const answer = await ask('GET', urlOf(operation, { id }), viewer);
          return [answer.statusCode, answer.body.replaceAll(id, 'ID')];
        }),
      );
      expect(there, operation.id).toEqual(nowhere);
      expect(there?.[0]).toBe(404);
    }
  });
});

async function everyAnswer(of: readonly Credential[]): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const credential of of) {
    for (const operation of operations.filter(
      ({ method, expected }) => method === 'GET' && expected.volatile !== true,
    )) {
      const queries = [operation.expected.query ?? '', ...(operation.expected.queries ?? [])];
      const endless = operation.expected.endless === true ? queries.map((q) => askAs(credential, operation, q)) : null;
      for (const [n, query] of queries.entries()) {
        const answer = await (endless?.[n] ?? askAs(credential, operation, query));
        answers[`${credential.name}: ${operation.id} ${query}`] = `${answer.statusCode} ${withoutPlaces(answer.body)}`;
      }
    }
    for (const path of operations.flatMap(({ expected }) => expected.hidden ?? [])) {
      const answer = await ask('GET', path, credential.headers);
      answers[`${credential.name}: ${path}`] = `${answer.statusCode} ${answer.body}`;
    }
    for (const operation of operations) {
      for (const question of operation.expected.questions ?? []) {
        const answer = await ask('POST', urlOf(operation), credential.headers, question);
        const what = `${credential.name}: ${operation.id} ${JSON.stringify(question)}`;
        answers[what] = `${answer.statusCode} ${withoutPlaces(answer.body)}`;
      }
    }
    const tokens = await ask('GET', '/api/v1/tokens', credential.headers);
    const list = tokens.statusCode === 200 ? (tokens.json().data as { name: string }[]).map(({ name }) => name) : null;
    answers[`${credential.name}: tokens`] = JSON.stringify(list);
  }
  return answers;
}

/** Cursors hold the time of the first page, and how far ids have come. */
function withoutPlaces(body: string): string {
  return body.replaceAll(/"(next|prev|resume)":"[^"]+"/g, '"$1":"a cursor"');
}
