import type pg from 'pg';
import { readRelationFacts, uncheckedColumns } from '../capture/wal/catalog.ts';
import { relationKey } from '../capture/wal/relation-key.ts';
import type { OutboxRelation, TableDescription } from '../capture/outbox/description.ts';
import type { Relation } from '../change/relation.ts';
import type { SourceConfig } from '../config/config.ts';
import { compileRelation, type RelationPlan } from '../entry/relation-plan.ts';
import type { Dictionary } from '../store/dictionary.ts';
import type { RuleKeeper } from './rule-keeper.ts';

interface Server {
  readonly encoding: string;
  readonly version: number;
}

/**
 * Makes the plan of a relation from its description in the outbox, and the store's memory of its key: like WAL capture,
 * a key that was dropped for good goes on naming the records. A truncated table describes itself, and the rest is the
 * catalog's. `relationIds` learns the ids by oid.
 */
export function outboxDescriber(
  source: SourceConfig,
  pool: pg.Pool,
  server: Server,
  dictionary: Dictionary,
  relationIds: Map<number, number>,
  ruleKeeper: RuleKeeper,
): (relation: Relation) => Promise<RelationPlan> {
  return async (relation) => {
    const stored = await dictionary.lastKey(relation.oid);
    const facts = isDescribed(relation)
      ? describedFacts(relation.description, relation, server, stored)
      : await catalogFacts(pool, source, relation, stored);
    const { key, columns, partitioned, generated, omitted, unchecked, partitionKey } = facts;
    const relationId = await dictionary.relationId(relation, key, {
      typeNames: columns.map((column) => column.typeName),
      attnums: columns.map((column) => column.attnum),
    });
    relationIds.set(relation.oid, relationId);
    const rules = await ruleKeeper.rules(relation.oid, { ...relation, columns });
    return compileRelation(relation, {
      relationId,
      key,
      partitioned,
      oldIsWhole: true,
      generated,
      unchecked,
      partitionKey,
      // The outbox has every old value: nothing is to be taken from earlier entries.
      trust: null,
      rules: new Map([...rules, ...omitted.map((i) => [i, 'exclude'] as const)]),
      hashKey: ruleKeeper.hashKey,
    });
  };
}

interface Facts {
  readonly key: readonly string[] | null;
  readonly columns: readonly { readonly name: string; readonly attnum: number | null; readonly typeName: string }[];
  readonly partitioned: boolean;
  readonly partitionKey: readonly string[] | null;
  /** Positions in the tuple. */
  readonly generated: ReadonlySet<number>;
  readonly omitted: readonly number[];
  readonly unchecked: ReadonlySet<number>;
}

function isDescribed(relation: Relation): relation is OutboxRelation {
  return 'description' in relation;
}

function describedFacts(
  description: TableDescription,
  relation: Relation,
  server: Server,
  stored: readonly string[] | null,
): Facts {
  const { columns, partitioned, partitionKey } = description;
  const places = (is: 'generated' | 'omitted'): number[] => columns.flatMap((column, i) => (column[is] ? [i] : []));
  const names = new Set(columns.map((column) => column.name));
  return {
    key: description.key ?? (stored?.every((name) => names.has(name)) === true ? stored : null),
    columns,
    partitioned,
    partitionKey,
    generated: new Set(places('generated')),
    omitted: places('omitted'),
    unchecked: uncheckedColumns(relation.columns, server.encoding, server.version),
  };
}

async function catalogFacts(
  pool: pg.Pool,
  source: SourceConfig,
  relation: Relation,
  stored: readonly string[] | null,
): Promise<Facts> {
  const facts = await readRelationFacts(pool, relation, source);
  return {
    key: relationKey(relation, facts, stored),
    columns: relation.columns.map(({ name }, i) => ({
      name,
      attnum: facts.attnums[i] ?? null,
      typeName: facts.typeNames[i]!,
    })),
    partitioned: facts.partitioned,
    partitionKey: null,
    // What a truncate tells has none.
    generated: new Set(),
    omitted: [],
    unchecked: facts.unchecked,
  };
}
