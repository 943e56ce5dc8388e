import { call } from '../api/client.ts';
import { isRefusal } from '../api/api-error.ts';
import type { InsightSummary } from '../api/schema.ts';
import { HeatMap } from '../part/chart/heat-map.tsx';
import { CoverageNotice } from '../part/coverage-notice.tsx';
import { DateRange } from '../part/date-range.tsx';
import { Empty } from '../part/empty.tsx';
import { ErrorNotice } from '../part/error-notice.tsx';
import { LeftOut } from '../part/left-out.tsx';
import { QueryBar } from '../part/query-bar.tsx';
import { SkeletonLines } from '../part/skeleton.tsx';
import { status } from '../state/capture-status.ts';
import { insightFilter, setTimes } from '../state/filter.ts';
import { useLoadable } from '../state/loadable.ts';
import { Breakdowns } from './insights/breakdowns.tsx';
import { countedTerms, DEFAULT_SPAN } from './insights/links.ts';
import { OverTime } from './insights/over-time.tsx';
import { SummaryCards } from './insights/summary-cards.tsx';
import { Refused } from './refused.tsx';

/** How much of what, by whom, when: every figure leads to its entries. */
export function Insights() {
  const { query, uncounted } = insightFilter.value;
  const summary = useLoadable(JSON.stringify(query), (signal) => call('GET /insights/summary', { query, signal }));
  if (isRefusal(summary.error)) return <Refused error={summary.error} />;
  const data = summary.data?.data ?? null;
  return (
    <div class="page">
      <h1 class="visually-hidden">Insights</h1>
      <div class="toolbar">
        <QueryBar />
        <DateRange unset={DEFAULT_SPAN} />
      </div>
      <LeftOut terms={uncounted} />
      {summary.error === null ? null : <ErrorNotice error={summary.error} onRetry={summary.reload} />}
      {data === null && summary.loading ? <SkeletonLines count={10} /> : null}
      {data === null ? null : <Content summary={data} isStale={summary.loading} />}
    </div>
  );
}

function Content({ summary, isStale }: { readonly summary: InsightSummary['data']; readonly isStale: boolean }) {
  const { window, actions, baselines } = summary.current;
  const { query } = insightFilter.value;
  if (actions + baselines === 0) {
    const hasEarlier = (status.value?.store.entries_estimate ?? 0) > 0;
    return (
      <Empty what="entries in these seven days">
        {hasEarlier ? (
          <p>
            <button class="button" type="button" onClick={() => setTimes('now-90d', null)}>
              Look at the last 90 days
            </button>
          </p>
        ) : undefined}
      </Empty>
    );
  }
  return (
    <div class={isStale ? 'stale' : ''}>
      <CoverageNotice from={window.from} to={window.to} />
      <SummaryCards summary={summary} />
      <div class="charts">
        <OverTime query={query} />
        <Breakdowns query={query} />
        <HeatMap query={query} terms={countedTerms(query)} />
      </div>
    </div>
  );
}
