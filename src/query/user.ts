import { readMarks, type EntryMark } from './entry-mark.ts';
import { NO_FILTER, resolveFilter, type ResolvedFilter } from './filter.ts';
import { MAX_ID } from './id-range.ts';
import { withoutId, type ListedResource } from './resource-reader.ts';
import { latestResources } from './resources.ts';
import { findIds } from './scan.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { nowMicros } from './time.ts';
import { usedContextsSql } from './used-contexts.ts';
import { formatUserId, parseUserId, type ActorIdentity } from './user-id.ts';
import { visibleEntry } from './visibility.ts';
import { timeText } from '../pg/time-text.ts';

/** The actor's latest entries whose addresses and programs are listed. */
export const SEARCHED_ENTRIES = 500;
/** Records that are listed, the latest ones; more of them by the list of resources. */
const LISTED_RESOURCES = 20;
const LISTED_PLACES = 50;

export interface UserDetail extends ActorIdentity {
  readonly id: string;
  readonly name: string | null;
  readonly person: { readonly seen_at: string; readonly left_at: string | null } | null;
  readonly count: number;
  readonly actions: Readonly<Record<string, number>>;
  readonly tables: readonly UserTable[];
  readonly first: EntryMark | null;
  readonly last: EntryMark | null;
  readonly logins: { readonly count: number; readonly last: EntryMark | null };
  /** From where, by the latest entries; `exact` where those are all. */
  readonly ips: { readonly data: readonly UserPlace[]; readonly exact: boolean };
  readonly user_agents: { readonly data: readonly UserPlace[]; readonly exact: boolean };
  readonly resources: readonly Omit<ListedResource, 'id'>[];
}

export interface UserTable {
  readonly source: string;
  readonly schema: string;
  readonly table: string;
  readonly count: number;
}

export interface UserPlace {
  readonly value: string;
  readonly count: number;
  readonly last: string;
}

/** One actor; undefined where it is unknown, or has done nothing that the viewer may see. */
export function getUser(store: StoreReader, id: string): Promise<UserDetail | undefined> {
  const identity = parseUserId(id);
  if (identity === undefined) return Promise.resolve(undefined);
  return inSnapshot(store, async (snapshot) => {
    const [actor, visible] = await Promise.all([readActor(snapshot, identity), snapshot.visibleRelations()]);
    if (actor === undefined) return undefined;
    const limited = visible !== null;
    const resolved = await resolveFilter(snapshot, NO_FILTER, nowMicros());
    const filter = resolved === undefined ? undefined : { ...resolved, actorIds: [actor.id] };
    const [{ totals, marks }, { places, resources }] = await Promise.all([
      readDeeds(snapshot, actor.id),
      readLatest(snapshot, filter),
    ]);
    if (limited && totals.length === 0) return undefined;
    const sum = (chosen: readonly Total[]): number => chosen.reduce((total, { count }) => total + Number(count), 0);
    return {
      id: formatUserId(identity),
      ...identity,
      name: actor.name ?? (limited ? null : actor.person_name),
      person: limited || actor.seen_at === null ? null : { seen_at: actor.seen_at, left_at: actor.left_at },
      count: sum(totals),
      actions: sumBy(totals, ({ action }) => action),
      tables: tablesOf(totals),
      first: marks.first,
      last: marks.last,
      logins: { count: sum(totals.filter(isLogin)), last: marks.login },
      ...places,
      resources: resources.map(withoutId),
    };
  });
}

interface Actor {
  readonly id: number;
  readonly name: string | null;
  readonly person_name: string | null;
  readonly seen_at: string | null;
  readonly left_at: string | null;
}

async function readActor(snapshot: Snapshot, { source, kind, claim }: ActorIdentity): Promise<Actor | undefined> {
  const rows = await snapshot.queryPlanned<Actor>(
    `select a.id, a.name, p.name as person_name,
       ${timeText('p.seen_at')} as seen_at,
       ${timeText('p.left_at')} as left_at
     from :schema.actors a join :schema.sources s on s.id = a.source_id left join :schema.people p on p.actor_id = a.id
     where s.name = $1::text and a.kind = $2::text and a.claim = $3::text`,
    [source, kind, claim],
  );
  return rows[0];
}

interface Total {
  readonly action: string;
  readonly count: string;
  readonly first: string;
  readonly last: string;
  readonly source: string | null;
  readonly schema: string | null;
  readonly table: string | null;
}

/** What the actor did in all, and which entries came first and last. */
async function readDeeds(
  snapshot: Snapshot,
  actorId: number,
): Promise<{
  readonly totals: readonly Total[];
  readonly marks: Record<'first' | 'last' | 'login', EntryMark | null>;
}> {
  const totals = await readTotals(snapshot, actorId);
  const marks = await readSomeMarks(snapshot, {
    first: leastOf(totals.map(({ first }) => BigInt(first))),
    last: mostOf(totals.map(({ last }) => BigInt(last))),
    login: mostOf(totals.filter(isLogin).map(({ last }) => BigInt(last))),
  });
  return { totals, marks };
}

function isLogin({ action }: Total): boolean {
  return action === 'login';
}

