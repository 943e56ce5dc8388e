--- rights that a role lacks (42501 42P01)
-- @stranger
insert into people (id, name) values (1, 'x');
update people set name = 'x';
-- @app
delete from ruled_log;
drop table keyless;
alter table people add column x integer;
update pg_class set relname = 'x' where false;
-- @stranger
select definer_insert(5);
insert into rowtrail_nothing values (1);

--- set role and set session authorization (42501)
-- @switcher
insert into keyless values (1000, 'not allowed');
set role {app};
insert into keyless values (1000, 'as the application');
select current_user = '{app}', session_user = '{app}';
reset role;
insert into keyless values (1001, 'not allowed');
begin;
set local role {app};
update keyless set w = 'local' where v = 1000;
commit;
update keyless set w = 'x' where v = 1000;
-- @admin
set session authorization {app};
insert into keyless values (1002, 'authorised');
select session_user = '{app}';
reset session authorization;
set role {owner};
insert into keyless values (1003, 'as the owner');
reset role;
select v from keyless where v >= 1000 order by v;

--- a search path that shadows what everybody uses
-- @admin
create function tricky.current_setting(text, boolean) returns text language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create function tricky.set_config(text, text, boolean) returns text language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create function tricky.octet_length(text) returns integer language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create function tricky.concat_ws(text, text) returns text language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create function tricky.pg_logical_emit_message(boolean, text, text) returns text language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create function tricky.pg_current_xact_id_if_assigned() returns text language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create function tricky.refuse(text, text) returns boolean language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create function tricky.refuse(integer, integer) returns boolean language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create function tricky.join(text, text) returns text language plpgsql as $$ begin raise exception 'shadowed'; end $$;
create operator tricky.= (leftarg = text, rightarg = text, function = tricky.refuse);
create operator tricky.<> (leftarg = text, rightarg = text, function = tricky.refuse);
create operator tricky.> (leftarg = text, rightarg = text, function = tricky.refuse);
create operator tricky.<= (leftarg = integer, rightarg = integer, function = tricky.refuse);
create operator tricky.> (leftarg = integer, rightarg = integer, function = tricky.refuse);
create operator tricky.|| (leftarg = text, rightarg = text, function = tricky.join);
create domain tricky.text as integer;
create domain tricky.jsonb as integer;
create type tricky.boolean as enum ('no');
-- @tricky
show search_path;
insert into people values (1, 'in tricky');
insert into public.people (id, name) values (1100, 'in public') returning id;
update public.people set name = 'again' where id operator(pg_catalog.=) 1100;
set rowtrail.user_id = 'someone';
update public.people set name = 'and again' where id operator(pg_catalog.=) 1100 returning name;
set search_path = '';
update public.people set name = 'no path' where id = 1100 returning name;
set search_path = nowhere, pg_temp;
delete from public.people where id = 1100 returning name;

--- replication role (23503)
-- @admin
set session_replication_role = replica;
insert into orders (person, total) values (4711, 1) returning person;
update watched set v = 14 where id = 2 returning *;
delete from orders where person = 4711;
reset session_replication_role;
insert into orders (person, total) values (4711, 1);
set session_replication_role = local;
insert into keyless values (1200, 'local');
reset session_replication_role;
alter table watched disable trigger all;
update watched set v = 14 where id = 2 returning *;
alter table watched enable trigger all;

