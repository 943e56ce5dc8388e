-- Trigger capture: what changes is written to rowtrail.outbox in the application's own transaction, and the daemon takes
-- it from there. Only with `capture: trigger`; this file comes last, and replaces what it needs to of the others.
--
-- A statement's rows are captured after it (`capture`), or one by one where a statement's transition tables would tell
-- too little (`capture_row`: partitioned and inherited tables, excluded columns). Both run as the outbox's owner, so that
-- applications have no right on it; being trigger functions, they cannot be called, only fired by real changes.
-- Rows of the outbox are put in order by (start, id, position): `start` is taken before the statement, so that what
-- its triggers do comes after its own rows, and what is nested elsewhere stays where it was.

create table if not exists rowtrail.outbox (
  xid xid8 not null,
  -- Where the WAL ended when the statement was captured: later statements, of whatever session, have a later one, and
  -- whoever builds on another transaction has a later one than all of its. Not a sequence: that would be the session's lastval().
  id pg_lsn not null,
  start integer not null,            -- which statement of the transaction
  position integer not null,         -- in the statement
  at timestamptz not null,
  kind "char" not null,              -- i: inserted, d: deleted, o and n: updated from and to, t: truncated,
                                     -- m: a message, r: a table's description, x: rows were dropped from here
  relid oid,
  message text,                      -- the context message that comes before the row; a message; a description
  image text                         -- the row as its composite type prints it; null: too large
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000, toast.autovacuum_vacuum_cost_delay = 0);
-- Counts statements whose rows were dropped. A sequence, because no one waits for it; two at once may count as one.
create sequence if not exists rowtrail.outbox_dropped cache 1;

-- How the tables were described at the end of what was taken from the outbox.
create table if not exists rowtrail.described (
  relid oid primary key,
  description text not null
);
-- The size that the outbox had when nothing was left in it: that is space to be used again.
create table if not exists rowtrail.outbox_state (
  singleton boolean primary key default true check (singleton),
  emptied_bytes bigint not null default 0
);
insert into rowtrail.outbox_state default values on conflict (singleton) do nothing;

-- The number of a message or truncate among the statements of its transaction: after those that are done, and after the
-- own rows of those that are at work. The next statement has the same one, and a later place in the WAL. The setting is the application's to spoil, and then says nothing.
create or replace function rowtrail.outbox_start(open text) returns integer
  language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  select case when open ~ '^\d{1,9}( \d{1,9}:\d{1,9}:\d{1,10})*$'
    then split_part(open, ' ', 1)::integer + 1 else 1 end
$$;

-- Whether the outbox has taken all that it may; then says so, once while there is room for it.
create or replace function rowtrail.outbox_is_full() returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_bytes bigint := pg_table_size('rowtrail.outbox');
  v_limit bigint := :outbox_max_bytes + (select least(s.emptied_bytes, :outbox_max_bytes) from rowtrail.outbox_state s);
begin
  if v_bytes <= v_limit then
    return false;
  end if;
  -- Not nextval: the application may ask for its lastval().
  perform setval('rowtrail.outbox_dropped', s.last_value + 1) from rowtrail.outbox_dropped s;
  if v_bytes <= v_limit + 8388608 then
    insert into rowtrail.outbox (xid, id, start, position, at, kind)
      values (pg_current_xact_id(), pg_current_wal_insert_lsn(), 0, 0, clock_timestamp(), 'x');
  end if;
  return true;
end
$$;

-- Takes a message. Like pg_logical_emit_message, which it stands for, any role may call it: what a message says is
-- believed only with a session token or the install secret in it.
create or replace function rowtrail.send_message(message text) returns bigint
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- What only reads cannot write here either; it says hello again when it writes.
  if current_setting('transaction_read_only')::boolean or octet_length(message) > 4194304 or pg_table_size('rowtrail.outbox') > :outbox_max_bytes and rowtrail.outbox_is_full() then
    return 0;
  end if;
  insert into rowtrail.outbox (xid, id, start, position, at, kind, message)
    values (pg_current_xact_id(), pg_current_wal_insert_lsn(), rowtrail.outbox_start(current_setting('rowtrail.open', true)),
      0, clock_timestamp(), 'm', message);
  return 1;
end
$$;

