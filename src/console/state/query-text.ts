/**
 * The text of the search box, as the chips show it. The server is the judge of it: what can't be read here is kept as
 * it was written, and sent.
 */
export interface Term {
  /** `text`: words without a key. */
  readonly key: string;
  readonly value: string;
  readonly negated: boolean;
}

/** What the keys take, in the order in which they are offered. */
export const QUERY_KEYS: readonly (readonly [key: string, takes: string])[] = [
  ['user', 'who acted: an id or a name'],
  ['table', 'orders, or public.orders'],
  ['action', 'create, update, delete, …'],
  ['field', 'a column that an update changed'],
  ['record', 'a key: 42'],
  ['ip', 'an address or a network: 10.0.0.0/8'],
  ['is', 'direct, bulk, event, revert, reverted or incomplete'],
  ['old', 'a value that was replaced'],
  ['new', 'a value that was set'],
  ['value', 'a part of any value'],
  ['comment', 'words of a comment'],
  ['attribution', 'app, database, replication, api or unknown'],
  ['source', 'a source’s name'],
  ['tx', 'a transaction’s id'],
  ['request_id', 'the id of a request'],
];

const TERM =
  /(-?)(?:([\p{L}_][\p{L}\p{N}_-]*):)?((?:"(?:[^"\\]|\\.)*"|[^\s",]+)(?:,(?:"(?:[^"\\]|\\.)*"|[^\s",]+))*|\S+)/uy;
const VALUE = /"((?:[^"\\]|\\.)*)"|[^",]+/gu;

export function parseTerms(text: string): Term[] {
  const terms: Term[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    TERM.lastIndex = at;
    const [whole = text.slice(at), sign = '', key = 'text', values = ''] = TERM.exec(text) ?? [];
    const negated = sign === '-';
    const read = Array.from(values.matchAll(VALUE), ([value]) => unquoted(value));
    if (key === 'text') terms.push({ key, value: values.startsWith('"') ? unquoted(values) : values, negated });
    else if (read.length === 0) terms.push({ key: 'text', value: whole, negated: false });
    for (const value of key === 'text' ? [] : read) terms.push({ key: keyOf(key), value, negated });
    at = skipSpace(text, at + whole.length);
  }
  return terms;
}

export function formatTerms(terms: readonly Term[]): string {
  return terms.map(formatTerm).join(' ');
}

export function formatTerm({ key, value, negated }: Term): string {
  const sign = negated ? '-' : '';
  if (key === 'text')
    return `${sign}${/^$|^-|[\s",\\]|^[\p{L}_][\p{L}\p{N}_-]*:/u.test(value) ? quoted(value) : value}`;
  return `${sign}${key}:${/^$|[\s",\\]/u.test(value) ? quoted(value) : value}`;
}

export function isSameTerm(one: Term, other: Term): boolean {
  return one.key === other.key && one.value === other.value && one.negated === other.negated;
}

function keyOf(written: string): string {
  return written.toLowerCase().replaceAll('-', '_');
}

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

function unquoted(written: string): string {
  if (!/^".*"$/su.test(written) || written.length < 2) return written;
  return written.slice(1, -1).replaceAll(/\\(["\\])/g, '$1');
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/u.test(text.charAt(at))) at += 1;
  return at;
}
