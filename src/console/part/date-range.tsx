import { useState } from 'preact/hooks';
import { fromTime, setTimes, toTime } from '../state/filter.ts';
import { instantOf, localText, readTime, rfcText, shortTimeText, zone } from '../state/time.ts';
import { Icon } from './icon.tsx';
import { Popover } from './popover.tsx';

const SPANS: readonly (readonly [from: string | null, name: string])[] = [
  ['now-1h', 'Last hour'],
  ['now-24h', 'Last 24 hours'],
  ['now-7d', 'Last 7 days'],
  ['now-30d', 'Last 30 days'],
  ['now-90d', 'Last 90 days'],
  [null, 'All time'],
];

/**
 * The times that are looked at: one of the usual spans, or two times in the zone of the page. `unset`: the span that is
 * meant where the address has no times; all time without it.
 */
export function DateRange({ unset = null }: { readonly unset?: string | null }) {
  const from = fromTime.value ?? (toTime.value === null ? unset : null);
  return (
    <Popover
      name="Time"
      label={
        <>
          {rangeText(from)} <Icon name="down" />
        </>
      }
    >
      {(close) => (
        <div class="date-range">
          <ul class="menu">
            {SPANS.filter(([span]) => span !== null || unset === null).map(([span, name]) => (
              <li key={name}>
                <button
                  type="button"
                  aria-pressed={toTime.value === null && span === from}
                  onClick={() => {
                    setTimes(span, null);
                    close();
                  }}
                >
                  {name}
                </button>
              </li>
            ))}
          </ul>
          <CustomRange onDone={close} />
        </div>
      )}
    </Popover>
  );
}

function CustomRange({ onDone }: { readonly onDone: () => void }) {
  const [from, setFrom] = useState(fieldText(fromTime.value));
  const [to, setTo] = useState(fieldText(toTime.value));
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setTimes(from === '' ? null : rfcText(instantOf(from)), to === '' ? null : rfcText(instantOf(to)));
    onDone();
  };
  return (
    <form class="custom-range" onSubmit={submit}>
      <label>
        From
        <input type="datetime-local" value={from} onInput={({ currentTarget }) => setFrom(currentTarget.value)} />
      </label>
      <label>
        To
        <input type="datetime-local" value={to} onInput={({ currentTarget }) => setTo(currentTarget.value)} />
      </label>
      <p class="dim">{zone.value.replaceAll('_', ' ')}</p>
      <button class="button primary" type="submit">
        Show
      </button>
    </form>
  );
}

function rangeText(from: string | null): string {
  const to = toTime.value;
  const known = SPANS.find(([span]) => span === from);
  if (to === null && known !== undefined) return known[1];
  return `${from === null ? 'Beginning' : pointText(from)} – ${to === null ? 'now' : pointText(to)}`;
}

function pointText(time: string): string {
  const instant = readTime(time);
  return instant === null ? time : shortTimeText(new Date(instant).toISOString());
}

function fieldText(time: string | null): string {
  const instant = time === null ? null : readTime(time);
  return instant === null ? '' : localText(instant).slice(0, 16);
}
