-- Rowtrail on the source: its schema, what it records about itself, and the owner of its definer functions.
-- Safe to run again. Filled in by setup: :version, :source, :slot, :publication, :settings, :options.

create schema if not exists rowtrail;
comment on schema rowtrail is 'Rowtrail: session context, events and what setup changed. Removed by rowtrail teardown.';

create table if not exists rowtrail.install (
  singleton boolean primary key default true check (singleton),
  version text not null,
  source text not null,
  slot text not null,
  publication text not null,
  -- Sent with each hello: the daemon believes a session's facts only with it. Two random uuids: 244 bits.
  secret text not null default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
  -- The mapped settings that context messages end with, in their order.
  context_settings text[] not null,
  installed_at timestamptz not null default now()
);
do $$
begin
  if not exists (select from pg_catalog.pg_attribute a
    where a.attrelid = 'rowtrail.install'::pg_catalog.regclass and a.attname = 'options') then
    -- What the functions of schema.sql have to know of the configuration: setupOptions in src/setup/source-sql.ts.
    alter table rowtrail.install add column options json not null default '{}';
  end if;
end
$$;
insert into rowtrail.install (version, source, slot, publication, context_settings, options)
  values (:version, :source, :slot, :publication, :settings, :options)
  on conflict (singleton) do update
    set version = excluded.version, source = excluded.source, slot = excluded.slot,
        publication = excluded.publication, context_settings = excluded.context_settings, options = excluded.options;

-- What setup did to each table, so that teardown can put it back. Leaf partitions have rows of their own.
create table if not exists rowtrail.tables (
  relid oid primary key,
  root oid not null,
  schema_name text not null,
  table_name text not null,
  prior_identity "char" not null,        -- pg_class.relreplident before
  prior_identity_index text,
  identity_changed boolean not null,
  installed_at timestamptz not null default now(),
  kind "char"                            -- pg_class.relkind: only r has rows of its own; null: recorded before version 2
);
do $$
begin
  -- Looked for first: even where there is nothing to add, ALTER TABLE would lock out whoever does DDL meanwhile.
  if not exists (select from pg_catalog.pg_attribute a
    where a.attrelid = 'rowtrail.tables'::pg_catalog.regclass and a.attname = 'kind') then
    alter table rowtrail.tables add column kind "char";
  end if;
  if not exists (select from pg_catalog.pg_attribute a
    where a.attrelid = 'rowtrail.tables'::pg_catalog.regclass and a.attname = 'columns') then
    alter table rowtrail.tables add column columns json; -- of roots: as the last command left them
  end if;
end
$$;

-- Who a session token belongs to. No unique key but the token, no reader among the apps.
create table if not exists rowtrail.sessions (
  token text primary key,
  pid integer not null,
  backend_start timestamptz,
  "session_user" text not null,
  client_addr text,
  created_at timestamptz not null default clock_timestamp()
);

-- A role that no one can log in with owns what runs with more rights than its caller. Where the installer may
-- not create roles (some hosted databases), the installer stays the owner.
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'rowtrail_owner') then
    create role rowtrail_owner nologin;
  end if;
  if not pg_catalog.pg_has_role(current_user, 'rowtrail_owner', 'usage') then
    grant rowtrail_owner to current_user;
  end if;
  -- The role is the cluster's: from here to the end of this transaction, no teardown of another database can drop it.
  grant usage on schema rowtrail to rowtrail_owner;
exception when insufficient_privilege then
  raise notice 'rowtrail: no right to create or use the role rowtrail_owner: % owns rowtrail.hello()', current_user;
end
$$;

-- backend_start of other sessions is hidden from other roles; without it a session gets a random token.
do $$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'rowtrail_owner')
    and not pg_catalog.pg_has_role('rowtrail_owner', 'pg_read_all_stats', 'usage') then
    grant pg_read_all_stats to rowtrail_owner;
  end if;
exception when insufficient_privilege then
  raise notice 'rowtrail: no right to grant pg_read_all_stats to rowtrail_owner: session tokens will be random';
end
$$;
