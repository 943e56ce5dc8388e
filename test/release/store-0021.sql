--
-- PostgreSQL database dump
--



-- Dumped from database version 14.23
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: audit; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA audit;


--
-- Name: add_quarters(integer[], integer[]); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.add_quarters(a integer[], b integer[]) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select array_agg(u.x + u.y order by u.n) from unnest(a, b) with ordinality u(x, y, n) $$;


--
-- Name: add_rollups(integer, json); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.add_rollups(p_source_id integer, p_rollups json) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into "audit".rollups as r (bucket, relation_id, actor_id, action, attribution, source_id, count, min_id, max_id)
    select x.bucket, x.relation_id, x.actor_id, x.action, x.attribution, p_source_id, x.count, x.min_id, x.max_id
    from json_to_recordset(p_rollups) as x(bucket timestamptz, relation_id integer, actor_id integer, action text,
      attribution text, count bigint, min_id bigint, max_id bigint)
    on conflict (bucket, relation_id, actor_id, action, attribution) do update
      set count = r.count + excluded.count,
          min_id = least(r.min_id, excluded.min_id),
          max_id = greatest(r.max_id, excluded.max_id);
  if found then
    insert into "audit".rollup_deltas (source_id, rollups) values (p_source_id, p_rollups);
  end if;
end
$$;


--
-- Name: address(text); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.address(p_text text) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case
    when p_text ~* '^\s*(::ffff:)?((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\s*(,|$)'
      then pg_catalog.substring(p_text, '(\d+\.\d+\.\d+\.\d+)')::inet
    when pg_catalog.strpos(p_text, ':') > 0
      and p_text ~* '^\s*(([\da-f]{1,4}:){7}[\da-f]{1,4}|([\da-f]{1,4}:){1,6}:[\da-f]{1,4}|([\da-f]{1,4}:){1,5}(:[\da-f]{1,4}){1,2}|([\da-f]{1,4}:){1,4}(:[\da-f]{1,4}){1,3}|([\da-f]{1,4}:){1,3}(:[\da-f]{1,4}){1,4}|([\da-f]{1,4}:){1,2}(:[\da-f]{1,4}){1,5}|[\da-f]{1,4}:(:[\da-f]{1,4}){1,6}|:(:[\da-f]{1,4}){1,7}|([\da-f]{1,4}:){1,7}:|::)(%\w*)?\s*(,|$)'
      then pg_catalog.substring(pg_catalog.lower(p_text), '([\da-f:]+)')::inet
  end
$_$;


--
-- Name: append_entries(json); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.append_entries(p_entries json) RETURNS TABLE(n integer, entry_id bigint, state text)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
declare
  v_fresh integer[];
  v_first bigint;
  v_rollups json;
begin
  perform 1 from "audit".id_clock for update;
  v_fresh := array(
    select g.n from json_to_recordset(p_entries) as g(n integer, batch integer, event_id uuid)
    where not exists (select from "audit".events e where e.event_id = g.event_id)
      and g.batch not in (
        select c.batch from json_to_recordset(p_entries) as c(batch integer, event_id uuid, digest text)
        join "audit".events e on e.event_id = c.event_id and e.digest <> decode(c.digest, 'hex'))
    order by g.n);
  if cardinality(v_fresh) > 0 then
    v_first := "audit".reserve_ids(
      (select s.id from "audit".sources s where s.name = 'rowtrail'),
      '00000000-0000-0000-0000-000000000000', cardinality(v_fresh));
    with given as (
      select g.*, v_first + f.position - 1 as id
      from unnest(v_fresh) with ordinality f(n, position)
      join json_to_recordset(p_entries) as g(n integer, batch integer, event_id uuid, digest text, occurred_at timestamptz,
        source_id integer, actor_id integer, relation_id integer, record_key text, action text, user_name text, ip text,
        user_agent text, comment text, request_id text, token text, context text, data text, link_kind text,
        linked_id bigint) using (n)
    ), placed as (
      select g.*, min(g.id) over whole as transaction_id, row_number() over (whole order by g.id) - 1 as ordinal
      from given g window whole as (partition by g.batch, g.source_id)
    ), entries as (
      insert into "audit".entries (id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, data)
        select p.id, p.occurred_at, p.transaction_id, p.id, p.ordinal, p.relation_id, p.action, p.record_key, p.data::json
        from placed p
    ), contexts as (
      insert into "audit".contexts (id, last_id, transaction_id, source_id, actor_id, attribution, application_name,
          user_name, ip, user_agent, comment, request_id, context)
        select p.id, p.id, p.transaction_id, p.source_id, p.actor_id, 'api', p.token,
          p.user_name, p.ip, p.user_agent, p.comment, p.request_id, p.context::json
        from placed p
    ), transactions as (
      insert into "audit".transactions (id, source_id, epoch, committed_at, size)
        select p.transaction_id, p.source_id,
          coalesce((select c.epoch from "audit".checkpoints c where c.source_id = p.source_id), 0),
          max(p.occurred_at), count(*)
        from placed p group by p.transaction_id, p.source_id
    ), links as (
      insert into "audit".entry_links (entry_id, kind, relation_id, linked_id)
        select p.id, p.link_kind, p.relation_id, p.linked_id from placed p where p.link_kind is not null
    ), events as (
      insert into "audit".events (event_id, entry_id, digest)
        select p.event_id, p.id, decode(p.digest, 'hex') from placed p
    )
    select json_agg(json_build_object('source_id', b.source_id, 'rollups', b.rollups)) into v_rollups
      from (
        select c.source_id, json_agg(c order by c.bucket, c.relation_id, c.actor_id, c.action) as rollups
        from (
          select p.source_id, date_bin('15 minutes', p.occurred_at, timestamptz '2000-01-01 00:00:00+00') as bucket,
            coalesce(p.relation_id, 0) as relation_id, p.actor_id, p.action, 'api' as attribution, count(*), min(p.id) as min_id, max(p.id) as max_id
          from placed p group by 1, 2, 3, 4, 5
        ) c group by c.source_id
      ) b;
    perform "audit".add_rollups(x.source_id, x.rollups)
      from json_to_recordset(v_rollups) as x(source_id integer, rollups json);
    delete from "audit".flushes where first_id = v_first;
  end if;
  return query
    select g.n, e.entry_id,
      case when e.event_id is null or e.digest <> decode(g.digest, 'hex') then 'conflict'
        when g.n = any (v_fresh) then 'new' else 'known' end
    from json_to_recordset(p_entries) as g(n integer, event_id uuid, digest text)
    left join "audit".events e on e.event_id = g.event_id
    order by g.n;
end
$$;


