import { Bytes } from '../change/bytes.ts';
import type { Column, Relation } from '../change/relation.ts';
import type { Truncation, TruncationReason } from '../change/truncation.ts';
import { NULL_VALUE, type Tuple } from '../change/tuple.ts';

const REASONS: ReadonlySet<string> = new Set<TruncationReason>(['off', 'size', 'masked', 'isolation', 'error']);

type Parts = (index: number) => string | null;

/** What the parts of a truncation message say, behind its kind and the secret; null: nothing. */
export function parseTruncation(at: Parts): Truncation | null {
  const [rootOid, oid] = [Number(at(2) ?? Number.NaN), Number(at(5) ?? Number.NaN)];
  const [rootSchema, rootName, schema, name, reason] = [at(3), at(4), at(6), at(7), at(8)];
  if (!Number.isInteger(rootOid) || !Number.isInteger(oid)) return null;
  if (rootSchema === null || rootName === null || schema === null || name === null) return null;
  if (reason !== null && !REASONS.has(reason)) return null;
  const relation = reason === null ? relationOf(at(10), { oid: rootOid, schema: rootSchema, name: rootName }) : null;
  if (reason === null && relation === null) return null;
  const count = at(9) === null ? null : Number(at(9));
  return {
    rootOid,
    rootSchema,
    rootName,
    oid,
    schema,
    name,
    reason: reason as TruncationReason | null,
    count,
    relation,
  };
}

interface SentColumn {
  readonly name: string;
  readonly type: number;
  readonly modifier: number;
  readonly identity: boolean;
  readonly baseSchema: string | null;
  readonly baseName: string | null;
}

function relationOf(text: string | null, table: Pick<Relation, 'oid' | 'schema' | 'name'>): Relation | null {
  if (text === null) return null;
  let sent: { readonly identity: Relation['replicaIdentity']; readonly columns: readonly SentColumn[] };
  try {
    sent = JSON.parse(text) as typeof sent;
  } catch {
    return null;
  }
  const columns = sent.columns.map((column): Column => ({
    name: column.name,
    typeOid: column.type,
    baseType:
      column.baseSchema === null || column.baseName === null
        ? null
        : { schema: column.baseSchema, name: column.baseName },
    typeModifier: column.modifier,
    identity: column.identity,
  }));
  return { ...table, replicaIdentity: sent.identity, columns };
}

/** The rows of a message, their values one after the other from `first` on, as tuples of `columnCount` values. */
export function* tuplesOf(parts: readonly (string | null)[], first: number, columnCount: number): Generator<Tuple> {
  for (let from = first; from + columnCount <= parts.length; from += columnCount) {
    yield tupleOf(parts.slice(from, from + columnCount));
  }
}

function tupleOf(values: readonly (string | null)[]): Tuple {
  const starts = new Int32Array(values.length);
  const lengths = new Int32Array(values.length);
  const texts = values.map((value) => (value === null ? null : Buffer.from(value)));
  let at = 0;
  for (const [i, text] of texts.entries()) {
    starts[i] = at;
    lengths[i] = text === null ? NULL_VALUE : text.length;
    at += text?.length ?? 0;
  }
  const bytes = new Bytes(Buffer.concat(texts.filter((text) => text !== null)));
  return { bytes, columnCount: values.length, starts, lengths, byteLength: at, large: null };
}
