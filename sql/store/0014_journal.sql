-- Entries that no source database told of: events and comments that came over HTTP, and who read, exported or was refused.

-- The ids that events came with: one that comes again is the same one. Kept as long as their entries are.
create table :schema.events (
  event_id uuid primary key,
  entry_id bigint not null,
  digest bytea not null                  -- of what it said: the same id with another text is a mistake
);
create index events_entry_idx on :schema.events (entry_id);

-- Appends entries in one commit: ids, entries, contexts, transactions, links, counts. Each has a context of its own;
-- those of one `batch` and source are a transaction. Actors and relations are known before.
-- Returns each with its entry's id and `state`: new | known (it was there before) | conflict (its event id is that of
-- another event: nothing of its batch is written).
--
-- The lock on the clock is held until the commit, so that whoever reserves ids waits for it: the entries become visible
-- together with the clock that gave out their ids. No reader ever sees their block open, whichever sources
-- it reads (an entry about a table belongs to the table's source), and a crash leaves none behind.
create function :schema.append_entries(p_entries json)
  returns table (n integer, entry_id bigint, state text)
  language plpgsql as $$
#variable_conflict use_column
declare
  v_fresh integer[];
  v_first bigint;
  v_rollups json;
begin
  perform 1 from :schema.id_clock for update;
  v_fresh := array(
    select g.n from json_to_recordset(p_entries) as g(n integer, batch integer, event_id uuid)
    where not exists (select from :schema.events e where e.event_id = g.event_id)
      and g.batch not in (
        select c.batch from json_to_recordset(p_entries) as c(batch integer, event_id uuid, digest text)
        join :schema.events e on e.event_id = c.event_id and e.digest <> decode(c.digest, 'hex'))
    order by g.n);
  if cardinality(v_fresh) > 0 then
    v_first := :schema.reserve_ids(
      (select s.id from :schema.sources s where s.name = 'rowtrail'),
      '00000000-0000-0000-0000-000000000000', cardinality(v_fresh));
    with given as (
      select g.*, v_first + f.position - 1 as id
      from unnest(v_fresh) with ordinality f(n, position)
      join json_to_recordset(p_entries) as g(n integer, batch integer, event_id uuid, digest text, occurred_at timestamptz,
        source_id integer, actor_id integer, relation_id integer, record_key text, action text, user_name text, ip text,
        user_agent text, comment text, request_id text, token text, context text, data text, link_kind text,
        linked_id bigint) using (n)
    ), placed as (
      select g.*, min(g.id) over whole as transaction_id, row_number() over (whole order by g.id) - 1 as ordinal
      from given g window whole as (partition by g.batch, g.source_id)
    ), entries as (
      insert into :schema.entries (id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, data)
        select p.id, p.occurred_at, p.transaction_id, p.id, p.ordinal, p.relation_id, p.action, p.record_key, p.data::json
        from placed p
    ), contexts as (
      insert into :schema.contexts (id, last_id, transaction_id, source_id, actor_id, attribution, application_name,
          user_name, ip, user_agent, comment, request_id, context)
        select p.id, p.id, p.transaction_id, p.source_id, p.actor_id, 'api', p.token,
          p.user_name, p.ip, p.user_agent, p.comment, p.request_id, p.context::json
        from placed p
    ), transactions as (
      insert into :schema.transactions (id, source_id, epoch, committed_at, size)
        select p.transaction_id, p.source_id,
          coalesce((select c.epoch from :schema.checkpoints c where c.source_id = p.source_id), 0),
          max(p.occurred_at), count(*)
        from placed p group by p.transaction_id, p.source_id
    ), links as (
      insert into :schema.entry_links (entry_id, kind, relation_id, linked_id)
        select p.id, p.link_kind, p.relation_id, p.linked_id from placed p where p.link_kind is not null
    ), events as (
      insert into :schema.events (event_id, entry_id, digest)
        select p.event_id, p.id, decode(p.digest, 'hex') from placed p
    )
    select json_agg(json_build_object('source_id', b.source_id, 'rollups', b.rollups)) into v_rollups
      from (
        select c.source_id, json_agg(c order by c.bucket, c.relation_id, c.actor_id, c.action) as rollups
        from (
          select p.source_id, date_bin('15 minutes', p.occurred_at, timestamptz '2000-01-01 00:00:00+00') as bucket,
            coalesce(p.relation_id, 0) as relation_id, p.actor_id, p.action, 'api' as attribution, count(*), min(p.id) as min_id, max(p.id) as max_id
          from placed p group by 1, 2, 3, 4, 5
        ) c group by c.source_id
      ) b;
    perform :schema.add_rollups(x.source_id, x.rollups)
      from json_to_recordset(v_rollups) as x(source_id integer, rollups json);
    delete from :schema.flushes where first_id = v_first;
  end if;
  return query
    select g.n, e.entry_id,
      case when e.event_id is null or e.digest <> decode(g.digest, 'hex') then 'conflict'
        when g.n = any (v_fresh) then 'new' else 'known' end
    from json_to_recordset(p_entries) as g(n integer, event_id uuid, digest text)
    left join :schema.events e on e.event_id = g.event_id
    order by g.n;
end
$$;

-- Forgets the ids of events whose entries retention has removed; returns how many.
create function :schema.forget_events() returns bigint
  language sql as $$
  with gone as (
    delete from :schema.events where entry_id < (select min(id) from :schema.entries) returning 1
  ) select count(*) from gone
$$;
