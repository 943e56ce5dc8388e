import { describe, expect, it } from 'vitest';
import { RUNNER_DELAYS } from '../../src/daemon/source-runner.ts';
import { parseLsn } from '../../src/pg/lsn.ts';
import { WRITER_LIMITS } from '../../src/store/writer.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { startServer } from '../harness/server.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import {
  assertComplete,
  gapsOf,
  liveOf,
  loaded,
  positionsOf,
  QUICK,
  reaches,
  readiness,
  slotOf,
  startLoad,
  storedItems,
  terminate,
  withItems,
} from './scene.ts';

/** Longer than a machine that is busy keeps a daemon from saying that it is there. */
const WAL_SENDER_TIMEOUT_MS = 5_000;

describe('capture goes on', () => {
  it('when connections to source and store are cut under load', async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await loaded(database, store);
    await using daemon = await capture.start();
    await using load = await startLoad(database, 11);
    let cut = 0;
    for (const [target, name] of [
      [store, 'rowtrail store'],
      [database, 'rowtrail capture'],
      [store, 'rowtrail ids'],
      [store, 'rowtrail daemon'],
      [database, 'rowtrail catalog'],
      [store, 'rowtrail store'],
    ] as const) {
      const before = load.committed;
      await until(() => load.committed > before + 30);
      await until(async () => {
        const count = await terminate(database, target, name);
        cut += count;
        // Capture may be coming back still from the cut before; a pool's connections come and go.
        return count > 0 || name === 'rowtrail daemon' || name === 'rowtrail catalog';
      });
    }
    await load.stop();
    expect(cut).toBeGreaterThan(5);
    await assertComplete(capture);
    expect(await gapsOf(capture)).toEqual([]);
    await daemon.stop();
    await assertStoreInvariants(store);
  });

  it('when the store is killed and comes back', async () => {
    await using server = await startServer();
    await using database = await createDatabase();
    const store = await createDatabase(server.url);
    const capture = await loaded(database, store);
    await using daemon = await capture.start();
    await using load = await startLoad(database, 12);
    await until(() => load.committed > 30);
    await server.postgres.kill();
    const before = load.committed;
    await until(() => load.committed > before + 30);
    await until(async () => JSON.stringify(await daemon.status().catch(() => '')) !== '');
    await server.postgres.restart();
    await load.stop();
    await assertComplete(capture);
    await daemon.stop();
    await assertStoreInvariants(store);
    await store[Symbol.asyncDispose]();
  });

  it('when the store has stopped, trying ever more rarely meanwhile, and saying so', async () => {
    await using server = await startServer();
    await using database = await createDatabase();
    const store = await createDatabase(server.url);
    const capture = await withItems(database, store);
    await using daemon = await capture.start({
      ...QUICK,
      delays: { ...RUNNER_DELAYS, minRetryMs: 100, maxRetryMs: 30_000 },
    });
    await capture.caughtUp();
    await server.postgres.stop('immediate');
    await database.query('insert into items values (1)');
    await until(async () => (await readiness(daemon)).codes.some((code) => /^RT_(CONNECT|STORE_WRITE)$/.test(code)));
    const since = performance.now();
    // Doubling from 0.1 s, less a quarter: at most 8 attempts in the first 6 s, where a hot loop has hundreds.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await server.postgres.restart();
    const limit = Math.ceil(Math.log2((performance.now() - since) / 75)) + 2;
    await reaches(daemon, 'streaming');
    expect((await liveOf(daemon)).counters.retries).toBeLessThanOrEqual(limit);
    expect((await liveOf(daemon)).counters.retries).toBeGreaterThan(1);
    await capture.caughtUp();
    expect(await storedItems(capture)).toEqual([1]);
    expect(await gapsOf(capture)).toEqual([]);
    await daemon.stop();
    await store[Symbol.asyncDispose]();
  });

  it('when the store is locked for a while, within its memory', async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await loaded(database, store);
    await using daemon = await capture.start();
    const holder = await store.connect();
    await holder.query('begin; select from audit.checkpoints for update');
    await database.query(`insert into scratch (text) select repeat('x', 2000) from generate_series(1, 25000)`);
    for (let i = 0; i < 20; i += 1) await database.query(`insert into journal values ('in', ${i})`);
    // It reads until its queue is full, and then no further.
    let last = -1n;
    let still = 0;
    await until(
      async () => {
        const { receivedLsn, serverWalEnd } = await positionsOf(daemon);
        still = receivedLsn === last ? still + 1 : 0;
        last = receivedLsn;
        return still > 25 && receivedLsn < serverWalEnd + 1n;
      },
      { timeoutMs: 30_000 },
    );
    expect((await slotOf(capture)).active).toBe(true);
    await holder.query('commit');
    await assertComplete(capture);
    expect((await capture.entries("e.action = 'create'")).length).toBe(25_020);
    await daemon.stop();
    await assertStoreInvariants(store);
  });

  it.runIf(process.platform === 'linux')(
    'when the store freezes for 3 × wal_sender_timeout: connected, acknowledging nothing, within its memory',
    async () => {
      await using source = await startServer({ wal_sender_timeout: `${WAL_SENDER_TIMEOUT_MS}ms` });
      // A process that is stopped holds up its whole server: whoever drops a database there, or needs a lock that it has.
      await using server = await startServer();
      await using database = await createDatabase(source.url);
      await using store = await createDatabase(server.url);
      const capture = await withItems(database, store);
      await using daemon = await capture.start({
        ...QUICK,
        intervals: { ...QUICK.intervals!, statusMs: 500, silenceMs: WAL_SENDER_TIMEOUT_MS },
      });
      await capture.caughtUp();
      const before = await slotOf(capture);
      let confirmedLsn = 0n;
      const used = process.memoryUsage().arrayBuffers;
      const backends = await frozen(store);
      try {
        await database.query(`insert into items select n, repeat('x', 2000) from generate_series(1, 40000) n`);
        const asked = performance.now();
        let most = 0;
        // The store answers no question, so what the daemon knows of itself is asked for.
        await until(
          async () => {
            const { active_pid: pid, confirmed_flush_lsn: confirmed } = (
              await database.query('select active_pid, confirmed_flush_lsn from pg_replication_slots')
            ).rows[0];
            expect(pid).toBe(before.active_pid);
            confirmedLsn = parseLsn(confirmed);
            most = Math.max(most, process.memoryUsage().arrayBuffers);
            return performance.now() - asked > 3.1 * WAL_SENDER_TIMEOUT_MS;
          },
          { timeoutMs: 60_000 },
        );
        expect(most - used).toBeLessThan(3 * WRITER_LIMITS.maxQueueBytes);
      } finally {
        for (const pid of backends) process.kill(pid, 'SIGCONT');
      }
      await capture.caughtUp({ timeoutMs: 120_000 });
      expect(await storedItems(capture)).toHaveLength(40_000);
      const { commit_lsn: committed } = (
        await store.query('select max(commit_lsn) as commit_lsn from audit.transactions where size > 1')
      ).rows[0];
      // What is not stored was not acknowledged.
      expect(confirmedLsn).toBeLessThanOrEqual(parseLsn(committed));
      const live = await liveOf(daemon);
      expect(live.counters.retries).toBe(0);
      await until(async () => (await liveOf(daemon)).queued_bytes === 0);
      await daemon.stop();
    },
  );

  it('when the source is restarted, stopped at once, or killed', async () => {
    await using server = await startServer();
    await using store = await createDatabase();
    const database = await createDatabase(server.url);
    const capture = await withItems(database, store);
    await using daemon = await capture.start(QUICK);
    let item = 0;
    for (const fault of ['fast', 'immediate', 'kill'] as const) {
      await database.query(`insert into items values (${(item += 1)})`);
      if (fault === 'kill') await server.postgres.kill();
      else await server.postgres.stop(fault);
      const live = await reaches(daemon, 'waiting');
      expect(live.error?.code).toMatch(/^RT_(CONNECT|STREAM)$/);
      await server.postgres.restart();
      await reaches(daemon, 'streaming');
      await until(() => database.query(`insert into items values (${(item += 1)})`));
      await capture.caughtUp();
    }
    expect(await storedItems(capture)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await gapsOf(capture)).toEqual([]);
    await daemon.stop();
    await database[Symbol.asyncDispose]();
  });

  it('in a second daemon when the first is killed', async () => {
    await using database = await createDatabase();
    const capture = await loaded(database);
    await using first = await capture.spawn();
    await first.streaming;
    await using load = await startLoad(database, 13);
    await using second = await capture.start();
    // It has looked at slot and checkpoint several times while the first moved both.
    await until(async () => (await liveOf(second)).counters.retries >= 4);
    expect(await liveOf(second)).toMatchObject({ state: 'waiting', error: { code: 'RT_SLOT_BUSY' } });
    first.kill('SIGKILL');
    await reaches(second, 'streaming');
    await load.stop();
    await assertComplete(capture);
    expect(await gapsOf(capture)).toEqual([]);
    await second.stop();
    await assertStoreInvariants(database);
  });

  it('after SIGTERM in the middle of a large transaction', async () => {
    await using database = await createDatabase();
    const capture = await loaded(database);
    await database.query(`insert into journal values ('in', 1)`);
    await database.query(`insert into scratch (text) select repeat('x', 400) from generate_series(1, 60000)`);
    await using first = await capture.spawn();
    await until(async () => Number((await database.query('select count(*) from audit.flushes')).rows[0].count) > 3, {
      timeoutMs: 60_000,
    });
    const asked = performance.now();
    first.kill('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - asked).toBeLessThan(8_000);
    expect((await database.query('select count(*)::int as open from audit.flushes')).rows[0].open).toBe(0);
    await using second = await capture.start();
    await assertComplete(capture);
    await second.stop();
    await assertStoreInvariants(database);
  });
});

it('a source that cannot be reached when the daemon starts is a wrong set-up, and no gap', async () => {
  await using database = await createDatabase();
  const capture = await withItems(database);
  const url = new URL(database.url);
  url.port = '1';
  await expect(capture.start({ ...QUICK, url: url.toString() })).rejects.toMatchObject({ code: 'RT_CONNECT' });
  expect(await gapsOf(capture)).toEqual([]);
});

/** Stops the processes of the daemon's writing connections to the store, as a hanging disk does. */
async function frozen(store: TestDatabase): Promise<number[]> {
  const result = await store.query(
    `select pid from pg_stat_activity where datname = $1 and application_name in ('rowtrail store', 'rowtrail ids', 'rowtrail daemon')`,
    [store.name],
  );
  const pids = result.rows.map((row: { pid: number }) => row.pid);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  expect(pids.length).toBeGreaterThan(2);
  return pids;
}
