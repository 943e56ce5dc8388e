--- triggers of the application (P0014 P0001)
-- @app
insert into watched values (3, 3), (4, 13), (5, 15) returning *;
update watched set v = v + 10 where id = 3 returning *;
update watched set v = 14 where id = 1;
update watched set v = 15 returning *;
begin;
update watched set v = 16 where id = 1;
update watched set v = 17 where id = 1;
set constraints late immediate;
commit;
insert into watched values (6, 16);
delete from watched where id = 5;
select what from journal order by at;

--- views, rules and a materialized view (44000 55000)
-- @app
insert into adults values (900, 'Old', 80);
insert into adults values (901, 'Young', 8);
update adults set age = 17 where id = 900;
update adults set name = 'Older' where id = 900 returning *;
delete from adults where id = 900;
update people_orders set total = total + 1 where name = 'Ana';
delete from people_orders where id = 2;
insert into people_orders values ('x', 1, 1);
insert into ruled values (1, 'a'), (2, 'b');
delete from ruled where id = 1;
update ruled set v = 'c' where id = 2 returning *;
select * from ruled order by id;
select * from ruled_log order by id;
-- @owner
refresh materialized view totals;
refresh materialized view concurrently totals;
select * from totals order by person;

--- foreign keys (23503)
-- @app
insert into people (id, name) values (910, 'Parent');
insert into orders (person, total) values (910, 1), (910, 2);
update people set id = 911 where id = 910;
select count(*) from orders where person = 911;
insert into lines select id, 1, 'held' from orders where person = 911 and total = 2;
delete from people where id = 911;
delete from lines where item = 'held';
delete from people where id = 911;
select count(*) from orders where person = 911;

--- partitions (23514 23505)
-- @app
insert into regions values (100, 'eu', 1), (100, 'us', 2), (100, 'mars', 3) returning *;
insert into regions_eu values (101, 'eu', 1);
insert into regions_us values (4, 'us', 101) returning *;
insert into regions_eu values (102, 'us', 1);
update regions set region = 'us' where id = 101 returning *;
update regions set region = 'us' where id = 100;
update regions_us set v = v + 1 returning *;
update regions_eu set region = 'us' where id = 100;
insert into readings values (1, '2024-05-05', 1), (2, '2025-05-05', 2), (3, '2025-06-06', 3);
update readings set v = v + 1 returning id, v;
update readings set at = at + interval '1 year' where id = 1 returning *;
insert into readings values (1, '2030-01-01', 1);
delete from readings where v > 2 returning *;
delete from regions_rest;
select tableoid::regclass, * from regions order by id, region;

--- changing partitions (23514)
-- @owner
create table regions_asia partition of regions for values in ('asia');
insert into regions values (200, 'asia', 1);
update regions set v = 2 where region = 'asia';
alter table regions detach partition regions_asia;
insert into regions_asia values (201, 'asia', 1);
update regions_asia set v = 5;
alter table regions attach partition regions_asia for values in ('asia');
insert into regions values (202, 'asia', 9);
create table regions_africa (id integer not null, region text not null, v numeric);
insert into regions_africa values (1, 'elsewhere', 1);
alter table regions attach partition regions_africa for values in ('africa');
update regions_africa set region = 'africa';
alter table regions attach partition regions_africa for values in ('africa');
update regions set v = v + 1 where region = 'africa' returning *;
truncate regions_africa;
drop table regions_africa;
truncate regions_asia;
drop table regions_asia;
create table readings_26 partition of readings for values from ('2026-01-01') to ('2027-01-01');
insert into readings values (9, '2026-05-05', 1);
update readings set v = 2 where id = 9;
delete from readings where id = 9;
alter table readings detach partition readings_26 concurrently;
drop table readings_26;

--- row level security (42501)
-- @app
select * from secrets;
update secrets set body = 'read' returning *;
insert into secrets values (3, 'other', 'x');
insert into secrets values (3, current_user, 'x') returning *;
delete from secrets where id = 2;
set row_security = off;
update secrets set body = 'x';
reset row_security;
-- @owner
update secrets set body = 'by the owner' returning id;
alter table secrets force row level security;
update secrets set body = 'forced' returning id;
alter table secrets no force row level security;

--- temporary and unlogged tables
-- @app
create temporary table mine (id integer primary key, v text);
insert into mine values (1, 'a');
begin;
update mine set v = 'b';
insert into keyless values (950, 'beside');
create temporary table gone (a integer) on commit drop;
insert into gone values (1);
commit;
insert into scratch values (1, 'a') on conflict (id) do update set v = 'b';
update scratch set v = 'c' where id = 1 returning *;
truncate mine;
create temporary table people (id integer, name text);
insert into people values (1, 'shadow');
update people set name = 'still a shadow' returning *;
drop table people;
select name from people where id = 1;
delete from scratch;

--- large objects, and a truncate that is refused (42501)
-- @app
select lo_create(987654321);
select lo_put(987654321, 0, 'bytes');
select lo_unlink(987654321);
truncate keyless;
