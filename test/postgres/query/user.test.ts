import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listTables } from '../../../src/query/tables.ts';
import { formatTime } from '../../../src/query/time.ts';
import { listUsers, type UserQuery } from '../../../src/query/user-list.ts';
import { getUser } from '../../../src/query/user.ts';
import { GeneratedHistory, randomFrom, START, type Known } from './generated-history.ts';
import { createHistory, type History } from './history.ts';

let history: History;
let generated: GeneratedHistory;

const ALL: UserQuery = {
  sort: 'recent',
  q: null,
  source: [],
  from: null,
  to: null,
  limit: 1000,
  after: null,
  before: null,
};

beforeAll(async () => {
  history = await createHistory();
  generated = new GeneratedHistory(history, randomFrom(20260505));
  await generated.prepare();
  await generated.add(3_000);
  const people = [
    { claim: '7', name: 'Ana Person' },
    { claim: 'idle', name: 'Never Acted' },
    { claim: 'gone', name: null },
  ];
  const shop = (await history.database.query(`select id from audit.sources where name = 'shop'`)).rows[0].id;
  const record = (list: object[], time: string) =>
    history.database.query('select audit.record_people($1, $2, $3)', [shop, JSON.stringify(list), time]);
  await record(people, '2026-05-01');
  await record(people.slice(0, 2), '2026-05-02');
  await history.database.query('select audit.end_people($1, $2)', [shop, '2026-05-02']);
  await history.database.query('select audit.fold_rollups(1000000)');
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

function idOf({ source, user }: Pick<Known, 'source' | 'user'>): string {
  return `${source}:${user === 'app' ? 'database' : 'user'}:${user}`;
}

/** By brute force: id → its entries, oldest first. */
function byUser(matches: (entry: Known) => boolean): Map<string, Known[]> {
  const users = new Map<string, Known[]>();
  for (const entry of generated.known.filter(matches)) {
    users.set(idOf(entry), [...(users.get(idOf(entry)) ?? []), entry]);
  }
  return users;
}

async function walk(query: UserQuery, store = history.store) {
  const limit = 2;
  let page = await listUsers(store, { ...query, limit });
  const found = [...page.users];
  while (page.meta.next !== null) {
    page = await listUsers(store, { ...query, limit, after: page.meta.next });
    found.push(...page.users);
  }
  const back = [...page.users];
  while (page.meta.prev !== null) {
    page = await listUsers(store, { ...query, limit, before: page.meta.prev });
    back.unshift(...page.users);
  }
  expect(back).toEqual(found);
  return found;
}

describe('users', () => {
  it.each([
    ['everybody', {}, () => true],
    ['of a source', { source: ['billing'] }, ({ source }: Known) => source === 'billing'],
    ['by a part of the name', { q: 'AN' }, ({ userName }: Known) => userName?.toLowerCase().includes('an') === true],
    [
      'in a time',
      { from: formatTime(START + 2_000n * 60_000_000n), to: formatTime(START + 3_007n * 60_000_000n) },
      ({ at }: Known) => at >= START + 2_000n * 60_000_000n && at < START + 3_007n * 60_000_000n,
    ],
  ] as const)('are listed: %s', async (_name, part, matches) => {
    for (const sort of ['recent', 'most', 'least'] as const) {
      const users = byUser(matches);
      const found = await walk({ ...ALL, ...part, sort });
      const acted = found.filter(({ count }) => count > 0);
      expect(new Map(acted.map(({ id, count }) => [id, count]))).toEqual(
        new Map([...users].map(([id, entries]) => [id, entries.length])),
      );
      for (const { id, first_action: first, last_action: last } of acted) {
        expect([id, first]).toEqual([id, formatTime((users.get(id) as [Known])[0].at)]);
        expect([id, last]).toEqual([id, formatTime((users.get(id) as Known[]).at(-1)?.at ?? 0n)]);
      }
      const ranks = found.map(({ id, count }) =>
        sort === 'recent' ? (users.get(id)?.at(-1)?.id ?? 0n) : BigInt(count),
      );
      const order = ranks.toSorted((a, b) => (a < b ? -1 : 1));
      expect(ranks).toEqual(sort === 'least' ? order : order.toReversed());
    }
  });

  it('are found by a part of the name, be they few or most of them', async () => {
    await using store = await createHistory();
    await store.addSource('shop');
    await store.database.query(`
      insert into audit.actors (source_id, kind, claim, name)
        select 1, 'user', 'c' || n, case when n % 3 = 0 then 'Ana' else 'Ben' end || n from generate_series(1, 3100) n;
      insert into audit.actor_totals (actor_id, count, min_id, max_id) select id, id % 17, id, id from audit.actors;
      insert into audit.people (actor_id, name, seen_at) select id, 'Cleo', now() from audit.actors where id % 100 = 0`);
    const all = await store.database.query(
      `select a.claim, lower(claim || ' ' || a.name || case when a.id % 100 = 0 then ' cleo' else '' end) as text, t.count, t.actor_id
       from audit.actors a join audit.actor_totals t on t.actor_id = a.id`,
    );
    for (const q of ['ANA', 'ben30', 'Cleo', 'c', 'nobody']) {
      const matching = all.rows.filter(({ text }) => text.includes(q.toLowerCase()));
      for (const sort of ['recent', 'most', 'least'] as const) {
        const rank = ({ count, actor_id: id }: (typeof all.rows)[number]): number =>
          sort === 'recent' ? id : sort === 'most' ? count * 10_000 + id : -count * 10_000 - id;
        const ranked = matching.toSorted((a, b) => rank(b) - rank(a)).map(({ claim }) => claim);
        const first = await listUsers(store.store, { ...ALL, q, sort, limit: 700 });
        expect(first.users.map(({ claim }) => claim)).toEqual(ranked.slice(0, 700));
        expect(first.meta.next === null).toBe(ranked.length <= 700);
        if (first.meta.next === null) continue;
        const next = await listUsers(store.store, { ...ALL, q, sort, limit: 700, after: first.meta.next });
        expect(next.users.map(({ claim }) => claim)).toEqual(ranked.slice(700, 1_400));
      }
    }
  });

  it('are also the people who never acted, and those who are gone', async () => {
    const people = (await walk({ ...ALL, sort: 'least' })).filter(({ person }) => person !== null);
    expect(people.map(({ id, name, count, person }) => [id, name, count > 0, person?.left_at])).toEqual([
      ['shop:user:gone', null, false, '2026-05-02T00:00:00.000000Z'],
      ['shop:user:idle', 'Never Acted', false, null],
      ['shop:user:7', 'Ana', true, null],
    ]);
    expect((await walk({ ...ALL, q: 'ana person' })).map(({ id }) => id)).toEqual(['shop:user:7']);
    expect(await getUser(history.store, 'shop:user:idle')).toMatchObject({
      name: 'Never Acted',
      count: 0,
      first: null,
      last: null,
      tables: [],
      resources: [],
      ips: { data: [], exact: true },
    });
  });

  it('tell what they did, to what', async () => {
    for (const [id, entries] of byUser(() => true)) {
      const user = await getUser(history.store, id);
      expect(user).toMatchObject({
        id,
        count: entries.length,
        first: { id: String(entries[0]?.id) },
        last: { id: String(entries.at(-1)?.id) },
        logins: { count: entries.filter(({ action }) => action === 'login').length },
      });
      // The most first, and equal ones by name.
      const sum = (keyOf: (entry: Known) => string | null): [string, number][] => {
        const sums = new Map<string, number>();
        for (const entry of entries) {
          const key = keyOf(entry);
          if (key !== null) sums.set(key, (sums.get(key) ?? 0) + 1);
        }
        return [...sums].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
      };
      expect(Object.entries(user?.actions ?? {})).toEqual(sum(({ action }) => action));
      expect(user?.tables.map(({ schema, table, count }) => [`${schema}.${table}`, count])).toEqual(
        sum(({ table }) => table),
      );
      const changed = entries.toReversed().filter(({ table, action }) => table !== null && action !== 'truncate');
      const records = [...new Set(changed.map(({ table, record }) => `${table} ${record}`))].slice(0, 20);
      expect(user?.resources.map(({ schema, table, record }) => `${schema}.${table} ${record}`)).toEqual(records);
    }
    for (const id of ['shop:user:nobody', 'shop:7', 'nowhere:user:7', '']) {
      expect(await getUser(history.store, id)).toBeUndefined();
    }
  });

  it('are, to a limited viewer, those who did what it may see', async () => {
    const store = { ...history.store, viewer: { admin: false, tables: ['public.rare'] } };
    const users = byUser(({ table }) => table === 'public.rare');
    const found = await walk({ ...ALL, sort: 'most' }, store);
    expect(new Map(found.map(({ id, count }) => [id, count]))).toEqual(
      new Map([...users].map(([id, entries]) => [id, entries.length])),
    );
    expect(found.every(({ person }) => person === null)).toBe(true);
    for (const id of byUser(() => true).keys()) {
      const user = await getUser(store, id);
      expect(user?.count).toBe(users.get(id)?.length);
      expect(new Set(user?.tables.map(({ table }) => table))).toEqual(new Set(user === undefined ? [] : ['rare']));
      expect((user?.resources ?? []).every(({ table }) => table === 'rare')).toBe(true);
    }
    expect(await getUser(store, 'shop:user:idle')).toBeUndefined();
  });
});

describe("a user's records", () => {
  const created = Array.from({ length: 30 }, (_, i) => ['create', `r${i}`] as const);
  const latest = created.map(([, record]) => record).toReversed();

  it.each([
    ['are those that were changed before a hundred changes of one', ['update', 'busy'], 100, ['busy', ...latest]],
    ['are those that were changed before a thousand logins', ['login', null], 1_000, latest],
    ['are those that were changed before a thousand changes of one', ['update', 'busy'], 1_000, ['busy', ...latest]],
  ] as const)('%s', async (_name, then, times, expected) => {
    await using store = await createHistory();
    const source = await store.addSource('shop');
    const relation = await store.addRelation(source, 'public', 'orders', ['id']);
    const actor = await store.addActor(source, 'user', '7');
    const done = [...created, ...Array.from({ length: times }, () => then)];
    const first = await store.openBlock(source, done.length);
    const at = formatTime(START);
    const context = { id: first, transaction_id: first, source_id: source };
    await store.insert('transactions', [
      { id: first, source_id: source, epoch: 1, committed_at: at, size: done.length },
    ]);
    await store.insert('contexts', [
      { ...context, last_id: first + BigInt(done.length) - 1n, actor_id: actor, attribution: 'app' },
    ]);
    await store.insert(
      'entries',
      done.map(([action, record], ordinal) => ({
        id: first + BigInt(ordinal),
        occurred_at: at,
        transaction_id: first,
        context_id: first,
        ordinal,
        relation_id: record === null ? null : relation,
        action,
        record_key: record,
      })),
    );
    await store.closeBlock(first);
    await store.count();
    const user = await getUser(store.store, 'shop:user:7');
    expect(user?.count).toBe(done.length);
    expect(user?.resources.map(({ record }) => record)).toEqual(expected.slice(0, 20));
    expect(user?.ips.exact).toBe(done.length <= 500);
  });
});

describe('tables', () => {
  it('are listed with their counts, page by page', async () => {
    const expected = new Map<string, number>();
    for (const { source, table } of generated.known) {
      if (table !== null) expected.set(`${source} ${table}`, (expected.get(`${source} ${table}`) ?? 0) + 1);
    }
    await history.database.query(
      `insert into audit.gaps (source_id, epoch, reason, relation_id, from_time)
       select source_id, 1, 'untracked', id, now() from audit.relations where table_name = 'rare' limit 1`,
    );
    const found: string[] = [];
    let after: string | null = null;
    do {
      const page = await listTables(history.store, { source: [], limit: 3, after, before: null });
      for (const { source, schema, table, entries, actions, last_activity: last, coverage } of page.tables) {
        found.push(`${source} ${schema}.${table}`);
        expect(entries).toBe(expected.get(`${source} ${schema}.${table}`) ?? 0);
        expect(Object.values(actions).reduce((a, b) => a + b, 0)).toBe(entries);
        expect(last === null).toBe(entries === 0);
        expect(coverage.gaps).toBe(coverage.open_gaps);
        expect(coverage.state).toBe(coverage.gaps === 0 ? 'covered' : 'partial');
      }
      after = page.meta.next;
    } while (after !== null);
    expect(found).toEqual(found.toSorted());
    expect(new Set(found)).toEqual(new Set([...expected.keys(), ...found]));
    expect(found).toHaveLength(8);
    const store = { ...history.store, viewer: { admin: true, tables: ['public.rare'] } };
    const limited = await listTables(store, { source: ['shop'], limit: 50, after: null, before: null });
    expect(limited.tables.map(({ table }) => table)).toEqual(['rare']);
  });
});
