import { call } from '../../api/client.ts';
import type { InsightBreakdown } from '../../api/schema.ts';
import { BarList, barTable, type Bar } from '../../part/chart/bar-list.tsx';
import { ChartCard } from '../../part/chart/chart-card.tsx';
import { KINDS, nameOf, userTerm } from '../../part/user-name.tsx';
import { timelineHref } from '../../state/filter.ts';
import { useLoadable } from '../../state/loadable.ts';
import type { Term } from '../../state/query-text.ts';
import { countedTerms, windowChange, type InsightQuery } from './links.ts';

type Item = InsightBreakdown['data'][number];

interface Named {
  readonly name: string;
  readonly tag?: string;
  /** What finds its entries. */
  readonly terms: readonly Term[];
}

const LIMIT = 8;

/** The tables, people and fields with the most entries. */
export function Breakdowns({ query }: { readonly query: InsightQuery }) {
  return (
    <>
      <Breakdown title="Tables" what="Table" by="table" query={query} nameOf={tableOf} />
      <Breakdown title="Users" what="User" by="user" query={query} nameOf={userOf} />
      <Breakdown title="Changed fields" what="Field" by="field" query={query} nameOf={fieldOf} />
    </>
  );
}

interface BreakdownProps {
  readonly title: string;
  readonly what: string;
  readonly by: 'table' | 'user' | 'field';
  readonly query: InsightQuery;
  readonly nameOf: (item: Item) => Named;
}

function Breakdown({ title, what, by, query, nameOf: namedOf }: BreakdownProps) {
  const loadable = useLoadable(JSON.stringify([query, by]), (signal) =>
    call('GET /insights/breakdown', { query: { ...query, by, limit: LIMIT }, signal }),
  );
  const barsOf = ({ data }: InsightBreakdown): Bar[] =>
    data.map((item) => {
      const { name, tag, terms } = namedOf(item);
      const others = countedTerms(query).filter(({ key }) => !terms.some((term) => term.key === key));
      return {
        key: terms.map(({ value }) => value).join(' '),
        name,
        label:
          tag === undefined
            ? name
            : [
                name,
                ' ',
                <span key="tag" class="tag">
                  {tag}
                </span>,
              ],
        count: item.count,
        href: timelineHref([...others, ...terms], windowChange(query)),
      };
    });
  return (
    <ChartCard
      title={title}
      of={loadable}
      isEmpty={({ data }) => data.length === 0}
      table={(data) => barTable(barsOf(data), what)}
      note={({ data, meta: { groups, searched } }) =>
        searched !== undefined
          ? `Counted over the latest ${searched.entries.toLocaleString()} updates.`
          : groups !== null && groups > data.length
            ? `The first ${data.length} of ${groups.toLocaleString()}.`
            : null
      }
    >
      {(data) => <BarList bars={barsOf(data)} />}
    </ChartCard>
  );
}

function tableOf({ schema, table }: Item): Named {
  if (table === null || table === undefined) {
    return { name: 'without a table', terms: [{ key: 'is', value: 'event', negated: false }] };
  }
  return { name: shortTable(schema, table), terms: [tableTerm(schema, table)] };
}

function userOf({ user }: Item): Named {
  if (user === undefined) return { name: 'unknown', terms: [{ key: 'attribution', value: 'unknown', negated: false }] };
  const name = nameOf(user);
  return user.kind === 'user'
    ? { name, terms: [userTerm(user)] }
    : { name, tag: KINDS[user.kind], terms: [userTerm(user)] };
}

function fieldOf({ schema, table, field = '' }: Item): Named {
  return {
    name: `${shortTable(schema, table ?? '')}.${field}`,
    terms: [tableTerm(schema, table ?? ''), { key: 'field', value: field, negated: false }],
  };
}

function shortTable(schema: string | null | undefined, table: string): string {
  return schema === null || schema === undefined || schema === 'public' ? table : `${schema}.${table}`;
}

function tableTerm(schema: string | null | undefined, table: string): Term {
  return {
    key: 'table',
    value: schema === null || schema === undefined ? table : `${schema}.${table}`,
    negated: false,
  };
}
