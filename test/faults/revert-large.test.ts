import { once } from 'node:events';
import { expect, test } from 'vitest';
import { programFor } from '../harness/program.ts';
import { revertScene } from '../postgres/revert/fixture.ts';

/** As many as take a few seconds; `npm run bench -- revert` takes 100,000 back. */
const ROWS = 20_000;
/** Less than half of what a plan that kept the images whole would take. */
const HEAP_MB = 64;

test(`a transaction of ${ROWS} rows is taken back with a heap of ${HEAP_MB} MB`, { timeout: 180_000 }, async () => {
  await using scene = await revertScene(
    'wal',
    'create table items (id integer primary key, v text, n numeric, note text)',
  );
  const { database } = scene;
  await scene.start();
  await using program = await programFor(scene.config);
  await database.query(
    `insert into items select g, 'v' || g, g * 1.50, repeat('x', 400) from generate_series(1, ${ROWS}) g`,
  );
  const digest = async (): Promise<string> =>
    (await database.query("select md5(string_agg(i::text, ',' order by id)) as digest from items i")).rows[0]
      .digest as string;
  const before = await digest();
  await database.query("update items set v = 'changed', n = n + 1");
  await scene.caughtUp();
  const { rows } = await database.query(
    `select max(e.transaction_id)::text as id from audit.entries e join audit.relations r on r.id = e.relation_id where r.table_name = 'items'`,
  );
  const command = ['env', `NODE_OPTIONS=--max-old-space-size=${HEAP_MB}`];
  const child = program.spawn(['revert', 'transaction', rows[0].id as string, '--apply'], command);
  let errors = '';
  child.stderr!.on('data', (data) => (errors += String(data)));
  const [code] = await once(child, 'exit');
  expect(code, errors).toBe(0);
  expect(await digest()).toBe(before);
  await scene.caughtUp();
  const links = await database.query(`select count(*)::int as n from audit.entry_links where kind = 'revert'`);
  expect(links.rows[0].n).toBe(ROWS);
});
