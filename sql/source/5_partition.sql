-- Partitions: what logical decoding does not tell of them. DROP, DETACH and ATTACH of a partition send nothing through
-- the published root (nor does a TRUNCATE of a leaf: truncate.sql), and a new partition comes without identity and
-- triggers.
--
-- Functions that any role can call (the owner of a new partition must) do only what the catalog bears out, and what
-- they send carries the install secret: they can be called by hand, but nothing false can be said through them.
-- Serializable transactions never read rowtrail.tables here, only insert into it: two that did both would fail each
-- other. What they drop or detach, the daemon finds by comparing.

-- Whether a trigger is ours, on the root that names the policy of its partitions, or on a leaf.
create or replace function rowtrail.has_partition_trigger(relid oid, on_root boolean) returns boolean
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select exists (select from pg_trigger t where t.tgrelid = relid and t.tgname = 'rowtrail_truncate'
    and t.tgfoid = (select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'rowtrail' and p.proname = 'truncate_trigger')
    and t.tgnargs = case when on_root then 1 else 0 end)
$$;

-- This session holds the table for its own DDL, so that nothing has to be waited for.
create or replace function rowtrail.holds_table(relid oid) returns boolean
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  select exists (select from pg_locks l where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.granted
    and l.relation = relid and l.mode = 'AccessExclusiveLock'
    and l.database = (select d.oid from pg_database d where d.datname = current_database()))
$$;

-- Sends one partition message. Not for apps: only definer functions call it.
create or replace function rowtrail.send_partition(
  what text, root oid, root_schema text, root_name text, relid oid, schema_name text, table_name text
) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_message text := array['p', (select i.secret from rowtrail.install i), what,
    root::text, root_schema, root_name, relid::text, schema_name, table_name]::text;
begin
  perform pg_logical_emit_message(true, 'rowtrail', :message);
  perform pg_logical_emit_message(true, 'rowtrail', :separator);
end
$$;

-- Records a partition that is about to get its triggers, and says that it is covered from here. Null: nothing to do.
-- True: it is to get an identity of full. `is_empty`: it holds no row that capture has not seen. `is_new`: it was never
-- a table of its own.
create or replace function rowtrail.cover_partition(relid oid, is_empty boolean, is_new boolean) returns boolean
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_root oid := pg_partition_root(cover_partition.relid);
  v_full boolean;
  v_tracked boolean;
  v_table record;
begin
  select c.oid, c.relkind, c.relreplident, n.nspname, c.relname, r.relname as root_name, m.nspname as root_schema into v_table
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_class r on r.oid = v_root join pg_namespace m on m.oid = r.relnamespace
    where c.oid = cover_partition.relid and c.oid <> v_root and c.relkind in ('r', 'p') and c.relpersistence = 'p';
  if not found or not rowtrail.has_partition_trigger(v_root, true) or rowtrail.has_partition_trigger(v_table.oid, false)
    or not rowtrail.holds_table(v_table.oid) then
    return null;
  end if;
  v_tracked := exists (select from pg_trigger t where t.tgrelid = v_table.oid and t.tgname = 'rowtrail_context_before');
  -- An identity of full beside virtual generated columns, or beside a publication that names columns, would make the
  -- application's updates fail.
  v_full := v_table.relreplident <> 'f'
    and exists (select from pg_trigger t where t.tgrelid = v_root and t.tgname = 'rowtrail_truncate' and t.tgargs = 'full\000'::bytea)
    and not exists (select from pg_attribute a where a.attrelid = v_table.oid and a.attgenerated = 'v' and not a.attisdropped)
    and not exists (select from pg_publication_rel r where to_jsonb(r) ->> 'prattrs' is not null
      and r.prrelid in (select a.relid from pg_partition_ancestors(v_table.oid) a));
  insert into rowtrail.tables as t
      (relid, root, schema_name, table_name, kind, prior_identity, prior_identity_index, identity_changed)
    values (v_table.oid, v_root, v_table.nspname, v_table.relname, v_table.relkind, v_table.relreplident,
      (select x.relname from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = v_table.oid and i.indisreplident),
      v_full)
    on conflict on constraint tables_pkey do update
      set root = excluded.root, schema_name = excluded.schema_name, table_name = excluded.table_name, kind = excluded.kind,
        -- full because of us: what was before that stays the state to go back to
        prior_identity = case when excluded.prior_identity = 'f' and t.identity_changed then t.prior_identity else excluded.prior_identity end,
        prior_identity_index = case when excluded.prior_identity = 'f' and t.identity_changed then t.prior_identity_index else excluded.prior_identity_index end,
        identity_changed = excluded.identity_changed or excluded.prior_identity = 'f' and t.identity_changed;
  if v_table.relkind = 'r' then
    perform rowtrail.send_partition(case when not is_empty and not v_tracked then 'attached' when is_new then 'created' else 'joined' end,
      v_root, v_table.root_schema, v_table.root_name, v_table.oid, v_table.nspname, v_table.relname);
  end if;
  return v_full;
