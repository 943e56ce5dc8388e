import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Feed, type Subscriber } from '../../../src/query/feed.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import type { StoreReader } from '../../../src/query/store-reader.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { until } from '../../harness/poll.ts';
import { createHistory, SCHEMA, type History } from './history.ts';

let history: History;
let source: number;

beforeAll(async () => {
  history = await createHistory();
  source = await history.addSource('shop');
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

async function addEntry(): Promise<bigint> {
  const id = await history.openBlock(source, 1);
  await history.insert('entries', [{ id, occurred_at: '2026-01-02T00:00:00Z', action: 'login' }]);
  await history.closeBlock(id);
  return id;
}

interface Taken extends Subscriber {
  readonly ids: bigint[];
  readonly failures: unknown[];
}

function subscriber(store: StoreReader, action: string[]): Taken {
  const ids: bigint[] = [];
  const failures: unknown[] = [];
  return {
    store,
    filter: { ...NO_FILTER, action },
    ids,
    failures,
    take: (entries) => {
      ids.push(...entries.map(({ id }) => id));
      return true;
    },
    fail: (error) => failures.push(error),
  };
}

/** Reads nothing, because its schema is not there; `asked` counts how often it was tried. */
function unreadable(): { readonly store: StoreReader; readonly asked: () => number } {
  let asked = 0;
  const store = {
    ...history.store,
    get schema() {
      asked += 1;
      return 'missing';
    },
  };
  return { store, asked: () => asked };
}

describe('a feed', () => {
  it('gives entries to those who can be read for while others cannot', async () => {
    const feed = new Feed(history.store);
    const first = await addEntry();
    const good = subscriber(history.store, []);
    const bad = subscriber(unreadable().store, ['login']);
    feed.subscribe(bad, first - 1n);
    feed.subscribe(good, first - 1n);
    await until(() => good.ids.length > 0, { what: 'the first entry' });
    const second = await addEntry();
    await until(() => bad.failures.length > 0, { what: 'the one who cannot be read for to be told' });
    const third = await addEntry();
    await until(() => good.ids.length >= 3, { what: 'what came meanwhile and after' });
    expect(good.ids).toEqual([first, second, third]);
    expect(good.failures).toEqual([]);
    expect(bad.failures).toMatchObject([{ code: 'RT_STORE_MISSING' }]);
    expect(feed.size).toBe(1);
    await feed.stop();
  });

  it('gives each entry once, although another reading fails while its own goes on', async () => {
    const pool = createPool(history.database.url, 'feed reader', { max: 4 });
    const blocker = new pg.Client({ connectionString: history.database.url });
    await blocker.connect();
    const feed = new Feed({ ...history.store, pool });
    const first = await addEntry();
    const good = subscriber({ ...history.store, pool }, []);
    const { store, asked } = unreadable();
    const bad = subscriber(store, ['login']);
    await blocker.query(`begin; lock table ${SCHEMA}.entries in access exclusive mode`);
    feed.subscribe(good, first - 1n);
    feed.subscribe(bad, first - 1n);
    const waiting = async (): Promise<number> => {
      const found = await history.database.query(
        `select from pg_stat_activity where application_name = 'rowtrail feed reader' and wait_event_type = 'Lock' and datname = current_database()`,
      );
      return found.rowCount!;
    };
    await until(() => asked() > 0, { what: 'one reading to fail' });
    await until(async () => (await waiting()) === 1, { what: 'the other one waits' });
    // As long as a second reading of the same would take to begin.
    await delay(800);
    const stillWaiting = await waiting();
    await blocker.query('commit');
    await blocker.end();
    await until(() => good.ids.length > 0, { what: 'the first entry' });
    const second = await addEntry();
    await until(() => good.ids.includes(second), { what: 'the second entry' });
    await feed.stop();
    await pool.end();
    expect(stillWaiting).toBe(1);
    expect(good.ids).toEqual([first, second]);
  });
});
