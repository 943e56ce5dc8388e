-- Changes of the schema: a message for each command on what is in a tracked schema, and new tables that match the
-- patterns, tracked by the command that makes them, whoever runs it.
--
-- The event triggers belong to the installer, who may put triggers on any table and add it to the publication; no one
-- can call them by hand. Nothing here may fail the command, wait for a lock, or speak to the client. What they run
-- themselves brings them here again, and is told apart by the install secret in a setting, which no application knows.
-- Serializable transactions never read rowtrail.tables here (see 5_partition.sql): they tell no columns of before.

-- Whether the patterns take a table in: the last one that matches decides.
create or replace function rowtrail.is_wanted(schema_name text, table_name text) returns boolean
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce((
    select not (p.value ->> 'excludes')::boolean
    from rowtrail.install i, json_array_elements(i.options -> 'patterns') with ordinality as p(value, position)
    where is_wanted.schema_name ~ (p.value ->> 'schema') and is_wanted.table_name ~ (p.value ->> 'table')
    order by p.position desc limit 1), false)
$$;

-- The schemas that patterns name, less the system's, ours and those that hold a Rowtrail store.
create or replace function rowtrail.tracked_schemas() returns setof oid
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select n.oid from pg_namespace n
  where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rowtrail')
    and exists (select from rowtrail.install i, json_array_elements(i.options -> 'patterns') as p(value)
      where not (p.value ->> 'excludes')::boolean and n.nspname ~ (p.value ->> 'schema'))
    and (select count(*) from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p')
      and c.relname in ('id_clock', 'relation_versions', 'checkpoints')) < 3
$$;

-- The identity that a table is to be tracked with, full or existing; null: it is not to be tracked, or is already. As setup decides it.
create or replace function rowtrail.track_policy(relid oid) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
    when not :needs_identity then 'existing'
    when t.policy = 'full' then 'full'
    when t.relreplident = 'f' and not t.has_virtual
      or t.relreplident = 'd' and exists (select from pg_index x
        where x.indrelid = t.oid and x.indisprimary and x.indimmediate and x.indisvalid)
      or t.relreplident = 'i' and exists (select from pg_index x
        where x.indrelid = t.oid and x.indisreplident and x.indimmediate and x.indisvalid) then 'existing'
    end
  from (
    select c.oid, c.relreplident, v.has_virtual,
      case when v.has_virtual or exists (select from pg_publication_rel r
          where r.prrelid = c.oid and to_jsonb(r) ->> 'prattrs' is not null) then 'existing'
        else coalesce(i.options -> 'identities' ->> (n.nspname || '.' || c.relname), i.options ->> 'identity') end as policy
    from rowtrail.install i
      cross join pg_class c join pg_namespace n on n.oid = c.relnamespace
      cross join lateral (select exists (select from pg_attribute a
        where a.attrelid = c.oid and a.attgenerated = 'v' and not a.attisdropped) as has_virtual) v
    where c.oid = track_policy.relid and c.relkind in ('r', 'p') and c.relpersistence = 'p' and not c.relispartition
      and rowtrail.is_wanted(n.nspname, c.relname) and n.oid in (select rowtrail.tracked_schemas())
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
      and not :captures_table) t
$$;

-- Some of the table's columns must not get into the history: nor do the texts that may hold their values.
create or replace function rowtrail.is_masked(relid oid) returns boolean
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select exists (select from rowtrail.install i, json_array_elements_text(i.options -> 'masked') as m(name),
    pg_class c, pg_namespace n where c.oid = is_masked.relid and n.oid = c.relnamespace and m.name = n.nspname || '.' || c.relname)
$$;

-- A table's columns as a change of the schema tells them: [{"attnum", "name", "type", "notNull", "default", "generated"}].
create or replace function rowtrail.columns_of(relid oid) returns json
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select json_agg(json_strip_nulls(json_build_object('attnum', a.attnum, 'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'default', case when a.attgenerated = '' and not rowtrail.is_masked(a.attrelid) then pg_get_expr(d.adbin, d.adrelid) end,
      'generated', case when a.attgenerated <> '' then 'stored' when a.attidentity <> '' then 'identity' end)) order by a.attnum)
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = columns_of.relid and a.attnum > 0 and not a.attisdropped
$$;