end
$$;

-- Says that a leaf's rows have left its root. Returns the clause that gives it back the identity of before, if any.
create or replace function rowtrail.uncover_partition(relid oid) returns text
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_table record;
begin
  select c.oid, c.relkind, c.relreplident, n.nspname, c.relname, t.root, t.prior_identity, t.identity_changed,
      r.relname as root_name, m.nspname as root_schema,
      (select x.relname from pg_index i join pg_class x on x.oid = i.indexrelid
        where i.indrelid = c.oid and x.relname = t.prior_identity_index and i.indisunique and i.indisvalid) as prior_index
    into v_table
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join rowtrail.tables t on t.relid = c.oid
      join pg_class r on r.oid = t.root join pg_namespace m on m.oid = r.relnamespace
    where current_setting('transaction_isolation') <> 'serializable' and c.oid = uncover_partition.relid and t.root <> c.oid
      and coalesce(pg_partition_root(c.oid)::oid, c.oid) <> t.root;
  if not found then
    return null;
  end if;
  if v_table.relkind = 'r' then
    perform rowtrail.send_partition('detached', v_table.root, v_table.root_schema, v_table.root_name,
      v_table.oid, v_table.nspname, v_table.relname);
  end if;
  if not v_table.identity_changed or v_table.relreplident <> 'f' then
    return null;
  end if;
  return 'replica identity ' || case
    when v_table.prior_identity = 'i' and v_table.prior_index is not null then format('using index %I', v_table.prior_index)
    when v_table.prior_identity = 'n' then 'nothing'
    when v_table.prior_identity = 'f' then 'full'
    else 'default' end;
end
$$;

-- Says that a partition of a tracked root is there without our triggers.
create or replace function rowtrail.report_uncovered(relid oid) returns void
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_root oid := pg_partition_root(report_uncovered.relid);
begin
  if rowtrail.has_partition_trigger(v_root, true) and not rowtrail.has_partition_trigger(report_uncovered.relid, false) then
    perform rowtrail.send_partition('untracked', v_root, m.nspname, r.relname, c.oid, n.nspname, c.relname)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_class r on r.oid = v_root join pg_namespace m on m.oid = r.relnamespace
      where c.oid = report_uncovered.relid and c.oid <> v_root and c.relkind = 'r';
  end if;
end
$$;

-- After CREATE TABLE, ALTER TABLE and CREATE SCHEMA: partitions that have come get what setup gives them, with the
-- rights of whoever owns them, and partitions that have left get back what they had. Nothing here may fail the
-- command, wait for a lock, or speak to the client.
create or replace function rowtrail.partition_ddl() returns event_trigger
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set client_min_messages = error
  set row_security = off
as $$
declare
  v_table record;
  v_name text;
  v_full boolean;
  v_clause text;
  v_empty boolean;
