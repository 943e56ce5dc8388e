import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { InsightHeatmap } from '../../api/schema.ts';
import { timelineHref } from '../../state/filter.ts';
import { useLoadable } from '../../state/loadable.ts';
import type { Term } from '../../state/query-text.ts';
import { dayText, hourText, rfcText, weekdayText, zone } from '../../state/time.ts';
import { moveByArrow } from './arrow-keys.ts';
import { SkeletonLines } from '../skeleton.tsx';
import { ChartCard } from './chart-card.tsx';
import { occurrencesOf, type Occurrence } from './occurrences.ts';

export interface HeatMapProps {
  /** What is counted, as `/insights/heatmap` takes it. */
  readonly query: {
    readonly from?: string | undefined;
    readonly to?: string | undefined;
    readonly source?: readonly string[] | undefined;
    readonly table?: readonly string[] | undefined;
    readonly user?: readonly string[] | undefined;
    readonly action?: readonly string[] | undefined;
  };
  /** The same as a search, for the Timeline. */
  readonly terms: readonly Term[];
}

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const HOURS = Array.from({ length: 24 }, (_value, hour) => hour);
const LEVELS = 5;

type Cell = InsightHeatmap['data'][number];

/** When in the week: weekdays × hours. */
export function HeatMap({ query, terms }: HeatMapProps) {
  const loadable = useLoadable(JSON.stringify([query, zone.value]), (signal) =>
    call('GET /insights/heatmap', { query: { ...query, tz: zone.value }, signal }),
  );
  return (
    <ChartCard
      title="When in the week"
      of={loadable}
      class="wide"
      isEmpty={({ data }) => data.every(({ count }) => count === 0)}
      note={({ meta }) => (meta.exact ? null : 'Counted in whole hours around these times.')}
      table={({ data }) => ({
        head: ['Hour', ...WEEKDAYS.map((weekday) => weekdayText(weekday, 'short'))],
        rows: HOURS.map((hour) => ({
          key: String(hour),
          cells: [hourText(hour), ...WEEKDAYS.map((weekday) => countOf(data, weekday, hour).toLocaleString())],
        })),
      })}
    >
      {({ data, meta }) => <Grid cells={data} window={meta.window} query={query} terms={terms} />}
    </ChartCard>
  );
}

interface GridProps extends HeatMapProps {
  readonly cells: readonly Cell[];
  readonly window: { readonly from: string; readonly to: string };
}

function Grid({ cells, window, query, terms }: GridProps) {
  const [chosen, setChosen] = useState<Cell | null>(null);
  const most = Math.max(1, ...cells.map(({ count }) => count));
  const first = cells.find(({ count }) => count > 0);
  return (
    <>
      <table class="heat" onKeyDown={moveByArrow}>
        <thead>
          <tr>
            <td />
            {HOURS.map((hour) => (
              <th key={hour} scope="col">
                <span class="visually-hidden">{hourText(hour)}</span>
                <span aria-hidden="true">{hour % 3 === 0 ? hour : ''}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {WEEKDAYS.map((weekday) => (
            <tr key={weekday}>
              <th scope="row">{weekdayText(weekday, 'short')}</th>
              {HOURS.map((hour) => {
                const cell = cells.find((each) => each.weekday === weekday && each.hour === hour);
                return (
                  <td key={hour}>
                    {cell === undefined || cell.count === 0 ? (
                      <span class="heat-cell" title={`${cellText({ weekday, hour })}: 0`} />
                    ) : (
                      <CellMark
                        cell={cell}
                        level={Math.ceil(Math.sqrt(cell.count / most) * LEVELS)}
                        isFirst={cell === first}
                        isChosen={chosen?.weekday === weekday && chosen.hour === hour}
                        window={window}
                        terms={terms}
                        onChoose={() => setChosen(cell)}
                      />
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {chosen === null ? null : <HourList cell={chosen} window={window} query={query} terms={terms} />}
    </>
  );
}

interface CellMarkProps {
  readonly cell: Cell;
  readonly level: number;
  readonly isFirst: boolean;
  readonly isChosen: boolean;
  readonly window: GridProps['window'];
  readonly terms: readonly Term[];
  readonly onChoose: () => void;
}

/** A link where the cell is one hour of these times; else a button that lists its hours. */
function CellMark({ cell, level, isFirst, isChosen, window, terms, onChoose }: CellMarkProps) {
  const name = `${cellText(cell)}: ${cell.count.toLocaleString()}`;
  const [only, ...others] = occurrencesOf(cell, window);
  const common = {
    class: `heat-cell level-${level}`,
    title: name,
    'aria-label': `${name} entries`,
    tabIndex: isFirst ? 0 : -1,
    'data-x': cell.hour,
    'data-y': cell.weekday,
  };
  return only !== undefined && others.length === 0 ? (
    <a {...common} href={hourHref(only, terms)} />
  ) : (
    <button {...common} type="button" aria-expanded={isChosen} onClick={onChoose} />
  );
}

/** The hours that a cell counts, with how much was in each. */
function HourList({ cell, window, query, terms }: HourListProps) {
  const occurrences = occurrencesOf(cell, window);
  const first = occurrences.at(-1);
  const last = occurrences[0];
  const isCountable = first !== undefined && last !== undefined && last.to - first.from < COUNTABLE_MS;
  const loadable = useLoadable(
    isCountable ? JSON.stringify([query, cell, zone.value]) : null,
    (signal) =>
      call('GET /insights/timeseries', {
        query: { ...query, from: rfcText(first?.from ?? 0), to: rfcText(last?.to ?? 0), bucket: 'hour' },
        signal,
      }),
    { forget: true },
  );
  const counts = new Map((loadable.data?.data ?? []).map(({ time, count }) => [Date.parse(time), count]));
  const isAligned = occurrences.every(({ start }) => start % HOUR_MS === 0) && counts.size > 0;
  const shown = isAligned ? occurrences.filter(({ start }) => (counts.get(start) ?? 0) > 0) : occurrences;
  return (
    <div class="hours" role="status" aria-label={`${cellText(cell)}, hour by hour`}>
      <h3>{cellText(cell)}</h3>
      {loadable.loading ? <SkeletonLines count={1} /> : null}
      <ul hidden={loadable.loading}>
        {shown.map((occurrence) => (
          <li key={occurrence.start}>
            <a href={hourHref(occurrence, terms)}>{dayText(rfcText(occurrence.start))}</a>{' '}
            {isAligned ? <span class="dim">{(counts.get(occurrence.start) ?? 0).toLocaleString()}</span> : null}
          </li>
        ))}
      </ul>
    </div>
  );
}

interface HourListProps {
  readonly cell: Cell;
  readonly window: GridProps['window'];
  readonly query: HeatMapProps['query'];
  readonly terms: readonly Term[];
}

const HOUR_MS = 3_600_000;
/** What `/insights/timeseries` gives hour by hour. */
const COUNTABLE_MS = 1900 * HOUR_MS;

function hourHref({ from, to }: Occurrence, terms: readonly Term[]): string {
  return timelineHref(terms, { from: rfcText(from), to: rfcText(to) });
}

function cellText({ weekday, hour }: Pick<Cell, 'weekday' | 'hour'>): string {
  return `${weekdayText(weekday, 'long')}, ${hourText(hour)}–${hourText((hour + 1) % 24)}`;
}

function countOf(cells: readonly Cell[], weekday: number, hour: number): number {
  return cells.find((cell) => cell.weekday === weekday && cell.hour === hour)?.count ?? 0;
}
