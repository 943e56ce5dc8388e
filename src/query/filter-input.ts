import { NO_VALUES, type ActivityFilter, type FilterValues } from './filter.ts';
import { FilterError } from './filter-error.ts';
import { LIST_KEYS, type ListKey } from './grammar/filter-key.ts';
import { QueryError } from './grammar/query-error.ts';
import { parseQuery, type PlacedTerm } from './grammar/query-text.ts';

/** Filters as they are given: by name, and as a search text. */
export type FilterInput = { readonly [Key in ListKey]?: readonly string[] | undefined } & {
  readonly q?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

/**
 * The one filter that names and search text make together: a filter that both have is one that is repeated. Throws a
 * QueryError for a text that can't be read, a FilterError for a bound of the times that is given twice.
 */
export function filterOf(input: FilterInput): ActivityFilter {
  const text = input.q ?? '';
  const terms = parseQuery(text);
  // Own members first, here as wherever many are made: test/harness/hidden-class.ts tells why.
  return {
    not: valuesOf(terms, true, {}),
    from: timeOf('from', { text, terms, named: input.from }),
    to: timeOf('to', { text, terms, named: input.to }),
    ...valuesOf(terms, false, input),
  };
}

function valuesOf(terms: readonly PlacedTerm[], negated: boolean, named: FilterInput): FilterValues {
  const values: Record<ListKey, readonly string[]> = { ...NO_VALUES };
  for (const key of LIST_KEYS) {
    const written = terms.filter((term) => term.key === key && term.negated === negated).map(({ value }) => value);
    values[key] = [...(named[key] ?? []), ...written];
  }
  return values;
}

function timeOf(
  key: 'from' | 'to',
  { text, terms, named }: { text: string; terms: readonly PlacedTerm[]; named: string | undefined },
): string | null {
  const [first, second] = terms.filter((term) => term.key === key);
  if (second !== undefined) throw new QueryError(text, second.start, `${key} may be given once only`);
  if (first !== undefined && named !== undefined) {
    throw new FilterError(key, `${key} is given twice, by itself and in q`, 'Leave one of them out.');
  }
  return first?.value ?? named ?? null;
}
