import type { ComponentChildren } from 'preact';
import { isFiltered, resetFilter } from '../state/filter.ts';
import { status } from '../state/capture-status.ts';

/**
 * In place of an empty list: nothing matches the filter (with a reset), nothing has been captured yet (with what to
 * do), or, where neither is so, `children`.
 */
export function Empty({ what, children }: { readonly what: string; readonly children?: ComponentChildren }) {
  if (isFiltered.value) {
    return (
      <div class="empty" role="status">
        <h2>Nothing matches</h2>
        <p>There are {what}, but none that fit this filter and these times.</p>
        <button class="button" type="button" onClick={resetFilter}>
          Reset the filter
        </button>
      </div>
    );
  }
  const sources = status.value?.sources ?? [];
  return (
    <div class="empty" role="status">
      <h2>{children === undefined ? 'Nothing has been recorded yet' : `No ${what}`}</h2>
      {children ??
        (sources.length === 0 ? (
          <p>
            No source is tracked. Name one in the config, then run <code>rowtrail setup</code> and{' '}
            <code>rowtrail run</code>.
          </p>
        ) : (
          <p>
            Rowtrail watches {sources.map(({ name }) => name).join(', ')}. Change a row there, and it is here a moment
            later;
            <code>rowtrail check</code> says whether anything keeps it from being captured.
          </p>
        ))}
    </div>
  );
}
