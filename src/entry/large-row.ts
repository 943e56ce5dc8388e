import { createHash } from 'node:crypto';
import { Bytes } from '../change/bytes.ts';
import type { Change } from '../change/change.ts';
import { LARGE_VALUE, NULL_VALUE, UNCHANGED_TOAST, type Tuple } from '../change/tuple.ts';
import { namesChanges } from './changed-columns.ts';
import { int32s, namesField, NULL_FIELD } from './copy-field.ts';
import { hasPartialOldTuple, isJsonNull, MAX_RECORD_KEY_BYTES, writeHead, type EntryHead } from './entry-row.ts';
import { inMemory, jsonString, sameText, verbatim, type EntryPart } from './entry-part.ts';
import { jsonStringLength, writeJsonString } from './json-text.ts';
import {
  BOOLEAN_VALUE,
  JSON_VALUE,
  NUMBER_VALUE,
  type HiddenColumn,
  type PlanColumn,
  type RelationPlan,
} from './relation-plan.ts';
import type { RowTarget } from './row-target.ts';
import { tupleText } from './tuple-text.ts';

/** Where large rows go: their parts are sent in the order in which they were added, after what the row holds so far. */
export interface LargeRowTarget extends RowTarget {
  addPart(part: EntryPart): void;
}

const HEAD_BYTES = 512;

/**
 * Encodes the entry of a row whose message is too large for memory: the same bytes as `writeRowEntry` would
 * write, of which the large values are made when they are sent. Returns the record's key if the row has another one
 * now, else null.
 */
export function writeLargeRowEntry(
  target: LargeRowTarget,
  plan: RelationPlan,
  change: Change<unknown>,
  head: EntryHead,
): string | null {
  const partial = change.oldHasKeyOnly || hasPartialOldTuple(plan, change.old);
  const { changed, unknown } = diff(plan, change, partial);
  const hidden = hiddenChanges(plan, change, partial);
  const named = [...changed, ...hidden.filter((column) => column.named)];
  target.beginRow(HEAD_BYTES);
  target.at = writeHead(target.bytes, target.at, head, plan.relationId, new Bytes(Buffer.from(change.action)));

  const isUpdate = change.action === 'update';
  const names = isUpdate && namesChanges(plan, named.length, changed, changed.length, unknown.length, change.old);
  target.addPart(inMemory(names ? namesField(named) : NULL_FIELD));
  target.addPart(inMemory(unknown.length > 0 ? namesField(unknown) : NULL_FIELD));
  const image = objectParts(plan.columns, (column) => valueSource(column, change, partial));
  addField(target, image);
  // Before the parts are sent and let go: the key of a table without one is the hash of the image.
  const key = recordKey(plan, change, partial, image);
  if (changed.length > 0)
    addField(
      target,
      objectParts(changed, () => change.old),
    );
  else target.addPart(inMemory(NULL_FIELD));
  target.addPart(inMemory(Buffer.concat([...bytesField(plan.masks), int32s(key.length), key])));
  return [...changed, ...hidden].some((column) => column.inKey) ? key.toString() : null;
}

interface Difference {
  readonly changed: readonly PlanColumn[];
  readonly unknown: readonly PlanColumn[];
}

/** As `writeRowEntry` has it: what differs, and what cannot be known. */
function diff(plan: RelationPlan, change: Change<unknown>, partial: boolean): Difference {
  const { old, new: created } = change;
  if (change.action === 'create') return { changed: [], unknown: [] };
  if (created === null) {
    return { changed: [], unknown: plan.columns.filter((column) => valueSource(column, change, partial) === null) };
  }
  const changed: PlanColumn[] = [];
  const unknown: PlanColumn[] = [];
  for (const column of plan.columns) {
    const isSent = created.lengths[column.index] !== UNCHANGED_TOAST;
    const oldIsSent = old !== null && (!partial || column.identity) && old.lengths[column.index] !== UNCHANGED_TOAST;
    if (!oldIsSent) {
      if (!(column.identity && old === null && isSent)) unknown.push(column);
    } else if (isSent && !sameValue(created, old, column.index)) {
      changed.push(column);
    }
  }
  return { changed, unknown };
}

/** The changed columns of which no value is kept. */
function hiddenChanges(plan: RelationPlan, change: Change<unknown>, partial: boolean): readonly HiddenColumn[] {
  const { old, new: created } = change;
  if (old === null || created === null) return [];
  return plan.hidden.filter(
    ({ identity, index }) =>
      (!partial || identity) &&
      created.lengths[index] !== UNCHANGED_TOAST &&
      old.lengths[index] !== UNCHANGED_TOAST &&
      !sameValue(created, old, index),
  );
}

function bytesField(bytes: Bytes | null): Buffer[] {
  return bytes === null ? [NULL_FIELD] : [int32s(bytes.buffer.length), bytes.buffer];
}

