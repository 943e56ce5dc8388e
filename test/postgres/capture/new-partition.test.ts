import { expect, it } from 'vitest';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase } from '../../harness/database.ts';

/**
 * Without event triggers, a partition made after `setup` has the default identity under a root that announces FULL: the server then
 * sends no old row for an update, and nulls for what it does not send of a deleted one.
 */
it('invents no old values for a partition with another identity than its root', async () => {
  await using database = await createDatabase();
  await database.query(`create table measures (id int, region int, value numeric, note text, primary key (id, region))
    partition by list (region);
    create table measures_1 partition of measures for values in (1)`);
  const capture = await prepareCapture(database, { tables: ['measures'] });
  await database.query('drop event trigger rowtrail_partition_ddl');
  await using daemon = await capture.start();
  await database.query(`create table measures_2 partition of measures for values in (2);
    insert into measures_2 values (1, 2, 20, 'b');
    insert into measures values (1, 1, 10, 'a'), (2, 1, null, null)`);
  // As if setup had not seen the row either: then no entry tells what it was.
  await capture.caughtUp();
  await daemon.stop();
  await database.query('update audit.checkpoints set epoch = epoch + 1');
  await using again = await capture.start();
  await database.query(`update measures set value = value + 1;
    update measures set id = id + 10;
    delete from measures where id = 11`);
  await capture.caughtUp();

  const entries = (await capture.entries()).filter((entry) => entry.table_name === 'measures');
  const known = (region: number, action: string): object[] =>
    entries
      .filter((entry) => entry.action === action && entry.record_key?.endsWith(`"${region}"]`) === true)
      .map(({ record_key, changed, unknown, row, old }) => ({ record_key, changed, unknown, row, old }));
  expect(known(2, 'update')).toEqual([
    {
      record_key: '["1","2"]',
      changed: [],
      unknown: ['value', 'note'],
      row: '{"id":1,"region":2,"value":21,"note":"b"}',
      old: null,
    },
    {
      record_key: '["11","2"]',
      changed: ['id'],
      unknown: null,
      row: '{"id":11,"region":2,"value":21,"note":"b"}',
      old: '{"id":1}',
    },
  ]);
  expect(known(2, 'delete')).toEqual([
    {
      record_key: '["11","2"]',
      changed: null,
      unknown: null,
      row: '{"id":11,"region":2,"value":21,"note":"b"}',
      old: null,
    },
  ]);
  expect(known(1, 'delete')).toEqual([
    {
      record_key: '["11","1"]',
      changed: null,
      unknown: null,
      row: '{"id":11,"region":1,"value":11,"note":"a"}',
      old: null,
    },
  ]);
  await again.stop();
});
