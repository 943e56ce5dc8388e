import type { insightFilter } from '../../state/filter.ts';
import type { Term } from '../../state/query-text.ts';

export type InsightQuery = typeof insightFilter.value.query;

/** What is counted, as a search: what was left out of the count is left out of what it leads to. */
export function countedTerms({ source, table, user, action }: InsightQuery): Term[] {
  return Object.entries({ source, table, user, action }).flatMap(([key, values]) =>
    (values ?? []).map((value) => ({ key, value, negated: false })),
  );
}

/** What the interface takes where the address has no times; the Timeline would take all. */
export const DEFAULT_SPAN = 'now-7d';

export function windowChange({ from, to }: InsightQuery): Record<string, string> {
  return from === undefined && to === undefined ? { from: DEFAULT_SPAN } : {};
}
