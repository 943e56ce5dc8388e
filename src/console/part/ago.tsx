import { agoText, timeText } from '../state/time.ts';

/** A moment: how long ago, and when exactly. */
export function Ago({ time }: { readonly time: string }) {
  return (
    <time class="ago" dateTime={time} title={timeText(time)}>
      {timeText(time)} <span class="dim">{agoText(time)}</span>
    </time>
  );
}
