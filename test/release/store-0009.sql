--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18
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
      v_from := v_to;
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
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
  insert into "audit".rollups as r (bucket, relation_id, actor_id, action, attribution, source_id, count, min_id, max_id)
    select x.bucket, x.relation_id, x.actor_id, x.action, x.attribution, p_source_id, x.count, x.min_id, x.max_id
    from json_to_recordset(p_rollups) as x(bucket timestamptz, relation_id integer, actor_id integer, action text,
      attribution text, count bigint, min_id bigint, max_id bigint)
    on conflict (bucket, relation_id, actor_id, action, attribution) do update
      set count = r.count + excluded.count,
          min_id = least(r.min_id, excluded.min_id),
          max_id = greatest(r.max_id, excluded.max_id);
  update "audit".baselines set rows = rows + p_rows, note = null where source_id = p_source_id and oid = p_oid;
  insert into "audit".baseline_parts as p (source_id, oid, part_oid, filenode, next_block, next_offset, blocks, done)
    values (p_source_id, p_oid, p_part, p_filenode, p_block, p_offset, p_blocks, p_done)
    on conflict (source_id, oid, part_oid) do update
      set filenode = excluded.filenode, next_block = excluded.next_block, next_offset = excluded.next_offset,
          blocks = excluded.blocks, done = excluded.done;
  delete from "audit".flushes where source_id = p_source_id and writer = p_writer and first_id = p_first_id;
  return true;
end
$$;


