-- Events that are not row changes: login, logout, comment or any action of the app's own.
create or replace function rowtrail.log(
  action text, comment text default null, data jsonb default '{}', table_name regclass default null, record_key text default null
) returns void
  language plpgsql volatile
as $$
declare
  v_schema pg_catalog.text;
  v_table pg_catalog.text;
  v_oid pg_catalog.oid := coalesce(pg_catalog.pg_partition_root(table_name), table_name)::pg_catalog.oid;
  v_message pg_catalog.text;
begin
  if action is null or action operator(pg_catalog.!~) '^[a-z][a-z0-9_.-]{0,62}$' then
    raise exception 'rowtrail.log: % is not an action', coalesce(pg_catalog.quote_literal(action), 'null')
      using errcode = 'invalid_parameter_value',
            hint = 'An action is up to 63 of a-z, 0-9, "_", "." and "-", and begins with a letter: login, order.exported.';
  end if;
  if action operator(pg_catalog.=) any (array['create', 'insert', 'update', 'delete', 'truncate', 'baseline', 'schema']) then
    raise exception 'rowtrail.log: the action % is kept for changes that Rowtrail itself saw', action
      using errcode = 'invalid_parameter_value', hint = 'Choose a name of your own, such as order.updated.';
  end if;
  if v_oid is not null then
    select n.nspname, c.relname into v_schema, v_table
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where c.oid operator(pg_catalog.=) v_oid;
  end if;
  perform rowtrail.emit_context();
  v_message := array['e', pg_catalog.current_setting('rowtrail.session', true), action, comment,
    coalesce(data, '{}'::pg_catalog.jsonb)::pg_catalog.text, v_schema, v_table, record_key, v_oid::pg_catalog.text]::pg_catalog.text;
  if pg_catalog.octet_length(v_message) operator(pg_catalog.>) :max_bytes then
    raise exception 'rowtrail.log: the event takes % bytes, and at most % are kept', pg_catalog.octet_length(v_message), :max_bytes
      using errcode = 'program_limit_exceeded', hint = 'Log a reference to the data instead.';
  end if;
  perform pg_catalog.pg_logical_emit_message(true, 'rowtrail', :message);
  perform pg_catalog.pg_logical_emit_message(true, 'rowtrail', :separator);
end
$$;
