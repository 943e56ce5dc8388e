import { uncheckedColumns } from '../capture/wal/catalog.ts';
import type { OutboxRelation } from '../capture/outbox/description.ts';
import type { Relation } from '../change/relation.ts';
import { compileRelation, type RelationPlan } from '../entry/relation-plan.ts';
import type { Dictionary } from '../store/dictionary.ts';
import type { RuleKeeper } from './rule-keeper.ts';

/**
 * Makes the plan of a relation from its description in the outbox, and the store's memory of its key: like WAL capture,
 * a key that was dropped for good goes on naming the records. `relationIds` learns the ids by oid.
 */
export function outboxDescriber(
  ruleKeeper: RuleKeeper,
  server: { readonly encoding: string; readonly version: number },
  dictionary: Dictionary,
  relationIds: Map<number, number>,
): (relation: Relation) => Promise<RelationPlan> {
  return async (relation) => {
    const { description } = relation as OutboxRelation;
    const names = new Set(description.columns.map((column) => column.name));
    const stored = description.key === null ? await dictionary.lastKey(relation.oid) : null;
    const key = description.key ?? (stored?.every((name) => names.has(name)) === true ? stored : null);
    const relationId = await dictionary.relationId(relation, key, {
      typeNames: description.columns.map((column) => column.typeName),
      attnums: description.columns.map((column) => column.attnum),
    });
    relationIds.set(relation.oid, relationId);
    const places = (is: 'generated' | 'omitted'): number[] =>
      description.columns.flatMap((column, i) => (column[is] ? [i] : []));
    const rules = await ruleKeeper.rules(relation.oid, { ...relation, columns: description.columns });
    return compileRelation(relation, {
      relationId,
      key,
      partitioned: description.partitioned,
      oldIsWhole: true,
      generated: new Set(places('generated')),
      unchecked: uncheckedColumns(relation.columns, server.encoding, server.version),
      partitionKey: description.partitionKey,
      // The outbox has every old value: nothing is to be taken from earlier entries.
      trust: null,
      rules: new Map([...rules, ...places('omitted').map((i) => [i, 'exclude'] as const)]),
      hashKey: ruleKeeper.hashKey,
    });
  };
}
