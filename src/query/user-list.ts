import { FilterError } from './filter-error.ts';
import { NO_FILTER, resolveFilter, type ResolvedFilter } from './filter.ts';
import { readCells } from './insight/cells.ts';
import { idOf, readListPage, type PageMeta, type PageRequest, type PageWalk, type Walked } from './list-page.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { nowMicros, type Micros } from './time.ts';
import { formatUserId } from './user-id.ts';
import { visibleEntry } from './visibility.ts';
import { timeText } from '../pg/time-text.ts';

export interface UserQuery extends PageRequest {
  /** By last action, by number of actions, or by few of them: those who never acted first. */
  readonly sort: 'recent' | 'most' | 'least';
  /** In the claim or the name, whatever the case; null: everybody. */
  readonly q: string | null;
  readonly source: readonly string[];
  /** With either, only actions of that time are counted, and who had none is left out. */
  readonly from: string | null;
  readonly to: string | null;
}

export interface ListedUser {
  readonly id: string;
  readonly source: string;
  readonly kind: string;
  readonly claim: string;
  readonly name: string | null;
  /** Of the source's users table: when it was last found there, and since when it is not any more. Null: never there. */
  readonly person: { readonly seen_at: string; readonly left_at: string | null } | null;
  readonly count: number;
  readonly first_action: string | null;
  readonly last_action: string | null;
}

export interface UserPage {
  readonly users: readonly ListedUser[];
  readonly meta: PageMeta;
}

/** Everybody who acted, and the people of the users tables who never did. Throws a FilterError for a cursor or time that can't be used. */
export function listUsers(store: StoreReader, query: UserQuery): Promise<UserPage> {
  const now = nowMicros();
  return inSnapshot(store, async (snapshot) => {
    const given = { ...NO_FILTER, source: query.source, from: query.from, to: query.to };
    const filter = await resolveFilter(snapshot, given, now);
    const list = JSON.stringify(['users', query.sort, query.q, query.source, query.from, query.to, store.viewer]);
    const order = { list, width: 2, placeOf: ({ rank, actorId }: Row) => [rank, String(actorId)] };
    const { items, meta } = await readListPage<Row>(query, order, async (walk) =>
      filter === undefined ? { items: [], more: false } : readRows(snapshot, filter, query, walk, now),
    );
    return { users: await describe(snapshot, items), meta };
  });
}

/** An actor with what is counted of it. */
interface Row {
  readonly actorId: number;
  /** What the list is ordered by. */
  readonly rank: string;
  readonly count: string;
  readonly first: string | null;
  readonly last: string | null;
}

async function readRows(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  query: UserQuery,
  { place, backward, limit }: PageWalk,
  now: Micros,
): Promise<Walked<Row>> {
  const totals = await totalsSql(snapshot, filter, query, now);
  const parameters = [...totals.parameters];
  const parameter = (value: unknown, type: string): string => `$${parameters.push(value)}::${type}`;
  const rank = query.sort === 'recent' ? 'coalesce(t.max_id, 0)' : 't.count';
  const descending = (query.sort !== 'least') !== backward;
  const conditions = ['true'];
  if (place !== null) {
    const [value, actor] = place.values.map((text) => idOf(text)) as [bigint, bigint];
    if (actor > 2_147_483_647n) throw new FilterError('after', 'the cursor is not one');
    const than = `${descending ? '<' : '>'}${place.inclusive ? '=' : ''}`;
    conditions.push(
      `(${rank}, t.actor_id) ${than} (${parameter(value, 'bigint')}, ${parameter(Number(actor), 'integer')})`,
    );
  }
  if (query.q !== null) {
    const limited = (await snapshot.visibleRelations()) !== null;
    const text = query.q.toLowerCase();
    const few = await findNamed(snapshot, text, limited);
    conditions.push(
      few === undefined
        ? // Hashed, and asked in the order of the list until the page is full: the case keeps it from becoming a join with everybody.
          `case when t.actor_id in (${namedSql(parameter(text, 'text'), limited)}) then true end`
        : `t.actor_id = any(${parameter(few, 'integer[]')})`,
    );
  }
  if (filter.sourceIds !== null) {
    conditions.push(
      `(select a.source_id from :schema.actors a where a.id = t.actor_id) = any(${parameter(filter.sourceIds, 'integer[]')})`,
    );
  }
  const order = descending ? 'desc' : 'asc';
  const rows = await snapshot.query<{
    actor_id: number;
    rank: string;
    count: string;
    first: string | null;
    last: string | null;
  }>(
    `select t.actor_id, (${rank})::text as rank, t.count::text as count, t.min_id::text as first, t.max_id::text as last
     from ${totals.sql} t where ${conditions.join(' and ')}
     order by ${rank} ${order}, t.actor_id ${order} limit ${parameter(limit + 1, 'bigint')}`,
    parameters,
  );
  const items = rows.map((row) => ({
    actorId: row.actor_id,
    rank: row.rank,
    count: row.count,
    first: row.first,
    last: row.last,
  }));
  return { items: items.slice(0, limit), more: items.length > limit };
}

