import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isRefusal } from '../api/api-error.ts';
import { call } from '../api/client.ts';
import type { ActivityPage, Entry } from '../api/schema.ts';
import { DateRange } from '../part/date-range.tsx';
import { Empty } from '../part/empty.tsx';
import { ErrorNotice } from '../part/error-notice.tsx';
import { ExportMenu } from '../part/export-menu.tsx';
import { Icon } from '../part/icon.tsx';
import { QueryBar } from '../part/query-bar.tsx';
import { openRevert } from '../state/revert-order.ts';
import { onKey } from '../part/shortcut.ts';
import { SkeletonLines } from '../part/skeleton.tsx';
import { VirtualList } from '../part/virtual-list.tsx';
import { actorOf, REVERTIBLE, verbOf } from '../state/entry-text.ts';
import { activityFilter, entryHref, openEntry } from '../state/filter.ts';
import { listedEntries } from '../state/listed-entries.ts';
import { usePagedList } from '../state/loadable.ts';
import { navigate, parameter, withParameters } from '../state/location.ts';
import { mayRevert } from '../state/session.ts';
import { dayKey, dayText, timeText, zone } from '../state/time.ts';
import { Refused } from './refused.tsx';
import { ColumnMenu } from './timeline/columns.tsx';
import { EntryRow, GroupRow } from './timeline/entry-row.tsx';
import { timelineRows, type Group, type TimelineRow } from './timeline/entry-rows.ts';
import { Histogram } from './timeline/histogram.tsx';
import { isLive, useLive } from './timeline/live.ts';
import { QuickFilters } from './timeline/quick-filter.tsx';
import { SavedSearches } from './timeline/saved-search.tsx';

const FIRST_PAGE = 100;
const NEXT_PAGE = 500;

/** What happened: newest first, by day, the entries of a transaction together. */
export function Timeline() {
  const filter = activityFilter.value;
  const isOldestFirst = parameter('sort') === 'id';
  const sort = isOldestFirst ? 'id' : '-id';
  const key = JSON.stringify([filter, sort]);
  const list = usePagedList<Entry, ActivityPage['meta']>(key, (cursor, signal) => {
    const limit = cursor === null ? FIRST_PAGE : NEXT_PAGE;
    return call('GET /activity', { query: { ...filter, sort, limit, after: cursor ?? undefined }, signal });
  });
  const [turn, setTurn] = useState(0);
  const mayFollow = isLive.value && !isOldestFirst && filter.to === undefined;
  // Behind the list of this filter, not behind one that is about to go.
  const newest = list.loadedKey === key ? (list.rows[0]?.id ?? null) : undefined;
  const live = useLive(`${key} ${mayFollow}`, filter, mayFollow ? newest : undefined);
  const showHeld = (): void => {
    if (live.isOverfull) list.reload();
    else list.prepend(live.held);
    live.clear();
    setTurn((before) => before + 1);
    window.scrollTo(0, 0);
  };
  // An empty list has nothing that could be moved away under the reader.
  const isWaiting = list.loadedKey === key && list.rows.length === 0 && live.held.length > 0;
  useEffect(() => {
    if (isWaiting) showHeld();
  }, [isWaiting]);
  if (isRefusal(list.error)) return <Refused error={list.error} />;
  return (
    <div class="page timeline">
      <h1 class="visually-hidden">Timeline</h1>
      <div class="toolbar">
        <QueryBar />
        <DateRange />
        <div class="row tools">
          <SortButton isOldestFirst={isOldestFirst} />
          <ColumnMenu />
          <SavedSearches />
          <ExportMenu />
        </div>
      </div>
      <Histogram turn={turn} />
      <div class="filter-row">
        <QuickFilters />
        <LiveButton isConnected={live.isConnected} isPossible={!isOldestFirst && filter.to === undefined} />
      </div>
      {list.error === null ? null : <ErrorNotice error={list.error} onRetry={list.reload} />}
      <div class="news-place" aria-live="polite">
        {live.held.length === 0 ? null : (
          <button class="button primary news" type="button" onClick={showHeld}>
            {live.held.length.toLocaleString()}
            {live.isOverfull ? '+' : ''} new
          </button>
        )}
      </div>
      <Entries rows={list.rows} isLoading={list.loading} isStale={list.loadedKey !== key} onEnd={list.loadMore} />
      <End list={list} />
    </div>
  );
}

