import type { Snapshot } from '../store-reader.ts';
import { formatTime } from '../time.ts';
import { pendingOf, type InsightFilter } from './cell-sql.ts';
import { uniteCells, type Plan } from './cells.ts';
import { startsOf } from './range.ts';

/** Actors that are taken from each day and month beyond those that are wanted, so that the rest can be ruled out. */
const MARGIN = 20;
const MAX_TAKEN = 1_000;

export interface TopActors {
  /** The largest first. */
  readonly actors: readonly { readonly actorId: number; readonly count: number }[];
  /** Whether nobody else can have more than the last of them. */
  readonly exact: boolean;
}

/**
 * The actors with the most entries, without summing up all of them: whoever has many in all is among the first of some
 * day or month. What an actor that is among the first of none can have at most is known from the last ones taken; as
 * long as that is too much, more are taken. https://en.wikipedia.org/wiki/Threshold_algorithm
 */
export async function findTopActors(
  snapshot: Snapshot,
  filter: InsightFilter,
  plan: Plan,
  want: number,
): Promise<TopActors> {
  const periods = {
    month: plan.pieces
      .filter(({ grain }) => grain === 'month')
      .flatMap(startsOf)
      .map(formatTime),
    day: plan.pieces
      .filter(({ grain }) => grain === 'day')
      .flatMap(startsOf)
      .map(formatTime),
  };
  for (let take = want + MARGIN; ; take *= 4) {
    const { candidates, bound } = await readFirst(snapshot, filter, plan, periods, take);
    const sums = await sumActors(snapshot, filter, plan, periods, candidates);
    const actors = sums.toSorted((a, b) => b.count - a.count || a.actorId - b.actorId).slice(0, want);
    const least = actors.length < want ? 0 : (actors.at(-1)?.count ?? 0);
    if (bound === 0 || least > bound) return { actors, exact: true };
    if (take * 4 > MAX_TAKEN) return { actors, exact: false };
  }
}

interface Periods {
  readonly month: readonly string[];
  readonly day: readonly string[];
}

/** The first actors of each period; `bound`: what anybody else can have in all of them together. */
async function readFirst(
  snapshot: Snapshot,
  filter: InsightFilter,
  plan: Plan,
  periods: Periods,
  take: number,
): Promise<{ readonly candidates: readonly number[]; readonly bound: number }> {
  const rest = restOf(plan, filter);
  const parameters = [...rest.parameters, periods.month, periods.day, filter.sourceIds, take];
  const [month, day, sources, limit] = placeholders(rest.parameters.length, 4) as [string, string, string, string];
  const first = (grain: 'month' | 'day', starts: string): string => `
    select f.actor_id, f.count, f.n from unnest(${starts}::timestamptz[]) p(start) cross join lateral (
      select t.actor_id, t.count, row_number() over (order by t.count desc) as n from (
        select t.actor_id, t.count from :schema.actor_${grain}_totals t
        where t.${grain} = p.start and (${sources}::integer[] is null or t.source_id = any(${sources}::integer[]))
        order by t.count desc limit ${limit}::bigint) t) f`;
  const rows = await snapshot.query<{ actor_id: number; count: string; n: string }>(
    `${first('month', month)} union all ${first('day', day)} union all
     (select c.actor_id, sum(c.count), row_number() over (order by sum(c.count) desc) from (${rest.sql}) c
      group by c.actor_id order by 2 desc limit ${limit}::bigint)`,
    parameters,
  );
  const lasts = rows.filter(({ n }) => Number(n) === take);
  return {
    candidates: [...new Set(rows.map((row) => row.actor_id))],
    bound: lasts.reduce((sum, { count }) => sum + Number(count), 0),
  };
}

async function sumActors(
  snapshot: Snapshot,
  filter: InsightFilter,
  plan: Plan,
  periods: Periods,
  actorIds: readonly number[],
): Promise<{ readonly actorId: number; readonly count: number }[]> {
  const rest = restOf(plan, filter);
  const parameters = [...rest.parameters, periods.month, periods.day, filter.sourceIds, actorIds];
  const [month, day, sources, actors] = placeholders(rest.parameters.length, 4) as [string, string, string, string];
  const sum = (grain: 'month' | 'day', starts: string): string => `
    select a.id as actor_id, t.count from unnest(${actors}::integer[]) a(id) cross join unnest(${starts}::timestamptz[]) p(start)
    cross join lateral (select sum(t.count) as count from :schema.actor_${grain}_totals t
      where t.${grain} = p.start and t.actor_id = a.id
        and (${sources}::integer[] is null or t.source_id = any(${sources}::integer[]))) t`;
  const rows = await snapshot.query<{ actor_id: number; count: string | null }>(
    `select x.actor_id, sum(x.count)::text as count from (
       ${sum('month', month)} union all ${sum('day', day)} union all
       select c.actor_id, c.count from (${rest.sql}) c where c.actor_id = any(${actors}::integer[])) x
     group by x.actor_id`,
    parameters,
  );
  return rows.map(({ actor_id: actorId, count }) => ({ actorId, count: Number(count ?? 0) }));
}

/** What is not in whole days and months, pending counts included. */
function restOf(plan: Plan, filter: InsightFilter): { readonly sql: string; readonly parameters: readonly unknown[] } {
  const fine = plan.pieces.filter(({ grain }) => grain === 'entries' || grain === 'quarter');
  const { sql, parameters } = uniteCells(fine, filter, 'actor');
  const all = [...parameters];
  const pending = plan.pieces.filter((piece) => !fine.includes(piece)).map((piece) => pendingOf(piece, filter, all));
  return { sql: [sql, ...pending].join(' union all '), parameters: all };
}

function placeholders(after: number, count: number): string[] {
  return Array.from({ length: count }, (_value, i) => `$${after + i + 1}`);
}
