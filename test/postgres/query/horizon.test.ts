import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_LIMIT } from '../../../src/query/activity.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { listRecordHistory } from '../../../src/query/record-history.ts';
import { listResources } from '../../../src/query/resources.ts';
import { latestId } from '../../../src/query/tail.ts';
import { createHistory, SCHEMA, type History } from './history.ts';

let history: History;
let shop: number;
let orders: number;
/** An open block of the shop. */
let open: bigint;

beforeAll(async () => {
  history = await createHistory();
  shop = await history.addSource('shop');
  await history.addActor(shop, 'user', '1');
  orders = await history.addRelation(shop, 'public', 'orders', ['id']);
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await history.database.query(`delete from ${SCHEMA}.flushes`);
  open = await history.openBlock(shop, 10);
});

async function addEntry(relation: number, record: string, at: bigint | null = null): Promise<bigint> {
  const source = (await history.database.query(`select source_id from ${SCHEMA}.relations where id = $1`, [relation]))
    .rows[0].source_id;
  const id = at ?? (await history.openBlock(source, 1));
  await history.insert('entries', [
    { id, occurred_at: '2026-01-02T00:00:00Z', relation_id: relation, action: 'update', record_key: record },
  ]);
  if (at === null) await history.closeBlock(id);
  return id;
}

describe('the safe horizon of a reader of tables', () => {
  it('is that of their sources under a name that a table bears no more', async () => {
    const renamed = await history.addRelation(shop, 'public', 'invoices', ['id']);
    await history.database.query(
      `insert into ${SCHEMA}.relation_versions (relation_id, version, schema_name, table_name, columns)
       values ($1, 1, 'public', 'bills', '[]'), ($1, 2, 'public', 'invoices', '[]')`,
      [renamed],
    );
    for (const table of ['invoices', 'bills', 'public.bills']) {
      expect(await latestId(history.store, { ...NO_FILTER, table: [table] })).toBe(open - 1n);
    }
  });

  it('is that of all sources where none is known by the name: a table may get it yet', async () => {
    for (const part of [{ table: ['nowhere'] }, { source: ['nowhere'] }, { source: ['shop'], table: ['nowhere'] }]) {
      expect(await latestId(history.store, { ...NO_FILTER, ...part })).toBe(open - 1n);
    }
  });
});

describe('a list that ascends', () => {
  it("of a record's history stays below the safe horizon, so that who pages on misses nothing", async () => {
    const record = { source: 'shop', table: 'public.orders', key: 'h' };
    const list = (part: { after?: string | null; sort?: 'id' | '-id' }): ReturnType<typeof listRecordHistory> =>
      listRecordHistory(history.store, record, { sort: 'id', limit: 1, after: null, before: null, ...part });
    await history.closeBlock(open);
    const [first, second] = [await addEntry(orders, 'h', open), await addEntry(orders, 'h')];
    const other = await history.openBlock(shop, 1);
    const late = await addEntry(orders, 'h');
    const page = await list({});
    expect(page?.items.map(({ id }) => id)).toEqual([first]);
    const next = await list({ after: page?.meta.next ?? '' });
    expect(next?.items.map(({ id }) => id)).toEqual([second]);
    expect(next?.meta.next).toBeNull();
    expect((await list({ sort: '-id' }))?.items.map(({ id }) => id)).toEqual([late]);
    await addEntry(orders, 'h', other);
    await history.closeBlock(other);
    const found: bigint[] = [];
    for (let after: string | null = page?.meta.next ?? null; after !== null;) {
      const more = await list({ after });
      found.push(...(more?.items ?? []).map(({ id }) => id));
      after = more?.meta.next ?? null;
    }
    expect(found).toEqual([second, other, late]);
  });

  it('of the oldest records does, too, and only below that of what it reads', async () => {
    const billing = await history.addSource('billing');
    const bills = await history.addRelation(billing, 'public', 'payments', ['id']);
    const late = await addEntry(orders, 'r');
    const free = await addEntry(bills, 'b');
    await history.count();
    const list = async (table: string[], sort: 'oldest' | 'recent'): Promise<bigint[]> =>
      (
        await listResources(history.store, {
          sort,
          table,
          source: [],
          user: [],
          from: null,
          to: null,
          limit: MAX_LIMIT,
          after: null,
          before: null,
        })
      ).resources.map(({ id }) => id);
    expect(await list(['orders'], 'oldest')).not.toContain(late);
    expect(await list(['orders'], 'recent')).toContain(late);
    expect(await list([], 'oldest')).not.toContain(free);
    expect(await list(['payments'], 'oldest')).toEqual([free]);
    const early = await addEntry(orders, 's', open);
    await history.count();
    await history.closeBlock(open);
    expect((await list(['orders'], 'oldest')).slice(-2)).toEqual([early, late]);
  });
});
