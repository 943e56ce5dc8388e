-- Most updates name no changed columns any more: their `old` has just those, in their order, and the names were a
-- twenty-fifth of what an entry takes. What is in the store stays as it is; both kinds are read alike.

-- The columns that an update changed; null: not known, or no update. No name that stands in `p_old` alone holds an escape,
-- so those of its values may become others: \u0000 is valid there, and yet nothing that json_object_keys takes.
create function :schema.changed_columns(p_changed text[], p_old json) returns text[]
  language sql immutable parallel safe as $$
  select case when p_changed is not null or p_old is null then p_changed
    else array(select pg_catalog.json_object_keys(pg_catalog.replace(p_old::text, '\u', '\b')::json)) end
$$;

comment on column :schema.entries.changed is 'null of an update with old: its members are the changed columns (changed_columns tells them)';

-- As in 0013, with the columns that are not named.
create or replace view :schema.activity as
select e.id, e.occurred_at as "timestamp", e.action, s.name as source,
  r.schema_name as "schema", r.table_name as "table", e.record_key as record,
  a.claim as user_id, case when a.id is not null then coalesce(c.user_name, a.name) end as user_name,
  c.ip, c.user_agent, coalesce(case when e.row is null then (e.data -> 'comment') #>> '{}' end, c.comment) as comment,
  coalesce(c.attribution, 'unknown') as attribution, coalesce(:schema.changed_columns(e.changed, e.old), '{}') as changed,
  case e.action when 'update' then :schema.image_before(e.row, e.old, e.unknown) when 'delete' then e.row end as before,
  case when e.action in ('create', 'update', 'baseline') then e.row end as after,
  array(select l.linked_id from :schema.entry_links l where l.entry_id = e.id and l.kind = 'revert' order by 1) as reverts
from :schema.entries e
left join :schema.relations r on r.id = e.relation_id
left join :schema.contexts c on c.id = e.context_id
  and e.id >= c.id and e.id > c.id - 1 and e.id >= c.id + 0 and e.id > c.id - 2 and e.id >= c.id - 1 and e.id > c.id - 3
  and e.id <= c.last_id and e.id < c.last_id + 1 and e.id <= c.last_id + 0 and e.id < c.last_id + 2 and e.id <= c.last_id + 1
left join :schema.actors a on a.id = c.actor_id and a.kind = 'user'
left join :schema.sources s on s.id = coalesce(r.source_id, c.source_id);
