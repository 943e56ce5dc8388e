import type { KeyObject } from 'node:crypto';
import { Bytes } from '../change/bytes.ts';
import type { ColumnRule } from '../change/column-rule.ts';
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
  /** The name stands in `jsonKey` as something else than itself. */
  readonly nameIsEscaped: boolean;
  /** The name as an element of a binary text[]: int32 length, bytes. */
  readonly arrayElement: Bytes;
}

export interface HiddenColumn extends PlanColumn {
  /** Whether `changed` may name it. */
  readonly named: boolean;
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
  /** Redacted ones, and excluded ones of the key: compared, and in no image. */
  readonly hidden: readonly HiddenColumn[];
  /** Columns whose values are hashed before anything is made of them. */
  readonly hashed: readonly PlanColumn[];
  readonly hashKey: KeyObject | null;
  /** `entries.data` of its rows: which columns are masked, as JSON; null if none is. */
  readonly masks: Bytes | null;
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
  /** Old tuples are whole, whatever they look like; default: a partition may send the identity's columns alone. */
  readonly oldIsWhole?: boolean;
  /** Positions in the tuple of generated columns: no image holds them, but a key may. */
  readonly generated: ReadonlySet<number>;
  /** Positions in the tuple of columns whose text the server may send with bytes that are not UTF-8. */
  readonly unchecked: ReadonlySet<number>;
  readonly partitionKey: readonly string[] | null;
  /** Null: records are not to be told apart by the key when old values are missing. */
  readonly trust: ImageTrust | null;
  /** By position in the tuple. */
  readonly rules: ReadonlyMap<number, ColumnRule>;
  /** Null: no column is hashed, and records of a masked key can't be told apart. */
  readonly hashKey: KeyObject | null;
}

/** Compiles a relation version. Pure. */
export function compileRelation(relation: Relation, options: PlanOptions): RelationPlan {
  // Under FULL every column is flagged. A partition may have another identity than its root: then the key is sent.
  const identity = (column: Column): boolean =>
    relation.replicaIdentity === 'f'
      ? options.oldIsWhole === true || options.key?.includes(column.name) === true
      : column.identity;
  const rule = ({ index }: PlanColumn): ColumnRule | undefined => options.rules.get(index);
  const all = relation.columns.map((column, index) => planColumn(column, index, options, identity(column)));
  const known = all.filter((column) => !options.generated.has(column.index));
  const columns = known.filter((column) => rule(column) === undefined || rule(column) === 'hash');
  const key = keyColumns(all, options);
  const hidden = known
    .filter((column) => rule(column) === 'redact' || (rule(column) === 'exclude' && key?.includes(column) === true))
    .map((column) => ({ ...column, named: rule(column) === 'redact' }));
  const hashed = all.filter(
    (column) => rule(column) === 'hash' || (rule(column) !== undefined && key?.includes(column) === true),
  );
  const masks = masksOf(columns, hidden, rule);
  return {
    relationId: options.relationId,
    oid: relation.oid,
    schema: relation.schema,
    name: relation.name,
    columns,
    hidden,
    hashed,
    hashKey: options.hashKey,
    masks,
    key,
    partitioned: options.partitioned,
    unchecked: all.filter((column) => options.unchecked.has(column.index) && rule(column) !== 'exclude'),
    partitionKey: options.partitioned ? options.partitionKey : null,
    trust: key !== null && identifiesRecords(relation, options) ? options.trust : null,
    nameBytes: [...columns, ...hidden].reduce(
      (total, column) => total + column.jsonKey.buffer.length + column.arrayElement.buffer.length + 1,
      masks?.buffer.length ?? 0,
    ),
  };
}

function masksOf(
  columns: readonly PlanColumn[],
  hidden: readonly HiddenColumn[],
  rule: (column: PlanColumn) => ColumnRule | undefined,
): Bytes | null {
  const redacted = hidden.filter((column) => column.named).map((column) => column.name);
  const hashed = columns.filter((column) => rule(column) === 'hash').map((column) => column.name);
  if (redacted.length + hashed.length === 0) return null;
  const masks = { ...(redacted.length > 0 ? { redacted } : {}), ...(hashed.length > 0 ? { hashed } : {}) };
  return new Bytes(Buffer.from(JSON.stringify(masks)));
}

/** How values of a column's type stand in images; domains like their base type. */
export function valueKind({ typeOid, baseType }: Pick<Column, 'typeOid' | 'baseType'>): ValueKind {
  const kind = baseType?.schema === 'pg_catalog' ? KIND_BY_NAME.get(baseType.name) : KIND_BY_OID.get(typeOid);
  return kind ?? STRING_VALUE;
}

function planColumn(column: Column, index: number, options: PlanOptions, identity: boolean): PlanColumn {
  const name = Buffer.from(column.name);
  const jsonKey = `${JSON.stringify(column.name)}:`;
  const arrayElement = Buffer.alloc(4 + name.length);
  arrayElement.writeInt32BE(name.length);
  name.copy(arrayElement, 4);
  return {
    index,
    name: column.name,
    kind: options.rules.get(index) === 'hash' ? STRING_VALUE : valueKind(column),
    identity,
    inKey: options.key?.includes(column.name) === true,
    jsonKey: new Bytes(Buffer.from(jsonKey)),
    nameIsEscaped: jsonKey.includes('\\'),
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

/** A masked column of the key would leak through `record`: there it is hashed, and without a hash key there is no key. */
function keyColumns(all: readonly PlanColumn[], { key, rules, hashKey }: PlanOptions): PlanColumn[] | null {
  if (key === null || key.length === 0) return null;
  const columns = key.flatMap((name) => all.find((column) => column.name === name) ?? []);
  const isMasked = columns.some(({ index }) => rules.has(index));
  return columns.length === key.length && !(isMasked && hashKey === null) ? columns : null;
}
