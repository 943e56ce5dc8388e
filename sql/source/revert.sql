-- Reverts: what was taken back by whom, written in the revert's own transaction by the role of `revert.url`, the only one
-- with a right on these tables. What a revert says of its entries goes out in messages that carry the install secret: no
-- setting and no message of a client's can claim it.

create table if not exists rowtrail.reverts (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  -- A request that is made again under the same key gets the result of the first.
  idempotency_key text unique,
  request_hash text,
  requested_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  result json not null
);
create index if not exists reverts_created_at_idx on rowtrail.reverts (created_at);

-- Which entries a revert takes back in a record: its own entries of that record will say so.
create table if not exists rowtrail.revert_links (
  revert_id bigint not null,             -- without a foreign key, whose check of each row would cost more than the row
  relation oid not null,                 -- of a partitioned table, its root
  record_key text not null,              -- before or after what the revert does to it
  entries bigint[] not null
);
create index if not exists revert_links_revert_id_idx on rowtrail.revert_links (revert_id);

-- Sends the links that a statement has written. A table's owner may have put code on it, which runs with the revert
-- role's rights: what is written while a trigger is at work is refused, and so is whatever makes a transaction more than
-- one revert (rules and check constraints run code, too). The role may not choose `xid` and `created_at`.
create or replace function rowtrail.send_revert_links() returns trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_secret text := (select i.secret from rowtrail.install i);
  v_reverts bigint[];
  v_message text;
begin
  if pg_trigger_depth() > 1 then
    raise exception 'rowtrail.revert_links is not written from a trigger' using errcode = 'insufficient_privilege';
  end if;
  -- A restored backup may have reverts under the same xid: those are older.
  v_reverts := array(select r.id from rowtrail.reverts r
    where r.xid = pg_current_xact_id() and r.created_at >= transaction_timestamp());
  if cardinality(v_reverts) > 1 or exists (select from rowtrail_new n where n.revert_id <> all (v_reverts)) then
    raise exception 'rowtrail.revert_links takes the links of this transaction''s one revert alone' using errcode = 'insufficient_privilege';
  end if;
  -- One record may have been changed any number of times: no link is larger than a message.
  for v_message in
    select format('{v,%s,%s}', v_secret, string_agg(l.link, ','))
    from (
      select k.link, sum(octet_length(k.link) + 1) over (rows unbounded preceding) / (:max_bytes / 2) as part
      from rowtrail_new n cross join generate_series(1, cardinality(n.entries), 10000) p
        cross join lateral (select array[n.relation::text, n.record_key, array_to_string(n.entries[p : p + 9999], ' ')]::text as text) t
        cross join lateral (select substr(t.text, 2, length(t.text) - 2) as link) k
    ) l
    group by l.part
  loop
    perform pg_logical_emit_message(true, 'rowtrail', :message);
  end loop;
  return null;
end
$$;

do $$
begin
  -- Looked for first: replacing it would wait for reverts that are at work.
  if not exists (select from pg_catalog.pg_trigger t
    where t.tgrelid = 'rowtrail.revert_links'::pg_catalog.regclass and t.tgname = 'send_revert_links') then
    create trigger send_revert_links after insert on rowtrail.revert_links
      referencing new table as rowtrail_new for each statement execute function rowtrail.send_revert_links();
    alter table rowtrail.revert_links enable always trigger send_revert_links;
  end if;
end
$$;

-- Removes reverts that no one will ask for again, with their links; for the daemon. Returns how many.
create or replace function rowtrail.prune_reverts() returns bigint
  language sql security definer volatile
  set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    delete from rowtrail.reverts r where r.created_at < now() - interval '7 days' returning r.id
  ), links as (
    delete from rowtrail.revert_links l using gone g where l.revert_id = g.id
  )
  select count(*) from gone
$$;
