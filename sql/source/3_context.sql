-- Session context: claims in plain settings (rowtrail.user_id ...), sent once per transaction and again when they change.
-- These functions run under the application's search_path, in which anything may shadow pg_catalog (`=`, text): every
-- name is qualified, those of types too, and `is distinct from`, which looks for an `=` of its own, is not used.
-- :payload is the text of the context message, an array over the settings; :message wraps it for the wire.
-- Decoding puts a transaction's subtransactions together by position: that of a message is where it ends, that of a row
-- where it begins, and of two that are equal either may come first. A row written directly after a message of another
-- subtransaction may so be streamed before it. What must come before such a row is followed by :separator, a message
-- that says nothing. A transaction's first context needs none: it holds for the rows before it, too.
-- https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/replication/logical/decode.c (logicalmsg_decode)

-- Sets several claims at once: user_id, user_name, ip, user_agent, comment, request_id, context; null clears one.
-- Other keys are added to context. Sends nothing: a transaction that only reads must not write WAL.
create or replace function rowtrail.set_context(context jsonb, is_local boolean default true) returns void
  language plpgsql volatile
as $$
declare
  v_key pg_catalog.text;
  v_value pg_catalog.text;
  v_other pg_catalog.jsonb := '{}';
begin
  if context is null or pg_catalog.jsonb_typeof(context) operator(pg_catalog.=) 'null' then
    return;
  end if;
  if pg_catalog.jsonb_typeof(context) operator(pg_catalog.<>) 'object' then
    raise exception 'rowtrail.set_context takes a JSON object, not a JSON %', pg_catalog.jsonb_typeof(context)
      using errcode = 'invalid_parameter_value', hint = 'For example: {"user_id": "7", "ip": "203.0.113.9"}.';
  end if;
  for v_key, v_value in select e.key, e.value from pg_catalog.jsonb_each_text(context) e loop
    if v_key operator(pg_catalog.=) any (array['user_id', 'user_name', 'ip', 'user_agent', 'comment', 'request_id', 'context']) then
      perform pg_catalog.set_config('rowtrail.' operator(pg_catalog.||) v_key, coalesce(v_value, ''), is_local);
    else
      v_other := v_other operator(pg_catalog.||) pg_catalog.jsonb_build_object(v_key, context operator(pg_catalog.->) v_key);
    end if;
  end loop;
  if v_other operator(pg_catalog.<>) '{}'::pg_catalog.jsonb then
    if pg_catalog.jsonb_typeof(context operator(pg_catalog.->) 'context') operator(pg_catalog.=) 'object' then
      v_other := (context operator(pg_catalog.->) 'context') operator(pg_catalog.||) v_other;
    end if;
    perform pg_catalog.set_config('rowtrail.context', v_other::pg_catalog.text, is_local);
  end if;
end
$$;

-- Says hello if this session has not yet: the app's statement goes on whatever happens, and its rows are of unknown
-- origin then. The next transaction tries again.
create or replace function rowtrail.greet() returns void
  language plpgsql volatile
as $$
begin
  if coalesce(pg_catalog.current_setting('rowtrail.session', true), '') operator(pg_catalog.=) '' then
    perform rowtrail.hello();
  end if;
exception when others then
  perform pg_catalog.set_config('rowtrail.session', '-', true);
end
$$;

-- A context message within its limit: with each value shortened, if it is too large.
create or replace function rowtrail.within_limit(payload text) returns text
  language plpgsql immutable
as $$
begin
  if pg_catalog.octet_length(payload) operator(pg_catalog.<=) :max_bytes then
    return payload;
  end if;
  return (
    select pg_catalog.array_agg(case
        when pg_catalog.length(x.value) operator(pg_catalog.>) :max_value_chars
          then pg_catalog."left"(x.value, :max_value_chars operator(pg_catalog.-) 1) operator(pg_catalog.||) :ellipsis
        else x.value end order by x.position)::pg_catalog.text
    from pg_catalog.unnest(payload::pg_catalog.text[]) with ordinality as x(value, position)
  );
