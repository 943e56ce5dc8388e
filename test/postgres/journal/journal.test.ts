import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLog } from '../../../src/lib/log.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { listActivity } from '../../../src/query/activity.ts';
import { getEntry } from '../../../src/query/entry.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { entriesAfter, latestId } from '../../../src/query/tail.ts';
import { forgetEvents, Journal } from '../../../src/store/journal.ts';
import type { NewEntry } from '../../../src/store/journal-entry.ts';
import { until } from '../../harness/poll.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

let history: History;
let shop: number;
let orders: number;

beforeAll(async () => {
  history = await createHistory();
  shop = await history.addSource('shop');
  orders = await history.addRelation(shop, 'public', 'orders', ['id']);
});
afterAll(() => history[Symbol.asyncDispose]());

function journalOn(pool = history.store.pool): Journal {
  return new Journal({ pool, schema: SCHEMA, log: createLog('silent') });
}

function event(given: Partial<NewEntry> = {}): NewEntry {
  return {
    eventId: randomUUID(),
    action: 'login',
    at: new Date('2026-02-03T04:05:06.789Z'),
    sourceId: null,
    relationId: null,
    recordKey: null,
    user: { id: '7', name: 'Ana' },
    token: 'ci',
    ip: null,
    userAgent: null,
    comment: null,
    requestId: null,
    context: null,
    data: null,
    commented: null,
    ...given,
  };
}

async function entry(id: bigint): Promise<Record<string, unknown>> {
  const found = await getEntry(history.store, id);
  return JSON.parse(found!.entry.json) as Record<string, unknown>;
}

it('writes entries with contexts, transaction and counts', async () => {
  const journal = journalOn();
  const digits = '{"price":1.00,"id":12345678901234567890,"t":"\\u0000"}';
  const [login, refund] = await journal.append([
    event({
      ip: '203.0.113.9',
      userAgent: 'curl',
      requestId: 'r1',
      comment: 'half\ud800 and \0',
      context: '{"a":1.0}',
    }),
    event({ action: 'refund', sourceId: shop, relationId: orders, recordKey: '42', user: null, data: digits }),
  ]);
  expect([login!.state, refund!.state]).toEqual(['new', 'new']);
  expect(await entry(login!.id!)).toMatchObject({
    action: 'login',
    timestamp: '2026-02-03T04:05:06.789000Z',
    source: 'rowtrail',
    table: null,
    user: { id: '7', name: 'Ana' },
    ip: '203.0.113.9',
    user_agent: 'curl',
    request_id: 'r1',
    comment: 'half\ufffd and \ufffd',
    context: { a: 1 },
    attribution: 'api',
    transaction: { id: login!.id!.toString(), xid: null, lsn: null, ordinal: 0, size: 1 },
    data: null,
    api: { token: 'ci' },
  });
  // An entry about a table is the table's source's, and its data keeps every digit.
  const detail = await getEntry(history.store, refund!.id!);
  expect(detail!.entry.json).toContain(`"data":${digits}`);
  expect(JSON.parse(detail!.entry.json.replace(digits, 'null'))).toMatchObject({
    source: 'shop',
    table: 'orders',
    record: '42',
    user: { id: 'ci', name: null },
  });
  const counts = await history.database.query(
    `select u.relation_id, a.kind, a.claim, u.action, u.count::int, u.min_id = u.max_id as one, u.bucket, s.name
     from ${SCHEMA}.rollups u join ${SCHEMA}.actors a on a.id = u.actor_id and a.source_id = u.source_id
     join ${SCHEMA}.sources s on s.id = u.source_id where u.attribution = 'api' order by u.action`,
  );
  const bucket = '2026-02-03 04:00:00+00';
  expect(counts.rows).toEqual([
    { relation_id: 0, kind: 'user', claim: '7', action: 'login', count: 1, one: true, bucket, name: 'rowtrail' },
    { relation_id: orders, kind: 'api', claim: 'ci', action: 'refund', count: 1, one: true, bucket, name: 'shop' },
  ]);
  expect((await history.database.query(`select from ${SCHEMA}.flushes`)).rowCount).toBe(0);
  await journal.stop();
});

it("finds an entry about a record among the record's, and by who did it", async () => {
  const journal = journalOn();
  const [one] = await journal.append([
    event({ sourceId: shop, relationId: orders, recordKey: '43', user: { id: '9', name: null } }),
  ]);
  for (const filter of [
    { ...NO_FILTER, table: ['orders'], record: ['43'] },
    { ...NO_FILTER, source: ['shop'], user: ['9'] },
    { ...NO_FILTER, action: ['login'], table: ['public.orders'] },
  ]) {
    const page = await listActivity(history.store, { filter, sort: '-id', limit: 10, after: null, before: null });
    expect(page.entries.map(({ id }) => id)).toEqual([one!.id]);
  }
  await journal.stop();
});

