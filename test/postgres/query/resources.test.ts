import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_LIMIT } from '../../../src/query/activity.ts';
import { MAX_COUNTED } from '../../../src/query/busiest.ts';
import type { ResourceQuery } from '../../../src/query/resource-reader.ts';
import { listResources, MAX_SEARCHED } from '../../../src/query/resources.ts';
import { formatTime } from '../../../src/query/time.ts';
import { randomFrom } from './generated-history.ts';
import { createHistory, type History } from './history.ts';
import { RecordedTable, type KnownRevision } from './recorded-table.ts';

let history: History;
let tables: RecordedTable[];

const ALL: ResourceQuery = {
  sort: 'recent',
  table: [],
  source: [],
  user: [],
  from: null,
  to: null,
  limit: MAX_LIMIT,
  after: null,
  before: null,
};

beforeAll(async () => {
  history = await createHistory();
  const random = randomFrom(20260301);
  tables = [new RecordedTable(history, random, 'orders'), new RecordedTable(history, random, 'parcels')];
  const source = await history.addSource('shop');
  for (const table of tables) await table.prepare(source);
  for (let i = 0; i < 4; i += 1) for (const table of tables) await table.add(60);
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

/** Ids in the order of the list, by brute force. Truncates change no record here: they have no key. */
function expected(query: ResourceQuery): { id: bigint; count: number }[] {
  const groups = new Map<string, KnownRevision[]>();
  for (const table of tables) {
    if (query.table.length > 0 && !query.table.includes(table.table)) continue;
    for (const revision of table.revisions) {
      const matches =
        revision.action !== 'truncate' &&
        (query.from === null || formatTime(revision.at) >= query.from) &&
        (query.to === null || formatTime(revision.at) < query.to) &&
        (query.user.length === 0 || query.user.includes(revision.actor));
      if (!matches) continue;
      const group = `${table.table} ${query.sort === 'busiest' ? revision.key : revision.record}`;
      groups.set(group, [...(groups.get(group) ?? []), revision]);
    }
  }
  const ends = [...groups.values()].map((revisions) => ({
    id: (query.sort === 'oldest' ? revisions[0] : revisions.at(-1))?.id ?? 0n,
    count: revisions.length,
  }));
  const byId = (a: { id: bigint }, b: { id: bigint }): number => (a.id < b.id ? -1 : 1);
  return ends.toSorted((a, b) => (query.sort === 'oldest' ? byId(a, b) : byId(b, a)));
}

async function walk(query: ResourceQuery, limit: number): Promise<bigint[]> {
  const pages: bigint[][] = [];
  let page = await listResources(history.store, { ...query, limit });
  expect(page.meta.prev).toBeNull();
  for (;;) {
    pages.push(page.resources.map(({ id }) => id));
    if (page.meta.next === null) break;
    page = await listResources(history.store, { ...query, limit, after: page.meta.next });
  }
  const back = page.resources.map(({ id }) => id);
  for (let before = page.meta.prev; before !== null;) {
    const earlier = await listResources(history.store, { ...query, limit, before });
    back.unshift(...earlier.resources.map(({ id }) => id));
    before = earlier.meta.prev;
  }
  expect(back).toEqual(pages.flat());
  return pages.flat();
}

function middle(part: number): string {
  const times = tables.flatMap(({ revisions }) => revisions.map(({ at }) => at)).toSorted((a, b) => (a < b ? -1 : 1));
  return formatTime(times[Math.floor(times.length * part)] as bigint);
}

describe('records that were changed', () => {
  it.each([
    ['all', {}],
    ['of a table', { table: ['parcels'] }],
    ['of a table that is not known', { table: ['nothing'] }],
    ['by somebody', { user: ['orders:2'] }],
  ])('%s are listed once each, by last and by first change', async (_name, part) => {
    for (const sort of ['recent', 'oldest'] as const) {
      const query = { ...ALL, ...part, sort };
      const ids = expected(query).map(({ id }) => id);
      expect(await walk(query, Math.max(1, Math.ceil(ids.length / 4)))).toEqual(ids);
    }
  });

  it('are listed by their changes in a time', async () => {
    const times = { from: middle(0.4), to: middle(0.6) };
    for (const sort of ['recent', 'oldest'] as const) {
      for (const part of [times, { from: times.from }, { to: times.to }]) {
        const query = { ...ALL, ...part, sort };
        expect((await listResources(history.store, query)).resources.map(({ id }) => id)).toEqual(
          expected(query).map(({ id }) => id),
        );
      }
    }
  });

  it('are counted within a window, and in no longer one', async () => {
    const query = { ...ALL, sort: 'busiest' as const, from: middle(0.3), to: middle(0.45) };
    const known = expected(query);
    const page = await listResources(history.store, query);
    expect(page.resources.map(({ count }) => count)).toEqual(
      page.resources.map(({ count }) => count ?? 0).toSorted((a, b) => b - a),
    );
    const byId = (a: { id: bigint }, b: { id: bigint }): number => (a.id < b.id ? -1 : 1);
    const found = page.resources.map(({ id, count }) => ({ id, count }));
    expect(found.toSorted(byId)).toEqual(known.toSorted(byId));
    expect(page.meta).toMatchObject({ window: { from: query.from, to: query.to } });
    expect(await walk(query, Math.ceil(known.length / 3))).toEqual(page.resources.map(({ id }) => id));
    await expect(listResources(history.store, { ...query, from: '2025-01-01' })).rejects.toMatchObject({
      code: 'RT_FILTER',
    });
  });

  it('are all counted where what is much in the window is something else', async () => {
    const query = { ...ALL, sort: 'busiest' as const, from: middle(0.3), to: middle(0.45) };
    const counted = await listResources(history.store, query);
    const actor = (await history.database.query('select min(id) as id from audit.actors')).rows[0].id;
    const logins = (from: string): Promise<unknown> =>
      history.database.query(
        `insert into audit.rollups (bucket, relation_id, actor_id, action, attribution, source_id, count, min_id, max_id)
         values (date_bin('15 minutes', $1::timestamptz, '2000-01-01'), 0, $2, 'login', 'app', 1, $3, 1, 2)`,
        [from, actor, 10 * MAX_COUNTED],
      );
    await logins(middle(0.4));
    expect(await listResources(history.store, query)).toEqual(counted);
    // Nor is there anything to tell where nothing is counted.
    const nothing = { ...query, from: '2025-12-01T00:00:00Z', to: '2025-12-02T00:00:00Z' };
    await logins(nothing.from);
    const empty = await listResources(history.store, nothing);
    expect(empty.resources).toEqual([]);
    expect(empty.meta).not.toHaveProperty('searched');
    await history.count();
  });

  it('are no others than the viewer may see', async () => {
    for (const sort of ['recent', 'oldest', 'busiest'] as const) {
      const window = sort === 'busiest' ? { from: middle(0.3), to: middle(0.45) } : {};
      const viewer = { admin: true, tables: ['public.parcels'] };
      const store = { ...history.store, viewer };
      const seen = await listResources(store, { ...ALL, ...window, sort });
      expect(seen.resources.map(({ id }) => id)).toEqual(
        (await listResources(history.store, { ...ALL, ...window, sort, table: ['parcels'] })).resources.map(
          ({ id }) => id,
        ),
      );
      expect(seen.resources.length).toBeGreaterThan(0);
      const none = { ...store, viewer: { admin: true, tables: ['other.*'] } };
      expect((await listResources(none, { ...ALL, ...window, sort })).resources).toEqual([]);
    }
  });

  it('are not changed by an event about them, counted or not yet, wherever the list goes on', async () => {
    const source = await history.addSource('viewed');
    const relation = await history.addRelation(source, 'public', 'viewed', ['id']);
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const first = await history.openBlock(source, keys.length + 1);
    const entry = (n: number, key: string, action: string): object => ({
      id: first + BigInt(n),
      occurred_at: formatTime(1_780_000_000_000_000n + BigInt(n)),
      relation_id: relation,
      action,
      record_key: key,
    });
    await history.insert(
      'entries',
      keys.map((key, n) => ({ ...entry(n, key, 'update'), row: { id: key } })),
    );
    await history.count();
    await history.insert('entries', [{ ...entry(keys.length, 'b', 'viewed'), data: {} }]);
    const query = { ...ALL, table: ['viewed'] };
    const listed = keys.map((_key, n) => first + BigInt(n));
    const actor = (await history.database.query('select min(id) as id from audit.actors')).rows[0].id;
    // As a flush counts it, before it is folded.
    await history.database.query(
      `select audit.add_rollups($2::integer, json_agg(x)) from (
         select date_bin('15 minutes', occurred_at, '2000-01-01') as bucket, relation_id, $1::integer as actor_id, action, 'app' as attribution,
           1 as count, id as min_id, id as max_id from audit.entries where relation_id = $3 and action = 'viewed') x`,
      [actor, source, relation],
    );
    await history.closeBlock(first);
    for (const count of [() => Promise.resolve(), () => history.count()]) {
      await count();
      expect(await walk(query, 2)).toEqual(listed.toReversed());
      expect(await walk({ ...query, sort: 'oldest' }, 2)).toEqual(listed);
    }
  });

  it('are looked for in a bounded number of entries, with a cursor to go on', async () => {
    const source = await history.addSource('hot');
    const relation = await history.addRelation(source, 'public', 'hot', ['id']);
    const count = 2 * MAX_SEARCHED + 10_000;
    const first = await history.openBlock(source, count);
    await history.database.query(
      `insert into audit.entries (id, occurred_at, relation_id, action, record_key, row)
       select $1::bigint + n, timestamptz '2026-06-01' + n * interval '1 second', $2, 'update',
         case when n < 3 then 'cold' || n else 'hot' end, '{}' from generate_series(0, $3 - 1) n`,
      [first, relation, count],
    );
    await history.count();
    await history.closeBlock(first);
    const query = { ...ALL, table: ['hot'], limit: 3 };
    const records: string[] = [];
    let pages = 0;
    for (let after: string | null = null, done = false; !done;) {
      const page = await listResources(history.store, { ...query, after });
      records.push(...page.resources.map(({ record }) => record));
      pages += 1;
      if (pages === 1) expect(page.meta.searched?.entries).toBeGreaterThanOrEqual(MAX_SEARCHED);
      after = page.meta.next;
      done = after === null;
    }
    expect(records).toEqual(['hot', 'cold2', 'cold1', 'cold0']);
    expect(pages).toBeGreaterThan(2);
  });
});