end
$$;

-- The context message as the settings have it now. A function of its own, so that its long expression is prepared once
-- in a transaction, not once for each trigger of each table.
create or replace function rowtrail.payload() returns text
  language plpgsql volatile
as $$
begin
  return :payload;
end
$$;

-- Sends the context now unless the last message of this transaction says the same. Writes WAL.
create or replace function rowtrail.emit_context() returns void
  language plpgsql volatile
as $$
declare
  v_payload pg_catalog.text := rowtrail.payload();
  v_message pg_catalog.text;
begin
  -- The usual case, without a question too many: apps call this in each of their transactions.
  if coalesce(pg_catalog.current_setting('rowtrail.sent', true), '') operator(pg_catalog.=) ''
    and pg_catalog.current_setting('rowtrail.session', true) operator(pg_catalog.<>) ''
    and pg_catalog.octet_length(v_payload) operator(pg_catalog.<=) :max_bytes then
    v_payload := pg_catalog.set_config('rowtrail.sent', v_payload,
      pg_catalog.pg_logical_emit_message(true, 'rowtrail', :trigger_message) is not null);
    return;
  end if;
  if v_payload operator(pg_catalog.=) pg_catalog.current_setting('rowtrail.sent', true) then
    return;
  end if;
  -- greet looks, too, but within its handler of exceptions, which is a subtransaction.
  if coalesce(pg_catalog.current_setting('rowtrail.session', true), '') operator(pg_catalog.=) '' then
    perform rowtrail.greet();
    v_payload := rowtrail.payload();
  end if;
  if v_payload operator(pg_catalog.<>) coalesce(pg_catalog.current_setting('rowtrail.sent', true), '') then
    v_message := rowtrail.within_limit(v_payload);
    perform pg_catalog.pg_logical_emit_message(true, 'rowtrail', :message);
    perform pg_catalog.pg_logical_emit_message(true, 'rowtrail', :separator);
    perform pg_catalog.set_config('rowtrail.sent', v_payload, true);
  end if;
end
$$;

-- Statement triggers on each tracked table and partition. Few and short expressions: plpgsql prepares each anew in
-- every transaction, and this runs in every write of the app. `return old` is null here and, unlike `return null`,
-- no expression.
-- Before a statement: a transaction that has written may be under a new context by now.
create or replace function rowtrail.context_trigger() returns trigger
  language plpgsql volatile
as $$
begin
  if pg_catalog.pg_current_xact_id_if_assigned() is not null then
    if rowtrail.payload() operator(pg_catalog.<>) coalesce(pg_catalog.current_setting('rowtrail.sent', true), '') then
      perform rowtrail.emit_context();
    end if;
  end if;
  return old;
end
$$;

-- After it: a transaction's first statement has written only now, so that one which touches no row costs no WAL. The usual
-- case is that of emit_context, written again to save a call in each transaction that writes.
create or replace function rowtrail.context_after() returns trigger
  language plpgsql volatile
as $$
declare
  v_payload pg_catalog.text;
begin
  if pg_catalog.current_setting('rowtrail.sent', true) operator(pg_catalog.<>) '' then
    return old;
  end if;
  if pg_catalog.pg_current_xact_id_if_assigned() is not null then
    v_payload := rowtrail.payload();
    if pg_catalog.current_setting('rowtrail.session', true) operator(pg_catalog.<>) ''
      and pg_catalog.octet_length(v_payload) operator(pg_catalog.<=) :max_bytes then
      v_payload := pg_catalog.set_config('rowtrail.sent', v_payload,
        pg_catalog.pg_logical_emit_message(true, 'rowtrail', :trigger_message) is not null);
    else
      perform rowtrail.emit_context();
    end if;
  end if;
  return old;
end
$$;