function sameValue(a: Tuple, b: Tuple, index: number): boolean {
  const length = a.lengths[index]!;
  if (length !== b.lengths[index]) return false;
  if (length === LARGE_VALUE) return sameText(a.large!.get(index)!, b.large!.get(index)!);
  return length <= 0 || tupleText(a, index).equals(tupleText(b, index));
}

/** The tuple that holds a column's value after the change (for a delete: the last one); null if none was sent. */
function valueSource(column: PlanColumn, { new: created, old }: Change<unknown>, partial: boolean): Tuple | null {
  if (created !== null && created.lengths[column.index] !== UNCHANGED_TOAST) return created;
  if (old === null || (partial && !column.identity)) return null;
  return old.lengths[column.index] === UNCHANGED_TOAST ? null : old;
}

function objectParts(columns: readonly PlanColumn[], sourceOf: (column: PlanColumn) => Tuple | null): EntryPart[] {
  const parts: EntryPart[] = [];
  let text: Buffer[] = [];
  let separator = '{';
  for (const column of columns) {
    const tuple = sourceOf(column);
    if (tuple === null) continue;
    text.push(Buffer.from(separator), column.jsonKey.buffer);
    separator = ',';
    if (tuple.lengths[column.index] === LARGE_VALUE) {
      parts.push(inMemory(Buffer.concat(text)), largeValue(column, tuple));
      text = [];
    } else {
      text.push(smallValue(column, tuple));
    }
  }
  text.push(Buffer.from(separator === '{' ? '{}' : '}'));
  parts.push(inMemory(Buffer.concat(text)));
  return parts;
}

function largeValue(column: PlanColumn, tuple: Tuple): EntryPart {
  const value = tuple.large!.get(column.index)!;
  // NaN and the infinities are short, so that a large number is a finite one.
  return column.kind === JSON_VALUE || column.kind === NUMBER_VALUE ? verbatim(value) : jsonString(value);
}

function smallValue(column: PlanColumn, tuple: Tuple): Buffer {
  if (tuple.lengths[column.index] === NULL_VALUE) return Buffer.from('null');
  const text = tupleText(tuple, column.index);
  if (column.kind === BOOLEAN_VALUE) return Buffer.from(text[0] === 0x74 ? 'true' : 'false');
  // With a space before it, the null of JSON is no NULL.
  if (column.kind === JSON_VALUE && isJsonNull(text, 0)) return Buffer.concat([Buffer.from(' '), text]);
  if (column.kind === JSON_VALUE || (column.kind === NUMBER_VALUE && /^-?\d/.test(text.toString('latin1', 0, 2)))) {
    return text;
  }
  return quoted(text);
}

/** One key column → its text; several → a JSON array of their texts; none → ~ and the SHA-256 of the row. */
function recordKey(plan: RelationPlan, change: Change<unknown>, partial: boolean, image: readonly EntryPart[]): Buffer {
  const sources = (plan.key ?? []).map((column) => ({ column, tuple: valueSource(column, change, partial) }));
  const isKnown = sources.every(({ column, tuple }) => tuple !== null && tuple.lengths[column.index] !== NULL_VALUE);
  if (sources.length === 0 || !isKnown) return hashed(image);
  const isSingle = sources.length === 1;
  const parts = sources.flatMap(({ column, tuple }, i) => {
    const text = keyText(tuple!, column.index, isSingle);
    return isSingle ? [text] : [inMemory(Buffer.from(i === 0 ? '[' : ',')), text];
  });
  if (!isSingle) parts.push(inMemory(Buffer.from(']')));
  const bytes = parts.reduce((total, part) => total + part.byteLength, 0);
  const key = bytes > MAX_RECORD_KEY_BYTES ? hashed(parts) : Buffer.concat(parts.flatMap((part) => [...part.chunks()]));
  for (const part of parts) part.release();
  return key;
}

/** An index compresses its keys: one of them can be large. */
function keyText(tuple: Tuple, index: number, isVerbatim: boolean): EntryPart {
  const value = tuple.large?.get(index);
  if (value !== undefined) return isVerbatim ? verbatim(value) : jsonString(value);
  const text = tupleText(tuple, index);
  return inMemory(isVerbatim ? text : quoted(text));
}

function hashed(parts: readonly EntryPart[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) for (const chunk of part.chunks()) hash.update(chunk);
  return Buffer.from(`~${hash.digest('hex')}`);
}

function quoted(text: Buffer): Buffer {
  const target = new Bytes(Buffer.alloc(jsonStringLength(text, 0, text.length)));
  writeJsonString(new Bytes(text), 0, text.length, target, 0);
  return target.buffer;
}

function addField(target: LargeRowTarget, parts: readonly EntryPart[]): void {
  target.addPart(inMemory(int32s(parts.reduce((total, part) => total + part.byteLength, 0))));
  for (const part of parts) target.addPart(part);
}
