-- The store's first floor: ids, dictionaries, entries and their partitions, checkpoints.
-- :schema is replaced by the quoted name of the store's schema (audit by default).

create table :schema.sources (
  id integer generated always as identity primary key,
  name text not null unique,
  created_at timestamptz not null default now()
);

-- One row per source: how far it is stored (the fence against a second writer is `writer`).
create table :schema.checkpoints (
  source_id integer primary key references :schema.sources,
  epoch integer not null,                -- rises with each new slot, server or timeline
  capture text not null check (capture in ('wal', 'trigger')),
  system_identifier text,
  timeline integer,
  slot text,
  commit_lsn pg_lsn,                     -- commit record of the last stored transaction
  end_lsn pg_lsn not null,               -- first byte after it: where streaming resumes
  acknowledged_lsn pg_lsn not null,      -- the furthest position the slot may have been told; written before it is sent
  committed_at timestamptz,              -- commit time of the last stored transaction
  writer uuid,
  updated_at timestamptz not null default now()
);

-- The id clock: seconds since 2024-01-01 by this server's clock << 22, plus a counter; never backwards.
create table :schema.id_clock (
  singleton boolean primary key default true check (singleton),
  last_id bigint not null
);
insert into :schema.id_clock (last_id) values (0);

-- Id blocks that are reserved and not yet committed. The lowest one is the safe horizon.
create table :schema.flushes (
  first_id bigint primary key,
  last_id bigint not null,
  source_id integer not null references :schema.sources,
  writer uuid not null,
  reserved_at timestamptz not null default clock_timestamp()
);

create function :schema.id_at(p_time timestamptz) returns bigint
  language sql immutable strict parallel safe
  as $$ select floor(extract(epoch from p_time - timestamptz '2024-01-01 00:00:00+00'))::bigint << 22 $$;

create function :schema.time_of_id(p_id bigint) returns timestamptz
  language sql immutable strict parallel safe
  as $$ select timestamptz '2024-01-01 00:00:00+00' + make_interval(secs => (p_id >> 22)::double precision) $$;

-- Reserves `p_count` ids and registers the block as open; returns the first. To be called in a
-- transaction of its own: the row lock on the clock serialises every writer until its commit.
create function :schema.reserve_ids(p_source_id integer, p_writer uuid, p_count integer) returns bigint
  language plpgsql as $$
declare
  v_first bigint;
begin
  update :schema.id_clock
    set last_id = greatest(last_id + 1, :schema.id_at(clock_timestamp())) + p_count - 1
    returning last_id - p_count + 1 into strict v_first;
  insert into :schema.flushes (first_id, last_id, source_id, writer)
    values (v_first, v_first + p_count - 1, p_source_id, p_writer);
  return v_first;
end
$$;

-- Entries below this id are complete: none of them can still appear. Null: no block is open. A block of a writer
-- that has lost its checkpoint to another is open for ever, and can never be committed: it does not count.
create function :schema.horizon() returns bigint
  language sql stable
  as $$
    select min(f.first_id) from :schema.flushes f
    left join :schema.checkpoints c on c.source_id = f.source_id
    where c.writer is null or c.writer = f.writer
  $$;

create table :schema.relations (
  id integer generated always as identity primary key,
  source_id integer not null references :schema.sources,
  oid bigint not null,
  schema_name text not null,
  table_name text not null,
  key_columns text[],                    -- null: the table has no key
  first_seen_at timestamptz not null default now(),
  unique (source_id, oid)
);
create index on :schema.relations (table_name, schema_name);

create table :schema.relation_versions (
  relation_id integer not null references :schema.relations,
  version integer not null,
  schema_name text not null,
  table_name text not null,
  key_columns text[],
  columns json not null,                 -- [{"name","type"}] in table order; type as format_type prints it
  seen_at timestamptz not null default now(),
  primary key (relation_id, version)
);

create table :schema.actors (
  id integer generated always as identity primary key,
  source_id integer not null references :schema.sources,
  kind text not null check (kind in ('user', 'database', 'replication', 'api', 'unknown')),
  claim text not null,                   -- user: the claimed id; database: the session's role
  name text,                             -- the latest name claimed
  unique (source_id, kind, claim)
);
create index on :schema.actors (claim);
create index on :schema.actors (name);

-- Verified facts about database sessions, by the hash of the token that their messages carry.
create table :schema.sessions (
  id bigint generated always as identity primary key,
  source_id integer not null references :schema.sources,
  token_hash bytea not null,
  session_role text not null,
  client_addr text,
  pid integer not null,
  started_at timestamptz,
  seen_at timestamptz not null default now(),
  unique (source_id, token_hash)
);

create table :schema.entries (
  id bigint not null,
  occurred_at timestamptz not null,
  transaction_id bigint,
  context_id bigint,
  ordinal bigint,
  relation_id integer,
  action text not null,
  record_key text,
  changed text[],
  unknown text[],
  row json,                              -- image after; for a delete the last image
  old json,                              -- old values of the changed columns
  data json,
  primary key (id)
) partition by range (id);
create index entries_record_idx on :schema.entries (relation_id, record_key, id);
create index entries_occurred_at_idx on :schema.entries using brin (occurred_at);

-- id: that of its first entry.
create table :schema.transactions (
  id bigint not null,
  source_id integer not null,
  epoch integer not null,
  xid bigint,
  commit_lsn pg_lsn,
  committed_at timestamptz not null,
  size bigint not null,
  primary key (id)
) partition by range (id);