function Entries({
  rows: entries,
  isLoading,
  isStale,
  onEnd,
}: {
  readonly rows: readonly Entry[];
  readonly isLoading: boolean;
  /** They are of the filter before. */
  readonly isStale: boolean;
  readonly onEnd: () => void;
}) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<string | null>(null);
  const zoneName = zone.value;
  const rows = useMemo(() => timelineRows(entries, dayKey, toggled), [entries, toggled, zoneName]);
  const marked = openEntry.value ?? current;
  const at = rows.findIndex((row) => isRowOf(row, marked));
  useEffect(() => {
    listedEntries.value = entries.map(({ id }) => id);
  }, [entries]);
  const toggle = (transaction: string): void =>
    setToggled((before) => {
      const after = new Set(before);
      if (!after.delete(transaction)) after.add(transaction);
      return after;
    });
  // Keys come faster than the page is shown anew.
  const latest = useRef({ rows, at });
  latest.current = { rows, at };
  useLayoutEffect(() => {
    const step = (by: number): void => {
      const { rows: present, at: from } = latest.current;
      let next = from + by;
      while (present[next]?.kind === 'day') next += by;
      const row = present[next];
      if (row === undefined) return;
      latest.current = { rows: present, at: next };
      setCurrent(row.key);
      // Enter is for the row that is marked, whatever had the focus.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    };
    const open = (event: KeyboardEvent): void => {
      const row = latest.current.rows[latest.current.at];
      if (row === undefined || event.target !== document.body) return;
      if (row.kind === 'entry') navigate(entryHref(row.entry.id));
      else if (row.kind === 'group') toggle(row.group.transaction);
    };
    const ends = [onKey('j', () => step(1)), onKey('k', () => step(-1)), onKey('Enter', open)];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  if (entries.length === 0) return isLoading ? <SkeletonLines count={12} /> : null;
  return (
    <div class={isStale ? 'stale' : ''}>
      <VirtualList rows={rows} keyOf={keyOf} heightOf={heightOf} reveal={at} onEnd={onEnd} label="Entries">
        {(row) => {
          if (row.kind === 'day') return <h2 class="day">{dayText(row.time)}</h2>;
          if (row.kind === 'entry') {
            return <EntryRow entry={row.entry} isInGroup={row.isInGroup} isCurrent={row.key === marked} />;
          }
          return (
            <div class={row.key === marked ? 'current' : ''}>
              <GroupRow group={row.group} isOpen={row.isOpen} onToggle={() => toggle(row.group.transaction)}>
                {mayRevert.value ? <UndoGroup group={row.group} /> : null}
              </GroupRow>
            </div>
          );
        }}
      </VirtualList>
    </div>
  );
}

function UndoGroup({ group }: { readonly group: Group }) {
  const [first] = group.entries;
  if (first.source === null || !REVERTIBLE.has(first.action) || first.reverted_by.length > 0) return null;
  const rows = `${group.size.toLocaleString()} rows`;
  return (
    <button
      class="button plain small undo"
      type="button"
      onClick={() =>
        openRevert({
          target: { transaction: group.transaction },
          what: `${actorOf(first)?.name ?? 'somebody'} ${verbOf(first.action)} ${rows}`,
        })
      }
    >
      <Icon name="revert" /> Undo…
    </button>
  );
}

/** Below the list: nothing there, more on its way, or how far the search has come. */
function End({ list }: { readonly list: ReturnType<typeof usePagedList<Entry, ActivityPage['meta']>> }) {
  const { rows, loading, error, hasMore, meta, loadMore } = list;
  if (rows.length === 0 && !loading && error === null && !hasMore) return <Empty what="entries" />;
  if (rows.length > 0 && loading) return <SkeletonLines count={2} />;
  if (!hasMore || loading) return null;
  return (
    <p class="list-end">
      {meta?.searched === undefined ? null : (
        <span class="dim">Searched back to {timeText(meta.searched.until)}. </span>
      )}
      <button class="button" type="button" onClick={loadMore}>
        {meta?.searched === undefined ? 'Load more' : 'Search further'}
      </button>
    </p>
  );
}

function SortButton({ isOldestFirst }: { readonly isOldestFirst: boolean }) {
  return (
    <button
      class="button"
      type="button"
      onClick={() => navigate(withParameters({ sort: isOldestFirst ? null : 'id' }))}
      aria-label={`Sorted: ${isOldestFirst ? 'oldest' : 'newest'} first. Change`}
    >
      <Icon name="sort" /> {isOldestFirst ? 'Oldest' : 'Newest'}
    </button>
  );
}

function LiveButton({ isConnected, isPossible }: { readonly isConnected: boolean; readonly isPossible: boolean }) {
  if (!isPossible) return null;
  return (
    <button
      class="button small live"
      type="button"
      aria-pressed={isLive.value}
      title={isLive.value && !isConnected ? 'Connecting…' : 'New entries are announced as they come'}
      onClick={() => {
        isLive.value = !isLive.value;
      }}
    >
      <Icon name="live" /> Live
    </button>
  );
}

function keyOf(row: TimelineRow): string {
  return row.key;
}

function heightOf(row: TimelineRow): number {
  return row.kind === 'day' ? 44 : 37;
}

function isRowOf(row: TimelineRow, marked: string | null): boolean {
  if (marked === null) return false;
  return (
    row.key === marked || (row.kind === 'group' && !row.isOpen && row.group.entries.some(({ id }) => id === marked))
  );
}
