-- The handshake of a session: a token that stands for facts which the database knows and the client cannot choose.

-- Returns this session's token and leaves it in the setting rowtrail.session. Token = hash of the secret and the
-- facts, so that a session which lost its settings (DISCARD ALL) gets the same one back without reading the table:
-- reads and unique waits here would fail serializable transactions and hang behind prepared ones.
create or replace function rowtrail.hello() returns text
  language plpgsql security definer volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_pid integer := pg_backend_pid();
  v_addr text := host(inet_client_addr());
  v_start timestamptz := (select a.backend_start from pg_stat_activity a where a.pid = pg_backend_pid());
  v_secret text := (select i.secret from rowtrail.install i);
  v_read_only boolean := current_setting('transaction_read_only')::boolean;
  v_token text;
begin
  v_token := case
    when v_start is null then replace(gen_random_uuid()::text, '-', '')
    else left(encode(sha256(concat_ws('|', v_secret, v_pid, extract(epoch from v_start), md5(session_user), v_addr)::bytea), 'hex'), 32)
  end;
  -- The lock is held by this session's own transaction, or by one it has prepared: never wait for that one.
  if not v_read_only and pg_try_advisory_xact_lock(hashtextextended(v_token, 0)) then
    insert into rowtrail.sessions (token, pid, backend_start, "session_user", client_addr)
      values (v_token, v_pid, v_start, session_user, v_addr)
      on conflict (token) do nothing;
  end if;
  -- Not with the transaction: one that is prepared may be committed after others that the session makes meanwhile.
  perform pg_logical_emit_message(false, 'rowtrail', :hello);
  -- After a read-only transaction the session says hello again, so that it gets its row.
  return set_config('rowtrail.session', v_token, v_read_only);
end
$$;

-- Removes sessions that are over; for the daemon, never on an app's path. Returns how many.
create or replace function rowtrail.prune_sessions() returns bigint
  language sql security definer volatile
  set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    delete from rowtrail.sessions s
      where s.created_at < now() - interval '7 days'
        and not exists (select from pg_stat_activity a where a.pid = s.pid)
      returning 1
  )
  select count(*) from gone
$$;
