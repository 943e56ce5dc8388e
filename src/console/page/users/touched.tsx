import { ActionWord } from '../../part/action-word.tsx';
import { Ago } from '../../part/ago.tsx';
import { recordText, tableName } from '../../state/entry-text.ts';
import { pageHref, recordHref } from '../../state/filter.ts';
import { formatTerm, type Term } from '../../state/query-text.ts';
import type { UserDetail } from '../user.tsx';

/** The records that somebody changed last. Opened from here, a record's page shows what this one did to it. */
export function Touched({ user: { resources }, term }: { readonly user: UserDetail; readonly term: Term }) {
  const q = formatTerm(term);
  return (
    <section class="card chart wide" aria-labelledby="touched">
      <div class="chart-head">
        <h2 id="touched">Resources touched</h2>
        {resources.length === 0 ? null : <a href={pageHref('/resources', { q })}>All of them</a>}
      </div>
      {resources.length === 0 ? <p class="dim">None.</p> : null}
      <ul class="touched">
        {resources.map(({ source, schema, table, record, change }) => (
          <li key={`${source} ${schema}.${table} ${record}`}>
            <a href={recordHref(source, `${schema}.${table}`, record, { q })}>
              {tableName({ schema, table })} {recordText(record)}
            </a>
            <ActionWord action={change.action} />
            <Ago time={change.timestamp} />
          </li>
        ))}
      </ul>
    </section>
  );
}
