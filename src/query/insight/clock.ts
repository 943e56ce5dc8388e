import type { Snapshot } from '../store-reader.ts';
import type { Micros } from '../time.ts';
import { cellsOf, conditionOf, daysTable, hasQuarters, pendingOf, withinSql, type InsightFilter } from './cell-sql.ts';
import { planCells, type Plan, type Window } from './cells.ts';
import type { Piece } from './range.ts';

/** Counts of one moment's entries. */
export interface ClockCount {
  /** When the hour or quarter begins, or a finer stretch of it; milliseconds since 1970. */
  readonly at: number;
  /** Null unless it was asked for. */
  readonly action: string | null;
  readonly count: number;
}

const DAY_MS = 86_400_000;

/** Counts by the hour, or by the quarter of an hour. */
export async function readClock(
  snapshot: Snapshot,
  filter: InsightFilter,
  window: Window,
  options: { readonly step: 'hour' | 'quarter'; readonly byAction: boolean; readonly now: Micros },
): Promise<{ readonly counts: readonly ClockCount[]; readonly plan: Plan }> {
  const { byAction, step } = options;
  const plan = await planCells(snapshot, filter, window, { detail: 'source', now: options.now });
  const whole = hasQuarters(filter, 'source') ? plan.pieces.filter(({ grain }) => grain === 'day') : [];
  const parameters: unknown[] = [];
  const parts = plan.pieces.flatMap((piece) =>
    whole.includes(piece) ? [pendingOf(piece, filter, parameters)] : cellsOf(piece, filter, 'source', parameters),
  );
  const counts: ClockCount[] = [];
  for (const piece of whole) counts.push(...(await readDays(snapshot, filter, piece, { byAction, step })));
  if (parts.length > 0) counts.push(...(await readRest(snapshot, parts.join(' union all '), parameters, byAction)));
  return { counts, plan };
}

async function readRest(
  snapshot: Snapshot,
  sql: string,
  parameters: readonly unknown[],
  byAction: boolean,
): Promise<ClockCount[]> {
  const rows = await snapshot.query<{ at: string; action: string | null; count: string }>(
    `select (extract(epoch from c.at) * 1000)::bigint::text as at, ${byAction ? 'c.action' : 'null'} as action,
       sum(c.count)::text as count
     from (${sql}) c group by 1, 2`,
    parameters,
  );
  return rows.map(({ at, action, count }) => ({ at: Number(at), action, count: Number(count) }));
}

/** Whole days: their hours or quarters are summed side by side, a row a day. */
async function readDays(
  snapshot: Snapshot,
  filter: InsightFilter,
  piece: Piece,
  { step, byAction }: { readonly step: 'hour' | 'quarter'; readonly byAction: boolean },
): Promise<ClockCount[]> {
  const parameters: unknown[] = [];
  const within = withinSql(piece, parameters)('u.day');
  const size = step === 'hour' ? 4 : 1;
  const table = daysTable(filter);
  const sums = Array.from({ length: 96 / size }, (_value, i) => {
    // Of a table, the hours are not kept apart.
    if (step === 'hour' && table === 'source_days') return `sum(u.hours[${i + 1}])`;
    const quarters = Array.from({ length: size }, (_quarter, n) => `u.quarters[${i * size + n + 1}]`);
    return `sum(${quarters.join(' + ')})`;
  });
  const rows = await snapshot.query<{ day: string; action: string | null; counts: string }>(
    `select (extract(epoch from u.day) * 1000)::bigint::text as day, ${byAction ? 'u.action' : 'null'} as action,
       concat_ws(',', ${sums.join(', ')}) as counts
     from :schema.${table} u where ${within} and ${conditionOf('u', filter, parameters)} group by u.day, 2`,
    parameters,
  );
  return rows.flatMap(({ day, action, counts }) =>
    counts.split(',').flatMap((text, i): ClockCount[] => {
      const count = Number(text);
      return count === 0 ? [] : [{ at: Number(day) + i * ((DAY_MS / 96) * size), action, count }];
    }),
  );
}