-- The text of a row whose text may be too large for a value: never an error. Null above :max_image_bytes.
create or replace function rowtrail.row_text(image record) returns text
  language plpgsql volatile
as $$
declare
  v_text pg_catalog.text;
begin
  v_text := pg_catalog.textin(pg_catalog.record_out(image));
  return case when pg_catalog.octet_length(v_text) operator(pg_catalog.<=) :max_image_bytes then v_text end;
exception when others then
  return null;
end
$$;

-- Statement trigger before and after each statement on each tracked table and partition. Replaces the one of WAL capture, see there: it runs under the application's search_path.
-- The setting rowtrail.open: how many statements there were in this transaction, then those that are at work, each as
-- trigger depth, number and table. Two at the same depth are parts of one statement, or one called by the other: they
-- share a number, and the one that ended first comes first.
create or replace function rowtrail.context_trigger() returns trigger
  language plpgsql volatile
as $$
declare
  v_payload pg_catalog.text;
  v_open pg_catalog.text := coalesce(pg_catalog.current_setting('rowtrail.open', true), '');
  v_root pg_catalog.text;
  v_number pg_catalog.int4;
  v_depth pg_catalog.text;
begin
  if tg_when operator(pg_catalog.=) 'AFTER' then
    if tg_op operator(pg_catalog.<>) 'TRUNCATE' and v_open operator(pg_catalog.~) '^\d{1,9}( \d{1,9}:\d{1,9}:\d{1,10})*$' then
      v_root := coalesce(pg_catalog.pg_partition_root(tg_relid)::pg_catalog.oid, tg_relid)::pg_catalog.text;
      perform pg_catalog.set_config('rowtrail.open',
        pg_catalog.regexp_replace(v_open, pg_catalog.concat('^(.*) \d+:\d+:', v_root, '(?= |$)'), '\1'), true);
    end if;
    return null;
  end if;
  if pg_catalog.pg_current_xact_id_if_assigned() is not null then
    v_payload := :payload;
    if coalesce(pg_catalog.current_setting('rowtrail.sent', true), '') operator(pg_catalog.<>) v_payload then
      perform rowtrail.emit_context();
    end if;
  end if;
  if tg_op operator(pg_catalog.<>) 'TRUNCATE' then
    v_depth := pg_catalog.pg_trigger_depth()::pg_catalog.text;
    v_root := coalesce(pg_catalog.pg_partition_root(tg_relid)::pg_catalog.oid, tg_relid)::pg_catalog.text;
    if v_open operator(pg_catalog.=) '' then
      v_open := pg_catalog.concat('1 ', v_depth, ':1:', v_root);
    elsif v_open operator(pg_catalog.~) '^\d{1,9}$' then
      v_number := v_open::pg_catalog.int4 operator(pg_catalog.+) 1;
      v_open := pg_catalog.concat(v_number, ' ', v_depth, ':', v_number, ':', v_root);
    elsif v_open operator(pg_catalog.~) '^\d{1,9}( \d{1,9}:\d{1,9}:\d{1,10})+$' and pg_catalog.length(v_open) operator(pg_catalog.<) 100000 then
      v_number := (pg_catalog.regexp_match(v_open, pg_catalog.concat(' ', v_depth, ':(\d+):')))[1];
      if v_number is null then
        v_number := pg_catalog.split_part(v_open, ' ', 1)::pg_catalog.int4 operator(pg_catalog.+) 1;
        v_open := pg_catalog.regexp_replace(v_open, '^\d+', v_number::pg_catalog.text);
      end if;
      v_open := pg_catalog.concat(v_open, ' ', v_depth, ':', v_number, ':', v_root);
    else
      v_open := pg_catalog.concat('1 ', v_depth, ':1:', v_root);
    end if;
    perform pg_catalog.set_config('rowtrail.open', v_open, true);
  end if;
  return null;
end
$$;

-- Whether the outbox is full is looked up in full now and then only, by the clock: random() would be the application's.
-- After each statement: its rows, as a whole. The context message goes out with the first of them if none has yet: a
-- statement that touches no row writes nothing. The settings give each value one text.
create or replace function rowtrail.capture() returns trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC' set datestyle = 'ISO' set intervalstyle = 'postgres' set extra_float_digits = 1
  set bytea_output = 'hex' set lc_monetary = 'C' set xmlbinary = 'base64'