it('writes an event once, however often and whoever sends it, and refuses another one of its id', async () => {
  const journals = [journalOn(), journalOn()];
  const same = event();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => journals[n % 2]!.append([same, event()])));
  const firsts = answers.map(([first]) => first!);
  expect(new Set(firsts.map(({ id }) => id)).size).toBe(1);
  expect(firsts.filter(({ state }) => state === 'new')).toHaveLength(1);
  expect(new Set(answers.map(([, second]) => second!.id)).size).toBe(20);
  const other = event();
  const conflict = await journals[0]!.append([{ ...same, comment: 'another text' }, other]);
  expect(conflict).toEqual([
    { id: null, state: 'conflict' },
    { id: null, state: 'conflict' },
  ]);
  expect((await journals[1]!.append([other]))[0]!.state).toBe('new');
  await Promise.all(journals.map((journal) => journal.stop()));
});

it('never lets a reader that goes upwards pass an entry by, whichever source it reads', async () => {
  const journals = [journalOn(), journalOn()];
  const filter = { ...NO_FILTER, source: ['shop'] };
  let lastId = await latestId(history.store, filter);
  const seen: bigint[] = [];
  let isDone = false;
  const reading = (async () => {
    for (;;) {
      const wasDone = isDone;
      const next = await entriesAfter(history.store, lastId, filter, 1000);
      seen.push(...next.entries.map(({ id }) => id));
      lastId = next.lastId;
      if (wasDone && !next.more) return;
    }
  })();
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, n) => {
      const [written] = await journals[n % 2]!.append([event({ sourceId: shop, relationId: orders, recordKey: '1' })]);
      // A source's own blocks come between.
      if (n % 10 === 0) await history.closeBlock(await history.openBlock(shop, 3));
      return written!.id!;
    }),
  );
  isDone = true;
  await reading;
  expect(seen).toEqual(answers.toSorted((a, b) => (a < b ? -1 : 1)));
  await Promise.all(journals.map((journal) => journal.stop()));
});

it('batches callers: far fewer commits than calls', async () => {
  const journal = journalOn();
  const commits = async (): Promise<number> => {
    const result = await history.database.query(
      `select count(distinct e.xmin::text)::int as n from ${SCHEMA}.entries e where e.action = 'batched'`,
    );
    return result.rows[0].n;
  };
  await Promise.all(Array.from({ length: 400 }, () => journal.append([event({ action: 'batched' })])));
  expect(await commits()).toBeLessThan(10);
  expect(journal.counters).toEqual({ written: 400, dropped: 0, queued: 0 });
  await journal.stop();
});

it('does not let one call that the store refuses take others with it', async () => {
  const journal = journalOn();
  const bad = event({ data: '{"not json' });
  journal.note(event({ action: 'noted', data: '[' }));
  const results = await Promise.allSettled([
    journal.append([event()]),
    journal.append([event(), bad]),
    journal.append([event()]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(journal.counters).toMatchObject({ written: 2, dropped: 1, queued: 0 });
  await journal.stop();
});

it('keeps notes while the store is away, drops with count when there are too many, and writes the rest at the end', async () => {
  const pool = createPool('postgres://nobody@127.0.0.1:1/nowhere', 'test', { max: 1 });
  const journal = journalOn(pool);
  for (let n = 0; n < 10_050; n += 1) journal.note(event());
  expect(journal.counters).toMatchObject({ dropped: 50, queued: 10_000 });
  await expect(journal.append([event()])).rejects.toMatchObject({ code: 'RT_JOURNAL_FULL' });
  await journal.stop();
  expect(journal.counters).toMatchObject({ written: 0, dropped: 10_050 });
  await pool.end();

  const good = journalOn();
  good.note(event({ action: 'noted' }));
  await good.stop();
  expect(good.counters).toMatchObject({ written: 1, dropped: 0 });
  good.note(event());
  expect(good.counters.dropped).toBe(1);

  const waiting = journalOn();
  waiting.note(event({ action: 'noted' }));
  await until(async () => waiting.counters.written === 1, { timeoutMs: 5_000, what: 'a note is written by itself' });
  await waiting.stop();
});

it('answers callers who wait behind notes when the store cannot be had, and ends', async () => {
  const pool = createPool('postgres://nobody@127.0.0.1:1/nowhere', 'test', { max: 1 });
  const journal = journalOn(pool);
  for (let n = 0; n < 600; n += 1) journal.note(event());
  await expect(journal.append([event()])).rejects.toMatchObject({ code: 'RT_CONNECT' });
  expect(journal.counters).toMatchObject({ written: 0, dropped: 0, queued: 600 });
  await journal.stop();
  expect(journal.counters).toMatchObject({ written: 0, dropped: 600, queued: 0 });
  await pool.end();
});

it('forgets the ids of events whose entries are gone', async () => {
  const ids = async (): Promise<number> => (await history.database.query(`select from ${SCHEMA}.events`)).rowCount!;
  const before = await ids();
  await forgetEvents(history.store.pool, SCHEMA);
  expect(await ids()).toBe(before);
  await history.database.query(`insert into ${SCHEMA}.events values ($1, 1, '\\x00')`, [randomUUID()]);
  await forgetEvents(history.store.pool, SCHEMA);
  expect(await ids()).toBe(before);
});
