import type pg from 'pg';
import { readRelationFacts, type RelationFacts } from '../capture/wal/catalog.ts';
import { namesThen, relationKey } from '../capture/wal/relation-key.ts';
import { untilVisible } from '../capture/wal/visibility.ts';
import type { Relation } from '../change/relation.ts';
import type { SourceConfig, TableOptions } from '../config/config.ts';
import { compileRelation, type RelationPlan } from '../entry/relation-plan.ts';
import type { Dictionary } from '../store/dictionary.ts';
import type { AssemblerOptions } from '../transaction/assembler.ts';
import type { StampKeeper } from './stamp-keeper.ts';

/**
 * Makes the plan of a relation from what the stream, the source's catalog and the store know of it.
 * `relationIds` learns the ids by oid.
 */
export function relationDescriber(
  source: SourceConfig,
  pool: pg.Pool,
  dictionary: Dictionary,
  relationIds: Map<number, number>,
  stampKeeper: StampKeeper,
): AssemblerOptions<RelationPlan>['describe'] {
  // By oid. The store has the last key by name: it may have been renamed since, and be gone from the catalog.
  const keyNumbers = new Map<number, readonly number[]>();
  return async (relation, at) => {
    const { oid } = relation;
    const isShown = await untilVisible(pool, at.xid);
    const [facts, lastKey] = await Promise.all([readRelationFacts(pool, relation, source), dictionary.lastKey(oid)]);
    // Only now: what the catalog says of the key must not be newer than the stamp that tells since when it does.
    const stamps = await stampKeeper.read(oid);
    const stored = namesThen(keyNumbers.get(oid) ?? null, relation, facts) ?? lastKey;
    const key = relationKey(relation, facts, stored);
    const numbers = key?.map((name) => facts.attnums[relation.columns.findIndex((column) => column.name === name)]);
    if (numbers?.every((number) => typeof number === 'number') === true) keyNumbers.set(oid, numbers);
    else keyNumbers.delete(oid);
    const relationId = await dictionary.relationId(relation, key, facts);
    relationIds.set(relation.oid, relationId);
    return compileRelation(relation, {
      relationId,
      key,
      partitioned: facts.partitioned,
      generated: generatedColumns(facts),
      unchecked: facts.unchecked,
      partitionKey: stamps?.partitionKey ?? null,
      trust:
        facts.partitioned && stamps?.partsByKey !== true
          ? null
          : await stampKeeper.trust({ oid, id: relationId, key }, at, stamps, isShown),
      masked: maskedColumns(source.tableOptions, relation),
    });
  };
}

/** Positions in the tuple. PostgreSQL 18 sends them: they follow from the others, and no one can write them. */
function generatedColumns({ columns, attnums }: RelationFacts): ReadonlySet<number> {
  const generated = new Set(columns.filter((column) => column.generated).map((column) => column.attnum));
  return new Set(attnums.flatMap((attnum, i) => (attnum !== null && generated.has(attnum) ? [i] : [])));
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
