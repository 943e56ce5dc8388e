import { FILTER_KEYS, isFilterKey, nearestKey, type FilterKey } from './filter-key.ts';
import { QueryError } from './query-error.ts';
import { complaintOf, MAX_VALUES } from './value-check.ts';

/** The whole text, in UTF-16 units. */
export const MAX_QUERY_LENGTH = 4_096;

/** One filter with one value: `table:orders,customers` are two. */
export interface QueryTerm {
  readonly key: FilterKey;
  readonly value: string;
  readonly negated: boolean;
}

/** A term, and where its value stands in the text: from `start` until before `end`, in UTF-16 units. */
export interface PlacedTerm extends QueryTerm {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the text of a search box: `user:ana table:orders,customers -action:delete "free text" word`. A value with
 * spaces, quotes or (behind a key) commas stands in double quotes, in which `\"` and `\\` are a quote and a backslash.
 * A leading `-` negates. Throws a QueryError that has the column.
 */
export function parseQuery(text: string): PlacedTerm[] {
  if (text.length > MAX_QUERY_LENGTH) {
    throw new QueryError(text, MAX_QUERY_LENGTH, `a search may have ${MAX_QUERY_LENGTH} characters`);
  }
  const terms: PlacedTerm[] = [];
  const counts = new Map<FilterKey, number>();
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const read = readTerm(text, at);
    for (const term of read.terms) {
      const count = (counts.get(term.key) ?? 0) + 1;
      counts.set(term.key, count);
      if (count > MAX_VALUES) throw new QueryError(text, term.start, `${term.key} may be given ${MAX_VALUES} times`);
      assertTerm(text, term);
    }
    terms.push(...read.terms);
    at = read.end;
  }
  return terms;
}

/** The text of terms, from which `parseQuery` makes the same terms. */
export function formatQuery(terms: readonly QueryTerm[]): string {
  return terms
    .map(({ key, value, negated }) => {
      const sign = negated ? '-' : '';
      return key === 'text'
        ? `${sign}${needsQuotesAlone(value) ? quote(value) : value}`
        : `${sign}${key}:${NEEDS_QUOTES.test(value) ? quote(value) : value}`;
    })
    .join(' ');
}

const NEEDS_QUOTES = /^$|[\s",\\]/u;
const KEY = /([\p{L}_][\p{L}\p{N}_-]*):/uy;

function needsQuotesAlone(value: string): boolean {
  KEY.lastIndex = 0;
  return value.startsWith('-') || NEEDS_QUOTES.test(value) || KEY.test(value);
}

function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

function readTerm(text: string, from: number): { terms: PlacedTerm[]; end: number } {
  const negated = text[from] === '-';
  const at = negated ? from + 1 : from;
  if (negated && (at >= text.length || isSpace(text, at))) {
    throw new QueryError(text, from, '- negates what follows it, and nothing does', {
      hint: 'Write it without a space, or in quotes: "-".',
    });
  }
  KEY.lastIndex = at;
  const named = KEY.exec(text);
  if (named === null) {
    const { value, end } = text[at] === '"' ? readQuoted(text, at, '') : readBare(text, at, '');
    return { terms: [{ key: 'text', value, negated, start: at, end }], end };
  }
  const key = keyOf(text, at, named[1] as string);
  return readValues(text, KEY.lastIndex, { key, negated });
}

function keyOf(text: string, at: number, written: string): FilterKey {
  const key = written.toLowerCase().replaceAll('-', '_');
  if (isFilterKey(key)) return key;
  const meant = nearestKey(key);
  const said = `${written.slice(0, 64)} is not a filter`;
  throw new QueryError(text, at, meant === undefined ? said : `${said}: did you mean ${meant}?`, {
    hint: `The filters are ${Object.keys(FILTER_KEYS).join(', ')}. To search for the text itself, put it in quotes.`,
    ...(meant === undefined ? {} : { nearest: meant }),
  });
}

function readValues(
  text: string,
  from: number,
  { key, negated }: { key: FilterKey; negated: boolean },
): { terms: PlacedTerm[]; end: number } {
  const terms: PlacedTerm[] = [];
  for (let at = from; ; at += 1) {
    const { value, end } = text[at] === '"' ? readQuoted(text, at, ',') : readBare(text, at, ',');
    if (end === at) throw new QueryError(text, at, `${key} needs a value`, { hint: `It takes ${FILTER_KEYS[key]}.` });
    terms.push({ key, value, negated, start: at, end });
    at = end;
    if (text[at] !== ',') return { terms, end };
  }
}

interface ReadValue {
  readonly value: string;
  readonly end: number;
}

/** Up to a space or one of `stops`. */
function readBare(text: string, from: number, stops: string): ReadValue {
  let end = from;
  while (end < text.length && !isSpace(text, end) && !stops.includes(text.charAt(end))) {
    if (text[end] === '"') {
      throw new QueryError(text, end, 'a quote within a value', {
        hint: 'Put the whole value in quotes, and write a quote in it as \\".',
      });
    }
    end += 1;
  }
  return { value: text.slice(from, end), end };
}

function readQuoted(text: string, from: number, stops: string): ReadValue {
  let value = '';
  let at = from + 1;
  for (; text[at] !== '"'; at += 1) {
    if (at >= text.length) throw new QueryError(text, from, 'this quote is not closed');
    if (text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) at += 1;
    value += text.charAt(at);
  }
  const end = at + 1;
  if (end < text.length && !isSpace(text, end) && !stops.includes(text.charAt(end))) {
    throw new QueryError(text, end, 'a space is missing behind the quote');
  }
  return { value, end };
}

function assertTerm(text: string, { key, value, negated, start }: PlacedTerm): void {
  if (negated && (key === 'from' || key === 'to')) {
    throw new QueryError(text, start, `${key} cannot be negated`, {
      hint: `Use ${key === 'from' ? 'to' : 'from'} instead.`,
    });
  }
  const complaint = complaintOf(key, value);
  if (complaint !== undefined) {
    throw new QueryError(text, start, `${key === 'text' ? 'the text' : key} ${complaint}`);
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text, at)) at += 1;
  return at;
}

function isSpace(text: string, at: number): boolean {
  return /\s/u.test(text.charAt(at));
}