/** Actors up to which all of them are looked up, to be sorted; of more, the list has a page soon. */
const MAX_NAMED = 1_000;

/** Whose claim or name has the text, in lower case; undefined: more than `MAX_NAMED`. */
async function findNamed(snapshot: Snapshot, text: string, limited: boolean): Promise<readonly number[] | undefined> {
  const rows = await snapshot.queryPlanned<{ id: number }>(`${namedSql('$1::text', limited)} limit $2::integer`, [
    text,
    MAX_NAMED + 1,
  ]);
  return rows.length > MAX_NAMED ? undefined : rows.map(({ id }) => id);
}

/** To who is limited, people of a table that may not be theirs to see have no names. */
function namedSql(text: string, limited: boolean): string {
  const actors = `select a.id from :schema.actors a where strpos(a.search, ${text}) > 0`;
  return limited
    ? actors
    : `${actors} union all select p.actor_id from :schema.people p where strpos(p.search, ${text}) > 0`;
}

/** What each actor did: in the time that is asked for, and as far as it may be seen. */
async function totalsSql(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  query: UserQuery,
  now: Micros,
): Promise<{ readonly sql: string; readonly parameters: readonly unknown[] }> {
  const visible = await snapshot.visibleRelations();
  if (query.from !== null || query.to !== null) {
    const window = { from: filter.from ?? BEGINNING, to: filter.to ?? now };
    const cells = await readCells(snapshot, filter, window, { detail: 'actor', now });
    const sql = `(select c.actor_id, sum(c.count)::bigint as count, min(c.min_id) as min_id, max(c.max_id) as max_id
      from (${cells.sql}) c group by c.actor_id)`;
    return { sql, parameters: cells.parameters };
  }
  if (visible === null) return { sql: ':schema.actor_totals', parameters: [] };
  // Who has done nothing that may be seen is nobody that is known: people come from a table, too.
  return {
    sql: `(select e.actor_id, sum(e.count)::bigint as count, min(e.min_id) as min_id, max(e.max_id) as max_id
      from :schema.actor_relation_totals e where ${visibleEntry('e', '$1')} group by e.actor_id)`,
    parameters: [visible],
  };
}

/** Rowtrail is younger. */
const BEGINNING = 946_684_800_000_000n;

async function describe(snapshot: Snapshot, rows: readonly Row[]): Promise<ListedUser[]> {
  if (rows.length === 0) return [];
  const limited = (await snapshot.visibleRelations()) !== null;
  const found = await snapshot.queryPlanned<Described>(
    `select a.id, s.name as source, a.kind, a.claim, coalesce(a.name, case when not $4::boolean then p.name end) as name,
       case when not $4::boolean then ${timeText('p.seen_at')} end as seen_at, ${timeText('p.left_at')} as left_at,
       ${timeText('f.occurred_at')} as first_action, ${timeText('l.occurred_at')} as last_action
     from unnest($1::integer[], $2::bigint[], $3::bigint[]) g(id, first, last)
     join :schema.actors a on a.id = g.id join :schema.sources s on s.id = a.source_id
     left join :schema.people p on p.actor_id = a.id
     left join :schema.entries f on f.id = g.first left join :schema.entries l on l.id = g.last`,
    [rows.map(({ actorId }) => actorId), rows.map(({ first }) => first), rows.map(({ last }) => last), limited],
  );
  const byId = new Map(found.map((user) => [user.id, user]));
  return rows.flatMap(({ actorId, count }) => {
    const user = byId.get(actorId);
    if (user === undefined) return [];
    const { source, kind, claim, name, seen_at: seenAt, left_at: leftAt, first_action, last_action } = user;
    const person = seenAt === null ? null : { seen_at: seenAt, left_at: leftAt };
    const id = formatUserId(user);
    return [{ id, source, kind, claim, name, person, count: Number(count), first_action, last_action }];
  });
}

interface Described {
  readonly id: number;
  readonly source: string;
  readonly kind: string;
  readonly claim: string;
  readonly name: string | null;
  readonly seen_at: string | null;
  readonly left_at: string | null;
  readonly first_action: string | null;
  readonly last_action: string | null;
}
