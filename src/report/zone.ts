/** Writes moments in one time zone. */
export interface Zone {
  /** As IANA calls it. */
  readonly name: string;
  /** `2026-11-22T00:31:07.123456Z` → `2026-11-22 01:31:07.123456 +01:00`. */
  format(time: string): string;
}

/** Throws a RangeError for a name that is none of IANA's. */
export function zoneOf(name: string): Zone {
  // Offsets are zones to some versions of Node only, and say nothing of summer time.
  if (!/^[A-Za-z]/.test(name)) throw new RangeError('is not a time zone');
  const formatter = formatterOf(name);
  return {
    name: formatter.resolvedOptions().timeZone,
    format(time) {
      const parts = new Map(formatter.formatToParts(new Date(time)).map(({ type, value }) => [type, value]));
      const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
      // A Date has milliseconds only; no zone's offset has a fraction of a second.
      const fraction = /\.(\d+)Z$/.exec(time)?.[1] ?? '000000';
      const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
      const date = `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
      return `${date} ${part('hour')}:${part('minute')}:${part('second')}.${fraction} ${offset}`;
    },
  };
}

function formatterOf(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'longOffset',
    });
  } catch (error) {
    throw new RangeError('is not a time zone', { cause: error });
  }
}