as $$
#variable_conflict use_variable
declare
  v_open text := coalesce(current_setting('rowtrail.open', true), '');
  v_start integer;
  v_payload text;
begin
  if tg_op = 'TRUNCATE' then
    if pg_table_size('rowtrail.outbox') <= :outbox_max_bytes or not rowtrail.outbox_is_full() then
      insert into rowtrail.outbox (xid, id, start, position, at, kind, relid)
        values (pg_current_xact_id(), pg_current_wal_insert_lsn(), rowtrail.outbox_start(v_open), 0, clock_timestamp(), 't', tg_relid);
      if coalesce(current_setting('rowtrail.sent', true), '') = '' then
        perform rowtrail.emit_context();
      end if;
    end if;
    return null;
  end if;
  v_start := coalesce((regexp_match(v_open, '^.* \d{1,9}:(\d{1,9}):' || tg_relid || '(?= |$)'))[1]::integer, rowtrail.outbox_start(v_open));
  if coalesce(current_setting('rowtrail.sent', true), '') = '' and current_setting('rowtrail.session', true) > '' then
    v_payload := :payload;
    if octet_length(v_payload) > :max_bytes then
      v_payload := null;
    end if;
  end if;
  if pg_relation_size('rowtrail.outbox') > :outbox_max_bytes or extract(microseconds from clock_timestamp())::integer % 16 = 0 and pg_table_size('rowtrail.outbox') > :outbox_max_bytes then
    -- Nothing to do if there are no rows: then the insert below is none either.
    if tg_op = 'INSERT' then
      if exists (select from rowtrail_new) and rowtrail.outbox_is_full() then
        return null;
      end if;
    elsif exists (select from rowtrail_old) and rowtrail.outbox_is_full() then
      return null;
    end if;
  end if;
  if tg_op = 'INSERT' then
    insert into rowtrail.outbox (xid, id, start, position, at, kind, relid, message, image)
      select (select pg_current_xact_id()), (select pg_current_wal_insert_lsn()), v_start, row_number() over (), clock_timestamp(), 'i', tg_relid,
          case when row_number() over () = 1 then v_payload end,
          case when pg_column_size((n.*)) <= 262144 then textin(record_out((n.*))) else rowtrail.row_text((n.*)) end
        from rowtrail_new n;
  elsif tg_op = 'DELETE' then
    insert into rowtrail.outbox (xid, id, start, position, at, kind, relid, message, image)
      select (select pg_current_xact_id()), (select pg_current_wal_insert_lsn()), v_start, row_number() over (), clock_timestamp(), 'd', tg_relid,
          case when row_number() over () = 1 then v_payload end,
          case when pg_column_size((o.*)) <= 262144 then textin(record_out((o.*))) else rowtrail.row_text((o.*)) end
        from rowtrail_old o;
  else
    -- Both tables get a row at a time, so that the same position is the same row, whatever became of its key.
    insert into rowtrail.outbox (xid, id, start, position, at, kind, relid, message, image)
      select (select pg_current_xact_id()), (select pg_current_wal_insert_lsn()), v_start, u.position, clock_timestamp(), u.kind, tg_relid,
          case when u.position = 1 and u.kind = 'o' then v_payload end, u.image
        from (
          select row_number() over () as position, 'o'::"char" as kind,
              case when pg_column_size((o.*)) <= 262144 then textin(record_out((o.*))) else rowtrail.row_text((o.*)) end as image
            from rowtrail_old o
          union all
          select row_number() over (), 'n',
              case when pg_column_size((n.*)) <= 262144 then textin(record_out((n.*))) else rowtrail.row_text((n.*)) end
            from rowtrail_new n
        ) u;
  end if;
  if found then
    if v_payload is not null then
      perform set_config('rowtrail.sent', v_payload, true);
    elsif coalesce(current_setting('rowtrail.sent', true), '') = '' then
      perform rowtrail.emit_context();
    end if;
  end if;
  return null;
end
$$;

-- After each row; its arguments are columns that are left out.
create or replace function rowtrail.capture_row() returns trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC' set datestyle = 'ISO' set intervalstyle = 'postgres' set extra_float_digits = 1
  set bytea_output = 'hex' set lc_monetary = 'C' set xmlbinary = 'base64'
