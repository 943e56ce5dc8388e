create table zz_marker (id bigint generated always as identity primary key, name text);
create type mood as enum ('sad', 'ok', 'happy');
create type pair as (a int, "b ""c" text, t timestamptz);
create domain posint as int check (value > 0);
create domain posint2 as posint;
create table plain (id int primary key, name text, n numeric, "odd ""name" text, o text, n2 text, rowtrail_new text);
create table composite (org int, member text, role text, primary key (org, member));
create table keyless (a int, b text);
create table torture (id int primary key, i2 int2, i8 int8, f4 float4, f8 float8, num numeric, b bool, t text, c char(7), vc varchar(9),
  by bytea, ts timestamp, tstz timestamptz, d date, tm time, tmtz timetz, iv interval, u uuid, j json, jb jsonb, x xml, m money,
  ip inet, cd cidr, mac macaddr, p point, bx box, ia int[], ta text[], m2 int[][], r int4range, tr tstzrange, mr int4multirange,
  tv tsvector, bits bit(5), vb varbit, e mood, dom posint2, pr pair, pra pair[], ch "char", o oid, rc regclass, na name, l pg_lsn);
create table generated (id int primary key, a int, g int generated always as (a * 2) stored, z text);
create table parent (id int primary key, name text);
create table child (id int primary key, parent_id int references parent on delete cascade on update cascade, note text);
create table grandchild (id int primary key, child_id int references child on delete set null);
create table tree (id int primary key, up int references tree on delete cascade);
create table parted (id int, region int, v text, primary key (id, region)) partition by list (region);
create table parted_1 partition of parted for values in (1);
create table parted_2 (v text, gone int, region int not null, id int not null);
alter table parted_2 drop column gone;
alter table parted attach partition parted_2 for values in (2);
create table parted_3 partition of parted for values in (3) partition by range (id);
create table parted_3a partition of parted_3 for values from (0) to (100);
create table parted_3b partition of parted_3 for values from (100) to (1000);
create table nested_outer (id int primary key, v int);
create table nested_log (id bigint generated always as identity primary key, what text);
create table inh (id int primary key, v text);
create table inh_child (w text) inherits (inh);
alter table inh_child add primary key (id);
create table ddl (id int primary key, a text, b int, c timestamptz);
create function nested_fn() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() < 3 then
    insert into nested_log (what) values (tg_op || ' ' || coalesce(new.id, old.id));
    if tg_op = 'INSERT' then update nested_outer set v = v + 1 where id = new.id; end if;
  end if;
  return null;
end $$;
create trigger a_nested after insert or update or delete on nested_outer for each row execute function nested_fn();
create function nested_stmt() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() < 2 then insert into nested_log (what) values ('statement ' || tg_op); end if;
  return null;
end $$;
create trigger z_statement after insert or update or delete on nested_outer for each statement execute function nested_stmt();
