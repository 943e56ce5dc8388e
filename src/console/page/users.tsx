import { isRefusal } from '../api/api-error.ts';
import { call } from '../api/client.ts';
import type { UserPage } from '../api/schema.ts';
import { Ago } from '../part/ago.tsx';
import { BarList, barTable, type Bar } from '../part/chart/bar-list.tsx';
import { ChartCard } from '../part/chart/chart-card.tsx';
import { DateRange } from '../part/date-range.tsx';
import { Empty } from '../part/empty.tsx';
import { ErrorNotice } from '../part/error-notice.tsx';
import { LeftOut } from '../part/left-out.tsx';
import { QueryBar } from '../part/query-bar.tsx';
import { SkeletonLines } from '../part/skeleton.tsx';
import { chosenSort, SortChoice } from '../part/sort-choice.tsx';
import { KINDS, nameOf, UserName, userTerm } from '../part/user-name.tsx';
import { VirtualList } from '../part/virtual-list.tsx';
import { timelineHref, userFilter, userHref } from '../state/filter.ts';
import { useLoadable, usePagedList } from '../state/loadable.ts';
import { Refused } from './refused.tsx';

type Row = UserPage['data'][number];

const SORTS = [
  { value: 'recent', name: 'Recently active' },
  { value: 'most', name: 'Most active' },
  { value: 'least', name: 'Least active' },
] as const;
const FIRST_PAGE = 100;
const NEXT_PAGE = 500;
const ROW_PX = 45;
const TOP = 10;

/** Everybody who acted, those whom only the database knows included, and people who never did. */
export function Users() {
  const { query, others } = userFilter.value;
  const sort = chosenSort(SORTS);
  const key = JSON.stringify([query, sort]);
  const list = usePagedList<Row, UserPage['meta']>(key, (cursor, signal) => {
    const limit = cursor === null ? FIRST_PAGE : NEXT_PAGE;
    return call('GET /users', { query: { ...query, sort, limit, after: cursor ?? undefined }, signal });
  });
  if (isRefusal(list.error)) return <Refused error={list.error} />;
  const isEmpty = list.rows.length === 0 && !list.loading && list.error === null;
  return (
    <div class="page">
      <h1 class="visually-hidden">Users</h1>
      <div class="toolbar">
        <QueryBar />
        <DateRange />
      </div>
      <LeftOut terms={others} />
      {list.error === null ? null : <ErrorNotice error={list.error} onRetry={list.reload} />}
      {isEmpty ? (
        <Empty what="users" />
      ) : (
        <div class="with-side">
          <section aria-labelledby="users-title">
            <div class="listing-head">
              <h2 id="users-title">Users</h2>
              <SortChoice choices={SORTS} />
            </div>
            {list.rows.length === 0 ? (
              list.loading && <SkeletonLines count={10} />
            ) : (
              <div class={`listing${list.loadedKey !== key ? ' stale' : ''}`}>
                <div class="user-row listing-names" aria-hidden="true">
                  <span>Who</span>
                  <span class="right">Actions</span>
                  <span>Last action</span>
                </div>
                <VirtualList
                  rows={list.rows}
                  keyOf={({ id }) => id}
                  heightOf={() => ROW_PX}
                  onEnd={list.loadMore}
                  label="Users"
                >
                  {(row) => <UserRow row={row} />}
                </VirtualList>
              </div>
            )}
          </section>
          <TopUsers />
        </div>
      )}
    </div>
  );
}

function UserRow({ row }: { readonly row: Row }) {
  const { claim, name, person, count, last_action: last } = row;
  return (
    <div class="user-row">
      <span class="who">
        <UserName user={row} />
        {name === null || name === claim ? null : <span class="dim mono">{claim}</span>}
        {(person?.left_at ?? null) === null ? null : <span class="tag">departed</span>}
      </span>
      <span class="right number">
        {count === 0 ? (
          <span class="dim">0</span>
        ) : (
          <a href={timelineHref([userTerm(row)])} aria-label={`${count.toLocaleString()} actions in the Timeline`}>
            {count.toLocaleString()}
          </a>
        )}
      </span>
      <span>{last === null ? <span class="dim">never acted</span> : <Ago time={last} />}</span>
    </div>
  );
}

/** The ten who did most, in these times. */
function TopUsers() {
  const { query } = userFilter.value;
  const loadable = useLoadable(JSON.stringify(query), (signal) =>
    call('GET /users', { query: { ...query, sort: 'most', limit: TOP }, signal }),
  );
  return (
    <ChartCard
      title="Top 10"
      of={loadable}
      isEmpty={({ data }) => data.every(({ count }) => count === 0)}
      table={(data) => barTable(barsOf(data), 'User')}
    >
      {(data) => <BarList bars={barsOf(data)} />}
    </ChartCard>
  );
}

function barsOf({ data }: UserPage): Bar[] {
  return data
    .filter(({ count }) => count > 0)
    .map((row) => ({
      key: row.id,
      name: nameOf(row),
      label:
        row.kind === 'user'
          ? nameOf(row)
          : [
              nameOf(row),
              ' ',
              <span key="tag" class="tag">
                {KINDS[row.kind]}
              </span>,
            ],
      count: row.count,
      href: userHref(row.id),
    }));
}
