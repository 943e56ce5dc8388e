/**
 * What a generated history is made of, as SQL. Everything follows from a transaction's number, by hashes of it: two
 * builds hold the same, but for the day on which they end, and parts can be made side by side.
 */

export const SOURCES = ['shop', 'billing'] as const;
export const TABLES = { shop: 180, billing: 20 } as const;
export const USERS = { shop: 50_000, billing: 5_000 } as const;
/** Roles of the database that act without a claim, in each source. */
const ROLES = 5;
const SESSIONS = 1_000;
/** Of a transaction. Entries of a transaction take this many numbers. */
const MAX_SIZE = 500;
const NUMBERS = 1_024;
/** What `sizeSql` comes to on the average. */
export const ENTRIES_PER_TRANSACTION = 4.08;
/** One of the single-row transactions in seven changes the record `HOT_RECORD`: 2 % of all entries. */
const HOT_SHARE = 0.14;
export const HOT_TABLE = 'public.table_001';
export const HOT_RECORD = '1';
const LOGIN_SHARE = 0.05;

export const SCRATCH_SQL = `
create schema if not exists bench;
-- Evenly from 0 up to 1, by a number and what it is for.
create or replace function bench.u(p_number bigint, p_purpose integer) returns double precision
  language sql immutable strict parallel safe
  as 'select (hashint8extended(p_number, p_purpose) & 281474976710655)::double precision / 281474976710656';
-- From 1 to p_many, k as often as 1/k says: Zipf's law.
create or replace function bench.zipf(p_u double precision, p_many integer) returns integer
  language sql immutable strict parallel safe
  as 'select floor(power(p_many + 1::double precision, p_u))::integer'`;

/** Sources, relations, actors and sessions, with the ids that entries are made with. */
export const DICTIONARY_SQL = `
insert into :schema.sources (id, name) overriding system value values (1, '${SOURCES[0]}'), (2, '${SOURCES[1]}');
insert into :schema.checkpoints (source_id, epoch, capture, slot, end_lsn, acknowledged_lsn)
  select id, 1, 'wal', 'rowtrail_' || name, '0/0', '0/0' from :schema.sources;
insert into :schema.relations (id, source_id, oid, schema_name, table_name, key_columns) overriding system value
  select i, case when i <= ${TABLES.shop} then 1 else 2 end, 16384 + i, 'public', 'table_' || lpad(i::text, 3, '0'), '{id}'
  from generate_series(1, ${TABLES.shop + TABLES.billing}) i;
insert into :schema.relation_versions (relation_id, version, schema_name, table_name, key_columns, columns)
  select r.id, 1, r.schema_name, r.table_name, r.key_columns, '[{"name":"id","type":"bigint"},{"name":"customer_id","type":"integer"},
    {"name":"quantity","type":"integer"},{"name":"price","type":"numeric(12,2)"},{"name":"placed_at","type":"timestamp with time zone"},
    {"name":"paid","type":"boolean"},{"name":"reference","type":"uuid"},{"name":"status","type":"text"},
    {"name":"email","type":"text"},{"name":"note","type":"text"},{"name":"details","type":"jsonb"}]'
  from :schema.relations r;
insert into :schema.actors (id, source_id, kind, claim, name) overriding system value
  select i, case when i <= ${USERS.shop} then 1 else 2 end, 'user', i::text, 'User ' || i
    from generate_series(1, ${USERS.shop + USERS.billing}) i
  union all
  select ${USERS.shop + USERS.billing} + i, 1 + (i - 1) / ${ROLES}, 'database', 'role_' || 1 + (i - 1) % ${ROLES}, null
    from generate_series(1, ${2 * ROLES}) i
  union all
  select ${USERS.shop + USERS.billing + 2 * ROLES} + i, i, 'unknown', '', null from generate_series(1, 2) i;
insert into :schema.sessions (id, source_id, token_hash, session_role, client_addr, pid, started_at) overriding system value
  select i, 1 + (i - 1) / ${SESSIONS}, decode(md5(i::text), 'hex'), 'role_' || 1 + i % ${ROLES}, '10.0.' || i % 16 || '.' || i % 250,
    1000 + i, now() - interval '400 days'
  from generate_series(1, ${2 * SESSIONS}) i;
select setval(pg_get_serial_sequence(':schema.' || t, 'id'), 100000)
  from unnest(array['sources', 'relations', 'actors', 'sessions']) t`;

