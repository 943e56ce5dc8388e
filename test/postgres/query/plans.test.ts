import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deepCursor } from '../../../src/bench/deep-cursor.ts';
import { buildStore } from '../../../src/bench/generated-store.ts';
import { HOT_RECORD, HOT_TABLE } from '../../../src/bench/history-sql.ts';
import { QUESTIONS, type Question, type Sample } from '../../../src/bench/query-question.ts';
import { readSamples } from '../../../src/bench/query-sample.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { buffersOf, nodesOf, recordPlans, type PlanNode } from '../../harness/plan-recorder.ts';

const ENTRIES = 200_000;
const NOW = new Date();
/** Six whole months, up to this one: of a month that has only begun, all is quickly read from end to end. */
const [HISTORY_START, HISTORY_END] = [6, 0].map(
  (back) => new Date(Date.UTC(NOW.getUTCFullYear(), NOW.getUTCMonth() - back)),
);
const DAYS = (HISTORY_END!.getTime() - HISTORY_START!.getTime()) / 86_400_000;
const PAGE = 10;
/** Page 10,000 of ten entries each. */
const DEEP_ENTRY = PAGE * 10_000;
/** What a partition of entries has are thousands of pages; one of the months ahead has none. */
const FEW_PAGES = 16;
const HOST = { host: '127.0.0.1:7400' };
const PARTITION = /^(entries|contexts|transactions)_\d{4}_\d{2}/;

let database: TestDatabase;
let server: HttpServer;
let pool: ReturnType<typeof createPool>;
let plans: ReturnType<typeof recordPlans>;
let samples: Sample[];
let deepId: bigint;

