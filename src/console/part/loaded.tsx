import type { ComponentChildren } from 'preact';
import { isRefusal } from '../api/api-error.ts';
import { Refused } from '../page/refused.tsx';
import type { Loadable } from '../state/loadable.ts';
import { ErrorNotice } from './error-notice.tsx';
import { SkeletonLines } from './skeleton.tsx';

/**
 * What was loaded, by `children`. Before it is there: lines where it will be. When loading fails: why, with a button,
 * above what there was.
 */
export function Loaded<T>({
  of: { data, error, loading, reload },
  lines = 6,
  children,
}: {
  readonly of: Loadable<T>;
  readonly lines?: number;
  readonly children: (data: T) => ComponentChildren;
}) {
  if (isRefusal(error)) return <Refused error={error} />;
  return (
    <div class="loaded" aria-busy={loading}>
      {error === null ? null : <ErrorNotice error={error} onRetry={reload} />}
      {data === null ? loading && <SkeletonLines count={lines} /> : children(data)}
    </div>
  );
}
