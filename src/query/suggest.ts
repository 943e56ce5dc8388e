import { ATTRIBUTIONS, ENTRY_KINDS } from './grammar/filter-key.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { HIDDEN_ACTION } from './visibility.ts';

/** The filters whose values are suggested. */
export const SUGGESTED_KEYS = ['source', 'table', 'user', 'ip', 'action', 'field', 'attribution', 'is'] as const;
export type SuggestedKey = (typeof SUGGESTED_KEYS)[number];

export const DEFAULT_SUGGESTIONS = 10;
export const MAX_SUGGESTIONS = 50;

export interface Suggestion {
  /** To be put behind the key. */
  readonly value: string;
  /** How people know it, where that is something else. */
  readonly label: string | null;
}

export interface SuggestionQuery {
  readonly key: SuggestedKey;
  /** What the value or its label begins with, in either case. */
  readonly prefix: string;
  /** 1 to `MAX_SUGGESTIONS`. */
  readonly limit: number;
}

/** Rollup buckets and contexts that are looked through: what is suggested first was used of late. */
const RECENT_BUCKETS = 20_000;
const RECENT_CONTEXTS = 2_000;
/** Users who acted last, among whom a name is looked for before all others. */
const RECENT_ACTORS = 1_000;
/** Entries of a context among which one must be that the viewer may see. */
const SEEN_ENTRIES = 50;
const ACTIONS = ['create', 'update', 'delete', 'truncate', 'baseline', HIDDEN_ACTION, 'login', 'logout', 'comment'];

/** Values for a filter, of what the viewer may see: those used of late first, then others in their order. */
export function suggest(store: StoreReader, query: SuggestionQuery): Promise<Suggestion[]> {
  return inSnapshot(store, async (snapshot) => SUGGEST[query.key](snapshot, query, await snapshot.visibleRelations()));
}

type Suggest = (snapshot: Snapshot, query: SuggestionQuery, visible: Visible) => Promise<Suggestion[]> | Suggestion[];

const SUGGEST: Readonly<Record<SuggestedKey, Suggest>> = {
  source: (snapshot, query, visible) => suggestNames(snapshot, { ...query, key: 'source' }, visible),
  table: (snapshot, query, visible) => suggestNames(snapshot, { ...query, key: 'table' }, visible),
  field: (snapshot, query, visible) => suggestNames(snapshot, { ...query, key: 'field' }, visible),
  user: suggestUsers,
  ip: suggestAddresses,
  action: suggestActions,
  attribution: (_snapshot, query) => fixed(ATTRIBUTIONS, query),
  is: (_snapshot, query) => fixed(ENTRY_KINDS, query),
};

type Visible = readonly number[] | null;

function fixed(values: readonly string[], { prefix, limit }: SuggestionQuery): Suggestion[] {
  return values
    .filter((value) => value.startsWith(prefix.toLowerCase()))
    .slice(0, limit)
    .map((value) => ({ value, label: null }));
}

/** A pattern for ILIKE: what begins with the text. */
function beginning(prefix: string): string {
  return `${prefix.replaceAll(/[\\%_]/g, '\\$&')}%`;
}

/** The newest buckets of what may be seen, by an index that is in their order. */
const RECENT = `(select u.* from :schema.rollups u order by u.bucket desc limit ${RECENT_BUCKETS}) u
  where ($1::integer[] is null or u.relation_id = any($1::integer[]) and u.action <> '${HIDDEN_ACTION}')`;

async function suggestActions(snapshot: Snapshot, query: SuggestionQuery, visible: Visible): Promise<Suggestion[]> {
  const rows = await snapshot.query<{ value: string }>(
    `select u.action as value from ${RECENT} group by u.action order by sum(u.count) desc, u.action`,
    [visible],
  );
  const known = visible === null ? ACTIONS : ACTIONS.filter((action) => action !== HIDDEN_ACTION);
  return fixed([...new Set([...rows.map(({ value }) => value), ...known])], query);
}

