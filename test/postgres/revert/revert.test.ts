import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revertScene, type RevertScene } from './revert-fixture.ts';

const SCHEMA = `
create table customers (id int primary key, email text unique, name text);
create table orders (id int primary key, customer_id int references customers, status text, price numeric(10,2));
create table items (order_id int references orders, n int, primary key (order_id, n));
insert into customers values (1, 'a@x', 'Ana'), (2, 'b@x', 'Bob');
insert into orders values (1, 1, 'paid', 10.00);
`;

describe('reverts', () => {
  let scene: RevertScene;
  beforeAll(async () => {
    scene = await revertScene(SCHEMA);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  test('an update: preview changes nothing, apply sets back, digit for digit', async () => {
    const { database } = scene;
    await database.query(`update orders set status = 'shipped', price = 12.50 where id = 1`);
    const entry = await scene.lastEntry('orders');
    const preview = await scene.preview(entry);
    expect(preview.steps).toMatchObject([
      {
        table: 'public.orders',
        record: '1',
        action: 'update',
        status: 'ready',
        changes: [
          { column: 'status', current: '"shipped"', target: '"paid"', expected: '"shipped"' },
          { column: 'price', current: '12.50', target: '10.00', expected: '12.50' },
        ],
        sql: `update "public"."orders" set "status" = 'paid', "price" = 10.00 where "id" = 1`,
      },
    ]);
    expect(preview.summary).toMatchObject({ entries: 1, steps: 1, ready: 1, applicable: true });
    expect(await scene.rows('orders')).toEqual(['(1,1,shipped,12.50)']);
    const result = await scene.apply(entry);
    expect(result.summary).toMatchObject({ applied: 1, overwritten: 0, skipped: 0 });
    expect(await scene.rows('orders')).toEqual(['(1,1,paid,10.00)']);
    const links = await database.query(
      'select relation::regclass::text as relation, record_key, entries::text from rowtrail.revert_links',
    );
    expect(links.rows).toEqual([{ relation: 'orders', record_key: '1', entries: `{${entry.entry}}` }]);
    await scene.capture.caughtUp();
    const [last] = (await scene.capture.entries(`r.table_name = 'orders'`)).slice(-1);
    expect(last).toMatchObject({ action: 'update', actor: 'op', user_name: 'Olga', attribution: 'app' });
  });

  test('a transaction over several tables goes back whole, and comes back', async () => {
    const { database } = scene;
    const before = await all(scene);
    await database.query(`begin;
      insert into customers values (3, 'c@x', 'Cleo');
      insert into orders values (3, 3, 'new', 1.10);
      insert into items select 3, g from generate_series(1, 5) g;
      update orders set status = 'paid' where id = 3;
      update orders set customer_id = 2 where id = 1;
      delete from items where n = 2;
      update customers set id = 33 where id = 2 and false;
      commit`);
    const after = await all(scene);
    const target = await scene.lastTransaction('items');
    expect((await scene.apply(target)).summary).toMatchObject({ applied: 7, noop: 1 });
    expect(await all(scene)).toEqual(before);
    const back = await scene.lastTransaction('customers');
    await scene.apply(back);
    expect(await all(scene)).toEqual(after);
  });
});

async function all(scene: RevertScene): Promise<string[][]> {
  return Promise.all(['customers', 'orders', 'items'].map((table) => scene.rows(table)));
}
