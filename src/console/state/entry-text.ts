import type { Entry } from '../api/schema.ts';

/** Who did it: who the application says it was, else who the database knows. Null: nobody is known. */
export function actorOf({ user, database }: Entry): { readonly name: string; readonly filter: string } | null {
  if (user !== null) return { name: user.name ?? user.id, filter: user.id };
  return database === null ? null : { name: database.role, filter: database.role };
}

/** Their id, as `/users` has it. Null: it is not known, or not of a person or role. */
export function userIdOf({ source, user, database, attribution }: Entry): string | null {
  if (source === null) return null;
  if (attribution === 'app' && user !== null) return `${source}:user:${user.id}`;
  return attribution === 'database' && database !== null ? `${source}:database:${database.role}` : null;
}

const VERBS: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'changed',
  delete: 'deleted',
  truncate: 'emptied',
  baseline: 'found',
  login: 'logged in',
  logout: 'logged out',
  comment: 'commented',
  schema: 'altered the schema',
};

/** `created`, `changed`, …; actions that applications invent stay as they are. */
export function verbOf(action: string): string {
  return VERBS[action] ?? action;
}

/** Actions that a revert can take back. */
export const REVERTIBLE = new Set(['create', 'update', 'delete', 'truncate']);

/** `orders`, or `sales.orders` where the schema is not `public`; empty without a table. */
export function tableName({ schema, table }: Pick<Entry, 'schema' | 'table'>): string {
  if (table === null) return '';
  return schema === null || schema === 'public' ? table : `${schema}.${table}`;
}

/** As a filter takes it. */
export function qualifiedTable({ schema, table }: Pick<Entry, 'schema' | 'table'>): string {
  return schema === null ? (table ?? '') : `${schema}.${table}`;
}

/** `#42`; `#1, eu` for a key of several columns; `(no key)` for a row without one. */
export function recordText(record: string | null): string {
  if (record === null) return '';
  if (record.startsWith('~')) return '(no key)';
  return `#${cut(keyText(record))}`;
}

function keyText(record: string): string {
  if (!record.startsWith('["')) return record;
  try {
    return (JSON.parse(record) as string[]).join(', ');
  } catch {
    return record;
  }
}

const MAX_SHOWN = 32;

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
}

/** Nobody said who it was: SQL past the application. */
export function isDirect({ attribution }: Entry): boolean {
  return attribution === 'database';
}

/** What the journal of Rowtrail itself tells: `listActivity`; empty for everything else. */
export function operationText({ source, data }: Entry): string {
  const { operation } = (data ?? {}) as { operation?: unknown };
  return source === 'rowtrail' && typeof operation === 'string' ? operation : '';
}

/** What an entry of the schema tells: `ALTER TABLE public.orders`. */
export function schemaText({ data }: Entry): string {
  const { tag, object } = (data ?? {}) as { tag?: unknown; object?: unknown };
  return [tag, object].filter((part) => typeof part === 'string').join(' ');
}