/** Users, those who acted last first. For who does not see everything, by what they did to what may be seen. */
async function suggestUsers(
  snapshot: Snapshot,
  { prefix, limit }: SuggestionQuery,
  visible: Visible,
): Promise<Suggestion[]> {
  const begins = "a.kind <> 'unknown' and (a.claim ilike $1::text or a.name ilike $1::text)";
  const recent = `select a.claim, a.name, r.at from (
      select t.actor_id, coalesce(t.max_id, 0) as at from :schema.actor_totals t
      order by coalesce(t.max_id, 0) desc, t.actor_id desc limit ${RECENT_ACTORS}) r
    join :schema.actors a on a.id = r.actor_id where ${begins}`;
  const named = `select a.claim, a.name, 0 as at from :schema.actors a
    where to_tsvector('pg_catalog.simple', a.claim || ' ' || coalesce(a.name, '')) @@ $3::tsquery and ${begins}
    limit ${RECENT_ACTORS}`;
  const seen = `select a.claim, a.name, r.at from (
      select t.actor_id, max(t.max_id) as at from :schema.actor_relation_totals t
      where t.relation_id = any($3::integer[]) and t.action <> '${HIDDEN_ACTION}' group by t.actor_id) r
    join :schema.actors a on a.id = r.actor_id where ${begins}`;
  const ask = (actors: string, parameters: readonly unknown[]): Promise<{ value: string; label: string | null }[]> =>
    snapshot.query(
      `select x.claim as value, (array_agg(x.name order by x.at desc))[1] as label from (${actors}) x
       group by x.claim order by max(x.at) desc, label, x.claim limit $2::integer`,
      [beginning(prefix), limit, ...parameters],
    );
  let rows = await (visible === null ? ask(recent, []) : ask(seen, [visible]));
  // Who has not acted of late comes behind who has.
  if (visible === null && rows.length < limit) {
    rows = await ask(`(${recent}) union all (${named})`, [wordBeginning(prefix)]);
  }
  return rows.map(({ value, label }) => ({ value, label: label === value ? null : label }));
}

/** A tsquery for words that begin as the text's first one does; an empty one, which nothing matches, without a word. */
function wordBeginning(prefix: string): string {
  const word = /^[\p{L}\p{N}]+/u.exec(prefix)?.[0].toLowerCase();
  return word === undefined ? '' : `'${word}':*`;
}

/** Addresses that were claimed of late. */
async function suggestAddresses(
  snapshot: Snapshot,
  { prefix, limit }: SuggestionQuery,
  visible: Visible,
): Promise<Suggestion[]> {
  const seen = `exists (select from (
      select e.relation_id, e.action from :schema.entries e
      where e.id between c.id and c.last_id and e.context_id = c.id limit ${SEEN_ENTRIES}) e
    where e.relation_id = any($3::integer[]) and e.action <> '${HIDDEN_ACTION}')`;
  const rows = await snapshot.query<{ value: string }>(
    `select x.value from (
       select host(:schema.address(c.ip)) as value, count(*) as uses from (
         select c.id, c.last_id, c.ip from :schema.contexts c where c.ip is not null order by c.id desc limit ${RECENT_CONTEXTS}) c
       where $3::integer[] is null or ${seen}
       group by 1) x
     where x.value ilike $1::text order by x.uses desc, x.value limit $2::integer`,
    [beginning(prefix), limit, visible],
  );
  return rows.map(({ value }) => ({ value, label: null }));
}

/** Names of what may be seen, by the dictionaries. A table that no other one shares its name with goes by it alone, too. */
async function suggestNames(
  snapshot: Snapshot,
  { key, prefix, limit }: SuggestionQuery & { readonly key: 'source' | 'table' | 'field' },
  visible: Visible,
): Promise<Suggestion[]> {
  const rows = await snapshot.query<{ value: string }>(NAMES_SQL[key], [beginning(prefix), limit, visible]);
  return rows.map(({ value }) => ({ value, label: null }));
}

const SEEN_RELATION = '($3::integer[] is null or r.id = any($3::integer[]))';
const NAMES_SQL = {
  source: `select s.name as value from :schema.sources s
    where s.name ilike $1::text and ($3::integer[] is null
      or exists (select from :schema.relations r where r.source_id = s.id and ${SEEN_RELATION}))
    order by 1 limit $2::integer`,
  table: `select distinct r.schema_name || '.' || r.table_name as value from :schema.relations r
    where ${SEEN_RELATION} and (r.table_name ilike $1::text or r.schema_name || '.' || r.table_name ilike $1::text)
    order by 1 limit $2::integer`,
  field: `select c ->> 'name' as value from :schema.relations r
    join lateral (select v.columns from :schema.relation_versions v where v.relation_id = r.id
      order by v.version desc limit 1) v on true
    cross join lateral json_array_elements(v.columns) c
    where ${SEEN_RELATION} and c ->> 'name' ilike $1::text
    group by 1 order by count(*) desc, 1 limit $2::integer`,
} as const;
