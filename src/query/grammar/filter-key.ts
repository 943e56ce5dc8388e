import { nearest } from '../../lib/nearest.ts';

/** What each filter of the activity list takes, as people read it. The order is the one in which they are listed. */
export const FILTER_KEYS = {
  source: 'a source, by its configured name',
  table: 'a table: orders, or public.orders',
  record: 'a record, as an entry\'s `record` gives it: 42, or ["1","eu"] for a key of several columns',
  user: "who acted: a user's id, or name in either case",
  ip: "the address it came from, or a network: 10.0.0.7, 10.0.0.0/8, 2001:db8::/32; of what the application claims, else the database session's",
  action: 'create (or insert), update, delete, truncate, baseline, schema, login, logout, comment, or one of your own',
  field: 'a column that an update changed',
  from: 'not before this time: 2026-01-31T12:00:00Z, 2026-01-31, now-2h',
  to: 'before this time, exclusive; the same forms',
  tx: "a transaction, by its `id` in an entry's `transaction`",
  request_id: 'the id of a request, whole',
  attribution: 'app, database, replication, api or unknown',
  comment: 'words of a comment; in quotes: in this order',
  old: 'a value that was replaced or deleted, whole',
  new: 'a value that was set, whole',
  value: 'a part of any value in the row before or after, in either case',
  is: 'direct (no claim was made: direct SQL), bulk (a transaction of 100 entries or more), event (not of a row), revert (takes others back), reverted (was taken back), incomplete (a value is not known)',
  text: 'words without a key: a record, a user, words of a comment, or a request id',
} as const;

export type FilterKey = keyof typeof FILTER_KEYS;

/** Those that may be given several times and negated. */
export type ListKey = Exclude<FilterKey, 'from' | 'to'>;

export const LIST_KEYS = Object.keys(FILTER_KEYS).filter((key) => key !== 'from' && key !== 'to') as ListKey[];

export const ATTRIBUTIONS = ['app', 'database', 'replication', 'api', 'unknown'] as const;

export const ENTRY_KINDS = ['direct', 'bulk', 'event', 'revert', 'reverted', 'incomplete'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export function isFilterKey(text: string): text is FilterKey {
  return Object.hasOwn(FILTER_KEYS, text);
}

/** The key that a mistaken one may have meant. */
export function nearestKey(text: string): FilterKey | undefined {
  return nearest(text, Object.keys(FILTER_KEYS)) as FilterKey | undefined;
}
