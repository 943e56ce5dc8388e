import { parameter, withParameters } from '../../state/location.ts';
import { timeText } from '../../state/time.ts';

/** What is looked at, in the address: an entry's id, or a time. Null: the present. */
export function baseMoment(): string | null {
  return parameter('base');
}

/** What it is compared with; null: the present. */
export function otherMoment(): string | null {
  return parameter('with');
}

export function momentsHref(base: string | null, other: string | null): string {
  return withParameters({ base, with: other });
}

export function isEntryId(moment: string): boolean {
  return /^\d+$/.test(moment);
}

/** `29 Nov 2026, 14:05:00`: when that was. `since`: of the state that was found. */
export function momentText(moment: string | null, since: string | null): string {
  if (moment === null) return 'now';
  if (!isEntryId(moment)) return timeText(moment);
  return since === null ? 'that entry' : timeText(since);
}
