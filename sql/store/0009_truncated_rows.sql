-- Rows that a TRUNCATE has removed, as far as they were captured: what to put back, and where a record ended.
create table :schema.truncated_rows (
  entry_id bigint not null,              -- of the truncate
  position bigint not null,              -- from 0, in the order in which they were read
  relation_id integer not null,
  record_key text not null,
  row json not null                      -- the last image
) partition by range (entry_id);
create index truncated_rows_entry_idx on :schema.truncated_rows (entry_id, position);
create index truncated_rows_record_idx on :schema.truncated_rows (relation_id, record_key, entry_id);
create trigger refuse_change before update or delete or truncate on :schema.truncated_rows
  for each statement execute function :schema.refuse_change();

-- Truncates of the same periods have their rows beside them.
do $$
declare
  v_part record;
begin
  for v_part in
    select c.relname as name, obj_description(i.inhrelid, 'pg_class')::int8range as range
      from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
      where i.inhparent = ':schema.contexts'::regclass order by 2
  loop
    v_part.name := 'truncated_rows' || substr(v_part.name, length('contexts') + 1);
    execute format('create table :schema.%I partition of :schema.truncated_rows for values from (%s) to (%s)',
      v_part.name, lower(v_part.range), upper(v_part.range));
    execute format('comment on table :schema.%I is %L', v_part.name, v_part.range::text);
    execute format('create trigger refuse_change before update or delete or truncate on :schema.%I
      for each statement execute function :schema.refuse_change()', v_part.name);
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
      v_from := v_to;
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
end
$$;
