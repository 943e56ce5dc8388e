--- errors in and out of a transaction (23505 23502 23514 23503 22012 22P02 22003 22001 42P01 42703 25P02 42804)
-- @app
insert into people (id, name) values (1, 'dup');
insert into people (id) values (100);
update people set age = -1 where id = 1;
insert into people (id, name, worth) values (101, 'x', -1);
insert into orders (person) values (12345);
delete from orders where id = 1;
update people set age = age / 0 where age is not null;
insert into people (id, name) values ('x', 'y');
update orders set total = 1e12;
update lines set item = 'longer than ten';
insert into nowhere values (1);
update people set nothing = 1;
update people set age = 'a'::text;
begin;
insert into people (id, name) values (102, 'kept?');
insert into people (id, name) values (102, 'dup');
select 1;
update people set name = 'x';
commit;
select count(*) from people where id > 99;

--- savepoints (23505 3B001)
-- @app
begin;
insert into keyless values (200, 'a');
savepoint one;
insert into people (id, name) values (1, 'dup');
rollback to one;
insert into keyless values (201, 'b');
savepoint two;
update keyless set w = 'c' where v = 201;
release two;
savepoint three;
delete from keyless;
rollback to three;
rollback to three;
release one;
rollback to two;
rollback;
begin;
savepoint s;
insert into keyless values (203, 'only in a savepoint');
release s;
commit;
select * from keyless where v >= 200 order by v;

--- exceptions, procedures and loops in plpgsql (P0001 2D000)
-- @app
select survives(1), survives(300), survives(300);
do $$
begin
  for i in 1..5 loop
    begin
      insert into people (id, name) values (300 + i, 'loop');
      if i % 2 = 0 then raise exception 'even'; end if;
    exception when raise_exception then
      raise notice 'skipped %', i;
    end;
  end loop;
end $$;
select id from people where id >= 300 order by id;
do $$ begin update people set note = 'do' where id = 300; raise exception 'all undone'; end $$;
select note from people where id = 300;
call in_steps(4);
begin;
call in_steps(4);
rollback;
select v from keyless where v > 100 and v < 110 order by v;
do $$
declare r record;
begin
  for r in select id from people where id >= 300 order by id for update loop
    update people set note = 'seen' where id = r.id;
    raise notice '%', r.id;
  end loop;
  delete from people where id >= 300;
  if not found then raise exception 'not found'; end if;
  update people set name = 'x' where false;
  raise notice 'found: %', found;
end $$;

--- cursors (34000)
-- @app
begin;
insert into people (id, name) values (-1, 'first'), (0, 'second');
declare c cursor for select id, name from people order by id for update;
fetch 1 from c;
update people set note = 'current' where current of c;
fetch next from c;
delete from people where current of c;
close c;
rollback;
begin;
declare h cursor with hold for select id from people order by id;
update people set note = 'held' where id = 1;
commit;
fetch 2 from h;
move 1 in h;
close h;
fetch 1 from h;

--- prepared statements (26000 0A000)
-- @app
prepare put (integer, text) as insert into keyless values ($1, $2) returning *;
execute put (400, 'p');
execute put (401, null);
begin;
execute put (402, 'gone');
rollback;
deallocate put;
execute put (1, '1');
prepare up (integer) as update people set age = $1 where id = 1 returning age;
execute up (1);
execute up (2);
execute up (3);
execute up (4);
execute up (5);
execute up (6);
execute up (7);
prepare every as select * from counters where id = 1;
execute every;
-- @owner
alter table counters add column later integer;
-- @app
execute every;
deallocate all;
-- @owner
alter table counters drop column later;

