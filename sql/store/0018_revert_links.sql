-- Links from the entries of a revert to those that it takes back.

-- What a flush has been told of reverts, until it ends: no row of it is ever committed.
create table :schema.pending_reverts (
  source_id integer not null,
  xid bigint not null,
  relation_oid bigint not null,
  record_key text not null,
  linked_id bigint not null
);

-- Links the entries of a transaction, `p_first_id` to `p_last_id`, with those that it said it takes back: of the same
-- record, under its key or the one that it had before. Only what is there and of the same table is ever taken back.
-- Ids as new as these are in no statistics: a nested loop would look good for one row, and take hours for 100,000.
create function :schema.link_reverts(p_source_id integer, p_xid bigint, p_first_id bigint, p_last_id bigint) returns void
  language sql set enable_nestloop = off
as $$
  insert into :schema.entry_links (entry_id, kind, relation_id, linked_id)
    select distinct e.id, 'revert', r.id, p.linked_id
    from :schema.pending_reverts p
    join :schema.relations r on r.source_id = p.source_id and r.oid = p.relation_oid
    join (
      select n.id, n.relation_id, n.record_key from :schema.entries n
        where n.id between p_first_id and p_last_id and n.transaction_id = p_first_id
      union all
      select l.entry_id, l.relation_id, l.record_key from :schema.entry_links l
        where l.entry_id between p_first_id and p_last_id and l.kind in ('key', 'move')
    ) e on e.relation_id = r.id and e.record_key = p.record_key
    where p.source_id = p_source_id and p.xid = p_xid and p.linked_id < p_first_id
      and (select o.relation_id from :schema.entries o where o.id = p.linked_id) = r.id
$$;
