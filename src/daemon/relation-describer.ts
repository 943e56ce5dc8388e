import type pg from 'pg';
import { readRelationFacts } from '../capture/wal/catalog.ts';
import type { Relation } from '../change/relation.ts';
import type { SourceConfig, TableOptions } from '../config/config.ts';
import { compileRelation, type RelationPlan } from '../entry/relation-plan.ts';
import type { Dictionary } from '../store/dictionary.ts';

/**
 * Makes the plan of a relation from what the stream, the source's catalog and the store know of it.
 * `relationIds` learns the ids by oid.
 */
export function relationDescriber(
  source: SourceConfig,
  pool: pg.Pool,
  dictionary: Dictionary,
  relationIds: Map<number, number>,
): (relation: Relation) => Promise<RelationPlan> {
  return async (relation) => {
    const facts = await readRelationFacts(pool, relation);
    // The stream may be far behind a drop: the last entries of a table belong to the same records as the others.
    const key = facts.exists ? facts.key : await dictionary.lastKey(relation.oid);
    const relationId = await dictionary.relationId(relation, key, facts.typeNames);
    relationIds.set(relation.oid, relationId);
    return compileRelation(relation, {
      relationId,
      key,
      partitioned: facts.partitioned,
      baseTypes: facts.baseTypes,
      masked: new Set([...facts.generated, ...maskedColumns(source.tableOptions, relation)]),
    });
  };
}

/**
 * Columns that must not get into the store. Until hashes and redactions are stored as such, those columns
 * are left out altogether: too little is mended later, a leak is not.
 */
export function maskedColumns(
  options: Readonly<Record<string, TableOptions>>,
  relation: Pick<Relation, 'schema' | 'name'>,
): ReadonlySet<string> {
  const table = options[`${relation.schema}.${relation.name}`];
  return new Set(table === undefined ? [] : [...table.exclude, ...table.hash, ...table.redact]);
}
