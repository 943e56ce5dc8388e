import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listActivity } from '../../../src/query/activity.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { findLinkedKeys } from '../../../src/query/key-chain.ts';
import { inSnapshot } from '../../../src/query/store-reader.ts';
import { randomFrom } from './generated-history.ts';
import { createHistory, type History } from './history.ts';

let history: History;
let relation = 0;
let source = 0;

beforeAll(async () => {
  history = await createHistory();
  source = await history.addSource('shop');
});

afterAll(async () => {
  await history[Symbol.asyncDispose]();
});

interface Entry {
  readonly id: bigint;
  readonly key: string;
  /** Which record it is of, whatever its key. */
  readonly record: number;
}

/**
 * Records that come, change, take over each other's keys, and go; `keys` are few, so that they are used again. A
 * record created under the key of a deleted one is that one again, unless another record had the key meanwhile.
 */
async function makeHistory(seed: number, changes: number, keys: number): Promise<Entry[]> {
  const random = randomFrom(seed);
  relation = await history.addRelation(source, 'public', `t${relation}`, ['id']);
  const first = await history.openBlock(source, changes);
  const live = new Map<string, number>();
  const gone = new Map<string, number>();
  const entries: Entry[] = [];
  const rows: object[] = [];
  const links: object[] = [];
  let records = 0;
  for (let i = 0; i < changes; i += 1) {
    const id = first + BigInt(i);
    const key = String(random(keys));
    const to = String(random(keys));
    let record = live.get(key);
    let action = 'update';
    let entryKey = key;
    if (record === undefined) {
      action = 'create';
      record = gone.get(key) ?? (records += 1);
      live.set(key, record);
      gone.delete(key);
    } else if (!live.has(to) && random(2) === 0) {
      live.delete(key);
      live.set(to, record);
      gone.delete(to);
      entryKey = to;
      links.push({ entry_id: id, kind: 'key', relation_id: relation, record_key: key, entry_key: to });
    } else if (random(4) === 0) {
      action = 'delete';
      live.delete(key);
      gone.set(key, record);
    }
    entries.push({ id, key: entryKey, record });
    rows.push({
      id,
      occurred_at: '2026-01-01T00:00:00Z',
      relation_id: relation,
      action,
      record_key: entryKey,
      row: { id: entryKey },
    });
  }
  await history.insert('entries', rows);
  await history.insert('entry_links', links);
  await history.closeBlock(first);
  return entries;
}

async function found(key: string): Promise<bigint[]> {
  const page = await listActivity(history.store, {
    filter: { ...NO_FILTER, table: [`t${relation - 1}`], record: [key] },
    sort: 'id',
    limit: 1000,
    after: null,
    before: null,
  });
  return page.entries.map((entry) => entry.id);
}

/** The same, page by page: of what a record was called beyond a page's end, the page needs nothing. */
async function walked(key: string, sort: 'id' | '-id', limit: number): Promise<bigint[]> {
  const ids: bigint[] = [];
  for (let after: string | null = null; ;) {
    const page = await listActivity(history.store, {
      filter: { ...NO_FILTER, table: [`t${relation - 1}`], record: [key] },
      sort,
      limit,
      after,
      before: null,
    });
    ids.push(...page.entries.map((entry) => entry.id));
    after = page.meta.next;
    if (after === null) return ids;
  }
}

it('a record is found under all keys it ever had, and others are not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 2, max: 8 }), async (seed, keys) => {
      const entries = await makeHistory(seed, 120, keys);
      for (let key = 0; key < keys; key += 1) {
        const own = entries.filter((entry) => entry.key === String(key));
        const records = new Set(own.map((entry) => entry.record));
        const all = entries.filter((entry) => records.has(entry.record)).map((entry) => entry.id);
        expect(await found(String(key))).toEqual(all);
        expect(await walked(String(key), 'id', 7)).toEqual(all);
        expect(await walked(String(key), '-id', 11)).toEqual(all.toReversed());
      }
    }),
    { numRuns: 12 },
  );
});

it('keys that were used by others before and after are bounded by ids', async () => {
  relation = await history.addRelation(source, 'public', `t${relation}`, ['id']);
  const first = await history.openBlock(source, 8);
  const keys = ['2', '1', '3', '2', '2', '3', '3', '2'];
  // 2 becomes 3; 1 becomes 2, then 3 in its turn; another 3 becomes 2.
  const before = [null, null, '2', '1', null, null, null, '3'];
  await history.insert(
    'entries',
    keys.map((key, i) => ({
      id: first + BigInt(i),
      occurred_at: '2026-01-01T00:00:00Z',
      relation_id: relation,
      action: before[i] === null ? 'create' : 'update',
      record_key: key,
    })),
  );
  await history.insert(
    'entry_links',
    before.flatMap((key, i) =>
      key === null
        ? []
        : [{ entry_id: first + BigInt(i), kind: 'key', relation_id: relation, record_key: key, entry_key: keys[i] }],
    ),
  );
  await history.closeBlock(first);
  const ids = (await found('1')).map((id) => Number(id - first));
  expect(ids).toEqual([1, 3, 4]);
});

it('reads by index only, however long the history', async () => {
  await makeHistory(7, 20_000, 5_000);
  await history.database.query('analyze audit.entries; analyze audit.entry_links');
  let plan = '';
  await inSnapshot(history.store, async (snapshot) => {
    await findLinkedKeys(
      {
        ...snapshot,
        queryPlanned: async (sql, parameters) => {
          await snapshot.query('set local plan_cache_mode = force_generic_plan');
          const rows = await snapshot.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, parameters);
          plan = rows.map((row) => row['QUERY PLAN']).join('\n');
          return [];
        },
      },
      [relation],
      ['1'],
    );
  });
  expect(plan).toContain('entry_links');
  // An empty partition is read for nothing.
  expect(plan).not.toMatch(/Seq Scan on entry_links\S* \S+ +\(cost=0\.00\.\.(?!0\.00 )/);
  expect(plan).not.toMatch(/Bitmap|Index Scan/);
  const before = performance.now();
  for (let key = 0; key < 20; key += 1) await found(String(key));
  console.log({ historiesMs: Math.round((performance.now() - before) / 20) });
});
