-- The rollups in coarser grains, so that a year is summed in milliseconds: by hour, day and month, by table and by actor.
-- They lie off the flush's path. A flush leaves what it counted in `rollup_deltas`, which `fold_rollups` takes from there
-- into the coarser tables in one commit: a reader sees each count either there or here, and never twice.

create table :schema.rollup_deltas (
  id bigint generated always as identity primary key,
  source_id integer not null,
  rollups json not null                  -- as finish_flush gets them
);

-- What is not folded yet, one row per rollup.
create view :schema.pending_rollups as
  select d.source_id, x.bucket, x.relation_id, x.actor_id, x.action, x.attribution, x.count, x.min_id, x.max_id
  from :schema.rollup_deltas d
  cross join lateral json_to_recordset(d.rollups) as x(bucket timestamptz, relation_id integer, actor_id integer, action text,
    attribution text, count bigint, min_id bigint, max_id bigint);

-- All times are UTC. `quarters`: the counts of the day's 96 quarters of an hour.
create table :schema.source_days (
  day timestamptz not null,
  source_id integer not null,
  action text not null,
  attribution text not null,
  quarters integer[] not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (day, source_id, action, attribution)
);

-- relation_id 0: entries without a table.
create table :schema.relation_days (
  relation_id integer not null,
  day timestamptz not null,
  source_id integer not null,
  action text not null,
  attribution text not null,
  quarters integer[] not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (relation_id, day, source_id, action, attribution)
);

-- The same without what makes them large, for sums over all tables.
create table :schema.relation_day_totals (
  day timestamptz not null,
  relation_id integer not null,
  source_id integer not null,
  action text not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (day, relation_id, source_id, action)
);

create table :schema.relation_month_totals (
  month timestamptz not null,
  relation_id integer not null,
  source_id integer not null,
  action text not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (month, relation_id, source_id, action)
);

create table :schema.relation_totals (
  relation_id integer not null,
  source_id integer not null,
  action text not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (relation_id, source_id, action)
);

create table :schema.actor_day_totals (
  day timestamptz not null,
  actor_id integer not null,
  source_id integer not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (day, actor_id, source_id)
);
-- Whose counts are largest.
create index actor_day_totals_count_idx on :schema.actor_day_totals (day, count);

create table :schema.actor_month_totals (
  month timestamptz not null,
  actor_id integer not null,
  source_id integer not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (month, actor_id, source_id)
);
create index actor_month_totals_count_idx on :schema.actor_month_totals (month, count);

create table :schema.actor_relation_totals (
  actor_id integer not null,
  relation_id integer not null,
  action text not null,
  count bigint not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (actor_id, relation_id, action)
);
create index actor_relation_totals_relation_idx on :schema.actor_relation_totals (relation_id);

-- Everybody who is known, those of the users table who never acted included.
create table :schema.actor_totals (
  actor_id integer primary key references :schema.actors,
  count bigint not null,
  min_id bigint,                         -- null: no entry
  max_id bigint
);
create index actor_totals_count_idx on :schema.actor_totals (count, actor_id);
create index actor_totals_recent_idx on :schema.actor_totals (coalesce(max_id, 0), actor_id);

-- The people of a source's users table, as they were when it was last read.
create table :schema.people (
  actor_id integer primary key references :schema.actors,
  name text,
  seen_at timestamptz not null,
  left_at timestamptz                    -- since when the table has them no more
);

-- Where a part of a name is looked for.
alter table :schema.actors add column search text generated always as (lower(claim) || E'\n' || lower(coalesce(name, ''))) stored;
alter table :schema.people add column search text generated always as (lower(coalesce(name, ''))) stored;

-- What one actor did, within a time.
create index rollups_actor_idx on :schema.rollups (actor_id, bucket);
create index entry_links_revert_idx on :schema.entry_links (entry_id) where kind = 'revert';

-- Adds to the counts, in the transaction of the entries that are counted.
create function :schema.add_rollups(p_source_id integer, p_rollups json) returns void
  language plpgsql as $$
