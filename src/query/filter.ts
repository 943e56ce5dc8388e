import { FilterError } from './filter-error.ts';
import type { Snapshot } from './store-reader.ts';
import { bucketOf, formatTime, parseTime, type Micros } from './time.ts';

export type Sort = '-id' | 'id';

/** What a reader asks for. Several values of one filter: any of them; several filters: all of them. */
export interface ActivityFilter {
  readonly table: readonly string[];
  readonly record: readonly string[];
  readonly user: readonly string[];
  readonly source: readonly string[];
  readonly action: readonly string[];
  /** Inclusive, as written; null: no bound. */
  readonly from: string | null;
  /** Exclusive. */
  readonly to: string | null;
}

export const NO_FILTER: ActivityFilter = {
  table: [],
  record: [],
  user: [],
  source: [],
  action: [],
  from: null,
  to: null,
};

/** The filter in the store's own terms. Null: not restricted. */
export interface ResolvedFilter {
  readonly relationIds: readonly number[] | null;
  /** With `records` in place of `relationIds`: names of tables that the scan looks up itself. */
  readonly tables: readonly string[] | null;
  readonly records: readonly string[] | null;
  readonly actorIds: readonly number[] | null;
  /** Null as well when every source of the store is meant. */
  readonly sourceIds: readonly number[] | null;
  readonly actions: readonly string[] | null;
  readonly from: Micros | null;
  readonly to: Micros | null;
}

export const ACTION_PATTERN = /^[a-z][a-z0-9_.-]{0,62}$/;

/** Checks what can be checked without the store. Throws a FilterError. */
export function resolveTimes(filter: ActivityFilter, now: Micros): { from: Micros | null; to: Micros | null } {
  const from = readTime('from', filter.from, now);
  const to = readTime('to', filter.to, now);
  if (from !== null && to !== null && from > to) {
    throw new FilterError('from', 'from is after to', 'Swap them: from is the earlier one.');
  }
  return { from, to };
}

/**
 * Looks the filter's names up. Undefined when nothing can match, because a table, user or source
 * is unknown.
 */
export async function resolveFilter(
  snapshot: Snapshot,
  filter: ActivityFilter,
  now: Micros,
): Promise<ResolvedFilter | undefined> {
  const times = resolveTimes(filter, now);
  const sourceIds = filter.source.length === 0 ? null : await findSources(snapshot, filter.source);
  // A record's entries are found by their index, relations included: that saves a question.
  const named = filter.record.length > 0 && filter.table.length > 0 && sourceIds === null;
  const relationIds =
    filter.table.length === 0 || named ? null : await findRelations(snapshot, filter.table, sourceIds);
  const actorIds = filter.user.length === 0 ? null : await findActors(snapshot, filter.user, sourceIds);
  if ([sourceIds, relationIds, actorIds].some((ids) => ids !== null && ids !== 'all' && ids.length === 0)) {
    return undefined;
  }
  return {
    relationIds,
    tables: named ? filter.table : null,
    actorIds,
    // Relations and actors belong to a source: naming them has said it.
    sourceIds: sourceIds === 'all' || relationIds !== null || actorIds !== null ? null : sourceIds,
    records: filter.record.length === 0 ? null : [...new Set(filter.record)],
    actions:
      filter.action.length === 0 ? null : filter.action.map((action) => (action === 'insert' ? 'create' : action)),
    ...times,
  };
}

/** A condition on `audit.rollups` that holds for every bucket with a matching entry. */
export function rollupCondition(filter: ResolvedFilter, parameters: unknown[]): string {
  const conditions = ['true'];
  const add = (column: string, type: string, values: readonly unknown[] | null): void => {
    if (values !== null) conditions.push(`u.${column} = any($${parameters.push(values)}::${type}[])`);
  };
  add('relation_id', 'integer', filter.relationIds);
  add('actor_id', 'integer', filter.actorIds);
  add('source_id', 'integer', filter.sourceIds);
  add('action', 'text', filter.actions);
  if (filter.from !== null) {
    conditions.push(`u.bucket >= $${parameters.push(formatTime(bucketOf(filter.from)))}::timestamptz`);
  }
  if (filter.to !== null) conditions.push(`u.bucket < $${parameters.push(formatTime(filter.to))}::timestamptz`);
  return conditions.join(' and ');
}

