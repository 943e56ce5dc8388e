import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { getBreakdown } from '../../../src/query/insight/breakdown.ts';
import { getHeatmap } from '../../../src/query/insight/heatmap.ts';
import { getSummary } from '../../../src/query/insight/summary.ts';
import { getTimeseries } from '../../../src/query/insight/timeseries.ts';
import type { InsightQuery } from '../../../src/query/insight/window.ts';
import type { StoreReader } from '../../../src/query/store-reader.ts';
import { formatTime } from '../../../src/query/time.ts';
import { isOfOneHiddenClass } from '../../harness/hidden-class.ts';
import { GeneratedHistory, matches, randomFrom, START, type Known } from './generated-history.ts';
import { createHistory, type History } from './history.ts';

let history: History;
let generated: GeneratedHistory;

beforeAll(async () => {
  history = await createHistory();
  generated = new GeneratedHistory(history, randomFrom(20260411));
  await generated.prepare();
  for (let i = 0; i < 6; i += 1) {
    await generated.add(700);
    // The last ones stay pending: they count as the others do.
    if (i < 4) await history.database.query('select audit.fold_rollups($1)', [3]);
  }
  await history.database.query('analyze');
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

const some = (...values: string[]): fc.Arbitrary<string[]> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant<string[]>([]) }, fc.subarray(values, { maxLength: 2 }));
const time = fc
  .integer({ min: -1_000, max: 9_000 })
  .map((minutes) => formatTime(START + BigInt(minutes) * 60_000_000n + 123_456n));
const queries: fc.Arbitrary<InsightQuery> = fc
  .record({
    table: some('orders', 'public.orders', 'rare', 'nowhere'),
    user: some('7', 'Ana', '99', 'nobody'),
    source: some('shop', 'billing'),
    action: some('insert', 'update', 'login'),
    times: fc.uniqueArray(time, { minLength: 2, maxLength: 2 }),
  })
  .map(({ times: [a = '', b = ''], ...rest }) => ({ ...rest, from: a < b ? a : b, to: a < b ? b : a }));

function expected(query: InsightQuery, visible: (entry: Known) => boolean = () => true): Known[] {
  return generated.known.filter((entry) => visible(entry) && matches(entry, { ...NO_FILTER, ...query }));
}

function counts<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, number> {
  const found = new Map<string, number>();
  for (const item of items) found.set(keyOf(item), (found.get(keyOf(item)) ?? 0) + 1);
  return found;
}

async function countsBy(
  store: StoreReader,
  query: InsightQuery,
  by: 'table' | 'user' | 'action' | 'source' | 'attribution',
): Promise<Map<string, number>> {
  const { items, meta } = await getBreakdown(store, { ...query, by, limit: 1000 });
  const sizes = items.map(({ count }) => count);
  expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  expect(meta.exact).toBe(true);
  expect([items.length, null]).toContain(meta.groups);
  expect([sizes.reduce((a, b) => a + b, 0), null]).toContain(meta.total);
  return new Map(
    items.map(({ count, ...item }) => [
      item.user?.id ??
        item.action ??
        item.attribution ??
        (by === 'table' ? `${item.source} ${item.schema}.${item.table}` : `${item.source}`),
      count,
    ]),
  );
}

