import { FilterError } from '../filter-error.ts';
import { NO_FILTER, resolveFilter, resolveTimes, type ResolvedFilter } from '../filter.ts';
import type { Snapshot } from '../store-reader.ts';
import { DAY_MICROS, formatTime, type Micros } from '../time.ts';
import type { Window } from './cells.ts';

/** What an insight is asked about. */
export interface InsightQuery {
  readonly from: string | null;
  readonly to: string | null;
  readonly source: readonly string[];
  readonly table: readonly string[];
  readonly user: readonly string[];
  readonly action: readonly string[];
}

/** Without `from`. */
export const DEFAULT_WINDOW_DAYS = 7;

export interface Asked {
  /** Undefined: nothing can match. */
  readonly filter: ResolvedFilter | undefined;
  readonly window: Window;
}

/** Throws a FilterError for times that can't be used. */
export async function resolveInsight(snapshot: Snapshot, query: InsightQuery, now: Micros): Promise<Asked> {
  const times = resolveTimes({ ...NO_FILTER, from: query.from, to: query.to ?? formatTime(now) }, now);
  const until = times.to ?? now;
  const from = times.from ?? until - BigInt(DEFAULT_WINDOW_DAYS) * DAY_MICROS;
  if (from >= until) {
    throw new FilterError('from', 'the window is empty', 'from must lie before to, which is now unless given.');
  }
  const { source, table, user, action } = query;
  const given = { ...NO_FILTER, source, table, user, action, from: formatTime(from), to: formatTime(until) };
  return { filter: await resolveFilter(snapshot, given, now), window: { from, to: until } };
}

/** As the API gives it. */
export function windowText({ from, to }: Window): { readonly from: string; readonly to: string } {
  return { from: formatTime(from), to: formatTime(to) };
}
