import type { Actor } from '../api/schema.ts';
import { userHref } from '../state/filter.ts';
import type { Term } from '../state/query-text.ts';

/** Somebody, as a link to their page. Whom only the database knows is marked. */
export function UserName({ user: { id, kind, claim, name } }: { readonly user: Actor }) {
  return (
    <span class="user-name">
      <a href={userHref(id)}>{nameOf({ claim, name })}</a>
      {kind === 'user' ? null : <span class="tag">{KINDS[kind]}</span>}
    </span>
  );
}

export function nameOf({ claim, name }: Pick<Actor, 'claim' | 'name'>): string {
  return name ?? (claim === '' ? 'unknown' : claim);
}

export const KINDS: Readonly<Record<Actor['kind'], string>> = {
  user: 'user',
  database: 'direct SQL',
  replication: 'replication',
  api: 'API',
  unknown: 'unknown',
};

/** What finds their entries. */
export function userTerm({ kind, claim }: Pick<Actor, 'kind' | 'claim'>): Term {
  return kind === 'unknown' || claim === ''
    ? { key: 'attribution', value: kind === 'user' ? 'app' : kind, negated: false }
    : { key: 'user', value: claim, negated: false };
}
