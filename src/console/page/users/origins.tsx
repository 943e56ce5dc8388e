import { Ago } from '../../part/ago.tsx';
import { timelineHref } from '../../state/filter.ts';
import type { Term } from '../../state/query-text.ts';
import type { UserDetail } from '../user.tsx';

export interface OriginsProps {
  readonly title: string;
  readonly of: UserDetail['ips'];
  /** The filter that its values go into; null: none. */
  readonly filter: string | null;
  readonly terms: readonly Term[];
}

/** Where somebody acted from. */
export function Origins({ title, of: { data, exact }, filter, terms }: OriginsProps) {
  return (
    <section class="card chart">
      <h2>{title}</h2>
      {data.length === 0 ? <p class="dim">None was told.</p> : null}
      <ul class="origins">
        {data.map(({ value, count, last }) => (
          <li key={value}>
            <span class="origin-value">
              {filter === null ? (
                value
              ) : (
                <a href={timelineHref([...terms, { key: filter, value, negated: false }])}>{value}</a>
              )}
            </span>
            <span class="number">{count.toLocaleString()}</span>
            <span class="dim">
              last <Ago time={last} />
            </span>
          </li>
        ))}
      </ul>
      {exact ? null : <p class="dim chart-note">Of their latest entries.</p>}
    </section>
  );
}
