-- Masks that follow their columns, and baselines.

-- Which rules of `tableOptions` have held for which columns, by the table's oid on the source and the column's number:
-- a column that is renamed, or whose table is, keeps its rule. attnum 0: the table went by this name.
create table :schema.column_rules (
  source_id integer not null references :schema.sources,
  oid bigint not null,
  attnum smallint not null,
  table_name text not null,              -- as the key in tableOptions has it
  column_name text not null,             -- as the rule has it; empty for attnum 0
  since timestamptz not null default now(),
  primary key (source_id, oid, attnum, table_name, column_name)
);

create function :schema.hold_column_rules(p_source text, p_rules json) returns void
  language sql as $$
  insert into :schema.column_rules (source_id, oid, attnum, table_name, column_name)
    select s.id, x.oid, x.attnum, x."table", x."column"
    from :schema.sources s, json_to_recordset(p_rules) as x(oid bigint, attnum smallint, "table" text, "column" text)
    where s.name = p_source
    on conflict do nothing
$$;

-- Baselines: the rows that were there before the stream told of them. One row a table that was asked for.
create table :schema.baselines (
  source_id integer not null references :schema.sources,
  oid bigint not null,                   -- of the table on the source; of a partitioned one, the root's
  schema_name text not null,
  table_name text not null,
  requested_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  started_id bigint,                     -- entries below this id were there before it began
  finished_at timestamptz,
  rows bigint not null default 0,        -- entries written
  note text,                             -- why it waits, or why it ended without rows
  primary key (source_id, oid)
);

-- How far each part (the table itself, or a leaf partition) has been read. Positions in the file, never keys: a key may be masked.
create table :schema.baseline_parts (
  source_id integer not null,
  oid bigint not null,
  part_oid bigint not null,
  filenode bigint,                       -- a table that is written anew has other positions: it is read from the start
  next_block bigint not null default 0,
  next_offset integer not null default 0,
  blocks bigint not null,
  done boolean not null default false,
  primary key (source_id, oid, part_oid),
  foreign key (source_id, oid) references :schema.baselines on delete cascade
);

-- Asks for the baseline of a table; the daemon that captures the source makes it. With p_again also where it was made
-- before: rows whose records have an entry are passed over. Returns whether there is something to be done.
create function :schema.request_baseline(p_source_id integer, p_oid bigint, p_schema text, p_table text, p_again boolean default false)
  returns boolean
  language plpgsql as $$
begin
  insert into :schema.baselines (source_id, oid, schema_name, table_name) values (p_source_id, p_oid, p_schema, p_table)
    on conflict (source_id, oid) do nothing;
  if p_again then
    delete from :schema.baseline_parts p using :schema.baselines b
      where p.source_id = p_source_id and p.oid = p_oid and b.source_id = p.source_id and b.oid = p.oid and b.finished_at is not null;
    update :schema.baselines
      set schema_name = p_schema, table_name = p_table, requested_at = clock_timestamp(), started_at = null, started_id = null,
          finished_at = null, rows = 0, note = null
      where source_id = p_source_id and oid = p_oid and finished_at is not null;
  end if;
  return exists (select from :schema.baselines b where b.source_id = p_source_id and b.oid = p_oid and b.finished_at is null);
end
$$;

-- The last step of a piece of a baseline, in the transaction of its COPYs. False: another writer holds the checkpoint,
-- and the caller must roll back. The checkpoint itself stays where it is: the piece is no part of the stream.
create function :schema.finish_baseline_piece(
  p_source_id integer, p_writer uuid, p_first_id bigint, p_rollups json, p_rows bigint,
  p_oid bigint, p_part bigint, p_filenode bigint, p_block bigint, p_offset integer, p_blocks bigint, p_done boolean
) returns boolean language plpgsql as $$
begin
  update :schema.checkpoints set updated_at = clock_timestamp() where source_id = p_source_id and writer = p_writer;
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