/**
 * The transactions $1 to $2 (numbers; $3 a day, from the day $4 on) as the temporary table `tx`. A day is quiet at its
 * ends and busy in its middle.
 */
export const TRANSACTIONS_SQL = `
create temporary table tx as
select x.n, x.second, x.second + make_interval(secs => bench.u(x.n, 10) * 0.9) as at, :schema.id_at(x.second) as id, x.size, x.is_truncate,
  x.size = 1 and not x.is_truncate and x.kind < ${HOT_SHARE} as is_hot, x.size = 1 and not x.is_truncate and x.kind >= ${1 - LOGIN_SHARE} as is_login,
  x.source_id, ${actorSql('x.n', 4)} as actor_id,
  case when x.size >= 4 and bench.u(x.n, 5) < 0.05 then x.size / 2 end as split, ${actorSql('-x.n', 4)} as other_actor_id,
  ${relationSql('bench.u(x.n, 6)', 'x.source_id')} as relation_id,
  (1 + (x.source_id - 1) * ${SESSIONS} + floor(bench.u(x.n, 7) * ${SESSIONS}))::bigint as session_id
from (
  select n, case when n = $1 + 5 then 1 else ${sizeSql('bench.u(n, 1)')} end as size, n = $1 + 5 as is_truncate, bench.u(n, 2) as kind,
    case when bench.u(n, 3) < 0.05 then 2 else 1 end as source_id,
    date_trunc('second', $4::timestamptz + make_interval(days => (n / $3)::integer,
      secs => 86400 * ((n % $3)::double precision / $3 + 0.8 * sin(2 * pi() * (n % $3)::double precision / $3) / (2 * pi())))) as second
  from generate_series($1::bigint, $2::bigint) n offset 0) x`;

/** The entries of `tx`. `offset 0` keeps what is worked out once from being worked out wherever it is used. A changed row is like those of the ingest benchmark: about 450 bytes as text. */
export const ENTRIES_SQL = `
insert into :target (id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, row, old, data)
select x.id, x.at, x.transaction_id, x.context_id, x.ordinal, x.relation_id, x.action, case when x.action <> 'truncate' then x.k::text end,
  case when x.relation_id is not null and x.action <> 'truncate' then
    (concat('{"id":', x.k, ',"customer_id":', x.m % 50000, ',"quantity":', 1 + x.m % 40, ',"price":', (x.m % 1000000) / 100.0,
      ',"placed_at":"', x.at, '","paid":', case when x.many then 'true' else 'false' end, ',"reference":"', md5(x.m::text)::uuid,
      '","status":"', (array['new', 'paid', 'packed', 'shipped', 'returned'])[1 + x.m % 5], '","email":"customer.', x.m % 50000,
      '@example.com","note":"Leave it with the neighbours at number ', x.m % 200, ', \\"ring twice\\" ', md5((x.m + 1)::text),
      ' before eight in the morning, not on Mondays","details":{"weight": ', (x.m % 9000) / 1000.0, ', "channel": "web", "campaign": "',
      md5((x.m % 1000)::text), '"}}'))::json end,
  case x.action when 'update' then
    (case when x.many then concat('{"quantity":', 1 + x.m % 39, ',"status":"draft"}') else '{"status":"draft"}' end)::json end,
  case x.action when 'login' then '{"comment":"with a passkey","data":{}}'::json when 'truncate' then '{"data":{"rows":1000}}'::json end
from (
  select t.id + o as id, t.at, t.id as transaction_id, t.id + case when o >= t.split then t.split else 0 end as context_id, o::bigint as ordinal,
    case when t.is_login then null when t.is_hot then 1 when bench.u(t.n * ${NUMBERS} + o, 20) < 0.7 then t.relation_id
      else ${relationSql(`bench.u(t.n * ${NUMBERS} + o, 21)`, 't.source_id')} end as relation_id,
    case when t.is_login then 'login' when t.is_hot then 'update' when t.is_truncate then 'truncate' else
      (case when bench.u(t.n * ${NUMBERS} + o, 22) < 0.7 then 'update' when bench.u(t.n * ${NUMBERS} + o, 22) < 0.93 then 'create' else 'delete' end) end as action,
    case when t.is_login then null when t.is_hot then ${HOT_RECORD} else
      1 + bench.zipf(bench.u(t.n * ${NUMBERS} + o, 23), case when t.relation_id <= 20 then 100000 else 5000 end) end as k,
    (bench.u(t.n * ${NUMBERS} + o, 24) * 1000000000)::bigint as m, bench.u(t.n * ${NUMBERS} + o, 25) < 0.3 as many
  from tx t cross join lateral generate_series(0, t.size - 1) o offset 0) x
order by x.id`;

