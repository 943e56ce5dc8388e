import { computed, signal } from '@preact/signals';
import { parameter } from './location.ts';

export const BROWSER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The time zone in which times are shown: the address's, else the browser's. */
export const zone = computed(() => {
  const asked = parameter('tz');
  return asked !== null && isZone(asked) ? asked : BROWSER_ZONE;
});

/** The present, for "2 s ago": changes once a second while the page is seen. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);

export function zones(): readonly string[] {
  return [...new Set([BROWSER_ZONE, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
}

/** Components that call these are shown anew when the zone changes. */
export function dayText(time: string): string {
  return format({ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }, time);
}

export function clockText(time: string): string {
  return format({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }, time);
}

export function timeText(time: string): string {
  return format({ dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }, time);
}

export function shortTimeText(time: string): string {
  return format({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, time);
}

/** `Monday`, or `Mon`; 1 is Monday. */
export function weekdayText(weekday: number, style: 'long' | 'short'): string {
  // The 5th of January 2026 was a Monday.
  return formatter({ weekday: style }, undefined, 'UTC').format(Date.UTC(2026, 0, 4 + weekday));
}

/** `14:00`. */
export function hourText(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}

/** `29 Nov`; without a zone, that of the page. */
export function dateText(time: string, timeZone = zone.value): string {
  return formatter({ month: 'short', day: 'numeric' }, undefined, timeZone).format(Date.parse(time));
}

/** `2026-11-29`: the day that a time falls on, in the zone. */
export function dayKey(time: string): string {
  return localText(Date.parse(time)).slice(0, 10);
}

/** `3 s`, `5 min`, `2 h`, `4 d`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** `2 min ago`, by the clock that goes on. */
export function agoText(time: string): string {
  const elapsed = now.value - Date.parse(time);
  return elapsed < 1000 ? 'just now' : `${durationText(elapsed)} ago`;
}

/** `2026-11-29T14:05:00` as the clocks of the zone show it, for `datetime-local`. */
export function localText(instant: number): string {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatter(LOCAL, 'en-US', zone.value).formatToParts(instant)) parts[type] = value;
  const { year = '', month, day, hour, minute, second } = parts;
  return `${year.padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}`;
}

/** The instant at which the clocks of the zone show this; in the hour that they show twice, the first. */
export function instantOf(local: string): number {
  const asUtc = Date.parse(`${local.length === 10 ? `${local}T00:00` : local}Z`);
  const offsetAt = (instant: number): number =>
    Date.parse(`${localText(instant)}Z`) - Math.floor(instant / 1000) * 1000;
  const candidate = asUtc - offsetAt(asUtc - 86_400_000);
  if (offsetAt(candidate) === asUtc - candidate) return candidate;
  return asUtc - offsetAt(candidate);
}

/** RFC 3339, as the interface takes it. */
export function rfcText(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z');
}

/** `now-24h`, or RFC 3339, as milliseconds; null for what is neither. */
export function readTime(text: string): number | null {
  const relative = /^now(?:-(\d+)([smhdw]))?$/.exec(text);
  if (relative === null) return Number.isNaN(Date.parse(text)) ? null : Date.parse(text);
  return Date.now() - Number(relative[1] ?? 0) * (UNIT_MS[relative[2] ?? 's'] ?? 0);
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const LOCAL: Intl.DateTimeFormatOptions = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
};

const formatters = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, time: string): string {
  return formatter(options, undefined, zone.value).format(Date.parse(time));
}

/** Making one takes longer than a thousand uses. */
function formatter(
  options: Intl.DateTimeFormatOptions,
  locale: string | undefined,
  timeZone: string,
): Intl.DateTimeFormat {
  const key = JSON.stringify([options, locale, timeZone]);
  let found = formatters.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat(locale, { ...options, timeZone });
    formatters.set(key, found);
  }
  return found;
}

function isZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
}
