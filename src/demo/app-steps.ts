import { peopleFor } from './people.ts';
import { between, pick, type Random } from './random.ts';
import { appStep, rowAt, type Statement, type Step } from './step.ts';

/** Somebody orders, by phone or in the shop: an order, its lines, less stock, one transaction. */
export function placeOrder(random: Random): Step {
  const lines = Array.from({ length: between(random, 1, 4) }, random);
  const quantities = lines.map(() => between(random, 1, 3));
  return appStep(random, 'place order', pick(random, peopleFor('sales')), [
    {
      sql: `insert into public.orders (customer_id, shipping_address)
        select c.id, jsonb_build_object('name', c.name, 'country', c.country)
        from public.customers c where c.id = ${rowAt('public.customers', 'true', 1)}`,
      params: [random()],
    },
    {
      sql: `insert into public.order_items (order_id, line_no, product_id, quantity, unit_price)
        select ${THIS_ORDER}, line.no, p.id, line.quantity, p.price
        from unnest($1::float8[], $2::integer[]) with ordinality as line(at, quantity, no)
        cross join lateral (select id, price from public.products where active order by id limit 1
          offset floor(line.at * (select count(*) from public.products where active))::bigint) p`,
      params: [lines, quantities],
    },
    {
      sql: `update public.products p set stock = greatest(p.stock - i.quantity, 0)
        from (select product_id, sum(quantity)::integer as quantity from public.order_items
          where order_id = ${THIS_ORDER} group by product_id) i
        where p.id = i.product_id`,
      params: [],
    },
    {
      sql: `update public.orders
        set total = (select sum(quantity * unit_price) from public.order_items where order_id = ${THIS_ORDER})
        where id = ${THIS_ORDER}`,
      params: [],
    },
    {
      sql: `insert into public.order_events (order_id, event, details) values (${THIS_ORDER}, 'placed', $1)`,
      params: [JSON.stringify({ channel: pick(random, ['phone', 'web', 'counter']) })],
    },
  ]);
}

/** An order goes one state further. */
export function advanceOrder(random: Random): Step {
  return appStep(random, 'advance order', pick(random, peopleFor('warehouse')), [
    {
      sql: `with moved as (
          update public.orders set status = case status
            when 'new' then 'paid' when 'paid' then 'packed' when 'packed' then 'shipped' else 'delivered' end
          where id = ${rowAt('public.orders', OPEN, 1)} returning id, status)
        insert into public.order_events (order_id, event) select id, status from moved`,
      params: [random()],
    },
  ]);
}

/** A cancellation puts the goods back on the shelf. */
export function cancelOrder(random: Random): Step {
  const reason = pick(random, ['customer changed their mind', 'ordered twice', 'delivery would take too long']);
  const statement: Statement = {
    sql: `with cancelled as (
        update public.orders set status = 'cancelled'
        where id = ${rowAt('public.orders', "status in ('new', 'paid')", 1)} returning id),
      restocked as (
        update public.products p set stock = p.stock + i.quantity
        from (select product_id, sum(quantity)::integer as quantity from public.order_items
          where order_id in (select id from cancelled) group by product_id) i
        where p.id = i.product_id)
      insert into public.order_events (order_id, event, details)
      select id, 'cancelled', jsonb_build_object('reason', $2::text) from cancelled`,
    params: [random(), reason],
  };
  return appStep(random, 'cancel order', pick(random, peopleFor('support')), [statement], reason);
}

/** Support keeps a customer's data right. */
export function editCustomer(random: Random): Step {
  const id = rowAt('public.customers', 'true', 1);
  const change = pick<Statement>(random, [
    {
      sql: `update public.customers set phone = $2 where id = ${id}`,
      params: [random(), `+${between(random, 30, 99)} 5550 ${between(random, 100_000, 999_999)}`],
    },
    {
      sql: `update public.customers set preferences = jsonb_set(preferences, '{newsletter}', to_jsonb($2::text)) where id = ${id}`,
      params: [random(), pick(random, ['never', 'weekly', 'monthly'])],
    },
    {
      sql: `update public.customers set marketing_consent = not marketing_consent where id = ${id}`,
      params: [random()],
    },
  ]);
  const comment = pick(random, [undefined, undefined, 'customer called', `ticket #${between(random, 2000, 9999)}`]);
  return appStep(random, 'edit customer', pick(random, peopleFor('support')), [change], comment);
}

/** A remark on an order. */
export function noteOrder(random: Random): Step {
  const note = pick(random, ['leave with the neighbour', 'gift wrapping', 'ring twice', 'call before delivery']);
  return appStep(random, 'note on order', pick(random, peopleFor('support')), [
    {
      sql: `update public.orders set note = $2 where id = ${rowAt('public.orders', OPEN, 1)}`,
      params: [random(), note],
    },
  ]);
}

/** Prices and descriptions in the catalogue. */
export function editProduct(random: Random): Step {
  const id = rowAt('public.products', 'true', 1);
  const change = pick<Statement>(random, [
    {
      sql: `update public.products set price = round(list_price * $2::numeric, 2) where id = ${id}`,
      params: [random(), (between(random, 80, 110) / 100).toFixed(2)],
    },
    {
      sql: `update public.products set attributes = attributes || jsonb_build_object('rating', $2::numeric) where id = ${id}`,
      params: [random(), (between(random, 30, 50) / 10).toFixed(1)],
    },
    { sql: `update public.products set active = not active where id = ${id}`, params: [random()] },
  ]);
  const comment = pick(random, [undefined, undefined, 'spring campaign', 'supplier raised prices']);
  return appStep(random, 'edit product', pick(random, peopleFor('catalogue')), [change], comment);
}

/** Logins and logouts change no row: the app reports them. */
export function logEvent(random: Random): Step {
  const action = pick(random, ['login', 'login', 'logout']);
  const data = action === 'login' ? { method: pick(random, ['password', 'passkey', 'sso']) } : {};
  return appStep(
    random,
    action,
    pick(random, peopleFor(pick(random, ['sales', 'support', 'warehouse', 'catalogue']))),
    [{ sql: 'select rowtrail.log($1, data => $2::jsonb)', params: [action, JSON.stringify(data)] }],
  );
}

/** The order this transaction has just inserted. */
const THIS_ORDER = `currval(pg_get_serial_sequence('public.orders', 'id'))`;
const OPEN = "status in ('new', 'paid', 'packed', 'shipped')";
