import { useEffect } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { Entry } from '../../api/schema.ts';
import { ActionWord } from '../../part/action-word.tsx';
import { ErrorNotice } from '../../part/error-notice.tsx';
import { ShownValue } from '../../part/shown-value.tsx';
import { SkeletonLines } from '../../part/skeleton.tsx';
import { actorOf, isDirect } from '../../state/entry-text.ts';
import { entryHref, pageHref, resourceFilter, terms } from '../../state/filter.ts';
import { listedEntries } from '../../state/listed-entries.ts';
import { usePagedList } from '../../state/loadable.ts';
import { location, navigate } from '../../state/location.ts';
import { formatTerms } from '../../state/query-text.ts';
import { revertCount } from '../../state/revert-order.ts';
import { clockText, dayKey, dayText, timeText } from '../../state/time.ts';
import type { RecordDetail, RecordPlace } from '../record.tsx';
import { baseMoment, momentsHref, otherMoment } from './moment.ts';

const FIRST_PAGE = 50;
const NEXT_PAGE = 200;
const SHOWN_CHANGES = 3;
const SHOWN_CHARACTERS = 28;
/** Entries that leave a state. */
const ROW_ACTIONS = new Set(['create', 'update', 'delete', 'truncate', 'baseline']);

interface Meta {
  readonly next: string | null;
}

/** Its entries, the newest first; any of them can be looked at, and any two compared. */
export function VersionRail({ place }: { readonly record: RecordDetail; readonly place: RecordPlace }) {
  const { source, table, key } = place;
  const { user } = resourceFilter.value.query;
  const list = usePagedList<Entry, Meta>(
    JSON.stringify([source, table, key, user, revertCount.value]),
    (cursor, signal) => {
      const page = { limit: cursor === null ? FIRST_PAGE : NEXT_PAGE, after: cursor ?? undefined };
      return user === undefined
        ? call('GET /resources/{source}/{table}/{key}/history', {
            path: { source, table, key },
            query: page,
            signal,
          })
        : call('GET /activity', { query: { source, table, record: key, user, ...page }, signal });
    },
  );
  useEffect(() => {
    listedEntries.value = list.rows.map(({ id }) => id);
    return () => {
      listedEntries.value = [];
    };
  }, [list.rows]);
  return (
    <section class="rail" aria-labelledby="rail-title">
      <div class="listing-head">
        <h2 id="rail-title">History</h2>
        {list.rows.length > 1 ? <span class="dim rail-hint">Choose one to see it, or two to compare</span> : null}
      </div>
      {user === undefined ? null : (
        <p class="notice">
          <span class="rail-filter">Only what {user.join(', ')} did.</span>
          <a class="button small" href={withoutUsers()}>
            Show everybody
          </a>
        </p>
      )}
      {list.error === null ? null : <ErrorNotice error={list.error} onRetry={list.reload} />}
      {list.rows.length === 0 && list.loading ? <SkeletonLines count={6} /> : null}
      {list.rows.length === 0 && !list.loading && list.error === null ? <p class="dim">None of these.</p> : null}
      <Days entries={list.rows} />
      {list.hasMore ? (
        <button class="button" type="button" disabled={list.loading} onClick={list.loadMore}>
          Earlier ones
        </button>
      ) : null}
    </section>
  );
}

function Days({ entries }: { readonly entries: readonly Entry[] }) {
  const days = new Map<string, Entry[]>();
  for (const entry of entries) {
    const day = dayKey(entry.timestamp);
    const known = days.get(day);
    if (known === undefined) days.set(day, [entry]);
    else known.push(entry);
  }
  return (
    <>
      {Array.from(days, ([day, ofDay]) => (
        <div key={day}>
          <h3 class="rail-day">
            {dayText(ofDay[0]?.timestamp ?? '')} <span class="dim">{ofDay.length}</span>
          </h3>
          <ol class="rail-list">
            {ofDay.map((entry) => (
              <Version key={entry.id} entry={entry} />
            ))}
          </ol>
        </div>
      ))}
    </>
  );
}

function Version({ entry }: { readonly entry: Entry }) {
  const { id, action, timestamp, comment } = entry;
  const actor = actorOf(entry);
  const base = baseMoment();
  const other = otherMoment();
  const hasState = ROW_ACTIONS.has(action);
  return (
    <li class={`version${id === base ? ' chosen' : ''}${id === other ? ' compared-with' : ''}`}>
      {hasState ? (
        <span class="version-picks">
          <input
            type="radio"
            name="base"
            aria-label={`Look at ${timeText(timestamp)}`}
            title="Look at this one"
            checked={id === base}
            onChange={() => navigate(momentsHref(id, other === id ? null : other), { replace: true })}
          />
          <input
            type="radio"
            name="with"
            aria-label={`Compare with ${timeText(timestamp)}`}
            title="Compare with this one"
            disabled={base === null}
            checked={id === other}
            onChange={() => navigate(momentsHref(base, id), { replace: true })}
          />
        </span>
      ) : (
        <span />
      )}
      <div class="version-text">
        <div class="version-head">
          <ActionWord action={action} />
          <a href={entryHref(id)} title={timeText(timestamp)} aria-label={`${timeText(timestamp)}: open the entry`}>
            {clockText(timestamp)}
          </a>
          <span>{actor?.name ?? 'somebody'}</span>
          {isDirect(entry) ? <span class="tag direct">direct SQL</span> : null}
          {entry.reverted_by.length > 0 ? <span class="tag undone">undone</span> : null}
          {entry.reverts.length > 0 ? <span class="tag">undoes</span> : null}
          {entry.incomplete === null ? null : <span class="tag warn">incomplete</span>}
        </div>
        <Changes entry={entry} />
        {comment === null ? null : <q class="remark">{comment}</q>}
      </div>
    </li>
  );
}

function Changes({ entry: { changed, before, after } }: { readonly entry: Entry }) {
  if (changed.length === 0) return null;
  return (
    <ul class="version-changes">
      {changed.slice(0, SHOWN_CHANGES).map((column) => (
        <li key={column}>
          <span class="dim">{column}</span>{' '}
          <del>
            <ShownValue value={before?.[column]} limit={SHOWN_CHARACTERS} />
          </del>{' '}
          <span aria-label="became">→</span>{' '}
          <ins>
            <ShownValue value={after?.[column]} limit={SHOWN_CHARACTERS} />
          </ins>
        </li>
      ))}
      {changed.length > SHOWN_CHANGES ? <li class="dim">and {changed.length - SHOWN_CHANGES} more</li> : null}
    </ul>
  );
}

function withoutUsers(): string {
  const q = formatTerms(terms.value.filter(({ key }) => key !== 'user'));
  return pageHref(location.value.pathname, { q, base: baseMoment(), with: otherMoment() });
}
