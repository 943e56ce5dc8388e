-- Trigger capture: what changes is written to rowtrail.outbox in the application's own transaction, and the daemon takes
-- it from there. Only with `capture: trigger`; this file comes last, and replaces what it needs to of the others.
--
-- A statement's rows are captured after it (`capture`), or one by one where a statement's transition tables would tell
-- too little (`capture_row`: partitioned and inherited tables, excluded columns). Both run as the outbox's owner, so that
-- applications have no right on it; being trigger functions, they cannot be called, only fired by real changes. They
-- compare the context after each statement, and put a message with the first row that is under another one.
-- Rows of the outbox are put in order by (start, depth, id, position): `start` is taken before the statement, so that
-- what its triggers do comes after its own rows, and what is nested elsewhere stays where it was.

create table if not exists rowtrail.outbox (
  xid xid8 not null,
  -- Where the WAL ended when the statement was captured: later statements, of whatever session, have a later one, and
  -- whoever builds on another transaction has a later one than all of its. Not a sequence: that would be the session's lastval().
  id pg_lsn not null,
  start text,                        -- table and end of the WAL before the statement; null or spoilt: that of id
  depth smallint not null default 0, -- of triggers
  position integer not null,         -- in the statement
  at timestamptz not null,
  kind "char" not null,              -- s: the rows of a small statement; i: inserted, d: deleted, o and n: updated from
                                     -- and to, t: truncated, m: a message, r: a table's description, x: rows were dropped from here
  relid oid,
  message text,                      -- the context message that comes before the row; a message; a description
  image text,                        -- the row as its composite type prints it; null: too large
  old_images text[],                 -- s: null where the rows were inserted
  images text[]                      -- s: null where they were deleted
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000, toast.autovacuum_vacuum_cost_delay = 0);

-- From version 3 on, which numbered the statements of a transaction.
do $$
begin
  if not exists (select from pg_catalog.pg_attribute a where a.attrelid = 'rowtrail.outbox'::regclass and a.attname = 'depth') then
    alter table rowtrail.outbox alter column start drop not null,
      alter column start type text using '0 0/' || upper(to_hex(start)), add column depth smallint not null default 0,
      add column old_images text[], add column images text[];
    drop function if exists rowtrail.outbox_start(text);
  end if;
end
$$;
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

-- Where the statement began whose trigger calls this. Each level of triggers has a setting for what began there last:
-- table, end of the WAL, and whether it has been captured (above the first level). What a foreign key does is begun a
-- level above the one where it is captured, and stands there uncaptured. The settings are the application's to spoil:
-- then this transaction's statements may be out of order.
create or replace function rowtrail.outbox_start(relid oid) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_depth integer := pg_trigger_depth();
  v_own text := coalesce(current_setting('rowtrail.start' || v_depth, true), '');
  v_above text := coalesce(current_setting('rowtrail.start' || v_depth + 1, true), '');
  v_is_own boolean := split_part(v_own, ' ', 1) = relid::text;
  v_is_above boolean := split_part(v_above, ' ', 1) = relid::text;
begin
  if v_above ~ '^[0-9]{1,10} [0-9A-F]{1,8}/[0-9A-F]{1,8}$' and (v_is_above or not v_is_own) then
    -- What began above before this level's statement did is over: one that touched no row, of a table captured row by row.
    if v_own !~ '^[0-9]{1,10} [0-9A-F]{1,8}/[0-9A-F]{1,8}( captured)?$'
      or split_part(v_above, ' ', 2)::pg_lsn >= split_part(v_own, ' ', 2)::pg_lsn then
      if v_is_above then
        perform set_config('rowtrail.start' || v_depth + 1, v_above || ' captured', true);
      end if;
      return v_above;
    end if;
  end if;
  if v_is_own and v_depth > 1 and split_part(v_own, ' ', 3) = '' then
    perform set_config('rowtrail.start' || v_depth, v_own || ' captured', true);
  end if;
  return v_own;
