import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { buildStore } from '../../../src/bench/generated-store.ts';
import { runCli } from '../../../src/cli/program.ts';
import { createPaint } from '../../../src/cli/paint.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { sealRunner } from '../../../src/daemon/seal-runner.ts';
import { createHttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { readSigningKey } from '../../../src/seal/signing-key.ts';
import { removeExpired } from '../../../src/store/retention.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { until } from '../../harness/poll.ts';
import { createHistory } from '../query/history.ts';
import { captureHistory, makeKey, sealAll, seals, switchTriggersOff, verify } from './sealed-store.ts';

const DAY_MS = 86_400_000;

let store: TestDatabase;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowtrail-seal-'));
  store = await createDatabase();
  await captureHistory(store);
});
afterAll(async () => {
  await store?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const copy = (): Promise<TestDatabase> => createDatabase(inject('pgUrl'), store.name);

/** A command line on a store; what it printed, and its exit code. */
async function run(
  database: TestDatabase,
  args: readonly string[],
): Promise<{ code: number; out: string; notes: string }> {
  const out: string[] = [];
  const notes: string[] = [];
  const terminal: Terminal = {
    print: (line) => out.push(line),
    write: async (chunk) => void out.push(chunk.toString('utf8').trimEnd()),
    note: (line) => notes.push(line),
    progress: () => {},
    paint: createPaint(false),
    notePaint: createPaint(false),
    interactive: false,
    columns: undefined,
    ask: async () => '',
    closed: new AbortController().signal,
    flush: async () => {},
  };
  const config = join(folder, `${database.name}.yaml`);
  await writeFile(config, stringify({ sources: [{ name: 'shop', url: database.url }] }));
  const code = await runCli([...args, '--config', config], terminal, {});
  return { code, out: out.join('\n'), notes: notes.join('\n') };
}

test('the chain: ranges follow one another, every entry is under one seal, and nothing new makes none', async () => {
  await using database = await copy();
  const count = await sealAll(database, 7, null);
  const made = await seals(database);
  expect(count).toBe(made.length);
  expect(made.map(({ number }) => number)).toEqual(made.map((_, n) => BigInt(n + 1)));
  for (const [n, seal] of made.entries()) {
    expect(seal.firstId).toBe(n === 0 ? 1n : made[n - 1]!.lastId + 1n);
    expect(seal.parts.entries.rows).toBeLessThanOrEqual(7n);
  }
  const total = await database.query('select count(*) from audit.entries');
  expect(made.reduce((sum, { parts }) => sum + parts.entries.rows, 0n)).toBe(BigInt(total.rows[0].count));
  expect(await sealAll(database, 7, null)).toBe(0);
});

test('no setting of the server or the session bears on it', async () => {
  await using database = await copy();
  await sealAll(database, 7, null);
  await database.query(
    `alter database "${database.name}" set timezone = 'Asia/Kathmandu'; alter database "${database.name}" set datestyle = 'SQL, DMY';
     alter database "${database.name}" set intervalstyle = 'iso_8601'; alter database "${database.name}" set bytea_output = 'escape';
     alter database "${database.name}" set extra_float_digits = -5; alter database "${database.name}" set client_encoding = 'LATIN1';
     alter database "${database.name}" set search_path = 'audit'`,
  );
  expect((await verify(database.url)).outcome).toBe('consistent');
});

test('an open block of ids holds seals up', async () => {
  await using database = await copy();
  const first = await database.query(
    `select audit.reserve_ids((select id from audit.sources where name = 'shop'), (select writer from audit.checkpoints), 5) as id`,
  );
  await sealAll(database, 1_000, null);
  const [seal] = await seals(database);
  expect(seal!.lastId).toBe(BigInt(first.rows[0].id) - 1n);
});

test('a flush whose block was ended does not come in any more: it would be below the horizon', async () => {
  await using database = await copy();
  const ended = await database.query(
    `with block as (
       select audit.reserve_ids(c.source_id, c.writer, 5) as id, c.* from audit.checkpoints c
     ) select b.id, b.source_id, b.writer, b.end_lsn from block b`,
  );
  const { id, source_id: source, writer, end_lsn: lsn } = ended.rows[0];
  const finish = async (): Promise<boolean> => {
    const found = await database.query(
      `select audit.finish_flush($1, $2, $3, $3, $3, now(), '[]', array[$4]::bigint[]) as done`,
      [source, writer, lsn, id],
    );
    return found.rows[0].done;
  };
  await database.query('delete from audit.flushes where first_id = $1', [id]);
  expect(await finish()).toBe(false);
  await database.query(
    `insert into audit.flushes (first_id, last_id, source_id, writer) values ($1::bigint, $1::bigint + 4, $2, $3)`,
    [id, source, writer],
  );
  expect(await finish()).toBe(true);
});

test('seals refuse to be changed', async () => {
  await using database = await copy();
  await sealAll(database, 1_000, null);
  await expect(database.query('delete from audit.seals')).rejects.toThrow('append-only');
  await expect(database.query('update audit.sealed_facts set seal = 2')).rejects.toThrow('append-only');
});

test('the chain survives retention: what is gone is told, and what is left is still compared', async () => {
  await using database = await createDatabase();
  const now = new Date();
  const start = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 3);
  const days = Math.floor((Date.now() - start) / DAY_MS);
  await buildStore(
    { schema: 'audit', entries: 2_000, days },
    { connect: () => database.connect(), workers: 1, note: () => {} },
  );
  await sealAll(database, 300, null);
  const whole = await verify(database.url);
  expect(whole).toMatchObject({ outcome: 'consistent', removedSeals: 0n, unsealed: 0n });

  const client = await database.connect();
  const { removed } = (await removeExpired(client, { schema: 'audit', days: days - 32 }))!;
  expect(removed.length).toBeGreaterThan(0);
  const rest = await verify(database.url);
  expect(rest).toMatchObject({ outcome: 'consistent', complete: true });
  expect(rest.removedSeals).toBeGreaterThan(0n);
  expect(rest.seals).toBe(whole.seals - rest.removedSeals);
  expect(rest.entries).toBeLessThan(whole.entries);

  await switchTriggersOff(database);
  const last = (await seals(database)).at(-1)!;
  await database.query(
    `update audit.entries set action = case action when 'create' then 'update' else 'create' end
     where id = (select max(id) from audit.entries)`,
  );
  await database.query(`update audit.seals set sealed_at = now() where number = 1`);
  expect((await verify(database.url)).problems.map(({ seal, kind }) => [seal, kind])).toEqual([
    [1n, 'seal_changed'],
    [last.number, 'edited'],
  ]);
});

test('a range of time is read alone, and the chain is checked whole', async () => {
  await using database = await copy();
  await sealAll(database, 7, null);
  const made = await seals(database);
  const { firstId, lastId } = made[2]!;
  expect(await verify(database.url, { fromId: firstId, toId: lastId })).toMatchObject({
    outcome: 'consistent',
    firstSeal: 3n,
    lastSeal: 3n,
    head: made.at(-1),
  });
  expect(await verify(database.url, { limitMs: -1 })).toMatchObject({ complete: false, seals: 0n, unsealed: null });
});

test('the command line: exit codes, exported heads, keys', async () => {
  await using database = await copy();
  expect(await run(database, ['seal', 'export'])).toMatchObject({
    code: 1,
    notes: expect.stringContaining('no seal yet'),
  });
  expect((await run(database, ['verify'])).out).toMatch('There is no seal yet');
  const keyFile = join(folder, 'key.pem');
  expect(await runCli(['seal', 'key', '-o', keyFile], quiet(), {})).toBe(0);
  expect(await runCli(['seal', 'key', '-o', keyFile], quiet(), {})).toBe(2);
  const key = await readSigningKey(keyFile);
  await sealAll(database, 7, key);
  const head = join(folder, 'head.json');
  expect((await run(database, ['seal', 'export', '-o', head])).code).toBe(0);

  const plain = await run(database, ['verify']);
  expect(plain).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+ entries under \d+ seals \(1 to \d+\)[^]*Consistent\./),
  });
  for (const proof of [
    ['--head', head],
    ['--public-key', `${keyFile}.pub`],
  ]) {
    expect(await run(database, ['verify', ...proof])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/Proven up to seal \d+\./),
    });
  }
  expect((await run(database, ['verify', '--public-key', head])).code).toBe(1);
  expect((await run(database, ['verify', '--head', keyFile])).code).toBe(2);

  await switchTriggersOff(database);
  await database.query(`delete from audit.entries where id = (select max(id) from audit.entries)`);
  const found = await run(database, ['verify', '--json']);
  expect(found.code).toBe(3);
  expect(JSON.parse(found.out)).toMatchObject({ outcome: 'mismatch', problems: [{ kind: 'removed' }] });
  const record = await database.query(
    'select outcome, complete, problem from audit.verifications order by id desc limit 1',
  );
  expect(record.rows[0]).toMatchObject({
    outcome: 'mismatch',
    complete: true,
    problem: expect.stringContaining('removed'),
  });
});