-- Rights on what is in tracked schemas, as far as they were ever granted, and what they are where none was.
create or replace function rowtrail.acls() returns table (classid oid, objid oid, subid integer, acl text, standard text)
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  with schemas as materialized (select s.oid from rowtrail.tracked_schemas() s(oid))
  select 'pg_class'::regclass, c.oid, 0, c.relacl::text, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)::text from pg_class c
    where c.relacl is not null and c.relnamespace in (select oid from schemas)
  union all
  select 'pg_class'::regclass, c.oid, a.attnum, a.attacl::text, '{}' from pg_class c join pg_attribute a on a.attrelid = c.oid
    where a.attacl is not null and c.relnamespace in (select oid from schemas)
  union all
  select 'pg_proc'::regclass, p.oid, 0, p.proacl::text, acldefault('f', p.proowner)::text from pg_proc p
    where p.proacl is not null and p.pronamespace in (select oid from schemas)
  union all
  select 'pg_type'::regclass, t.oid, 0, t.typacl::text, acldefault('T', t.typowner)::text from pg_type t
    where t.typacl is not null and t.typnamespace in (select oid from schemas)
  union all
  select 'pg_namespace'::regclass, n.oid, 0, n.nspacl::text, acldefault('n', n.nspowner)::text from pg_namespace n
    where n.nspacl is not null and n.oid in (select oid from schemas)
$$;

-- Sends one schema message. Not for apps: only definer functions call it.
create or replace function rowtrail.send_schema(
  tag text, object_type text, object_schema text, object_identity text, relid oid, is_tracked boolean,
  column_before json, column_after json, detail json, statement text
) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table record;
  v_message text;
begin
  select n.nspname, c.relname into v_table from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = send_schema.relid;
  v_message := array['d', (select i.secret from rowtrail.install i), tag, object_type, object_schema, object_identity,
    relid::text, is_tracked::text, v_table.nspname, v_table.relname, column_before::text, column_after::text, detail::text, statement]::text;
  perform pg_logical_emit_message(true, 'rowtrail', :message);
  perform pg_logical_emit_message(true, 'rowtrail', :separator);
end
$$;

-- Gives a new table what setup gives it, and publishes it last, or puts the triggers of trigger capture on it.
create or replace function rowtrail.track_table(relid oid) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '50ms'
  set row_security = off
as $$
declare
  v_policy text := rowtrail.track_policy(track_table.relid);
  v_table record;
  v_name text;
  v_filled boolean;
