import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildStore } from '../../../src/bench/generated-store.ts';
import { archivePartition } from '../../../src/daemon/partition-archive.ts';
import { retentionRunner } from '../../../src/daemon/retention-runner.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { beginExport } from '../../../src/query/export.ts';
import { EXPORT_WRITERS } from '../../../src/query/export-format.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { EVERYTHING } from '../../../src/query/visibility.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';

const NOW = new Date();
const DAY_MS = 86_400_000;
const monthsAgo = (months: number): number => Date.UTC(NOW.getUTCFullYear(), NOW.getUTCMonth() - months);
const daysSince = (time: number): number => Math.floor((Date.now() - time) / DAY_MS);
const named = (months: number): string => new Date(monthsAgo(months)).toISOString().slice(0, 7).replace('-', '_');

let database: TestDatabase;
let pool: ReturnType<typeof createPool>;
let folder: string;
beforeAll(async () => {
  database = await createDatabase();
  await buildStore(
    { schema: 'audit', entries: 3_000, days: daysSince(monthsAgo(3)) },
    { connect: () => database.connect(), workers: 1, note: () => {} },
  );
  pool = createPool(database.url, 'test', { max: 3 });
  folder = await mkdtemp(join(tmpdir(), 'rowtrail-archive-'));
});
afterAll(async () => {
  await pool?.end();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Partition {
  readonly parent: string;
  readonly name: string;
  readonly low: bigint;
  readonly high: bigint;
}

async function partition(parent: string, months: number): Promise<Partition> {
  const found = await database.query('select parent, name, low, high from audit.partitions where name = $1', [
    `${parent}_${named(months)}`,
  ]);
  const [row] = found.rows;
  return { ...row, low: BigInt(row.low), high: BigInt(row.high) };
}

const contentOf = async (file: string): Promise<string> => gunzipSync(await readFile(file)).toString('utf8');
const never = new AbortController().signal;
const archive = (given: Partition, into = folder): Promise<string | null> =>
  archivePartition(given, { store: { pool, schema: 'audit' }, folder: into, signal: never });

test('a partition in a file is what an export of its time would be; no file is written over', async () => {
  const month = await partition('entries', 3);
  const file = await archive(month);
  expect(file).toBe(`audit.${month.name}.ndjson.gz`);
  const begun = await beginExport({ pool, schema: 'audit', viewer: EVERYTHING }, NO_FILTER, EXPORT_WRITERS.ndjson);
  const chunks: Buffer[] = [];
  for await (const chunk of begun.chunks) chunks.push(Buffer.from(chunk));
  await begun.close();
  const lines = Buffer.concat(chunks).toString('utf8').split('\n').slice(0, -1);
  const wanted = lines.filter((line) => BigInt((JSON.parse(line) as { id: string }).id) < month.high);
  expect(wanted.length).toBeGreaterThan(100);
  const text = await contentOf(join(folder, file!));
  expect(text).toBe(`${wanted.join('\n')}\n`);
  expect((await stat(join(folder, file!))).mode & 0o777).toBe(0o600);

  expect(await archive(month)).toBe(`audit.${month.name}.2.ndjson.gz`);
  expect(await contentOf(join(folder, file!))).toBe(text);
  expect(await readdir(folder)).toHaveLength(2);
});

test('rows of truncates are kept as well, and what has no rows makes no file', async () => {
  const month = await partition('truncated_rows', 3);
  await database.query(
    `insert into audit.truncated_rows (entry_id, position, relation_id, record_key, row)
     select $1, n, 1, 'key ' || n, '{"id": 1.00,\n "text": "a\\nb"}' from generate_series(0, 4999) n`,
    [month.high - 1n],
  );
  const file = await archive(month);
  const lines = (await contentOf(join(folder, file!))).split('\n').slice(0, -1);
  const made = lines.filter((line) => line.startsWith(`{"entry":"${month.high - 1n}"`));
  expect(made).toHaveLength(5_000);
  expect(made[7]).toBe(
    `{"entry":"${month.high - 1n}","position":7,"record":"key 7","row":{"id": 1.00,  "text": "a\\nb"}}`,
  );
  expect(await archive(await partition('contexts', 3))).toBeNull();
  const far = await database.query(
    `select name, low, high from audit.partitions where parent = 'entries' order by low desc limit 1`,
  );
  const { name, low, high } = far.rows[0];
  expect(await archive({ parent: 'entries', name, low: BigInt(low), high: BigInt(high) })).toBeNull();
});

test('where it cannot be written, the partition stays; then it goes, and the record names the file', async () => {
  const target = join(folder, 'later');
  const errors: string[] = [];
  const log = createLog('silent');
  log.error = ((_fields: unknown, message: string) => void errors.push(message)) as typeof log.error;
  const runner = retentionRunner({
    store: {
      url: database.url,
      schema: 'audit',
      partition: 'month',
      retentionDays: daysSince(monthsAgo(2)),
      archiveDir: target,
    },
    storePool: pool,
    log,
    intervals: { checkMs: 50, retryMs: 50, detachLimitMs: 1_000 },
  });
  const running = runner.run();
  try {
    await until(async () => errors.length > 1, { what: 'it failed twice' });
    expect(errors[0]).toContain(`entries_${named(3)} cannot be archived`);
    expect((await database.query(`select 1 from audit.removed_partitions`)).rows).toEqual([]);
    expect((await partition('entries', 3)).name).toBe(`entries_${named(3)}`);

    // What a crash left behind is no archive.
    await mkdir(target);
    await writeFile(join(target, `audit.entries_${named(3)}.ndjson.gz.part`), 'half');
    await until(
      async () => {
        const found = await database.query(
          `select archive from audit.removed_partitions where parent = 'entries' and removed_at is not null`,
        );
        return found.rows[0]?.archive === `audit.entries_${named(3)}.ndjson.gz`;
      },
      { what: 'it is archived and gone' },
    );
  } finally {
    await runner.stop();
    await running;
  }
  const lines = (await contentOf(join(target, `audit.entries_${named(3)}.ndjson.gz`))).split('\n').slice(0, -1);
  const first = (await contentOf(join(folder, `audit.entries_${named(3)}.ndjson.gz`))).split('\n').slice(0, -1);
  expect(lines).toEqual(first);
  expect((await readdir(target)).filter((name) => name.endsWith('.part'))).toEqual([]);
});
