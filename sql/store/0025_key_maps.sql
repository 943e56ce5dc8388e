-- Key maps: which tables a record's key is to be looked for in, among entries that no more are added to.

-- A key by itself is of any table: to look for it in each, partition by partition, takes thousands of searches. A map covers
-- the ids from `low` through `high`, a partition's, and is made once all of them are below the safe horizon. It leaves
-- no table out that has entries, or truncated rows, of a key. How is in src/store/key-map.ts.
create table :schema.key_maps (
  low bigint primary key,
  high bigint not null,
  made_at timestamptz not null default clock_timestamp()
);

-- Of the keys whose hash begins with the byte `part`; a part without keys has no row.
create table :schema.key_map_parts (
  low bigint not null references :schema.key_maps on delete cascade,
  part smallint not null,
  tables bytea not null,
  primary key (low, part)
);
