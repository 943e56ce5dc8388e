import type { InsightSummary } from '../../api/schema.ts';
import { insightFilter, timelineHref } from '../../state/filter.ts';
import type { Term } from '../../state/query-text.ts';
import { timeText } from '../../state/time.ts';
import { countedTerms, windowChange } from './links.ts';

type Period = InsightSummary['data']['current'];

interface Card {
  readonly name: string;
  readonly valueOf: (period: Period) => number;
  /** It is a part of all actions, of 1. */
  readonly isShare?: boolean;
  readonly isExact?: (period: Period) => boolean;
  /** Beside the filter, what its entries have. */
  readonly terms: readonly Term[];
}

const is = (key: string, value: string): Term => ({ key, value, negated: false });

const CARDS: readonly Card[] = [
  { name: 'Actions', valueOf: ({ actions }) => actions, terms: [] },
  {
    name: 'Resources impacted',
    valueOf: ({ resources }) => resources.value,
    isExact: ({ resources }) => resources.exact,
    terms: ['create', 'update', 'delete'].map((action) => is('action', action)),
  },
  {
    name: 'Actors',
    valueOf: ({ actors }) => actors.value,
    isExact: ({ actors }) => actors.exact,
    terms: [],
  },
  { name: 'Deletes', valueOf: ({ deletes }) => deletes, terms: [is('action', 'delete')] },
  {
    name: 'Direct SQL',
    valueOf: ({ direct, actions }) => (actions === 0 ? 0 : direct / actions),
    isShare: true,
    terms: [is('is', 'direct')],
  },
  { name: 'Reverts', valueOf: ({ reverts }) => reverts, terms: [is('is', 'revert')] },
];

/** The figures of these times beside those of the time of the same length before. */
export function SummaryCards({ summary: { current, previous } }: { readonly summary: InsightSummary['data'] }) {
  const { query } = insightFilter.value;
  return (
    <>
      <p class="dim window-text">
        {timeText(current.window.from)} – {timeText(current.window.to)}, against the time of the same length before,
        from {timeText(previous.window.from)}
      </p>
      <ul class="cards">
        {CARDS.map(({ name, valueOf, isShare = false, isExact = () => true, terms }) => {
          const actions = terms.some(({ key }) => key === 'action') ? undefined : query.action;
          return (
            <li key={name}>
              <a
                class="card figure"
                href={timelineHref([...countedTerms({ ...query, action: actions }), ...terms], windowChange(query))}
              >
                <span class="figure-name">{name}</span>
                <strong class="figure-value">
                  {valueText(valueOf(current), isShare)}
                  {isExact(current) ? '' : '+'}
                </strong>
                <Change
                  now={valueOf(current)}
                  before={valueOf(previous)}
                  hadAny={previous.actions > 0}
                  isShare={isShare}
                />
              </a>
            </li>
          );
        })}
      </ul>
    </>
  );
}

interface ChangeProps {
  readonly now: number;
  readonly before: number;
  /** Something happened in the time before. */
  readonly hadAny: boolean;
  readonly isShare: boolean;
}

function Change({ now, before, hadAny, isShare }: ChangeProps) {
  if (!hadAny) return <span class="dim">nothing before</span>;
  const was = `was ${valueText(before, isShare)}`;
  if (now === before) return <span class="dim">unchanged</span>;
  const arrow = now > before ? '▲' : '▼';
  const by = isShare
    ? `${(Math.abs(now - before) * 100).toLocaleString(undefined, { maximumFractionDigits: 1 })} points`
    : before === 0
      ? 'new'
      : percentText(Math.abs(now - before) / before);
  return (
    <span class="dim">
      <span aria-hidden="true">{arrow}</span>
      <span class="visually-hidden">{now > before ? 'up' : 'down'}</span> {by}, {was}
    </span>
  );
}

function valueText(value: number, isShare: boolean): string {
  return isShare ? percentText(value) : value.toLocaleString();
}

function percentText(share: number): string {
  return share.toLocaleString(undefined, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 });
}