--
-- Name: finish_flush(integer, uuid, pg_lsn, pg_lsn, pg_lsn, timestamp with time zone, json, bigint[]); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.finish_flush(p_source_id integer, p_writer uuid, p_from_lsn pg_lsn, p_commit_lsn pg_lsn, p_end_lsn pg_lsn, p_committed_at timestamp with time zone, p_rollups json, p_blocks bigint[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  update "audit".checkpoints
    set commit_lsn = p_commit_lsn, end_lsn = p_end_lsn, acknowledged_lsn = greatest(acknowledged_lsn, p_end_lsn),
        committed_at = p_committed_at, updated_at = clock_timestamp()
    where source_id = p_source_id and writer = p_writer and end_lsn = p_from_lsn;
  if not found then
    return false;
  end if;
  insert into "audit".rollups as r (bucket, relation_id, actor_id, action, attribution, source_id, count, min_id, max_id)
    select x.bucket, x.relation_id, x.actor_id, x.action, x.attribution, p_source_id, x.count, x.min_id, x.max_id
    from json_to_recordset(p_rollups) as x(bucket timestamptz, relation_id integer, actor_id integer, action text,
      attribution text, count bigint, min_id bigint, max_id bigint)
    on conflict (bucket, relation_id, actor_id, action, attribution) do update
      set count = r.count + excluded.count,
          min_id = least(r.min_id, excluded.min_id),
          max_id = greatest(r.max_id, excluded.max_id);
  delete from "audit".flushes where source_id = p_source_id and writer = p_writer and first_id = any (p_blocks);
  return true;
end
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
    CONSTRAINT actors_kind_check CHECK ((kind = ANY (ARRAY['user'::text, 'database'::text, 'replication'::text, 'api'::text, 'unknown'::text])))
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
-- Name: sources; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.sources (
    id integer NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
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
-- Data for Name: actors; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.actors OVERRIDING SYSTEM VALUE VALUES (1, 1, 'database', 'postgres', 'postgres');
INSERT INTO audit.actors OVERRIDING SYSTEM VALUE VALUES (2, 1, 'user', '7', 'Ana');


--
-- Data for Name: baseline_parts; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: baselines; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: checkpoints; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.checkpoints VALUES (1, 1, 'wal', '7713420661170319277', 1, 'rowtrail_shop', '0/312AC18', '0/312AC48', '0/312AC48', '2026-11-29 02:51:58.250464+00', '09d187f2-e8eb-49ba-a8fe-35ef94220ad0', '2026-11-29 02:51:59.261532+00');


--
-- Data for Name: column_rules; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: contexts_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.contexts_2026_11 VALUES (385261582155776, 385261582155777, 385261582155776, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385261582155778, 385261582155780, 385261582155778, 1, 2, 'app', 1, NULL, NULL, 'Ana', '203.0.113.9', NULL, 'customer called', NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385261582155781, 385261582155781, 385261582155781, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385261582155782, 385261582155782, 385261582155782, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385261582155783, 385261582155783, 385261582155783, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385261582155784, 385261582155784, 385261582155784, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO audit.contexts_2026_11 VALUES (385261582155785, 385261582155785, 385261582155785, 1, 1, 'database', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: contexts_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: contexts_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: coverage_checks; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.coverage_checks VALUES (1, '2026-11-29 02:51:59.064805+00');


--
-- Data for Name: coverage_losses; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: drained_transactions; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: entries_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.entries_2026_11 VALUES (385261582155776, '2026-11-29 02:51:58.213935+00', 385261582155776, 385261582155776, 0, 1, 'create', '1', NULL, NULL, '{"id":1,"status":"new","total":10.00,"note":"first","tags":{"a": 1.0}}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385261582155777, '2026-11-29 02:51:58.213935+00', 385261582155776, 385261582155776, 1, 1, 'create', '9007199254740993', NULL, NULL, '{"id":9007199254740993,"status":"new","total":1.50,"note":null,"tags":null}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385261582155778, '2026-11-29 02:51:58.217457+00', 385261582155778, 385261582155778, 0, 1, 'update', '1', '{status}', NULL, '{"id":1,"status":"paid","total":10.00,"note":"first","tags":{"a": 1.0}}', '{"status":"new"}', NULL);
INSERT INTO audit.entries_2026_11 VALUES (385261582155779, '2026-11-29 02:51:58.217457+00', 385261582155778, 385261582155778, 1, 2, 'create', '["north","1"]', NULL, NULL, '{"place":"north","item":1,"count":5}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385261582155780, '2026-11-29 02:51:58.217457+00', 385261582155778, 385261582155778, 2, 2, 'create', '["south","1"]', NULL, NULL, '{"place":"south","item":1,"count":6}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385261582155781, '2026-11-29 02:51:58.221732+00', 385261582155781, 385261582155781, 0, 2, 'update', '["north","2"]', '{item}', NULL, '{"place":"north","item":2,"count":5}', '{"item":1}', NULL);
INSERT INTO audit.entries_2026_11 VALUES (385261582155782, '2026-11-29 02:51:58.225512+00', 385261582155782, 385261582155782, 0, 3, 'create', '~606da9d4a7b2209bc06440f23a1da5d83eb8e397e5da8b1cd0edbff4ccf0251b', NULL, NULL, '{"path":"/","at":"2026-01-02 03:04:05.678901+00"}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385261582155783, '2026-11-29 02:51:58.233034+00', 385261582155783, 385261582155783, 0, 1, 'delete', '9007199254740993', NULL, NULL, '{"id":9007199254740993,"status":"new","total":1.50,"note":null,"tags":null}', NULL, NULL);
INSERT INTO audit.entries_2026_11 VALUES (385261582155784, '2026-11-29 02:51:58.248428+00', 385261582155784, 385261582155784, 0, 3, 'truncate', NULL, NULL, NULL, NULL, NULL, '{"data":{"rows":{"captured":true,"count":1}}}');
INSERT INTO audit.entries_2026_11 VALUES (385261582155785, '2026-11-29 02:51:58.250464+00', 385261582155785, 385261582155785, 0, 1, 'update', '1', '{note}', NULL, '{"id":1,"status":"paid","total":10.00,"note":"done","tags":{"a": 1.0}}', '{"note":"first"}', NULL);


--
-- Data for Name: entries_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: entries_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: entry_links_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.entry_links_2026_11 VALUES (385261582155781, 'key', 2, '["north","1"]', '["north","2"]', NULL);


--
-- Data for Name: entry_links_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: entry_links_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
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

INSERT INTO audit.id_clock VALUES (true, 385261582155785);


--
-- Data for Name: migrations; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.migrations VALUES (1, 'entries', '2026-11-29 02:51:57.621074+00');
INSERT INTO audit.migrations VALUES (2, 'gaps', '2026-11-29 02:51:57.621074+00');
INSERT INTO audit.migrations VALUES (3, 'links', '2026-11-29 02:51:57.621074+00');
INSERT INTO audit.migrations VALUES (4, 'horizon', '2026-11-29 02:51:57.621074+00');
INSERT INTO audit.migrations VALUES (5, 'coverage', '2026-11-29 02:51:57.621074+00');
INSERT INTO audit.migrations VALUES (6, 'end_flush', '2026-11-29 02:51:57.621074+00');
INSERT INTO audit.migrations VALUES (7, 'outbox', '2026-11-29 02:51:57.621074+00');
INSERT INTO audit.migrations VALUES (8, 'baseline', '2026-11-29 02:51:57.621074+00');
INSERT INTO audit.migrations VALUES (9, 'truncated_rows', '2026-11-29 02:51:57.621074+00');


--
-- Data for Name: outbox_drops; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: relation_stamps; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relation_stamps VALUES (1, 0, '17626:820 17630:821 / 1 true /  / ["id"]', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (1, 1, 'id 1 20 -1 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (1, 4, 'note 4 25 -1 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (1, 2, 'status 2 25 -1 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (1, 3, 'total 3 1700 786438 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (1, 5, 'tags 5 3802 -1 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (2, 0, '17626:820 17634:822 / 1 2 true /  / ["place","item"]', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (2, 3, 'count 3 23 -1 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (2, 2, 'item 2 23 -1 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (2, 1, 'place 1 25 -1 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (3, 0, '17626:820 17638:823 /  /  / null', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (3, 1, 'path 1 25 -1 813', 1, '0/3128E18');
INSERT INTO audit.relation_stamps VALUES (3, 2, 'at 2 1184 -1 813', 1, '0/3128E18');


--
-- Data for Name: relation_versions; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relation_versions VALUES (1, 1, 'public', 'orders', '{id}', '[{"name":"id","type":"bigint","attnum":1},{"name":"status","type":"text","attnum":2},{"name":"total","type":"numeric(12,2)","attnum":3},{"name":"note","type":"text","attnum":4},{"name":"tags","type":"jsonb","attnum":5}]', '2026-11-29 02:51:59.096249+00');
INSERT INTO audit.relation_versions VALUES (2, 1, 'public', 'stock', '{place,item}', '[{"name":"place","type":"text","attnum":1},{"name":"item","type":"integer","attnum":2},{"name":"count","type":"integer","attnum":3}]', '2026-11-29 02:51:59.15629+00');
INSERT INTO audit.relation_versions VALUES (3, 1, 'public', 'visits', NULL, '[{"name":"path","type":"text","attnum":1},{"name":"at","type":"timestamp with time zone","attnum":2}]', '2026-11-29 02:51:59.19526+00');


--
-- Data for Name: relations; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.relations OVERRIDING SYSTEM VALUE VALUES (1, 1, 17112, 'public', 'orders', '{id}', '2026-11-29 02:51:59.096249+00');
INSERT INTO audit.relations OVERRIDING SYSTEM VALUE VALUES (2, 1, 17119, 'public', 'stock', '{place,item}', '2026-11-29 02:51:59.15629+00');
INSERT INTO audit.relations OVERRIDING SYSTEM VALUE VALUES (3, 1, 17126, 'public', 'visits', NULL, '2026-11-29 02:51:59.19526+00');


--
-- Data for Name: rollups; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.rollups VALUES ('2026-11-29 02:45:00+00', 1, 1, 'create', 'database', 1, 2, 385261582155776, 385261582155777);
INSERT INTO audit.rollups VALUES ('2026-11-29 02:45:00+00', 1, 2, 'update', 'app', 1, 1, 385261582155778, 385261582155778);
INSERT INTO audit.rollups VALUES ('2026-11-29 02:45:00+00', 2, 2, 'create', 'app', 1, 2, 385261582155779, 385261582155780);
INSERT INTO audit.rollups VALUES ('2026-11-29 02:45:00+00', 2, 1, 'update', 'database', 1, 1, 385261582155781, 385261582155781);
INSERT INTO audit.rollups VALUES ('2026-11-29 02:45:00+00', 1, 1, 'delete', 'database', 1, 1, 385261582155783, 385261582155783);
INSERT INTO audit.rollups VALUES ('2026-11-29 02:45:00+00', 3, 1, 'create', 'database', 1, 1, 385261582155782, 385261582155782);
INSERT INTO audit.rollups VALUES ('2026-11-29 02:45:00+00', 3, 1, 'truncate', 'database', 1, 1, 385261582155784, 385261582155784);
INSERT INTO audit.rollups VALUES ('2026-11-29 02:45:00+00', 1, 1, 'update', 'database', 1, 1, 385261582155785, 385261582155785);


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.sessions OVERRIDING SYSTEM VALUE VALUES (1, 1, '\x3728159b57417fd45608369dda7f07d0f09b08d00f6c1bb68deea90e784ee2e3', 'postgres', '127.0.0.1', 25224, '2026-11-29 02:51:57.184437+00', '2026-11-29 02:51:59.139656+00');


--
-- Data for Name: sources; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.sources OVERRIDING SYSTEM VALUE VALUES (1, 'shop', '2026-11-29 02:51:58.18444+00');


--
-- Data for Name: transactions_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.transactions_2026_11 VALUES (385261582155776, 1, 1, 825, '0/3129798', '2026-11-29 02:51:58.213935+00', 2);
INSERT INTO audit.transactions_2026_11 VALUES (385261582155778, 1, 1, 827, '0/3129AA0', '2026-11-29 02:51:58.217457+00', 3);
INSERT INTO audit.transactions_2026_11 VALUES (385261582155781, 1, 1, 828, '0/3129C08', '2026-11-29 02:51:58.221732+00', 1);
INSERT INTO audit.transactions_2026_11 VALUES (385261582155782, 1, 1, 829, '0/3129D08', '2026-11-29 02:51:58.225512+00', 1);
INSERT INTO audit.transactions_2026_11 VALUES (385261582155783, 1, 1, 830, '0/3129E10', '2026-11-29 02:51:58.233034+00', 1);
INSERT INTO audit.transactions_2026_11 VALUES (385261582155784, 1, 1, 831, '0/312A9C8', '2026-11-29 02:51:58.248428+00', 1);
INSERT INTO audit.transactions_2026_11 VALUES (385261582155785, 1, 1, 834, '0/312AC18', '2026-11-29 02:51:58.250464+00', 1);


--
-- Data for Name: transactions_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: transactions_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: truncated_rows_2026_11; Type: TABLE DATA; Schema: audit; Owner: -
--

INSERT INTO audit.truncated_rows_2026_11 VALUES (385261582155784, 0, 3, '~606da9d4a7b2209bc06440f23a1da5d83eb8e397e5da8b1cd0edbff4ccf0251b', '{"path":"/","at":"2026-01-02 03:04:05.678901+00"}');


--
-- Data for Name: truncated_rows_2026_12; Type: TABLE DATA; Schema: audit; Owner: -
--



--
-- Data for Name: truncated_rows_2027_01; Type: TABLE DATA; Schema: audit; Owner: -
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
-- Name: sessions_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.sessions_id_seq', 1, true);


--
-- Name: sources_id_seq; Type: SEQUENCE SET; Schema: audit; Owner: -
--

SELECT pg_catalog.setval('audit.sources_id_seq', 1, true);


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
-- Name: relation_stamps relation_stamps_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.relation_stamps
    ADD CONSTRAINT relation_stamps_pkey PRIMARY KEY (relation_id, attnum);


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
-- Name: rollups rollups_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (bucket, relation_id, actor_id, action, attribution);


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
-- Name: actors_claim_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actors_claim_idx ON audit.actors USING btree (claim);


--
-- Name: actors_name_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX actors_name_idx ON audit.actors USING btree (name);


--
-- Name: contexts_actor_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_actor_idx ON ONLY audit.contexts USING btree (actor_id, id);


--
-- Name: contexts_2026_11_actor_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_11_actor_id_id_idx ON audit.contexts_2026_11 USING btree (actor_id, id);


--
-- Name: contexts_2026_12_actor_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2026_12_actor_id_id_idx ON audit.contexts_2026_12 USING btree (actor_id, id);


--
-- Name: contexts_2027_01_actor_id_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX contexts_2027_01_actor_id_id_idx ON audit.contexts_2027_01 USING btree (actor_id, id);


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
-- Name: entries_2026_12_occurred_at_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2026_12_occurred_at_idx ON audit.entries_2026_12 USING brin (occurred_at);


--
-- Name: entries_2026_12_relation_id_record_key_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2026_12_relation_id_record_key_id_idx ON audit.entries_2026_12 USING btree (relation_id, record_key, id);


--
-- Name: entries_2027_01_occurred_at_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2027_01_occurred_at_idx ON audit.entries_2027_01 USING brin (occurred_at);


--
-- Name: entries_2027_01_relation_id_record_key_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entries_2027_01_relation_id_record_key_id_idx ON audit.entries_2027_01 USING btree (relation_id, record_key, id);


--
-- Name: entry_links_entry_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_entry_idx ON ONLY audit.entry_links USING hash (entry_id);


--
-- Name: entry_links_2026_11_entry_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX entry_links_2026_11_entry_id_idx ON audit.entry_links_2026_11 USING hash (entry_id);


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
-- Name: gaps_open_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE UNIQUE INDEX gaps_open_idx ON audit.gaps USING btree (source_id) WHERE ((to_time IS NULL) AND (relation_id IS NULL));


--
-- Name: relations_table_name_schema_name_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX relations_table_name_schema_name_idx ON audit.relations USING btree (table_name, schema_name);


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
-- Name: contexts_2026_11_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_pkey ATTACH PARTITION audit.contexts_2026_11_pkey;


--
-- Name: contexts_2026_12_actor_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_actor_idx ATTACH PARTITION audit.contexts_2026_12_actor_id_id_idx;


--
-- Name: contexts_2026_12_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_pkey ATTACH PARTITION audit.contexts_2026_12_pkey;


--
-- Name: contexts_2027_01_actor_id_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_actor_idx ATTACH PARTITION audit.contexts_2027_01_actor_id_id_idx;


--
-- Name: contexts_2027_01_pkey; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.contexts_pkey ATTACH PARTITION audit.contexts_2027_01_pkey;


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
-- Name: entry_links_2026_11_entry_id_idx; Type: INDEX ATTACH; Schema: audit; Owner: -
--

ALTER INDEX audit.entry_links_entry_idx ATTACH PARTITION audit.entry_links_2026_11_entry_id_idx;


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


--
-- Name: contexts_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.contexts_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: contexts_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.contexts_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: contexts_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.contexts_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: entries refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: entries_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: entries_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: entries_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: entry_links refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry_links FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: entry_links_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry_links_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: entry_links_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry_links_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: entry_links_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry_links_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: transactions refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.transactions FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: transactions_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.transactions_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: transactions_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.transactions_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: transactions_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.transactions_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: truncated_rows refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.truncated_rows FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: truncated_rows_2026_11 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.truncated_rows_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: truncated_rows_2026_12 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.truncated_rows_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


--
-- Name: truncated_rows_2027_01 refuse_change; Type: TRIGGER; Schema: audit; Owner: -
--

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.truncated_rows_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();


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
-- PostgreSQL database dump complete
--


