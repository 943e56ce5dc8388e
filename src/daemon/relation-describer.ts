import type pg from 'pg';
import { readRelationFacts, type RelationFacts } from '../capture/wal/catalog.ts';
import { namesThen, relationKey } from '../capture/wal/relation-key.ts';
import { untilVisible } from '../capture/wal/visibility.ts';
import type { SourceConfig } from '../config/config.ts';
import { compileRelation, type RelationPlan } from '../entry/relation-plan.ts';
import type { Dictionary } from '../store/dictionary.ts';
import type { AssemblerOptions } from '../transaction/assembler.ts';
import type { RuleKeeper } from './rule-keeper.ts';
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
  ruleKeeper: RuleKeeper,
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
    const table = {
      ...relation,
      columns: relation.columns.map(({ name }, i) => ({ name, attnum: facts.attnums[i] ?? null })),
    };
    const rules = await ruleKeeper.rules(oid, table);
    const masks = ruleKeeper.stamp(rules, table);
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
          : await stampKeeper.trust({ oid, id: relationId, key, masks }, at, stamps, isShown),
      rules,
      hashKey: ruleKeeper.hashKey,
    });
  };
}

/** Positions in the tuple. PostgreSQL 18 sends them: they follow from the others, and no one can write them. */
function generatedColumns({ columns, attnums }: RelationFacts): ReadonlySet<number> {
  const generated = new Set(columns.filter((column) => column.generated).map((column) => column.attnum));
  return new Set(attnums.flatMap((attnum, i) => (attnum !== null && generated.has(attnum) ? [i] : [])));
}
