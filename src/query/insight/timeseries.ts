import { FilterError } from '../filter-error.ts';
import type { ResolvedFilter } from '../filter.ts';
import { inSnapshot, type Snapshot, type StoreReader } from '../store-reader.ts';
import { DAY_MICROS, formatTime, nowMicros, type Micros } from '../time.ts';
import { readCells, type Plan, type Window } from './cells.ts';
import { readClock } from './clock.ts';
import { resolveInsight, windowText, type InsightQuery } from './window.ts';

export const BUCKETS = ['15min', 'hour', 'day', 'week'] as const;
export type Bucket = (typeof BUCKETS)[number];
export const MAX_POINTS = 2_000;

const SIZE_MICROS: Readonly<Record<Bucket, bigint>> = {
  '15min': 900_000_000n,
  hour: 3_600_000_000n,
  day: DAY_MICROS,
  week: 604_800_000_000n,
};
/** A Monday, midnight UTC. */
const ORIGIN = 946_857_600_000_000n;

export interface TimePoint {
  /** When it begins, UTC; a week on Monday. */
  readonly time: string;
  readonly count: number;
  /** With `by`: by action. */
  readonly actions?: Readonly<Record<string, number>>;
}

export interface Timeseries {
  readonly points: readonly TimePoint[];
  readonly meta: { readonly window: { readonly from: string; readonly to: string }; readonly exact: boolean };
}

/** Counts over time, points without an entry included. Throws a FilterError for a window of more than `MAX_POINTS` points. */
export function getTimeseries(
  store: StoreReader,
  query: InsightQuery & { readonly bucket: Bucket; readonly by: 'action' | null },
): Promise<Timeseries> {
  const now = nowMicros();
  return inSnapshot(store, async (snapshot) => {
    const { filter, window } = await resolveInsight(snapshot, query, now);
    const starts = startsOf(window, query.bucket);
    const meta = { window: windowText(window), exact: true };
    if (filter === undefined) return { points: pointsOf(starts, new Map(), query.by), meta };
    const { rows, plan } =
      query.bucket === 'day' || query.bucket === 'week'
        ? await readDays(snapshot, filter, window, now)
        : await readHours(snapshot, filter, window, { step: query.bucket === 'hour' ? 'hour' : 'quarter', now });
    const counts = new Map<Micros, Map<string, number>>();
    for (const { at: moment, action, count } of rows) {
      const at = startOf(moment, query.bucket);
      const actions = counts.get(at) ?? new Map<string, number>();
      actions.set(action, (actions.get(action) ?? 0) + count);
      counts.set(at, actions);
    }
    return {
      points: pointsOf(starts, counts, query.by),
      meta: { window: windowText(plan.window), exact: plan.exact },
    };
  });
}

interface ActionCount {
  readonly at: Micros;
  readonly action: string;
  readonly count: number;
}

async function readHours(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  window: Window,
  options: { readonly step: 'hour' | 'quarter'; readonly now: Micros },
): Promise<{ readonly rows: readonly ActionCount[]; readonly plan: Plan }> {
  const { counts, plan } = await readClock(snapshot, filter, window, { byAction: true, ...options });
  return {
    rows: counts.map(({ at, action, count }) => ({ at: BigInt(at) * 1000n, action: action ?? '', count })),
    plan,
  };
}

async function readDays(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  window: Window,
  now: Micros,
): Promise<{ readonly rows: readonly ActionCount[]; readonly plan: Plan }> {
  const cells = await readCells(snapshot, filter, window, { detail: 'source', now });
  const rows = await snapshot.query<{ at: string; action: string; count: string }>(
    `select (extract(epoch from date_bin('1 day', c.at, timestamptz '2000-01-01 00:00:00+00')) * 1000000)::bigint::text as at,
       c.action, sum(c.count)::text as count
     from (${cells.sql}) c group by 1, 2`,
    cells.parameters,
  );
  return {
    rows: rows.map(({ at, action, count }) => ({ at: BigInt(at), action, count: Number(count) })),
    plan: cells,
  };
}

function startsOf({ from, to }: Window, bucket: Bucket): Micros[] {
  const size = SIZE_MICROS[bucket];
  const first = startOf(from, bucket);
  if ((to - first) / size > BigInt(MAX_POINTS)) {
    throw new FilterError(
      'bucket',
      `that is more than ${MAX_POINTS} points`,
      'Take a larger bucket or a shorter time.',
    );
  }
  const starts: Micros[] = [];
  for (let start = first; start < to; start += size) starts.push(start);
  return starts;
}

function startOf(time: Micros, bucket: Bucket): Micros {
  const size = SIZE_MICROS[bucket];
  return time - ((((time - ORIGIN) % size) + size) % size);
}

function pointsOf(
  starts: readonly Micros[],
  counts: ReadonlyMap<Micros, ReadonlyMap<string, number>>,
  by: 'action' | null,
): TimePoint[] {
  // What the source's clock put into the future is counted with the last point.
  const last = starts.at(-1);
  const folded = new Map<Micros, Map<string, number>>();
  for (const [at, actions] of counts) {
    const start = last !== undefined && at > last ? last : at;
    const sum = folded.get(start) ?? new Map<string, number>();
    for (const [action, count] of actions) sum.set(action, (sum.get(action) ?? 0) + count);
    folded.set(start, sum);
  }
  return starts.map((start) => {
    const actions = folded.get(start) ?? new Map<string, number>();
    const count = [...actions.values()].reduce((a, b) => a + b, 0);
    const time = formatTime(start);
    if (by === null) return { time, count };
    return { time, count, actions: Object.fromEntries([...actions].toSorted(([a], [b]) => (a < b ? -1 : 1))) };
  });
}