--- strange settings under the names of rowtrail
-- @app
set rowtrail.user_id = '';
insert into keyless values (1300, 'empty');
set rowtrail.context = '{"broken": ';
insert into keyless values (1301, 'malformed');
set rowtrail.context = '[1, 2]';
insert into keyless values (1302, 'no object');
set rowtrail.session = 'not-a-token';
insert into keyless values (1303, 'a token of its own making');
set rowtrail.session = '';
insert into keyless values (1304, 'no token');
set rowtrail.sent = 'nothing was';
update keyless set w = w || '!' where v = 1304;
set rowtrail.ip = 'not an address';
set rowtrail.user_agent = E'quotes \' " \\ {} , NULL and \u00e9\u4e2d';
update keyless set w = w || '!' where v = 1304;
select length(set_config('rowtrail.comment', repeat('x', 1048576), false));
insert into keyless values (1305, 'a megabyte');
update keyless set w = 'still' where v = 1305;
select length(set_config('rowtrail.context', '{"a": "' || repeat('{"\', 300000) || '"}', false));
update keyless set w = 'and again' where v = 1305;
begin;
select length(set_config('rowtrail.session', repeat('{"', 500000), true));
update keyless set w = 'a huge token' where v = 1305;
savepoint s;
select length(set_config('rowtrail.sent', repeat('{"', 500000), true));
update keyless set w = 'a huge memory' where v = 1305;
rollback to s;
update keyless set w = 'back' where v = 1305;
commit;
set rowtrail.anything_else = 'at all';
reset all;
insert into keyless values (1306, 'reset');
discard all;
insert into keyless values (1307, 'discarded');
begin;
set local rowtrail.user_id = '7';
insert into keyless values (1308, 'local');
set local rowtrail.user_id = '8';
insert into keyless values (1309, 'local');
commit;
insert into keyless values (1310, 'after local');
begin;
set local rowtrail.session = 'x';
insert into keyless values (1311, 'a local token');
commit;
insert into keyless values (1312, 'after a local token');
discard plans;
discard sequences;
discard temp;
insert into keyless values (1313, 'discarded');
select v, length(w) from keyless where v >= 1300 order by v;

--- settings that change how SQL is read (42501)
-- @app
do 'begin end';
set standard_conforming_strings = off;
set escape_string_warning = off;
insert into keyless values (1400, 'a\\b') returning w;
reset standard_conforming_strings;
set transform_null_equals = on;
insert into keyless values (1401, null) returning w;
reset transform_null_equals;
set array_nulls = off;
insert into keyless values (1402, 'x') returning w;
reset array_nulls;
set quote_all_identifiers = on;
set bytea_output = escape;
set datestyle = 'German, DMY';
set intervalstyle = iso_8601;
set timezone = 'Asia/Kolkata';
set extra_float_digits = -5;
set xmlbinary = hex;
set client_min_messages = error;
insert into keyless values (1403, 'x') returning w;
set client_encoding = latin1;
insert into keyless values (1404, 'x') returning w;
reset client_encoding;
set plan_cache_mode = force_generic_plan;
set plpgsql.variable_conflict = use_column;
update keyless set w = 'y' where v = 1404;
discard all;
set plpgsql.variable_conflict = use_variable;
set plpgsql.extra_warnings = 'all';
update keyless set w = 'y' where v = 1403;
set default_transaction_isolation = serializable;
update keyless set w = 'z' where v = 1403;
set default_transaction_read_only = on;
select count(*) from keyless where v = -1;
set default_transaction_read_only = off;
set work_mem = '64kB';
set jit = on;
set jit_above_cost = 0;
set enable_seqscan = off;
set enable_sort = off;
update keyless set w = 'z' where v = 1404;
set check_function_bodies = off;
set row_security = off;
update keyless set w = 'zz' where v = 1404;
set track_functions = 'all';

--- strict plpgsql
-- @admin
set plpgsql.extra_errors = 'all';
set plpgsql.check_asserts = on;
insert into keyless values (1450, 'strict');
update keyless set w = 'stricter' where v = 1450;

--- many sessions that write once
-- @one
insert into keyless values (1500, '1');
-- @two
set rowtrail.user_id = '2';
insert into keyless values (1500, '2');
-- @three
begin;
-- @four
begin;
-- @three
insert into keyless values (1500, '3');
-- @four
insert into keyless values (1500, '4');
-- @three
rollback;
-- @four
commit;
-- @three
insert into keyless values (1500, '3 again');
select w from keyless where v = 1500 order by w;
