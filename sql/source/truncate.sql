-- TRUNCATE: which tables are emptied, leaves by themselves too (logical decoding tells a root alone), and their rows.
-- One message says which table, and how many rows follow or why none do; the rows follow in messages of their own.

-- Sends the truncation of a table, and its rows as far as they may be read. Belongs to the installer, who may read
-- any table past its policies; truncate_trigger alone may call it. Texts are those of the types' output functions,
-- under the settings that the daemon's own connections have. What goes wrong here is said, and fails nothing.
create or replace function rowtrail.send_truncated(root oid, relid oid) returns void
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC'
  set datestyle = 'ISO'
  set intervalstyle = 'postgres'
  set extra_float_digits = 1
  set bytea_output = 'hex'
  set lc_monetary = 'C'
  set xmlbinary = 'base64'
  set row_security = off
as $$
declare
  v_table record;
  v_columns record;
  v_from text;
  v_reason text;
  v_count bigint;
  v_row text;
  v_rows text[] := '{}';
  v_bytes integer := 0;
  v_message text;
begin
  select i.secret, coalesce((i.options ->> 'truncateMaxBytes')::bigint, 0) as max_bytes, r.relname as root_name, m.nspname as root_schema,
      c.relname, n.nspname, r.relkind, r.relreplident, i.options -> 'excluded' -> (m.nspname || '.' || r.relname) as excluded,
      -- Before PostgreSQL 18 no generated column is streamed, and later only stored ones.
      coalesce((select to_jsonb(p) ->> 'pubgencols' = 's' from pg_publication p where p.pubname = i.publication), false) as has_generated
    into v_table
    from rowtrail.install i, pg_class c join pg_namespace n on n.oid = c.relnamespace,
      pg_class r join pg_namespace m on m.oid = r.relnamespace
    where c.oid = send_truncated.relid and r.oid = send_truncated.root;
  v_reason := case
    when v_table.max_bytes = 0 then 'off'
    when exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
      where i.indrelid = send_truncated.root and (i.indisprimary or i.indisreplident)
        and coalesce(v_table.excluded::jsonb, '[]') ? a.attname::text) then 'masked'
    when current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then 'isolation'
    when (select sum(pg_table_size(t.relid)) from pg_partition_tree(send_truncated.relid) t where t.isleaf) > v_table.max_bytes
      or pg_table_size(send_truncated.relid) > v_table.max_bytes then 'size' end;
  if v_reason is null then
    begin
      v_from := format('%s%I.%I', case when v_table.relkind = 'p' and relid = root then '' else 'only ' end, v_table.nspname, v_table.relname);
      select string_agg(case
            when coalesce(v_table.excluded::jsonb, '[]') ? a.attname::text then 'null'
            else format('case when x.%1$I is distinct from null then format(''%%s'', x.%1$I) end', a.attname) end, ', ' order by a.attnum) as list,
          count(*) as number,
          json_agg(json_build_object('name', a.attname, 'type', a.atttypid::bigint, 'modifier', a.atttypmod,
            'identity', v_table.relreplident = 'f' or exists (select from pg_index i where i.indrelid = root
              and case v_table.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident end and a.attnum = any (i.indkey)),
            'baseSchema', b.schema, 'baseName', b.name) order by a.attnum) as described
        into v_columns
        from pg_attribute a left join lateral (
          with recursive base (oid) as (
            select a.atttypid union all
            select t.typbasetype from base s join pg_type t on t.oid = s.oid where t.typtype = 'd'
          )
          select n.nspname as schema, t.typname as name from base s join pg_type t on t.oid = s.oid join pg_namespace n on n.oid = t.typnamespace
          where t.typtype <> 'd' and a.atttypid >= 10000) b on true
        where a.attrelid = root and a.attnum > 0 and not a.attisdropped
          and (a.attgenerated = '' or a.attgenerated = 's' and v_table.has_generated);
      execute format('select count(*) from %s', v_from) into v_count;
      v_message := array['t', v_table.secret, root::text, v_table.root_schema, v_table.root_name, relid::text, v_table.nspname, v_table.relname,
        null, v_count::text, json_build_object('identity', v_table.relreplident, 'columns', v_columns.described)::text]::text;
      perform pg_logical_emit_message(true, 'rowtrail', :message);
      for v_row in execute format('select array[%s]::text from %s x', v_columns.list, v_from) loop
        if octet_length(v_row) > :max_bytes then
          v_reason := 'size';
          raise program_limit_exceeded;
        end if;
        if v_bytes + octet_length(v_row) > :max_bytes then
          v_message := format('{r,%s,%s,%s,%s}', v_table.secret, relid, v_columns.number, array_to_string(v_rows, ','));
          perform pg_logical_emit_message(true, 'rowtrail', :message);
          v_rows := '{}';
          v_bytes := 0;
        end if;
        v_rows := array_append(v_rows, substr(v_row, 2, length(v_row) - 2));
        v_bytes := v_bytes + octet_length(v_row);
      end loop;
      if v_bytes > 0 then
        v_message := format('{r,%s,%s,%s,%s}', v_table.secret, relid, v_columns.number, array_to_string(v_rows, ','));
        perform pg_logical_emit_message(true, 'rowtrail', :message);
      end if;
    exception when others then
      -- What was sent is taken back with it.
      v_reason := coalesce(v_reason, 'error');
    end;
  end if;
  if v_reason is not null then
    v_message := array['t', v_table.secret, root::text, v_table.root_schema, v_table.root_name, relid::text, v_table.nspname, v_table.relname,
      v_reason, null, null]::text;
    perform pg_logical_emit_message(true, 'rowtrail', :message);
  end if;
  perform pg_logical_emit_message(true, 'rowtrail', :separator);
end
$$;

-- Statement trigger before TRUNCATE: rowtrail_truncate on each root (its argument: the identity its partitions get,
-- full or existing) and each leaf, rowtrail_truncate_rows on each table without partitions. A TRUNCATE of a root fires
-- the leaves' triggers too: the root's comes first, speaks for all, and leaves word in a setting. Never fails the
-- statement.
create or replace function rowtrail.truncate_trigger() returns trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_root oid := coalesce(pg_partition_root(tg_relid)::oid, tg_relid);
  v_told text := current_setting('rowtrail.truncating', true);
begin
  if tg_op <> 'TRUNCATE' or tg_when <> 'BEFORE' or tg_name not in ('rowtrail_truncate', 'rowtrail_truncate_rows')
    or tg_name = 'rowtrail_truncate_rows' and v_root <> tg_relid
    -- Whoever owns a table may put this trigger on it: only a root that is captured makes it speak.
    or not :captures_root then
    return null;
  end if;
  if v_root = tg_relid then
    perform set_config('rowtrail.truncating', v_root::text || ' ', true);
  elsif split_part(v_told, ' ', 1) = v_root::text and rowtrail.holds_table(v_root)
    and position(' ' || tg_relid::text || ' ' in v_told) = 0 then
    perform set_config('rowtrail.truncating', v_told || tg_relid::text || ' ', true);
    return null;
  end if;
  -- What is told is told under the context that holds now, also where no other trigger follows.
  perform rowtrail.emit_context();
  perform rowtrail.send_truncated(v_root, tg_relid);
  return null;
exception when others then
  return null;
end
$$;