beforeAll(async () => {
  database = await createDatabase();
  await buildStore(
    { schema: 'audit', entries: ENTRIES, days: DAYS },
    { connect: () => database.connect(), workers: 2, note: () => {} },
    HISTORY_END,
  );
  pool = createPool(database.url, 'test reader', { max: 1 });
  plans = recordPlans(pool);
  server = await createHttpServer({
    store: { pool, schema: 'audit' },
    http: httpConfig({ port: 7400 }),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
  const client = await database.connect();
  samples = await readSamples(client, 'audit', 3);
  const deep = await client.query(`select id from audit.entries order by id desc offset ${DEEP_ENTRY} limit 1`);
  deepId = BigInt(deep.rows[0].id);
});
afterAll(async () => {
  await server?.close();
  await pool?.end();
  await database[Symbol.asyncDispose]();
});

interface Asked {
  readonly next: string | null;
  readonly buffers: number;
  readonly scans: readonly string[];
}

async function send(path: string, body: object | undefined): Promise<string | null> {
  const answer = await server.app.inject({
    method: body === undefined ? 'GET' : 'POST',
    url: `/api/v1${path}`,
    headers: HOST,
    ...(body === undefined ? {} : { payload: body }),
  });
  expect(answer.statusCode, `${path}: ${answer.body.slice(0, 300)}`).toBe(200);
  return answer.json<{ meta?: { next: string | null } }>().meta?.next ?? null;
}

function pathOf(question: Question, sample: Sample): string {
  const path = question.url(sample).replace(/([?&])limit=\d+/, '$1');
  return question.isList === true ? `${path}${path.includes('?') ? '&' : '?'}limit=${PAGE}` : path;
}

async function ask(path: string, body: object | undefined): Promise<Asked> {
  plans.take();
  const next = await send(path, body);
  const taken = plans.take();
  expect(taken.length, path).toBeGreaterThan(0);
  return {
    next,
    buffers: taken.reduce((sum, { plan }) => sum + buffersOf(plan), 0),
    scans: taken.flatMap(({ sql, plan }) => scansOf(plan).map((scan) => `${scan}\n${sql}`)),
  };
}

function scansOf(plan: PlanNode): string[] {
  return nodesOf(plan)
    .filter((node) => node['Node Type'] === 'Seq Scan' && PARTITION.test(node['Relation Name'] ?? ''))
    .filter((node) => buffersOf(node) > FEW_PAGES)
    .map((node) => `Seq Scan on ${node['Relation Name']}, ${buffersOf(node)} pages`);
}

describe.each(QUESTIONS.map((question) => [question.name, question] as const))('%s', (_name, question) => {
  test('reads no partition from end to end', async () => {
    for (const sample of samples) {
      expect((await ask(pathOf(question, sample), question.body?.(sample))).scans).toEqual([]);
    }
  });

  test.runIf(question.isList === true)('page 10,000 costs what page 1 costs', async () => {
    const sample = samples[0]!;
    const [path, body] = [pathOf(question, sample), question.body?.(sample)];
    const cursor = await deepCursor(path, deepId, (page) => send(page, body));
    // All of it is on the first page.
    if (cursor === null) return;
    const first = await ask(path, body);
    const deep = await ask(`${path}&after=${cursor}`, body);
    expect(deep.scans).toEqual([]);
    expect(deep.buffers).toBeLessThanOrEqual(first.buffers * 2 + 200);
  });
});

describe('audit.activity', () => {
  async function plan(sql: string): Promise<PlanNode> {
    const found = await database.query(`explain (analyze, buffers, timing off, format json) ${sql}`);
    const [{ 'QUERY PLAN': text }] = found.rows;
    return (JSON.parse(text) as [{ Plan: PlanNode }])[0].Plan;
  }

  test.each([
    ['id', () => `id = ${samples[0]!.id}`],
    ['a range of ids', () => `id between ${samples[0]!.id} and ${BigInt(samples[0]!.id) + (600n << 22n)}`],
    ['time', () => `"timestamp" >= '${samples[1]!.at}' and "timestamp" < '${samples[1]!.soon}'`],
    ['record', () => `"table" = '${samples[2]!.table.split('.')[1]}' and record = '${samples[2]!.record}'`],
    ['user', () => "user_id = '4711'"],
  ])('is quick by %s', async (_name, condition) => {
    const found = await plan(`select * from audit.activity where ${condition()}`);
    expect(scansOf(found)).toEqual([]);
    expect(buffersOf(found)).toBeLessThan(3_000);
  });

  test('the latest of a record with thousands of changes', async () => {
    const sql = `select * from audit.activity where "table" = '${HOT_TABLE.split('.')[1]}' and record = '${HOT_RECORD}' order by id desc limit 20`;
    const changes = await database.query(
      `select count(*) from audit.activity where "table" = '${HOT_TABLE.split('.')[1]}' and record = '${HOT_RECORD}'`,
    );
    const found = await plan(sql);
    expect(scansOf(found)).toEqual([]);
    // By its index; the planner may not know that they are many, and sort them all.
    expect(buffersOf(found)).toBeLessThan(Number(changes.rows[0].count) * 10);
  });

  test('shows what the API shows', async () => {
    const { rows } = await database.query(
      `select a.*, a.before::text as before_text, a.after::text as after_text
       from audit.activity a where a.id = any($1)`,
      [samples.map(({ id }) => id)],
    );
    expect(rows).toHaveLength(samples.length);
    for (const row of rows) {
      const answer = await server.app.inject({ url: `/api/v1/activity/${row.id}`, headers: HOST });
      const entry = answer.json<{ data: Record<string, unknown> & { user: { id: string; name: string } | null } }>()
        .data;
      expect({
        id: row.id,
        action: row.action,
        source: row.source,
        schema: row.schema,
        table: row.table,
        record: row.record,
        user: row.user_id === null ? null : { id: row.user_id, name: row.user_name },
        ip: row.ip,
        user_agent: row.user_agent,
        comment: row.comment,
        attribution: row.attribution,
        changed: row.changed,
        before: JSON.parse(row.before_text) as unknown,
        after: JSON.parse(row.after_text) as unknown,
      }).toEqual({
        id: entry['id'],
        action: entry['action'],
        source: entry['source'],
        schema: entry['schema'],
        table: entry['table'],
        record: entry['record'],
        user: entry['user'],
        ip: entry['ip'],
        user_agent: entry['user_agent'],
        comment: entry['comment'],
        attribution: entry['attribution'],
        changed: entry['changed'],
        before: entry['before'],
        after: entry['after'],
      });
    }
  });

  test.each([
    [
      'digits, order and spaces',
      '{"b":1.00,"a":-0,"c": 1e400 ,"d":"x"}',
      '{"b":1.0}',
      null,
      '{"b":1.0,"a":-0,"c":1e400,"d":"x"}',
    ],
    ['what is not known is left out', '{"a":1,"b":2}', '{"a":0}', '{b}', '{"a":0}'],
    ['a column that only the old row has', '{"a":1}', '{"t":"long"}', null, '{"a":1,"t":"long"}'],
    [
      'escapes that are no text',
      '{"j":{"x":"\\u0000 \\\\u0000"},"k":1}',
      '{"k":"\\ud800"}',
      null,
      '{"j":{"x":"\\u0000 \\\\u0000"},"k":"\\ud800"}',
    ],
    ['names with quotes', '{"a\\"b":1,"c\\\\d":2}', '{"a\\"b":0}', null, '{"a\\"b":0,"c\\\\d":2}'],
    ['no columns', '{}', null, null, '{}'],
    ['a duplicate key within a value', '{"j":{"k":1,"k":2},"n":1}', '{"n":0}', null, '{"j":{"k":1,"k":2},"n":0}'],
  ])('the image before: %s', async (_name, row, old, unknown, before) => {
    const found = await database.query('select audit.image_before($1::json, $2::json, $3::text[])::text as before', [
      row,
      old,
      unknown,
    ]);
    expect(found.rows[0].before).toBe(before);
  });
});

describe('a key in any table', () => {
  // Near, further on as far as that promises, and all of time: one search goes on where another one ended.
  test.each([
    ['many', 2_000, 100_000],
    ['some', 150, 400],
    ['few', 20, 40],
    ['one', 1, 1],
  ])('that has %s entries is found from its newest to its oldest one, and back', async (_name, least, most) => {
    const client = await database.connect();
    const keys = await client.query<{ record_key: string }>(
      `select e.record_key from audit.entries e where e.record_key is not null
         and not exists (select from audit.entry_links l where e.record_key in (l.record_key, l.entry_key))
       group by e.record_key having count(*) between $1 and $2 order by e.record_key limit 3`,
      [least, most],
    );
    expect(keys.rows).not.toEqual([]);
    for (const { record_key: key } of keys.rows) {
      const known = await client.query<{ id: string }>(
        'select id::text from audit.entries where record_key = $1 order by entries.id desc',
        [key],
      );
      const newest = known.rows.map(({ id }) => id);
      expect(await walk(`/activity?record=${key}&limit=200`)).toEqual(newest);
      expect(await walk(`/activity?record=${key}&limit=200&sort=id`)).toEqual(newest.toReversed());
    }
  });
});

async function walk(path: string): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = ''; after !== null;) {
    const answer = await server.app.inject({
      url: `/api/v1${path}${after === '' ? '' : `&after=${after}`}`,
      headers: HOST,
    });
    const page: { data: { id: string }[]; meta: { next: string | null } } = answer.json();
    ids.push(...page.data.map(({ id }) => id));
    after = page.meta.next;
  }
  return ids;
}
