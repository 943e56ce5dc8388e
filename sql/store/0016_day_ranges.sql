-- A table's days without their quarters, which make a row of its own page: where its entries are, over years, is read
-- from the index alone.
create index relation_days_range_idx on :schema.relation_days (relation_id, day)
  include (source_id, action, attribution, count, min_id, max_id);
