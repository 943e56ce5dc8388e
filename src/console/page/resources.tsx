import { isRefusal } from '../api/api-error.ts';
import { call } from '../api/client.ts';
import type { ResourcePage } from '../api/schema.ts';
import { ActionWord } from '../part/action-word.tsx';
import { Ago } from '../part/ago.tsx';
import { DateRange } from '../part/date-range.tsx';
import { Empty } from '../part/empty.tsx';
import { ErrorNotice } from '../part/error-notice.tsx';
import { LeftOut } from '../part/left-out.tsx';
import { QueryBar } from '../part/query-bar.tsx';
import { SkeletonLines } from '../part/skeleton.tsx';
import { chosenSort, SortChoice } from '../part/sort-choice.tsx';
import { UserName } from '../part/user-name.tsx';
import { VirtualList } from '../part/virtual-list.tsx';
import { recordText, tableName } from '../state/entry-text.ts';
import { recordHref, resourceFilter } from '../state/filter.ts';
import { usePagedList, type PagedList } from '../state/loadable.ts';
import { timeText } from '../state/time.ts';
import { Refused } from './refused.tsx';
import { TableList } from './resources/table-list.tsx';

type Row = ResourcePage['data'][number];
type List = PagedList<Row, ResourcePage['meta']>;

const SORTS = [
  { value: 'recent', name: 'Recently changed' },
  { value: 'oldest', name: 'Oldest' },
  { value: 'busiest', name: 'Busiest' },
] as const;
const FIRST_PAGE = 100;
const NEXT_PAGE = 500;
const ROW_PX = 45;

/** What was changed: the tables, and their records, whether they are still there or not. */
export function Resources() {
  const { query, others } = resourceFilter.value;
  const sort = chosenSort(SORTS);
  const key = JSON.stringify([query, sort]);
  const list = usePagedList<Row, ResourcePage['meta']>(key, (cursor, signal) => {
    const limit = cursor === null ? FIRST_PAGE : NEXT_PAGE;
    return call('GET /resources', { query: { ...query, sort, limit, after: cursor ?? undefined }, signal });
  });
  if (isRefusal(list.error)) return <Refused error={list.error} />;
  return (
    <div class="page">
      <h1 class="visually-hidden">Resources</h1>
      <div class="toolbar">
        <QueryBar />
        <DateRange />
      </div>
      <LeftOut terms={others} />
      <div class="with-tables">
        <TableList />
        <section aria-labelledby="records-title">
          <div class="listing-head">
            <h2 id="records-title">Records</h2>
            <SortChoice choices={SORTS} />
          </div>
          {list.error === null ? null : <ErrorNotice error={list.error} onRetry={list.reload} />}
          <Records
            list={list}
            isStale={list.loadedKey !== key}
            isCounted={sort === 'busiest'}
            isOldest={sort === 'oldest'}
          />
        </section>
      </div>
    </div>
  );
}

interface RecordsProps {
  readonly list: List;
  /** Its rows are of another filter or order. */
  readonly isStale: boolean;
  /** Each has its number of changes. */
  readonly isCounted: boolean;
  /** Each has its first change rather than its last. */
  readonly isOldest: boolean;
}

function Records({ list, isStale, isCounted, isOldest }: RecordsProps) {
  if (list.rows.length === 0) {
    if (list.loading) return <SkeletonLines count={10} />;
    if (list.error !== null) return null;
    return list.hasMore ? <Searched list={list} /> : <Empty what="records" />;
  }
  const { window } = list.meta ?? {};
  return (
    <>
      {isCounted && window !== undefined ? (
        <p class="dim listing-note">
          Counted from {timeText(window.from)} to {timeText(window.to)}.
        </p>
      ) : null}
      <div class={`listing${isStale ? ' stale' : ''}${isCounted ? ' counted' : ''}`}>
        <div class="record-row listing-names" aria-hidden="true">
          <span>Record</span>
          {isCounted ? <span class="right">Changes</span> : null}
          <span>{isOldest ? 'First change' : 'Last change'}</span>
          <span>By</span>
          <span>When</span>
        </div>
        <VirtualList
          rows={list.rows}
          keyOf={({ source, schema, table, record }) => `${source} ${schema}.${table} ${record}`}
          heightOf={() => ROW_PX}
          onEnd={list.loadMore}
          label="Records"
        >
          {(row) => <RecordRow row={row} isCounted={isCounted} />}
        </VirtualList>
      </div>
      <Searched list={list} />
    </>
  );
}

function RecordRow({ row, isCounted }: { readonly row: Row; readonly isCounted: boolean }) {
  const { source, schema, table, record, change, count = 0 } = row;
  return (
    <div class="record-row">
      <a class="record-link" href={recordHref(source, `${schema}.${table}`, record)}>
        {tableName({ schema, table })} {recordText(record)}
      </a>
      {isCounted ? <span class="right number">{count.toLocaleString()}</span> : null}
      <span>
        <ActionWord action={change.action} />
      </span>
      <span class="who">{change.actor === null ? null : <UserName user={change.actor} />}</span>
      <Ago time={change.timestamp} />
    </div>
  );
}

/** How far the search has come, where it stopped before the end. */
function Searched({ list: { meta, hasMore, loading, loadMore } }: { readonly list: List }) {
  if (meta?.searched === undefined) return null;
  return (
    <p class="listing-note dim">
      {meta.searched.entries.toLocaleString()} entries were looked through, back to {timeText(meta.searched.until)}.{' '}
      {hasMore ? (
        <button class="button small" type="button" disabled={loading} onClick={loadMore}>
          Look further
        </button>
      ) : null}
    </p>
  );
}
