import type { InsightTimeseries, Operations } from '../api/schema.ts';
import { readTime } from './time.ts';

export type TimePoint = InsightTimeseries['data'][number];
export type Bucket = NonNullable<Operations['GET /insights/timeseries']['query']['bucket']>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const BUCKET_MS: Readonly<Record<Bucket, number>> = {
  '15min': HOUR_MS / 4,
  hour: HOUR_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
};

/** Days up to which quarters of an hour, hours and days are told apart. */
const MAX_DAYS = { '15min': 2, hour: 10, day: 400 } as const;
/** A young history is shown in no fewer bars. */
const MIN_BARS = 24;

/** What to ask for. Of open times quarters of an hour: how much of them there is, nobody knows yet. */
export function bucketFor(from: string | null, to: string | null): Bucket {
  const end = (to === null ? null : readTime(to)) ?? Date.now();
  const begin = from === null ? null : readTime(from);
  if (begin === null) return '15min';
  const days = (end - begin) / DAY_MS;
  if (days <= MAX_DAYS['15min']) return '15min';
  if (days <= MAX_DAYS.hour) return 'hour';
  return days <= MAX_DAYS.day ? 'day' : 'week';
}

export interface TimeSeries {
  readonly points: readonly TimePoint[];
  readonly bucket: Bucket;
}

/**
 * The answer as it is drawn. Of open times, what lies before the first entry is left out, and what is still long is told
 * by the hour.
 */
export function drawnSeries(points: readonly TimePoint[], bucket: Bucket, isOpen: boolean): TimeSeries {
  if (!isOpen) return { points, bucket };
  const first = points.findIndex(({ count }) => count > 0);
  const shown = points.slice(Math.max(0, Math.min(first === -1 ? points.length : first, points.length - MIN_BARS)));
  const isShort = shown.length * BUCKET_MS[bucket] <= MAX_DAYS['15min'] * DAY_MS;
  if (bucket !== '15min' || isShort) return { points: shown, bucket };
  return { points: byTheHour(shown), bucket: 'hour' };
}

function byTheHour(points: readonly TimePoint[]): TimePoint[] {
  const hours = new Map<number, { count: number; actions: Record<string, number> }>();
  for (const { time, count, actions = {} } of points) {
    const start = Math.floor(Date.parse(time) / HOUR_MS) * HOUR_MS;
    const hour = hours.get(start) ?? { count: 0, actions: {} };
    hour.count += count;
    for (const [action, each] of Object.entries(actions)) hour.actions[action] = (hour.actions[action] ?? 0) + each;
    hours.set(start, hour);
  }
  return Array.from(hours, ([start, hour]) => ({ time: new Date(start).toISOString(), ...hour }));
}
