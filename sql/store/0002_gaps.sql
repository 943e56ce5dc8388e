-- Gaps that are still open, and gaps of one table.
-- A gap with neither relation_id nor to_time is open: capture of the source has stopped, and nothing behind from_lsn
-- is captured until `rowtrail setup` ends the gap and begins a new epoch (`epoch` is that one's number).
alter table :schema.gaps
  add column relation_id integer references :schema.relations,  -- null: the whole source
  add column skip_lsn pg_lsn;  -- open gaps: a slot advanced to here passes over the one transaction that stops capture

create unique index gaps_open_idx on :schema.gaps (source_id) where to_time is null and relation_id is null;