async function readTotals(snapshot: Snapshot, actorId: number): Promise<Total[]> {
  return snapshot.queryPlanned<Total>(
    `select e.action, sum(e.count)::text as count, min(e.min_id)::text as first, max(e.max_id)::text as last, s.name as source,
       r.schema_name as schema, r.table_name as table
     from (
       select relation_id, action, count, min_id, max_id from :schema.actor_relation_totals where actor_id = $1::integer
       union all
       select relation_id, action, count, min_id, max_id from :schema.pending_rollups where actor_id = $1::integer) e
     left join :schema.relations r on r.id = e.relation_id left join :schema.sources s on s.id = r.source_id
     where ${visibleEntry('e', '$2')}
     group by r.id, e.action, s.name`,
    [actorId, await snapshot.visibleRelations()],
  );
}

function sumBy(totals: readonly Total[], keyOf: (total: Total) => string): Record<string, number> {
  const sums = new Map<string, number>();
  for (const total of totals) sums.set(keyOf(total), (sums.get(keyOf(total)) ?? 0) + Number(total.count));
  return Object.fromEntries(mostFirst(sums, (count) => count));
}

function tablesOf(totals: readonly Total[]): UserTable[] {
  const tables = new Map<string, UserTable>();
  for (const { source, schema, table, count } of totals) {
    if (source === null || schema === null || table === null) continue;
    const key = JSON.stringify([source, schema, table]);
    tables.set(key, { source, schema, table, count: (tables.get(key)?.count ?? 0) + Number(count) });
  }
  return mostFirst(tables, ({ count }) => count).map(([, table]) => table);
}

/** Equal ones by name: the totals come in whatever order the plan has. */
function mostFirst<Value>(counted: ReadonlyMap<string, Value>, countOf: (value: Value) => number): [string, Value][] {
  return [...counted].toSorted(([a, x], [b, y]) => countOf(y) - countOf(x) || (a < b ? -1 : 1));
}

/** Under the names of the ids. */
async function readSomeMarks<Name extends string>(
  snapshot: Snapshot,
  ids: Readonly<Record<Name, bigint | null>>,
): Promise<Record<Name, EntryMark | null>> {
  const named = Object.entries(ids) as [Name, bigint | null][];
  const wanted = [...new Set(named.flatMap(([, id]) => (id === null ? [] : [id])))];
  const marks = new Map((await readMarks(snapshot, wanted)).map((mark) => [mark.id, mark]));
  return Object.fromEntries(
    named.map(([name, id]) => [name, id === null ? null : (marks.get(id.toString()) ?? null)]),
  ) as Record<Name, EntryMark | null>;
}

function leastOf(ids: readonly bigint[]): bigint | null {
  return ids.reduce<bigint | null>((least, id) => (least === null || id < least ? id : least), null);
}

function mostOf(ids: readonly bigint[]): bigint | null {
  return ids.reduce<bigint | null>((most, id) => (most === null || id > most ? id : most), null);
}

type Places = Pick<UserDetail, 'ips' | 'user_agents'>;

/** From where the filter's latest entries were made, and what they changed. */
async function readLatest(
  snapshot: Snapshot,
  filter: ResolvedFilter | undefined,
): Promise<{ readonly places: Places; readonly resources: readonly ListedResource[] }> {
  if (filter === undefined) return { places: await readPlaces(snapshot, []), resources: [] };
  const want = SEARCHED_ENTRIES + 1;
  const { ids } = await findIds(snapshot, filter, { low: 0n, high: MAX_ID }, 'newest', { want, isWhole: true });
  const near = { ids, isAll: ids.length < want };
  const [places, resources] = await Promise.all([
    readPlaces(snapshot, ids),
    latestResources(snapshot, filter, near, LISTED_RESOURCES),
  ]);
  return { places, resources };
}

/** Of ids, the latest first: all that there are, or one more than are searched. */
async function readPlaces(snapshot: Snapshot, ids: readonly bigint[]): Promise<Places> {
  const searched = ids.slice(0, SEARCHED_ENTRIES);
  const rows =
    searched.length === 0
      ? []
      : await snapshot.queryPlanned<UserPlace & { readonly ip: boolean }>(PLACES_SQL, [
          searched,
          searched.at(-1),
          searched[0],
        ]);
  const places = (ofIp: boolean): UserDetail['ips'] => ({
    data: rows.filter(({ ip }) => ip === ofIp).map(({ ip: _ip, ...place }) => place),
    exact: ids.length <= SEARCHED_ENTRIES,
  });
  return { ips: places(true), user_agents: places(false) };
}

/** Of the entries between $2 and $3 that are named in $1. */
const PLACES_SQL = `
with ${usedContextsSql('c.ip, c.user_agent')}
(select true as ip, p.ip as value, sum(p.count)::integer as count, ${timeText('max(p.last)')} as last
 from used_contexts p where p.ip is not null group by p.ip order by max(p.id) desc limit ${LISTED_PLACES})
union all
(select false, p.user_agent, sum(p.count)::integer, ${timeText('max(p.last)')}
 from used_contexts p where p.user_agent is not null group by p.user_agent order by max(p.id) desc limit ${LISTED_PLACES})`;