end
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
    insert into rowtrail.outbox (xid, id, position, at, kind)
      values (pg_current_xact_id(), pg_current_wal_insert_lsn(), 0, clock_timestamp(), 'x');
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
  -- What only reads cannot write here either; it says hello again when it writes. Here nothing needs a separator.
  if message = :separator or current_setting('transaction_read_only')::boolean or octet_length(message) > 4194304 or pg_table_size('rowtrail.outbox') > :outbox_max_bytes and rowtrail.outbox_is_full() then
    return 0;
  end if;
  -- A context that is sent by itself is not in the order of the statements that are at work: from here on each says its own.
  if left(message, 3) = '{c,' and coalesce(current_setting('rowtrail.start2', true), '') = '' then
    perform set_config('rowtrail.start2', '0 0/0 captured', true);
  end if;
  -- A greeting comes first in its transaction: rows that were begun before it may be under a context that refers to it.
  insert into rowtrail.outbox (xid, id, start, position, at, kind, message)
    values (pg_current_xact_id(), pg_current_wal_insert_lsn(), case when left(message, 3) = '{h,' then '0 0/1' end,
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

-- Statement trigger before each statement on each tracked table and partition. Replaces the one of WAL capture, see
-- there: it runs under the application's search_path.
create or replace function rowtrail.context_trigger() returns trigger
  language plpgsql volatile
as $$
declare
  v_start pg_catalog.text;
begin
  v_start := pg_catalog.set_config(pg_catalog.concat('rowtrail.start', pg_catalog.pg_trigger_depth()),
    pg_catalog.concat(tg_relid, ' ', pg_catalog.pg_current_wal_insert_lsn()), true);
  return old;
end
$$;

-- The context, if the transaction's last message says something else: it is to be written now. Not for apps.
create or replace function rowtrail.unsent_context() returns text
  language plpgsql volatile
as $$
declare
  v_payload text := :payload;
  v_message text;
begin
  if v_payload = current_setting('rowtrail.sent', true) then
    return null;
  end if;
  if octet_length(v_payload) <= :max_bytes and current_setting('rowtrail.session', true) <> '' then
    return set_config('rowtrail.sent', v_payload, true);
  end if;
  perform rowtrail.greet();
  v_payload := rowtrail.payload();
  v_message := rowtrail.within_limit(v_payload);
  v_payload := set_config('rowtrail.sent', v_payload, true);
  return v_message;
end
$$;

-- After each statement: its rows, as a whole; one that touches no row writes nothing. The settings give each value one
-- text. This runs in every write of the app: see 3_context.sql for why it has few expressions. A statement of up to 32
-- rows, none of them large, is one row of the outbox; of any other, each row is.
-- Whether the outbox is full is looked up now and then, by the WAL's position: random() would be the application's.
create or replace function rowtrail.capture() returns trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC' set datestyle = 'ISO' set intervalstyle = 'postgres' set extra_float_digits = 1
  set bytea_output = 'hex' set lc_monetary = 'C' set xmlbinary = 'base64'
as $$
#variable_conflict use_variable
declare
  v_nested boolean;
  v_start text;
  v_payload text;
  v_message text;
  v_old_images text[];
  v_images text[];
begin
  -- Both tables get a row at a time, so that the same position is the same row, whatever became of its key.
  if tg_op = 'INSERT' then
    v_images := array(select case when pg_column_size((n.*)) <= 8192 then textin(record_out((n.*))) end from rowtrail_new n limit 33);
  elsif tg_op = 'UPDATE' then
    select array(select case when pg_column_size((o.*)) <= 8192 then textin(record_out((o.*))) end from rowtrail_old o limit 33),
        array(select case when pg_column_size((n.*)) <= 8192 then textin(record_out((n.*))) end from rowtrail_new n limit 33)
      into v_old_images, v_images;
  elsif tg_op = 'DELETE' then
    v_old_images := array(select case when pg_column_size((o.*)) <= 8192 then textin(record_out((o.*))) end from rowtrail_old o limit 33);
  else
    -- A TRUNCATE has no start: the rows that it removed are told in messages before it.
    if pg_table_size('rowtrail.outbox') <= :outbox_max_bytes or not rowtrail.outbox_is_full() then
      perform rowtrail.emit_context();
      insert into rowtrail.outbox (xid, id, depth, position, at, kind, relid)
        values (pg_current_xact_id(), pg_current_wal_insert_lsn(), pg_trigger_depth(), 0, clock_timestamp(), 't', tg_relid);
    end if;
    return old;
  end if;
  v_start := current_setting('rowtrail.start1', true);
  -- The usual.
  if (coalesce(v_images, v_old_images))[1] is not null and (coalesce(v_images, v_old_images))[33] is null
    and array_position(v_images, null::text) is null and array_position(v_old_images, null::text) is null and v_start not like '%08'
    and pg_trigger_depth() = 1 and coalesce(current_setting('rowtrail.start2', true), '') = '' then
    insert into rowtrail.outbox (xid, id, start, depth, position, at, kind, relid, message, old_images, images)
      values (pg_current_xact_id(), pg_current_wal_insert_lsn(), v_start, 1, 1, clock_timestamp(), 's', tg_relid, rowtrail.unsent_context(),
        v_old_images, v_images);
    return old;
  end if;
  -- Anything else: no row, many, large ones; a nested statement; or it is time to look at the outbox's size.
  v_nested := pg_trigger_depth() > 1 or current_setting('rowtrail.start2', true) <> '';
  if v_nested then
    v_start := rowtrail.outbox_start(tg_relid);
  end if;
  if cardinality(coalesce(v_images, v_old_images)) = 0
    or pg_table_size('rowtrail.outbox') > :outbox_max_bytes and rowtrail.outbox_is_full() then
    return old;
  end if;
  if v_nested then
    -- Nested statements are captured in another order than they began in, which is theirs: each says its own context.
    perform rowtrail.greet();
    v_payload := rowtrail.payload();
    v_message := rowtrail.within_limit(v_payload);
    v_payload := set_config('rowtrail.sent', v_payload, true);
  else
    v_message := rowtrail.unsent_context();
  end if;
  if cardinality(coalesce(v_images, v_old_images)) > 32
    or array_position(v_images, null::text) is not null or array_position(v_old_images, null::text) is not null then
    if tg_op = 'INSERT' then
      insert into rowtrail.outbox (xid, id, start, depth, position, at, kind, relid, message, image)
        select (select pg_current_xact_id()), (select pg_current_wal_insert_lsn()), v_start, pg_trigger_depth(), row_number() over (), clock_timestamp(),
            'i', tg_relid, case when row_number() over () = 1 then v_message end,
            case when pg_column_size((n.*)) <= 262144 then textin(record_out((n.*))) else rowtrail.row_text((n.*)) end
          from rowtrail_new n;
    elsif tg_op = 'DELETE' then
      insert into rowtrail.outbox (xid, id, start, depth, position, at, kind, relid, message, image)
        select (select pg_current_xact_id()), (select pg_current_wal_insert_lsn()), v_start, pg_trigger_depth(), row_number() over (), clock_timestamp(),
            'd', tg_relid, case when row_number() over () = 1 then v_message end,
            case when pg_column_size((o.*)) <= 262144 then textin(record_out((o.*))) else rowtrail.row_text((o.*)) end
          from rowtrail_old o;
    else
      insert into rowtrail.outbox (xid, id, start, depth, position, at, kind, relid, message, image)
        select (select pg_current_xact_id()), (select pg_current_wal_insert_lsn()), v_start, pg_trigger_depth(), u.position, clock_timestamp(),
            u.kind, tg_relid, case when u.position = 1 and u.kind = 'o' then v_message end, u.image
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
  else
    insert into rowtrail.outbox (xid, id, start, depth, position, at, kind, relid, message, old_images, images)
      values (pg_current_xact_id(), pg_current_wal_insert_lsn(), v_start, pg_trigger_depth(), 1, clock_timestamp(), 's', tg_relid, v_message,
        v_old_images, v_images);
  end if;
  return old;
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
  v_payload text := :payload;
  v_start text := current_setting('rowtrail.start1', true);
  v_message text;
  v_old text;
  v_new text;
  v_columns text;
begin
  if v_payload <> coalesce(current_setting('rowtrail.sent', true), '') then
    v_message := v_payload;
  end if;
  if pg_trigger_depth() > 1 or current_setting('rowtrail.start2', true) > '' then
    v_start := rowtrail.outbox_start(coalesce(pg_partition_root(tg_relid)::oid, tg_relid));
    -- As `capture` does, once a statement; more than once does no harm.
    if v_message is not null or current_setting('rowtrail.sent_for', true) is distinct from v_start then
      v_message := v_payload;
      perform set_config('rowtrail.sent_for', v_start, true);
    end if;
  end if;
  if right(pg_current_wal_insert_lsn()::text, 2) = '08' then
    if pg_table_size('rowtrail.outbox') > :outbox_max_bytes and rowtrail.outbox_is_full() then
      return null;
    end if;
  end if;
  if v_message is not null then
    if octet_length(v_message) > :max_bytes or coalesce(current_setting('rowtrail.session', true), '') = '' then
      perform rowtrail.greet();
      v_payload := :payload;
      v_message := rowtrail.within_limit(v_payload);
    end if;
    v_payload := set_config('rowtrail.sent', v_payload, true);
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
  if tg_op = 'UPDATE' then
    insert into rowtrail.outbox (xid, id, start, depth, position, at, kind, relid, message, old_images, images)
      values (pg_current_xact_id(), pg_current_wal_insert_lsn(), v_start, pg_trigger_depth(), 1, clock_timestamp(), 's', tg_relid, v_message,
        array[v_old], array[v_new]);
  else
    insert into rowtrail.outbox (xid, id, start, depth, position, at, kind, relid, message, image)
      values (pg_current_xact_id(), pg_current_wal_insert_lsn(), v_start, pg_trigger_depth(), 1, clock_timestamp(),
        case tg_op when 'INSERT' then 'i'::"char" else 'd' end, tg_relid, v_message, coalesce(v_new, v_old));
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
  insert into rowtrail.outbox (xid, id, position, at, kind, relid, message)
    select pg_current_xact_id(), pg_current_wal_insert_lsn(), 0, clock_timestamp(), 'r',
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
    'function rowtrail.outbox_start(oid)', 'function rowtrail.outbox_is_full()', 'function rowtrail.send_message(text)',
    'function rowtrail.row_text(record)', 'function rowtrail.unsent_context()', 'function rowtrail.capture()', 'function rowtrail.capture_row()',
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
    grant execute on function rowtrail.outbox_start(oid), rowtrail.outbox_is_full(), rowtrail.row_text(record), rowtrail.table_description(oid),
      rowtrail.unsent_context(), rowtrail.payload(), rowtrail.greet(), rowtrail.within_limit(text), rowtrail.emit_context() to rowtrail_owner;
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
