import { changedColumns, membersOf, type Member } from '../entry/image.ts';
import type { ResolvedFilter, ResolvedTerms } from './filter.ts';

/** What of an entry decides whether its values match; images as stored. */
export interface EntryImages {
  readonly id: string;
  readonly action: string;
  readonly changed: readonly string[] | null;
  readonly row: string | null;
  readonly old: string | null;
}

/** Whether there is a condition that only an entry's images can decide. */
export function asksForValues(filter: ResolvedFilter): boolean {
  const asks = ({ old, new: fresh, values }: ResolvedTerms): boolean =>
    old !== null || fresh !== null || values !== null;
  return asks(filter) || (filter.not !== null && asks(filter.not));
}

/**
 * Whether an entry has the values that the filter asks for, and none of those that it excludes. Old values are those
 * that an update changed, or a delete removed; new ones those that it changed to, or a create or baseline has; of
 * `fields` only, where the filter names some. Values are compared by their text, to the digit; null is `null`.
 */
export function valuesMatch(entry: EntryImages, filter: ResolvedFilter): boolean {
  const row = entry.row === null ? [] : membersOf(entry.row);
  const old = entry.old === null ? [] : membersOf(entry.old);
  const changed = new Set(changedColumns(entry.changed, entry.old));
  const named = filter.fields;
  const wanted = (members: readonly Member[]): readonly Member[] =>
    named === null ? members : members.filter(({ name }) => named.includes(name));
  const isCreate = entry.action === 'create' || entry.action === 'baseline';
  const before = wanted(entry.action === 'delete' ? row : old).map(textOf);
  const after = wanted(
    isCreate ? row : entry.action === 'update' ? row.filter(({ name }) => changed.has(name)) : [],
  ).map(textOf);
  const whole = [...row, ...old].map((member) => textOf(member).toLowerCase());
  const has = (values: readonly string[], texts: readonly string[] | null): boolean =>
    texts !== null && texts.some((text) => values.includes(text));
  const holds = (texts: readonly string[] | null): boolean =>
    texts !== null && texts.some((text) => whole.some((value) => value.includes(text.toLowerCase())));
  const { not } = filter;
  return (
    (filter.old === null || has(before, filter.old)) &&
    (filter.new === null || has(after, filter.new)) &&
    (filter.values === null || holds(filter.values)) &&
    (not === null || !(has(before, not.old) || has(after, not.new) || holds(not.values)))
  );
}

/**
 * The longest part of a text that is sure to stand in an image whose value it is, whatever is escaped there. With
 * `fold`, in either case: only of ASCII, on whose cases every locale of a server agrees.
 */
export function likelyPart(text: string, fold: boolean): string {
  if (text === 'null' && !fold) return '';
  const parts = text.split(fold ? /[^\u0020\u0021\u0023-\u005b\u005d-\u007e]+/u : /["\\\p{C}]+/u);
  const likely = fold ? parts.flatMap((part) => part.split(/[IiKkSs]+/)) : parts;
  return likely.reduce((longest, part) => (part.length > longest.length ? part : longest), '');
}

function textOf({ rawValue }: Member): string {
  return rawValue.startsWith('"') ? (JSON.parse(rawValue) as string) : rawValue;
}