begin
  insert into :schema.rollups as r (bucket, relation_id, actor_id, action, attribution, source_id, count, min_id, max_id)
    select x.bucket, x.relation_id, x.actor_id, x.action, x.attribution, p_source_id, x.count, x.min_id, x.max_id
    from json_to_recordset(p_rollups) as x(bucket timestamptz, relation_id integer, actor_id integer, action text,
      attribution text, count bigint, min_id bigint, max_id bigint)
    on conflict (bucket, relation_id, actor_id, action, attribution) do update
      set count = r.count + excluded.count,
          min_id = least(r.min_id, excluded.min_id),
          max_id = greatest(r.max_id, excluded.max_id);
  if found then
    insert into :schema.rollup_deltas (source_id, rollups) values (p_source_id, p_rollups);
  end if;
end
$$;

create or replace function :schema.finish_flush(
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
  perform :schema.add_rollups(p_source_id, p_rollups);
  delete from :schema.flushes where source_id = p_source_id and writer = p_writer and first_id = any (p_blocks);
  return true;
end
$$;

create or replace function :schema.finish_baseline_piece(
  p_source_id integer, p_writer uuid, p_first_id bigint, p_rollups json, p_rows bigint,
  p_oid bigint, p_part bigint, p_filenode bigint, p_block bigint, p_offset integer, p_blocks bigint, p_done boolean
) returns boolean language plpgsql as $$
begin
  update :schema.checkpoints set updated_at = clock_timestamp() where source_id = p_source_id and writer = p_writer;
  if not found then
    return false;
  end if;
  perform :schema.add_rollups(p_source_id, p_rollups);
  update :schema.baselines set rows = rows + p_rows, note = null where source_id = p_source_id and oid = p_oid;
  insert into :schema.baseline_parts as p (source_id, oid, part_oid, filenode, next_block, next_offset, blocks, done)
    values (p_source_id, p_oid, p_part, p_filenode, p_block, p_offset, p_blocks, p_done)
    on conflict (source_id, oid, part_oid) do update
      set filenode = excluded.filenode, next_block = excluded.next_block, next_offset = excluded.next_offset,
          blocks = excluded.blocks, done = excluded.done;
  delete from :schema.flushes where source_id = p_source_id and writer = p_writer and first_id = p_first_id;
  return true;
end
$$;

create function :schema.add_quarters(a integer[], b integer[]) returns integer[]
  language sql immutable parallel safe
  as $$ select array_agg(u.x + u.y order by u.n) from unnest(a, b) with ordinality u(x, y, n) $$;

-- The counts of a day, of those of some of its quarters (1 to 96, each once).
create function :schema.quarters_of(p_quarters integer[], p_counts bigint[]) returns integer[]
  language sql immutable parallel safe
  as $$
    select array_agg(coalesce(c.count, 0)::integer order by n.n)
    from generate_series(1, 96) n(n) left join unnest(p_quarters, p_counts) c(quarter, count) on c.quarter = n.n
  $$;

-- Takes up to `p_limit` flushes' counts into the coarser tables; returns how many it took. Nothing while another one does.
create function :schema.fold_rollups(p_limit integer) returns integer
  language plpgsql as $$
declare
  v_taken integer;
begin
  if not pg_try_advisory_xact_lock(hashtext('rowtrail.fold_rollups'), hashtext(':schema')) then
    return 0;
  end if;
  with taken as (
    delete from :schema.rollup_deltas where id in (select d.id from :schema.rollup_deltas d order by d.id limit p_limit)
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
  ), into_source_days as (
    insert into :schema.source_days as o (day, source_id, action, attribution, quarters, count, min_id, max_id)
      select day, source_id, action, attribution, :schema.quarters_of(array_agg(quarter), array_agg(count)), sum(count), min(min_id), max(max_id)
      from (
        select day, source_id, action, attribution, quarter, sum(count)::bigint as count, min(min_id) as min_id, max(max_id) as max_id
        from relation_quarter group by day, source_id, action, attribution, quarter) q group by day, source_id, action, attribution
      on conflict (day, source_id, action, attribution) do update
        set quarters = :schema.add_quarters(o.quarters, excluded.quarters), count = o.count + excluded.count,
            min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_relation_days as (
    insert into :schema.relation_days as o (relation_id, day, source_id, action, attribution, quarters, count, min_id, max_id)
      select relation_id, day, source_id, action, attribution, :schema.quarters_of(array_agg(quarter), array_agg(count)), sum(count), min(min_id), max(max_id)
      from relation_quarter group by relation_id, day, source_id, action, attribution
      on conflict (relation_id, day, source_id, action, attribution) do update
        set quarters = :schema.add_quarters(o.quarters, excluded.quarters), count = o.count + excluded.count,
            min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_relation_day_totals as (
    insert into :schema.relation_day_totals as o (day, relation_id, source_id, action, count, min_id, max_id)
      select day, relation_id, source_id, action, sum(count), min(min_id), max(max_id) from relation_quarter group by 1, 2, 3, 4
      on conflict (day, relation_id, source_id, action) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_relation_month_totals as (
    insert into :schema.relation_month_totals as o (month, relation_id, source_id, action, count, min_id, max_id)
      select month, relation_id, source_id, action, sum(count), min(min_id), max(max_id) from relation_quarter group by 1, 2, 3, 4
      on conflict (month, relation_id, source_id, action) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_relation_totals as (
    insert into :schema.relation_totals as o (relation_id, source_id, action, count, min_id, max_id)
      select relation_id, source_id, action, sum(count), min(min_id), max(max_id) from relation_quarter group by 1, 2, 3
      on conflict (relation_id, source_id, action) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_actor_day_totals as (
    insert into :schema.actor_day_totals as o (day, actor_id, source_id, count, min_id, max_id)
      select day, actor_id, source_id, sum(count), min(min_id), max(max_id) from actor_relation group by 1, 2, 3
      on conflict (day, actor_id, source_id) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_actor_month_totals as (
    insert into :schema.actor_month_totals as o (month, actor_id, source_id, count, min_id, max_id)
      select month, actor_id, source_id, sum(count), min(min_id), max(max_id) from actor_relation group by 1, 2, 3
      on conflict (month, actor_id, source_id) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_actor_relation_totals as (
    insert into :schema.actor_relation_totals as o (actor_id, relation_id, action, count, min_id, max_id)
      select actor_id, relation_id, action, sum(count), min(min_id), max(max_id) from actor_relation group by 1, 2, 3
      on conflict (actor_id, relation_id, action) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  ), into_actor_totals as (
    insert into :schema.actor_totals as o (actor_id, count, min_id, max_id)
      select actor_id, sum(count), min(min_id), max(max_id) from actor_relation group by 1
      on conflict (actor_id) do update
        set count = o.count + excluded.count, min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
  )
  select count(*) into v_taken from taken;
  return v_taken;
end
$$;

-- What has been counted so far.
insert into :schema.rollup_deltas (source_id, rollups)
  select source_id, json_agg(json_build_object('bucket', bucket, 'relation_id', relation_id, 'actor_id', actor_id,
    'action', action, 'attribution', attribution, 'count', count, 'min_id', min_id, 'max_id', max_id))
  from :schema.rollups group by source_id, date_bin('1 day', bucket, timestamptz '2000-01-01 00:00:00+00');
select :schema.fold_rollups(2147483647);

-- Some of the people of a source's users table, as they were at `p_read_at`: JSON objects of `claim` and `name`.
create function :schema.record_people(p_source_id integer, p_people json, p_read_at timestamptz) returns void
  language plpgsql as $$
begin
  insert into :schema.actors (source_id, kind, claim)
    select distinct p_source_id, 'user', x.claim from json_to_recordset(p_people) as x(claim text) order by 3
    on conflict (source_id, kind, claim) do nothing;
  insert into :schema.actor_totals (actor_id, count)
    select a.id, 0 from json_to_recordset(p_people) as x(claim text)
    join :schema.actors a on a.source_id = p_source_id and a.kind = 'user' and a.claim = x.claim
    order by 1
    on conflict (actor_id) do nothing;
  insert into :schema.people as p (actor_id, name, seen_at)
    select a.id, min(x.name), p_read_at from json_to_recordset(p_people) as x(claim text, name text)
    join :schema.actors a on a.source_id = p_source_id and a.kind = 'user' and a.claim = x.claim
    group by a.id order by a.id
    on conflict (actor_id) do update set name = excluded.name, seen_at = excluded.seen_at, left_at = null;
end
$$;

-- The table was read to its end at `p_read_at`: who was not found in it has left.
create function :schema.end_people(p_source_id integer, p_read_at timestamptz) returns void
  language sql as $$
  update :schema.people p set left_at = p_read_at
  where p.left_at is null and p.seen_at < p_read_at
    and p.actor_id in (select a.id from :schema.actors a where a.source_id = p_source_id)
$$;
