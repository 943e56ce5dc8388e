import type { ResolvedFilter } from '../filter.ts';
import { formatTime } from '../time.ts';
import { floorTo, QUARTER_MICROS, type Piece } from './range.ts';

/** What is counted: the filter without its times. */
export type InsightFilter = Pick<ResolvedFilter, 'relationIds' | 'sourceIds' | 'actorIds' | 'actions' | 'hiddenAction'>;

/** By what the counts are told apart, beside time: decides which tables can answer. */
export type Detail = 'source' | 'relation' | 'actor';

/** A stretch with the ids between which its entries are, where those are counted one by one. */
export type SettledPiece = Piece & { readonly ids?: readonly [string, string] };

export const NO_CELLS = `select null::timestamptz as at, 0 as source_id, 0 as relation_id, 0 as actor_id, '' as action,
  '' as attribution, 0::bigint as count, null::bigint as min_id, null::bigint as max_id where false`;

/**
 * The counts of a stretch: queries to be united, with the columns of `NO_CELLS`. `at`: of the quarter, day or month;
 * what the counts don't tell is null, and ids may be wider than the stretch.
 */
export function cellsOf(piece: SettledPiece, filter: InsightFilter, detail: Detail, parameters: unknown[]): string[] {
  const within = withinSql(piece, parameters);
  if (piece.grain === 'entries') return [entriesSql(piece, filter, within('e.occurred_at'), parameters)];
  if (piece.grain === 'quarter') {
    return hasQuarters(filter, detail)
      ? [quartersSql(piece, filter, parameters), pendingSql(filter, within('u.bucket'), 'u.bucket', parameters)]
      : [rollupsSql(filter, within('u.bucket'), parameters)];
  }
  const { grain } = piece;
  const { table, has } = tableOf(grain, filter, detail);
  const column = (name: string, type: string): string =>
    `${has.includes(name) ? `u.${name}` : `null::${type}`} as ${name}`;
  const stored = `select u.${grain} as at, u.source_id, ${column('relation_id', 'integer')}, ${column('actor_id', 'integer')},
      ${column('action', 'text')}, ${column('attribution', 'text')}, u.count, u.min_id, u.max_id
    from :schema.${table} u where ${within(`u.${grain}`)} and ${conditionOf('u', filter, parameters)}`;
  return [stored, pendingSql(filter, within('u.bucket'), binOf(grain), parameters)];
}

/** Where a piece's pending counts are the only ones wanted. */
export function pendingOf(piece: Piece, filter: InsightFilter, parameters: unknown[]): string {
  return pendingSql(filter, withinSql(piece, parameters)('u.bucket'), 'u.bucket', parameters);
}

/** The table with a day's quarters of what the filter leaves. */
export function daysTable(filter: InsightFilter): 'source_days' | 'relation_days' {
  return filter.relationIds === null ? 'source_days' : 'relation_days';
}

/** Whether days and their quarters can answer: of an actor, only the rollups themselves tell. */
export function hasQuarters(filter: InsightFilter, detail: Detail): boolean {
  return detail === 'source' && filter.actorIds === null;
}

/** A condition that holds within the piece, for a column. */
export function withinSql(piece: Piece, parameters: unknown[]): (column: string) => string {
  const from = `$${parameters.push(formatTime(piece.from))}::timestamptz`;
  const to = `$${parameters.push(formatTime(piece.to))}::timestamptz`;
  return (column) => `${column} >= ${from} and ${column} < ${to}`;
}

export function conditionOf(alias: string, filter: InsightFilter, parameters: unknown[]): string {
  const conditions = ['true'];
  const any = (column: string, type: string, values: readonly unknown[] | null): void => {
    if (values !== null) conditions.push(`${alias}.${column} = any($${parameters.push(values)}::${type}[])`);
  };
  any('relation_id', 'integer', filter.relationIds);
  any('source_id', 'integer', filter.sourceIds);
  any('actor_id', 'integer', filter.actorIds);
  any('action', 'text', filter.actions);
  if (filter.hiddenAction !== null)
    conditions.push(`${alias}.action <> $${parameters.push(filter.hiddenAction)}::text`);
  return conditions.join(' and ');
}

function tableOf(
  grain: 'day' | 'month',
  filter: InsightFilter,
  detail: Detail,
): { readonly table: string; readonly has: readonly string[] } {
  switch (detail) {
    case 'actor':
      return { table: `actor_${grain}_totals`, has: ['actor_id'] };
    case 'relation':
      return { table: `relation_${grain}_totals`, has: ['relation_id', 'action'] };
    default:
      return { table: daysTable(filter), has: ['action', 'attribution'] };
  }
}

/** Some quarters of one day. */
function quartersSql(piece: Piece, filter: InsightFilter, parameters: unknown[]): string {
  const day = floorTo(piece.from, 'day');
  const [first, last] = [(piece.from - day) / QUARTER_MICROS + 1n, (piece.to - day) / QUARTER_MICROS];
  const start = `$${parameters.push(formatTime(day))}::timestamptz`;
  const low = `$${parameters.push(Number(first))}::integer`;
  const high = `$${parameters.push(Number(last))}::integer`;
  return `select u.day + (q.n + ${low} - 2) * interval '15 minutes' as at, u.source_id, null::integer as relation_id,
      null::integer as actor_id, u.action, u.attribution, q.count::bigint as count, u.min_id, u.max_id
    from :schema.${daysTable(filter)} u cross join lateral unnest(u.quarters[${low}:${high}]) with ordinality q(count, n)
    where u.day = ${start} and q.count > 0 and ${conditionOf('u', filter, parameters)}`;
}

function rollupsSql(filter: InsightFilter, within: string, parameters: unknown[]): string {
  return `select u.bucket as at, u.source_id, u.relation_id, u.actor_id, u.action, u.attribution, u.count, u.min_id, u.max_id
    from :schema.rollups u where ${within} and ${conditionOf('u', filter, parameters)}`;
}

function pendingSql(filter: InsightFilter, within: string, at: string, parameters: unknown[]): string {
  return `select ${at} as at, u.source_id, u.relation_id, u.actor_id, u.action, u.attribution, u.count, u.min_id, u.max_id
    from :schema.pending_rollups u where ${within} and ${conditionOf('u', filter, parameters)}`;
}

function entriesSql(piece: SettledPiece, filter: InsightFilter, within: string, parameters: unknown[]): string {
  const [low, high] = (piece.ids ?? ['0', '0']).map((id) => `$${parameters.push(id)}::bigint`) as [string, string];
  return `select * from (
      select date_bin('15 minutes', e.occurred_at, timestamptz '2000-01-01 00:00:00+00') as at, c.source_id,
        coalesce(e.relation_id, 0) as relation_id, c.actor_id, e.action, c.attribution, 1::bigint as count,
        e.id as min_id, e.id as max_id
      from :schema.entries e join :schema.contexts c on c.id = e.context_id
      where e.id between ${low} and ${high} and c.id <= ${high} and ${within}) u
    where ${conditionOf('u', filter, parameters)}`;
}

function binOf(grain: 'day' | 'month'): string {
  return grain === 'month'
    ? `date_trunc('month', u.bucket at time zone 'UTC') at time zone 'UTC'`
    : `date_bin('1 day', u.bucket, timestamptz '2000-01-01 00:00:00+00')`;
}