begin
  for v_table in
    with recursive command as materialized (
      select distinct c.objid as relid, coalesce(pg_partition_root(c.objid)::oid, c.objid) as root
      from pg_event_trigger_ddl_commands() c
      where c.classid = 'pg_class'::regclass and c.object_type = 'table'
    ), tracked as materialized (
      select c.relid from command c where rowtrail.has_partition_trigger(c.root, true)
    ), below (relid) as (
      select t.relid from tracked t
      union
      select i.inhrelid from below b join pg_inherits i on i.inhparent = b.relid
    )
    select c.oid as relid, c.relkind, true as is_new
      from below b join pg_class c on c.oid = b.relid
      where c.relispartition and c.relkind in ('r', 'p') and c.relpersistence = 'p'
        and not exists (select from pg_trigger t where t.tgrelid = c.oid
          and t.tgname = case c.relkind when 'r' then 'rowtrail_truncate' else 'rowtrail_context_before' end)
    union all
    -- A command names only the parent that it took a partition from: every leaf of ours without a tracked root, and
    -- what it hangs from.
    select c.oid, c.relkind, false
      from pg_class c
      where c.oid in (
        select unnest(array[t.tgrelid] || array(select a.relid::oid from pg_partition_ancestors(t.tgrelid) a))
        from pg_depend d join pg_trigger t on t.oid = d.objid and t.tgname = 'rowtrail_truncate' and t.tgnargs = 0
        where exists (select from tracked k join pg_class p on p.oid = k.relid where p.relkind = 'p')
          and d.classid = 'pg_trigger'::regclass and d.refclassid = 'pg_proc'::regclass
          and d.refobjid = 'rowtrail.truncate_trigger'::regproc
          and not rowtrail.has_partition_trigger(coalesce(pg_partition_root(t.tgrelid)::oid, t.tgrelid), true))
    -- Several that one command moves are told in an order that does not depend on the plan.
    order by relid
  loop
    v_name := v_table.relid::regclass::text;
    begin
      if v_table.is_new then
        v_empty := v_table.relkind = 'p' or pg_relation_size(v_table.relid) = 0;
        if not v_empty then
          begin
            execute format('select not exists (select from only %s)', v_name) into v_empty;
          exception when others then
            v_empty := false;
          end;
        end if;
        v_full := rowtrail.cover_partition(v_table.relid, v_empty, tg_tag <> 'ALTER TABLE');
        if v_full is not null then
          -- Triggers first: the ALTER TABLE below brings this function here again, and finds them.
          execute format('create or replace trigger rowtrail_context_before before insert or update or delete or truncate on %s for each statement execute function rowtrail.context_trigger()', v_name);
          if :captures_wal then
            execute format('create or replace trigger rowtrail_context_after after insert or update or delete or truncate on %s for each statement execute function rowtrail.context_after()', v_name);
          end if;
          if v_table.relkind = 'r' then
            execute format('create or replace trigger rowtrail_truncate before truncate on %s for each statement execute function rowtrail.truncate_trigger()', v_name);
          end if;
          execute format('alter table only %s enable always trigger rowtrail_context_before', v_name)
            || case when :captures_wal then ', enable always trigger rowtrail_context_after' else '' end
            || case when v_table.relkind = 'r' then ', enable always trigger rowtrail_truncate' else '' end
            || case when v_full then ', replica identity full' else '' end;
        end if;
      else
        v_clause := rowtrail.uncover_partition(v_table.relid);
        if rowtrail.holds_table(v_table.relid) then
          execute format('drop trigger if exists rowtrail_context_before on %1$s; drop trigger if exists rowtrail_context_after on %1$s;
            drop trigger if exists rowtrail_truncate on %1$s', v_name);
          if v_clause is not null then
            execute format('alter table only %s %s', v_name, v_clause);
          end if;
        end if;
      end if;
    exception when others then
      if v_table.is_new then
        perform rowtrail.report_uncovered(v_table.relid);
      end if;
    end;
  end loop;
exception when others then
  null; -- the daemon compares the catalog with rowtrail.tables now and then, and finds what is missed here
end
$$;

-- After anything that drops tables: says which of ours are gone. Its record stays: setup or the daemon removes it.
create or replace function rowtrail.partition_drop() returns event_trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set client_min_messages = error
as $$
declare
  v_gone record;
begin
  for v_gone in
    select d.objid, d.schema_name, d.object_name from pg_event_trigger_dropped_objects() d
      where current_setting('transaction_isolation') <> 'serializable'
        and d.classid = 'pg_class'::regclass and d.objsubid = 0 and d.object_type = 'table' and not d.is_temporary
  loop
    -- Partitions that go with their root are told by it.
    perform rowtrail.send_partition('dropped', t.root, coalesce(m.nspname, v_gone.schema_name), coalesce(r.relname, v_gone.object_name),
        t.relid, v_gone.schema_name, v_gone.object_name)
      from rowtrail.tables t left join pg_class r on r.oid = t.root left join pg_namespace m on m.oid = r.relnamespace
      where t.relid = v_gone.objid and (t.relid = t.root or r.oid is not null and t.kind is distinct from 'p');
  end loop;
exception when others then
  null;
end
$$;

-- Removes the records of tables that are gone, once their loss is in the store; for the daemon. Returns how many.
create or replace function rowtrail.forget_tables(relids oid[]) returns bigint
  language sql security definer volatile
  set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    delete from rowtrail.tables t
      where t.relid = any (relids) and not exists (select from pg_class c where c.oid = t.relid)
      returning 1
  )
  select count(*) from gone
$$;

-- Only a superuser may create event triggers (hosted databases may let their own kind of one). Without them, a new
-- partition waits for the next setup, and the daemon finds out by comparing.
do $$
declare
  v_trigger record;
begin
  for v_trigger in select * from (values
    ('rowtrail_partition_ddl', 'ddl_command_end when tag in (''CREATE TABLE'', ''ALTER TABLE'', ''CREATE SCHEMA'')', 'partition_ddl'),
    ('rowtrail_partition_drop', 'sql_drop', 'partition_drop')) as t(name, event, function)
  loop
    if not exists (select from pg_catalog.pg_event_trigger e where e.evtname = v_trigger.name) then
      execute pg_catalog.format('create event trigger %I on %s execute function rowtrail.%I()', v_trigger.name, v_trigger.event, v_trigger.function);
    end if;
    if not exists (select from pg_catalog.pg_event_trigger e where e.evtname = v_trigger.name and e.evtenabled = 'A') then
      execute pg_catalog.format('alter event trigger %I enable always', v_trigger.name);
    end if;
  end loop;
exception when insufficient_privilege then
  raise notice 'rowtrail: % may not create event triggers: run setup again after new partitions were made', current_user;
end
$$;