test('over HTTP: the state of the chain, an entry with its seal, a verification', async () => {
  await using database = await copy();
  const key = makeKey();
  const pool = createPool(database.url, 'test', { max: 3 });
  const server = await createHttpServer({
    store: { pool, schema: 'audit' },
    http: httpConfig(),
    live: () => [],
    sealKeys: [key.public],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
  const ask = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const answer = await server.app.inject({
      method,
      url,
      headers: { host: 'localhost:0' },
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: answer.statusCode, ...answer.json<{ data: never; code?: string }>() };
  };
  try {
    const before = await ask('GET', '/api/v1/integrity');
    expect(before.data).toMatchObject({
      head: null,
      unsealed: { age_seconds: expect.any(Number) },
      last_verification: null,
    });
    const [{ id }] = (await database.query('select max(id) as id from audit.entries')).rows;
    expect((await ask('GET', `/api/v1/activity/${id}`)).data).toMatchObject({ seal: null });
    await sealAll(database, 7, key);
    const last = (await seals(database)).at(-1)!;
    expect((await ask('GET', `/api/v1/activity/${id}`)).data).toMatchObject({
      seal: { number: Number(last.number), hash: last.hash.toString('hex'), key_id: key.id },
    });
    const verified = await ask('POST', '/api/v1/integrity/verify', { from: 'now-1d' });
    expect(verified).toMatchObject({
      status: 200,
      data: { outcome: 'proven', complete: true, proven_to: Number(last.number), problems: [] },
    });
    expect((await ask('GET', '/api/v1/integrity')).data).toMatchObject({
      head: { number: Number(last.number), key_id: key.id },
      unsealed: null,
      last_verification: { outcome: 'proven', complete: true },
    });
    expect(await ask('POST', '/api/v1/integrity/verify', { from: 'whenever' })).toMatchObject({
      status: 400,
      code: 'invalid_parameter',
    });
    const metrics = await server.app.inject({ url: '/metrics', headers: { host: 'localhost:0' } });
    expect(metrics.body).toMatch(/^rowtrail_seal_age_seconds 0$/m);
  } finally {
    await server.close();
    await pool.end();
  }
});

test('two daemons seal in turns', async () => {
  await using history = await createHistory();
  const source = await history.addSource('shop');
  const relation = await history.addRelation(source, 'public', 'orders', ['id']);
  const seal = { enabled: true, intervalMs: 20, maxEntries: 1_000, keyFile: null };
  const config = {
    url: history.database.url,
    schema: 'audit',
    partition: 'month' as const,
    retentionDays: null,
    archiveDir: null,
  };
  const runners = [0, 1].map(() =>
    sealRunner({ store: config, seal, key: null, storePool: history.store.pool, log: createLog('silent') }),
  );
  for (const runner of runners) void runner.run();
  try {
    for (let n = 0; n < 10; n += 1) {
      const first = await history.openBlock(source, 1);
      await history.insert('entries', [
        {
          id: first,
          occurred_at: new Date().toISOString(),
          relation_id: relation,
          action: 'create',
          record_key: '1',
          row: {},
        },
      ]);
      await history.closeBlock(first);
    }
    await until(
      async () => {
        const found = await history.database.query('select coalesce(sum(entries), 0)::int as entries from audit.seals');
        return found.rows[0].entries === 10;
      },
      // Between seals one rests nineteen times as long as its last one took, and keeps its turn meanwhile.
      { timeoutMs: 120_000, what: 'all entries are sealed' },
    );
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()));
  }
  expect((await verify(history.database.url)).outcome).toBe('consistent');
});

function quiet(): Terminal {
  return {
    print: () => {},
    write: async () => {},
    note: () => {},
    progress: () => {},
    paint: createPaint(false),
    notePaint: createPaint(false),
    interactive: false,
    columns: undefined,
    ask: async () => '',
    closed: new AbortController().signal,
    flush: async () => {},
  };
}
