import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { createTerminal } from '../../../src/cli/terminal.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { listActivity } from '../../../src/query/activity.ts';
import { beginExport } from '../../../src/query/export.ts';
import { CSV_COLUMNS, EXPORT_WRITERS, type ExportFormat } from '../../../src/query/export-format.ts';
import { NO_FILTER, type ActivityFilter } from '../../../src/query/filter.ts';
import type { StoreReader } from '../../../src/query/store-reader.ts';
import { until } from '../../harness/poll.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

/** More than two batches. */
const ROWS = 4_500;
const DIGITS = '12345678901234567890.10';

let history: History;
let server: HttpServer;
let url: string;
let first: bigint;

beforeAll(async () => {
  history = await createHistory();
  const shop = await history.addSource('shop');
  await history.addRelation(shop, 'public', 'orders', ['id']);
  await history.addRelation(shop, 'public', 'users', ['id']);
  const ana = await history.addActor(shop, 'user', '7', 'Ana');
  first = await history.openBlock(shop, ROWS);
  const at = '2026-01-02T03:04:05.000006Z';
  await history.insert('transactions', [
    { id: first, source_id: shop, epoch: 1, xid: 7, committed_at: at, size: ROWS },
  ]);
  await history.insert('contexts', [
    {
      id: first,
      last_id: first + 2000n,
      transaction_id: first,
      source_id: shop,
      actor_id: ana,
      attribution: 'app',
      comment: '=cmd()',
      context: { n: 1 },
    },
  ]);
  // Every kind of entry: created, changed, deleted, unknown and masked columns, an event, a change of the schema.
  await history.database.query(
    `insert into ${SCHEMA}.entries (id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, changed, unknown, row, old, data)
     select $1::bigint + i, $2, $1, case when i <= 2000 then $1::bigint end, i,
       case when i % 7 = 6 then null else 1 + i % 2 end,
       (array['create','update','delete','update','baseline','update','login'])[1 + i % 7], i::text,
       case when i % 7 in (1, 3, 5) then array['n', 'a "b", c'] end, case when i % 7 = 5 then array['big'] end,
       case when i % 7 <> 6 then format('{"id":%s,"n":${DIGITS},"a \\"b\\", c":"é\\u00e9\\n%s","x": {"y" : 1.0}}', i, repeat('z', i % 50))::json end,
       case when i % 7 in (1, 3) then '{"n":-1e5}'::json end,
       case when i % 7 = 6 then '{"comment":"c","data":{"k":1.00}}'::json when i % 7 = 3 then '{"redacted":["ssn"]}'::json end
     from generate_series(0, ${ROWS - 1}) i`,
    [first.toString(), at],
  );
  await history.database.query(
    `insert into ${SCHEMA}.rollups
     select timestamptz '2026-01-02T03:00:00Z', coalesce(e.relation_id, 0), ${ana}, e.action, 'app', ${shop}, count(*), min(e.id), max(e.id)
     from ${SCHEMA}.entries e group by e.relation_id, e.action`,
  );
  await history.closeBlock(first);
  await history.count();
  server = await createHttpServer({
    store: history.store,
    http: httpConfig(),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
  url = await server.listen();
});
afterAll(async () => {
  await server.close();
  await history[Symbol.asyncDispose]();
});

async function exported(format: ExportFormat, filter: ActivityFilter = NO_FILTER, store: StoreReader = history.store) {
  const begun = await beginExport(store, filter, EXPORT_WRITERS[format]);
  const chunks: Buffer[] = [];
  for await (const chunk of begun.chunks) chunks.push(chunk);
  await begun.close();
  return { text: Buffer.concat(chunks).toString(), count: begun.count() };
}

async function listed(filter: ActivityFilter = NO_FILTER): Promise<string[]> {
  const found: string[] = [];
  let after: string | null = null;
  do {
    const page = await listActivity(history.store, { filter, sort: 'id', limit: 1000, after, before: null });
    found.push(...page.entries.map(({ json }) => json));
    after = page.meta.next;
  } while (after !== null);
  return found;
}

async function journaled(): Promise<Record<string, unknown>[]> {
  return (await listed({ ...NO_FILTER, action: ['export'] })).map(
    (json) => JSON.parse(json) as Record<string, unknown>,
  );
}

it('writes every entry as the list has it, to the byte', async () => {
  const expected = await listed();
  const { text, count } = await exported('ndjson');
  expect(count).toBe(ROWS);
  expect(text.split('\n').slice(0, -1)).toEqual(expected);
  expect(text).toContain(`"n":${DIGITS},`);
  const json = await exported('json');
  expect(json.text).toBe(`{"data":[${expected.join(',\n')}]}\n`);
  expect((await exported('json', { ...NO_FILTER, table: ['nowhere'] })).text).toBe('{"data":[]}\n');
});

it('writes what a filter finds, and to a limited viewer only what it may see', async () => {
  for (const filter of [
    { ...NO_FILTER, table: ['orders'], action: ['delete'] },
    { ...NO_FILTER, record: ['17', '4000'] },
    { ...NO_FILTER, user: ['7'] },
  ]) {
    const { text } = await exported('ndjson', filter);
    expect(text.split('\n').slice(0, -1)).toEqual(await listed(filter));
  }
  const limited = { ...history.store, viewer: { admin: false, tables: ['public.users'] } };
  const { text, count } = await exported('ndjson', NO_FILTER, limited);
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { table: string });
  expect(count).toBe((await listed({ ...NO_FILTER, table: ['users'] })).length);
  expect(new Set(lines.map(({ table }) => table))).toEqual(new Set(['users']));
});

it('never writes past the safe horizon', async () => {
  const open = await history.openBlock(1, 1);
  expect((await exported('ndjson')).count).toBe(ROWS);
  await history.closeBlock(open);
});

it('writes CSV with its columns, and defuses what a spreadsheet would run', async () => {
  const { text } = await exported('csv', { ...NO_FILTER, record: ['1', '6'] });
  const lines = text.split('\r\n');
  expect(lines[0]).toBe(CSV_COLUMNS.join(','));
  expect(lines).toHaveLength(4);
  expect(lines[1]).toContain(`,"{""id"":1,""n"":-1e5,""a \\""b\\"", c"":`);
  expect(lines[1]).toContain(",'=cmd(),");
  expect(lines[2]).toMatch(/,login,shop,,,6,/);
});

it('is an entry of its own before its first byte, over HTTP', async () => {
  const before = await journaled();
  const answer = await fetch(`${url}/api/v1/export?format=csv&table=orders&action=delete`);
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="rowtrail-\d{8}T\d{6}\.csv"$/);
  expect((await answer.text()).split('\r\n')).toHaveLength(
    (await listed({ ...NO_FILTER, table: ['orders'], action: ['delete'] })).length + 2,
  );
  const after = await journaled();
  expect(after).toHaveLength(before.length + 1);
  expect(after.at(-1)).toMatchObject({
    source: 'rowtrail',
    ip: '127.0.0.1',
    attribution: 'api',
    data: { format: 'csv', path: '/api/v1/export', query: 'format=csv&table=orders&action=delete' },
  });
});

