-- Ways into the history for the filters of the activity list. What they cost a transaction is one entry or none in each
-- index: an application that claims nothing has no row in those on claims.

-- The address that a text begins with; null if it does not: what a client claims may be anything, and must never make a
-- write fail, so only what inet takes for certain is cast. Of a list (X-Forwarded-For) the first one; an IPv4 address
-- that is mapped into IPv6 is the IPv4 address. Not strict, so that it can be inlined.
create function :schema.address(p_text text) returns inet language sql immutable parallel safe as $$
  select case
    when p_text ~* '^\s*(::ffff:)?((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\s*(,|$)'
      then pg_catalog.substring(p_text, '(\d+\.\d+\.\d+\.\d+)')::inet
    when pg_catalog.strpos(p_text, ':') > 0
      and p_text ~* '^\s*(([\da-f]{1,4}:){7}[\da-f]{1,4}|([\da-f]{1,4}:){1,6}:[\da-f]{1,4}|([\da-f]{1,4}:){1,5}(:[\da-f]{1,4}){1,2}|([\da-f]{1,4}:){1,4}(:[\da-f]{1,4}){1,3}|([\da-f]{1,4}:){1,3}(:[\da-f]{1,4}){1,4}|([\da-f]{1,4}:){1,2}(:[\da-f]{1,4}){1,5}|[\da-f]{1,4}:(:[\da-f]{1,4}){1,6}|:(:[\da-f]{1,4}){1,7}|([\da-f]{1,4}:){1,7}:|::)(%\w*)?\s*(,|$)'
      then pg_catalog.substring(pg_catalog.lower(p_text), '([\da-f:]+)')::inet
  end
$$;

-- The comment of an event. Its data may come from a session that writes its messages by hand, with strings that
-- PostgreSQL cannot represent: those have no comment to search for. Of a long one, its beginning: a tsvector has a limit.
-- (A block with an exception is a subtransaction, and there is none in a parallel worker.)
create function :schema.event_comment(p_data json) returns text language plpgsql immutable strict parallel restricted as $$
begin
  return pg_catalog.left(p_data operator(pg_catalog.->>) 'comment', 8192);
exception when others then
  return null;
end
$$;

-- source_id: contexts of one source do not overlap, so those of one value and source, in their order, are a way to walk.
create index contexts_request_idx on :schema.contexts (request_id, source_id, id) where request_id is not null;
create index contexts_address_idx on :schema.contexts (:schema.address(ip), source_id, id) where ip is not null;
-- An address is the one claimed, or else the session's.
create index contexts_session_idx on :schema.contexts (session_id, id) where ip is null and session_id is not null;
create index sessions_address_idx on :schema.sessions (:schema.address(client_addr), id) where client_addr is not null;

-- Words, in any language: `simple` only takes them apart. Claims are cut to 8192 characters, so that none is too long for it.
create index contexts_comment_idx on :schema.contexts using gin (to_tsvector('pg_catalog.simple', comment))
  where comment is not null;
create index entries_comment_idx on :schema.entries using gin (to_tsvector('pg_catalog.simple', :schema.event_comment(data)))
  where row is null and data is not null;
create index actors_words_idx on :schema.actors using gin (to_tsvector('pg_catalog.simple', claim || ' ' || coalesce(name, '')));
