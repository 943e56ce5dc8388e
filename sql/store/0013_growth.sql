-- The view for people, retention, and triggers that no setting switches off.

-- The image before an update: `p_row` with the old values, without what is not known. Every value keeps its text: images
-- are json, as jsonb would lose digits and duplicates. An escape like \u0000 is valid there and yet no text that json_each
-- could make of a string, so escapes stand aside while images are taken apart: what stands for them holds a hash of
-- both images, which neither can hold itself.
create function :schema.image_before(p_row json, p_old json, p_unknown text[]) returns json
  language sql immutable parallel safe set search_path = pg_catalog
  as $$
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

-- One readable row an entry. Quick under a condition on id, "timestamp", record together with "table", or user_id.
-- A context's entries are found by its range of ids. That there are few of them the planner cannot know: it takes
-- each bound that it can't judge for a third of the table, so that of a dozen bounds a handful of rows are left.
-- The server itself looks at the tightest only.
create view :schema.activity as
select e.id, e.occurred_at as "timestamp", e.action, s.name as source,
  r.schema_name as "schema", r.table_name as "table", e.record_key as record,
  a.claim as user_id, case when a.id is not null then coalesce(c.user_name, a.name) end as user_name,
  c.ip, c.user_agent, coalesce(case when e.row is null then (e.data -> 'comment') #>> '{}' end, c.comment) as comment,
  coalesce(c.attribution, 'unknown') as attribution, coalesce(e.changed, '{}') as changed,
  case e.action when 'update' then :schema.image_before(e.row, e.old, e.unknown) when 'delete' then e.row end as before,
  case when e.action in ('create', 'update', 'baseline') then e.row end as after,
  array(select l.linked_id from :schema.entry_links l where l.entry_id = e.id and l.kind = 'revert' order by 1) as reverts
from :schema.entries e
left join :schema.relations r on r.id = e.relation_id
left join :schema.contexts c on c.id = e.context_id
  and e.id >= c.id and e.id > c.id - 1 and e.id >= c.id + 0 and e.id > c.id - 2 and e.id >= c.id - 1 and e.id > c.id - 3
  and e.id <= c.last_id and e.id < c.last_id + 1 and e.id <= c.last_id + 0 and e.id < c.last_id + 2 and e.id <= c.last_id + 1
left join :schema.actors a on a.id = c.actor_id and a.kind = 'user'
left join :schema.sources s on s.id = coalesce(r.source_id, c.source_id);

-- What retention has taken away, or is about to: a row is written before its partition is detached, so that whoever
-- comes after a crash finishes it, and no partition that was detached by somebody else is taken for one of these.
create table :schema.removed_partitions (
  name text primary key,
  parent text not null,
  low bigint not null,                   -- ids from here
  high bigint not null,                  -- to below here
  begun_at timestamptz not null default clock_timestamp(),
  removed_at timestamptz,                -- null: not yet
  note text                              -- why it waits
);

-- The partitions of the schema by their ranges of ids; `pending`: a DETACH CONCURRENTLY of it did not come to its end.
create view :schema.partitions as
select p.relname as parent, c.relname as name, lower(x.range) as low, upper(x.range) as high, pg_catalog.pg_total_relation_size(c.oid) as bytes,
  -- The column is new in PostgreSQL 14.
  i.inhdetachpending as pending
from pg_catalog.pg_class p
join pg_catalog.pg_inherits i on i.inhparent = p.oid
join pg_catalog.pg_class c on c.oid = i.inhrelid
cross join lateral (select pg_catalog.obj_description(c.oid, 'pg_class')::int8range) x(range)
where p.relnamespace = ':schema'::regnamespace and p.relkind = 'p' and not p.relispartition;

-- Takes out of the rollups what lies below id `p_floor`, at most `p_limit` rows a call: returns how many went. Once
-- none is left, what lies on both sides is counted anew. Buckets are those of entries, which are recorded after they
-- occurred; a day covers clocks that differ.
create function :schema.trim_rollups(p_floor bigint, p_limit integer) returns integer
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
  select max(u.max_id) into v_high from :schema.rollups u where u.bucket < v_until and u.min_id < p_floor;
  if v_high is null then
    return 0;
  end if;
  -- A flush that adds to one of these rows meanwhile waits for this, and adds to what is left.
  perform from :schema.rollups u where u.bucket < v_until and u.min_id < p_floor for update;
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

-- Append-only also under session_replication_role = replica, which passes over ordinary triggers.
do $$
declare
  v_table regclass;
begin
  for v_table in
    select t.tgrelid from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
      where c.relnamespace = ':schema'::regnamespace and t.tgname = 'refuse_change' and t.tgenabled = 'O'
  loop
    execute format('alter table %s enable always trigger refuse_change', v_table);
  end loop;
end
$$;

-- Makes partitions from the current period through `p_ahead` further ones; returns how many were made.
-- Each begins where the last one ends, so that a changed grain leaves no hole. ATTACH takes only SHARE UPDATE
-- EXCLUSIVE on the parent, so writers and readers go on meanwhile.
-- https://www.postgresql.org/docs/current/sql-altertable.html
create or replace function :schema.ensure_partitions(p_grain text, p_ahead integer) returns integer
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
  -- Whatever is partitioned here is partitioned by ids.
  for v_parent in
    select c.relname from pg_catalog.pg_class c
      where c.relnamespace = ':schema'::regnamespace and c.relkind = 'p' and not c.relispartition order by c.relname
  loop
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
      execute format('alter table :schema.%I enable always trigger refuse_change', v_name);
      v_from := v_to;
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
end
$$;
