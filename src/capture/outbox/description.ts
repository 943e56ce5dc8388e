import type { Relation } from '../../change/relation.ts';

/** A column as rowtrail.table_description tells it. */
export interface DescribedColumn {
  readonly name: string;
  readonly attnum: number;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** As format_type prints it. */
  readonly typeName: string;
  /** The type, a domain by its innermost base type. */
  readonly baseSchema: string;
  readonly baseName: string;
  readonly generated: boolean;
  /** Left out of the outbox. */
  readonly omitted: boolean;
}

/** A table or partition of the source, as it was described in the outbox. */
export interface TableDescription {
  readonly oid: number;
  /** The topmost partitioned table, else its own oid. */
  readonly root: number;
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
  /** In key order; null without a key. */
  readonly key: readonly string[] | null;
  /** Columns that say which partition a row is in; null unless partitioned, or if expressions say it. */
  readonly partitionKey: readonly string[] | null;
  /** In table order. */
  readonly columns: readonly DescribedColumn[];
}

/** A relation as the outbox describes it: the catalog need not be asked. */
export interface OutboxRelation extends Relation {
  readonly description: TableDescription;
}

/** From here on, types are not built in. https://www.postgresql.org/docs/current/system-catalog-initial-data.html */
const FIRST_OWN_OID = 10_000;

export function parseDescription(text: string): TableDescription {
  return JSON.parse(text) as TableDescription;
}

/** What the rest of capture takes for a relation: old rows are always whole, as under identity FULL. Pure. */
export function relationOf(description: TableDescription): OutboxRelation {
  return {
    oid: description.oid,
    schema: description.schema,
    name: description.name,
    replicaIdentity: 'f',
    columns: description.columns.map((column) => ({
      name: column.name,
      typeOid: column.typeOid,
      baseType: column.typeOid < FIRST_OWN_OID ? null : { schema: column.baseSchema, name: column.baseName },
      typeModifier: column.typeModifier,
      identity: true,
    })),
    description,
  };
}

/** Where the fields of a row of `member` belong in a row of `root`, whose columns may be in another order. Pure. */
export function fieldPlaces(member: TableDescription, root: TableDescription): number[] {
  const places = new Map(root.columns.map((column, i) => [column.name, i]));
  return member.columns.filter((column) => !column.omitted).map((column) => places.get(column.name) ?? -1);
}
