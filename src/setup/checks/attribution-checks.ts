import { counted } from '../../lib/counted.ts';
import { ok, warning, type Finding } from './check.ts';

/** How many of the latest entries one application made, and how many of those without a claim who it was for. */
export interface AttributionShare {
  /** Null: not known, as no message of the session proves itself. */
  readonly application: string | null;
  readonly entries: number;
  readonly unclaimed: number;
  /** Of these: not even the database session is known. */
  readonly unknown: number;
}

/** Applications named at most. */
const SHOWN = 5;

/** Whose writes say who they were for. Of unknown origin: only a forged or suppressed context does that. Pure. */
export function attributionCheck(shares: readonly AttributionShare[], window: string): Finding | null {
  const entries = sum(shares, ({ entries: n }) => n);
  if (entries === 0) return null;
  const unclaimed = sum(shares, (share) => share.unclaimed);
  const unknown = sum(shares, (share) => share.unknown);
  const silent = shares.filter((share) => share.unclaimed > 0).toSorted((a, b) => b.unclaimed - a.unclaimed);
  const named = silent
    .slice(0, SHOWN)
    .map((share) => `${share.application ?? 'unknown'} ${share.unclaimed} of ${share.entries}`);
  const more = silent.length > SHOWN ? `, and ${counted(silent.length - SHOWN, 'further application')}` : '';
  const text =
    unclaimed === 0
      ? `every one of ${counted(entries, 'entry', 'entries')} of ${window} says who it was for`
      : `${percent(unclaimed, entries)} of ${counted(entries, 'entry', 'entries')} of ${window} do not say who they were for: ${named.join(', ')}${more}`;
  if (unknown === 0) return ok('attribution', text);
  return warning(
    'attribution',
    `${text}; of ${counted(unknown, 'entry', 'entries')} not even the database session is known`,
    'A session suppressed or forged its context, or wrote before `rowtrail setup` had its triggers in place: see `attribution: unknown` in the timeline.',
  );
}

function sum(shares: readonly AttributionShare[], of: (share: AttributionShare) => number): number {
  return shares.reduce((total, share) => total + of(share), 0);
}

/** Never 0 % of something, nor 100 % of less than all. */
function percent(part: number, whole: number): string {
  const share = Math.round((part / whole) * 100);
  return `${Math.min(Math.max(share, 1), part === whole ? 100 : 99)} %`;
}