as $$
#variable_conflict use_variable
declare
  v_open text := coalesce(current_setting('rowtrail.open', true), '');
  v_number text := (regexp_match(v_open, '^.* \d{1,9}:(\d{1,9}):' || coalesce(pg_partition_root(tg_relid)::oid, tg_relid) || '(?= |$)'))[1];
  v_start integer := coalesce(v_number::integer, rowtrail.outbox_start(v_open));
  v_old text;
  v_new text;
  v_columns text;
  v_id pg_lsn;
begin
  if pg_relation_size('rowtrail.outbox') > :outbox_max_bytes or extract(microseconds from clock_timestamp())::integer % 16 = 0 and pg_table_size('rowtrail.outbox') > :outbox_max_bytes then
    if rowtrail.outbox_is_full() then
      return null;
    end if;
  end if;
  if tg_nargs = 0 then
    if tg_op <> 'INSERT' then
      v_old := case when pg_column_size(old) <= 262144 then textin(record_out(old)) else rowtrail.row_text(old) end;
    end if;
    if tg_op <> 'DELETE' then
      v_new := case when pg_column_size(new) <= 262144 then textin(record_out(new)) else rowtrail.row_text(new) end;
    end if;
  else
    select string_agg(format('($1).%I', a.attname), ', ' order by a.attnum) into v_columns
      from pg_attribute a where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped and a.attname <> all (tg_argv);
    if v_columns is not null then
      v_columns := format('select rowtrail.row_text(row(%s))', v_columns);
      if tg_op <> 'INSERT' then
        execute v_columns into v_old using old;
      end if;
      if tg_op <> 'DELETE' then
        execute v_columns into v_new using new;
      end if;
    else
      v_old := '()';
      v_new := '()';
    end if;
  end if;
  v_id := pg_current_wal_insert_lsn();
  if tg_op <> 'INSERT' then
    insert into rowtrail.outbox (xid, id, start, position, at, kind, relid, image)
      values (pg_current_xact_id(), v_id, v_start, 0, clock_timestamp(), case tg_op when 'UPDATE' then 'o'::"char" else 'd' end, tg_relid, v_old);
  end if;
  if tg_op <> 'DELETE' then
    insert into rowtrail.outbox (xid, id, start, position, at, kind, relid, image)
      values (pg_current_xact_id(), v_id, v_start, 0, clock_timestamp(), case tg_op when 'UPDATE' then 'n'::"char" else 'i' end, tg_relid, v_new);
  end if;
  if coalesce(current_setting('rowtrail.sent', true), '') = '' then
    perform rowtrail.emit_context();
  end if;
  return null;
end
$$;

-- What the daemon has to know of a table to read its rows, as it is now. JSON text; null: there is no such table.
create or replace function rowtrail.table_description(relid oid) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select json_build_object(
    'oid', c.oid::bigint, 'root', coalesce(pg_partition_root(c.oid)::oid, c.oid)::bigint,
    'schema', n.nspname, 'name', c.relname, 'partitioned', c.relkind = 'p',
    'key', (select json_agg(a.attname order by k.position) from (
        select i.indkey, i.indnkeyatts from pg_index i
          where i.indrelid = c.oid and i.indisvalid and (i.indisprimary or i.indisreplident) order by i.indisprimary desc limit 1) x
      cross join lateral unnest(x.indkey) with ordinality as k(attnum, position)
      join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum where k.position <= x.indnkeyatts),
    'partitionKey', case when c.relkind = 'p' then (
      select case when bool_or(k.attnum = 0) then null else json_agg(distinct a.attname::text) end
        from pg_partition_tree(c.oid) p join pg_partitioned_table pt on pt.partrelid = p.relid
        cross join lateral unnest(pt.partattrs::int2[]) k(attnum)
        left join pg_attribute a on a.attrelid = p.relid and a.attnum = k.attnum) end,
    'columns', (select coalesce(json_agg(json_build_object('name', a.attname, 'attnum', a.attnum, 'typeOid', a.atttypid::bigint,
        'typeModifier', a.atttypmod, 'typeName', format_type(a.atttypid, nullif(a.atttypmod, -1)),
        'baseSchema', bn.nspname, 'baseName', b.typname, 'generated', a.attgenerated <> '',
        'omitted', exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'rowtrail_capture_row'
          and a.attname = any (string_to_array(replace(encode(t.tgargs, 'escape'), '\000', chr(10)), chr(10)))))
        order by a.attnum), '[]'::json)
      from pg_attribute a
        cross join lateral (
          with recursive base (oid, under) as (
            select t.oid, t.typbasetype from pg_type t where t.oid = a.atttypid
            union all
            select t.oid, t.typbasetype from base join pg_type t on t.oid = base.under where base.under <> 0)
          select base.oid from base where base.under = 0 limit 1) base
        join pg_type b on b.oid = base.oid join pg_namespace bn on bn.oid = b.typnamespace
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
  )::text
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = table_description.relid and c.relkind in ('r', 'p')
$$;

