-- Seals: what shows that the history still is what was written.

-- Each covers a range of ids, and the seal before it. What is hashed and how is in src/seal, and only there: whoever
-- verifies calls no function of this schema, which might have been replaced.
create table :schema.seals (
  number bigint primary key,             -- 1, 2, 3 and so on; none is left out
  format smallint not null,              -- of what is hashed
  first_id bigint not null,              -- the id after the last one of the seal before
  last_id bigint not null unique,        -- the last id covered, whether there is an entry with it or not
  sealed_at timestamptz not null,
  previous bytea not null,               -- `hash` of the seal before; zeros in the first
  entries bigint not null,               -- how many rows with ids of the range
  entries_sha256 bytea not null,
  contexts bigint not null,
  contexts_sha256 bytea not null,
  transactions bigint not null,
  transactions_sha256 bytea not null,
  links bigint not null,                 -- of entry_links
  links_sha256 bytea not null,
  truncated_rows bigint not null,
  truncated_rows_sha256 bytea not null,
  facts bigint not null,                 -- of sealed_facts
  facts_sha256 bytea not null,
  hash bytea not null,                   -- SHA-256 over all of the above
  key_id text,                           -- of the key that signed it
  signature bytea                        -- Ed25519
);

-- What entries refer to and what never changes of it: sources, actors, sessions, relations and their versions. Each is
-- sealed once, by the first seal that covers something that refers to it.
create table :schema.sealed_facts (
  kind text not null check (kind in ('source', 'actor', 'session', 'relation', 'version')),
  fact_id bigint not null,               -- version: of the relation
  version integer not null default 0,
  seal bigint not null,
  fact_sha256 bytea not null,            -- tells which one is another now
  primary key (kind, fact_id, version)
);
create index sealed_facts_seal_idx on :schema.sealed_facts (seal);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['seals', 'sealed_facts'] loop
    execute format('create trigger refuse_change before update or delete or truncate on :schema.%I
      for each statement execute function :schema.refuse_change()', v_table);
    execute format('alter table :schema.%I enable always trigger refuse_change', v_table);
  end loop;
end
$$;

-- When the history was verified last, and what was found.
create table :schema.verifications (
  id bigint generated always as identity primary key,
  begun_at timestamptz not null,
  ended_at timestamptz not null,
  made_by text not null,
  outcome text not null check (outcome in ('proven', 'consistent', 'mismatch')),
  complete boolean not null,             -- false: it ended before all of the range was read
  first_seal bigint,
  last_seal bigint,
  seals bigint not null,
  entries bigint not null,
  problem text                           -- the first one
);

-- The links of a range of ids, without an order that would tempt the planner (0003).
create index entry_links_range_idx on :schema.entry_links using brin (entry_id) with (pages_per_range = 32, autosummarize = on);

-- As in 0012, and a flush commits only while all its blocks are open. A writer that is closed ends its blocks from another
-- connection, and a backend of its own may still be at work then: its entries would come in below the safe horizon, where
-- readers have been and seals are.
create or replace function :schema.finish_flush(
  p_source_id integer, p_writer uuid, p_from_lsn pg_lsn,
  p_commit_lsn pg_lsn, p_end_lsn pg_lsn, p_committed_at timestamptz, p_rollups json, p_blocks bigint[]
) returns boolean language plpgsql as $$
declare
  v_ended integer;
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
  get diagnostics v_ended = row_count;
  return v_ended = cardinality(p_blocks);
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
  return found;
end
$$;
