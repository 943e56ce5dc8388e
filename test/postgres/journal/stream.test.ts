import { randomUUID } from 'node:crypto';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { httpConfig } from '../../harness/http-config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { Journal } from '../../../src/store/journal.ts';
import { until } from '../../harness/poll.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

let history: History;
let server: HttpServer;
let url: string;
let shop: number;
let orders: number;
let users: number;
let journal: Journal;

function createServer(): Promise<HttpServer> {
  return createHttpServer({
    store: history.store,
    http: httpConfig(),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
}

beforeAll(async () => {
  history = await createHistory();
  shop = await history.addSource('shop');
  orders = await history.addRelation(shop, 'public', 'orders', ['id']);
  users = await history.addRelation(shop, 'public', 'users', ['id']);
  journal = new Journal({ pool: history.store.pool, schema: SCHEMA, log: createLog('silent') });
  server = await createServer();
  url = await server.listen();
});
afterAll(async () => {
  await server.close();
  await journal.stop();
  await history[Symbol.asyncDispose]();
});

async function add(relationId: number | null, recordKey: string, data: string | null = null): Promise<bigint> {
  const [entry] = await journal.append([
    {
      eventId: randomUUID(),
      action: 'noted',
      at: new Date(),
      sourceId: relationId === null ? null : shop,
      relationId,
      recordKey,
      user: null,
      token: 'test',
      ip: null,
      userAgent: null,
      comment: null,
      requestId: null,
      context: null,
      data,
      commented: null,
    },
  ]);
  return entry!.id!;
}

interface Followed {
  readonly ids: bigint[];
  readonly response: IncomingMessage;
  text(): string;
  readonly ended: Promise<void>;
  leave(): void;
}

async function follow(query = '', headers: Record<string, string> = {}, at = url): Promise<Followed> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpGet(`${at}/api/v1/activity/stream${query}`, { headers, agent: false }, resolve).on('error', reject);
  });
  let text = '';
  const ids: bigint[] = [];
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    ids.splice(0, ids.length, ...[...text.matchAll(/^id: (\d+)\nevent: entry$/gm)].map((match) => BigInt(match[1]!)));
  });
  const ended = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  response.on('error', () => {});
  return { ids, response, text: () => text, ended, leave: () => response.destroy() };
}

async function received(stream: Followed, ids: readonly bigint[]): Promise<void> {
  await until(async () => stream.ids.length >= ids.length, { timeoutMs: 15_000, what: `${ids.length} entries come` });
  expect(stream.ids).toEqual(ids);
}

it('sends entries as they come, as events of their filter', async () => {
  const before = await add(orders, '1');
  const [all, some] = await Promise.all([follow(), follow('?table=orders')]);
  expect(all.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  const ids = [await add(orders, '2', '{"a":\n1.00}'), await add(users, '1'), await add(orders, '3')];
  await received(all, ids);
  await received(some, [ids[0]!, ids[2]!]);
  const first = all
    .text()
    .split('\n\n')
    .find((event) => event.includes('event: entry'));
  const data = first!
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice(6))
    .join('\n');
  expect(JSON.parse(data)).toMatchObject({ id: String(ids[0]), record: '2', data: { a: 1 } });
  expect(data).toContain('1.00');
  expect(all.ids).not.toContain(before);
  all.leave();
  some.leave();
});

it('goes on behind the last event, without loss or repetition', async () => {
  const stream = await follow('?table=orders');
  const ids: bigint[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(await add(orders, String(n)));
  await received(stream, ids);
  stream.leave();
  for (let n = 0; n < 450; n += 50) {
    ids.push(
      ...(await Promise.all(Array.from({ length: 50 }, () => add(orders, 'x')))).toSorted((a, b) => (a < b ? -1 : 1)),
    );
  }
  const again = await follow('?table=orders', { 'last-event-id': String(ids[2]) });
  await received(again, ids.slice(3));
  again.leave();
});

it('holds back what may still be preceded by something', async () => {
  const stream = await follow('?source=shop');
  const open = await history.openBlock(shop, 1);
  const later = await add(orders, 'later');
  // Another source's entry shows that a round has passed.
  const witness = await follow('?source=rowtrail');
  await received(witness, [await add(null, '')]);
  await history.insert('entries', [
    {
      id: open,
      occurred_at: '2026-01-01T00:00:00Z',
      relation_id: orders,
      action: 'create',
      record_key: 'late',
      row: {},
    },
  ]);
  expect(stream.ids).toEqual([]);
  await history.closeBlock(open);
  await received(stream, [open, later]);
  stream.leave();
  witness.leave();
});

it('names what is wrong', async () => {
  for (const [query, headers] of [
    ['?limit=5', {}],
    ['?form=x', {}],
    ['', { 'last-event-id': 'abc' }],
  ] as const) {
    const answer = await fetch(`${url}/api/v1/activity/stream${query}`, { headers });
    expect(answer.status).toBe(400);
  }
});

it('asks the store no more for a hundred streams than for one', async () => {
  const streams = await Promise.all(Array.from({ length: 100 }, () => follow('?table=orders')));
  await Promise.all(
    streams.map((stream) => until(async () => stream.text() !== '', { timeoutMs: 15_000, what: 'it begins' })),
  );
  let questions = 0;
  const count = (): void => {
    questions += 1;
  };
  history.store.pool.on('acquire', count);
  const started = performance.now();
  for (let n = 0; n < 3; n += 1) {
    const id = await add(orders, 'shared');
    await Promise.all(
      streams.map((stream) =>
        until(async () => stream.ids.at(-1) === id, { timeoutMs: 15_000, what: 'each stream has the entry' }),
      ),
    );
  }
  const rounds = Math.ceil((performance.now() - started) / 250) + 3;
  history.store.pool.off('acquire', count);
  // A round asks whether something is new, and once for the one filter; an entry takes up to three to write.
  expect(questions).toBeLessThanOrEqual(2 * rounds + 9);
  for (const stream of streams) stream.leave();
});

it('reads no more for a client that does not read, and goes on when it does', async () => {
  const stream = await follow('?table=users');
  stream.response.pause();
  const large = `{"text":"${'x'.repeat(60_000)}"}`;
  const ids: bigint[] = [];
  for (let n = 0; n < 10; n += 1) {
    ids.push(
      ...(await Promise.all(Array.from({ length: 10 }, () => add(users, 'big', large)))).toSorted((a, b) =>
        a < b ? -1 : 1,
      ),
    );
  }
  stream.response.resume();
  await received(stream, ids);
  stream.leave();
}, 60_000);

it('ends cleanly when the server stops', async () => {
  const other = await createServer();
  const at = await other.listen();
  const stream = await follow('', {}, at);
  const cut = vi.spyOn(other.app.server, 'closeAllConnections');
  await other.close();
  await stream.ended;
  expect(stream.response.complete).toBe(true);
  // It did not last until its connection was cut.
  expect(cut).not.toHaveBeenCalled();
});
