import { MATEO, peopleFor } from './people.ts';
import { between, pick, type Random } from './random.ts';
import { appStep, rowAt, type Statement, type Step } from './step.ts';

/** SQL by hand, past the app: nobody says who it was, yet the database knows the role. */
export function directSql(random: Random): Step {
  const statement = pick<Statement>(random, [
    {
      sql: `update public.products set stock = stock + $2 where id = ${rowAt('public.products', 'true', 1)}`,
      params: [random(), between(random, 1, 50)],
    },
    {
      sql: `update public.customers set email = lower(email), phone = nullif(replace(phone, ' ', ''), '')
        where id = ${rowAt('public.customers', 'true', 1)}`,
      params: [random()],
    },
    {
      sql: `update public.orders set status = 'delivered' where id = ${rowAt('public.orders', "status = 'shipped'", 1)}`,
      params: [random()],
    },
  ]);
  return { name: 'direct SQL', role: 'shop_dba', claims: null, statements: [statement] };
}

/** The stock count of one category: many rows, one transaction. */
export function recountStock(random: Random): Step {
  return batchStep(random, 'recount stock', 'monthly stock count', [
    {
      sql: `update public.products set stock = greatest(stock + (id * 7 + $2::integer) % 9 - 4, 0),
          attributes = attributes || jsonb_build_object('counted_at', now()::date)
        where category = ${CATEGORY_AT}`,
      params: [random(), between(random, 0, 100)],
    },
  ]);
}

/** The price list repairs what campaigns and mistakes left behind. */
export function importPrices(random: Random): Step {
  return batchStep(random, 'import prices', 'price list import', [
    { sql: 'update public.products set price = list_price where price <> list_price', params: [] },
    { sql: 'update public.products set active = true where not active', params: [] },
  ]);
}

const ORDERS_KEPT = 2000;
const ORDERS_REMOVED_AT_ONCE = 100;

/** Keeps a demo that runs for days at its size: the oldest finished orders go, with their lines. */
export function purgeOrders(random: Random): Step {
  return batchStep(random, 'purge orders', 'retention', [
    {
      sql: `with old as (
          select id from public.orders where status in ('delivered', 'cancelled')
          order by id limit least(greatest((select count(*) from public.orders) - $1, 0), $2)),
        lines as (delete from public.order_items where order_id in (select id from old))
        delete from public.orders where id in (select id from old)`,
      params: [ORDERS_KEPT, ORDERS_REMOVED_AT_ONCE],
    },
  ]);
}

/** Somebody forgot the second half of a filter: a whole category costs nothing. */
export function zeroPrices(random: Random): Step {
  return appStep(random, 'zero prices', pick(random, peopleFor('catalogue')), [
    { sql: `update public.products set price = 0 where category = ${CATEGORY_AT}`, params: [random()] },
  ]);
}

/** Somebody deletes an order that should have been cancelled, with all its lines. */
export function deleteOrder(random: Random): Step {
  const order = rowAt('public.orders', "status in ('paid', 'packed', 'shipped')", 1);
  return appStep(random, 'delete order', pick(random, peopleFor('support')), [
    {
      // Both deletes see the same snapshot, and foreign keys are checked at the end of the statement.
      sql: `with doomed as (select ${order} as id),
        lines as (delete from public.order_items where order_id in (select id from doomed))
        delete from public.orders where id in (select id from doomed)`,
      params: [random()],
    },
  ]);
}

const ORDERS_MISTAKEN = 4;

/** What a visitor is to find and take back: somebody takes the newest paid orders for tests, and deletes them with all their lines. */
export function deleteRealOrders(random: Random): Step {
  return appStep(
    random,
    'delete real orders',
    MATEO,
    [
      {
        sql: `with doomed as (
            select id from public.orders where status in ('paid', 'packed', 'shipped') order by id desc limit $1),
          lines as (delete from public.order_items where order_id in (select id from doomed))
          delete from public.orders where id in (select id from doomed)`,
        params: [ORDERS_MISTAKEN],
      },
    ],
    'removing the test orders',
  );
}

const CATEGORY_AT = `(select category from public.products group by category order by category limit 1
  offset floor($1::float8 * (select count(distinct category) from public.products))::bigint)`;

/** Half of the jobs say who they are, half were written before anybody asked. */
function batchStep(random: Random, name: string, comment: string, statements: readonly Statement[]): Step {
  const claims = random() < 0.5 ? { user_id: 'nightly-batch', comment } : null;
  return { name, role: 'shop_batch', claims, statements };
}