-- Puts a tracked table's description, with those of all its partitions, into the outbox: from here on it holds.
-- Does only what the catalog bears out, so that any role's DDL may call it.
create or replace function rowtrail.describe_table(relid oid) returns void
  language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into rowtrail.outbox (xid, id, start, position, at, kind, relid, message)
    select pg_current_xact_id(), pg_current_wal_insert_lsn(), rowtrail.outbox_start(current_setting('rowtrail.open', true)), 0, clock_timestamp(), 'r',
        t.relid, d.description
      from (
        select r.relid from rowtrail.tables r
          where r.root = coalesce(pg_partition_root(describe_table.relid)::oid, describe_table.relid)
        union
        select p.relid::oid from pg_partition_tree(pg_partition_root(describe_table.relid)) p
          where exists (select from rowtrail.tables r where r.relid = pg_partition_root(describe_table.relid)::oid)) t
        cross join lateral (select rowtrail.table_description(t.relid) as description offset 0) d
      where d.description is not null
$$;

-- Puts the triggers of trigger capture on a new table, as setup does (src/setup/capture-triggers.ts), and describes it.
-- Not for apps: only definer functions call it.
create or replace function rowtrail.capture_table(relid oid) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table record;
  v_name text;
begin
  select c.relkind, n.nspname, c.relname,
      (select string_agg(quote_literal(e.name), ', ' order by e.position)
        from json_array_elements_text(i.options -> 'excluded' -> (n.nspname || '.' || c.relname)) with ordinality as e(name, position)) as excluded,
      c.relkind = 'p' or exists (select from pg_inherits h where c.oid in (h.inhparent, h.inhrelid)) as by_row
    into v_table
    from rowtrail.install i, pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = capture_table.relid;
  v_name := format('%I.%I', v_table.nspname, v_table.relname);
  if v_table.by_row or v_table.excluded is not null then
    -- Not "only": the partitions' copies too.
    execute format('create trigger rowtrail_capture_row after insert or update or delete on %1$s for each row execute function rowtrail.capture_row(%2$s);
      alter table %1$s enable always trigger rowtrail_capture_row', v_name, v_table.excluded);
  else
    execute format('create trigger rowtrail_capture_insert after insert on %1$s referencing new table as rowtrail_new for each statement execute function rowtrail.capture();
      create trigger rowtrail_capture_update after update on %1$s referencing old table as rowtrail_old new table as rowtrail_new for each statement execute function rowtrail.capture();
      create trigger rowtrail_capture_delete after delete on %1$s referencing old table as rowtrail_old for each statement execute function rowtrail.capture();
      alter table only %1$s enable always trigger rowtrail_capture_insert, enable always trigger rowtrail_capture_update, enable always trigger rowtrail_capture_delete', v_name);
  end if;
  execute format('create trigger rowtrail_capture_truncate after truncate on %1$s for each statement execute function rowtrail.capture();
    alter table only %1$s enable always trigger rowtrail_capture_truncate', v_name);
  perform rowtrail.describe_table(capture_table.relid);
end
$$;

-- After DDL: whatever table it was about is described anew. Never fails the command.
create or replace function rowtrail.outbox_ddl() returns event_trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set client_min_messages = error
as $$
begin
  if tg_event = 'sql_drop' then
    perform rowtrail.describe_table(d.objid) from (
      select distinct o.objid from pg_event_trigger_dropped_objects() o
        where o.classid = 'pg_class'::regclass and o.objsubid > 0) d;
  elsif tg_tag = 'ALTER SCHEMA' then
    perform rowtrail.describe_table(t.relid) from rowtrail.tables t where t.relid = t.root;
  else
    perform rowtrail.describe_table(d.relid) from (
      select distinct coalesce(pg_partition_root(c.objid)::oid, c.objid) as relid from pg_event_trigger_ddl_commands() c
        where c.classid = 'pg_class'::regclass and c.object_type in ('table', 'table column', 'table constraint')
      union
      select i.indrelid from pg_event_trigger_ddl_commands() c join pg_index i on i.indexrelid = c.objid
        where c.classid = 'pg_class'::regclass and c.object_type = 'index') d;
  end if;
exception when others then
  null; -- the daemon compares the catalog with what it knows, and finds what is missed here
end
$$;

do $$
declare
  v_trigger record;
begin
  for v_trigger in select * from (values
    ('rowtrail_outbox_ddl', 'ddl_command_end when tag in (''CREATE TABLE'', ''ALTER TABLE'', ''ALTER SCHEMA'', ''CREATE SCHEMA'', ''CREATE INDEX'', ''ALTER INDEX'')'),
    ('rowtrail_outbox_drop', 'sql_drop')) as t(name, event)
  loop
    if not exists (select from pg_catalog.pg_event_trigger e where e.evtname = v_trigger.name) then
      execute pg_catalog.format('create event trigger %I on %s execute function rowtrail.outbox_ddl()', v_trigger.name, v_trigger.event);
    end if;
    if not exists (select from pg_catalog.pg_event_trigger e where e.evtname = v_trigger.name and e.evtenabled = 'A') then
      execute pg_catalog.format('alter event trigger %I enable always', v_trigger.name);
    end if;
  end loop;
exception when insufficient_privilege then
  raise notice 'rowtrail: % may not create event triggers: run setup again after tables were altered', current_user;
end
$$;

do $$
declare
  v_object text;
begin
  -- What default privileges gave away, and PUBLIC's right on every new function.
  foreach v_object in array array['table rowtrail.outbox', 'table rowtrail.described', 'table rowtrail.outbox_state',
    'sequence rowtrail.outbox_dropped',
    'function rowtrail.outbox_start(text)', 'function rowtrail.outbox_is_full()', 'function rowtrail.send_message(text)',
    'function rowtrail.row_text(record)', 'function rowtrail.capture()', 'function rowtrail.capture_row()',
    'function rowtrail.table_description(oid)', 'function rowtrail.describe_table(oid)', 'function rowtrail.capture_table(oid)',
    'function rowtrail.outbox_ddl()']
  loop
    execute pg_catalog.format('revoke all on %s from public', v_object);
  end loop;
end
$$;

grant execute on function rowtrail.send_message(text) to public;
-- For whoever makes a partition, and for the owners of new ones: row triggers are copied with their rights.
grant execute on function rowtrail.capture(), rowtrail.capture_row(), rowtrail.describe_table(oid) to public;

do $$
begin
  if pg_catalog.pg_has_role(current_user, 'rowtrail_owner', 'usage') then
    grant usage, create on schema rowtrail to rowtrail_owner;
    grant select, insert on rowtrail.outbox to rowtrail_owner;
    grant select on rowtrail.outbox_state, rowtrail.described to rowtrail_owner;
    grant select, update on sequence rowtrail.outbox_dropped to rowtrail_owner;
    grant execute on function rowtrail.outbox_start(text), rowtrail.outbox_is_full(), rowtrail.row_text(record), rowtrail.table_description(oid),
      rowtrail.emit_context() to rowtrail_owner;
    alter function rowtrail.send_message(text) owner to rowtrail_owner;
    alter function rowtrail.capture() owner to rowtrail_owner;
    alter function rowtrail.capture_row() owner to rowtrail_owner;
    alter function rowtrail.describe_table(oid) owner to rowtrail_owner;
    alter function rowtrail.outbox_ddl() owner to rowtrail_owner;
    revoke create on schema rowtrail from rowtrail_owner;
  end if;
exception when undefined_object then
  null;
end
$$;

grant select, delete on rowtrail.outbox to :daemon;
grant select, insert, update, delete on rowtrail.described to :daemon;
grant select, update on rowtrail.outbox_state to :daemon;
grant select on sequence rowtrail.outbox_dropped to :daemon;
grant execute on function rowtrail.table_description(oid), rowtrail.describe_table(oid) to :daemon;
