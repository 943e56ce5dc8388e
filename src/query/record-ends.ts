import { ROW_ACTIONS } from './record-scope.ts';
import type { ResolvedFilter } from './filter.ts';
import { MAX_ID } from './id-range.ts';
import { findIds } from './scan.ts';
import type { Snapshot } from './store-reader.ts';
import { formatTime, type Micros } from './time.ts';
import { HIDDEN_ACTION } from './visibility.ts';

/** What a walk knows of the records that it has come by. */
export interface Ends {
  readonly recent: boolean;
  /** In the order of the list: whatever comes before an entry there has been walked, or lies before the walk's start. */
  readonly forward: boolean;
  /** The last id before the start of the walk; null: it began with the list. */
  readonly place: bigint | null;
  readonly seen: Set<string>;
}

/** Those of the entries, in their order, that are the last (or first) ones of their records among the entries that match. */
export async function keepEnds(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  entries: readonly End[],
  ends: Ends & { readonly want: number },
): Promise<bigint[]> {
  if (entries.length === 0) return [];
  const { recent, forward, place, seen, want } = ends;
  const candidates = entries.filter((entry) => {
    const record = recordOf(entry);
    if (forward && seen.has(record)) return false;
    seen.add(record);
    return true;
  });
  const without = (most: number): Promise<readonly End[]> | readonly End[] =>
    forward && place === null ? candidates : withoutLater(snapshot, filter, candidates, { ...ends, want: most });
  const found = (await without(want)).slice(0, want);
  const linked = await findLinked(snapshot, filter, found, recent);
  if (linked.size === 0) return found.map(({ id }) => BigInt(id));
  // Of those with a link, some are no ends: others come in their places.
  return keepLinked(snapshot, filter, await without(candidates.length), recent);
}

/** Where the record goes on (or came from) under another key, what is beyond the link may be by others alone. */
async function keepLinked(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  ends: readonly End[],
  recent: boolean,
): Promise<bigint[]> {
  const linked = await findLinked(snapshot, filter, ends, recent);
  const kept: bigint[] = [];
  for (const end of ends) {
    if (!linked.has(end.id) || (filter.actorIds !== null && (await isEnd(snapshot, filter, end, recent)))) {
      kept.push(BigInt(end.id));
    }
  }
  return kept;
}

/** Truncates have no record's key. */
export const KEYED_ACTIONS = ROW_ACTIONS.filter((action) => action !== 'truncate');

export interface End {
  readonly id: string;
  readonly relation_id: number;
  readonly record_key: string;
}

/** Those that change records, in the order of the ids. */
export async function readKeyed(snapshot: Snapshot, ids: readonly bigint[]): Promise<End[]> {
  if (ids.length === 0) return [];
  const rows = await snapshot.queryPlanned<End>(
    `select e.id::text, e.relation_id, e.record_key from :schema.entries e
     where e.id = any($1::bigint[]) and e.id between $2::bigint and $3::bigint
       and e.relation_id is not null and e.record_key is not null and e.action = any($4::text[])`,
    [ids, ids.reduce((a, b) => (a < b ? a : b)), ids.reduce((a, b) => (a > b ? a : b)), KEYED_ACTIONS],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id.toString()) ?? []);
}