describe('insights', () => {
  it('count what the entries are, over any time and filter', async () => {
    await fc.assert(
      fc.asyncProperty(queries, async (query) => {
        const known = expected(query);
        expect(await countsBy(history.store, query, 'action')).toEqual(counts(known, ({ action }) => action));
        expect(await countsBy(history.store, query, 'attribution')).toEqual(
          counts(known, ({ attribution }) => attribution),
        );
        expect(await countsBy(history.store, query, 'source')).toEqual(counts(known, ({ source }) => source));
        const tables = await countsBy(history.store, query, 'table');
        const nameless = [...tables].filter(([name]) => name === 'null null.null').map(([, count]) => count);
        expect(nameless).toEqual(
          known.some(({ table }) => table === null) ? [known.filter(({ table }) => table === null).length] : [],
        );
        tables.delete('null null.null');
        expect(tables).toEqual(
          counts(
            known.filter(({ table }) => table !== null),
            ({ source, table }) => `${source} ${table}`,
          ),
        );
        expect(await countsBy(history.store, query, 'user')).toEqual(
          counts(known, ({ source, user }) => `${source}:${user === 'app' ? 'database' : 'user'}:${user}`),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('sum a period and the one before it', async () => {
    await fc.assert(
      fc.asyncProperty(queries, async (query) => {
        const { current, previous } = await getSummary(history.store, query);
        const [from, to] = [query.from, query.to].map((text) => BigInt(Date.parse(text ?? '')) * 1000n + 456n) as [
          bigint,
          bigint,
        ];
        const before = { ...query, from: formatTime(from - (to - from)), to: formatTime(from) };
        for (const [summary, of] of [
          [current, query],
          [previous, before],
        ] as const) {
          const known = expected(of);
          const count = (action: string): number => known.filter((entry) => entry.action === action).length;
          const changed = known.filter(({ action }) => ['create', 'update', 'delete'].includes(action));
          expect(summary).toEqual({
            window: { from: of.from, to: of.to },
            exact: true,
            actions: known.length,
            creates: count('create'),
            updates: count('update'),
            deletes: count('delete'),
            truncates: count('truncate'),
            baselines: 0,
            direct: known.filter(({ attribution }) => attribution === 'database').length,
            actors: { value: counts(known, ({ source, user }) => `${source} ${user}`).size, exact: true },
            resources: {
              value: counts(changed, ({ source, table, record }) => `${source} ${table} ${record}`).size,
              exact: true,
            },
            reverts: 0,
          });
        }
      }),
      { numRuns: 25 },
    );
  });

  it('lay entries out over time', async () => {
    await fc.assert(
      fc.asyncProperty(queries, fc.constantFrom('15min', 'hour', 'day', 'week'), async (query, bucket) => {
        const { points } = await getTimeseries(history.store, { ...query, bucket, by: 'action' });
        const known = expected(query);
        expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(known.length);
        const size = { '15min': 900_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 }[bucket];
        // A week begins on Monday.
        const shift = bucket === 'week' ? 4 * 86_400_000 : 0;
        const startOf = (ms: number): number => Math.floor((ms - shift) / size) * size + shift;
        const byStart = counts(known, ({ at, action }) => `${startOf(Number(at / 1000n))} ${action}`);
        const found = points.flatMap(({ time, actions }) =>
          Object.entries(actions ?? {}).map(([action, count]) => [`${Date.parse(time)} ${action}`, count] as const),
        );
        expect(new Map(found)).toEqual(byStart);
        const starts = points.map(({ time }) => Date.parse(time));
        for (const [i, start] of starts.entries()) if (i > 0) expect(start - (starts[i - 1] as number)).toBe(size);
      }),
      { numRuns: 25 },
    );
  });

  it.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe'])(
    'lay entries out over the week in %s',
    async (tz) => {
      const format = new Intl.DateTimeFormat('en-US', {
        timeZone: tz,
        weekday: 'short',
        hour: 'numeric',
        hourCycle: 'h23',
      });
      const query = { ...NO_FILTER, from: formatTime(START), to: formatTime(START + 7_000n * 60_000_000n) };
      const known = counts(expected(query), ({ at }) => {
        const parts = new Map(format.formatToParts(Number(at / 1000n)).map(({ type, value }) => [type, value]));
        return `${parts.get('weekday')} ${Number(parts.get('hour'))}`;
      });
      const { cells } = await getHeatmap(history.store, { ...query, tz });
      expect(cells).toHaveLength(168);
      const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
      const found = cells.filter(({ count }) => count > 0);
      expect(new Map(found.map(({ weekday, hour, count }) => [`${days[weekday - 1]} ${hour}`, count]))).toEqual(known);
    },
  );

  it('count the columns that updates changed, of everything and of what is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(queries, async (query) => {
        const { items, meta } = await getBreakdown(history.store, { ...query, by: 'field', limit: 100 });
        const changes = expected(query).flatMap(({ source, table, action, changed }) =>
          action === 'update' ? changed.map((field) => `${source} ${table} ${field}`) : [],
        );
        const known = new Map<string, number>();
        for (const change of changes) known.set(change, (known.get(change) ?? 0) + 1);
        const found = items.map(
          ({ source, schema, table, field, count }) => [`${source} ${schema}.${table} ${field}`, count] as const,
        );
        expect(new Map(found)).toEqual(known);
        expect([meta.groups, meta.total, meta.searched]).toEqual([known.size, changes.length, undefined]);
      }),
      { numRuns: 40 },
    );
  });

  it('tell a limited viewer of no other tables', async () => {
    const store = { ...history.store, viewer: { admin: false, tables: ['public.orders', 'public.rare'] } };
    const visible = ({ table }: Known): boolean => table === 'public.orders' || table === 'public.rare';
    for (const part of [{}, { table: ['orders'] }, { table: ['public.customers'] }, { user: ['Ana'] }]) {
      const query = { ...NO_FILTER, from: formatTime(START), to: formatTime(START + 12_000n * 60_000_000n), ...part };
      const known = expected(query, visible);
      expect(await countsBy(store, query, 'action')).toEqual(counts(known, ({ action }) => action));
      expect(await countsBy(store, query, 'table')).toEqual(counts(known, ({ source, table }) => `${source} ${table}`));
      expect(await countsBy(store, query, 'user')).toEqual(
        counts(known, ({ source, user }) => `${source}:${user === 'app' ? 'database' : 'user'}:${user}`),
      );
      expect((await getSummary(store, query)).current).toMatchObject({
        actions: known.length,
        actors: expect.objectContaining({ value: counts(known, ({ source, user }) => `${source} ${user}`).size }),
      });
    }
  });

  it('refuse an empty time, too many points, and a zone that is none', async () => {
    const query = { ...NO_FILTER, from: '2026-01-02', to: '2026-01-01' };
    await expect(getSummary(history.store, query)).rejects.toMatchObject({ code: 'RT_FILTER' });
    await expect(getSummary(history.store, { ...query, to: '2026-01-02' })).rejects.toMatchObject({
      code: 'RT_FILTER',
    });
    const long = { ...query, from: '0001-01-01', to: '9999-12-31', bucket: 'hour' as const, by: null };
    await expect(getTimeseries(history.store, long)).rejects.toMatchObject({ code: 'RT_FILTER' });
    await expect(getHeatmap(history.store, { ...query, to: '2026-01-03', tz: 'Mars/Base' })).rejects.toMatchObject({
      code: 'RT_FILTER',
    });
    expect((await getSummary(history.store, { ...long, from: '1970-01-01' })).current.actions).toBe(
      generated.known.length,
    );
  });
});

describe('folding', () => {
  it('changes no count, and each coarser table holds all of them', async () => {
    const { database } = history;
    await database.query('select audit.fold_rollups(1000000)');
    const total = generated.known.length;
    for (const table of [
      'rollups',
      'source_days',
      'relation_days',
      'relation_day_totals',
      'relation_month_totals',
      'relation_totals',
      'actor_day_totals',
      'actor_month_totals',
      'actor_relation_totals',
      'actor_totals',
    ]) {
      const { rows } = await database.query(
        `select sum(count)::integer as total, max(max_id)::text as last from audit.${table}`,
      );
      expect([table, rows[0]]).toEqual([
        table,
        { total, last: String(generated.known.map(({ id }) => id).reduce((a, b) => (a > b ? a : b))) },
      ]);
    }
    const quarters = await database.query(
      `select sum(q)::integer as total from audit.source_days cross join unnest(quarters) q`,
    );
    expect(quarters.rows[0].total).toBe(total);
    const hours = await database.query(
      `select day from audit.source_days d
       where exists (select from generate_series(1, 24) h(n) where d.hours[h.n] is distinct from
         (select sum(q) from unnest(d.quarters[h.n * 4 - 3:h.n * 4]) q))`,
    );
    expect(hours.rows).toEqual([]);
    const between = (table: string): string =>
      `select relation_id, actor_id, min(min_id), max(max_id) from audit.${table} group by 1, 2`;
    const actors = await database.query(
      `(${between('relation_actors')} except ${between('rollups')}) union all (${between('rollups')} except ${between('relation_actors')})`,
    );
    expect(actors.rows).toEqual([]);
    expect(
      (await database.query('select count(*)::integer as n from audit.relation_actors')).rows[0].n,
    ).toBeGreaterThan(0);
    expect((await database.query('select from audit.rollup_deltas')).rows).toEqual([]);
  });
});

it('has points of one hidden class, hundreds of them in an answer', async () => {
  const query = {
    source: [],
    table: [],
    user: [],
    action: [],
    from: formatTime(START),
    to: formatTime(START + 14n * 86_400_000_000n),
  };
  const { points } = await getTimeseries(history.store, { bucket: 'hour', by: 'action', ...query });
  const [one, other] = points.slice(-2) as [object, object];
  expect(points.length).toBeGreaterThan(100);
  expect(isOfOneHiddenClass(one, other)).toBe(true);
});
