-- Session context: claims in plain settings (rowtrail.user_id ...), sent once per transaction and again when they change.
-- These functions run under the application's search_path, in which anything may shadow pg_catalog (`=`, text): every
-- name is qualified, those of types too, and `is distinct from`, which looks for an `=` of its own, is not used.
-- :payload is the text of the context message, an array over the settings; :message wraps it for the wire.

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

-- Sends the context now unless the last message of this transaction says the same. Writes WAL.
create or replace function rowtrail.emit_context() returns void
  language plpgsql volatile
as $$
declare
  v_payload pg_catalog.text;
  v_sent pg_catalog.text := pg_catalog.current_setting('rowtrail.sent', true);
  v_message pg_catalog.text;
begin
  if coalesce(pg_catalog.current_setting('rowtrail.session', true), '') operator(pg_catalog.=) '' then
    begin
      perform rowtrail.hello();
    exception when others then
      -- The app's statement goes on; its rows are of unknown origin. The next transaction tries again.
      perform pg_catalog.set_config('rowtrail.session', '-', true);
    end;
  end if;
  v_payload := :payload;
  if v_sent is null or v_payload operator(pg_catalog.<>) v_sent then
    v_message := v_payload;
    if pg_catalog.octet_length(v_payload) operator(pg_catalog.>) :max_bytes then
      v_message := (
        select pg_catalog.array_agg(case
            when pg_catalog.length(x.value) operator(pg_catalog.>) :max_value_chars
              then pg_catalog."left"(x.value, :max_value_chars operator(pg_catalog.-) 1) operator(pg_catalog.||) :ellipsis
            else x.value end order by x.position)::pg_catalog.text
        from pg_catalog.unnest(v_payload::pg_catalog.text[]) with ordinality as x(value, position)
      );
    end if;
    perform pg_catalog.pg_logical_emit_message(true, 'rowtrail', :message);
    perform pg_catalog.set_config('rowtrail.sent', v_payload, true);
  end if;
end
$$;

-- Statement trigger on each tracked table and partition, before and after. Few and short expressions: plpgsql
-- prepares each anew in every transaction, and this runs in every write of the app.
-- Before: a transaction that has written may be under a new context by now. After: its first statement has written,
-- so that a statement which touches no row costs no WAL.
create or replace function rowtrail.context_trigger() returns trigger
  language plpgsql volatile
as $$
declare
  v_payload pg_catalog.text;
  v_sent pg_catalog.text;
begin
  if pg_catalog.pg_current_xact_id_if_assigned() is not null then
    v_sent := pg_catalog.current_setting('rowtrail.sent', true);
    if tg_when operator(pg_catalog.=) 'BEFORE' or coalesce(v_sent, '') operator(pg_catalog.=) '' then
      v_payload := :payload;
      if v_sent is null or v_payload operator(pg_catalog.<>) v_sent then
        if pg_catalog.current_setting('rowtrail.session', true) operator(pg_catalog.>) ''
          and pg_catalog.octet_length(v_payload) operator(pg_catalog.<=) :max_bytes then
          v_sent := pg_catalog.set_config('rowtrail.sent', v_payload,
            pg_catalog.pg_logical_emit_message(true, 'rowtrail', :trigger_message) is not null);
        else
          perform rowtrail.emit_context();
        end if;
      end if;
    end if;
  end if;
  return null;
end
$$;
