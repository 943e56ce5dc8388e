import { afterAll, beforeAll, expect, it } from 'vitest';
import { listActivity } from '../../../src/query/activity.ts';
import { filterOf } from '../../../src/query/filter-input.ts';
import { createHistory, type History } from './history.ts';

const HOUR_OF_IDS = 3_600n << 22n;

let history: History;
let ids: bigint[];

/** Contexts of two sources whose entries are hours of ids apart, one within the other, and one of another network. */
beforeAll(async () => {
  history = await createHistory();
  const shop = await history.addSource('shop');
  const billing = await history.addSource('billing');
  const ana = await history.addActor(shop, 'user', '7', 'Ana');
  const ben = await history.addActor(billing, 'user', '8', 'Ben');
  const first = await history.openBlock(shop, 1);
  await history.closeBlock(first);
  const at = (hours: bigint): bigint => first + hours * HOUR_OF_IDS;
  const contexts = [
    { source_id: shop, actor_id: ana, ip: '192.0.2.9', entries: [at(0n), at(20n)] },
    { source_id: billing, actor_id: ben, ip: '192.0.2.200, 10.0.0.1', entries: [at(1n), at(9n)] },
    { source_id: billing, actor_id: ben, ip: '198.51.100.1', entries: [at(10n)] },
    { source_id: billing, actor_id: ben, ip: '192.0.2.9', entries: [at(11n), at(30n)] },
  ];
  const time = new Date().toISOString();
  for (const { entries, ...context } of contexts) {
    const [id, last] = [entries[0] as bigint, entries.at(-1) as bigint];
    await history.insert('contexts', [{ ...context, id, last_id: last, transaction_id: id, attribution: 'app' }]);
    await history.insert(
      'entries',
      entries.map((entry) => ({ id: entry, occurred_at: time, transaction_id: id, context_id: id, action: 'login' })),
    );
  }
  await history.count();
  ids = [0n, 1n, 9n, 11n, 20n, 30n].map(at);
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

it.each([
  ['-id', 1],
  ['-id', 2],
  ['id', 1],
  ['id', 4],
  ['-id', 50],
] as const)(
  'a network is walked through in order (%s, %d on a page), contexts that go on for hours included',
  async (sort, limit) => {
    const found: bigint[] = [];
    let after: string | null = null;
    do {
      const page = await listActivity(history.store, {
        filter: filterOf({ ip: ['192.0.2.0/24'] }),
        sort,
        limit,
        after,
        before: null,
      });
      found.push(...page.entries.map(({ id }) => id));
      after = page.meta.next;
    } while (after !== null);
    expect(found).toEqual(sort === 'id' ? ids : ids.toReversed());
  },
);
