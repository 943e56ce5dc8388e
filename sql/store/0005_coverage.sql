-- Coverage: which tables and partitions are known not to be captured whole, and since when.

-- Losses that go on, by the table's oid on the source: each is recorded once, however often it is seen.
create table :schema.coverage_losses (
  source_id integer not null references :schema.sources,
  oid bigint not null,
  state text not null check (state in ('untracked', 'unpublished', 'detached')),
  gap_id bigint not null references :schema.gaps,
  primary key (source_id, oid)
);

-- When the source's catalog was last compared with what setup recorded; by the source's clock.
create table :schema.coverage_checks (
  source_id integer primary key references :schema.sources,
  checked_at timestamptz not null
);

-- Writes changes of coverage, and the gaps they leave. What is known already is passed over, so that the stream and
-- the comparison may both tell it, in either order. Returns how many gaps were added.
-- Without relation_id the relation is looked up, and added where it is new: not for a flush, which may stay open.
-- With p_checked_at, all of the source was compared then: what is newly lost was lost since the comparison before.
create function :schema.record_coverage(p_source_id integer, p_epoch integer, p_changes json, p_checked_at timestamptz)
  returns integer
  language plpgsql as $$
declare
  v_change record;
  v_loss :schema.coverage_losses;
  v_relation_id integer;
  v_gap_id bigint;
  v_checked_at timestamptz;
  v_added integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('rowtrail.coverage :schema'), p_source_id);
  select c.checked_at into v_checked_at from :schema.coverage_checks c where c.source_id = p_source_id;
  for v_change in
    select * from json_to_recordset(p_changes) as x(oid bigint, relation_id integer, root_oid bigint, root_schema text,
      root_name text, state text, reason text, detail text, lsn pg_lsn, since timestamptz, from_time timestamptz, to_time timestamptz)
  loop
    select * into v_loss from :schema.coverage_losses l where l.source_id = p_source_id and l.oid = v_change.oid;
    continue when v_loss.state = v_change.state;
    if v_loss.state is not null and v_change.state <> 'truncated' then
      update :schema.gaps g set to_time = coalesce(v_change.to_time, v_change.from_time, p_checked_at), to_lsn = v_change.lsn
        where g.id = v_loss.gap_id and g.to_time is null;
      delete from :schema.coverage_losses l where l.source_id = p_source_id and l.oid = v_change.oid;
    end if;
    continue when v_change.reason is null
      -- its rows until here are in the gap that has just ended
      or v_change.state = 'covered' and v_loss.state = 'untracked'
      or v_change.state = 'dropped' and exists (select from :schema.gaps g where g.source_id = p_source_id
        and g.reason = v_change.reason and g.detail like '%(oid ' || v_change.oid || ')');
    v_relation_id := v_change.relation_id;
    if v_relation_id is null then
      insert into :schema.relations (source_id, oid, schema_name, table_name)
        values (p_source_id, v_change.root_oid, v_change.root_schema, v_change.root_name)
        on conflict (source_id, oid) do nothing;
      select r.id into v_relation_id from :schema.relations r where r.source_id = p_source_id and r.oid = v_change.root_oid;
    end if;
    insert into :schema.gaps (source_id, epoch, reason, detail, relation_id, from_lsn, to_lsn, from_time, to_time)
      values (p_source_id, p_epoch, v_change.reason, v_change.detail, v_relation_id, v_change.lsn,
        case when v_change.to_time is not null then v_change.lsn end,
        coalesce(v_change.from_time, v_checked_at, v_change.since), v_change.to_time)
      returning id into v_gap_id;
    v_added := v_added + 1;
    if v_change.state in ('untracked', 'unpublished', 'detached') then
      insert into :schema.coverage_losses (source_id, oid, state, gap_id)
        values (p_source_id, v_change.oid, v_change.state, v_gap_id);
    end if;
  end loop;
  if p_checked_at is not null then
    insert into :schema.coverage_checks as c (source_id, checked_at) values (p_source_id, p_checked_at)
      on conflict (source_id) do update set checked_at = greatest(c.checked_at, excluded.checked_at);
  end if;
  return v_added;
end
$$;
