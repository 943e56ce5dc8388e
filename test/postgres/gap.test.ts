import { expect, test } from 'vitest';
import { parseLsn } from '../../src/pg/lsn.ts';
import { createPool } from '../../src/pg/pool.ts';
import { restartHistory } from '../../src/setup/store-sql.ts';
import { readStoredCheckpoint } from '../../src/setup/store-state.ts';
import { openGap, withdrawGap } from '../../src/store/gap.ts';
import { createDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';
import { configFor, runSetup } from './setup-fixture.ts';

const GAP = { reason: 'slot_missing', detail: 'it is gone', skipLsn: null };

test('a gap is opened once, and not where setup has just begun another epoch', async () => {
  await using db = await createDatabase();
  await db.query('create table items (id int primary key)');
  await runSetup(configFor(db));
  const pool = createPool(db.url, 'test', { max: 2 });
  const client = await db.connect();
  const from = (await readStoredCheckpoint(client, 'audit', 'shop'))!;
  expect(await openGap(pool, 'audit', from, GAP)).toBe(true);
  expect(await openGap(pool, 'audit', from, { ...GAP, reason: 'slot_lost' })).toBe(false);
  expect((await db.query('select reason, epoch, to_lsn from audit.gaps')).rows).toEqual([
    { reason: 'slot_missing', epoch: 2, to_lsn: null },
  ]);

  const system = { systemIdentifier: '7', timeline: 1, walEnd: parseLsn('0/2') };
  const start = { schema: 'audit', source: 'shop', capture: 'wal' as const, slot: db.name, system, lsn: `'0/2'` };
  await client.query('begin');
  for (const statement of restartHistory(start, from, 'slot_missing', 'gone')) await client.query(statement);
  // A daemon that has read the old epoch, and looked at a slot that is no longer there.
  const late = openGap(pool, 'audit', from, GAP);
  await until(
    async () =>
      (await db.query(`select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`, [db.name]))
        .rowCount === 1,
  );
  await client.query('commit');
  expect(await late).toBe(false);
  expect((await db.query('select epoch, to_lsn from audit.gaps')).rows).toEqual([{ epoch: 2, to_lsn: '0/2' }]);
  // What has ended stays.
  expect(await withdrawGap(pool, 'audit', from)).toBeNull();
  expect((await db.query('select from audit.gaps')).rowCount).toBe(1);
  await pool.end();
});