/** A condition on `audit.entries e`; `skip` leaves out what the access path has seen to already. */
export function entryCondition(
  filter: ResolvedFilter,
  parameters: unknown[],
  skip: ReadonlySet<'relation' | 'actor'> = new Set(),
): string {
  const conditions = ['true'];
  const parameter = (value: unknown, type: string): string => `$${parameters.push(value)}::${type}`;
  if (filter.relationIds !== null && !skip.has('relation')) {
    conditions.push(`e.relation_id = any(${parameter(filter.relationIds, 'integer[]')})`);
  }
  if (filter.records !== null && !skip.has('relation')) {
    conditions.push(`e.record_key = any(${parameter(filter.records, 'text[]')})`);
  }
  if (filter.actions !== null) conditions.push(`e.action = any(${parameter(filter.actions, 'text[]')})`);
  if (filter.from !== null) conditions.push(`e.occurred_at >= ${parameter(formatTime(filter.from), 'timestamptz')}`);
  if (filter.to !== null) conditions.push(`e.occurred_at < ${parameter(formatTime(filter.to), 'timestamptz')}`);
  if (filter.actorIds !== null && !skip.has('actor')) {
    conditions.push(`exists (select from :schema.contexts c
      where c.id = e.context_id and c.actor_id = any(${parameter(filter.actorIds, 'integer[]')}))`);
  }
  if (filter.sourceIds !== null) {
    // An entry's source is its relation's; one without a table has only its context's.
    conditions.push(`case when e.relation_id is null
      then exists (select from :schema.contexts c
        where c.id = e.context_id and c.source_id = any(${parameter(filter.sourceIds, 'integer[]')}))
      else e.relation_id = any(array(
        select r.id from :schema.relations r where r.source_id = any(${parameter(filter.sourceIds, 'integer[]')}))) end`);
  }
  return conditions.join(' and ');
}

function readTime(parameter: 'from' | 'to', text: string | null, now: Micros): Micros | null {
  if (text === null) return null;
  try {
    return parseTime(text, now);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FilterError(parameter, `${parameter} ${error.message}`);
  }
}

async function findSources(snapshot: Snapshot, names: readonly string[]): Promise<number[] | 'all'> {
  const rows = await snapshot.queryPlanned<{ id: number; total: number }>(
    'select id, (select count(*)::integer from :schema.sources) as total from :schema.sources where name = any($1::text[])',
    [names],
  );
  return rows.length > 0 && rows[0]?.total === rows.length ? 'all' : rows.map((row) => row.id);
}

/**
 * A condition on `audit.relations`. `orders` or `public.orders`; a name with a dot of its own is found too. Where no
 * table bears any of the names now, it holds for those that bore one once.
 */
export function relationNamed(alias: string, names: string): string {
  const bears = (table: string): string =>
    `(${table}.table_name = any(${names}) or ${table}.schema_name || '.' || ${table}.table_name = any(${names}))`;
  return `(${bears(alias)} or not exists (select from :schema.relations now where ${bears('now')})
    and exists (select from :schema.relation_versions v where v.relation_id = ${alias}.id and ${bears('v')}))`;
}

async function findRelations(
  snapshot: Snapshot,
  tables: readonly string[],
  sourceIds: readonly number[] | 'all' | null,
): Promise<number[]> {
  const rows = await snapshot.queryPlanned<{ id: number }>(
    `select id from :schema.relations r
     where ${relationNamed('r', '$1::text[]')}
       and ($2::integer[] is null or source_id = any($2::integer[]))`,
    [tables, sourceIds === 'all' ? null : sourceIds],
  );
  return rows.map((row) => row.id);
}

async function findActors(
  snapshot: Snapshot,
  users: readonly string[],
  sourceIds: readonly number[] | 'all' | null,
): Promise<number[]> {
  const rows = await snapshot.queryPlanned<{ id: number }>(
    `select id from :schema.actors
     where (claim = any($1::text[]) or name = any($1::text[]))
       and ($2::integer[] is null or source_id = any($2::integer[]))`,
    [users, sourceIds === 'all' ? null : sourceIds],
  );
  return rows.map((row) => row.id);
}
