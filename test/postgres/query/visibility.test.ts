import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listActivity } from '../../../src/query/activity.ts';
import { getEntry, MAX_SIBLINGS } from '../../../src/query/entry.ts';
import { NO_FILTER, type ActivityFilter, type Sort } from '../../../src/query/filter.ts';
import { getBreakdown } from '../../../src/query/insight/breakdown.ts';
import { readStatus, type LiveSource } from '../../../src/query/status.ts';
import { inSnapshot, type StoreReader } from '../../../src/query/store-reader.ts';
import { entriesAfter, latestId } from '../../../src/query/tail.ts';
import { EVERYTHING, type Viewer } from '../../../src/query/visibility.ts';
import { GeneratedHistory, matches, randomFrom, type Known } from './generated-history.ts';
import { createHistory, SCHEMA, type History } from './history.ts';

const LIVE: LiveSource = {
  name: 'shop',
  state: 'waiting',
  since: new Date(0),
  error: { code: 'RT_CONNECT', message: 'public.customers is why', hint: 'look at public.customers' },
  standby: false,
  receivedLsn: 1n,
  sourceLsn: 9n,
  lagBytes: 8n,
  lagMs: 5,
  queuedBytes: 7,
  backlog: { bytes: 6, limitBytes: 9 },
  counters: { changes: 100, entries: 90, transactions: 80, unverifiedMessages: 0, flushes: 2, flushMs: 30, retries: 1 },
};

const VIEWERS: readonly (readonly [string, Viewer, (entry: Known) => boolean])[] = [
  ['one table', { admin: false, tables: ['public.orders'] }, ({ table }) => table === 'public.orders'],
  ['an admin of one table', { admin: true, tables: ['public.rare'] }, ({ table }) => table === 'public.rare'],
  [
    'patterns, the last of which decides',
    { admin: false, tables: ['*.*', '!public.*', 'public.c*'] },
    ({ table }) => table === 'archive.orders' || table === 'public.customers',
  ],
  ['every table', { admin: false, tables: null }, ({ table }) => table !== null],
  ['a table that is none', { admin: false, tables: ['public.nothing'] }, () => false],
  ['no pattern at all', { admin: true, tables: [] }, () => false],
];

const FILTERS: readonly Partial<ActivityFilter>[] = [
  {},
  { table: ['orders'] },
  { table: ['public.customers', 'public.rare'] },
  { record: ['3'] },
  { table: ['orders'], record: ['3', '4'] },
  { user: ['Rare'] },
  { user: ['7'], table: ['public.customers'] },
  { source: ['billing'] },
  { source: ['billing', 'shop'], action: ['truncate', 'login'] },
];

let history: History;
let generated: GeneratedHistory;