it('does not begin where it cannot be put on record', async () => {
  await history.database.query(`alter function ${SCHEMA}.append_entries(json) rename to broken`);
  try {
    const answer = await fetch(`${url}/api/v1/export`);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(await answer.json()).toMatchObject({ status: answer.status });
  } finally {
    await history.database.query(`alter function ${SCHEMA}.broken(json) rename to append_entries`);
  }
});

it('names what is wrong with its parameters', async () => {
  for (const query of ['format=xml', 'limit=5', 'from=yesterday', 'after=x']) {
    expect((await fetch(`${url}/api/v1/export?${query}`)).status, query).toBe(400);
  }
});

async function exportBackends(): Promise<{ state: string; waits: string | null }[]> {
  const result = await history.database.query(
    `select state, wait_event_type as waits from pg_stat_activity
     where application_name = 'rowtrail export' and datname = current_database()`,
  );
  return result.rows;
}

/** Nobody reads entries until it is disposed of. */
async function lockEntries(): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: history.database.url });
  await client.connect();
  await client.query(`begin; lock table ${SCHEMA}.entries in access exclusive mode`);
  return { [Symbol.asyncDispose]: () => client.end() };
}

it('stops on the server when its reader goes away', async () => {
  const begun = await beginExport(history.store, NO_FILTER, EXPORT_WRITERS.ndjson);
  await using _ = await lockEntries();
  const reading = begun.chunks[Symbol.asyncIterator]().next();
  reading.catch(() => {});
  await until(async () => (await exportBackends()).some(({ waits }) => waits === 'Lock'), {
    timeoutMs: 10_000,
    what: 'the export waits for entries',
  });
  await begun.close();
  await expect(reading).rejects.toThrow(/./);
  await until(async () => (await exportBackends()).length === 0, { timeoutMs: 10_000, what: 'its sessions are gone' });
});

it('takes two exports at a time, and refuses more until one has ended', async () => {
  const leaving = new AbortController();
  {
    await using _ = await lockEntries();
    const running = [1, 2].map(() => fetch(`${url}/api/v1/export`, { signal: leaving.signal }));
    const ended = Promise.allSettled(running);
    await until(
      async () => {
        const waiting = await history.database.query(
          `select from pg_stat_activity where application_name = 'rowtrail test reader' and wait_event_type = 'Lock' and datname = current_database()`,
        );
        return waiting.rowCount === 2;
      },
      { timeoutMs: 10_000, what: 'both exports have begun' },
    );
    const refused = await fetch(`${url}/api/v1/export`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await refused.json()).toMatchObject({ code: 'too_many_exports' });
    leaving.abort();
    await ended;
  }
  await until(async () => (await exportBackends()).length === 0, {
    timeoutMs: 15_000,
    what: 'both exports have ended',
  });
  await until(async () => (await fetch(`${url}/api/v1/export?record=1`)).status === 200, {
    timeoutMs: 15_000,
    what: 'there is room for another export',
  });
});

it('writes a file under its name only when it is whole, from the command line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-export-'));
  try {
    const run = async (...args: string[]) => {
      const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
      const out: Buffer[] = [];
      streams.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      const environment = { ROWTRAIL_SOURCE_URL: history.database.url };
      const code = await runCli(['export', ...args], createTerminal(streams, environment), environment);
      return { code, out: Buffer.concat(out).toString(), err: String(streams.stderr.read() ?? '') };
    };
    const file = join(folder, 'all.json');
    const toFile = await run('--format', 'json', '--output', file, '--table', 'orders');
    expect(toFile).toMatchObject({ code: 0, out: '' });
    expect(toFile.err).toMatch(/^Exported [\d,. ]+ entries, /);
    expect(JSON.parse(await readFile(file, 'utf8')).data).toHaveLength(
      (await listed({ ...NO_FILTER, table: ['orders'] })).length,
    );
    expect(await readdir(folder)).toEqual(['all.json']);
    const toStdout = await run('--record', '17');
    expect(toStdout).toMatchObject({ code: 0, err: '' });
    expect(toStdout.out.trimEnd().split('\n')).toEqual(await listed({ ...NO_FILTER, record: ['17'] }));
    expect(await run('--output', join(folder, 'none', 'x'))).toMatchObject({ code: 2 });
    expect(await run('--format', 'xml')).toMatchObject({ code: 2 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
