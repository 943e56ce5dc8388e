import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listActivity, type ActivityPage } from '../../../src/query/activity.ts';
import { NO_FILTER, type ActivityFilter, type Sort } from '../../../src/query/filter.ts';
import { entriesAfter, latestId } from '../../../src/query/tail.ts';
import { formatTime } from '../../../src/query/time.ts';
import { GeneratedHistory, matches, randomFrom, START } from './generated-history.ts';
import { createHistory, type History } from './history.ts';

let history: History;
let generated: GeneratedHistory;

beforeAll(async () => {
  history = await createHistory();
  generated = new GeneratedHistory(history, randomFrom(20260131));
  await generated.prepare();
  await generated.add(7_000);
  await history.database.query('analyze');
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

function ids(page: ActivityPage): bigint[] {
  return page.entries.map((entry) => entry.id);
}

function expected(filter: ActivityFilter, sort: Sort): bigint[] {
  const found = generated.known.filter((entry) => matches(entry, filter)).map((entry) => entry.id);
  return found.toSorted((a, b) => ((sort === 'id' ? a < b : a > b) ? -1 : 1));
}

async function walk(
  filter: ActivityFilter,
  sort: Sort,
  limit: number,
  betweenPages: () => Promise<void> = async () => {},
): Promise<{ pages: bigint[][]; last: ActivityPage }> {
  const pages: bigint[][] = [];
  let after: string | null = null;
  for (;;) {
    const page = await listActivity(history.store, { filter, sort, limit, after, before: null });
    pages.push(ids(page));
    if (page.meta.next === null) return { pages, last: page };
    after = page.meta.next;
    await betweenPages();
  }
}

async function walkBack(filter: ActivityFilter, sort: Sort, limit: number, from: ActivityPage): Promise<bigint[]> {
  const found = ids(from);
  let before = from.meta.prev;
  while (before !== null) {
    const page = await listActivity(history.store, { filter, sort, limit, after: null, before });
    found.unshift(...ids(page));
    before = page.meta.prev;
  }
  return found;
}

const some = (...values: string[]): fc.Arbitrary<string[]> => fc.subarray(values, { maxLength: 2 });
const time = fc
  .integer({ min: -3_000, max: 12_000 })
  .map((minutes) => formatTime(START + BigInt(minutes) * 60_000_000n + 123_456n));
const filters: fc.Arbitrary<ActivityFilter> = fc
  .record({
    table: some('orders', 'public.orders', 'rare', 'public.customers', 'nowhere'),
    record: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, some('1', '2', '29', 'none')),
    user: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, some('7', 'Ana', '99', 'app', 'nobody')),
    source: some('shop', 'billing', 'elsewhere'),
    action: some('insert', 'update', 'truncate', 'login'),
    times: fc.option(fc.tuple(time, time).map((pair) => pair.toSorted())),
    ends: fc.subarray(['from', 'to'] as const),
  })
  .map(({ times, ends, table, record, user, source, action }) => ({
    ...NO_FILTER,
    table,
    record,
    user,
    source,
    action,
    from: ends.includes('from') ? (times?.[0] ?? null) : null,
    to: ends.includes('to') ? (times?.[1] ?? null) : null,
  }));

