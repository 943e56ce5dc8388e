-- The safe horizon of a reader that reads some sources only: another source's large transaction does not hold it up.
-- A relation is known before the first block with entries of it is reserved, so naming the sources that have a
-- table now leaves out no block with entries of it.
create function :schema.horizon(p_sources integer[]) returns bigint
  language sql stable
  as $$
    select min(f.first_id) from :schema.flushes f
    left join :schema.checkpoints c on c.source_id = f.source_id
    where (c.writer is null or c.writer = f.writer) and f.source_id = any (p_sources)
  $$;

create or replace function :schema.horizon() returns bigint
  language sql stable
  as $$ select :schema.horizon(array(select s.id from :schema.sources s)) $$;
