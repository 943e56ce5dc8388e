import { expect, it } from 'vitest';
import { inspectWalsender } from '../../../src/capture/wal/walsender.ts';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase } from '../../harness/database.ts';

it('a walsender that waits is ended for its silence, but not when it was heard meanwhile', async () => {
  await using database = await createDatabase();
  const capture = await prepareCapture(database, { tables: [] });
  await using daemon = await capture.start();
  await capture.caughtUp();
  const { slot } = capture.source;
  const pidOf = async (): Promise<number | null> => {
    const found = await database.query('select active_pid from pg_replication_slots where slot_name = $1', [slot]);
    return found.rows[0].active_pid;
  };
  const pid = (await pidOf())!;
  const heard = await inspectWalsender(database.url, { slot, pid, isSilent: () => false });
  expect([heard, await pidOf()]).toEqual(['working', pid]);
  await expect
    .poll(() => inspectWalsender(database.url, { slot, pid, isSilent: () => true }), { timeout: 60_000 })
    .toBe('dead');
  await expect.poll(pidOf, { timeout: 60_000 }).not.toBe(pid);
  await daemon.stop();
});
