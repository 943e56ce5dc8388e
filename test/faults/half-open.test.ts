import { expect, it } from 'vitest';
import type { StartOptions } from '../harness/capture.ts';
import { createDatabase } from '../harness/database.ts';
import { startProxy } from '../harness/proxy.ts';
import { gapsOf, liveOf, QUICK, reaches, slotOf, storedItems, withItems } from './scene.ts';

/** Longer than a busy machine holds up the test, which looks at the server's end before, or a daemon with a good connection. */
const SILENCE_MS = 5_000;
const PATIENT: StartOptions = { ...QUICK, intervals: { ...QUICK.intervals!, silenceMs: SILENCE_MS } };

it('a connection that is half open is noticed, given up and made again; nothing is lost', async () => {
  await using database = await createDatabase();
  await using store = await createDatabase();
  await using proxy = await startProxy(database.url);
  const capture = await withItems(database, store);
  await using daemon = await capture.start({ ...PATIENT, url: proxy.url });
  await database.query('insert into items values (1)');
  await capture.caughtUp();
  const { active_pid: before } = await slotOf(capture);
  const { retries } = (await liveOf(daemon)).counters;
  expect(proxy.freeze()).toBeGreaterThan(0);
  await database.query('insert into items values (2)');
  // The server does not know yet: its own time-out is a minute.
  expect((await slotOf(capture)).active_pid).toBe(before);
  await capture.caughtUp({ timeoutMs: 120_000 });
  const { active_pid: after } = await slotOf(capture);
  expect(after).not.toBe(before);
  expect((await liveOf(daemon)).counters.retries).toBeGreaterThan(retries);
  await reaches(daemon, 'streaming');
  expect(await storedItems(capture)).toEqual([1, 2]);
  expect(await gapsOf(capture)).toEqual([]);
});

it('an idle connection is kept: the server answers when it is asked', async () => {
  await using database = await createDatabase();
  await using store = await createDatabase();
  const capture = await withItems(database, store);
  await using daemon = await capture.start(PATIENT);
  await capture.caughtUp();
  const { active_pid: before } = await slotOf(capture);
  const asked = performance.now();
  // Three times the silence after which a server is taken for lost.
  await expect.poll(() => performance.now() - asked).toBeGreaterThan(3 * SILENCE_MS);
  expect((await slotOf(capture)).active_pid).toBe(before);
  expect((await liveOf(daemon)).counters.retries).toBe(0);
});
