import { status } from '../state/capture-status.ts';
import { readTime, timeText } from '../state/time.ts';
import { Icon } from './icon.tsx';

export interface Gap {
  readonly key: string;
  readonly what: string;
  readonly reason: string;
  readonly from: string | null;
  readonly to: string | null;
}

const SHOWN = 3;

/** Stretches of these times of which the history knows nothing; nothing is shown where there are none. */
export function CoverageNotice({ from, to }: { readonly from: string; readonly to: string }) {
  const begin = readTime(from) ?? 0;
  const end = readTime(to) ?? Date.now();
  const gaps = (status.value?.sources ?? []).flatMap(({ name, gaps: { latest } }) =>
    latest.map((gap) => ({
      key: `${name} ${gap.recorded_at} ${gap.table}`,
      what: gap.table === null ? name : `${name}, ${gap.table}`,
      reason: gap.reason,
      from: gap.from_time,
      to: gap.to_time,
    })),
  );
  return (
    <GapNotice
      gaps={gaps.filter(
        (gap) => (gap.from === null || Date.parse(gap.from) < end) && (gap.to === null || Date.parse(gap.to) > begin),
      )}
      what="What happened then is not counted."
    />
  );
}

export function GapNotice({ gaps, what }: { readonly gaps: readonly Gap[]; readonly what: string }) {
  if (gaps.length === 0) return null;
  return (
    <div class="notice warn gaps" role="status">
      <Icon name="warning" />
      <div>
        <p>
          <strong>{gaps.length === 1 ? 'The history has a gap.' : `The history has ${gaps.length} gaps.`}</strong>{' '}
          {what}
        </p>
        <ul>
          {gaps.slice(0, SHOWN).map(({ key, what: whose, reason, from, to }) => (
            <li key={key}>
              {whose}: {from === null ? 'from an unknown time' : timeText(from)} – {to === null ? 'now' : timeText(to)}{' '}
              ({reason.replaceAll('_', ' ')})
            </li>
          ))}
          {gaps.length > SHOWN ? <li>and {gaps.length - SHOWN} more</li> : null}
        </ul>
      </div>
    </div>
  );
}
