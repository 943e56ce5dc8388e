import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveTargets } from '../../../src/query/event-target.ts';
import { createHistory, type History } from './history.ts';

let history: History;

beforeAll(async () => {
  history = await createHistory();
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

it('an event about a table that was dropped and made again is about the one that is there now', async () => {
  const source = await history.addSource('shop');
  await history.addRelation(source, 'public', 'orders', ['id']);
  const again = await history.addRelation(source, 'public', 'orders', ['id']);
  for (const table of ['orders', 'public.orders']) {
    for (const named of [
      { source: null, table },
      { source: 'shop', table },
    ]) {
      expect(await resolveTargets(history.store, [named])).toEqual([{ sourceId: source, relationId: again }]);
    }
  }
});

it('an event about a name that two tables bear is refused, telling both', async () => {
  const source = await history.addSource('billing');
  await history.addRelation(source, 'public', 'orders', ['id']);
  await history.addRelation(source, 'archive', 'orders', ['id']);
  await expect(resolveTargets(history.store, [{ source: 'billing', table: 'orders' }])).rejects.toMatchObject({
    code: 'RT_FILTER',
    message: expect.stringMatching(/public\.orders of billing or archive\.orders of billing/),
  });
  await expect(resolveTargets(history.store, [{ source: null, table: 'public.orders' }])).rejects.toMatchObject({
    code: 'RT_FILTER',
  });
});