-- One per stretch of a transaction under one payload. id: that of the first entry under it.
create table :schema.contexts (
  id bigint not null,
  last_id bigint not null,
  transaction_id bigint not null,
  source_id integer not null,
  actor_id integer not null,
  attribution text not null check (attribution in ('app', 'database', 'replication', 'api', 'unknown')),
  session_id bigint,
  role text,
  application_name text,
  user_name text,
  ip text,
  user_agent text,
  comment text,
  request_id text,
  context json,
  primary key (id)
) partition by range (id);
create index contexts_actor_idx on :schema.contexts (actor_id, id);

-- 15-minute buckets of occurred_at. relation_id 0: entries without a table.
create table :schema.rollups (
  bucket timestamptz not null,
  relation_id integer not null,
  actor_id integer not null,
  action text not null,
  attribution text not null,
  source_id integer not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (bucket, relation_id, actor_id, action, attribution)
);

create table :schema.gaps (
  id bigint generated always as identity primary key,
  source_id integer not null references :schema.sources,
  epoch integer not null,
  reason text not null,
  detail text,
  from_lsn pg_lsn,
  to_lsn pg_lsn,
  from_time timestamptz,
  to_time timestamptz,
  recorded_at timestamptz not null default now()
);

-- History is append-only, even for its owner: retention drops whole partitions, nothing else removes.
create function :schema.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rowtrail: % on %.% is refused: the history is append-only', tg_op, tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege',
          hint = 'Old history is removed by retention, a whole partition at a time.';
end
$$;

-- Makes partitions from the current period through `p_ahead` further ones; returns how many were made.
-- Each begins where the last one ends, so that a changed grain leaves no hole. ATTACH takes only SHARE UPDATE
-- EXCLUSIVE on the parent, so writers and readers go on meanwhile.
-- https://www.postgresql.org/docs/current/sql-altertable.html
create function :schema.ensure_partitions(p_grain text, p_ahead integer) returns integer
  language plpgsql as $$
declare
  -- Ids never go backwards, so if the clock did, the period to cover is that of the last id.
  v_now timestamptz := greatest(clock_timestamp(), (select :schema.time_of_id(last_id) from :schema.id_clock));
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
  perform pg_advisory_xact_lock(hashtext('rowtrail.ensure_partitions'), hashtext(':schema'));
  foreach v_parent in array array['entries', 'transactions', 'contexts'] loop
    select max(upper(obj_description(i.inhrelid, 'pg_class')::int8range)) into v_covered
      from pg_catalog.pg_inherits i where i.inhparent = format('%s.%I', ':schema', v_parent)::regclass;
    v_from := greatest(v_current, :schema.time_of_id(v_covered) at time zone 'UTC');
    while v_from < v_current + v_step * (p_ahead + 1) loop
      v_to := date_trunc(p_grain, v_from) + v_step;
      v_range := int8range(:schema.id_at(v_from at time zone 'UTC'), :schema.id_at(v_to at time zone 'UTC'));
      v_name := v_parent || to_char(v_from, case p_grain when 'month' then '_YYYY_MM' else '_YYYY_MM_DD' end);
      execute format('create table :schema.%I (like :schema.%I including defaults including constraints)', v_name, v_parent);
      execute format('comment on table :schema.%I is %L', v_name, v_range::text);
      execute format('alter table :schema.%I attach partition :schema.%I for values from (%s) to (%s)',
        v_parent, v_name, lower(v_range), upper(v_range));
      execute format('create trigger refuse_change before update or delete or truncate on :schema.%I
        for each statement execute function :schema.refuse_change()', v_name);
      v_from := v_to;
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
end
$$;

create trigger refuse_change before update or delete or truncate on :schema.entries
  for each statement execute function :schema.refuse_change();
create trigger refuse_change before update or delete or truncate on :schema.transactions
  for each statement execute function :schema.refuse_change();
create trigger refuse_change before update or delete or truncate on :schema.contexts
  for each statement execute function :schema.refuse_change();

-- The last step of a flush, in the transaction of its COPYs: counts, the checkpoint, the end of the id
-- blocks. False: another writer holds the checkpoint (or it is not where this writer left it), and the
-- caller must roll back.
create function :schema.finish_flush(
  p_source_id integer, p_writer uuid, p_from_lsn pg_lsn,
  p_commit_lsn pg_lsn, p_end_lsn pg_lsn, p_committed_at timestamptz, p_rollups json, p_blocks bigint[]
) returns boolean language plpgsql as $$
begin
  update :schema.checkpoints
    set commit_lsn = p_commit_lsn, end_lsn = p_end_lsn, acknowledged_lsn = greatest(acknowledged_lsn, p_end_lsn),
        committed_at = p_committed_at, updated_at = clock_timestamp()
    where source_id = p_source_id and writer = p_writer and end_lsn = p_from_lsn;
  if not found then
    return false;
  end if;
  insert into :schema.rollups as r (bucket, relation_id, actor_id, action, attribution, source_id, count, min_id, max_id)
    select x.bucket, x.relation_id, x.actor_id, x.action, x.attribution, p_source_id, x.count, x.min_id, x.max_id
    from json_to_recordset(p_rollups) as x(bucket timestamptz, relation_id integer, actor_id integer, action text,
      attribution text, count bigint, min_id bigint, max_id bigint)
    on conflict (bucket, relation_id, actor_id, action, attribution) do update
      set count = r.count + excluded.count,
          min_id = least(r.min_id, excluded.min_id),
          max_id = greatest(r.max_id, excluded.max_id);
  delete from :schema.flushes where source_id = p_source_id and writer = p_writer and first_id = any (p_blocks);
  return true;
end
$$;