/** The ids of those with a link of their record beyond them: within the time asked for, where an entry beyond it is. */
export async function findLinked(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  ends: readonly End[],
  recent: boolean,
): Promise<ReadonlySet<string>> {
  if (ends.length === 0) return new Set();
  const [key, beyond] = recent ? ['record_key', '>'] : ['entry_key', '<='];
  const rows = await snapshot.queryPlanned<{ id: string }>(
    // All links of these records first, in one search for each partition: there are few.
    `with links as materialized (
       select l.relation_id, l.${key} as record_key, l.entry_id from :schema.entry_links l
       where l.kind in ('key', 'move') and l.relation_id = any($2::integer[]) and l.${key} = any($3::text[]))
     select distinct c.id::text from unnest($1::bigint[], $2::integer[], $3::text[]) c(id, relation_id, record_key)
     join links l on l.relation_id = c.relation_id and l.record_key = c.record_key and l.entry_id ${beyond} c.id
     join :schema.entries n on n.id = l.entry_id where ${within('$4::timestamptz', '$5::timestamptz')}`,
    [
      ends.map(({ id }) => id),
      ends.map((end) => end.relation_id),
      ends.map((end) => end.record_key),
      timeText(filter.from),
      timeText(filter.to),
    ],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Those candidates whose record has no matching entry before the walk's start, as many as are wanted. */
async function withoutLater(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  candidates: readonly End[],
  { recent, forward, place, want }: Omit<Ends, 'seen'> & { readonly want: number },
): Promise<End[]> {
  const relationIds = candidates.map((end) => end.relation_id);
  const parameters: unknown[] = [
    candidates.map(({ id }) => id),
    relationIds,
    candidates.map((end) => end.record_key),
    want,
  ];
  // Partitions on the other side of a fixed place are left out once, not for each candidate.
  const from = forward ? `$${parameters.push(place)}::bigint` : 'c.id';
  const matches = await laterCondition(snapshot, filter, relationIds, parameters);
  const rows = await snapshot.queryPlanned<{ id: string }>(
    `select c.id::text from unnest($1::bigint[], $2::integer[], $3::text[]) with ordinality c(id, relation_id, record_key, n)
     where (select n.id from :schema.entries n
       where n.relation_id = c.relation_id and n.record_key = c.record_key and n.id ${recent ? '>' : '<'} ${from} and ${matches}
       -- Ordered, so that it is a walk through the index and never a join with all entries.
       order by n.id ${recent ? 'asc' : 'desc'} limit 1) is null
     limit $4::bigint`,
    parameters,
  );
  const kept = new Set(rows.map(({ id }) => id));
  return candidates.filter(({ id }) => kept.has(id));
}

/** What matches of a record's entries n. Where all of them do, none is looked at: the index has them. */
export async function laterCondition(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  relationIds: readonly number[],
  parameters: unknown[],
): Promise<string> {
  const eventTables = await eventTablesOf(snapshot);
  const isAll = filter.from === null && filter.to === null && filter.actorIds === null;
  if (isAll && !relationIds.some((id) => eventTables.has(id))) return 'true';
  const parameter = (value: unknown, type: string): string => `$${parameters.push(value)}::${type}`;
  const actors = parameter(filter.actorIds, 'integer[]');
  return `n.action = any(${parameter(KEYED_ACTIONS, 'text[]')})
    and ${within(parameter(timeText(filter.from), 'timestamptz'), parameter(timeText(filter.to), 'timestamptz'))}
    and (${actors} is null or exists (select from :schema.contexts x where x.id = n.context_id and x.actor_id = any(${actors})))`;
}

/**
 * The tables of which there are entries about records that are no row changes. (What is told of a table's columns has no record.)
 * `laterCondition` needs them: who asks for them beside an earlier question has saved waiting for them.
 */
export function eventTablesOf(snapshot: Snapshot): Promise<ReadonlySet<number>> {
  return snapshot.once(readEventTables);
}

async function readEventTables(snapshot: Snapshot): Promise<ReadonlySet<number>> {
  const rows = await snapshot.queryPlanned<{ relation_id: number }>(
    `select t.relation_id from :schema.relation_totals t where t.action <> all($1::text[])
     union select u.relation_id from :schema.pending_rollups u where u.action <> all($1::text[])`,
    [[...ROW_ACTIONS, HIDDEN_ACTION]],
  );
  return new Set(rows.map((row) => row.relation_id));
}

/** A condition on `audit.entries n`. */
function within(from: string, to: string): string {
  return `(${from} is null or n.occurred_at >= ${from}) and (${to} is null or n.occurred_at < ${to})`;
}

async function isEnd(snapshot: Snapshot, filter: ResolvedFilter, end: End, recent: boolean): Promise<boolean> {
  const record = {
    relationIds: [end.relation_id],
    tables: null,
    sourceIds: null,
    records: [end.record_key],
    actions: KEYED_ACTIONS,
  };
  const { ids } = await findIds(
    snapshot,
    { ...filter, ...record },
    { low: 0n, high: MAX_ID },
    recent ? 'newest' : 'oldest',
    { want: 1, isWhole: true },
  );
  return ids[0]?.toString() === end.id;
}

function timeText(time: Micros | null): string | null {
  return time === null ? null : formatTime(time);
}

function recordOf({ relation_id: relationId, record_key: key }: End): string {
  return `${relationId} ${key}`;
}