--- two-phase commit (42704 0A000)
-- @app
begin;
insert into keyless values (500, 'prepared');
update people set note = 'prepared' where id = 2;
prepare transaction 'harmless one';
select count(*) from keyless where v = 500;
-- @app2
insert into keyless values (501, 'beside');
update people set note = 'beside' where id = 1;
-- @app
begin;
insert into keyless values (502, 'second');
prepare transaction 'harmless two';
insert into keyless values (503, 'after');
commit prepared 'harmless one';
rollback prepared 'harmless two';
commit prepared 'harmless two';
select v from keyless where v >= 500 order by v;
begin;
create temporary table t2pc (a integer) on commit drop;
insert into keyless values (504, 'temp');
prepare transaction 'harmless three';
-- @fresh
begin;
insert into keyless values (505, 'the first write of a session');
prepare transaction 'harmless four';
-- @fresh2
begin;
insert into keyless values (506, 'and of another');
commit;
-- @fresh
update keyless set w = 'while prepared' where v = 506;
commit prepared 'harmless four';

--- isolation (40001 25006)
-- @app
begin isolation level serializable;
select sum(n) from counters where id in (1, 2);
-- @app2
begin isolation level serializable;
select sum(n) from counters where id in (1, 2);
-- @app
update counters set n = n + 1 where id = 1;
-- @app2
update counters set n = n + 1 where id = 2;
-- @app
commit;
-- @app2
commit;
-- @app
begin isolation level repeatable read;
select n from counters where id = 3;
-- @app2
update counters set n = n + 1 where id = 3;
-- @app
update counters set n = n + 1 where id = 3;
rollback;
begin read only;
update people set name = 'x';
rollback;
begin read only;
update people set name = 'x' where false;
rollback;
begin read only;
select count(*) from keyless where v = -1;
commit;
begin isolation level serializable read only deferrable;
select 1;
commit;
begin;
insert into keyless values (600, 'then read only');
set transaction read only;
select count(*) from keyless where v = 600;
insert into keyless values (601, 'too late');
rollback;

--- serializable sessions that have nothing in common
-- @fresh
begin isolation level serializable;
-- @fresh2
begin isolation level serializable;
-- @app
begin isolation level serializable;
-- @fresh
insert into keyless values (610, 'a');
-- @fresh2
insert into counters (n) values (610);
-- @app
insert into journal (what) values ('610');
-- @fresh
commit;
-- @fresh2
commit;
-- @app
commit;

--- deferred constraints (23503 23505)
-- @app
begin;
insert into nodes values (1, 2), (2, 1);
commit;
begin;
insert into nodes values (3, 99);
commit;
begin;
insert into nodes values (4, 98);
set constraints all immediate;
rollback;
delete from nodes where id = 2;
select * from nodes order by id;
begin;
insert into slots_taken values (1, '[1,5)'), (1, '[1,5)');
update slots_taken set room = 2 where ctid = (select min(ctid) from slots_taken);
commit;
begin;
insert into slots_taken values (1, '[1,5)');
commit;

--- locks and timeouts (25P01 55P03 57014)
-- @app
begin;
update people set note = 'locked' where id = 1;
-- @app2
select 1 from people where id = 1 for update nowait;
select id from people where id in (1, 2) order by id for update skip locked;
set lock_timeout = '50ms';
update people set note = 'waits' where id = 1;
lock table people in share mode;
reset lock_timeout;
set statement_timeout = '1s';
update people set note = 'slow' where id = 2 and pg_sleep(30) is not null;
reset statement_timeout;
begin;
insert into keyless values (700, 'before the timeout');
set local statement_timeout = '1s';
select pg_sleep(30);
rollback;
-- @app
commit;
lock table keyless;
begin;
lock table keyless in access exclusive mode;
insert into keyless values (701, 'locked');
commit;

--- advisory locks and notifications
-- @app
listen news;
select pg_advisory_lock(42), pg_try_advisory_xact_lock(43);
-- @app2
select pg_try_advisory_lock(42);
begin;
insert into keyless values (800, 'told');
notify news, 'inserted';
insert into keyless values (801, 'told');
select pg_notify('news', 'again');
commit;
begin;
insert into keyless values (802, 'not told');
notify news, 'never';
rollback;
-- @app
select pg_advisory_unlock(42), pg_advisory_unlock(42);
unlisten *;

--- what is said without need
-- @app
commit;
begin;
begin;
insert into keyless values (810, 'warned');
commit;
drop table if exists nowhere;
do $$ begin raise warning 'careful'; raise info 'by the way'; end $$;
