import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { takeCheckpoint } from '../../src/store/checkpoint.ts';
import { createDatabase } from '../harness/database.ts';
import { failOver } from '../harness/failover.ts';
import { Fleet, urlOf } from '../harness/fleet.ts';
import { until } from '../harness/poll.ts';
import { holdSlot } from '../harness/slot-holder.ts';
import { gapsOf, QUICK, reaches, readiness, storedItems, withItems } from './scene.ts';

const KILLS = 3;
const SEED = Math.floor(Math.random() * 1e6);
/** What the README promises of a hand-over after a kill -9. */
const HAND_OVER_LIMIT_MS = 5_000;

describe('three daemons on one source', () => {
  it.each(['wal', 'trigger'] as const)(
    `lose and double nothing when the one that captures is killed (%s, seed ${SEED})`,
    { timeout: 360_000 },
    async (capture) => {
      const report = await failOver(KILLS, SEED, capture);
      console.log({ capture, ...report });
      expect(Math.max(...report.handOverMs)).toBeLessThan(HAND_OVER_LIMIT_MS);
      expect(report.changes).toBeGreaterThan(100);
    },
  );

  it('all answer questions; those that stand by say that they do, and are ready', async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await withItems(database, store);
    await using fleet = new Fleet(capture, 3);
    await fleet.fill();
    await fleet.leader();
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    const standbys = await until(() => (fleet.standbys().length === 2 ? fleet.standbys() : null));
    for (const standby of standbys) {
      const url = await urlOf(standby);
      const { data } = (await (await fetch(`${url}/api/v1/activity?table=items`)).json()) as { data: unknown[] };
      expect(data).toHaveLength(1);
      const status = (await (await fetch(`${url}/api/v1/status`)).json()) as {
        data: { sources: { live: { state: string; standby: boolean; error: { code: string } } }[] };
      };
      expect(status.data.sources[0]!.live).toMatchObject({
        state: 'waiting',
        standby: true,
        error: { code: 'RT_SLOT_BUSY' },
      });
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    }
  });
});

it('a daemon whose checkpoint another one took writes nothing of what it holds', async () => {
  await using database = await createDatabase();
  await using store = await createDatabase();
  const capture = await withItems(database, store);
  await using daemon = await capture.start(QUICK);
  await capture.caughtUp();
  const blocker = await store.connect();
  await blocker.query('begin; lock table audit.transactions in access exclusive mode');
  await database.query('insert into items values (1)');
  await until(
    async () =>
      (await store.query("select from pg_locks where not granted and relation = 'audit.transactions'::regclass"))
        .rowCount! > 0,
    {
      what: 'the flush waits',
    },
  );
  const other = await store.connect();
  // The next attempt reads it before it writes anything: until this lock goes, the daemon stays fenced.
  const gate = await database.connect();
  await gate.query('begin; lock table rowtrail.install in access exclusive mode');
  const { source_id: sourceId } = (await store.query('select source_id from audit.checkpoints')).rows[0];
  await takeCheckpoint(other, 'audit', sourceId, randomUUID());
  await blocker.query('rollback');
  await reaches(daemon, 'waiting', 'RT_FENCED');
  expect(await storedItems(capture)).toEqual([]);
  await gate.query('rollback');
  // Nobody holds the slot: it takes it again, and the row comes once.
  await reaches(daemon, 'streaming');
  await capture.caughtUp();
  expect(await storedItems(capture)).toEqual([1]);
  expect(await gapsOf(capture)).toEqual([]);
});

it('a slot that another consumer holds is no standby: nothing is captured, and the daemon is not ready', async () => {
  await using database = await createDatabase();
  await using store = await createDatabase();
  const capture = await withItems(database, store);
  await using _holder = await holdSlot(database.url, capture.source.slot, capture.source.publication);
  await using daemon = await capture.start(QUICK);
  expect(await reaches(daemon, 'waiting', 'RT_SLOT_BUSY')).toMatchObject({ standby: false });
  expect(await readiness(daemon)).toEqual({ status: 503, codes: ['RT_SLOT_BUSY'] });
});