describe('the timeline', () => {
  it('holds what the filter says, page by page, forth and back', async () => {
    await fc.assert(
      fc.asyncProperty(
        filters,
        fc.constantFrom<Sort>('-id', 'id'),
        fc.integer({ min: 1, max: 8 }),
        async (filter, sort, pagesWanted) => {
          const all = expected(filter, sort);
          const limit = Math.max(1, Math.ceil(all.length / pagesWanted));
          const { pages, last } = await walk(filter, sort, Math.min(limit, 1000));
          expect(pages.flat()).toEqual(all);
          expect(await walkBack(filter, sort, Math.min(limit, 1000), last)).toEqual(all);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a rare table', { table: ['public.rare'] }],
    ['a rare action', { action: ['truncate'] }],
    ['a rare user', { user: ['Rare'] }],
    ['a rare user on a common table', { user: ['Rare'], table: ['orders'] }],
    ['one source', { source: ['billing'] }],
    ['both sources', { source: ['billing', 'shop'] }],
    ['a source and its events', { source: ['shop'], action: ['login'] }],
    ['a time long ago', { from: formatTime(START), to: formatTime(START + 3_600_000_000n) }],
    ['a record on any table', { record: ['3'] }],
  ])('finds %s', async (_name, part) => {
    const filter = { ...NO_FILTER, ...part };
    for (const sort of ['-id', 'id'] as const) {
      const all = expected(filter, sort);
      expect(all.length).toBeGreaterThan(0);
      expect((await walk(filter, sort, Math.ceil(all.length / 5))).pages.flat()).toEqual(all);
    }
  });

  it('gives an empty list for names it does not know', async () => {
    for (const part of [
      { table: ['nowhere'] },
      { user: ['nobody'] },
      { source: ['elsewhere'] },
      { record: ['none'] },
    ]) {
      const page = await listActivity(history.store, {
        filter: { ...NO_FILTER, ...part },
        sort: '-id',
        limit: 50,
        after: null,
        before: null,
      });
      expect(page).toEqual({ entries: [], meta: { next: null, prev: null } });
    }
  });

  it('keeps its pages while entries are appended', async () => {
    const filter = { ...NO_FILTER, table: ['orders'] };
    const before = expected(filter, '-id');
    const append = (): Promise<void> => generated.add(20);
    expect((await walk(filter, '-id', 700, append)).pages.flat()).toEqual(before);
    const rising = (await walk(filter, 'id', 700, append)).pages.flat();
    expect(rising).toEqual(expected(filter, 'id').slice(0, rising.length));
    expect(rising.length).toBeGreaterThanOrEqual(before.length);
  });

  it('goes on from meta.resume with what has been added since', async () => {
    const filter = { ...NO_FILTER, user: ['Ana'] };
    const { last } = await walk(filter, 'id', 1000);
    const query = { filter, sort: 'id' as const, limit: 1000, before: null };
    const nothing = await listActivity(history.store, { ...query, after: last.meta.resume as string });
    expect(nothing.entries).toEqual([]);
    const seen = expected(filter, 'id').length;
    await generated.add(100);
    const added = await listActivity(history.store, { ...query, after: nothing.meta.resume as string });
    expect(ids(added)).toEqual(expected(filter, 'id').slice(seen));
    expect(ids(added).length).toBeGreaterThan(0);
    const back = await listActivity(history.store, { ...query, after: null, before: nothing.meta.prev });
    expect(ids(back).at(-1)).toBe(expected(filter, 'id')[seen - 1]);
  });

  it('refuses a cursor of another filter, another sort, or none at all', async () => {
    const query = { filter: NO_FILTER, sort: '-id' as const, limit: 1, after: null, before: null };
    const { next } = (await listActivity(history.store, query)).meta;
    const wrong = [
      { ...query, after: next, filter: { ...NO_FILTER, table: ['orders'] } },
      { ...query, after: next, sort: 'id' as const },
      { ...query, after: 'AAAA' },
      { ...query, before: `${next}x` },
      { ...query, after: next, before: next },
    ];
    for (const attempt of wrong) {
      await expect(listActivity(history.store, attempt)).rejects.toMatchObject({ code: 'RT_FILTER' });
    }
  });
});

describe('the safe horizon', () => {
  it('keeps ascending readers below an open block, and newest-first ones not', async () => {
    const source = (await history.database.query("select id from audit.sources where name = 'shop'")).rows[0].id;
    const start = await latestId(history.store, NO_FILTER);
    const open = await history.openBlock(source, 10);
    const seen = generated.known.length;
    await generated.add(30);
    const late = generated.known.slice(seen).map((entry) => entry.id);

    const rising = { filter: NO_FILTER, sort: 'id' as const, limit: 1000, before: null };
    const { last } = await walk(NO_FILTER, 'id', 1000);
    expect(ids(last).every((id) => id < open)).toBe(true);
    expect(await latestId(history.store, NO_FILTER)).toBe(open - 1n);
    expect((await entriesAfter(history.store, start, NO_FILTER, 1000)).entries).toEqual([]);
    const newest = await listActivity(history.store, { ...rising, sort: '-id', limit: late.length, after: null });
    expect(ids(newest).toReversed()).toEqual(late);

    await history.insert('entries', [{ id: open, occurred_at: formatTime(START), action: 'login' }]);
    await history.closeBlock(open);
    const added = await listActivity(history.store, { ...rising, after: last.meta.resume as string });
    expect(ids(added)).toEqual([open, ...late]);
    expect((await entriesAfter(history.store, start, NO_FILTER, 1000)).entries.map(({ id }) => id)).toEqual([
      open,
      ...late,
    ]);
  });

  it('of one source, or of the tables of one, is not held by a block of another', async () => {
    const { database, store } = history;
    await database.query("insert into audit.sources (name) values ('elsewhere')");
    const elsewhere = (await database.query("select id from audit.sources where name = 'elsewhere'")).rows[0].id;
    const open = await history.openBlock(elsewhere, 10);
    const table = (
      await database.query(`select r.table_name from audit.relations r join audit.sources s on s.id = r.source_id
      where s.name = 'shop' limit 1`)
    ).rows[0].table_name;
    for (const free of [{ source: ['shop'] }, { table: [table] }, { source: ['shop'], table: [table] }]) {
      expect(await latestId(store, { ...NO_FILTER, ...free })).toBe(open + 9n);
    }
    for (const held of [{}, { source: ['elsewhere'] }, { source: ['shop', 'elsewhere'] }]) {
      expect(await latestId(store, { ...NO_FILTER, ...held })).toBe(open - 1n);
    }
    await history.closeBlock(open);
  });

  it('is not held by a block of a writer that has lost its source to another', async () => {
    const { database, store } = history;
    const source = (await database.query("select id from audit.sources where name = 'shop'")).rows[0].id;
    const open = await history.openBlock(source, 10);
    expect(await latestId(store, NO_FILTER)).toBe(open - 1n);
    await database.query(
      `insert into audit.checkpoints (source_id, epoch, capture, end_lsn, acknowledged_lsn, writer)
       values ($1, 1, 'wal', '0/1', '0/1', gen_random_uuid())`,
      [source],
    );
    expect(await latestId(store, NO_FILTER)).toBe(open + 9n);
    await database.query('delete from audit.checkpoints where source_id = $1', [source]);
    await history.closeBlock(open);
  });

  it('is followed by tail in bites, without a loss', async () => {
    const start = await latestId(history.store, NO_FILTER);
    const seen = generated.known.length;
    await generated.add(200);
    const filter = { ...NO_FILTER, table: ['orders'] };
    const found: bigint[] = [];
    let from = start;
    for (let more = true; more;) {
      const bite = await entriesAfter(history.store, from, filter, 7);
      found.push(...bite.entries.map(({ id }) => id));
      from = bite.lastId;
      more = bite.more;
    }
    expect(found).toEqual(
      generated.known
        .slice(seen)
        .filter((entry) => matches(entry, filter))
        .map(({ id }) => id),
    );
    expect(from).toBe(await latestId(history.store, NO_FILTER));
  });
});
