-- Trimming: what is counted while it goes on is kept, and whoever is known stays on the list of users.

-- As in 0013, but the rows are locked before they are looked at: a flush that adds to one meanwhile would be lost from
-- its count. In the order in which flushes take them.
create or replace function :schema.trim_rollups(p_floor bigint, p_limit integer) returns integer
  language plpgsql as $$
declare
  v_until timestamptz := :schema.time_of_id(p_floor) + interval '1 day';
  v_high bigint;
  v_trimmed integer;
begin
  delete from :schema.rollups where ctid = any (array(
    select u.ctid from :schema.rollups u where u.bucket < v_until and u.max_id < p_floor limit p_limit));
  get diagnostics v_trimmed = row_count;
  if v_trimmed > 0 then
    return v_trimmed;
  end if;
  perform from :schema.rollups u where u.bucket < v_until and u.min_id < p_floor
    order by u.bucket, u.relation_id, u.actor_id, u.action, u.attribution for update;
  select max(u.max_id) into v_high from :schema.rollups u where u.bucket < v_until and u.min_id < p_floor;
  if v_high is null then
    return 0;
  end if;
  update :schema.rollups u set count = k.count, min_id = k.min_id
    from (
      select date_bin('15 minutes', e.occurred_at, timestamptz '2000-01-01 00:00:00+00') as bucket, coalesce(e.relation_id, 0) as relation_id,
        c.actor_id, e.action, c.attribution, count(*) as count, min(e.id) as min_id
      from :schema.entries e join :schema.contexts c on c.id = e.context_id
      where e.id between p_floor and v_high and e.occurred_at < v_until + interval '15 minutes'
      group by 1, 2, 3, 4, 5) k
    where u.bucket = k.bucket and u.relation_id = k.relation_id and u.actor_id = k.actor_id and u.action = k.action
      and u.attribution = k.attribution and u.bucket < v_until and u.min_id < p_floor;
  return 0;
end
$$;

-- As in 0015, but the people of a users table stay: they are known whether they have acted or not.
create or replace function :schema.trim_folded(p_floor bigint) returns void
  language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('rowtrail.fold_rollups'), hashtext(':schema'));
  delete from :schema.source_days where max_id < p_floor;
  delete from :schema.relation_days where max_id < p_floor;
  delete from :schema.relation_day_totals where max_id < p_floor;
  delete from :schema.relation_month_totals where max_id < p_floor;
  delete from :schema.actor_day_totals where max_id < p_floor;
  delete from :schema.actor_month_totals where max_id < p_floor;
  delete from :schema.actor_relation_totals where max_id < p_floor;
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
