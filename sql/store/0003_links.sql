-- Links between entries, and since when the columns of a relation have been what they are.

-- kind:
--   key    the entry gave the record another key: record_key is the key before, entry_key the one after
--   move   the entry is the create of a row that crossed partitions; linked_id is its delete just before
--   revert the entry undoes linked_id (many to many); further kinds may follow
-- Partitioned by the entry that has the link, and kept as long as that.
create table :schema.entry_links (
  entry_id bigint not null,
  kind text not null,
  relation_id integer,
  record_key text,
  entry_key text,                        -- the entry's own record_key
  linked_id bigint
) partition by range (entry_id);
-- Hash: ordered by entry_id, it would tempt the planner to look for a record's next link through all the others.
create index entry_links_entry_idx on :schema.entry_links using hash (entry_id);
create index entry_links_linked_idx on :schema.entry_links (linked_id) where linked_id is not null;
-- From a key to where its record went, and from a key to where its record came from.
create index entry_links_from_idx on :schema.entry_links (relation_id, record_key, entry_id) include (entry_key)
  where kind in ('key', 'move');
create index entry_links_to_idx on :schema.entry_links (relation_id, entry_key, entry_id) include (record_key)
  where kind in ('key', 'move');
create trigger refuse_change before update or delete or truncate on :schema.entry_links
  for each statement execute function :schema.refuse_change();

-- Entries of the same periods have their links beside them.
do $$
declare
  v_part record;
begin
  for v_part in
    select c.relname as name, obj_description(i.inhrelid, 'pg_class')::int8range as range
      from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
      where i.inhparent = ':schema.contexts'::regclass order by 2
  loop
    v_part.name := 'entry_links' || substr(v_part.name, length('contexts') + 1);
    execute format('create table :schema.%I partition of :schema.entry_links for values from (%s) to (%s)',
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
  foreach v_parent in array array['entries', 'transactions', 'contexts', 'entry_links'] loop
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

-- What a column's old values may be taken from: entries from `since_lsn` on were written while the column was what
-- `stamp` says (its name, number, type and the transaction that last changed its definition). attnum 0 stands for
-- the relation: its key, its place in the publication, partitions attached to it.
create table :schema.relation_stamps (
  relation_id integer not null references :schema.relations,
  attnum smallint not null,
  stamp text not null,
  epoch integer not null,
  since_lsn pg_lsn not null,
  primary key (relation_id, attnum)
);

-- Remembers what was seen; returns since when it has been so. A column's stamp never comes back once it was another
-- one. The relation's may: its key can be changed and changed back, and in between its records' entries were under
-- other keys. So what is seen anew counts from `p_floor` at the earliest, behind the entries that were there by then.
-- A new epoch begins anew: between two lies a gap.
create function :schema.record_stamps(
  p_relation_id integer, p_epoch integer, p_floor pg_lsn, p_attnums smallint[], p_stamps text[], p_since pg_lsn[]
) returns table (attnum smallint, since_lsn pg_lsn) language sql as $$
  insert into :schema.relation_stamps as s (relation_id, attnum, stamp, epoch, since_lsn)
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
