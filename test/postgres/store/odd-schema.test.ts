import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../../src/lib/log.ts';
import { QUESTIONS, type Sample } from '../../../src/bench/query-question.ts';
import type { Config } from '../../../src/config/config.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { CONFIG_SCHEMA } from '../../../src/config/schema.ts';
import { startDaemon, type Daemon } from '../../../src/daemon/daemon.ts';
import { setup } from '../../../src/setup/install.ts';
import { teardown } from '../../../src/setup/teardown.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';

const SCHEMA = 'odd Name';
const silent = createLog('silent');

let database: TestDatabase;
let config: Config;
let daemon: Daemon | undefined;
beforeAll(async () => {
  database = await createDatabase();
  await database.query('create table public.orders (id integer primary key, status text)');
  config = resolveConfig(
    CONFIG_SCHEMA.parse({
      store: { url: database.url, schema: SCHEMA, partition: 'day', retention: '1d' },
      sources: [{ name: 'shop', url: database.url, slot: database.name, allowUnboundedWal: true }],
      http: { port: 0, auth: { mode: 'none' } },
    }),
  );
  await setup(config, { dryRun: false, print: () => {}, log: silent });
  daemon = await startDaemon(config, { log: silent });
});
afterAll(async () => {
  await daemon?.stop();
  await database[Symbol.asyncDispose]();
});

test('setup, capture, every question, retention and teardown work in a schema of any name', async () => {
  await database.query(
    `begin; select set_config('rowtrail.user_id', '7', true); insert into public.orders values (1, 'new'); update public.orders set status = 'paid'; commit`,
  );
  const ask = (path: string): Promise<Response> => fetch(`${daemon!.url}/api/v1${path}`);
  const get = async <Data>(path: string): Promise<Data> => ((await (await ask(path)).json()) as { data: Data }).data;
  await until(async () => (await get<unknown[]>('/activity?record=1')).length === 2, {
    what: 'both entries are there',
  });
  const [entry] = await get<[{ id: string }]>('/activity?record=1');
  const sample: Sample = {
    id: entry.id,
    transaction: entry.id,
    table: 'public.orders',
    record: '1',
    user: '7',
    userSource: 'shop',
    source: 'shop',
    at: '2024-01-01T00:00:00Z',
    soon: '2024-01-01T00:15:00Z',
    nextDay: '2024-01-02T00:00:00Z',
  };
  for (const { name, url, body } of QUESTIONS) {
    // The store has none of the bench's tables and people: an empty answer is one, too.
    if (body === undefined) expect([200, 404], name).toContain((await ask(url(sample))).status);
  }
  const seen = await database.query(
    `select user_id, record, before::text, after::text from "${SCHEMA}".activity order by id`,
  );
  expect(seen.rows).toEqual([
    { user_id: '7', record: '1', before: null, after: '{"id":1,"status":"new"}' },
    { user_id: '7', record: '1', before: '{"id":1,"status":"new"}', after: '{"id":1,"status":"paid"}' },
  ]);
  expect((await get<{ store: unknown }>('/status')).store).toMatchObject({ schema: SCHEMA, kept_since: null });
  await daemon!.stop();
  daemon = undefined;
  await teardown(config, { dropHistory: true, print: () => {}, log: silent });
  expect((await database.query('select from pg_namespace where nspname = $1', [SCHEMA])).rowCount).toBe(0);
});
