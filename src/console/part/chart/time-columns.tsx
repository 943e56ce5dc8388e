import type { TimePoint } from '../../state/time-series.ts';
import { localText } from '../../state/time.ts';
import { actionIcon } from '../icon.tsx';
import { moveByArrow } from './arrow-keys.ts';

/** From the bottom up; what applications invent is `event`. */
const STACK = [
  'create',
  'update',
  'delete',
  'truncate',
  'schema',
  'login',
  'logout',
  'comment',
  'baseline',
  'event',
] as const;

export interface TimeColumnsProps {
  readonly points: readonly TimePoint[];
  /** What a column is called. */
  readonly nameOf: (point: TimePoint) => string;
  /** What stands under it. */
  readonly labelOf: (point: TimePoint) => string;
  readonly hrefOf: (point: TimePoint) => string;
}

const LABELS = 5;

/** Columns over time, each a stack of its actions, and a link. */
export function TimeColumns({ points, nameOf, labelOf, hrefOf }: TimeColumnsProps) {
  const most = Math.max(1, ...points.map(({ count }) => count));
  const first = points.findIndex(({ count }) => count > 0);
  const step = Math.max(1, Math.ceil(points.length / LABELS));
  return (
    <div class="columns-chart">
      <span class="columns-most dim" aria-hidden="true">
        {most.toLocaleString()}
      </span>
      <div class="columns" onKeyDown={moveByArrow}>
        {points.map((point, at) =>
          point.count === 0 ? (
            <span key={point.time} class="column" title={`${nameOf(point)}: 0`} />
          ) : (
            <a
              key={point.time}
              class="column"
              href={hrefOf(point)}
              tabIndex={at === first ? 0 : -1}
              data-x={at}
              data-y={0}
              title={`${nameOf(point)}: ${point.count.toLocaleString()}`}
              aria-label={`${nameOf(point)}: ${describe(point)}`}
            >
              {stackOf(point).map(({ kind, count }) => (
                <span key={kind} class={`part ${kind}`} style={{ height: `${(count / most) * 100}%` }} />
              ))}
            </a>
          ),
        )}
      </div>
      <div class="columns-axis dim" aria-hidden="true">
        {points.map((point, at) =>
          at % step === 0 ? (
            <span key={point.time} style={{ flexGrow: Math.min(step, points.length - at) }}>
              {labelOf(point)}
            </span>
          ) : null,
        )}
      </div>
    </div>
  );
}

/** Actions of all points, with their counts. */
export function totalsOf(points: readonly TimePoint[]): readonly { readonly action: string; readonly count: number }[] {
  const totals = new Map<string, number>();
  for (const { actions } of points) {
    for (const [action, count] of Object.entries(actions ?? {})) totals.set(action, (totals.get(action) ?? 0) + count);
  }
  return Array.from(totals, ([action, count]) => ({ action, count })).toSorted((one, other) => other.count - one.count);
}

/** Bottom first. */
function stackOf({ actions = {} }: TimePoint): readonly { readonly kind: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const [action, count] of Object.entries(actions)) {
    const kind = actionIcon(action);
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  return STACK.map((kind) => ({ kind, count: counts.get(kind) ?? 0 })).filter(({ count }) => count > 0);
}

function describe({ count, actions = {} }: TimePoint): string {
  const parts = Object.entries(actions).map(([action, each]) => `${each.toLocaleString()} ${action}`);
  return `${count.toLocaleString()} entries: ${parts.join(', ')}`;
}

/** `2026-11-29 14:00` in the zone; without the clock for days. */
export function plainTime(time: string, withClock: boolean): string {
  return localText(Date.parse(time))
    .replace('T', ' ')
    .slice(0, withClock ? 16 : 10);
}
