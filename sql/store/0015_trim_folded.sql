-- Takes out of the coarser counts what lies wholly below id `p_floor`, after retention has taken the entries. Of a day or
-- month that lies on both sides, all stays counted until all of it is gone.
create function :schema.trim_folded(p_floor bigint) returns void
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