--
-- Name: end_flush(integer, uuid, pg_lsn, pg_lsn, pg_lsn, timestamp with time zone, json, bigint[]); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.end_flush(p_source_id integer, p_writer uuid, p_from_lsn pg_lsn, p_commit_lsn pg_lsn, p_end_lsn pg_lsn, p_committed_at timestamp with time zone, p_rollups json, p_blocks bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if not "audit".finish_flush(p_source_id, p_writer, p_from_lsn, p_commit_lsn, p_end_lsn, p_committed_at, p_rollups, p_blocks) then
    raise exception 'rowtrail: another writer holds the checkpoint of source %', p_source_id using errcode = 'RT001';
  end if;
end
$$;


--
-- Name: end_people(integer, timestamp with time zone); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.end_people(p_source_id integer, p_read_at timestamp with time zone) RETURNS void
    LANGUAGE sql
    AS $$
  update "audit".people p set left_at = p_read_at
  where p.left_at is null and p.seen_at < p_read_at
    and p.actor_id in (select a.id from "audit".actors a where a.source_id = p_source_id)
$$;


--
-- Name: ensure_partitions(text, integer); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.ensure_partitions(p_grain text, p_ahead integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  -- Ids never go backwards, so if the clock did, the period to cover is that of the last id.
  v_now timestamptz := greatest(clock_timestamp(), (select "audit".time_of_id(last_id) from "audit".id_clock));
  v_current timestamp := date_trunc(p_grain, v_now at time zone 'UTC');
  v_step interval := ('1 ' || p_grain)::interval;
  v_made integer := 0;
  v_covered bigint;
  v_from timestamp;
  v_to timestamp;
  v_range int8range;
  v_parent text;
  v_name text;
begin
  if p_grain not in ('day', 'week', 'month') then
    raise exception 'rowtrail: a partition is a day, week or month, not %', p_grain;
  end if;
  perform pg_advisory_xact_lock(hashtext('rowtrail.ensure_partitions'), hashtext('"audit"'));
  -- Whatever is partitioned here is partitioned by ids.
  for v_parent in
    select c.relname from pg_catalog.pg_class c
      where c.relnamespace = '"audit"'::regnamespace and c.relkind = 'p' and not c.relispartition order by c.relname
  loop
    select max(upper(obj_description(i.inhrelid, 'pg_class')::int8range)) into v_covered
      from pg_catalog.pg_inherits i where i.inhparent = format('%s.%I', '"audit"', v_parent)::regclass;
    v_from := greatest(v_current, "audit".time_of_id(v_covered) at time zone 'UTC');
    while v_from < v_current + v_step * (p_ahead + 1) loop
      v_to := date_trunc(p_grain, v_from) + v_step;
      v_range := int8range("audit".id_at(v_from at time zone 'UTC'), "audit".id_at(v_to at time zone 'UTC'));
      v_name := v_parent || to_char(v_from, case p_grain when 'month' then '_YYYY_MM' else '_YYYY_MM_DD' end);
      execute format('create table "audit".%I (like "audit".%I including defaults including constraints)', v_name, v_parent);
      execute format('comment on table "audit".%I is %L', v_name, v_range::text);
      execute format('alter table "audit".%I attach partition "audit".%I for values from (%s) to (%s)',
        v_parent, v_name, lower(v_range), upper(v_range));
      execute format('create trigger refuse_change before update or delete or truncate on "audit".%I
        for each statement execute function "audit".refuse_change()', v_name);
      execute format('alter table "audit".%I enable always trigger refuse_change', v_name);
      v_from := v_to;
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
end
$$;


--
-- Name: event_comment(json); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.event_comment(p_data json) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL RESTRICTED
    AS $$
begin
  return pg_catalog.left(p_data operator(pg_catalog.->>) 'comment', 8192);
exception when others then
  return null;
end
$$;


--
-- Name: finish_baseline_piece(integer, uuid, bigint, json, bigint, bigint, bigint, bigint, bigint, integer, bigint, boolean); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.finish_baseline_piece(p_source_id integer, p_writer uuid, p_first_id bigint, p_rollups json, p_rows bigint, p_oid bigint, p_part bigint, p_filenode bigint, p_block bigint, p_offset integer, p_blocks bigint, p_done boolean) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  update "audit".checkpoints set updated_at = clock_timestamp() where source_id = p_source_id and writer = p_writer;
  if not found then
    return false;
  end if;
  perform "audit".add_rollups(p_source_id, p_rollups);
  update "audit".baselines set rows = rows + p_rows, note = null where source_id = p_source_id and oid = p_oid;
  insert into "audit".baseline_parts as p (source_id, oid, part_oid, filenode, next_block, next_offset, blocks, done)
    values (p_source_id, p_oid, p_part, p_filenode, p_block, p_offset, p_blocks, p_done)
    on conflict (source_id, oid, part_oid) do update
      set filenode = excluded.filenode, next_block = excluded.next_block, next_offset = excluded.next_offset,
          blocks = excluded.blocks, done = excluded.done;
  delete from "audit".flushes where source_id = p_source_id and writer = p_writer and first_id = p_first_id;
  return found;
end
$$;


--
-- Name: finish_flush(integer, uuid, pg_lsn, pg_lsn, pg_lsn, timestamp with time zone, json, bigint[]); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.finish_flush(p_source_id integer, p_writer uuid, p_from_lsn pg_lsn, p_commit_lsn pg_lsn, p_end_lsn pg_lsn, p_committed_at timestamp with time zone, p_rollups json, p_blocks bigint[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  v_ended integer;
begin
  update "audit".checkpoints
    set commit_lsn = p_commit_lsn, end_lsn = p_end_lsn, acknowledged_lsn = greatest(acknowledged_lsn, p_end_lsn),
        committed_at = p_committed_at, updated_at = clock_timestamp()
    where source_id = p_source_id and writer = p_writer and end_lsn = p_from_lsn;
  if not found then
    return false;
  end if;
  perform "audit".add_rollups(p_source_id, p_rollups);
  delete from "audit".flushes where source_id = p_source_id and writer = p_writer and first_id = any (p_blocks);
  get diagnostics v_ended = row_count;
  return v_ended = cardinality(p_blocks);
end
$$;


--
-- Name: fold_rollups(integer); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.fold_rollups(p_limit integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  v_taken integer;
begin
  if not pg_try_advisory_xact_lock(hashtext('rowtrail.fold_rollups'), hashtext('"audit"')) then
    return 0;
  end if;
  with taken as (
    delete from "audit".rollup_deltas where id in (select d.id from "audit".rollup_deltas d order by d.id limit p_limit)
    returning source_id, rollups
  ), part as materialized (
    select t.source_id, x.*, date_bin('1 day', x.bucket, timestamptz '2000-01-01 00:00:00+00') as day,
      date_trunc('month', x.bucket at time zone 'UTC') at time zone 'UTC' as month,
      (extract(epoch from x.bucket - date_bin('1 day', x.bucket, timestamptz '2000-01-01 00:00:00+00')) / 900)::integer + 1 as quarter
    from taken t cross join lateral json_to_recordset(t.rollups) as x(bucket timestamptz, relation_id integer,
      actor_id integer, action text, attribution text, count bigint, min_id bigint, max_id bigint)
  ), relation_quarter as materialized (
    select relation_id, day, month, quarter, source_id, action, attribution, sum(count)::bigint as count,
      min(min_id) as min_id, max(max_id) as max_id
    from part group by relation_id, day, month, quarter, source_id, action, attribution
  ), actor_relation as materialized (
    select actor_id, relation_id, action, source_id, day, month, sum(count)::bigint as count, min(min_id) as min_id, max(max_id) as max_id
    from part group by actor_id, relation_id, action, source_id, day, month
  ), into_source_quarters as (
    insert into "audit".source_quarters as o (bucket, source_id, min_id, max_id)
      select bucket, source_id, min(min_id), max(max_id) from part group by 1, 2
      on conflict (bucket, source_id) do update
        set min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_source_days as (
    insert into "audit".source_days as o (day, source_id, action, attribution, quarters, count, min_id, max_id)
      select day, source_id, action, attribution, "audit".quarters_of(array_agg(quarter), array_agg(count)), sum(count), min(min_id), max(max_id)
      from (
        select day, source_id, action, attribution, quarter, sum(count)::bigint as count, min(min_id) as min_id, max(max_id) as max_id
        from relation_quarter group by day, source_id, action, attribution, quarter) q group by day, source_id, action, attribution
      on conflict (day, source_id, action, attribution) do update
        set quarters = "audit".add_quarters(o.quarters, excluded.quarters), count = o.count + excluded.count,
            min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_relation_days as (
    insert into "audit".relation_days as o (relation_id, day, source_id, action, attribution, quarters, count, min_id, max_id)
      select relation_id, day, source_id, action, attribution, "audit".quarters_of(array_agg(quarter), array_agg(count)), sum(count), min(min_id), max(max_id)
      from relation_quarter group by relation_id, day, source_id, action, attribution
      on conflict (relation_id, day, source_id, action, attribution) do update
        set quarters = "audit".add_quarters(o.quarters, excluded.quarters), count = o.count + excluded.count,
            min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_relation_day_totals as (
    insert into "audit".relation_day_totals as o (day, relation_id, source_id, action, count, min_id, max_id)
      select day, relation_id, source_id, action, sum(count), min(min_id), max(max_id) from relation_quarter group by 1, 2, 3, 4
      on conflict (day, relation_id, source_id, action) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_relation_month_totals as (
    insert into "audit".relation_month_totals as o (month, relation_id, source_id, action, count, min_id, max_id)
      select month, relation_id, source_id, action, sum(count), min(min_id), max(max_id) from relation_quarter group by 1, 2, 3, 4
      on conflict (month, relation_id, source_id, action) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_relation_totals as (
    insert into "audit".relation_totals as o (relation_id, source_id, action, count, min_id, max_id)
      select relation_id, source_id, action, sum(count), min(min_id), max(max_id) from relation_quarter group by 1, 2, 3
      on conflict (relation_id, source_id, action) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_actor_day_totals as (
    insert into "audit".actor_day_totals as o (day, actor_id, source_id, count, min_id, max_id)
      select day, actor_id, source_id, sum(count), min(min_id), max(max_id) from actor_relation group by 1, 2, 3
      on conflict (day, actor_id, source_id) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_actor_month_totals as (
    insert into "audit".actor_month_totals as o (month, actor_id, source_id, count, min_id, max_id)
      select month, actor_id, source_id, sum(count), min(min_id), max(max_id) from actor_relation group by 1, 2, 3
      on conflict (month, actor_id, source_id) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_actor_relation_totals as (
    insert into "audit".actor_relation_totals as o (actor_id, relation_id, action, count, min_id, max_id)
      select actor_id, relation_id, action, sum(count), min(min_id), max(max_id) from actor_relation group by 1, 2, 3
      on conflict (actor_id, relation_id, action) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_actor_totals as (
    insert into "audit".actor_totals as o (actor_id, count, min_id, max_id)
      select actor_id, sum(count), min(min_id), max(max_id) from actor_relation group by 1
      on conflict (actor_id) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  )
  select count(*) into v_taken from taken;
  return v_taken;
end
$$;


--
-- Name: forget_events(); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.forget_events() RETURNS bigint
    LANGUAGE sql
    AS $$
  with gone as (
    delete from "audit".events where entry_id < (select min(id) from "audit".entries) returning 1
  ) select count(*) from gone
$$;


--
-- Name: hold_column_rules(text, json); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.hold_column_rules(p_source text, p_rules json) RETURNS void
    LANGUAGE sql
    AS $$
  insert into "audit".column_rules (source_id, oid, attnum, table_name, column_name)
    select s.id, x.oid, x.attnum, x."table", x."column"
    from "audit".sources s, json_to_recordset(p_rules) as x(oid bigint, attnum smallint, "table" text, "column" text)
    where s.name = p_source
    on conflict do nothing
$$;


--
-- Name: horizon(); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.horizon() RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ select "audit".horizon(array(select s.id from "audit".sources s)) $$;


--
-- Name: horizon(integer[]); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.horizon(p_sources integer[]) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
    select min(f.first_id) from "audit".flushes f
    left join "audit".checkpoints c on c.source_id = f.source_id
    where (c.writer is null or c.writer = f.writer) and f.source_id = any (p_sources)
  $$;


--
-- Name: id_at(timestamp with time zone); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.id_at(p_time timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ select floor(extract(epoch from p_time - timestamptz '2024-01-01 00:00:00+00'))::bigint << 22 $$;


--
-- Name: image_before(json, json, text[]); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.image_before(p_row json, p_old json, p_unknown text[]) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
  select replace(concat('{', (
    select string_agg(concat(m.key, ':', m.value), ',' order by m.position)
    from (
      select to_json(r.key)::text as key, coalesce(o.value, r.value)::text as value, r.position
        from json_each(replace(p_row::text, '\u', a.mark)::json) with ordinality r(key, value, position)
        left join json_each(replace(p_old::text, '\u', a.mark)::json) o(key, value) on o.key = r.key
      union all
      -- Columns whose value after the update is not known.
      select to_json(o.key)::text, o.value::text, 1000000 + o.position
        from json_each(replace(p_old::text, '\u', a.mark)::json) with ordinality o(key, value, position)
        where not exists (select from json_each(replace(p_row::text, '\u', a.mark)::json) r(key, value) where r.key = o.key)) m
    where replace(m.key, a.mark, '\u') <> all (array(select to_json(u.name)::text from unnest(p_unknown) u(name)))
  ), '}'), a.mark, '\u')::json
  from (select concat('\b', left(md5(concat(p_row::text, p_old::text)), 12)) as mark) a
$$;


--
-- Name: link_reverts(integer, bigint, bigint, bigint); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.link_reverts(p_source_id integer, p_xid bigint, p_first_id bigint, p_last_id bigint) RETURNS void
    LANGUAGE sql
    SET enable_nestloop TO 'off'
    AS $$
  insert into "audit".entry_links (entry_id, kind, relation_id, linked_id)
    select distinct e.id, 'revert', r.id, p.linked_id
    from "audit".pending_reverts p
    join "audit".relations r on r.source_id = p.source_id and r.oid = p.relation_oid
    join (
      select n.id, n.relation_id, n.record_key from "audit".entries n
        where n.id between p_first_id and p_last_id and n.transaction_id = p_first_id
      union all
      select l.entry_id, l.relation_id, l.record_key from "audit".entry_links l
        where l.entry_id between p_first_id and p_last_id and l.kind in ('key', 'move')
    ) e on e.relation_id = r.id and e.record_key = p.record_key
    where p.source_id = p_source_id and p.xid = p_xid and p.linked_id < p_first_id
      and (select o.relation_id from "audit".entries o where o.id = p.linked_id) = r.id
$$;


--
-- Name: quarters_of(integer[], bigint[]); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.quarters_of(p_quarters integer[], p_counts bigint[]) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select array_agg(coalesce(c.count, 0)::integer order by n.n)
    from generate_series(1, 96) n(n) left join unnest(p_quarters, p_counts) c(quarter, count) on c.quarter = n.n
  $$;


--
-- Name: record_coverage(integer, integer, json, timestamp with time zone); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.record_coverage(p_source_id integer, p_epoch integer, p_changes json, p_checked_at timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  v_change record;
  v_loss "audit".coverage_losses;
  v_relation_id integer;
  v_gap_id bigint;
  v_checked_at timestamptz;
  v_added integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('rowtrail.coverage "audit"'), p_source_id);
  select c.checked_at into v_checked_at from "audit".coverage_checks c where c.source_id = p_source_id;
  for v_change in
    select * from json_to_recordset(p_changes) as x(oid bigint, relation_id integer, root_oid bigint, root_schema text,
      root_name text, state text, reason text, detail text, lsn pg_lsn, since timestamptz, from_time timestamptz, to_time timestamptz)
  loop
    select * into v_loss from "audit".coverage_losses l where l.source_id = p_source_id and l.oid = v_change.oid;
    continue when v_loss.state = v_change.state;
    if v_loss.state is not null and v_change.state <> 'truncated' then
      update "audit".gaps g set to_time = coalesce(v_change.to_time, v_change.from_time, p_checked_at), to_lsn = v_change.lsn
        where g.id = v_loss.gap_id and g.to_time is null;
      delete from "audit".coverage_losses l where l.source_id = p_source_id and l.oid = v_change.oid;
    end if;
    continue when v_change.reason is null
      -- its rows until here are in the gap that has just ended
      or v_change.state = 'covered' and v_loss.state = 'untracked'
      or v_change.state = 'dropped' and exists (select from "audit".gaps g where g.source_id = p_source_id
        and g.reason = v_change.reason and g.detail like '%(oid ' || v_change.oid || ')');
    v_relation_id := v_change.relation_id;
    if v_relation_id is null then
      insert into "audit".relations (source_id, oid, schema_name, table_name)
        values (p_source_id, v_change.root_oid, v_change.root_schema, v_change.root_name)
        on conflict (source_id, oid) do nothing;
      select r.id into v_relation_id from "audit".relations r where r.source_id = p_source_id and r.oid = v_change.root_oid;
    end if;
    insert into "audit".gaps (source_id, epoch, reason, detail, relation_id, from_lsn, to_lsn, from_time, to_time)
      values (p_source_id, p_epoch, v_change.reason, v_change.detail, v_relation_id, v_change.lsn,
        case when v_change.to_time is not null then v_change.lsn end,
        coalesce(v_change.from_time, v_checked_at, v_change.since), v_change.to_time)
      returning id into v_gap_id;
    v_added := v_added + 1;
    if v_change.state in ('untracked', 'unpublished', 'detached') then
      insert into "audit".coverage_losses (source_id, oid, state, gap_id)
        values (p_source_id, v_change.oid, v_change.state, v_gap_id);
    end if;
  end loop;
  if p_checked_at is not null then
    insert into "audit".coverage_checks as c (source_id, checked_at) values (p_source_id, p_checked_at)
      on conflict (source_id) do update set checked_at = greatest(c.checked_at, excluded.checked_at);
  end if;
  return v_added;
end
$$;


--
-- Name: record_people(integer, json, timestamp with time zone); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.record_people(p_source_id integer, p_people json, p_read_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into "audit".actors (source_id, kind, claim)
    select distinct p_source_id, 'user', x.claim from json_to_recordset(p_people) as x(claim text) order by 3
    on conflict (source_id, kind, claim) do nothing;
  insert into "audit".actor_totals (actor_id, count)
    select a.id, 0 from json_to_recordset(p_people) as x(claim text)
    join "audit".actors a on a.source_id = p_source_id and a.kind = 'user' and a.claim = x.claim
    order by 1
    on conflict (actor_id) do nothing;
  insert into "audit".people as p (actor_id, name, seen_at)
    select a.id, min(x.name), p_read_at from json_to_recordset(p_people) as x(claim text, name text)
    join "audit".actors a on a.source_id = p_source_id and a.kind = 'user' and a.claim = x.claim
    group by a.id order by a.id
    on conflict (actor_id) do update set name = excluded.name, seen_at = excluded.seen_at, left_at = null;
end
$$;


--
-- Name: record_stamps(integer, integer, pg_lsn, smallint[], text[], pg_lsn[]); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.record_stamps(p_relation_id integer, p_epoch integer, p_floor pg_lsn, p_attnums smallint[], p_stamps text[], p_since pg_lsn[]) RETURNS TABLE(attnum smallint, since_lsn pg_lsn)
    LANGUAGE sql
    AS $$
  insert into "audit".relation_stamps as s (relation_id, attnum, stamp, epoch, since_lsn)
    select p_relation_id, u.attnum, u.stamp, p_epoch, u.since from unnest(p_attnums, p_stamps, p_since) u(attnum, stamp, since)
    on conflict (relation_id, attnum) do update
      set since_lsn = case
            when s.stamp = excluded.stamp and s.epoch = excluded.epoch
              then case when s.attnum = 0 then s.since_lsn else least(s.since_lsn, excluded.since_lsn) end
            when s.attnum = 0 then greatest(excluded.since_lsn, p_floor)
            else excluded.since_lsn end,
          stamp = excluded.stamp, epoch = excluded.epoch
    returning s.attnum, s.since_lsn
$$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'rowtrail: % on %.% is refused: the history is append-only', tg_op, tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege',
          hint = 'Old history is removed by retention, a whole partition at a time.';
end
$$;


--
-- Name: request_baseline(integer, bigint, text, text, boolean); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.request_baseline(p_source_id integer, p_oid bigint, p_schema text, p_table text, p_again boolean DEFAULT false) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  insert into "audit".baselines (source_id, oid, schema_name, table_name) values (p_source_id, p_oid, p_schema, p_table)
    on conflict (source_id, oid) do nothing;
  if p_again then
    delete from "audit".baseline_parts p using "audit".baselines b
      where p.source_id = p_source_id and p.oid = p_oid and b.source_id = p.source_id and b.oid = p.oid and b.finished_at is not null;
    update "audit".baselines
      set schema_name = p_schema, table_name = p_table, requested_at = clock_timestamp(), started_at = null, started_id = null,
          finished_at = null, rows = 0, note = null
      where source_id = p_source_id and oid = p_oid and finished_at is not null;
  end if;
  return exists (select from "audit".baselines b where b.source_id = p_source_id and b.oid = p_oid and b.finished_at is null);
end
$$;


--
-- Name: reserve_ids(integer, uuid, integer); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.reserve_ids(p_source_id integer, p_writer uuid, p_count integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
  v_first bigint;
begin
  update "audit".id_clock
    set last_id = greatest(last_id + 1, "audit".id_at(clock_timestamp())) + p_count - 1
    returning last_id - p_count + 1 into strict v_first;
  insert into "audit".flushes (first_id, last_id, source_id, writer)
    values (v_first, v_first + p_count - 1, p_source_id, p_writer);
  return v_first;
end
$$;


--
-- Name: time_of_id(bigint); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.time_of_id(p_id bigint) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ select timestamptz '2024-01-01 00:00:00+00' + make_interval(secs => (p_id >> 22)::double precision) $$;


--
-- Name: trim_folded(bigint); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.trim_folded(p_floor bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock(hashtext('rowtrail.fold_rollups'), hashtext('"audit"'));
  delete from "audit".source_quarters where max_id < p_floor;
  delete from "audit".source_days where max_id < p_floor;
  delete from "audit".relation_days where max_id < p_floor;
  delete from "audit".relation_day_totals where max_id < p_floor;
  delete from "audit".relation_month_totals where max_id < p_floor;
  delete from "audit".actor_day_totals where max_id < p_floor;
  delete from "audit".actor_month_totals where max_id < p_floor;
  delete from "audit".actor_relation_totals where max_id < p_floor;
  delete from "audit".relation_totals where max_id < p_floor;
  update "audit".actor_totals t set count = 0, min_id = null, max_id = null
    where t.max_id < p_floor and exists (select from "audit".people p where p.actor_id = t.actor_id);
  delete from "audit".actor_totals where max_id < p_floor;
  -- The totals are those of the months that are left.
  update "audit".relation_totals t set count = m.count, min_id = m.min_id
    from (
      select relation_id, source_id, action, sum(count)::bigint as count, min(min_id) as min_id
      from "audit".relation_month_totals group by 1, 2, 3) m
    where t.min_id < p_floor and m.relation_id = t.relation_id and m.source_id = t.source_id and m.action = t.action
      and m.count <> t.count;
  update "audit".actor_totals t set count = m.count, min_id = m.min_id
    from (select actor_id, sum(count)::bigint as count, min(min_id) as min_id from "audit".actor_month_totals group by 1) m
    where t.min_id < p_floor and m.actor_id = t.actor_id and m.count <> t.count;
end
$$;


--
-- Name: trim_rollups(bigint, integer); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.trim_rollups(p_floor bigint, p_limit integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  v_until timestamptz := "audit".time_of_id(p_floor) + interval '1 day';
  v_high bigint;
  v_trimmed integer;
begin
  delete from "audit".rollups where ctid = any (array(
    select u.ctid from "audit".rollups u where u.bucket < v_until and u.max_id < p_floor limit p_limit));
  get diagnostics v_trimmed = row_count;
  if v_trimmed > 0 then
    return v_trimmed;
  end if;
  perform from "audit".rollups u where u.bucket < v_until and u.min_id < p_floor
    order by u.bucket, u.relation_id, u.actor_id, u.action, u.attribution for update;
  select max(u.max_id) into v_high from "audit".rollups u where u.bucket < v_until and u.min_id < p_floor;
  if v_high is null then
    return 0;
  end if;
  update "audit".rollups u set count = k.count, min_id = k.min_id
    from (
      select date_bin('15 minutes', e.occurred_at, timestamptz '2000-01-01 00:00:00+00') as bucket, coalesce(e.relation_id, 0) as relation_id,
        c.actor_id, e.action, c.attribution, count(*) as count, min(e.id) as min_id
      from "audit".entries e join "audit".contexts c on c.id = e.context_id
      where e.id between p_floor and v_high and e.occurred_at < v_until + interval '15 minutes'
      group by 1, 2, 3, 4, 5) k
    where u.bucket = k.bucket and u.relation_id = k.relation_id and u.actor_id = k.actor_id and u.action = k.action
      and u.attribution = k.attribution and u.bucket < v_until and u.min_id < p_floor;
  return 0;
end
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: actors; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.actors (
    id integer NOT NULL,
    source_id integer NOT NULL,
    kind text NOT NULL,
    claim text NOT NULL,
    name text,
    search text GENERATED ALWAYS AS (((lower(claim) || '
'::text) || lower(COALESCE(name, ''::text)))) STORED,
    CONSTRAINT actors_kind_check CHECK ((kind = ANY (ARRAY['user'::text, 'database'::text, 'replication'::text, 'api'::text, 'unknown'::text])))
);


--
-- Name: contexts; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.contexts (
    id bigint NOT NULL,
    last_id bigint NOT NULL,
    transaction_id bigint NOT NULL,
    source_id integer NOT NULL,
    actor_id integer NOT NULL,
    attribution text NOT NULL,
    session_id bigint,
    role text,
    application_name text,
    user_name text,
    ip text,
    user_agent text,
    comment text,
    request_id text,
    context json,
    CONSTRAINT contexts_attribution_check CHECK ((attribution = ANY (ARRAY['app'::text, 'database'::text, 'replication'::text, 'api'::text, 'unknown'::text])))
)
PARTITION BY RANGE (id);


--
-- Name: entries; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.entries (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    transaction_id bigint,
    context_id bigint,
    ordinal bigint,
    relation_id integer,
    action text NOT NULL,
    record_key text,
    changed text[],
    unknown text[],
    "row" json,
    old json,
    data json
)
PARTITION BY RANGE (id);


--
-- Name: entry_links; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.entry_links (
    entry_id bigint NOT NULL,
    kind text NOT NULL,
    relation_id integer,
    record_key text,
    entry_key text,
    linked_id bigint
)
PARTITION BY RANGE (entry_id);


--
-- Name: relations; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.relations (
    id integer NOT NULL,
    source_id integer NOT NULL,
    oid bigint NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    key_columns text[],
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: sources; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.sources (
    id integer NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: activity; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.activity AS
 SELECT e.id,
    e.occurred_at AS "timestamp",
    e.action,
    s.name AS source,
    r.schema_name AS schema,
    r.table_name AS "table",
    e.record_key AS record,
    a.claim AS user_id,
        CASE
            WHEN (a.id IS NOT NULL) THEN COALESCE(c.user_name, a.name)
            ELSE NULL::text
        END AS user_name,
    c.ip,
    c.user_agent,
    COALESCE(
        CASE
            WHEN (e."row" IS NULL) THEN ((e.data -> 'comment'::text) #>> '{}'::text[])
            ELSE NULL::text
        END, c.comment) AS comment,
    COALESCE(c.attribution, 'unknown'::text) AS attribution,
    COALESCE(e.changed, '{}'::text[]) AS changed,
        CASE e.action
            WHEN 'update'::text THEN audit.image_before(e."row", e.old, e.unknown)
            WHEN 'delete'::text THEN e."row"
            ELSE NULL::json
        END AS before,
        CASE
            WHEN (e.action = ANY (ARRAY['create'::text, 'update'::text, 'baseline'::text])) THEN e."row"
            ELSE NULL::json
        END AS after,
    ARRAY( SELECT l.linked_id
           FROM audit.entry_links l
          WHERE ((l.entry_id = e.id) AND (l.kind = 'revert'::text))
          ORDER BY l.linked_id) AS reverts
   FROM ((((audit.entries e
     LEFT JOIN audit.relations r ON ((r.id = e.relation_id)))
     LEFT JOIN audit.contexts c ON (((c.id = e.context_id) AND (e.id >= c.id) AND (e.id > (c.id - 1)) AND (e.id >= (c.id + 0)) AND (e.id > (c.id - 2)) AND (e.id >= (c.id - 1)) AND (e.id > (c.id - 3)) AND (e.id <= c.last_id) AND (e.id < (c.last_id + 1)) AND (e.id <= (c.last_id + 0)) AND (e.id < (c.last_id + 2)) AND (e.id <= (c.last_id + 1)))))
     LEFT JOIN audit.actors a ON (((a.id = c.actor_id) AND (a.kind = 'user'::text))))
     LEFT JOIN audit.sources s ON ((s.id = COALESCE(r.source_id, c.source_id))));


--
-- Name: actor_day_totals; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.actor_day_totals (
    day timestamp with time zone NOT NULL,
    actor_id integer NOT NULL,
    source_id integer NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: actor_month_totals; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.actor_month_totals (
    month timestamp with time zone NOT NULL,
    actor_id integer NOT NULL,
    source_id integer NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: actor_relation_totals; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.actor_relation_totals (
    actor_id integer NOT NULL,
    relation_id integer NOT NULL,
    action text NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: actor_totals; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.actor_totals (
    actor_id integer NOT NULL,
    count bigint NOT NULL,
    min_id bigint,
    max_id bigint
);


--
-- Name: actors_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.actors ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.actors_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: baseline_parts; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.baseline_parts (
    source_id integer NOT NULL,
    oid bigint NOT NULL,
    part_oid bigint NOT NULL,
    filenode bigint,
    next_block bigint DEFAULT 0 NOT NULL,
    next_offset integer DEFAULT 0 NOT NULL,
    blocks bigint NOT NULL,
    done boolean DEFAULT false NOT NULL
);


--
-- Name: baselines; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.baselines (
    source_id integer NOT NULL,
    oid bigint NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    requested_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    started_at timestamp with time zone,
    started_id bigint,
    finished_at timestamp with time zone,
    rows bigint DEFAULT 0 NOT NULL,
    note text
);


--
-- Name: checkpoints; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.checkpoints (
    source_id integer NOT NULL,
    epoch integer NOT NULL,
    capture text NOT NULL,
    system_identifier text,
    timeline integer,
    slot text,
    commit_lsn pg_lsn,
    end_lsn pg_lsn NOT NULL,
    acknowledged_lsn pg_lsn NOT NULL,
    committed_at timestamp with time zone,
    writer uuid,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT checkpoints_capture_check CHECK ((capture = ANY (ARRAY['wal'::text, 'trigger'::text])))
);


--
-- Name: column_rules; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.column_rules (
    source_id integer NOT NULL,
    oid bigint NOT NULL,
    attnum smallint NOT NULL,
    table_name text NOT NULL,
    column_name text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: contexts_2026_11; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.contexts_2026_11 (
    id bigint NOT NULL,
    last_id bigint NOT NULL,
    transaction_id bigint NOT NULL,
    source_id integer NOT NULL,
    actor_id integer NOT NULL,
    attribution text NOT NULL,
    session_id bigint,
    role text,
    application_name text,
    user_name text,
    ip text,
    user_agent text,
    comment text,
    request_id text,
    context json,
    CONSTRAINT contexts_attribution_check CHECK ((attribution = ANY (ARRAY['app'::text, 'database'::text, 'replication'::text, 'api'::text, 'unknown'::text])))
);


--
-- Name: TABLE contexts_2026_11; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.contexts_2026_11 IS '[375071440896000,385943076864000)';


--
-- Name: contexts_2026_12; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.contexts_2026_12 (
    id bigint NOT NULL,
    last_id bigint NOT NULL,
    transaction_id bigint NOT NULL,
    source_id integer NOT NULL,
    actor_id integer NOT NULL,
    attribution text NOT NULL,
    session_id bigint,
    role text,
    application_name text,
    user_name text,
    ip text,
    user_agent text,
    comment text,
    request_id text,
    context json,
    CONSTRAINT contexts_attribution_check CHECK ((attribution = ANY (ARRAY['app'::text, 'database'::text, 'replication'::text, 'api'::text, 'unknown'::text])))
);


--
-- Name: TABLE contexts_2026_12; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.contexts_2026_12 IS '[385943076864000,397177100697600)';


--
-- Name: contexts_2027_01; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.contexts_2027_01 (
    id bigint NOT NULL,
    last_id bigint NOT NULL,
    transaction_id bigint NOT NULL,
    source_id integer NOT NULL,
    actor_id integer NOT NULL,
    attribution text NOT NULL,
    session_id bigint,
    role text,
    application_name text,
    user_name text,
    ip text,
    user_agent text,
    comment text,
    request_id text,
    context json,
    CONSTRAINT contexts_attribution_check CHECK ((attribution = ANY (ARRAY['app'::text, 'database'::text, 'replication'::text, 'api'::text, 'unknown'::text])))
);


--
-- Name: TABLE contexts_2027_01; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.contexts_2027_01 IS '[397177100697600,408411124531200)';


--
-- Name: coverage_checks; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.coverage_checks (
    source_id integer NOT NULL,
    checked_at timestamp with time zone NOT NULL
);


--
-- Name: coverage_losses; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.coverage_losses (
    source_id integer NOT NULL,
    oid bigint NOT NULL,
    state text NOT NULL,
    gap_id bigint NOT NULL,
    CONSTRAINT coverage_losses_state_check CHECK ((state = ANY (ARRAY['untracked'::text, 'unpublished'::text, 'detached'::text])))
);


--
-- Name: drained_transactions; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.drained_transactions (
    source_id integer NOT NULL,
    xid bigint NOT NULL
);


--
-- Name: entries_2026_11; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.entries_2026_11 (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    transaction_id bigint,
    context_id bigint,
    ordinal bigint,
    relation_id integer,
    action text NOT NULL,
    record_key text,
    changed text[],
    unknown text[],
    "row" json,
    old json,
    data json
);


--
-- Name: TABLE entries_2026_11; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.entries_2026_11 IS '[375071440896000,385943076864000)';


--
-- Name: entries_2026_12; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.entries_2026_12 (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    transaction_id bigint,
    context_id bigint,
    ordinal bigint,
    relation_id integer,
    action text NOT NULL,
    record_key text,
    changed text[],
    unknown text[],
    "row" json,
    old json,
    data json
);


--
-- Name: TABLE entries_2026_12; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.entries_2026_12 IS '[385943076864000,397177100697600)';


--
-- Name: entries_2027_01; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.entries_2027_01 (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    transaction_id bigint,
    context_id bigint,
    ordinal bigint,
    relation_id integer,
    action text NOT NULL,
    record_key text,
    changed text[],
    unknown text[],
    "row" json,
    old json,
    data json
);


--
-- Name: TABLE entries_2027_01; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.entries_2027_01 IS '[397177100697600,408411124531200)';


--
-- Name: entry_links_2026_11; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.entry_links_2026_11 (
    entry_id bigint NOT NULL,
    kind text NOT NULL,
    relation_id integer,
    record_key text,
    entry_key text,
    linked_id bigint
);


--
-- Name: TABLE entry_links_2026_11; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.entry_links_2026_11 IS '[375071440896000,385943076864000)';


--
-- Name: entry_links_2026_12; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.entry_links_2026_12 (
    entry_id bigint NOT NULL,
    kind text NOT NULL,
    relation_id integer,
    record_key text,
    entry_key text,
    linked_id bigint
);


--
-- Name: TABLE entry_links_2026_12; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.entry_links_2026_12 IS '[385943076864000,397177100697600)';


--
-- Name: entry_links_2027_01; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.entry_links_2027_01 (
    entry_id bigint NOT NULL,
    kind text NOT NULL,
    relation_id integer,
    record_key text,
    entry_key text,
    linked_id bigint
);


--
-- Name: TABLE entry_links_2027_01; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.entry_links_2027_01 IS '[397177100697600,408411124531200)';


--
-- Name: events; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.events (
    event_id uuid NOT NULL,
    entry_id bigint NOT NULL,
    digest bytea NOT NULL
);


--
-- Name: flushes; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.flushes (
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    source_id integer NOT NULL,
    writer uuid NOT NULL,
    reserved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);


--
-- Name: gaps; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.gaps (
    id bigint NOT NULL,
    source_id integer NOT NULL,
    epoch integer NOT NULL,
    reason text NOT NULL,
    detail text,
    from_lsn pg_lsn,
    to_lsn pg_lsn,
    from_time timestamp with time zone,
    to_time timestamp with time zone,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    relation_id integer,
    skip_lsn pg_lsn
);


--
-- Name: gaps_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.gaps ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.gaps_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: id_clock; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.id_clock (
    singleton boolean DEFAULT true NOT NULL,
    last_id bigint NOT NULL,
    CONSTRAINT id_clock_singleton_check CHECK (singleton)
);


--
-- Name: migrations; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.migrations (
    id integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: outbox_drops; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.outbox_drops (
    source_id integer NOT NULL,
    dropped bigint NOT NULL,
    seen_at timestamp with time zone NOT NULL
);


--
-- Name: partitions; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.partitions AS
 SELECT p.relname AS parent,
    c.relname AS name,
    lower(x.range) AS low,
    upper(x.range) AS high,
    pg_total_relation_size((c.oid)::regclass) AS bytes,
    i.inhdetachpending AS pending
   FROM (((pg_class p
     JOIN pg_inherits i ON ((i.inhparent = p.oid)))
     JOIN pg_class c ON ((c.oid = i.inhrelid)))
     CROSS JOIN LATERAL ( SELECT (obj_description(c.oid, 'pg_class'::name))::int8range AS obj_description) x(range))
  WHERE ((p.relnamespace = ('audit'::regnamespace)::oid) AND (p.relkind = 'p'::"char") AND (NOT p.relispartition));


--
-- Name: pending_reverts; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.pending_reverts (
    source_id integer NOT NULL,
    xid bigint NOT NULL,
    relation_oid bigint NOT NULL,
    record_key text NOT NULL,
    linked_id bigint NOT NULL
);


--
-- Name: rollup_deltas; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.rollup_deltas (
    id bigint NOT NULL,
    source_id integer NOT NULL,
    rollups json NOT NULL
);


--
-- Name: pending_rollups; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.pending_rollups AS
 SELECT d.source_id,
    x.bucket,
    x.relation_id,
    x.actor_id,
    x.action,
    x.attribution,
    x.count,
    x.min_id,
    x.max_id
   FROM (audit.rollup_deltas d
     CROSS JOIN LATERAL json_to_recordset(d.rollups) x(bucket timestamp with time zone, relation_id integer, actor_id integer, action text, attribution text, count bigint, min_id bigint, max_id bigint));


--
-- Name: people; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.people (
    actor_id integer NOT NULL,
    name text,
    seen_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone,
    search text GENERATED ALWAYS AS (lower(COALESCE(name, ''::text))) STORED
);


--
-- Name: relation_day_totals; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.relation_day_totals (
    day timestamp with time zone NOT NULL,
    relation_id integer NOT NULL,
    source_id integer NOT NULL,
    action text NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: relation_days; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.relation_days (
    relation_id integer NOT NULL,
    day timestamp with time zone NOT NULL,
    source_id integer NOT NULL,
    action text NOT NULL,
    attribution text NOT NULL,
    quarters integer[] NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: relation_month_totals; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.relation_month_totals (
    month timestamp with time zone NOT NULL,
    relation_id integer NOT NULL,
    source_id integer NOT NULL,
    action text NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: relation_stamps; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.relation_stamps (
    relation_id integer NOT NULL,
    attnum smallint NOT NULL,
    stamp text NOT NULL,
    epoch integer NOT NULL,
    since_lsn pg_lsn NOT NULL
);


--
-- Name: relation_totals; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.relation_totals (
    relation_id integer NOT NULL,
    source_id integer NOT NULL,
    action text NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: relation_versions; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.relation_versions (
    relation_id integer NOT NULL,
    version integer NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    key_columns text[],
    columns json NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: relations_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.relations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.relations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: removed_partitions; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.removed_partitions (
    name text NOT NULL,
    parent text NOT NULL,
    low bigint NOT NULL,
    high bigint NOT NULL,
    begun_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    removed_at timestamp with time zone,
    note text,
    archive text
);


--
-- Name: rollup_deltas_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.rollup_deltas ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.rollup_deltas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: rollups; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.rollups (
    bucket timestamp with time zone NOT NULL,
    relation_id integer NOT NULL,
    actor_id integer NOT NULL,
    action text NOT NULL,
    attribution text NOT NULL,
    source_id integer NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: sealed_facts; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.sealed_facts (
    kind text NOT NULL,
    fact_id bigint NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    seal bigint NOT NULL,
    fact_sha256 bytea NOT NULL,
    CONSTRAINT sealed_facts_kind_check CHECK ((kind = ANY (ARRAY['source'::text, 'actor'::text, 'session'::text, 'relation'::text, 'version'::text])))
);


--
-- Name: seals; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.seals (
    number bigint NOT NULL,
    format smallint NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    previous bytea NOT NULL,
    entries bigint NOT NULL,
    entries_sha256 bytea NOT NULL,
    contexts bigint NOT NULL,
    contexts_sha256 bytea NOT NULL,
    transactions bigint NOT NULL,
    transactions_sha256 bytea NOT NULL,
    links bigint NOT NULL,
    links_sha256 bytea NOT NULL,
    truncated_rows bigint NOT NULL,
    truncated_rows_sha256 bytea NOT NULL,
    facts bigint NOT NULL,
    facts_sha256 bytea NOT NULL,
    hash bytea NOT NULL,
    key_id text,
    signature bytea
);


--
-- Name: sessions; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.sessions (
    id bigint NOT NULL,
    source_id integer NOT NULL,
    token_hash bytea NOT NULL,
    session_role text NOT NULL,
    client_addr text,
    pid integer NOT NULL,
    started_at timestamp with time zone,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: sessions_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.sessions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: sign_ins; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.sign_ins (
    hash bytea NOT NULL,
    token_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sign_ins_hash_check CHECK ((octet_length(hash) = 32))
);


--
-- Name: source_days; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.source_days (
    day timestamp with time zone NOT NULL,
    source_id integer NOT NULL,
    action text NOT NULL,
    attribution text NOT NULL,
    quarters integer[] NOT NULL,
    count bigint NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: source_quarters; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.source_quarters (
    bucket timestamp with time zone NOT NULL,
    source_id integer NOT NULL,
    min_id bigint NOT NULL,
    max_id bigint NOT NULL
);


--
-- Name: sources_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.sources ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.sources_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: tokens; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.tokens (
    id bigint NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    role text NOT NULL,
    tables text[],
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT tokens_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT tokens_role_check CHECK ((role = ANY (ARRAY['writer'::text, 'viewer'::text, 'operator'::text, 'admin'::text])))
);


--
-- Name: tokens_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: transactions; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.transactions (
    id bigint NOT NULL,
    source_id integer NOT NULL,
    epoch integer NOT NULL,
    xid bigint,
    commit_lsn pg_lsn,
    committed_at timestamp with time zone NOT NULL,
    size bigint NOT NULL
)
PARTITION BY RANGE (id);


--
-- Name: transactions_2026_11; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.transactions_2026_11 (
    id bigint NOT NULL,
    source_id integer NOT NULL,
    epoch integer NOT NULL,
    xid bigint,
    commit_lsn pg_lsn,
    committed_at timestamp with time zone NOT NULL,
    size bigint NOT NULL
);


--
-- Name: TABLE transactions_2026_11; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.transactions_2026_11 IS '[375071440896000,385943076864000)';


--
-- Name: transactions_2026_12; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.transactions_2026_12 (
    id bigint NOT NULL,
    source_id integer NOT NULL,
    epoch integer NOT NULL,
    xid bigint,
    commit_lsn pg_lsn,
    committed_at timestamp with time zone NOT NULL,
    size bigint NOT NULL
);


--
-- Name: TABLE transactions_2026_12; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.transactions_2026_12 IS '[385943076864000,397177100697600)';


--
-- Name: transactions_2027_01; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.transactions_2027_01 (
    id bigint NOT NULL,
    source_id integer NOT NULL,
    epoch integer NOT NULL,
    xid bigint,
    commit_lsn pg_lsn,
    committed_at timestamp with time zone NOT NULL,
    size bigint NOT NULL
);


--
-- Name: TABLE transactions_2027_01; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.transactions_2027_01 IS '[397177100697600,408411124531200)';


--
-- Name: truncated_rows; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.truncated_rows (
    entry_id bigint NOT NULL,
    "position" bigint NOT NULL,
    relation_id integer NOT NULL,
    record_key text NOT NULL,
    "row" json NOT NULL
)
PARTITION BY RANGE (entry_id);


--
-- Name: truncated_rows_2026_11; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.truncated_rows_2026_11 (
    entry_id bigint NOT NULL,
    "position" bigint NOT NULL,
    relation_id integer NOT NULL,
    record_key text NOT NULL,
    "row" json NOT NULL
);


--
-- Name: TABLE truncated_rows_2026_11; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.truncated_rows_2026_11 IS '[375071440896000,385943076864000)';


--
-- Name: truncated_rows_2026_12; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.truncated_rows_2026_12 (
    entry_id bigint NOT NULL,
    "position" bigint NOT NULL,
    relation_id integer NOT NULL,
    record_key text NOT NULL,
    "row" json NOT NULL
);


--
-- Name: TABLE truncated_rows_2026_12; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.truncated_rows_2026_12 IS '[385943076864000,397177100697600)';


--
-- Name: truncated_rows_2027_01; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.truncated_rows_2027_01 (
    entry_id bigint NOT NULL,
    "position" bigint NOT NULL,
    relation_id integer NOT NULL,
    record_key text NOT NULL,
    "row" json NOT NULL
);


--
-- Name: TABLE truncated_rows_2027_01; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON TABLE audit.truncated_rows_2027_01 IS '[397177100697600,408411124531200)';


--
-- Name: verifications; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.verifications (
    id bigint NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    outcome text NOT NULL,
    complete boolean NOT NULL,
    first_seal bigint,
    last_seal bigint,
    seals bigint NOT NULL,
    entries bigint NOT NULL,
    problem text,
    CONSTRAINT verifications_outcome_check CHECK ((outcome = ANY (ARRAY['proven'::text, 'consistent'::text, 'mismatch'::text])))
);


--
-- Name: verifications_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.verifications ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.verifications_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: contexts_2026_11; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.contexts ATTACH PARTITION audit.contexts_2026_11 FOR VALUES FROM ('375071440896000') TO ('385943076864000');


--
-- Name: contexts_2026_12; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.contexts ATTACH PARTITION audit.contexts_2026_12 FOR VALUES FROM ('385943076864000') TO ('397177100697600');


--
-- Name: contexts_2027_01; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.contexts ATTACH PARTITION audit.contexts_2027_01 FOR VALUES FROM ('397177100697600') TO ('408411124531200');


--
-- Name: entries_2026_11; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entries ATTACH PARTITION audit.entries_2026_11 FOR VALUES FROM ('375071440896000') TO ('385943076864000');


--
-- Name: entries_2026_12; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entries ATTACH PARTITION audit.entries_2026_12 FOR VALUES FROM ('385943076864000') TO ('397177100697600');


--
-- Name: entries_2027_01; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entries ATTACH PARTITION audit.entries_2027_01 FOR VALUES FROM ('397177100697600') TO ('408411124531200');


--
-- Name: entry_links_2026_11; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entry_links ATTACH PARTITION audit.entry_links_2026_11 FOR VALUES FROM ('375071440896000') TO ('385943076864000');


--
-- Name: entry_links_2026_12; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entry_links ATTACH PARTITION audit.entry_links_2026_12 FOR VALUES FROM ('385943076864000') TO ('397177100697600');


--
-- Name: entry_links_2027_01; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entry_links ATTACH PARTITION audit.entry_links_2027_01 FOR VALUES FROM ('397177100697600') TO ('408411124531200');


--
-- Name: transactions_2026_11; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.transactions ATTACH PARTITION audit.transactions_2026_11 FOR VALUES FROM ('375071440896000') TO ('385943076864000');


--
-- Name: transactions_2026_12; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.transactions ATTACH PARTITION audit.transactions_2026_12 FOR VALUES FROM ('385943076864000') TO ('397177100697600');


--
-- Name: transactions_2027_01; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.transactions ATTACH PARTITION audit.transactions_2027_01 FOR VALUES FROM ('397177100697600') TO ('408411124531200');


--
-- Name: truncated_rows_2026_11; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.truncated_rows ATTACH PARTITION audit.truncated_rows_2026_11 FOR VALUES FROM ('375071440896000') TO ('385943076864000');


--
-- Name: truncated_rows_2026_12; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.truncated_rows ATTACH PARTITION audit.truncated_rows_2026_12 FOR VALUES FROM ('385943076864000') TO ('397177100697600');


--
-- Name: truncated_rows_2027_01; Type: TABLE ATTACH; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.truncated_rows ATTACH PARTITION audit.truncated_rows_2027_01 FOR VALUES FROM ('397177100697600') TO ('408411124531200');


--
-- Data for Name: actor_day_totals; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.actor_day_totals VALUES ('2026-11-29 00:00:00+00', 2, 1, 3, 385327994765314, 385327994765316);
INSERT INTO audit.actor_day_totals VALUES ('2026-11-29 00:00:00+00', 1, 1, 7, 385327994765312, 385327994765321);


--
-- Data for Name: actor_month_totals; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.actor_month_totals VALUES ('2026-11-01 00:00:00+00', 2, 1, 3, 385327994765314, 385327994765316);
INSERT INTO audit.actor_month_totals VALUES ('2026-11-01 00:00:00+00', 1, 1, 7, 385327994765312, 385327994765321);


--
-- Data for Name: actor_relation_totals; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.actor_relation_totals VALUES (1, 1, 'update', 1, 385327994765321, 385327994765321);
INSERT INTO audit.actor_relation_totals VALUES (1, 3, 'truncate', 1, 385327994765320, 385327994765320);
INSERT INTO audit.actor_relation_totals VALUES (2, 2, 'create', 2, 385327994765315, 385327994765316);
INSERT INTO audit.actor_relation_totals VALUES (1, 1, 'delete', 1, 385327994765319, 385327994765319);
INSERT INTO audit.actor_relation_totals VALUES (1, 2, 'update', 1, 385327994765317, 385327994765317);
INSERT INTO audit.actor_relation_totals VALUES (1, 3, 'create', 1, 385327994765318, 385327994765318);
INSERT INTO audit.actor_relation_totals VALUES (2, 1, 'update', 1, 385327994765314, 385327994765314);
INSERT INTO audit.actor_relation_totals VALUES (1, 1, 'create', 2, 385327994765312, 385327994765313);


--
-- Data for Name: actor_totals; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.actor_totals VALUES (2, 3, 385327994765314, 385327994765316);
INSERT INTO audit.actor_totals VALUES (1, 7, 385327994765312, 385327994765321);


--
-- Data for Name: actors; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.actors OVERRIDING SYSTEM VALUE VALUES (1, 1, 'database', 'postgres', 'postgres', DEFAULT);
INSERT INTO audit.actors OVERRIDING SYSTEM VALUE VALUES (2, 1, 'user', '7', 'Ana', DEFAULT);


--
-- Data for Name: baseline_parts; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: baselines; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: checkpoints; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.checkpoints VALUES (1, 1, 'wal', '7713488732275426651', 1, 'rowtrail_shop', '0/19FFBC0', '0/19FFBF0', '0/19FFBF0', '2026-11-29 07:15:51.462744+00', 'f50f0039-f05b-43b9-9c27-daf2e05a2064', '2026-11-29 07:15:53.534353+00');


--
-- Data for Name: column_rules; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: contexts_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.contexts_2026_11 VALUES (385327994765312, 385327994765313, 385327994765312, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385327994765314, 385327994765316, 385327994765314, 1, 2, 'app', 1, NULL, NULL, 'Ana', '203.0.113.9', NULL, 'customer called', NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385327994765317, 385327994765317, 385327994765317, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385327994765318, 385327994765318, 385327994765318, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385327994765319, 385327994765319, 385327994765319, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385327994765320, 385327994765320, 385327994765320, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385327994765321, 385327994765321, 385327994765321, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: contexts_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: contexts_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: coverage_checks; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.coverage_checks VALUES (1, '2026-11-29 07:15:53.191963+00');


--
-- Data for Name: coverage_losses; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: drained_transactions; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: entries_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.entries_2026_11 VALUES (385327994765312, '2026-11-29 07:15:51.416982+00', 385327994765312, 385327994765312, 0, 1, 'create', '1', NULL, NULL, '{"id":1,"status":"new","total":10.00,"note":"first","tags":{"a": 1.0}}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385327994765313, '2026-11-29 07:15:51.416982+00', 385327994765312, 385327994765312, 1, 1, 'create', '9007199254740993', NULL, NULL, '{"id":9007199254740993,"status":"new","total":1.50,"note":null,"tags":null}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385327994765314, '2026-11-29 07:15:51.426464+00', 385327994765314, 385327994765314, 0, 1, 'update', '1', '{status}', NULL, '{"id":1,"status":"paid","total":10.00,"note":"first","tags":{"a": 1.0}}', '{"status":"new"}', NULL);
INSERT INTO audit.entries_2026_11 VALUES (385327994765315, '2026-11-29 07:15:51.426464+00', 385327994765314, 385327994765314, 1, 2, 'create', '["north","1"]', NULL, NULL, '{"place":"north","item":1,"count":5}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385327994765316, '2026-11-29 07:15:51.426464+00', 385327994765314, 385327994765314, 2, 2, 'create', '["south","1"]', NULL, NULL, '{"place":"south","item":1,"count":6}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385327994765317, '2026-11-29 07:15:51.430765+00', 385327994765317, 385327994765317, 0, 2, 'update', '["north","2"]', '{item}', NULL, '{"place":"north","item":2,"count":5}', '{"item":1}', NULL);
INSERT INTO audit.entries_2026_11 VALUES (385327994765318, '2026-11-29 07:15:51.433508+00', 385327994765318, 385327994765318, 0, 3, 'create', '~606da9d4a7b2209bc06440f23a1da5d83eb8e397e5da8b1cd0edbff4ccf0251b', NULL, NULL, '{"path":"/","at":"2026-01-02 03:04:05.678901+00"}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385327994765319, '2026-11-29 07:15:51.43564+00', 385327994765319, 385327994765319, 0, 1, 'delete', '9007199254740993', NULL, NULL, '{"id":9007199254740993,"status":"new","total":1.50,"note":null,"tags":null}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385327994765320, '2026-11-29 07:15:51.456998+00', 385327994765320, 385327994765320, 0, 3, 'truncate', NULL, NULL, NULL, NULL, NULL, '{"data":{"rows":{"captured":true,"count":1}}}');
INSERT INTO audit.entries_2026_11 VALUES (385327994765321, '2026-11-29 07:15:51.462744+00', 385327994765321, 385327994765321, 0, 1, 'update', '1', '{note}', NULL, '{"id":1,"status":"paid","total":10.00,"note":"done","tags":{"a": 1.0}}', '{"note":"first"}', NULL);


--
-- Data for Name: entries_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: entries_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: entry_links_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.entry_links_2026_11 VALUES (385327994765317, 'key', 2, '["north","1"]', '["north","2"]', NULL);


--
-- Data for Name: entry_links_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: entry_links_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: events; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: flushes; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: gaps; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: id_clock; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.id_clock VALUES (true, 385327994765321);


--
-- Data for Name: migrations; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.migrations VALUES (1, 'entries', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (2, 'gaps', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (3, 'links', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (4, 'horizon', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (5, 'coverage', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (6, 'end_flush', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (7, 'outbox', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (8, 'baseline', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (9, 'truncated_rows', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (10, 'access', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (11, 'search', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (12, 'insights', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (13, 'growth', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (14, 'journal', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (15, 'trim_folded', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (16, 'day_ranges', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (17, 'trimming', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (18, 'revert_links', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (19, 'seals', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (20, 'source_quarters', '2026-11-29 07:15:50.623241+00');
INSERT INTO audit.migrations VALUES (21, 'archive', '2026-11-29 07:15:50.623241+00');


--
-- Data for Name: outbox_drops; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: pending_reverts; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: people; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: relation_day_totals; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relation_day_totals VALUES ('2026-11-29 00:00:00+00', 3, 1, 'truncate', 1, 385327994765320, 385327994765320);
INSERT INTO audit.relation_day_totals VALUES ('2026-11-29 00:00:00+00', 3, 1, 'create', 1, 385327994765318, 385327994765318);
INSERT INTO audit.relation_day_totals VALUES ('2026-11-29 00:00:00+00', 1, 1, 'create', 2, 385327994765312, 385327994765313);
INSERT INTO audit.relation_day_totals VALUES ('2026-11-29 00:00:00+00', 1, 1, 'delete', 1, 385327994765319, 385327994765319);
INSERT INTO audit.relation_day_totals VALUES ('2026-11-29 00:00:00+00', 1, 1, 'update', 2, 385327994765314, 385327994765321);
INSERT INTO audit.relation_day_totals VALUES ('2026-11-29 00:00:00+00', 2, 1, 'create', 2, 385327994765315, 385327994765316);
INSERT INTO audit.relation_day_totals VALUES ('2026-11-29 00:00:00+00', 2, 1, 'update', 1, 385327994765317, 385327994765317);


--
-- Data for Name: relation_days; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relation_days VALUES (1, '2026-11-29 00:00:00+00', 1, 'create', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 2, 385327994765312, 385327994765313);
INSERT INTO audit.relation_days VALUES (1, '2026-11-29 00:00:00+00', 1, 'delete', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765319, 385327994765319);
INSERT INTO audit.relation_days VALUES (1, '2026-11-29 00:00:00+00', 1, 'update', 'app', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765314, 385327994765314);
INSERT INTO audit.relation_days VALUES (1, '2026-11-29 00:00:00+00', 1, 'update', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765321, 385327994765321);
INSERT INTO audit.relation_days VALUES (2, '2026-11-29 00:00:00+00', 1, 'create', 'app', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 2, 385327994765315, 385327994765316);
INSERT INTO audit.relation_days VALUES (2, '2026-11-29 00:00:00+00', 1, 'update', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765317, 385327994765317);
INSERT INTO audit.relation_days VALUES (3, '2026-11-29 00:00:00+00', 1, 'create', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765318, 385327994765318);
INSERT INTO audit.relation_days VALUES (3, '2026-11-29 00:00:00+00', 1, 'truncate', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765320, 385327994765320);


--
-- Data for Name: relation_month_totals; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relation_month_totals VALUES ('2026-11-01 00:00:00+00', 2, 1, 'update', 1, 385327994765317, 385327994765317);
INSERT INTO audit.relation_month_totals VALUES ('2026-11-01 00:00:00+00', 3, 1, 'create', 1, 385327994765318, 385327994765318);
INSERT INTO audit.relation_month_totals VALUES ('2026-11-01 00:00:00+00', 1, 1, 'update', 2, 385327994765314, 385327994765321);
INSERT INTO audit.relation_month_totals VALUES ('2026-11-01 00:00:00+00', 1, 1, 'create', 2, 385327994765312, 385327994765313);
INSERT INTO audit.relation_month_totals VALUES ('2026-11-01 00:00:00+00', 1, 1, 'delete', 1, 385327994765319, 385327994765319);
INSERT INTO audit.relation_month_totals VALUES ('2026-11-01 00:00:00+00', 3, 1, 'truncate', 1, 385327994765320, 385327994765320);
INSERT INTO audit.relation_month_totals VALUES ('2026-11-01 00:00:00+00', 2, 1, 'create', 2, 385327994765315, 385327994765316);


--
-- Data for Name: relation_stamps; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relation_stamps VALUES (1, 0, '17178:745 17182:746 / 1 true /  / ["id"]', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (1, 1, 'id 1 20 -1 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (1, 4, 'note 4 25 -1 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (1, 2, 'status 2 25 -1 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (1, 3, 'total 3 1700 786438 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (1, 5, 'tags 5 3802 -1 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (2, 0, '17178:745 17186:747 / 1 2 true /  / ["place","item"]', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (2, 3, 'count 3 23 -1 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (2, 2, 'item 2 23 -1 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (2, 1, 'place 1 25 -1 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (3, 0, '17178:745 17190:748 /  /  / null', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (3, 1, 'path 1 25 -1 736', 1, '0/19FDD08');
INSERT INTO audit.relation_stamps VALUES (3, 2, 'at 2 1184 -1 736', 1, '0/19FDD08');


--
-- Data for Name: relation_totals; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relation_totals VALUES (1, 1, 'update', 2, 385327994765314, 385327994765321);
INSERT INTO audit.relation_totals VALUES (1, 1, 'delete', 1, 385327994765319, 385327994765319);
INSERT INTO audit.relation_totals VALUES (3, 1, 'create', 1, 385327994765318, 385327994765318);
INSERT INTO audit.relation_totals VALUES (2, 1, 'create', 2, 385327994765315, 385327994765316);
INSERT INTO audit.relation_totals VALUES (3, 1, 'truncate', 1, 385327994765320, 385327994765320);
INSERT INTO audit.relation_totals VALUES (2, 1, 'update', 1, 385327994765317, 385327994765317);
INSERT INTO audit.relation_totals VALUES (1, 1, 'create', 2, 385327994765312, 385327994765313);


--
-- Data for Name: relation_versions; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relation_versions VALUES (1, 1, 'public', 'orders', '{id}', '[{"name":"id","type":"bigint","attnum":1},{"name":"status","type":"text","attnum":2},{"name":"total","type":"numeric(12,2)","attnum":3},{"name":"note","type":"text","attnum":4},{"name":"tags","type":"jsonb","attnum":5}]', '2026-11-29 07:15:53.353309+00');
INSERT INTO audit.relation_versions VALUES (2, 1, 'public', 'stock', '{place,item}', '[{"name":"place","type":"text","attnum":1},{"name":"item","type":"integer","attnum":2},{"name":"count","type":"integer","attnum":3}]', '2026-11-29 07:15:53.421008+00');
INSERT INTO audit.relation_versions VALUES (3, 1, 'public', 'visits', NULL, '[{"name":"path","type":"text","attnum":1},{"name":"at","type":"timestamp with time zone","attnum":2}]', '2026-11-29 07:15:53.45172+00');


--
-- Data for Name: relations; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relations OVERRIDING SYSTEM VALUE VALUES (1, 1, 16386, 'public', 'orders', '{id}', '2026-11-29 07:15:53.353309+00');
INSERT INTO audit.relations OVERRIDING SYSTEM VALUE VALUES (2, 1, 16393, 'public', 'stock', '{place,item}', '2026-11-29 07:15:53.421008+00');
INSERT INTO audit.relations OVERRIDING SYSTEM VALUE VALUES (3, 1, 16400, 'public', 'visits', NULL, '2026-11-29 07:15:53.45172+00');


--
-- Data for Name: removed_partitions; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: rollup_deltas; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: rollups; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.rollups VALUES ('2026-11-29 07:15:00+00', 1, 1, 'create', 'database', 1, 2, 385327994765312, 385327994765313);
INSERT INTO audit.rollups VALUES ('2026-11-29 07:15:00+00', 1, 2, 'update', 'app', 1, 1, 385327994765314, 385327994765314);
INSERT INTO audit.rollups VALUES ('2026-11-29 07:15:00+00', 2, 1, 'update', 'database', 1, 1, 385327994765317, 385327994765317);
INSERT INTO audit.rollups VALUES ('2026-11-29 07:15:00+00', 2, 2, 'create', 'app', 1, 2, 385327994765315, 385327994765316);
INSERT INTO audit.rollups VALUES ('2026-11-29 07:15:00+00', 1, 1, 'delete', 'database', 1, 1, 385327994765319, 385327994765319);
INSERT INTO audit.rollups VALUES ('2026-11-29 07:15:00+00', 3, 1, 'create', 'database', 1, 1, 385327994765318, 385327994765318);
INSERT INTO audit.rollups VALUES ('2026-11-29 07:15:00+00', 3, 1, 'truncate', 'database', 1, 1, 385327994765320, 385327994765320);
INSERT INTO audit.rollups VALUES ('2026-11-29 07:15:00+00', 1, 1, 'update', 'database', 1, 1, 385327994765321, 385327994765321);


--
-- Data for Name: sealed_facts; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.sealed_facts VALUES ('actor', 1, 0, 1, '\x42526fb48840a15cc9a51e748b8a92daeac32890e262752062c1415a81af3b9e');
INSERT INTO audit.sealed_facts VALUES ('actor', 2, 0, 1, '\x84f97ebd9dda1e318aacac249b1fbf817501e20b4374009717a18aaf27e7c37d');
INSERT INTO audit.sealed_facts VALUES ('session', 1, 0, 1, '\x0c7e1fcec993a7979c84d98c78213fcdd8bfed8d3eb90a9feee15f79dca149ab');
INSERT INTO audit.sealed_facts VALUES ('source', 1, 0, 1, '\xa7374cb33201cd4e355d071b49715e1cdaac8a8fe53c629994f5caf29f8ac27b');
INSERT INTO audit.sealed_facts VALUES ('relation', 1, 0, 1, '\x30090ed4917638d8629bb69a682fd778c5056c07961ecf05e958d6fa0d92f339');
INSERT INTO audit.sealed_facts VALUES ('relation', 2, 0, 1, '\x56d12ebbaf4cbbc931b2079027ec02a2000622c7f257c73c520aba35d00362c0');
INSERT INTO audit.sealed_facts VALUES ('relation', 3, 0, 1, '\xe40f53ee717d985fa0446617575772af46b0562e3c4819c1e803a83141c34194');
INSERT INTO audit.sealed_facts VALUES ('version', 1, 1, 1, '\x348518979e7037f9cf0a0df403c172f210772da43f95bd51fee1651b15ae34b9');
INSERT INTO audit.sealed_facts VALUES ('version', 2, 1, 1, '\x15cdccceb90a71edee2deffb7097222935525bf0f8e772e3a43700db2388c8b0');
INSERT INTO audit.sealed_facts VALUES ('version', 3, 1, 1, '\xa8f7c3b6481510ac468f5a6d60e7878a804d98dce29fbdaa528f916a04ba74ec');


--
-- Data for Name: seals; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.seals VALUES (1, 1, 1, 385327994765321, '2026-11-29 07:15:54.338592+00', '\x0000000000000000000000000000000000000000000000000000000000000000', 10, '\x485996615aa3055e769580e0f526753f60d45df49b1e7ce967ac796226b4ed30', 7, '\x1c462b5b2df8662046964d178c2265aab051e714a6dcc388ef1a9c11b30494ed', 7, '\x3fd1f9945ec6acbfd0bde2952fc0cee3a7340ede922ea33cacc3882684acd6ad', 1, '\xf8473a78bb5a097c833577bb9715a3e6540111c9fbcc8f5d3d84aed71ed3ed1b', 1, '\x584c925d2b571f1894d0571ab6af048131ddd282ce13b110c974438ce1f1c0c0', 10, '\x6fe7b495bb5325c009077db485038d69263c149af2f0ee7ef52b3fb3361ff50c', '\xbbd3b11c190f0750b17482dfccbaf634f641fdf7f3d2b4fabf886b25d23e6185', NULL, NULL);


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.sessions OVERRIDING SYSTEM VALUE VALUES (1, 1, '\x86b8fadcb36248f57934156c5c2ce8b8155f879036ce8d4fa0149c237cecbe2a', 'postgres', '127.0.0.1', 1406, '2026-11-29 07:15:48.810672+00', '2026-11-29 07:15:53.415168+00');


--
-- Data for Name: sign_ins; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: source_days; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.source_days VALUES ('2026-11-29 00:00:00+00', 1, 'delete', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765319, 385327994765319);
INSERT INTO audit.source_days VALUES ('2026-11-29 00:00:00+00', 1, 'update', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 2, 385327994765317, 385327994765321);
INSERT INTO audit.source_days VALUES ('2026-11-29 00:00:00+00', 1, 'truncate', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765320, 385327994765320);
INSERT INTO audit.source_days VALUES ('2026-11-29 00:00:00+00', 1, 'create', 'database', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,3,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 3, 385327994765312, 385327994765318);
INSERT INTO audit.source_days VALUES ('2026-11-29 00:00:00+00', 1, 'update', 'app', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 1, 385327994765314, 385327994765314);
INSERT INTO audit.source_days VALUES ('2026-11-29 00:00:00+00', 1, 'create', 'app', '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', 2, 385327994765315, 385327994765316);


--
-- Data for Name: source_quarters; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.source_quarters VALUES ('2026-11-29 07:15:00+00', 1, 385327994765312, 385327994765321);


--
-- Data for Name: sources; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.sources OVERRIDING SYSTEM VALUE VALUES (1, 'shop', '2026-11-29 07:15:51.31912+00');


--
-- Data for Name: tokens; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: transactions_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.transactions_2026_11 VALUES (385327994765312, 1, 1, 750, '0/19FE758', '2026-11-29 07:15:51.416982+00', 2);
INSERT INTO audit.transactions_2026_11 VALUES (385327994765314, 1, 1, 752, '0/19FEA60', '2026-11-29 07:15:51.426464+00', 3);
INSERT INTO audit.transactions_2026_11 VALUES (385327994765317, 1, 1, 753, '0/19FEBC8', '2026-11-29 07:15:51.430765+00', 1);
INSERT INTO audit.transactions_2026_11 VALUES (385327994765318, 1, 1, 754, '0/19FECC8', '2026-11-29 07:15:51.433508+00', 1);
INSERT INTO audit.transactions_2026_11 VALUES (385327994765319, 1, 1, 755, '0/19FEDD0', '2026-11-29 07:15:51.43564+00', 1);
INSERT INTO audit.transactions_2026_11 VALUES (385327994765320, 1, 1, 756, '0/19FF970', '2026-11-29 07:15:51.456998+00', 1);
INSERT INTO audit.transactions_2026_11 VALUES (385327994765321, 1, 1, 759, '0/19FFBC0', '2026-11-29 07:15:51.462744+00', 1);


--
-- Data for Name: transactions_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: transactions_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: truncated_rows_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.truncated_rows_2026_11 VALUES (385327994765320, 0, 3, '~606da9d4a7b2209bc06440f23a1da5d83eb8e397e5da8b1cd0edbff4ccf0251b', '{"path":"/","at":"2026-01-02 03:04:05.678901+00"}');


--
-- Data for Name: truncated_rows_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: truncated_rows_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: verifications; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Name: actors_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.actors_id_seq', 2, true);


--
-- Name: gaps_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.gaps_id_seq', 1, false);


--
-- Name: relations_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.relations_id_seq', 5, true);


--
-- Name: rollup_deltas_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.rollup_deltas_id_seq', 5, true);


--
-- Name: sessions_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.sessions_id_seq', 1, true);


--
-- Name: sources_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.sources_id_seq', 1, true);


--
-- Name: tokens_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.tokens_id_seq', 1, false);


--
-- Name: verifications_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.verifications_id_seq', 1, false);


--
-- Name: actor_day_totals actor_day_totals_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.actor_day_totals
    ADD CONSTRAINT actor_day_totals_pkey PRIMARY KEY (day, actor_id, source_id);


--
-- Name: actor_month_totals actor_month_totals_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.actor_month_totals
    ADD CONSTRAINT actor_month_totals_pkey PRIMARY KEY (month, actor_id, source_id);


--
-- Name: actor_relation_totals actor_relation_totals_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.actor_relation_totals
    ADD CONSTRAINT actor_relation_totals_pkey PRIMARY KEY (actor_id, relation_id, action);


--
-- Name: actor_totals actor_totals_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.actor_totals
    ADD CONSTRAINT actor_totals_pkey PRIMARY KEY (actor_id);


--
-- Name: actors actors_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.actors
    ADD CONSTRAINT actors_pkey PRIMARY KEY (id);


--
-- Name: actors actors_source_id_kind_claim_key; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.actors
    ADD CONSTRAINT actors_source_id_kind_claim_key UNIQUE (source_id, kind, claim);


--
-- Name: baseline_parts baseline_parts_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.baseline_parts
    ADD CONSTRAINT baseline_parts_pkey PRIMARY KEY (source_id, oid, part_oid);


--
-- Name: baselines baselines_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.baselines
    ADD CONSTRAINT baselines_pkey PRIMARY KEY (source_id, oid);


--
-- Name: checkpoints checkpoints_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (source_id);


--
-- Name: column_rules column_rules_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.column_rules
    ADD CONSTRAINT column_rules_pkey PRIMARY KEY (source_id, oid, attnum, table_name, column_name);


--
-- Name: contexts contexts_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.contexts
    ADD CONSTRAINT contexts_pkey PRIMARY KEY (id);


--
-- Name: contexts_2026_11 contexts_2026_11_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.contexts_2026_11
    ADD CONSTRAINT contexts_2026_11_pkey PRIMARY KEY (id);


--
-- Name: contexts_2026_12 contexts_2026_12_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.contexts_2026_12
    ADD CONSTRAINT contexts_2026_12_pkey PRIMARY KEY (id);


--
-- Name: contexts_2027_01 contexts_2027_01_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.contexts_2027_01
    ADD CONSTRAINT contexts_2027_01_pkey PRIMARY KEY (id);


--
-- Name: coverage_checks coverage_checks_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.coverage_checks
    ADD CONSTRAINT coverage_checks_pkey PRIMARY KEY (source_id);


--
-- Name: coverage_losses coverage_losses_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.coverage_losses
    ADD CONSTRAINT coverage_losses_pkey PRIMARY KEY (source_id, oid);


--
-- Name: drained_transactions drained_transactions_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.drained_transactions
    ADD CONSTRAINT drained_transactions_pkey PRIMARY KEY (source_id, xid);


--
-- Name: entries entries_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (id);


--
-- Name: entries_2026_11 entries_2026_11_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entries_2026_11
    ADD CONSTRAINT entries_2026_11_pkey PRIMARY KEY (id);


--
-- Name: entries_2026_12 entries_2026_12_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entries_2026_12
    ADD CONSTRAINT entries_2026_12_pkey PRIMARY KEY (id);


--
-- Name: entries_2027_01 entries_2027_01_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.entries_2027_01
    ADD CONSTRAINT entries_2027_01_pkey PRIMARY KEY (id);


--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (event_id);


--
-- Name: flushes flushes_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.flushes
    ADD CONSTRAINT flushes_pkey PRIMARY KEY (first_id);


--
-- Name: gaps gaps_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.gaps
    ADD CONSTRAINT gaps_pkey PRIMARY KEY (id);


--
-- Name: id_clock id_clock_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.id_clock
    ADD CONSTRAINT id_clock_pkey PRIMARY KEY (singleton);


--
-- Name: migrations migrations_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (id);


--
-- Name: outbox_drops outbox_drops_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.outbox_drops
    ADD CONSTRAINT outbox_drops_pkey PRIMARY KEY (source_id);


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (actor_id);


--
-- Name: relation_day_totals relation_day_totals_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_day_totals
    ADD CONSTRAINT relation_day_totals_pkey PRIMARY KEY (day, relation_id, source_id, action);


--
-- Name: relation_days relation_days_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_days
    ADD CONSTRAINT relation_days_pkey PRIMARY KEY (relation_id, day, source_id, action, attribution);


--
-- Name: relation_month_totals relation_month_totals_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_month_totals
    ADD CONSTRAINT relation_month_totals_pkey PRIMARY KEY (month, relation_id, source_id, action);


--
-- Name: relation_stamps relation_stamps_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_stamps
    ADD CONSTRAINT relation_stamps_pkey PRIMARY KEY (relation_id, attnum);


--
-- Name: relation_totals relation_totals_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_totals
    ADD CONSTRAINT relation_totals_pkey PRIMARY KEY (relation_id, source_id, action);


--
-- Name: relation_versions relation_versions_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_versions
    ADD CONSTRAINT relation_versions_pkey PRIMARY KEY (relation_id, version);


--
-- Name: relations relations_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relations
    ADD CONSTRAINT relations_pkey PRIMARY KEY (id);


--
-- Name: relations relations_source_id_oid_key; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relations
    ADD CONSTRAINT relations_source_id_oid_key UNIQUE (source_id, oid);


--
-- Name: removed_partitions removed_partitions_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.removed_partitions
    ADD CONSTRAINT removed_partitions_pkey PRIMARY KEY (name);


--
-- Name: rollup_deltas rollup_deltas_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.rollup_deltas
    ADD CONSTRAINT rollup_deltas_pkey PRIMARY KEY (id);


--
-- Name: rollups rollups_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (bucket, relation_id, actor_id, action, attribution);


--
-- Name: sealed_facts sealed_facts_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.sealed_facts
    ADD CONSTRAINT sealed_facts_pkey PRIMARY KEY (kind, fact_id, version);


--
-- Name: seals seals_last_id_key; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.seals
    ADD CONSTRAINT seals_last_id_key UNIQUE (last_id);


--
-- Name: seals seals_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (number);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);


--
-- Name: sessions sessions_source_id_token_hash_key; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.sessions
    ADD CONSTRAINT sessions_source_id_token_hash_key UNIQUE (source_id, token_hash);


--
-- Name: sign_ins sign_ins_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.sign_ins
    ADD CONSTRAINT sign_ins_pkey PRIMARY KEY (hash);


--
-- Name: source_days source_days_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.source_days
    ADD CONSTRAINT source_days_pkey PRIMARY KEY (day, source_id, action, attribution);


--
-- Name: source_quarters source_quarters_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.source_quarters
    ADD CONSTRAINT source_quarters_pkey PRIMARY KEY (bucket, source_id);


--
-- Name: sources sources_name_key; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.sources
    ADD CONSTRAINT sources_name_key UNIQUE (name);


--
-- Name: sources sources_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (id);


--
-- Name: tokens tokens_hash_key; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.tokens
    ADD CONSTRAINT tokens_hash_key UNIQUE (hash);


--
-- Name: tokens tokens_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);


--
-- Name: transactions transactions_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.transactions
    ADD CONSTRAINT transactions_pkey PRIMARY KEY (id);


--
-- Name: transactions_2026_11 transactions_2026_11_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.transactions_2026_11
    ADD CONSTRAINT transactions_2026_11_pkey PRIMARY KEY (id);


--
-- Name: transactions_2026_12 transactions_2026_12_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.transactions_2026_12
    ADD CONSTRAINT transactions_2026_12_pkey PRIMARY KEY (id);


--
-- Name: transactions_2027_01 transactions_2027_01_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.transactions_2027_01
    ADD CONSTRAINT transactions_2027_01_pkey PRIMARY KEY (id);


--
-- Name: verifications verifications_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.verifications
    ADD CONSTRAINT verifications_pkey PRIMARY KEY (id);


--
-- Name: actor_day_totals_count_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actor_day_totals_count_idx ON audit.actor_day_totals USING btree (day, count);


--
-- Name: actor_month_totals_count_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actor_month_totals_count_idx ON audit.actor_month_totals USING btree (month, count);


--
-- Name: actor_relation_totals_range_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actor_relation_totals_range_idx ON audit.actor_relation_totals USING btree (relation_id, actor_id) INCLUDE (action, min_id, max_id);


--
-- Name: actor_totals_count_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actor_totals_count_idx ON audit.actor_totals USING btree (count, actor_id);


--
-- Name: actor_totals_recent_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actor_totals_recent_idx ON audit.actor_totals USING btree (COALESCE(max_id, (0)::bigint), actor_id);


--
-- Name: actors_claim_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actors_claim_idx ON audit.actors USING btree (claim);


--
-- Name: actors_name_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actors_name_idx ON audit.actors USING btree (name);


--
-- Name: actors_words_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actors_words_idx ON audit.actors USING gin (to_tsvector('simple'::regconfig, ((claim || ' '::text) || COALESCE(name, ''::text))));


--
-- Name: contexts_actor_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_actor_idx ON ONLY audit.contexts USING btree (actor_id, id);


--
-- Name: contexts_2026_11_actor_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_11_actor_id_id_idx ON audit.contexts_2026_11 USING btree (actor_id, id);


--
-- Name: contexts_address_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_address_idx ON ONLY audit.contexts USING btree (audit.address(ip), source_id, id) WHERE (ip IS NOT NULL);


--
-- Name: contexts_2026_11_address_source_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_11_address_source_id_id_idx ON audit.contexts_2026_11 USING btree (audit.address(ip), source_id, id) WHERE (ip IS NOT NULL);


--
-- Name: contexts_request_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_request_idx ON ONLY audit.contexts USING btree (request_id, source_id, id) WHERE (request_id IS NOT NULL);


--
-- Name: contexts_2026_11_request_id_source_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_11_request_id_source_id_id_idx ON audit.contexts_2026_11 USING btree (request_id, source_id, id) WHERE (request_id IS NOT NULL);


--
-- Name: contexts_session_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_session_idx ON ONLY audit.contexts USING btree (session_id, id) WHERE ((ip IS NULL) AND (session_id IS NOT NULL));


--
-- Name: contexts_2026_11_session_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_11_session_id_id_idx ON audit.contexts_2026_11 USING btree (session_id, id) WHERE ((ip IS NULL) AND (session_id IS NOT NULL));


--
-- Name: contexts_comment_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_comment_idx ON ONLY audit.contexts USING gin (to_tsvector('simple'::regconfig, comment)) WHERE (comment IS NOT NULL);


--
-- Name: contexts_2026_11_to_tsvector_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_11_to_tsvector_idx ON audit.contexts_2026_11 USING gin (to_tsvector('simple'::regconfig, comment)) WHERE (comment IS NOT NULL);


--
-- Name: contexts_2026_12_actor_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_12_actor_id_id_idx ON audit.contexts_2026_12 USING btree (actor_id, id);


--
-- Name: contexts_2026_12_address_source_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_12_address_source_id_id_idx ON audit.contexts_2026_12 USING btree (audit.address(ip), source_id, id) WHERE (ip IS NOT NULL);


--
-- Name: contexts_2026_12_request_id_source_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_12_request_id_source_id_id_idx ON audit.contexts_2026_12 USING btree (request_id, source_id, id) WHERE (request_id IS NOT NULL);


--
-- Name: contexts_2026_12_session_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_12_session_id_id_idx ON audit.contexts_2026_12 USING btree (session_id, id) WHERE ((ip IS NULL) AND (session_id IS NOT NULL));


--
-- Name: contexts_2026_12_to_tsvector_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_12_to_tsvector_idx ON audit.contexts_2026_12 USING gin (to_tsvector('simple'::regconfig, comment)) WHERE (comment IS NOT NULL);


--
-- Name: contexts_2027_01_actor_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2027_01_actor_id_id_idx ON audit.contexts_2027_01 USING btree (actor_id, id);


--
-- Name: contexts_2027_01_address_source_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2027_01_address_source_id_id_idx ON audit.contexts_2027_01 USING btree (audit.address(ip), source_id, id) WHERE (ip IS NOT NULL);


--
-- Name: contexts_2027_01_request_id_source_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2027_01_request_id_source_id_id_idx ON audit.contexts_2027_01 USING btree (request_id, source_id, id) WHERE (request_id IS NOT NULL);


--
-- Name: contexts_2027_01_session_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2027_01_session_id_id_idx ON audit.contexts_2027_01 USING btree (session_id, id) WHERE ((ip IS NULL) AND (session_id IS NOT NULL));


--
-- Name: contexts_2027_01_to_tsvector_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2027_01_to_tsvector_idx ON audit.contexts_2027_01 USING gin (to_tsvector('simple'::regconfig, comment)) WHERE (comment IS NOT NULL);


--
-- Name: entries_occurred_at_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_occurred_at_idx ON ONLY audit.entries USING brin (occurred_at);


--
-- Name: entries_2026_11_occurred_at_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2026_11_occurred_at_idx ON audit.entries_2026_11 USING brin (occurred_at);


--
-- Name: entries_record_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_record_idx ON ONLY audit.entries USING btree (relation_id, record_key, id);


--
-- Name: entries_2026_11_relation_id_record_key_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2026_11_relation_id_record_key_id_idx ON audit.entries_2026_11 USING btree (relation_id, record_key, id);


--
-- Name: entries_comment_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_comment_idx ON ONLY audit.entries USING gin (to_tsvector('simple'::regconfig, audit.event_comment(data))) WHERE (("row" IS NULL) AND (data IS NOT NULL));


--
-- Name: entries_2026_11_to_tsvector_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2026_11_to_tsvector_idx ON audit.entries_2026_11 USING gin (to_tsvector('simple'::regconfig, audit.event_comment(data))) WHERE (("row" IS NULL) AND (data IS NOT NULL));


--
-- Name: entries_2026_12_occurred_at_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2026_12_occurred_at_idx ON audit.entries_2026_12 USING brin (occurred_at);


--
-- Name: entries_2026_12_relation_id_record_key_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2026_12_relation_id_record_key_id_idx ON audit.entries_2026_12 USING btree (relation_id, record_key, id);


--
-- Name: entries_2026_12_to_tsvector_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2026_12_to_tsvector_idx ON audit.entries_2026_12 USING gin (to_tsvector('simple'::regconfig, audit.event_comment(data))) WHERE (("row" IS NULL) AND (data IS NOT NULL));


--
-- Name: entries_2027_01_occurred_at_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2027_01_occurred_at_idx ON audit.entries_2027_01 USING brin (occurred_at);


--
-- Name: entries_2027_01_relation_id_record_key_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2027_01_relation_id_record_key_id_idx ON audit.entries_2027_01 USING btree (relation_id, record_key, id);


--
-- Name: entries_2027_01_to_tsvector_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2027_01_to_tsvector_idx ON audit.entries_2027_01 USING gin (to_tsvector('simple'::regconfig, audit.event_comment(data))) WHERE (("row" IS NULL) AND (data IS NOT NULL));


--
-- Name: entry_links_entry_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_entry_idx ON ONLY audit.entry_links USING hash (entry_id);


--
-- Name: entry_links_2026_11_entry_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_11_entry_id_idx ON audit.entry_links_2026_11 USING hash (entry_id);


--
-- Name: entry_links_revert_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_revert_idx ON ONLY audit.entry_links USING btree (entry_id) WHERE (kind = 'revert'::text);


--
-- Name: entry_links_2026_11_entry_id_idx1; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_11_entry_id_idx1 ON audit.entry_links_2026_11 USING btree (entry_id) WHERE (kind = 'revert'::text);


--
-- Name: entry_links_range_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_range_idx ON ONLY audit.entry_links USING brin (entry_id) WITH (pages_per_range='32', autosummarize='on');


--
-- Name: entry_links_2026_11_entry_id_idx2; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_11_entry_id_idx2 ON audit.entry_links_2026_11 USING brin (entry_id) WITH (pages_per_range='32', autosummarize='on');


--
-- Name: entry_links_linked_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_linked_idx ON ONLY audit.entry_links USING btree (linked_id) WHERE (linked_id IS NOT NULL);


--
-- Name: entry_links_2026_11_linked_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_11_linked_id_idx ON audit.entry_links_2026_11 USING btree (linked_id) WHERE (linked_id IS NOT NULL);


--
-- Name: entry_links_to_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_to_idx ON ONLY audit.entry_links USING btree (relation_id, entry_key, entry_id) INCLUDE (record_key) WHERE (kind = ANY (ARRAY['key'::text, 'move'::text]));


--
-- Name: entry_links_2026_11_relation_id_entry_key_entry_id_record_k_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_11_relation_id_entry_key_entry_id_record_k_idx ON audit.entry_links_2026_11 USING btree (relation_id, entry_key, entry_id) INCLUDE (record_key) WHERE (kind = ANY (ARRAY['key'::text, 'move'::text]));


--
-- Name: entry_links_from_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_from_idx ON ONLY audit.entry_links USING btree (relation_id, record_key, entry_id) INCLUDE (entry_key) WHERE (kind = ANY (ARRAY['key'::text, 'move'::text]));


--
-- Name: entry_links_2026_11_relation_id_record_key_entry_id_entry_k_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_11_relation_id_record_key_entry_id_entry_k_idx ON audit.entry_links_2026_11 USING btree (relation_id, record_key, entry_id) INCLUDE (entry_key) WHERE (kind = ANY (ARRAY['key'::text, 'move'::text]));


--
-- Name: entry_links_2026_12_entry_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_12_entry_id_idx ON audit.entry_links_2026_12 USING hash (entry_id);


--
-- Name: entry_links_2026_12_entry_id_idx1; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_12_entry_id_idx1 ON audit.entry_links_2026_12 USING btree (entry_id) WHERE (kind = 'revert'::text);


--
-- Name: entry_links_2026_12_entry_id_idx2; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_12_entry_id_idx2 ON audit.entry_links_2026_12 USING brin (entry_id) WITH (pages_per_range='32', autosummarize='on');


--
-- Name: entry_links_2026_12_linked_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_12_linked_id_idx ON audit.entry_links_2026_12 USING btree (linked_id) WHERE (linked_id IS NOT NULL);


--
-- Name: entry_links_2026_12_relation_id_entry_key_entry_id_record_k_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_12_relation_id_entry_key_entry_id_record_k_idx ON audit.entry_links_2026_12 USING btree (relation_id, entry_key, entry_id) INCLUDE (record_key) WHERE (kind = ANY (ARRAY['key'::text, 'move'::text]));


--
-- Name: entry_links_2026_12_relation_id_record_key_entry_id_entry_k_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_12_relation_id_record_key_entry_id_entry_k_idx ON audit.entry_links_2026_12 USING btree (relation_id, record_key, entry_id) INCLUDE (entry_key) WHERE (kind = ANY (ARRAY['key'::text, 'move'::text]));


--
-- Name: entry_links_2027_01_entry_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2027_01_entry_id_idx ON audit.entry_links_2027_01 USING hash (entry_id);


--
-- Name: entry_links_2027_01_entry_id_idx1; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2027_01_entry_id_idx1 ON audit.entry_links_2027_01 USING btree (entry_id) WHERE (kind = 'revert'::text);


--
-- Name: entry_links_2027_01_entry_id_idx2; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2027_01_entry_id_idx2 ON audit.entry_links_2027_01 USING brin (entry_id) WITH (pages_per_range='32', autosummarize='on');


--
-- Name: entry_links_2027_01_linked_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2027_01_linked_id_idx ON audit.entry_links_2027_01 USING btree (linked_id) WHERE (linked_id IS NOT NULL);


--
-- Name: entry_links_2027_01_relation_id_entry_key_entry_id_record_k_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2027_01_relation_id_entry_key_entry_id_record_k_idx ON audit.entry_links_2027_01 USING btree (relation_id, entry_key, entry_id) INCLUDE (record_key) WHERE (kind = ANY (ARRAY['key'::text, 'move'::text]));


--
-- Name: entry_links_2027_01_relation_id_record_key_entry_id_entry_k_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2027_01_relation_id_record_key_entry_id_entry_k_idx ON audit.entry_links_2027_01 USING btree (relation_id, record_key, entry_id) INCLUDE (entry_key) WHERE (kind = ANY (ARRAY['key'::text, 'move'::text]));


--
-- Name: events_entry_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX events_entry_idx ON audit.events USING btree (entry_id);


--
-- Name: gaps_open_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE UNIQUE INDEX gaps_open_idx ON audit.gaps USING btree (source_id) WHERE ((to_time IS NULL) AND (relation_id IS NULL));


--
-- Name: relation_days_range_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX relation_days_range_idx ON audit.relation_days USING btree (relation_id, day) INCLUDE (source_id, action, attribution, count, min_id, max_id);


--
-- Name: relations_table_name_schema_name_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX relations_table_name_schema_name_idx ON audit.relations USING btree (table_name, schema_name);


--
-- Name: rollups_actor_relation_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX rollups_actor_relation_idx ON audit.rollups USING btree (actor_id, relation_id, bucket);


--
-- Name: sealed_facts_seal_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX sealed_facts_seal_idx ON audit.sealed_facts USING btree (seal);


--
-- Name: sessions_address_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX sessions_address_idx ON audit.sessions USING btree (audit.address(client_addr), id) WHERE (client_addr IS NOT NULL);


--
-- Name: sign_ins_expires_at_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX sign_ins_expires_at_idx ON audit.sign_ins USING btree (expires_at);


--
-- Name: truncated_rows_entry_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX truncated_rows_entry_idx ON ONLY audit.truncated_rows USING btree (entry_id, "position");


--
-- Name: truncated_rows_2026_11_entry_id_position_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX truncated_rows_2026_11_entry_id_position_idx ON audit.truncated_rows_2026_11 USING btree (entry_id, "position");


--
-- Name: truncated_rows_record_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX truncated_rows_record_idx ON ONLY audit.truncated_rows USING btree (relation_id, record_key, entry_id);


--
-- Name: truncated_rows_2026_11_relation_id_record_key_entry_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX truncated_rows_2026_11_relation_id_record_key_entry_id_idx ON audit.truncated_rows_2026_11 USING btree (relation_id, record_key, entry_id);


--
-- Name: truncated_rows_2026_12_entry_id_position_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX truncated_rows_2026_12_entry_id_position_idx ON audit.truncated_rows_2026_12 USING btree (entry_id, "position");


--
-- Name: truncated_rows_2026_12_relation_id_record_key_entry_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX truncated_rows_2026_12_relation_id_record_key_entry_id_idx ON audit.truncated_rows_2026_12 USING btree (relation_id, record_key, entry_id);


--
-- Name: truncated_rows_2027_01_entry_id_position_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX truncated_rows_2027_01_entry_id_position_idx ON audit.truncated_rows_2027_01 USING btree (entry_id, "position");


--
-- Name: truncated_rows_2027_01_relation_id_record_key_entry_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX truncated_rows_2027_01_relation_id_record_key_entry_id_idx ON audit.truncated_rows_2027_01 USING btree (relation_id, record_key, entry_id);


--
-- Name: contexts_2026_11_actor_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_actor_idx ATTACH PARTITION audit.contexts_2026_11_actor_id_id_idx;


--
-- Name: contexts_2026_11_address_source_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_address_idx ATTACH PARTITION audit.contexts_2026_11_address_source_id_id_idx;


--
-- Name: contexts_2026_11_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_pkey ATTACH PARTITION audit.contexts_2026_11_pkey;


--
-- Name: contexts_2026_11_request_id_source_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_request_idx ATTACH PARTITION audit.contexts_2026_11_request_id_source_id_id_idx;


--
-- Name: contexts_2026_11_session_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_session_idx ATTACH PARTITION audit.contexts_2026_11_session_id_id_idx;


--
-- Name: contexts_2026_11_to_tsvector_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_comment_idx ATTACH PARTITION audit.contexts_2026_11_to_tsvector_idx;


--
-- Name: contexts_2026_12_actor_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_actor_idx ATTACH PARTITION audit.contexts_2026_12_actor_id_id_idx;


--
-- Name: contexts_2026_12_address_source_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_address_idx ATTACH PARTITION audit.contexts_2026_12_address_source_id_id_idx;


--
-- Name: contexts_2026_12_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_pkey ATTACH PARTITION audit.contexts_2026_12_pkey;


--
-- Name: contexts_2026_12_request_id_source_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_request_idx ATTACH PARTITION audit.contexts_2026_12_request_id_source_id_id_idx;


--
-- Name: contexts_2026_12_session_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_session_idx ATTACH PARTITION audit.contexts_2026_12_session_id_id_idx;


--
-- Name: contexts_2026_12_to_tsvector_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_comment_idx ATTACH PARTITION audit.contexts_2026_12_to_tsvector_idx;


--
-- Name: contexts_2027_01_actor_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_actor_idx ATTACH PARTITION audit.contexts_2027_01_actor_id_id_idx;


--
-- Name: contexts_2027_01_address_source_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_address_idx ATTACH PARTITION audit.contexts_2027_01_address_source_id_id_idx;


--
-- Name: contexts_2027_01_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_pkey ATTACH PARTITION audit.contexts_2027_01_pkey;


--
-- Name: contexts_2027_01_request_id_source_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_request_idx ATTACH PARTITION audit.contexts_2027_01_request_id_source_id_id_idx;


--
-- Name: contexts_2027_01_session_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_session_idx ATTACH PARTITION audit.contexts_2027_01_session_id_id_idx;


--
-- Name: contexts_2027_01_to_tsvector_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_comment_idx ATTACH PARTITION audit.contexts_2027_01_to_tsvector_idx;


--
-- Name: entries_2026_11_occurred_at_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_occurred_at_idx ATTACH PARTITION audit.entries_2026_11_occurred_at_idx;


--
-- Name: entries_2026_11_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_pkey ATTACH PARTITION audit.entries_2026_11_pkey;


--
-- Name: entries_2026_11_relation_id_record_key_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_record_idx ATTACH PARTITION audit.entries_2026_11_relation_id_record_key_id_idx;


--
-- Name: entries_2026_11_to_tsvector_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_comment_idx ATTACH PARTITION audit.entries_2026_11_to_tsvector_idx;


--
-- Name: entries_2026_12_occurred_at_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_occurred_at_idx ATTACH PARTITION audit.entries_2026_12_occurred_at_idx;


--
-- Name: entries_2026_12_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_pkey ATTACH PARTITION audit.entries_2026_12_pkey;


--
-- Name: entries_2026_12_relation_id_record_key_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_record_idx ATTACH PARTITION audit.entries_2026_12_relation_id_record_key_id_idx;


--
-- Name: entries_2026_12_to_tsvector_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_comment_idx ATTACH PARTITION audit.entries_2026_12_to_tsvector_idx;


--
-- Name: entries_2027_01_occurred_at_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_occurred_at_idx ATTACH PARTITION audit.entries_2027_01_occurred_at_idx;


--
-- Name: entries_2027_01_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_pkey ATTACH PARTITION audit.entries_2027_01_pkey;


--
-- Name: entries_2027_01_relation_id_record_key_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_record_idx ATTACH PARTITION audit.entries_2027_01_relation_id_record_key_id_idx;


--
-- Name: entries_2027_01_to_tsvector_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entries_comment_idx ATTACH PARTITION audit.entries_2027_01_to_tsvector_idx;


--
-- Name: entry_links_2026_11_entry_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_entry_idx ATTACH PARTITION audit.entry_links_2026_11_entry_id_idx;


--
-- Name: entry_links_2026_11_entry_id_idx1; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_revert_idx ATTACH PARTITION audit.entry_links_2026_11_entry_id_idx1;


--
-- Name: entry_links_2026_11_entry_id_idx2; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_range_idx ATTACH PARTITION audit.entry_links_2026_11_entry_id_idx2;


--
-- Name: entry_links_2026_11_linked_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_linked_idx ATTACH PARTITION audit.entry_links_2026_11_linked_id_idx;


--
-- Name: entry_links_2026_11_relation_id_entry_key_entry_id_record_k_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_to_idx ATTACH PARTITION audit.entry_links_2026_11_relation_id_entry_key_entry_id_record_k_idx;


--
-- Name: entry_links_2026_11_relation_id_record_key_entry_id_entry_k_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_from_idx ATTACH PARTITION audit.entry_links_2026_11_relation_id_record_key_entry_id_entry_k_idx;


--
-- Name: entry_links_2026_12_entry_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_entry_idx ATTACH PARTITION audit.entry_links_2026_12_entry_id_idx;


--
-- Name: entry_links_2026_12_entry_id_idx1; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_revert_idx ATTACH PARTITION audit.entry_links_2026_12_entry_id_idx1;


--
-- Name: entry_links_2026_12_entry_id_idx2; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_range_idx ATTACH PARTITION audit.entry_links_2026_12_entry_id_idx2;


--
-- Name: entry_links_2026_12_linked_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_linked_idx ATTACH PARTITION audit.entry_links_2026_12_linked_id_idx;


--
-- Name: entry_links_2026_12_relation_id_entry_key_entry_id_record_k_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_to_idx ATTACH PARTITION audit.entry_links_2026_12_relation_id_entry_key_entry_id_record_k_idx;


--
-- Name: entry_links_2026_12_relation_id_record_key_entry_id_entry_k_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_from_idx ATTACH PARTITION audit.entry_links_2026_12_relation_id_record_key_entry_id_entry_k_idx;


--
-- Name: entry_links_2027_01_entry_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_entry_idx ATTACH PARTITION audit.entry_links_2027_01_entry_id_idx;


--
-- Name: entry_links_2027_01_entry_id_idx1; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_revert_idx ATTACH PARTITION audit.entry_links_2027_01_entry_id_idx1;


--
-- Name: entry_links_2027_01_entry_id_idx2; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_range_idx ATTACH PARTITION audit.entry_links_2027_01_entry_id_idx2;


--
-- Name: entry_links_2027_01_linked_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_linked_idx ATTACH PARTITION audit.entry_links_2027_01_linked_id_idx;


--
-- Name: entry_links_2027_01_relation_id_entry_key_entry_id_record_k_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_to_idx ATTACH PARTITION audit.entry_links_2027_01_relation_id_entry_key_entry_id_record_k_idx;


--
-- Name: entry_links_2027_01_relation_id_record_key_entry_id_entry_k_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_from_idx ATTACH PARTITION audit.entry_links_2027_01_relation_id_record_key_entry_id_entry_k_idx;


--
-- Name: transactions_2026_11_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.transactions_pkey ATTACH PARTITION audit.transactions_2026_11_pkey;


--
-- Name: transactions_2026_12_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.transactions_pkey ATTACH PARTITION audit.transactions_2026_12_pkey;


--
-- Name: transactions_2027_01_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.transactions_pkey ATTACH PARTITION audit.transactions_2027_01_pkey;


--
-- Name: truncated_rows_2026_11_entry_id_position_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.truncated_rows_entry_idx ATTACH PARTITION audit.truncated_rows_2026_11_entry_id_position_idx;


--
-- Name: truncated_rows_2026_11_relation_id_record_key_entry_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.truncated_rows_record_idx ATTACH PARTITION audit.truncated_rows_2026_11_relation_id_record_key_entry_id_idx;


--
-- Name: truncated_rows_2026_12_entry_id_position_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.truncated_rows_entry_idx ATTACH PARTITION audit.truncated_rows_2026_12_entry_id_position_idx;


--
-- Name: truncated_rows_2026_12_relation_id_record_key_entry_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.truncated_rows_record_idx ATTACH PARTITION audit.truncated_rows_2026_12_relation_id_record_key_entry_id_idx;


--
-- Name: truncated_rows_2027_01_entry_id_position_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.truncated_rows_entry_idx ATTACH PARTITION audit.truncated_rows_2027_01_entry_id_position_idx;


--
-- Name: truncated_rows_2027_01_relation_id_record_key_entry_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.truncated_rows_record_idx ATTACH PARTITION audit.truncated_rows_2027_01_relation_id_record_key_entry_id_idx;


--
-- Name: contexts refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.contexts FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.contexts ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: contexts_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.contexts_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.contexts_2026_11 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: contexts_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.contexts_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.contexts_2026_12 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: contexts_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.contexts_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.contexts_2027_01 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: entries refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.entries ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: entries_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.entries_2026_11 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: entries_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.entries_2026_12 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: entries_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.entries_2027_01 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: entry_links refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry_links FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.entry_links ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: entry_links_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry_links_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.entry_links_2026_11 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: entry_links_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry_links_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.entry_links_2026_12 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: entry_links_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry_links_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.entry_links_2027_01 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: sealed_facts refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.sealed_facts FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.sealed_facts ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: seals refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.seals FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.seals ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: transactions refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.transactions FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.transactions ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: transactions_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.transactions_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.transactions_2026_11 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: transactions_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.transactions_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.transactions_2026_12 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: transactions_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.transactions_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.transactions_2027_01 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: truncated_rows refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.truncated_rows FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.truncated_rows ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: truncated_rows_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.truncated_rows_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.truncated_rows_2026_11 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: truncated_rows_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.truncated_rows_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.truncated_rows_2026_12 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: truncated_rows_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.truncated_rows_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

ALTER TABLE audit.truncated_rows_2027_01 ENABLE ALWAYS TRIGGER refuse_change;


--
-- Name: actor_totals actor_totals_actor_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.actor_totals
    ADD CONSTRAINT actor_totals_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES audit.actors(id);


--
-- Name: actors actors_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.actors
    ADD CONSTRAINT actors_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: baseline_parts baseline_parts_source_id_oid_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.baseline_parts
    ADD CONSTRAINT baseline_parts_source_id_oid_fkey FOREIGN KEY (source_id, oid) REFERENCES audit.baselines(source_id, oid) ON DELETE CASCADE;


--
-- Name: baselines baselines_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.baselines
    ADD CONSTRAINT baselines_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: checkpoints checkpoints_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.checkpoints
    ADD CONSTRAINT checkpoints_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: column_rules column_rules_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.column_rules
    ADD CONSTRAINT column_rules_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: coverage_checks coverage_checks_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.coverage_checks
    ADD CONSTRAINT coverage_checks_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: coverage_losses coverage_losses_gap_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.coverage_losses
    ADD CONSTRAINT coverage_losses_gap_id_fkey FOREIGN KEY (gap_id) REFERENCES audit.gaps(id);


--
-- Name: coverage_losses coverage_losses_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.coverage_losses
    ADD CONSTRAINT coverage_losses_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: drained_transactions drained_transactions_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.drained_transactions
    ADD CONSTRAINT drained_transactions_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: flushes flushes_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.flushes
    ADD CONSTRAINT flushes_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: gaps gaps_relation_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.gaps
    ADD CONSTRAINT gaps_relation_id_fkey FOREIGN KEY (relation_id) REFERENCES audit.relations(id);


--
-- Name: gaps gaps_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.gaps
    ADD CONSTRAINT gaps_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: outbox_drops outbox_drops_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.outbox_drops
    ADD CONSTRAINT outbox_drops_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: people people_actor_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.people
    ADD CONSTRAINT people_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES audit.actors(id);


--
-- Name: relation_stamps relation_stamps_relation_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_stamps
    ADD CONSTRAINT relation_stamps_relation_id_fkey FOREIGN KEY (relation_id) REFERENCES audit.relations(id);


--
-- Name: relation_versions relation_versions_relation_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_versions
    ADD CONSTRAINT relation_versions_relation_id_fkey FOREIGN KEY (relation_id) REFERENCES audit.relations(id);


--
-- Name: relations relations_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relations
    ADD CONSTRAINT relations_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: sessions sessions_source_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.sessions
    ADD CONSTRAINT sessions_source_id_fkey FOREIGN KEY (source_id) REFERENCES audit.sources(id);


--
-- Name: sign_ins sign_ins_token_id_fkey; Type: FK CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.sign_ins
    ADD CONSTRAINT sign_ins_token_id_fkey FOREIGN KEY (token_id) REFERENCES audit.tokens(id);


--
-- PostgreSQL database dump complete
--



