--- inserts, updates and deletes with what they return
-- @app
insert into people (id, name, age) values (10, 'Di', 1), (11, 'Ed', 2) returning id, name, note;
insert into people (id, name) select n, 'bulk ' || n from generate_series(20, 40) n;
insert into counters default values returning id, n;
update people set name = upper(name), note = null where id between 20 and 25 returning id, name;
update people p set note = o.total::text from orders o where o.person = p.id and o.total > 15 returning p.id, p.note;
update people set note = 'none' where false;
update people set (name, age) = ('Flo', 7) where id = 10;
delete from people where id > 30 returning id;
delete from people p using orders o where o.person = p.id and o.total < 0;
select id, name, note, age from people order by id;
update "Odd ""Name""" set "select" = 'x';
insert into "Odd ""Name""" values (1, 'a', 'b', 'c', 'd', 'e', 'f') returning *;
update "Odd ""Name""" set "old" = "new", v_payload = v_sent where tg_when = 'f' returning *;
update people set mood = 'happy', home = row('Main', 7), worth = 3.50 where id = 1 returning mood, home, (home).zip, worth;

--- statements that write in their with clauses
-- @app
with gone as (delete from keyless where v = 2 returning *), back as (insert into keyless select v + 1, 'moved' from gone returning *)
  select gone.v, back.v, back.w from gone, back;
with up as (update counters set n = n + 1 returning id, n), up2 as (update counters set n = n + 100 returning id, n)
  select count(*) from up;
with n as (insert into journal (what) values ('cte') returning what) insert into keyless select 9, what from n returning *;

--- insert on conflict (23505)
-- @app
insert into people (id, name) values (1, 'dup') on conflict do nothing;
insert into people (id, name) values (1, 'dup'), (50, 'new') on conflict (id) do update set name = people.name || '/' || excluded.name returning id, name;
insert into people (id, name, email) values (60, 'x', 'ana@example.org') on conflict (id) do nothing;
insert into people (id, name, email) values (60, 'x', 'ana@example.org') on conflict (email) do update set age = 31 where people.age = 30 returning id, age;
insert into regions values (1, 'eu', 1), (1, 'us', 2) on conflict (id, region) do update set v = regions.v + 1;
insert into regions values (1, 'eu', 1), (1, 'us', 2) on conflict (id, region) do update set v = regions.v + 1 returning *;

--- merge (21000) from 15
-- @app
merge into people p using (values (1, 'merged'), (70, 'fresh')) s (id, name) on s.id = p.id
  when matched then update set note = s.name when not matched then insert (id, name) values (s.id, s.name);
merge into people p using (values (70)) s (id) on s.id = p.id when matched then delete when not matched then do nothing;
merge into people p using (values (1), (1)) s (id) on s.id = p.id when matched then update set age = 1;
merge into regions r using (values (5, 'eu'), (6, 'us')) s (id, region) on s.id = r.id and s.region = r.region when not matched then insert values (s.id, s.region, 0);
select * from people order by id;

--- merge that returns from 17
-- @app
merge into people p using (values (1), (71)) s (id) on s.id = p.id when matched then update set age = 33
  when not matched then insert (id, name) values (s.id, 'M') returning merge_action(), p.id, p.age;

--- copy in and out (22P02 23505 23502)
-- @app
copy people (id, name, age) from stdin;
80	Copied	1
81	\N\N	2
\.
copy people (id, name) from stdin;
82	Good
notanumber	Bad
\.
copy people (id, name) from stdin;
82	Good
82	Double
\.
copy people (id, name) from stdin;
83	\N
\.
copy keyless from stdin with (format csv, header);
v,w
5,five
6,"s,ix"
\.
copy regions from stdin;
7	eu	1
8	us	2
9	elsewhere	3
\.
copy (select id, name from people where id in (1, 80, 82) order by id) to stdout;
copy keyless to stdout with (format csv);

--- sequences and identities (428C9 55000)
-- @app
insert into counters (n) values (5) returning id;
select lastval(), currval('counters_id_seq');
insert into orders (id, person) values (99, 1);
insert into orders (id, person) overriding system value values (99, 1) returning id;
insert into orders (id, person) overriding user value values (99, 1) returning id;
insert into orders (doubled) values (1);
update orders set doubled = default, total = 3 where id = 99 returning doubled;
select nextval('counters_id_seq');
-- @app2
select lastval();
insert into people (id, name) values (120, 'no sequence');
select lastval();
select setseed(0.25);
update people set name = name where id = 120;
insert into keyless select n, 'seeded' from generate_series(1, 3) n;
select random();

--- values of every kind and size
-- @app
insert into wide select 1, 0, string_agg(md5(n::text), '') from generate_series(1, 100000) n;
update wide set n = n + 1 where id = 1;
update wide set body = body || 'x' where id = 1 returning n, md5(body), length(body);
insert into wide values (2, 0, repeat('compressible', 400000)), (3, 0, ''), (4, 0, null);
update wide set n = 9 where id = 2 returning length(body);
insert into orders (person, tags, doc) values (1, '[0:1]={x,"y z"}', '{"a": 1e300, "b": "\u00e9"}') returning tags, doc;
delete from wide where id = 1 returning md5(body);

--- keyless tables and inheritance
-- @app
update keyless set w = 'uno' where v = 1 returning *;
delete from keyless where ctid = (select min(ctid) from keyless);
insert into base values (1, 'b');
insert into derived values (2, 'd', 3);
update base set v = v || '!' returning *;
update only base set v = v || '?' returning *;
delete from base where id = 2;
select * from base order by 1;

--- no transaction id for a statement that touches no row
-- @app
begin;
update people set name = 'x' where id = -1;
delete from people where id = -1;
insert into people (id, name) select 1, 'x' where false;
select pg_current_xact_id_if_assigned() is null;
commit;

--- the extended protocol
-- @app extended
insert into people (id, name) values (90, 'extended') returning id;
update people set name = 'ext' where id = 90;
begin;
delete from people where id = 90;
rollback;
select name from people where id = 90;

--- statements in one string (22012)
-- @app
insert into keyless values (50, 'a'); update keyless set w = 'b' where v = 50; select count(*) from keyless where w = 'b';
insert into keyless values (51, 'a'); select 1 / 0; insert into keyless values (52, 'a');
begin; insert into keyless values (53, 'a'); commit; insert into keyless values (54, 'a');
select v from keyless where v >= 50 order by v;
