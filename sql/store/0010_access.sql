-- Who may ask: tokens for programs and people, and the sign-ins of browsers. Only hashes of secrets are kept.
create table :schema.tokens (
  id bigint generated always as identity primary key,
  name text not null,
  hash bytea not null unique check (octet_length(hash) = 32),  -- SHA-256 of the whole token
  role text not null check (role in ('writer', 'viewer', 'operator', 'admin')),
  tables text[],                         -- patterns as in the configuration; null: not limited
  created_by text not null,              -- the name of the token that made it, or 'setup' or 'cli'
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz               -- to the minute
);

-- A browser has a secret of its own, which ends with its token.
create table :schema.sign_ins (
  hash bytea primary key check (octet_length(hash) = 32),
  token_id bigint not null references :schema.tokens,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);
create index on :schema.sign_ins (expires_at);
