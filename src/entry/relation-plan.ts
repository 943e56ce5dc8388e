import { Bytes } from '../change/bytes.ts';
import type { Column, Relation } from '../change/relation.ts';

/** How a column's output text becomes JSON. DESIGN §2.4. */
export const STRING_VALUE = 0;
export const NUMBER_VALUE = 1;
export const BOOLEAN_VALUE = 2;
export const JSON_VALUE = 3;
export type ValueKind = typeof STRING_VALUE | typeof NUMBER_VALUE | typeof BOOLEAN_VALUE | typeof JSON_VALUE;

const BOOL_OID = 16;
const NUMBER_OIDS = new Set([20, 21, 23, 700, 701, 1700]);
const JSON_OIDS = new Set([114, 3802]);

export interface PlanColumn {
  /** Position in the tuple. */
  readonly index: number;
  readonly name: string;
  readonly kind: ValueKind;
  /** Whether an old tuple that holds only the identity holds this column. Under FULL that is a partition's: its key. */
  readonly identity: boolean;
  /** `"name":` */
  readonly jsonKey: Bytes;
  /** The name as an element of a binary text[]: int32 length, bytes. */
  readonly arrayElement: Bytes;
}

/** Everything about a relation version that encoding its rows needs, worked out once. */
export interface RelationPlan {
  /** `audit.relations.id`. */
  readonly relationId: number;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** The columns that go into images, in table order. */
  readonly columns: readonly PlanColumn[];
  /** The key's columns in key order; null without a key. */
  readonly key: readonly PlanColumn[] | null;
  readonly partitioned: boolean;
  /** Sum of the names' bytes with their JSON and array overhead. */
  readonly nameBytes: number;
}

export interface PlanOptions {
  readonly relationId: number;
  /** Key column names in key order; null without a key. */
  readonly key: readonly string[] | null;
  readonly partitioned: boolean;
  /** Domain → base type, for the types of this relation. */
  readonly baseTypes: ReadonlyMap<number, number>;
  /** Columns that must not leave the decoder. */
  readonly masked: ReadonlySet<string>;
}

/** Compiles a relation version. Pure. */
export function compileRelation(relation: Relation, options: PlanOptions): RelationPlan {
  // Under FULL every column is flagged. A partition may have another identity than its root: then the key is sent.
  const identity = (column: Column): boolean =>
    relation.replicaIdentity === 'f' ? options.key?.includes(column.name) === true : column.identity;
  const columns: PlanColumn[] = [];
  relation.columns.forEach((column, index) => {
    if (!options.masked.has(column.name)) columns.push(planColumn(column, index, options.baseTypes, identity(column)));
  });
  return {
    relationId: options.relationId,
    oid: relation.oid,
    schema: relation.schema,
    name: relation.name,
    columns,
    key: keyColumns(relation, columns, options),
    partitioned: options.partitioned,
    nameBytes: columns.reduce(
      (total, column) => total + column.jsonKey.buffer.length + column.arrayElement.buffer.length + 1,
      0,
    ),
  };
}

/** JSON text for an image value of this type. Domains must have been resolved to their base type. */
export function valueKind(typeOid: number): ValueKind {
  if (NUMBER_OIDS.has(typeOid)) return NUMBER_VALUE;
  if (JSON_OIDS.has(typeOid)) return JSON_VALUE;
  return typeOid === BOOL_OID ? BOOLEAN_VALUE : STRING_VALUE;
}

function planColumn(
  column: Column,
  index: number,
  baseTypes: ReadonlyMap<number, number>,
  identity: boolean,
): PlanColumn {
  const name = Buffer.from(column.name);
  const arrayElement = Buffer.alloc(4 + name.length);
  arrayElement.writeInt32BE(name.length);
  name.copy(arrayElement, 4);
  return {
    index,
    name: column.name,
    kind: valueKind(baseTypes.get(column.typeOid) ?? column.typeOid),
    identity,
    jsonKey: new Bytes(Buffer.from(`${JSON.stringify(column.name)}:`)),
    arrayElement: new Bytes(arrayElement),
  };
}

/** A masked key column would leak through `record`, and a key column may be gone from the catalog: then, no key. */
function keyColumns(relation: Relation, columns: readonly PlanColumn[], options: PlanOptions): PlanColumn[] | null {
  if (options.key === null || options.key.length === 0) return null;
  const key: PlanColumn[] = [];
  for (const name of options.key) {
    const index = relation.columns.findIndex((column) => column.name === name);
    const column = columns.find((candidate) => candidate.index === index);
    if (column === undefined) return null;
    key.push(column);
  }
  return key;
}
