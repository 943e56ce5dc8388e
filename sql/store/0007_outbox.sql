-- Trigger capture: what is stored and may still be in the source's outbox. audit.transactions cannot have a unique key
-- over (source, xid), as a partitioned table's keys hold its partition key; this one is small, as rows go when the
-- outbox has let go of theirs.
create table :schema.drained_transactions (
  source_id integer not null references :schema.sources,
  xid bigint not null,                   -- the source's xid8
  primary key (source_id, xid)
);

-- How many statements' rows the source's outbox has dropped so far, as far as gaps tell of them.
create table :schema.outbox_drops (
  source_id integer primary key references :schema.sources,
  dropped bigint not null,
  seen_at timestamptz not null           -- by the source's clock
);
