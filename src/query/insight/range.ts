import { DAY_MICROS, type Micros } from '../time.ts';

/** What a stretch of time is counted from: entries one by one, or counts of quarters of an hour and coarser. */
export type Grain = 'entries' | 'quarter' | 'day' | 'month';

export interface Piece {
  readonly grain: Grain;
  /** Inclusive. */
  readonly from: Micros;
  /** Exclusive. */
  readonly to: Micros;
}

export const QUARTER_MICROS = 900_000_000n;

/**
 * Cuts a time into stretches that are whole in the coarsest grain that fits, in order; none that is finer than a grain
 * crosses a boundary of it. `grains`: the finest first.
 */
export function piecesOf(from: Micros, to: Micros, grains: readonly Grain[]): Piece[] {
  if (from >= to) return [];
  const grain = grains.at(-1);
  if (grain === undefined) return [{ grain: 'entries', from, to }];
  const rest = grains.slice(0, -1);
  const [first, last] = [ceilTo(from, grain), floorTo(to, grain)];
  if (first > last) return piecesOf(from, to, rest);
  const whole = first < last ? [{ grain, from: first, to: last }] : [];
  return [...piecesOf(from, first, rest), ...whole, ...piecesOf(last, to, rest)];
}

/** The start of the quarter, day or month (UTC) that holds the time. */
export function floorTo(time: Micros, grain: Grain): Micros {
  switch (grain) {
    case 'entries':
      return time;
    case 'quarter':
      return time - modulo(time, QUARTER_MICROS);
    case 'day':
      return time - modulo(time, DAY_MICROS);
    default: {
      const date = new Date(Number((time - modulo(time, 1000n)) / 1000n));
      date.setUTCDate(1);
      date.setUTCHours(0, 0, 0, 0);
      return BigInt(date.getTime()) * 1000n;
    }
  }
}

export function ceilTo(time: Micros, grain: Grain): Micros {
  const floor = floorTo(time, grain);
  if (floor === time) return time;
  if (grain === 'quarter') return floor + QUARTER_MICROS;
  // A month has 31 days at most, and the next one has begun by then.
  return grain === 'month' ? floorTo(floor + 31n * DAY_MICROS, 'month') : floor + DAY_MICROS;
}

/** The starts of the days or months of a whole piece. */
export function startsOf({ grain, from, to }: Piece): Micros[] {
  const starts: Micros[] = [];
  for (let start = from; start < to; start = ceilTo(start + 1n, grain)) starts.push(start);
  return starts;
}

function modulo(a: bigint, b: bigint): bigint {
  return ((a % b) + b) % b;
}
