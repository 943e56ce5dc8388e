import { instantOf, localText } from '../../state/time.ts';

/** One hour of one day, in milliseconds. */
export interface Occurrence {
  /** When it begins. */
  readonly start: number;
  /** What of it lies in the times that are looked at. */
  readonly from: number;
  readonly to: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** When it was this hour of this weekday (1: Monday) in the zone of the page, within these times; the latest first. */
export function occurrencesOf(
  { weekday, hour }: { readonly weekday: number; readonly hour: number },
  window: { readonly from: string; readonly to: string },
): Occurrence[] {
  const from = Date.parse(window.from);
  const to = Date.parse(window.to);
  const found: Occurrence[] = [];
  // Days are counted as dates: those of the zone can have 23 or 25 hours.
  let date = Date.parse(`${localText(to).slice(0, 10)}T00:00Z`);
  const first = Date.parse(`${localText(from).slice(0, 10)}T00:00Z`);
  while (date >= first && new Date(date).getUTCDay() !== weekday % 7) date -= DAY_MS;
  for (; date >= first; date -= 7 * DAY_MS) {
    const start = instantOf(new Date(date + hour * HOUR_MS).toISOString().slice(0, 16));
    const occurrence = { start, from: Math.max(start, from), to: Math.min(start + HOUR_MS, to) };
    if (occurrence.from < occurrence.to) found.push(occurrence);
  }
  return found;
}
