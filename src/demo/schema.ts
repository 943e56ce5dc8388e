/** The roles that log in to the shop's database. */
export const SHOP_ROLES = ['shop_app', 'shop_dba', 'shop_batch', 'shop_revert'] as const;
export type ShopRole = (typeof SHOP_ROLES)[number];
/** Those that change the shop's data day by day. */
export type WorkRole = Exclude<ShopRole, 'shop_revert'>;

/** Owns the database and its tables, as somebody who works on it with psql would. */
export const SHOP_OWNER: WorkRole = 'shop_dba';

/** The shop's tables, to be made by their owner in an empty database. */
export const SHOP_SCHEMA = `
create table public.customers (
  id bigint generated always as identity primary key,
  name text not null,
  email text not null unique,
  phone text,
  country char(2) not null,
  marketing_consent boolean not null default false,
  preferences jsonb not null default '{}',
  created_at timestamptz not null default now()
);

create table public.products (
  id bigint generated always as identity primary key,
  sku text not null unique,
  name text not null,
  category text not null,
  price numeric(10, 2) not null check (price >= 0),
  list_price numeric(10, 2) not null check (list_price > 0),
  stock integer not null default 0 check (stock >= 0),
  attributes jsonb not null default '{}',
  active boolean not null default true
);
create index on public.products (category);

create table public.orders (
  id bigint generated always as identity primary key,
  customer_id bigint not null references public.customers,
  status text not null default 'new'
    check (status in ('new', 'paid', 'packed', 'shipped', 'delivered', 'cancelled')),
  total numeric(12, 2) not null default 0,
  currency char(3) not null default 'EUR',
  shipping_address jsonb,
  note text,
  placed_at timestamptz not null default now()
);
create index on public.orders (customer_id);
create index on public.orders (status, id);

create table public.order_items (
  order_id bigint not null references public.orders,
  line_no integer not null,
  product_id bigint not null references public.products,
  quantity integer not null check (quantity > 0),
  unit_price numeric(10, 2) not null,
  primary key (order_id, line_no)
);
create index on public.order_items (product_id);

-- A log that outlives its orders, hence no foreign key.
create sequence public.order_events_id_seq as bigint;
create table public.order_events (
  id bigint not null default nextval('public.order_events_id_seq'),
  occurred_at timestamptz not null default now(),
  order_id bigint not null,
  event text not null,
  details jsonb,
  primary key (id, occurred_at)
) partition by range (occurred_at);
alter sequence public.order_events_id_seq owned by public.order_events.id;

grant select, insert, update, delete on all tables in schema public to shop_app, shop_batch;
grant usage, select on all sequences in schema public to shop_app, shop_batch;
`;

/** What reverts may do: write rows, and nothing else. */
export const REVERT_GRANTS = `
grant usage on schema public to shop_revert;
grant select, insert, update, delete on all tables in schema public to shop_revert;
`;

const MONTHS_AHEAD = 2;

/**
 * The partitions of order_events from `now`'s month on, two more ahead: a demo that runs over the
 * end of a month goes on. Months are UTC's.
 */
export function partitionStatements(now: Date): string[] {
  return Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) => {
    const from = firstOfMonth(now, ahead);
    const to = firstOfMonth(now, ahead + 1);
    const table = `public.order_events_${from.slice(0, 7).replace('-', '_')}`;
    return `create table if not exists ${table} partition of public.order_events
      for values from ('${from} 00:00:00+00') to ('${to} 00:00:00+00')`;
  });
}

function firstOfMonth(now: Date, ahead: number): string {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString().slice(0, 10);
}
