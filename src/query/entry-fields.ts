import { membersOf, objectOf } from '../entry/image.ts';

/** The members of an entry (DESIGN §5), in their order; `data` is what events have besides. */
export const ENTRY_FIELDS = [
  'id',
  'action',
  'timestamp',
  'source',
  'schema',
  'table',
  'record',
  'key',
  'changed',
  'before',
  'after',
  'user',
  'ip',
  'user_agent',
  'comment',
  'request_id',
  'context',
  'attribution',
  'database',
  'transaction',
  'reverts',
  'reverted_by',
  'comments',
  'incomplete',
  'data',
] as const;

/** An entry's text with these members only, in its own order. */
export function withFields(json: string, fields: ReadonlySet<string>): string {
  return objectOf(membersOf(json).filter(({ name }) => fields.has(name)));
}
