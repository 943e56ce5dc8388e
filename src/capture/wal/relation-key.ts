import type { Relation } from '../../change/relation.ts';
import type { RelationFacts } from './catalog.ts';

type KeyFacts = Pick<RelationFacts, 'columns' | 'attnums' | 'primaryKey' | 'identityIndex'>;

/**
 * The names of a relation version's key columns, in key order; null without a key. `stored` is the key that the
 * relation had when it was last described.
 *
 * Under the identities default and index, the stream itself flags the key as it was then. Under full it flags every
 * column, under nothing none: then the key is the catalog's, by column number, so that it is found under the name it
 * had then; and where the catalog no longer has it (key, column or table were dropped), the stored one. A key that
 * was dropped for good goes on naming the records: the stream does not tell when that was.
 */
export function relationKey(
  relation: Relation,
  facts: KeyFacts,
  stored: readonly string[] | null,
): readonly string[] | null {
  const { replicaIdentity, columns } = relation;
  const flagged = columns.filter((column) => column.identity).map((column) => column.name);
  if (replicaIdentity === 'd' || (replicaIdentity === 'i' && flagged.length > 0)) {
    return flaggedKey(
      flagged,
      replicaIdentity === 'd' ? facts.primaryKey : facts.identityIndex,
      relation,
      facts,
      stored,
    );
  }
  const known = namesThen(facts.primaryKey ?? facts.identityIndex, relation, facts);
  if (known !== null) return known;
  const names = new Set(columns.map((column) => column.name));
  return stored !== null && stored.every((name) => names.has(name)) ? stored : null;
}

/** The flags have no order: it comes from a known key of the same columns, else from the table. */
function flaggedKey(
  flagged: readonly string[],
  attnums: readonly number[] | null,
  relation: Relation,
  facts: KeyFacts,
  stored: readonly string[] | null,
): readonly string[] | null {
  // The rest of the key does not stand in the stream: its part would make one record of several.
  if (flagged.length === 0 || attnums?.some((attnum) => isHidden(attnum, facts)) === true) return null;
  const known = namesThen(attnums, relation, facts);
  for (const key of [known, stored]) {
    if (key !== null && key.length === flagged.length && key.every((name) => flagged.includes(name))) return key;
  }
  return flagged;
}

/** A generated column that is not published. */
function isHidden(attnum: number, { columns }: KeyFacts): boolean {
  return columns.some((column) => column.attnum === attnum && !column.streamed);
}

/** The names that columns with these numbers had then; null if one of them is not among the streamed ones. */
export function namesThen(
  attnums: readonly number[] | null,
  relation: Relation,
  facts: KeyFacts,
): readonly string[] | null {
  if (attnums === null) return null;
  const names = attnums.flatMap((attnum) => relation.columns[facts.attnums.indexOf(attnum)]?.name ?? []);
  return names.length === attnums.length ? names : null;
}
