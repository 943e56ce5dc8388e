/** Microseconds since 1970-01-01 UTC: what a timestamptz holds, exactly. */
export type Micros = bigint;

export const DAY_MICROS = 86_400_000_000n;

const UNIT_MICROS: Readonly<Record<string, bigint>> = {
  s: 1_000_000n,
  m: 60_000_000n,
  h: 3_600_000_000n,
  d: DAY_MICROS,
  w: 7n * DAY_MICROS,
};

const RELATIVE = /^now(?:-(\d{1,9})([smhdw]))?$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
// https://www.rfc-editor.org/rfc/rfc3339#section-5.6; seconds may be left out, as people do.
const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,12}))?)?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

export const TIME_FORMS =
  'an RFC 3339 time (2026-01-31T12:00:00Z), a date (2026-01-31, midnight UTC), now, or now-2h (s, m, h, d, w)';

/**
 * Reads a time: RFC 3339, a date, `now`, `now-90m`. Digits below a microsecond round up, so that
 * `from ≤ t < to` holds for the same stored times as with the exact value. Throws a RangeError whose
 * message says what is wrong.
 */
export function parseTime(text: string, now: Micros): Micros {
  const time = readTime(text, now);
  if (time < EARLIEST_MICROS || time > MAX_MICROS) throw new RangeError('is outside the years 1 to 9999');
  return time;
}

/** `2026-11-22T00:31:07.123456Z`. */
export function formatTime(time: Micros): string {
  const seconds = floorDivide(time, 1_000_000n);
  const fraction = (time - seconds * 1_000_000n).toString().padStart(6, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** The present, to the millisecond. */
export function nowMicros(): Micros {
  return BigInt(Date.now()) * 1000n;
}

/** The second in which an id was given out, by the store's clock (DESIGN §4). */
export function recordedAt(id: bigint): Micros {
  return ID_EPOCH + (id >> 22n) * 1_000_000n;
}

/** The first id that is given out in the second of a time, or the next one's if it is past its start; never negative. */
export function idAt(time: Micros): bigint {
  const seconds = -floorDivide(ID_EPOCH - time, 1_000_000n);
  return seconds < 0n ? 0n : seconds << 22n;
}

/** How many ids a span of time has. */
export function idsOf(span: Micros): bigint {
  return (span / 1_000_000n) << 22n;
}

/** The start of the rollup bucket that holds a time. */
export function bucketOf(time: Micros): Micros {
  return floorDivide(time, BUCKET_MICROS) * BUCKET_MICROS;
}

const ID_EPOCH = dayMicros(2024, 1, 1);
/** The start of its day, UTC. */
export function dayOf(time: Micros): Micros {
  return floorDivide(time, DAY_MICROS) * DAY_MICROS;
}

/** The first moment that a time can be. */
export const EARLIEST_MICROS = dayMicros(1, 1, 1);
export const BUCKET_MICROS = 15n * 60_000_000n;
const MAX_MICROS = dayMicros(9999, 12, 31);

function readTime(text: string, now: Micros): Micros {
  const relative = RELATIVE.exec(text);
  if (relative !== null) {
    const [, amount, unit] = relative;
    return amount === undefined ? now : now - BigInt(amount) * (UNIT_MICROS[unit as string] as bigint);
  }
  const date = DATE.exec(text);
  if (date !== null) return dayMicros(Number(date[1]), Number(date[2]), Number(date[3]));
  const full = RFC_3339.exec(text);
  if (full === null) {
    const plusLost = /T.* \d{2}:\d{2}$/i.test(text) ? ' (in a URL, + is written %2B)' : '';
    throw new RangeError(`is not a time${plusLost}: give ${TIME_FORMS}`);
  }
  return dayMicros(Number(full[1]), Number(full[2]), Number(full[3])) + clockMicros(full) - offsetMicros(full);
}

function dayMicros(year: number, month: number, day: number): Micros {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (year < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    throw new RangeError('names a day that the calendar does not have');
  }
  return BigInt(date.getTime()) * 1000n;
}

function clockMicros(match: RegExpExecArray): Micros {
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) throw new RangeError('names a time of day that does not exist');
  const picos = BigInt((match[7] ?? '').padEnd(12, '0'));
  return BigInt((hour * 60 + minute) * 60 + second) * 1_000_000n + (picos + 999_999n) / 1_000_000n;
}

function offsetMicros(match: RegExpExecArray): Micros {
  if (match[8] === undefined) return 0n;
  const [hours, minutes] = [Number(match[9]), Number(match[10])];
  if (hours > 23 || minutes > 59) throw new RangeError('has an offset that does not exist');
  const offset = BigInt(hours * 60 + minutes) * 60_000_000n;
  return match[8] === '-' ? -offset : offset;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
