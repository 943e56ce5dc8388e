import { call } from '../../api/client.ts';
import { ChartCard } from '../../part/chart/chart-card.tsx';
import { TimeColumns, totalsOf, plainTime } from '../../part/chart/time-columns.tsx';
import { actionIcon } from '../../part/icon.tsx';
import { timelineHref } from '../../state/filter.ts';
import { useLoadable } from '../../state/loadable.ts';
import { BUCKET_MS, bucketFor, drawnSeries, type Bucket, type TimePoint } from '../../state/time-series.ts';
import { dateText, readTime, rfcText, shortTimeText, zone } from '../../state/time.ts';
import { countedTerms, windowChange, type InsightQuery } from './links.ts';

/** Entries over time, by action. */
export function OverTime({ query }: { readonly query: InsightQuery }) {
  const asked = bucketFor(query.from ?? null, query.to ?? null);
  const loadable = useLoadable(JSON.stringify([query, asked]), async (signal) => {
    const { data } = await call('GET /insights/timeseries', {
      query: { ...query, bucket: asked, by: 'action' },
      signal,
    });
    return drawnSeries(data, asked, query.from === undefined);
  });
  return (
    <ChartCard
      title="Over time"
      class="wide"
      of={loadable}
      isEmpty={({ points }) => points.every(({ count }) => count === 0)}
      note={({ bucket }) => (zone.value === 'UTC' || hasClock(bucket) ? null : `A column is a ${bucket} of UTC.`)}
      table={({ points, bucket: unit }) => {
        const actions = totalsOf(points).map(({ action }) => action);
        return {
          head: ['From', ...actions, 'All'],
          rows: points
            .filter(({ count }) => count > 0)
            .map((point) => ({
              key: point.time,
              cells: [
                <a key="link" href={hrefOf(point, unit, query)}>
                  {plainTime(point.time, true)}
                </a>,
                ...actions.map((action) => (point.actions?.[action] ?? 0).toLocaleString()),
                point.count.toLocaleString(),
              ],
            })),
        };
      }}
    >
      {({ points, bucket: unit }) => (
        <>
          <TimeColumns
            points={points}
            nameOf={(point) => (hasClock(unit) ? shortTimeText(point.time) : dateText(point.time, 'UTC'))}
            labelOf={(point) => (hasClock(unit) ? shortTimeText(point.time) : dateText(point.time, 'UTC'))}
            hrefOf={(point) => hrefOf(point, unit, query)}
          />
          <ul class="legend">
            {totalsOf(points).map(({ action, count }) => (
              <li key={action}>
                <a
                  href={timelineHref(
                    [
                      ...countedTerms({ ...query, action: undefined }),
                      { key: 'action', value: action, negated: false },
                    ],
                    windowChange(query),
                  )}
                >
                  <span class={`swatch ${actionIcon(action)}`} aria-hidden="true" /> {action}{' '}
                  <span class="dim">{count.toLocaleString()}</span>
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
    </ChartCard>
  );
}

function hrefOf({ time }: TimePoint, bucket: Bucket, query: InsightQuery): string {
  const start = Date.parse(time);
  const from = Math.max(start, readTime(query.from ?? '') ?? start);
  const to = Math.min(start + BUCKET_MS[bucket], readTime(query.to ?? '') ?? Infinity);
  return timelineHref(countedTerms(query), { from: rfcText(from), to: rfcText(to) });
}

/** Its columns are parts of a day; a day or a week is UTC's. */
function hasClock(bucket: Bucket): boolean {
  return bucket === '15min' || bucket === 'hour';
}
