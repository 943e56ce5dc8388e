import { expect, it } from 'vitest';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase } from '../../harness/database.ts';
import { quoteIdentifier } from '../../../src/pg/identifier.ts';
import { until } from '../../harness/poll.ts';
import { startServer } from '../../harness/server.ts';

it('a table is read as the transaction that made it left it, though that is sent before others see it', async () => {
  await using server = await startServer();
  await using store = await createDatabase();
  const database = await createDatabase(server.url);
  // Only the session at hand waits for a standby that never answers: its commit is on disk, sent, and not visible.
  await database.query(`alter database ${quoteIdentifier(database.name)} set synchronous_commit = local`);
  const capture = await prepareCapture(database, { tables: [], store });
  await using daemon = await capture.start();
  await capture.caughtUp();
  const client = await database.connect();
  await client.query('set synchronous_commit = on');
  await database.query("alter system set synchronous_standby_names = 'nobody'");
  await database.query('select pg_reload_conf()');
  await until(
    async () => (await client.query('show synchronous_standby_names')).rows[0].synchronous_standby_names !== '',
  );
  const committed = client.query(`begin; create table fresh (note text, id int primary key);
    alter table fresh replica identity full; alter publication rowtrail_shop add table fresh;
    insert into fresh values ('first', 1); commit`);
  const waiting = async () =>
    (await database.query(`select from pg_stat_activity where wait_event = 'SyncRep'`)).rowCount === 1;
  await until(waiting, { what: 'the commit waits for the standby' });
  // The daemon looks at the catalog for it, and holds the stream meanwhile.
  const asked = async () =>
    (
      await database.query(
        `select from pg_stat_activity where query like '%pg_visible_in_snapshot%' and pid <> pg_backend_pid()`,
      )
    ).rowCount! > 0;
  await until(asked, { what: 'the daemon looks for the transaction' });
  expect(await waiting()).toBe(true);
  expect(await capture.entries("r.table_name = 'fresh'")).toEqual([]);
  await database.query('alter system reset synchronous_standby_names');
  await database.query('select pg_reload_conf()');
  await committed;
  await capture.caughtUp();
  const entries = await capture.entries("r.table_name = 'fresh'");
  expect(entries.map((entry) => [entry.action, entry.record_key])).toEqual([['create', '1']]);
  await daemon.stop();
  await database[Symbol.asyncDispose]();
});
