-- Which days have entries of an action, and how many, is read from the index alone: the rows hold a day's 96 counts.
create unique index source_days_covering on :schema.source_days (day, source_id, action, attribution)
  include (count, min_id, max_id);
alter table :schema.source_days drop constraint source_days_pkey,
  add constraint source_days_pkey primary key using index source_days_covering;
