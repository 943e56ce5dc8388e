-- Retention may write a partition to a file before it goes.
alter table :schema.removed_partitions add column archive text;  -- the name of the file; null: there is none
