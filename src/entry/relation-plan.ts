import { Bytes } from '../change/bytes.ts';
import type { Column, Relation } from '../change/relation.ts';
import type { ImageTrust } from './image-trust.ts';

/** How a column's output text becomes JSON. DESIGN §2.4. */
export const STRING_VALUE = 0;
export const NUMBER_VALUE = 1;
export const BOOLEAN_VALUE = 2;
export const JSON_VALUE = 3;
export type ValueKind = typeof STRING_VALUE | typeof NUMBER_VALUE | typeof BOOLEAN_VALUE | typeof JSON_VALUE;

/** The built-in types that are no strings, by oid and, as domains over them are told, by name. */
const KINDS: readonly (readonly [oid: number, name: string, kind: ValueKind])[] = [
  [16, 'bool', BOOLEAN_VALUE],
  [20, 'int8', NUMBER_VALUE],
  [21, 'int2', NUMBER_VALUE],
  [23, 'int4', NUMBER_VALUE],
  [700, 'float4', NUMBER_VALUE],
  [701, 'float8', NUMBER_VALUE],
  [1700, 'numeric', NUMBER_VALUE],
  [114, 'json', JSON_VALUE],
  [3802, 'jsonb', JSON_VALUE],
];
const KIND_BY_OID = new Map(KINDS.map(([oid, , kind]) => [oid, kind]));
const KIND_BY_NAME = new Map(KINDS.map(([, name, kind]) => [name, kind]));

export interface PlanColumn {
  /** Position in the tuple. */
  readonly index: number;
  readonly name: string;
  readonly kind: ValueKind;
  /** Whether an old tuple that holds only the identity holds this column. Under FULL that is a partition's: its key. */
  readonly identity: boolean;
  /** Part of the record's key. */
  readonly inKey: boolean;
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
  /** Those whose text may not be valid UTF-8. */
  readonly unchecked: readonly PlanColumn[];
  /** Columns that say which partition a row is in; null unless partitioned, or if expressions say it. */
  readonly partitionKey: readonly string[] | null;
  /**
   * How far back old values that the stream does not carry may be taken from the record's last entry; null when
   * the stream carries them all, or does not say which record an entry is of.
   */
  readonly trust: ImageTrust | null;
  /** Sum of the names' bytes with their JSON and array overhead. */
  readonly nameBytes: number;
}

export interface PlanOptions {
  readonly relationId: number;
  /** Key column names in key order; null without a key. */
  readonly key: readonly string[] | null;
  readonly partitioned: boolean;
  /** Positions in the tuple of generated columns: no image holds them, but a key may. */
  readonly generated: ReadonlySet<number>;
  /** Positions in the tuple of columns whose text the server may send with bytes that are not UTF-8. */
  readonly unchecked: ReadonlySet<number>;
  readonly partitionKey: readonly string[] | null;
  /** Null: records are not to be told apart by the key when old values are missing. */
  readonly trust: ImageTrust | null;
  /** Columns that must not leave the decoder. */
  readonly masked: ReadonlySet<string>;
}

/** Compiles a relation version. Pure. */
export function compileRelation(relation: Relation, options: PlanOptions): RelationPlan {
  // Under FULL every column is flagged. A partition may have another identity than its root: then the key is sent.
  const identity = (column: Column): boolean =>
    relation.replicaIdentity === 'f' ? options.key?.includes(column.name) === true : column.identity;
  const known = relation.columns
    .map((column, index) => planColumn(column, index, options, identity(column)))
    .filter((column) => !options.masked.has(column.name));
  const columns = known.filter((column) => !options.generated.has(column.index));
  const key = keyColumns(known, options.key);
  return {
    relationId: options.relationId,
    oid: relation.oid,
    schema: relation.schema,
    name: relation.name,
    columns,
    key,
    partitioned: options.partitioned,
    unchecked: known.filter((column) => options.unchecked.has(column.index)),
    partitionKey: options.partitioned ? options.partitionKey : null,
    trust: key !== null && identifiesRecords(relation, options) ? options.trust : null,
    nameBytes: columns.reduce(
      (total, column) => total + column.jsonKey.buffer.length + column.arrayElement.buffer.length + 1,
      0,
    ),
  };
}

/** How values of a column's type stand in images; domains like their base type. */
export function valueKind({ typeOid, baseType }: Pick<Column, 'typeOid' | 'baseType'>): ValueKind {
  const kind = baseType?.schema === 'pg_catalog' ? KIND_BY_NAME.get(baseType.name) : KIND_BY_OID.get(typeOid);
  return kind ?? STRING_VALUE;
}

function planColumn(column: Column, index: number, options: PlanOptions, identity: boolean): PlanColumn {
  const name = Buffer.from(column.name);
  const arrayElement = Buffer.alloc(4 + name.length);
  arrayElement.writeInt32BE(name.length);
  name.copy(arrayElement, 4);
  return {
    index,
    name: column.name,
    kind: valueKind(column),
    identity,
    inKey: options.key?.includes(column.name) === true,
    jsonKey: new Bytes(Buffer.from(`${JSON.stringify(column.name)}:`)),
    arrayElement: new Bytes(arrayElement),
  };
}

/**
 * Whether entries may lack old values, and yet say of which record they are: the identity must be the key, no
 * more and no less. Another index as identity does not show that the key changed, and a key that the catalog has by
 * now but the stream does not have yet need not be unique.
 */
function identifiesRecords(relation: Relation, options: PlanOptions): boolean {
  if (relation.replicaIdentity === 'f') return options.partitioned;
  const identity = relation.columns.filter((column) => column.identity);
  return (
    identity.length === options.key?.length && identity.every((column) => options.key?.includes(column.name) === true)
  );
}

/** A masked key column would leak through `record`: then, no key. */
function keyColumns(known: readonly PlanColumn[], names: readonly string[] | null): PlanColumn[] | null {
  if (names === null || names.length === 0) return null;
  const key = names.flatMap((name) => known.find((column) => column.name === name) ?? []);
  return key.length === names.length ? key : null;
}