beforeAll(async () => {
  history = await createHistory();
  generated = new GeneratedHistory(history, randomFrom(20260207));
  await generated.prepare();
  await generated.add(4_000);
  await history.database.query('analyze');
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

function as(viewer: Viewer): StoreReader {
  return { ...history.store, viewer };
}

async function walk(store: StoreReader, part: Partial<ActivityFilter>, sort: Sort): Promise<bigint[]> {
  const found: bigint[] = [];
  let after: string | null = null;
  do {
    const page = await listActivity(store, {
      filter: { ...NO_FILTER, ...part },
      sort,
      limit: 900,
      after,
      before: null,
    });
    found.push(...page.entries.map(({ id }) => id));
    after = page.meta.next;
  } while (after !== null);
  return found;
}

describe.each(VIEWERS)('a viewer of %s', (_name, viewer, sees) => {
  it('is listed what it may see, and nothing else', async () => {
    for (const part of FILTERS) {
      const filter = { ...NO_FILTER, ...part };
      const rising = generated.known.filter((entry) => sees(entry) && matches(entry, filter)).map(({ id }) => id);
      rising.sort((a, b) => (a < b ? -1 : 1));
      expect(await walk(as(viewer), part, 'id')).toEqual(rising);
      expect(await walk(as(viewer), part, '-id')).toEqual(rising.toReversed());
    }
  });

  it('follows what it may see', async () => {
    const last = generated.known.reduce((most, { id }) => (id > most ? id : most), 0n);
    const seen: bigint[] = [];
    let { lastId, more } = { lastId: 0n, more: true };
    while (more) {
      const next = await entriesAfter(as(viewer), lastId, NO_FILTER, 700);
      seen.push(...next.entries.map(({ id }) => id));
      ({ lastId, more } = next);
    }
    expect(seen).toHaveLength(generated.known.filter(sees).length);
    expect(lastId).toBe(last);
    expect(await latestId(as(viewer), NO_FILTER)).toBe(last);
  });

  it('gets entries with the siblings that it may see', async () => {
    for (const entry of generated.known.slice(0, 60)) {
      const whole = await getEntry(as(EVERYTHING), entry.id);
      const detail = await getEntry(as(viewer), entry.id);
      if (!sees(entry)) {
        expect(detail).toBeUndefined();
        continue;
      }
      const siblings = (whole?.siblings.entries ?? []).filter(({ id }) => sees(known(id))).map(({ id }) => id);
      expect(detail?.siblings.entries.map(({ id }) => id)).toEqual(siblings);
      expect(detail?.siblings.total).toBe(String(siblings.length));
      expect(JSON.parse(detail?.entry.json ?? '').transaction).toMatchObject({ ordinal: null, size: null });
    }
  });
});

function known(id: bigint): Known {
  return generated.known.find((entry) => entry.id === id) as Known;
}

describe('what a limited viewer learns beside lists', () => {
  const limited: Viewer = { admin: true, tables: ['public.orders'] };

  it('is not which of its tables had a name before that another bears now', async () => {
    const source = await history.addSource('renaming');
    const mine = await history.addRelation(source, 'public', 'mine', ['id']);
    await history.database.query(
      `insert into ${SCHEMA}.relation_versions (relation_id, version, schema_name, table_name, columns)
       values ($1, 1, 'public', 'formerly', '[]')`,
      [mine],
    );
    const first = await history.openBlock(source, 1);
    await history.insert('entries', [
      { id: first, occurred_at: '2026-01-02T00:00:00Z', relation_id: mine, action: 'create', record_key: '1' },
    ]);
    await history.closeBlock(first);
    const store = as({ admin: false, tables: ['public.mine'] });
    for (const part of [{ table: ['formerly'] }, { table: ['formerly'], record: ['1'] }]) {
      expect(await walk(store, part, '-id')).toEqual([first]);
    }
    await history.addRelation(source, 'public', 'formerly', ['id']);
    for (const part of [{ table: ['formerly'] }, { table: ['formerly'], record: ['1'] }]) {
      expect(await walk(store, part, '-id')).toEqual([first]);
      expect(await walk(as(EVERYTHING), part, '-id')).toEqual([]);
    }
  });

  it("is not its tables' schema changes, nor Rowtrail's own entries", async () => {
    const [shop, own] = [await history.addSource('changing'), await history.addSource('rowtrail')];
    const relation = await history.addRelation(shop, 'public', 'changed', ['id']);
    const other = await history.addRelation(own, 'public', 'changed', ['id']);
    const first = await history.openBlock(shop, 3);
    const at = '2026-01-02T00:00:00Z';
    await history.insert('transactions', [{ id: first, source_id: shop, epoch: 1, committed_at: at, size: 3 }]);
    await history.insert('entries', [
      { id: first, occurred_at: at, relation_id: relation, action: 'schema', transaction_id: first, ordinal: 0 },
      { id: first + 1n, occurred_at: at, relation_id: relation, action: 'create', transaction_id: first, ordinal: 1 },
      { id: first + 2n, occurred_at: at, relation_id: other, action: 'create', transaction_id: first, ordinal: 2 },
    ]);
    await history.closeBlock(first);
    for (const viewer of [
      { admin: false, tables: null },
      { admin: true, tables: ['public.changed'] },
    ]) {
      expect(await walk(as(viewer), { table: ['changed'] }, '-id')).toEqual([first + 1n]);
      expect(await getEntry(as(viewer), first)).toBeUndefined();
      expect((await getEntry(as(viewer), first + 1n))?.siblings).toEqual({ entries: [], total: '0' });
    }
    expect(await walk(as(EVERYTHING), { table: ['changed'] }, '-id')).toEqual([first + 2n, first + 1n, first]);
  });

  it('is not the gaps, baselines and counts of other tables', async () => {
    const ids = await history.database.query(
      `select r.table_name, r.id, r.source_id, r.oid from ${SCHEMA}.relations r join ${SCHEMA}.sources s on s.id = r.source_id
       where s.name = 'shop' and r.schema_name = 'public'`,
    );
    const shop = ids.rows[0].source_id;
    const relation = Object.fromEntries(ids.rows.map((row) => [row.table_name, row]));
    for (const [table, detail] of [
      [null, 'public.customers could not be read'],
      ['customers', 'theirs'],
      ['orders', 'mine'],
    ] as const) {
      await history.database.query(
        `insert into ${SCHEMA}.gaps (source_id, epoch, reason, detail, relation_id, to_time) values ($1, 1, 'lost', $2, $3, now())`,
        [shop, detail, table === null ? null : relation[table].id],
      );
    }
    for (const table of ['customers', 'orders']) {
      await history.database.query(
        `insert into ${SCHEMA}.baselines (source_id, oid, schema_name, table_name) values ($1, $2, 'public', $3)`,
        [shop, relation[table].oid, table],
      );
    }
    const status = await readStatus(as(limited), [LIVE]);
    const found = status.sources.find(({ name }) => name === 'shop');
    expect(found?.gaps).toMatchObject({
      count: 2,
      latest: [
        { table: 'public.orders', detail: 'mine' },
        { table: null, detail: null, reason: 'lost' },
      ],
    });
    expect(found?.baseline).toMatchObject({ tables: 1, open: [{ table: 'public.orders' }] });
    expect(found?.live).toMatchObject({
      state: 'waiting',
      lag_bytes: null,
      queued_bytes: null,
      backlog_bytes: null,
      backlog_limit_bytes: null,
      counters: null,
    });
    expect(JSON.stringify(status)).not.toContain('customers');
    expect(status.store.entries_estimate).toBe(generated.known.filter(({ table }) => table === 'public.orders').length);
    const whole = (await readStatus(as(EVERYTHING), [LIVE])).sources.find(({ name }) => name === 'shop');
    expect(whole).toMatchObject({ gaps: { count: 3 }, baseline: { tables: 2 }, live: { counters: { changes: 100 } } });
  });

  it('is not how far other tables have filled the WAL, nor why a partition waits to be removed', async () => {
    await history.database.query(
      `insert into ${SCHEMA}.checkpoints (source_id, epoch, capture, end_lsn, acknowledged_lsn)
       select id, 1, 'wal', '0/AA00', '0/AA00' from ${SCHEMA}.sources where name = 'shop'`,
    );
    await history.database.query(
      `insert into ${SCHEMA}.removed_partitions (name, parent, low, high, note)
       values ('entries_2020_01', 'entries', 0, 1, 'public.customers has a reader')`,
    );
    const status = await readStatus(as(limited), [LIVE]);
    expect(status.store.removals_waiting).toMatchObject([{ partition: 'entries_2020_01', reason: null }]);
    expect(status.sources.find(({ name }) => name === 'shop')).toMatchObject({
      capture: 'wal',
      end_lsn: null,
      acknowledged_lsn: null,
      live: { received_lsn: null, source_lsn: null, lag_ms: 5 },
    });
    const whole = await readStatus(as(EVERYTHING), [LIVE]);
    expect(whole.store.removals_waiting).toMatchObject([{ reason: 'public.customers has a reader' }]);
    expect(whole.sources.find(({ name }) => name === 'shop')).toMatchObject({
      end_lsn: '0/AA00',
      live: { source_lsn: '0/9' },
    });
    await history.database.query(`delete from ${SCHEMA}.removed_partitions`);
  });

  it("is not the names that a source's users table gives to actors", async () => {
    await history.database.query(
      `insert into ${SCHEMA}.people (actor_id, name, seen_at)
       select a.id, 'Private Person ' || a.id, now() from ${SCHEMA}.actors a where a.name is null`,
    );
    const times = [
      // Counted by quarters of an hour, and by days and months.
      { from: '2026-01-01T00:15:00Z', to: '2026-01-02T23:45:00Z' },
      { from: '2026-01-01T00:00:00Z', to: '2026-06-01T00:00:00Z' },
    ];
    for (const time of times) {
      const query = { ...NO_FILTER, ...time, by: 'user' as const, limit: 100 };
      const names = async (viewer: Viewer): Promise<(string | null | undefined)[]> =>
        (await getBreakdown(as(viewer), query)).items.map(({ user }) => user?.name);
      expect((await names(EVERYTHING)).some((name) => name?.startsWith('Private'))).toBe(true);
      for (const [, viewer] of VIEWERS) {
        expect((await names(viewer)).some((name) => name?.startsWith('Private'))).toBe(false);
      }
    }
    await history.database.query(`delete from ${SCHEMA}.people`);
  });

  it('is asked for once in a snapshot', async () => {
    await inSnapshot(as(limited), async (snapshot) => {
      expect(snapshot.visibleRelations()).toBe(snapshot.visibleRelations());
      expect(await snapshot.visibleRelations()).toHaveLength(2);
    });
  });

  it('leaves out no sibling beyond those that are shown', async () => {
    const source = await history.addSource('large');
    const mine = await history.addRelation(source, 'public', 'mine2', ['id']);
    const theirs = await history.addRelation(source, 'public', 'theirs', ['id']);
    const first = await history.openBlock(source, 600);
    const at = '2026-01-02T00:00:00Z';
    await history.insert('transactions', [{ id: first, source_id: source, epoch: 1, committed_at: at, size: 600 }]);
    const entry = { occurred_at: at, transaction_id: first, action: 'create' };
    await history.insert(
      'entries',
      Array.from({ length: 600 }, (_, n) => ({
        ...entry,
        id: first + BigInt(n),
        ordinal: n,
        relation_id: n % 2 === 0 ? theirs : mine,
      })),
    );
    await history.closeBlock(first);
    const detail = await getEntry(as({ admin: false, tables: ['public.mine2'] }), first + 11n);
    expect(detail?.siblings.total).toBe('299');
    const shown = Array.from({ length: MAX_SIBLINGS + 1 }, (_, n) => first + 1n + 2n * BigInt(n));
    expect(detail?.siblings.entries.map(({ id }) => id)).toEqual(shown.filter((id) => id !== first + 11n));
  });
});
