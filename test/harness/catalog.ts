import type { TestDatabase } from './database.ts';

/**
 * Everything in the catalogs of a database (and of its server: roles, slots) that an installation could leave
 * behind or change, a line each, in order: `KIND | NAME | WHAT`. No object ids, no statistics; a server of the test's
 * own is needed, since roles and slots are everybody's.
 */
export async function snapshotCatalog(database: TestDatabase): Promise<string[]> {
  const lines: string[] = [];
  for (const [kind, sql] of Object.entries(QUERIES)) {
    const { rows } = await database.query(`select format('%s | %s', name, what) as line from (${sql}) q`);
    lines.push(...(rows as { line: string }[]).map(({ line }) => `${kind} | ${line}`));
  }
  return lines.toSorted();
}

/** `what` as JSON of all columns, whatever the version has, less those that are ids or statistics. */
const all = (row: string, ...without: string[]): string =>
  `to_jsonb(${row}) - array[${['oid', 'xmin', ...without].map((name) => `'${name}'`).join(', ')}]`;
const OURS = `n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^pg_(toast_)?temp_'`;
const QUERIES: Readonly<Record<string, string>> = {
  database: `select datname as name, jsonb_build_object('acl', datacl, 'owner', datdba::regrole, 'limit', datconnlimit) as what
    from pg_database`,
  setting: `select concat_ws(' ', setrole::regrole, datname) as name, setconfig::text as what
    from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase`,
  schema: `select nspname as name, jsonb_build_object('acl', nspacl, 'owner', nspowner::regrole) as what from pg_namespace n
    where nspname !~ '^pg_(toast_)?temp_'`,
  relation: `select c.oid::regclass as name, jsonb_build_object('kind', relkind, 'owner', relowner::regrole, 'acl', relacl,
      'identity', relreplident, 'options', reloptions, 'persistence', relpersistence, 'rls', relrowsecurity,
      'forced', relforcerowsecurity, 'populated', relispopulated, 'bound', pg_get_expr(relpartbound, c.oid),
      'key', pg_get_partkeydef(c.oid), 'view', case when relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      'checks', relchecks, 'rules', relhasrules, 'columns', relnatts, 'parent', (select array_agg(inhparent::regclass) from pg_inherits i
        where inhrelid = c.oid)) as what
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${OURS}`,
  column: `select format('%s.%I', a.attrelid::regclass, attname) as name, jsonb_build_object('number', attnum, 'type',
      format_type(atttypid, atttypmod), 'not null', attnotnull, 'default', pg_get_expr(adbin, adrelid), 'identity', attidentity,
      'generated', attgenerated, 'dropped', attisdropped, 'acl', attacl, 'options', attoptions, 'storage', attstorage,
      'target', attstattarget) as what
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_attrdef d on (adrelid, adnum) = (attrelid, attnum) where ${OURS} and attnum > 0`,
  constraint: `select format('%s %s %I', coalesce(conrelid::regclass::text, ''), coalesce(contypid::regtype::text, ''), conname) as name,
      concat_ws(' ', pg_get_constraintdef(k.oid), convalidated) as what
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace where ${OURS}`,
  index: `select i.indexrelid::regclass as name, jsonb_build_object('definition', pg_get_indexdef(indexrelid), 'identity', indisreplident,
      'valid', indisvalid, 'clustered', indisclustered) as what
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where ${OURS}`,
  trigger: `select format('%s %I', tgrelid::regclass, case when tgisinternal then '' else tgname end) as name,
      jsonb_build_object('definition', case when tgisinternal then tgfoid::regproc::text else pg_get_triggerdef(oid) end, 'enabled', tgenabled) as what
    from pg_trigger`,
  rule: `select format('%s %I', ev_class::regclass, rulename) as name, concat_ws(' ', pg_get_ruledef(r.oid), ev_enabled) as what from pg_rewrite r
    join pg_class c on c.oid = ev_class join pg_namespace n on n.oid = relnamespace where ${OURS}`,
  function: `select p.oid::regprocedure as name, jsonb_build_object('acl', proacl, 'owner', proowner::regrole, 'source',
      case when prokind = 'a' then prosrc else pg_get_functiondef(p.oid) end) as what
    from pg_proc p join pg_namespace n on n.oid = pronamespace where ${OURS} or proacl is not null`,
  type: `select t.oid::regtype as name, jsonb_build_object('owner', typowner::regrole, 'acl', typacl, 'kind', typtype, 'default', typdefault,
      'labels', (select array_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid)) as what
    from pg_type t join pg_namespace n on n.oid = typnamespace where ${OURS}`,
  operator: `select o.oid::regoperator as name, oprcode::text as what from pg_operator o join pg_namespace n on n.oid = oprnamespace where ${OURS}`,
  sequence: `select seqrelid::regclass as name, ${all('s', 'seqrelid', 'seqtypid')} as what from pg_sequence s`,
  publication: `select pubname as name, (${all('p', 'pubowner')}) || jsonb_build_object('owner', pubowner::regrole) as what
    from pg_publication p`,
  member: `select concat_ws(' ', p.pubname, r.prrelid::regclass) as name, coalesce(to_jsonb(r) -> 'prattrs', 'null'::jsonb)::text
      || coalesce(to_jsonb(r) -> 'prqual', 'null'::jsonb)::text as what
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid`,
  subscription: `select subname as name, subslotname as what from pg_subscription`,
  'event trigger': `select evtname as name, concat_ws(' ', evtevent, evtenabled, evttags, evtfoid::regproc, evtowner::regrole) as what
    from pg_event_trigger`,
  role: `select rolname as name, ${all('r', 'rolpassword')} as what from pg_roles r`,
  membership: `select concat_ws(' ', roleid::regrole, member::regrole) as name, ${all('m', 'roleid', 'member', 'grantor')} as what
    from pg_auth_members m`,
  'default acl': `select concat_ws(' ', defaclrole::regrole, n.nspname, defaclobjtype) as name, defaclacl::text as what
    from pg_default_acl d left join pg_namespace n on n.oid = defaclnamespace`,
  comment: `select (pg_identify_object(classoid, objoid, objsubid)).identity as name, description as what
    from pg_description where objoid >= 16384 or classoid = 'pg_namespace'::regclass
    union all select (pg_identify_object(classoid, objoid, 0)).identity, description from pg_shdescription`,
  policy: `select concat_ws(' ', polrelid::regclass, polname) as name, concat_ws(' ', polcmd, polpermissive, polroles::regrole[]::text,
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) as what from pg_policy`,
  extension: `select extname as name, extversion as what from pg_extension`,
  language: `select lanname as name, coalesce(lanacl::text, '') as what from pg_language`,
  'extended statistics': `select stxname as name, pg_get_statisticsobjdef(oid) as what from pg_statistic_ext`,
  slot: `select slot_name as name, concat_ws(' ', plugin, database, temporary) as what from pg_replication_slots`,
  'prepared transaction': `select gid as name, database as what from pg_prepared_xacts`,
  'advisory lock': `select pid::text as name, mode as what from pg_locks where locktype = 'advisory'`,
};
