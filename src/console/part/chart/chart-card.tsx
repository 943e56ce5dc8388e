import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { isRefusal } from '../../api/api-error.ts';
import type { Loadable } from '../../state/loadable.ts';
import { ErrorNotice } from '../error-notice.tsx';
import { SkeletonLines } from '../skeleton.tsx';

export interface ChartTable {
  readonly head: readonly string[];
  /** The last cell of each is a number. */
  readonly rows: readonly { readonly key: string; readonly cells: readonly ComponentChildren[] }[];
}

export interface ChartCardProps<T> {
  readonly title: string;
  readonly of: Loadable<T>;
  /** The same as a table. */
  readonly table: (data: T) => ChartTable;
  /** What is to be known of the figures; null: nothing. */
  readonly note?: (data: T) => string | null;
  readonly isEmpty: (data: T) => boolean;
  readonly class?: string;
  readonly children: (data: T) => ComponentChildren;
}

/** A chart, or, at the press of a button, its figures. */
export function ChartCard<T>({
  title,
  of: { data, error, loading, reload },
  table,
  note,
  isEmpty,
  class: className = '',
  children,
}: ChartCardProps<T>) {
  const [asTable, setAsTable] = useState(false);
  const titleId = useId();
  const remark = data === null ? null : (note?.(data) ?? null);
  return (
    <section class={`card chart ${className}`} aria-labelledby={titleId} aria-busy={loading}>
      <div class="chart-head">
        <h2 id={titleId}>{title}</h2>
        <button
          class="button plain small"
          type="button"
          aria-pressed={asTable}
          aria-label={`${title} as a table`}
          onClick={() => setAsTable(!asTable)}
        >
          Table
        </button>
      </div>
      {error === null || isRefusal(error) ? null : <ErrorNotice error={error} onRetry={reload} />}
      {isRefusal(error) ? <p class="dim">This is not for your role.</p> : null}
      {data === null && loading ? <SkeletonLines count={5} /> : null}
      {data === null ? null : isEmpty(data) ? (
        <p class="dim chart-empty">Nothing in these times.</p>
      ) : asTable ? (
        <FigureTable of={table(data)} title={title} />
      ) : (
        children(data)
      )}
      {remark === null ? null : <p class="dim chart-note">{remark}</p>}
    </section>
  );
}

function FigureTable({ of: { head, rows }, title }: { readonly of: ChartTable; readonly title: string }) {
  return (
    // It scrolls: the keyboard must be able to.
    <div class="figures" tabIndex={0} role="group" aria-label={`${title}: figures`}>
      <table>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, at) => (
                <td key={head[at]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