begin
  if v_policy is null or not rowtrail.holds_table(track_table.relid)
    -- A partition that was detached is as it was before, until the next setup.
    or current_setting('transaction_isolation') <> 'serializable'
      and exists (select from rowtrail.tables t where t.relid = track_table.relid and t.root <> t.relid) then
    return;
  end if;
  select c.oid, c.relkind, c.relreplident, n.nspname, c.relname, i.publication, i.secret, v_policy = 'full' and c.relreplident <> 'f' as changes
    into v_table
    from rowtrail.install i, pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = track_table.relid;
  v_name := format('%I.%I', v_table.nspname, v_table.relname);
  begin
    execute format('select exists (select from %s%s)', case v_table.relkind when 'p' then '' else 'only ' end, v_name) into v_filled;
    perform set_config('rowtrail.at_work', v_table.secret, true);
    insert into rowtrail.tables (relid, root, schema_name, table_name, kind, prior_identity, prior_identity_index, identity_changed)
      values (v_table.oid, v_table.oid, v_table.nspname, v_table.relname, v_table.relkind, v_table.relreplident,
        (select x.relname from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = v_table.oid and i.indisreplident),
        v_table.changes)
      on conflict on constraint tables_pkey do update
        set root = excluded.root, schema_name = excluded.schema_name, table_name = excluded.table_name, kind = excluded.kind;
    if v_table.changes then
      execute format('alter table only %s replica identity full', v_name);
    end if;
    execute format('create or replace trigger rowtrail_context_before before insert or update or delete or truncate on %1$s for each statement execute function rowtrail.context_trigger();
      alter table only %1$s enable always trigger rowtrail_context_before', v_name);
    if :captures_wal then
      execute format('create or replace trigger rowtrail_context_after after insert or update or delete or truncate on %1$s for each statement execute function rowtrail.context_after();
        alter table only %1$s enable always trigger rowtrail_context_after', v_name);
    end if;
    execute format('create or replace trigger %2$I before truncate on %1$s for each statement execute function rowtrail.truncate_trigger(%3$s);
      alter table only %1$s enable always trigger %2$I', v_name,
      case v_table.relkind when 'p' then 'rowtrail_truncate' else 'rowtrail_truncate_rows' end,
      case v_table.relkind when 'p' then quote_literal(v_policy) else '' end);
    :capture_table;
    perform rowtrail.send_partition(case when v_filled then 'filled' else 'created' end,
      v_table.oid, v_table.nspname, v_table.relname, v_table.oid, v_table.nspname, v_table.relname);
    perform set_config('rowtrail.at_work', '', true);
  exception when others then
    perform rowtrail.send_partition('untracked', v_table.oid, v_table.nspname, v_table.relname,
      v_table.oid, v_table.nspname, v_table.relname);
  end;
end
$$;

-- Tells one command of the schema, if what it is about is in a tracked schema.
create or replace function rowtrail.tell_schema(
  tag text, class oid, object oid, subid integer, object_type text, object_schema text, object_identity text, detail json
) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_relid oid := case class
    when 'pg_class'::regclass then coalesce((select i.indrelid from pg_index i where i.indexrelid = object), object)
    when 'pg_trigger'::regclass then (select t.tgrelid from pg_trigger t where t.oid = object)
    when 'pg_policy'::regclass then (select p.polrelid from pg_policy p where p.oid = object)
    when 'pg_rewrite'::regclass then (select r.ev_class from pg_rewrite r where r.oid = object) end;
  v_schema oid := coalesce((select c.relnamespace from pg_class c where c.oid = v_relid),
    case class when 'pg_namespace'::regclass then object
      else (select n.oid from pg_namespace n where quote_ident(n.nspname) = object_schema or n.nspname = object_schema limit 1) end);
  v_root oid;
  v_tracked boolean := false;
  v_before json;
  v_after json;
  v_statement text;
begin
  v_root := coalesce(pg_partition_root(v_relid)::oid, v_relid);
  v_tracked := :captures_root;
  if v_schema is null or not v_tracked and v_schema not in (select rowtrail.tracked_schemas())
    -- Partitions come and go; what else is done to them is told of their root.
    or tag = 'ALTER TABLE' and exists (select from pg_class c where c.oid = v_relid and c.relispartition)
    or tag = 'ALTER TABLE' and current_setting('transaction_isolation') <> 'serializable'
      and exists (select from rowtrail.tables t where t.relid = v_relid and t.root <> t.relid)
    or class = 'pg_trigger'::regclass and exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
      where t.oid = object and p.pronamespace = 'rowtrail'::regnamespace) then
    return;
  end if;
  if detail is null and object_type in ('table', 'table column') then
    object_type := 'table';
    object_identity := format('%I.%I', (select n.nspname from pg_namespace n where n.oid = v_schema),
      (select c.relname from pg_class c where c.oid = object));
    v_after := rowtrail.columns_of(object);
    if v_tracked and v_root = object and current_setting('transaction_isolation') <> 'serializable' then
      select t.columns into v_before from rowtrail.tables t where t.relid = object;
      update rowtrail.tables t set columns = v_after, schema_name = n.nspname, table_name = c.relname
        from pg_class c join pg_namespace n on n.oid = c.relnamespace where t.relid = object and c.oid = object;
    end if;
  end if;
  select case when (i.options ->> 'ddlText')::boolean and not exists (
      select from json_array_elements_text(i.options -> 'masked') as m(name)
      where position(lower(split_part(m.name, '.', 2)) in lower(current_query())) > 0) and not rowtrail.is_masked(v_root)
    then left(current_query(), :max_value_chars) end into v_statement
    from rowtrail.install i;
  perform rowtrail.emit_context();
  perform rowtrail.send_schema(tag, object_type, coalesce((select n.nspname from pg_namespace n where n.oid = v_schema), object_schema),
    object_identity, v_root, v_tracked, v_before, v_after, detail, v_statement);
end
$$;

-- Before GRANT and REVOKE, which do not tell what they are about: the rights as they are.
create or replace function rowtrail.schema_grant() returns event_trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set client_min_messages = error
as $$
begin
  perform set_config('rowtrail.acls', coalesce((select json_agg(a)::text from rowtrail.acls() a), '[]'), true);
exception when others then
  null; -- the entry will not say what was granted on
end
$$;

-- Before a table is written anew: which one.
create or replace function rowtrail.schema_rewrite() returns event_trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set client_min_messages = error
as $$
declare
  v_relid oid := pg_event_trigger_table_rewrite_oid();
begin
  if exists (select from pg_class c where c.oid = v_relid and c.relpersistence = 'p' and c.relnamespace in (select rowtrail.tracked_schemas())) then
    perform rowtrail.send_schema('rewrite', 'table', null, null, v_relid, false, null, null, null, null);
  end if;
exception when others then
  null; -- the entry will not say that the table was written anew
end
$$;

-- After any command but DROP: tracks new tables, and tells what was done.
create or replace function rowtrail.schema_ddl() returns event_trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set client_min_messages = error
as $$
declare
  v_command record;
begin
  if coalesce(current_setting('rowtrail.at_work', true), '') <> '' then
    if current_setting('rowtrail.at_work', true) = (select i.secret from rowtrail.install i) then
      return;
    end if;
  end if;
  for v_command in
    select distinct on (c.classid, c.objid, c.command_tag) c.classid, c.objid, c.objsubid, c.command_tag, c.object_type, c.schema_name,
      c.object_identity, c.position
    from pg_event_trigger_ddl_commands() with ordinality as c(classid, objid, objsubid, command_tag, object_type, schema_name,
      object_identity, in_extension, command, position)
    where not c.in_extension and c.schema_name is distinct from 'pg_temp' and c.objid is not null
      -- What comes with a table is not told beside it.
      and (c.command_tag = tg_tag or c.object_type not in ('sequence', 'index', 'type', 'composite type', 'table constraint', 'default value'))
      and c.command_tag not in ('REINDEX', 'COMMENT', 'REFRESH MATERIALIZED VIEW')
  loop
    begin
      if v_command.classid = 'pg_class'::regclass and v_command.object_type = 'table' then
        perform rowtrail.track_table(v_command.objid);
      end if;
      perform rowtrail.tell_schema(v_command.command_tag, v_command.classid, v_command.objid, v_command.objsubid,
        v_command.object_type, v_command.schema_name, v_command.object_identity, null);
    exception when others then
      perform rowtrail.send_schema(v_command.command_tag, v_command.object_type, v_command.schema_name, v_command.object_identity,
        null, false, null, null, '{"failed": true}', null);
    end;
  end loop;
  if tg_tag in ('GRANT', 'REVOKE') then
    for v_command in
      select coalesce(n.classid, o.classid) as classid, coalesce(n.objid, o.objid) as objid, coalesce(n.subid, o.subid) as subid,
        json_build_object('before', coalesce(o.acl, n.standard)::aclitem[]::text[], 'after', coalesce(n.acl, o.standard)::aclitem[]::text[]) as acl
      from json_to_recordset(coalesce(nullif(current_setting('rowtrail.acls', true), ''), '[]')::json)
          as o(classid oid, objid oid, subid integer, acl text, standard text)
        full join rowtrail.acls() n on n.classid = o.classid and n.objid = o.objid and n.subid = o.subid
      where coalesce(n.acl, o.standard) is distinct from coalesce(o.acl, n.standard) order by 1, 2, 3
    loop
      perform rowtrail.tell_schema(tg_tag, v_command.classid, v_command.objid, v_command.subid, x.type, x.schema, x.identity,
          json_build_object('acl', v_command.acl))
        from pg_identify_object(v_command.classid, v_command.objid, v_command.subid) x;
    end loop;
    perform set_config('rowtrail.acls', '', true);
  end if;
exception when others then
  null; -- the daemon compares the catalog now and then, and finds tables that are not tracked
end
$$;

-- After anything that drops: tells what was dropped, and the tables, views and functions that went with it.
create or replace function rowtrail.schema_drop() returns event_trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set client_min_messages = error
as $$
declare
  v_gone record;
begin
  if not exists (select from pg_event_trigger_dropped_objects() d where not d.is_temporary) then
    return;
  end if;
  for v_gone in
    select d.objid, d.object_type, coalesce(d.schema_name, case when d.object_type = 'schema' then d.object_name else d.address_names[1] end) as schema,
      d.object_identity, d.classid = 'pg_class'::regclass as is_relation
    from pg_event_trigger_dropped_objects() with ordinality as d(classid, objid, objsubid, original, normal, is_temporary, object_type,
      schema_name, object_name, object_identity, address_names, address_args, position)
    where not d.is_temporary and d.objsubid = 0
      and (d.object_type in ('table', 'view', 'materialized view', 'function', 'procedure', 'aggregate', 'foreign table')
        or d.original and d.object_type in ('policy', 'trigger', 'rule', 'index', 'type', 'sequence', 'schema'))
      and not (d.object_type = 'trigger' and d.address_names[3] ~ '^rowtrail_')
    order by d.position
  loop
    if v_gone.is_relation and current_setting('transaction_isolation') <> 'serializable'
        and exists (select from rowtrail.tables t where t.relid = v_gone.objid)
      or v_gone.schema !~ '^pg_' and v_gone.schema not in ('rowtrail', 'information_schema')
      and exists (select from rowtrail.install i, json_array_elements(i.options -> 'patterns') as p(value)
        where not (p.value ->> 'excludes')::boolean and v_gone.schema ~ (p.value ->> 'schema')) then
      perform rowtrail.emit_context();
      perform rowtrail.send_schema(tg_tag, v_gone.object_type, v_gone.schema, v_gone.object_identity,
        case when v_gone.is_relation then v_gone.objid end, false, null, null, null, null);
    end if;
  end loop;
exception when others then
  null;
end
$$;

do $$
declare
  v_trigger record;
begin
  for v_trigger in select * from (values
    ('rowtrail_schema_grant', 'ddl_command_start when tag in (''GRANT'', ''REVOKE'')', 'schema_grant'),
    ('rowtrail_schema_rewrite', 'table_rewrite', 'schema_rewrite'),
    ('rowtrail_schema_ddl', 'ddl_command_end', 'schema_ddl'),
    ('rowtrail_schema_drop', 'sql_drop', 'schema_drop')) as t(name, event, function)
  loop
    if not exists (select from pg_catalog.pg_event_trigger e where e.evtname = v_trigger.name) then
      execute pg_catalog.format('create event trigger %I on %s execute function rowtrail.%I()', v_trigger.name, v_trigger.event, v_trigger.function);
    end if;
    if not exists (select from pg_catalog.pg_event_trigger e where e.evtname = v_trigger.name and e.evtenabled = 'A') then
      execute pg_catalog.format('alter event trigger %I enable always', v_trigger.name);
    end if;
  end loop;
exception when insufficient_privilege then
  raise notice 'rowtrail: % may not create event triggers: changes of the schema are not told, and new tables wait for the next setup', current_user;
end
$$;
