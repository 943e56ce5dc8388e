import { FilterError } from '../filter-error.ts';
import { inSnapshot, type StoreReader } from '../store-reader.ts';
import { nowMicros } from '../time.ts';
import { readClock } from './clock.ts';
import { resolveInsight, windowText, type InsightQuery } from './window.ts';

export interface Heatmap {
  /** 7 × 24, Monday's first hour first. */
  readonly cells: readonly { readonly weekday: number; readonly hour: number; readonly count: number }[];
  readonly meta: {
    readonly window: { readonly from: string; readonly to: string };
    readonly exact: boolean;
    readonly tz: string;
  };
}

const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Counts by weekday and hour on the clocks of a time zone. Throws a FilterError for a zone that is not known. */
export async function getHeatmap(store: StoreReader, query: InsightQuery & { readonly tz: string }): Promise<Heatmap> {
  const now = nowMicros();
  const clock = clockOf(query.tz);
  return inSnapshot(store, async (snapshot) => {
    const { filter, window } = await resolveInsight(snapshot, query, now);
    const counts = Array.from<number>({ length: 7 * 24 }).fill(0);
    let meta = { window: windowText(window), exact: true, tz: query.tz };
    if (filter !== undefined) {
      const step = clock.keepsHours(Number(window.from / 1000n), Number(window.to / 1000n)) ? 'hour' : 'quarter';
      const read = await readClock(snapshot, filter, window, { step, byAction: false, now });
      for (const { at, count } of read.counts) counts[clock.hourOfWeek(at)]! += count;
      meta = { ...meta, window: windowText(read.plan.window), exact: read.plan.exact };
    }
    return {
      cells: counts.map((count, i) => ({ weekday: Math.floor(i / 24) + 1, hour: i % 24, count })),
      meta,
    };
  });
}

interface Clock {
  /** 0 to 167, Monday's first hour first. */
  hourOfWeek(ms: number): number;
  /** Whether its hours begin with the hours of UTC, all through a time. */
  keepsHours(fromMs: number, toMs: number): boolean;
}

/** Zones whose clocks are kept, and days of one whose offsets are: looking them up takes longer than summing a year. */
const MAX_CLOCKS = 16;
const MAX_DAYS = 20_000;
const clocks = new Map<string, Clock>();

function clockOf(tz: string): Clock {
  let clock = clocks.get(tz);
  if (clock === undefined) {
    clock = makeClock(tz);
    if (clocks.size >= MAX_CLOCKS) clocks.clear();
    clocks.set(tz, clock);
  }
  return clock;
}

/** The offset is looked up once an hour of UTC at most, and once a day where it is the same at both its ends. */
function makeClock(tz: string): Clock {
  const format = formatOf(tz);
  const days = new Map<number, number | null>();
  const offsetAt = (ms: number): number => {
    const day = Math.floor(ms / DAY_MS);
    let offset = days.get(day);
    if (offset === undefined) {
      if (days.size >= MAX_DAYS) days.clear();
      const [first, last] = [offsetOf(format, day * DAY_MS), offsetOf(format, (day + 1) * DAY_MS - QUARTER_MS)];
      offset = first === last ? first : null;
      days.set(day, offset);
    }
    return offset ?? offsetOf(format, ms);
  };
  return {
    hourOfWeek(ms) {
      const hours = Math.floor((ms + offsetAt(ms)) / HOUR_MS);
      // 1970-01-01 was a Thursday.
      return (((hours + 3 * 24) % 168) + 168) % 168;
    },
    keepsHours(fromMs, toMs) {
      const step = Math.max(28 * DAY_MS, (toMs - fromMs) / 200);
      for (let ms = fromMs; ms < toMs + step; ms += step) if (offsetAt(ms) % HOUR_MS !== 0) return false;
      return true;
    },
  };
}

function formatOf(tz: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: tz,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  } catch {
    throw new FilterError('tz', 'tz is not a time zone', 'Give a name such as Europe/Berlin, or UTC.');
  }
}

function offsetOf(format: Intl.DateTimeFormat, ms: number): number {
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  return local - Math.floor(ms / 60_000) * 60_000;
}
