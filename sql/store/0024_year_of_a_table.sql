-- What a year takes to sum, of everything and of one table.

-- Who did something to a table, and when first and last, whatever it was: one row each, read from the index alone.
create table :schema.relation_actors (
  relation_id integer not null,          -- 0: entries without a table
  actor_id integer not null,
  min_id bigint not null,
  max_id bigint not null,
  primary key (relation_id, actor_id) include (min_id, max_id)
);
insert into :schema.relation_actors (relation_id, actor_id, min_id, max_id)
  select t.relation_id, t.actor_id, min(t.min_id), max(t.max_id) from :schema.actor_relation_totals t group by 1, 2;

-- The counts of a day's 24 hours, of those of its quarters.
create function :schema.hours_of(p_quarters integer[]) returns bigint[]
  language sql immutable parallel safe
  as $$
    select array_agg(h.count order by h.hour)
    from (select (u.n - 1) / 4 as hour, sum(u.count) as count from unnest(p_quarters) with ordinality u(count, n) group by 1) h
  $$;
-- A map of the hours of a year has a quarter as much to add.
alter table :schema.source_days add column hours bigint[] generated always as (:schema.hours_of(quarters)) stored;

-- As source_days in 0023: when a table had entries, and how many, without a day's 96 counts.
create unique index relation_days_covering on :schema.relation_days (relation_id, day, source_id, action, attribution)
  include (count, min_id, max_id);
alter table :schema.relation_days drop constraint relation_days_pkey,
  add constraint relation_days_pkey primary key using index relation_days_covering;

-- As in 0020, with who did something to a table. Takes up to `p_limit` flushes' counts into the coarser tables; returns
-- how many it took. Nothing while another one does.
create or replace function :schema.fold_rollups(p_limit integer) returns integer
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
  ), into_source_quarters as (
    insert into :schema.source_quarters as o (bucket, source_id, min_id, max_id)
      select bucket, source_id, min(min_id), max(max_id) from part group by 1, 2
      on conflict (bucket, source_id) do update
        set min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
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
  ), into_relation_actors as (
    insert into :schema.relation_actors as o (relation_id, actor_id, min_id, max_id)
      select relation_id, actor_id, min(min_id), max(max_id) from actor_relation group by 1, 2
      on conflict (relation_id, actor_id) do update
        set min_id = least(o.min_id, excluded.min_id), max_id = greatest(o.max_id, excluded.max_id)
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

-- As in 0020, with the same.
create or replace function :schema.trim_folded(p_floor bigint) returns void
  language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('rowtrail.fold_rollups'), hashtext(':schema'));
  delete from :schema.source_quarters where max_id < p_floor;
  delete from :schema.source_days where max_id < p_floor;
  delete from :schema.relation_days where max_id < p_floor;
  delete from :schema.relation_day_totals where max_id < p_floor;
  delete from :schema.relation_month_totals where max_id < p_floor;
  delete from :schema.actor_day_totals where max_id < p_floor;
  delete from :schema.actor_month_totals where max_id < p_floor;
  delete from :schema.actor_relation_totals where max_id < p_floor;
  delete from :schema.relation_actors where max_id < p_floor;
  delete from :schema.relation_totals where max_id < p_floor;
  update :schema.actor_totals t set count = 0, min_id = null, max_id = null
    where t.max_id < p_floor and exists (select from :schema.people p where p.actor_id = t.actor_id);
  delete from :schema.actor_totals where max_id < p_floor;
  -- The totals are those of the months that are left.
  update :schema.relation_totals t set count = m.count, min_id = m.min_id
    from (
      select relation_id, source_id, action, sum(count)::bigint as count, min(min_id) as min_id
      from :schema.relation_month_totals group by 1, 2, 3) m
    where t.min_id < p_floor and m.relation_id = t.relation_id and m.source_id = t.source_id and m.action = t.action
      and m.count <> t.count;
  update :schema.actor_totals t set count = m.count, min_id = m.min_id
    from (select actor_id, sum(count)::bigint as count, min(min_id) as min_id from :schema.actor_month_totals group by 1) m
    where t.min_id < p_floor and m.actor_id = t.actor_id and m.count <> t.count;
end
$$;
