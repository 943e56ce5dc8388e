-- Who may what. Default privileges of the installer may have given more away: take everything back first.
do $$
declare
  v_grantee text;
  v_object record;
begin
  for v_object in
    select c.oid::pg_catalog.regclass::text as name, c.relacl as acl, c.relowner as owner, 'table' as kind
      from pg_catalog.pg_class c where c.relnamespace = 'rowtrail'::pg_catalog.regnamespace and c.relkind = 'r'
    union all
    select p.oid::pg_catalog.regprocedure::text, p.proacl, p.proowner, 'function'
      from pg_catalog.pg_proc p where p.pronamespace = 'rowtrail'::pg_catalog.regnamespace
    union all
    select 'rowtrail', n.nspacl, n.nspowner, 'schema' from pg_catalog.pg_namespace n where n.nspname = 'rowtrail'
  loop
    execute pg_catalog.format('revoke all on %s %s from public', v_object.kind, v_object.name);
    for v_grantee in
      select distinct pg_catalog.quote_ident(r.rolname) from pg_catalog.aclexplode(v_object.acl) a
        join pg_catalog.pg_roles r on r.oid = a.grantee where a.grantee <> v_object.owner
    loop
      execute pg_catalog.format('revoke all on %s %s from %s', v_object.kind, v_object.name, v_grantee);
    end loop;
  end loop;
end
$$;

grant usage on schema rowtrail to public;
grant execute on function rowtrail.hello() to public;
grant execute on function rowtrail.set_context(jsonb, boolean) to public;
grant execute on function rowtrail.payload(), rowtrail.emit_context(), rowtrail.greet(), rowtrail.within_limit(text) to public;
grant execute on function rowtrail.log(text, text, jsonb, regclass, text) to public;
-- For the owners of new partitions, who put the triggers on them.
grant execute on function rowtrail.context_trigger(), rowtrail.context_after() to public;
grant execute on function rowtrail.truncate_trigger() to public;
grant execute on function rowtrail.has_partition_trigger(oid, boolean) to public;
grant execute on function rowtrail.holds_table(oid) to public;
grant execute on function rowtrail.cover_partition(oid, boolean, boolean) to public;
grant execute on function rowtrail.uncover_partition(oid) to public;
grant execute on function rowtrail.report_uncovered(oid) to public;

do $$
begin
  -- Only where messages have to be converted.
  if pg_catalog.to_regprocedure('rowtrail.utf8(text)') is not null then
    grant execute on function rowtrail.utf8(text) to public;
  end if;
end
$$;

do $$
begin
  if pg_catalog.pg_has_role(current_user, 'rowtrail_owner', 'usage') then
    grant usage, create on schema rowtrail to rowtrail_owner; -- a function's new owner needs create for the moment
    grant select on rowtrail.install to rowtrail_owner;
    grant select, insert, delete on rowtrail.sessions to rowtrail_owner;
    grant select, insert, update, delete on rowtrail.tables to rowtrail_owner;
    grant select, delete on rowtrail.reverts, rowtrail.revert_links to rowtrail_owner;
    alter function rowtrail.hello() owner to rowtrail_owner;
    alter function rowtrail.prune_sessions() owner to rowtrail_owner;
    alter function rowtrail.send_partition(text, oid, text, text, oid, text, text) owner to rowtrail_owner;
    grant execute on function rowtrail.send_truncated(oid, oid) to rowtrail_owner;
    alter function rowtrail.truncate_trigger() owner to rowtrail_owner;
    alter function rowtrail.cover_partition(oid, boolean, boolean) owner to rowtrail_owner;
    alter function rowtrail.uncover_partition(oid) owner to rowtrail_owner;
    alter function rowtrail.report_uncovered(oid) owner to rowtrail_owner;
    alter function rowtrail.partition_drop() owner to rowtrail_owner;
    alter function rowtrail.forget_tables(oid[]) owner to rowtrail_owner;
    alter function rowtrail.send_revert_links() owner to rowtrail_owner;
    alter function rowtrail.prune_reverts() owner to rowtrail_owner;
    revoke create on schema rowtrail from rowtrail_owner;
  end if;
exception when undefined_object then
  null; -- no such role here: the installer owns them
end
$$;

grant usage on schema rowtrail to :daemon;
grant select on rowtrail.install, rowtrail.tables, rowtrail.sessions to :daemon;
grant execute on function rowtrail.prune_sessions(), rowtrail.prune_reverts() to :daemon;
grant execute on function rowtrail.forget_tables(oid[]) to :daemon;
grant execute on function rowtrail.is_wanted(text, text) to :daemon;
grant execute on function rowtrail.tracked_schemas() to :daemon;
grant execute on function rowtrail.track_policy(oid) to :daemon;
:grant_revert
