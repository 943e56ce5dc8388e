import { expect, it } from 'vitest';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase } from '../../harness/database.ts';

it.each(['wal', 'trigger'] as const)('what is tracked is known before it changes (%s)', async (mode) => {
  await using database = await createDatabase();
  await database.query(`create table quiet (id integer primary key);
    create table parted (id integer primary key) partition by range (id);
    create table part partition of parted default`);
  const capture = await prepareCapture(database, { tables: ['quiet', 'parted'], capture: mode });
  await using daemon = await capture.start();
  await capture.caughtUp();
  const get = async <Item>(path: string): Promise<readonly Item[]> => {
    const answer = await fetch(`${daemon.url}/api/v1${path}`);
    return ((await answer.json()) as { readonly data: readonly Item[] }).data;
  };
  const table = async (name: string): Promise<unknown> =>
    (await get<{ readonly table: string }>('/tables')).find((each) => each.table === name);
  expect(await table('quiet')).toMatchObject({ entries: 0, columns: [], key: null });
  expect(await table('parted')).toMatchObject({ entries: 0 });
  expect(await table('part')).toBeUndefined();

  const posted = await fetch(`${daemon.url}/api/v1/activity`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"action":"stocktaking","table":"quiet","record":"1"}',
  });
  expect(posted.status).toBe(201);

  await database.query('insert into quiet values (1)');
  await capture.caughtUp();
  expect(await table('quiet')).toMatchObject({ entries: 2, key: ['id'], columns: [{ name: 'id' }] });
  const history = await get('/resources/shop/public.quiet/1/history?fields=action');
  expect(history).toEqual([{ action: 'create' }, { action: 'stocktaking' }]);
});
