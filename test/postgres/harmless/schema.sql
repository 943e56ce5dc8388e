-- What the application has before Rowtrail comes. Made by {owner} in both databases.
create type mood as enum ('sad', 'ok', 'happy');
create domain positive as numeric check (value > 0);
create type address as (street text, zip integer);
create table people (
  id integer primary key, name text not null, email text unique, age integer check (age >= 0),
  note text default 'none', mood mood, home address, worth positive
);
insert into people (id, name, email, age) values (1, 'Ana', 'ana@example.org', 30), (2, 'Bo', 'bo@example.org', 40), (3, 'Cy', null, null);
create table orders (
  id bigint generated always as identity primary key,
  person integer references people on delete cascade on update cascade,
  total numeric(10, 2), tags text[], doc jsonb, doubled numeric generated always as (total * 2) stored
);
insert into orders (person, total, tags, doc) values (1, 10, '{a,b}', '{"n": 1}'), (1, 20.5, null, null), (2, 5, '{}', '[]');
create table lines (
  order_id bigint references orders, line integer, item varchar(10) not null, primary key (order_id, line)
);
insert into lines values (1, 1, 'pen'), (1, 2, 'ink'), (3, 1, 'cap');
create table journal (at serial, what text);
create table keyless (v integer, w text);
insert into keyless values (1, 'one'), (1, 'one'), (2, null);
create table nodes (id integer primary key, parent integer references nodes on delete set null deferrable initially deferred);
create table slots_taken (room integer, during int4range, unique (room, during) deferrable initially deferred);
create table wide (id integer primary key, n integer, body text);
create unlogged table scratch (id integer primary key, v text);
create table counters (id serial primary key, n integer not null default 0);
insert into counters (n) select 0 from generate_series(1, 5);
create table base (id integer, v text);
create table derived (extra integer) inherits (base);
create table "Odd ""Name""" ("Key" integer primary key, "select" text, "old" text, "new" text, v_payload text, v_sent text, tg_when text);

create table regions (id integer, region text, v numeric, primary key (id, region)) partition by list (region);
create table regions_eu partition of regions for values in ('eu');
create table regions_us (v numeric, region text not null, id integer not null, primary key (id, region));
alter table regions attach partition regions_us for values in ('us');
create table regions_rest partition of regions default;
create table readings (id integer, at date, v integer) partition by range (at);
create table readings_24 partition of readings for values from ('2024-01-01') to ('2025-01-01');
create table readings_25 partition of readings for values from ('2025-01-01') to ('2026-01-01') partition by hash (id);
create table readings_25_a partition of readings_25 for values with (modulus 2, remainder 0);
create table readings_25_b partition of readings_25 for values with (modulus 2, remainder 1);

create table secrets (id integer primary key, keeper text, body text);
alter table secrets enable row level security;
create policy own on secrets using (keeper = current_user) with check (keeper = current_user);
insert into secrets values (1, '{app}', 'mine'), (2, 'other', 'theirs');

create table watched (id integer primary key, v integer, touched integer default 0);
insert into watched values (1, 1), (2, 2);
create function touch() returns trigger language plpgsql as $$
begin
  if new.v = 13 then return null; end if;
  if new.v = 14 then raise exception 'fourteen is refused' using errcode = 'P0014', hint = 'Take fifteen.', detail = 'Of all numbers.'; end if;
  if new.v = 15 then raise notice 'fifteen, at depth %', pg_trigger_depth(); end if;
  new.touched := coalesce(new.touched, 0) + 1;
  return new;
end $$;
create function note() returns trigger language plpgsql as $$
begin
  insert into journal (what) select format('%s %s of %s rows', tg_op, tg_table_name, count(*)) from changed;
  return null;
end $$;
create function defer() returns trigger language plpgsql as $$
begin
  raise notice 'deferred for %', new.id;
  if new.v = 16 then raise exception 'sixteen at commit'; end if;
  return null;
end $$;
create trigger a_touch before insert or update on watched for each row execute function touch();
create trigger z_note after update on watched referencing new table as changed for each statement execute function note();
create trigger a_note after insert on watched referencing new table as changed for each statement execute function note();
create constraint trigger late after insert or update on watched deferrable initially deferred for each row execute function defer();

create view adults as select id, name, age from people where age >= 18 with check option;
create view people_orders as select p.name, o.id, o.total from people p join orders o on o.person = p.id;
create function people_orders_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then delete from orders where id = old.id; return old; end if;
  update orders set total = new.total where id = old.id;
  return new;
end $$;
create trigger change instead of update or delete on people_orders for each row execute function people_orders_change();
create table ruled (id integer primary key, v text);
create table ruled_log (id integer, v text);
create rule also_log as on insert to ruled do also insert into ruled_log values (new.id, new.v);
create rule soft_delete as on delete to ruled do instead update ruled set v = 'gone' where id = old.id;
create materialized view totals as select person, sum(total) as total from orders group by person;
create unique index totals_person on totals (person);

create function definer_insert(n integer) returns integer language sql security definer set search_path = public as
  $$ insert into counters (n) values (n) returning n $$;
create procedure in_steps(n integer) language plpgsql as $$
begin
  for i in 1..n loop
    insert into keyless values (100 + i, 'step');
    if i % 2 = 0 then commit; else rollback; end if;
  end loop;
end $$;
create function survives(n integer) returns text language plpgsql as $$
begin
  insert into people (id, name) values (n, 'new');
  return 'inserted';
exception when unique_violation then
  return 'was there';
end $$;

create schema tricky;
create table tricky.people (id integer primary key, name text);
