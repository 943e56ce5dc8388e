import { computed } from '@preact/signals';
import { location, navigate, parameter, withParameters } from './location.ts';
import { formatTerms, isSameTerm, parseTerms, type Term } from './query-text.ts';

/** What is kept from tab to tab. */
const KEPT = ['q', 'from', 'to', 'tz'];

/** The text of the search box. */
export const queryText = computed(() => parameter('q') ?? '');
export const terms = computed(() => parseTerms(queryText.value));
/** As the interface takes times: RFC 3339 or `now-24h`; null: from the beginning, until now. */
export const fromTime = computed(() => parameter('from'));
export const toTime = computed(() => parameter('to'));
export const isFiltered = computed(() => queryText.value !== '' || fromTime.value !== null || toTime.value !== null);

/** For `/activity`, `/export` and their like. */
export const activityFilter = computed(() => ({
  q: queryText.value === '' ? undefined : queryText.value,
  from: fromTime.value ?? undefined,
  to: toTime.value ?? undefined,
}));

/** For `/insights/…`, which count by fewer filters than the timeline knows: what is left out is in `uncounted`. */
export const insightFilter = computed(() => {
  const { values, others } = split(['source', 'table', 'user', 'action']);
  return { query: { ...times(), ...values }, uncounted: others };
});

/** For `/resources`. */
export const resourceFilter = computed(() => {
  const { values, others } = split(['source', 'table', 'user']);
  return { query: { ...times(), ...values }, others };
});

/** For `/users`, which looks for one part of a name. */
export const userFilter = computed(() => {
  const { values, others } = split(['source']);
  const named = others.find(({ key, negated }) => !negated && (key === 'user' || key === 'text'));
  return { query: { ...times(), ...values, q: named?.value }, others: others.filter((term) => term !== named) };
});

function times(): { from: string | undefined; to: string | undefined } {
  return { from: fromTime.value ?? undefined, to: toTime.value ?? undefined };
}

/** The values of the terms that an operation takes one by one, and the terms that it knows nothing of. */
function split<Key extends string>(
  keys: readonly Key[],
): { values: Record<Key, string[] | undefined>; others: readonly Term[] } {
  const taken = terms.value.filter(({ key, negated }) => !negated && keys.some((each) => each === key));
  const values = {} as Record<Key, string[] | undefined>;
  for (const key of keys) {
    const found = taken.filter((term) => term.key === key).map(({ value }) => value);
    values[key] = found.length === 0 ? undefined : found;
  }
  return { values, others: terms.value.filter((term) => !taken.includes(term)) };
}

export function setQueryText(text: string): void {
  navigate(withParameters({ q: text.trim() }));
}

export function setTimes(from: string | null, to: string | null): void {
  navigate(withParameters({ from, to }));
}

/** Adds a term, and takes back one that says the opposite. */
export function addTerm(term: Term): void {
  const opposite = { ...term, negated: !term.negated };
  const kept = terms.value.filter((each) => !isSameTerm(each, term) && !isSameTerm(each, opposite));
  setQueryText(formatTerms([...kept, term]));
}

export function removeTerm(term: Term): void {
  setQueryText(formatTerms(terms.value.filter((each) => !isSameTerm(each, term))));
}

export function resetFilter(): void {
  navigate(withParameters({ q: null, from: null, to: null }));
}

/** A page of the console, with what is kept from tab to tab, and the changes to it. */
export function pageHref(path: string, changes: Readonly<Record<string, string | null>> = {}): string {
  const parameters = new URLSearchParams();
  for (const name of KEPT) {
    const value = location.value.searchParams.get(name);
    if (value !== null) parameters.set(name, value);
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') parameters.delete(name);
    else parameters.set(name, value);
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The Timeline, filtered by these terms and by the present times. */
export function timelineHref(given: readonly Term[], changes: Readonly<Record<string, string | null>> = {}): string {
  return pageHref('/timeline', { q: formatTerms(given), ...changes });
}

/** The page of a record. */
export function recordHref(
  source: string,
  table: string,
  key: string,
  changes: Readonly<Record<string, string | null>> = {},
): string {
  return pageHref(`/resources/${[source, table, key].map(encodeURIComponent).join('/')}`, changes);
}

/** The page of a user, by the id that `/users` gives. */
export function userHref(id: string): string {
  return pageHref(`/users/${encodeURIComponent(id)}`);
}

/** An entry, over the Timeline or, on other pages, over them. */
export function entryHref(id: string): string {
  const { pathname } = location.value;
  const isTimeline = pathname === '/' || pathname === '/timeline' || pathname.startsWith('/entry/');
  return isTimeline ? withPath(`/entry/${id}`) : withParameters({ entry: id });
}

/** The entry that is open over the page; null if none is. */
export const openEntry = computed(
  () => /^\/entry\/(\d+)$/.exec(location.value.pathname)?.[1] ?? location.value.searchParams.get('entry'),
);

export function closedHref(): string {
  return location.value.pathname.startsWith('/entry/') ? withPath('/timeline') : withParameters({ entry: null });
}

function withPath(path: string): string {
  return path + location.value.search;
}
