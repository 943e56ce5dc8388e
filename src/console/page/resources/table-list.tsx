import { call } from '../../api/client.ts';
import type { TablePage } from '../../api/schema.ts';
import { Icon } from '../../part/icon.tsx';
import { Loaded } from '../../part/loaded.tsx';
import { tableName } from '../../state/entry-text.ts';
import { pageHref, terms } from '../../state/filter.ts';
import { useLoadable } from '../../state/loadable.ts';
import { parameter } from '../../state/location.ts';
import { formatTerms } from '../../state/query-text.ts';
import { timeText } from '../../state/time.ts';

type Table = TablePage['data'][number];

const LIMIT = 1000;

/** The tables that have a history; one that is chosen becomes a term of the search. */
export function TableList() {
  const loadable = useLoadable('tables', (signal) => call('GET /tables', { query: { limit: LIMIT }, signal }));
  return (
    <nav class="table-nav" aria-labelledby="tables-title">
      <div class="listing-head">
        <h2 id="tables-title">Tables</h2>
      </div>
      <Loaded of={loadable} lines={6}>
        {({ data }) => <Tables tables={data} />}
      </Loaded>
    </nav>
  );
}

function Tables({ tables }: { readonly tables: readonly Table[] }) {
  const withEntries = tables.filter(({ entries }) => entries > 0).toSorted((one, other) => other.entries - one.entries);
  const silent = tables.filter(({ entries }) => entries === 0);
  const isOneOfMany = new Set(tables.map(({ source }) => source)).size > 1;
  return (
    <ul class="table-list">
      <li>
        <a href={hrefOf(null)} aria-current={chosen().length === 0 ? 'true' : undefined}>
          <span>All tables</span>
          <span class="number dim">{tables.reduce((sum, { entries }) => sum + entries, 0).toLocaleString()}</span>
        </a>
      </li>
      {withEntries.map((table) => (
        <li key={`${table.source} ${table.schema}.${table.table}`}>
          <TableLink table={table} withSource={isOneOfMany} />
        </li>
      ))}
      {silent.length === 0 ? null : (
        <li>
          <details>
            <summary class="dim">{silent.length} without entries</summary>
            <ul>
              {silent.map((table) => (
                <li key={`${table.source} ${table.schema}.${table.table}`}>
                  <TableLink table={table} withSource={isOneOfMany} />
                </li>
              ))}
            </ul>
          </details>
        </li>
      )}
    </ul>
  );
}

function TableLink({ table, withSource }: { readonly table: Table; readonly withSource: boolean }) {
  const { source, schema, table: name, entries, key, masked, last_activity: last, coverage } = table;
  const value = `${schema}.${name}`;
  const facts = [
    key === null ? 'It has no key.' : `Key: ${key.join(', ')}.`,
    masked.length === 0 ? '' : `Masked: ${masked.join(', ')}.`,
    last === null ? '' : `Last entry: ${timeText(last)}.`,
  ];
  return (
    <a
      href={hrefOf(value)}
      title={facts.filter((fact) => fact !== '').join(' ')}
      aria-current={chosen().some((each) => each === value || each === name) ? 'true' : undefined}
    >
      <span class="table-list-name">
        {withSource ? <span class="dim">{source}/</span> : null}
        {tableName({ schema, table: name })} <Coverage of={coverage} />
      </span>
      <span class="number dim">{entries.toLocaleString()}</span>
    </a>
  );
}

function Coverage({ of: { state, gaps, open_gaps: open } }: { readonly of: Table['coverage'] }) {
  if (state === 'covered' && gaps === 0) return null;
  const text =
    state === 'partial' || open > 0
      ? 'Not all of it is captured now.'
      : `Its history has ${gaps === 1 ? 'a gap' : `${gaps} gaps`}.`;
  return (
    <span class={`tag ${state === 'partial' || open > 0 ? 'warn' : ''}`} title={text}>
      <Icon name="warning" />
      {state === 'partial' || open > 0 ? 'not covered' : 'gap'}
    </span>
  );
}

function chosen(): readonly string[] {
  return terms.value.filter(({ key, negated }) => key === 'table' && !negated).map(({ value }) => value);
}

function hrefOf(table: string | null): string {
  const others = terms.value.filter(({ key }) => key !== 'table');
  const q = formatTerms(table === null ? others : [...others, { key: 'table', value: table, negated: false }]);
  return pageHref('/resources', { q, sort: parameter('sort') });
}