export const CONTEXTS_SQL = `
insert into :target (id, last_id, transaction_id, source_id, actor_id, attribution, session_id, role, application_name,
  user_name, ip, user_agent, comment, request_id, context)
select c.id, c.last_id, t.id, t.source_id, c.actor_id, x.attribution, t.session_id, 'app', 'web',
  case when x.attribution = 'app' then 'User ' || c.actor_id end,
  case when x.attribution = 'app' then '203.0.' || c.actor_id % 200 || '.' || c.actor_id % 251 end,
  case when x.attribution = 'app' then 'Mozilla/5.0 (X11; Linux x86_64; rv:1' || c.actor_id % 20 || '0.0) Gecko/20100101' end,
  case when x.attribution = 'app' and bench.u(t.n, 30) < 0.1 then 'ticket ' || (bench.u(t.n, 31) * 100000)::integer end,
  case when x.attribution = 'app' then md5(t.n::text)::uuid::text end, null
from tx t
cross join lateral (
  select t.id, t.id + coalesce(t.split, t.size) - 1, t.actor_id
  union all
  select t.id + t.split, t.id + t.size - 1, t.other_actor_id where t.split is not null) c(id, last_id, actor_id)
cross join lateral (select case when c.actor_id <= ${USERS.shop + USERS.billing} then 'app'
  when c.actor_id <= ${USERS.shop + USERS.billing + 2 * ROLES} then 'database' else 'unknown' end) x(attribution)
order by c.id`;

export const TRANSACTION_ROWS_SQL = `
insert into :target (id, source_id, epoch, xid, commit_lsn, committed_at, size)
select t.id, t.source_id, 1, 1000 + t.n, '0/0'::pg_lsn + (t.n * 4096)::numeric, t.at, t.size from tx t order by t.id`;

/** One update in ten thousand gave its record another key. */
export const LINKS_SQL = `
insert into :target (entry_id, kind, relation_id, record_key, entry_key)
select e.id, 'key', e.relation_id, 'before ' || e.record_key, e.record_key from :entries e
where e.action = 'update' and bench.u(e.id, 40) < 0.0001`;

export const TRUNCATED_ROWS_SQL = `
insert into :target (entry_id, position, relation_id, record_key, row)
select t.id, i, t.relation_id, (200000 + i)::text, json_build_object('id', 200000 + i, 'status', 'gone')
from tx t, generate_series(0, 999) i where t.is_truncate`;

export const ROLLUPS_SQL = `
insert into :schema.rollups (bucket, relation_id, actor_id, action, attribution, source_id, count, min_id, max_id)
select date_bin('15 minutes', e.occurred_at, '2000-01-01'), coalesce(e.relation_id, 0), c.actor_id, e.action, c.attribution, c.source_id,
  count(*), min(e.id), max(e.id)
from :entries e join :contexts c on c.id = e.context_id
group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5`;

function sizeSql(u: string): string {
  return `(case when ${u} < 0.6 then 1 when ${u} < 0.9 then 2 + floor((${u} - 0.6) / 0.3 * 4)
    when ${u} < 0.999 then 10 + floor((${u} - 0.9) / 0.099 * 20) else ${MAX_SIZE} end)::integer`;
}

function relationSql(u: string, source: string): string {
  return `case ${source} when 1 then bench.zipf(${u}, ${TABLES.shop}) else ${TABLES.shop} + bench.zipf(${u}, ${TABLES.billing}) end`;
}

/** Five in six are users. */
function actorSql(number: string, purpose: number): string {
  const users = USERS.shop + USERS.billing;
  const u = `bench.u(${number}, ${purpose})`;
  return `case when ${u} < 0.85
      then case x.source_id when 1 then bench.zipf(${u} / 0.85, ${USERS.shop}) else ${USERS.shop} + bench.zipf(${u} / 0.85, ${USERS.billing}) end
    when ${u} < 0.97 then ${users} + (x.source_id - 1) * ${ROLES} + 1 + floor((${u} - 0.85) / 0.12 * ${ROLES})::integer
    else ${users + 2 * ROLES} + x.source_id end`;
}
