import { execFile } from 'node:child_process';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Capture } from '../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { startProxy } from '../harness/proxy.ts';
import { SERVER_SETTINGS, startServer, type TestServer } from '../harness/server.ts';
import { assertHealed, assertStoppedWithGap, gapsOf, liveOf, QUICK, reaches, storedItems, withItems } from './scene.ts';

const run = promisify(execFile);

/** A server of the test's own with a captured source, and a store elsewhere. */
async function ownSource(): Promise<{
  server: TestServer;
  database: TestDatabase;
  store: TestDatabase;
  capture: Capture;
}> {
  const server = await startServer();
  const database = await createDatabase(server.url);
  const store = await createDatabase();
  return { server, database, store, capture: await withItems(database, store) };
}

/** For what may fail for a while. */
const isDone = [() => true, () => false] as const;

function clusterOf(server: TestServer): string {
  return join(server.postgres.dataDir, 'cluster');
}

describe.runIf(process.platform !== 'win32')('the source', { timeout: 180_000 }, () => {
  it('as another server stops capture with a gap; as the old one again, capture goes on and the gap was none', async () => {
    const { server, database, store, capture } = await ownSource();
    await using other = await startServer();
    await using proxy = await startProxy(database.url);
    const imposter = await createDatabase(other.url);
    // One login for both, as the daemon has one URL.
    for (const each of [database, imposter]) await each.query(`create role capturer superuser login password 'secret'`);
    const url = new URL(proxy.url);
    url.username = 'capturer';
    url.password = 'secret';
    await using daemon = await capture.start({ ...QUICK, url: url.toString() });
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    proxy.retarget(other.url);
    // Without a database of that name it is an outage.
    await reaches(daemon, 'waiting', 'RT_DATABASE_MISSING');
    expect(await gapsOf(capture)).toEqual([]);
    await imposter.query(`create database ${database.name}`);
    await assertStoppedWithGap(capture, daemon, 'RT_SOURCE_CHANGED', 'source_changed');
    proxy.retarget(server.url);
    await database.query('insert into items values (2)');
    await reaches(daemon, 'streaming');
    await capture.caughtUp();
    await expect.poll(() => gapsOf(capture), { timeout: 20_000 }).toEqual([]);
    expect(await storedItems(capture)).toEqual([1, 2]);
    await daemon.stop();
    await imposter[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    await server.stop();
    await store[Symbol.asyncDispose]();
  });

  it('on another timeline, with its slot, stops capture with a gap; setup takes that slot over and repeats nothing', async () => {
    const { server, database, store, capture } = await ownSource();
    await using daemon = await capture.start(QUICK);
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    await server.postgres.stop('fast');
    await reaches(daemon, 'waiting');
    // Recovery of what is there, and no more: the server then begins a timeline of its own, as a promoted standby does.
    const signal = join(clusterOf(server), 'recovery.signal');
    await writeFile(signal, '');
    await chmod(signal, 0o666);
    await server.postgres.restart({
      settings: { ...SERVER_SETTINGS, restore_command: 'false' },
    });
    // It is ready for readers before it is promoted.
    await expect.poll(() => database.query('insert into items values (2)').then(...isDone)).toBe(true);
    const live = await assertStoppedWithGap(capture, daemon, 'RT_SOURCE_CHANGED', 'source_changed');
    expect(live.error?.message).toContain('timeline 2');
    await assertHealed(capture, daemon, 'source_changed');
    await database.query('insert into items values (3)');
    await capture.caughtUp();
    // The slot had the second one, too.
    expect(await storedItems(capture)).toEqual([1, 2, 3]);
    await daemon.stop();
    await database[Symbol.asyncDispose]();
    await server.stop();
    await store[Symbol.asyncDispose]();
  });

  it('as a restored backup of itself stops capture with a gap: the history is ahead of it', async () => {
    const { server, database, store, capture } = await ownSource();
    await using daemon = await capture.start(QUICK);
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    const cluster = clusterOf(server);
    await server.postgres.stop('fast');
    await run('cp', ['-a', cluster, `${cluster}.backup`]);
    await server.postgres.restart();
    await expect.poll(() => database.query('insert into items values (2)').then(...isDone)).toBe(true);
    await capture.caughtUp();
    await server.postgres.stop('fast');
    await rm(cluster, { recursive: true });
    await run('mv', [`${cluster}.backup`, cluster]);
    await server.postgres.restart();
    const live = await assertStoppedWithGap(capture, daemon, 'RT_SOURCE_CHANGED', 'source_restored');
    expect(live.error?.hint).toContain('backup');
    // Once its WAL has grown past the history, it looks like what it is not.
    await database.query('create table filler as select n from generate_series(1, 1000) n');
    await new Promise((resolve) => setTimeout(resolve, 5 * QUICK.delays!.stoppedMs));
    expect(await liveOf(daemon)).toMatchObject({ state: 'stopped', since: live.since });
    await assertHealed(capture, daemon, 'source_restored');
    await database.query('insert into items values (2), (3)');
    await capture.caughtUp();
    // Twice the second: it was undone by the restore, and made again.
    expect(await storedItems(capture)).toEqual([1, 2, 2, 3]);
    await daemon.stop();
    await database[Symbol.asyncDispose]();
    await server.stop();
    await store[Symbol.asyncDispose]();
  });

  it('as a standby for a while is waited for, and no gap', async () => {
    const { server, database, store, capture } = await ownSource();
    await using daemon = await capture.start(QUICK);
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    const cluster = clusterOf(server);
    await server.postgres.stop('fast');
    const signal = join(cluster, 'standby.signal');
    await writeFile(signal, '');
    await chmod(signal, 0o666);
    // It is never "ready", as it recovers for ever.
    const restarting = server.postgres.restart().catch(() => {});
    await reaches(daemon, 'waiting', 'RT_READ_ONLY');
    expect(await gapsOf(capture)).toEqual([]);
    expect((await liveOf(daemon)).error?.hint).toContain('primary');
    await server.postgres.stop('immediate');
    await restarting;
    await rm(signal, { force: true });
    await server.postgres.restart();
    await reaches(daemon, 'streaming');
    await expect.poll(() => database.query('insert into items values (2)').then(...isDone)).toBe(true);
    await capture.caughtUp();
    expect(await storedItems(capture)).toEqual([1, 2]);
    await daemon.stop();
    await database[Symbol.asyncDispose]();
    await server.stop();
    await store[Symbol.asyncDispose]();
  });
});
