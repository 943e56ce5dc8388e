import { createHash } from 'node:crypto';
import { Bytes } from '../change/bytes.ts';
import type { Change, RowAction } from '../change/change.ts';
import { NULL_VALUE, UNCHANGED_TOAST, type Tuple } from '../change/tuple.ts';
import { namesChanges } from './changed-columns.ts';
import { copyBytes, jsonStringLength, sameBytes, writeJsonString } from './json-text.ts';
import {
  BOOLEAN_VALUE,
  JSON_VALUE,
  NUMBER_VALUE,
  STRING_VALUE,
  type PlanColumn,
  type RelationPlan,
  type ValueKind,
} from './relation-plan.ts';
import { putInt32, type RowTarget } from './row-target.ts';
import { tupleText } from './tuple-text.ts';
import { withValidText } from './valid-text.ts';

/**
 * The columns of `audit.entries` in the order in which rows are encoded, in the binary COPY format
 * (https://www.postgresql.org/docs/current/sql-copy.html). The ids come first, at fixed offsets, because
 * they are only known when the batch is sealed.
 */
export const ENTRY_COLUMNS = [
  'id',
  'transaction_id',
  'context_id',
  'occurred_at',
  'ordinal',
  'relation_id',
  'action',
  'changed',
  'unknown',
  'row',
  'old',
  'data',
  'record_key',
] as const;

/** Offsets of the 8-byte ids from the start of an encoded row. */
export const ID_OFFSET = 6;
export const TRANSACTION_ID_OFFSET = 18;
export const CONTEXT_ID_OFFSET = 30;
/** Behind the context's id and the time. */
export const ORDINAL_OFFSET = CONTEXT_ID_OFFSET + 8 + 12 + 4;

/** Longer keys would not fit the history index (a btree entry holds 2,704 bytes), so they are hashed. */
export const MAX_RECORD_KEY_BYTES = 1024;

/**
 * Above this many bytes of values, the room is measured rather than bounded: the bound is 18 times the bytes,
 * and must stay well below a chunk, or every row gets a buffer of its own that it hardly fills.
 */
const MEASURE_ABOVE_BYTES = 4_096;
const HEADER_BYTES = 512;

const CREATE = new Bytes(Buffer.from('create'));
const UPDATE = new Bytes(Buffer.from('update'));
const DELETE = new Bytes(Buffer.from('delete'));
const BASELINE = new Bytes(Buffer.from('baseline'));
const TRUE = new Bytes(Buffer.from('true'));
const FALSE = new Bytes(Buffer.from('false'));
const NULL = new Bytes(Buffer.from('null'));

/** What all entries of a transaction share, and this entry's place in it. */
export interface EntryHead {
  /** Microseconds since 2000-01-01 UTC. */
  occurredAtMicros: bigint;
  /** From 0. */
  ordinal: number;
}

/** Columns found by the diff, reused: an array whose length is set to 0 gives its memory up, row after row. */
class ColumnList {
  readonly columns: PlanColumn[] = [];
  count = 0;

  add(column: PlanColumn): void {
    if (this.count < this.columns.length) this.columns[this.count] = column;
    else this.columns.push(column);
    this.count += 1;
  }
}

const changedColumns = new ColumnList();
const unknownColumns = new ColumnList();
/** How many of the changed columns have their old value in the entry: they come first. */
let shownChanges = 0;

/** Of the change at hand: whether its old tuple holds the identity alone. */
let oldIsPartial = false;
let keyChanged = false;

/** What `writeRowEntry` returns for most rows: nothing more is to be known of them. */
export const PLAIN_ROW = 0;
/** Set in what it returns: some columns are unknown. */
export const INCOMPLETE_ROW = 1;
/** Set in what it returns: a column of the key has another value now. */
export const KEY_CHANGED = 2;

/** Encodes the entry of one row change; returns what is remarkable about it. Pure but for the target it writes to. */
export function writeRowEntry(target: RowTarget, plan: RelationPlan, sent: Change<unknown>, head: EntryHead): number {
  const change = plan.unchecked.length === 0 ? sent : withValidText(plan, sent);
  target.beginRow(roomFor(plan, change));
  const out = target.bytes;
  let at = writeHead(out, target.at, head, plan.relationId, actionBytes(change.action));

  changedColumns.count = 0;
  unknownColumns.count = 0;
  keyChanged = false;
  oldIsPartial = change.oldHasKeyOnly || hasPartialOldTuple(plan, change.old);
  if (change.action === 'update') diff(plan, change);
  else findUnknown(plan, change);
  shownChanges = changedColumns.count;
  if (change.action === 'update' && plan.hidden.length > 0) diffHidden(plan, change);
  const { columns, count } = changedColumns;
  const names =
    change.action === 'update' && namesChanges(plan, count, columns, shownChanges, unknownColumns.count, change.old);
  at = names ? writeNames(out, at, changedColumns) : putInt32(out, -1, at);
  at = unknownColumns.count > 0 ? writeNames(out, at, unknownColumns) : putInt32(out, -1, at);

  const rowStart = at;
  at = writeImage(out, at, plan, change);
  const rowEnd = at;
  at = shownChanges > 0 ? writeOld(out, at, change.old!) : putInt32(out, -1, at);
  at = writeBytes(out, at, plan.masks);
  at = writeRecordKey(out, at, plan, change, rowStart + 4, rowEnd);
  target.at = at;
  return (unknownColumns.count > 0 ? INCOMPLETE_ROW : PLAIN_ROW) | (keyChanged ? KEY_CHANGED : PLAIN_ROW);
}

function actionBytes(action: RowAction): Bytes {
  if (action === 'update') return UPDATE;
  if (action === 'create') return CREATE;
  return action === 'delete' ? DELETE : BASELINE;
}

/**
 * The record's key before the change, by the old tuple; null if that does not say. `partial`: it holds the identity
 * alone.
 */
export function keyBefore({ key }: RelationPlan, old: Tuple | null, partial: boolean): string | null {
  if (key === null || old === null) return null;
  if (key.some((column) => old.lengths[column.index]! < 0 || (partial && !column.identity))) return null;
  const texts = key.map((column) => tupleText(old, column.index).toString('utf8'));
  const bytes = Buffer.from(key.length === 1 ? texts[0]! : JSON.stringify(texts));
  return boundKey(bytes).buffer.toString();
}

/** An entry without a row: truncate, or an event from rowtrail.log(). */
export interface PlainEntry {
  readonly action: string;
  readonly relationId: number | null;
  readonly recordKey: string | null;
  /** JSON text. */
  readonly data: string | null;
}

/** Encodes an entry that has no row. */
export function writePlainEntry(target: RowTarget, entry: PlainEntry, head: EntryHead): void {
  const data = entry.data === null ? null : new Bytes(Buffer.from(entry.data));
  const recordKey = entry.recordKey === null ? null : boundKey(Buffer.from(entry.recordKey));
  const action = new Bytes(Buffer.from(entry.action));
  target.beginRow(HEADER_BYTES + action.buffer.length + (data?.buffer.length ?? 0) + (recordKey?.buffer.length ?? 0));
  const out = target.bytes;
  let at = writeHead(out, target.at, head, entry.relationId, action);
  for (let i = 0; i < 4; i += 1) at = putInt32(out, -1, at);
  at = writeBytes(out, at, data);
  target.at = writeBytes(out, at, recordKey);
}

/** Writes what comes before the fields that differ by kind of entry; returns the offset after it. */
export function writeHead(
  out: Bytes,
  start: number,
  head: EntryHead,
  relationId: number | null,
  action: Bytes,
): number {
  out.buffer[start] = 0;
  out.buffer[start + 1] = ENTRY_COLUMNS.length;
  putInt32(out, 8, start + ID_OFFSET - 4);
  putInt32(out, 8, start + TRANSACTION_ID_OFFSET - 4);
  putInt32(out, 8, start + CONTEXT_ID_OFFSET - 4);
  let at = putInt32(out, 8, start + CONTEXT_ID_OFFSET + 8);
  out.view.setBigInt64(at, head.occurredAtMicros);
  at = putInt32(out, 8, at + 8);
  at = putInt32(out, Math.floor(head.ordinal / 0x1_0000_0000), at);
  at = putInt32(out, head.ordinal, at);
  if (relationId === null) {
    at = putInt32(out, -1, at);
  } else {
    at = putInt32(out, 4, at);
    at = putInt32(out, relationId, at);
  }
  return writeBytes(out, at, action);
}

/**
 * Fills `changedColumns` and `unknownColumns` for an update. Bytes are compared, so that 1.0 → 1.00 is a
 * change. A column whose old value was not sent is unchanged only if it is part of an identity that was
 * not sent either: then the key did not change.
 */
function diff(plan: RelationPlan, change: Change<unknown>): void {
  const created = change.new!;
  const old = change.old;
  for (const column of plan.columns) {
    const i = column.index;
    const newLength = created.lengths[i]!;
    const oldLength = old === null || (oldIsPartial && !column.identity) ? UNCHANGED_TOAST : old.lengths[i]!;
    if (oldLength === UNCHANGED_TOAST) {
      const sameKey = column.identity && old === null && newLength !== UNCHANGED_TOAST;
      if (!sameKey) unknownColumns.add(column);
    } else if (
      newLength !== UNCHANGED_TOAST &&
      (newLength !== oldLength ||
        (newLength > 0 && !sameBytes(created.bytes, created.starts[i]!, old!.bytes, old!.starts[i]!, newLength)))
    ) {
      changedColumns.add(column);
      if (column.inKey) keyChanged = true;
    }
  }
}

/** Adds the changed columns of which no value is kept. Where the old one was not sent, they are not said to have changed. */
function diffHidden(plan: RelationPlan, { new: created, old }: Change<unknown>): void {
  if (created === null || old === null) return;
  for (const column of plan.hidden) {
    if (oldIsPartial && !column.identity) continue;
    if (!differs(created, old, column.index)) continue;
    if (column.named) changedColumns.add(column);
    if (column.inKey) keyChanged = true;
  }
}

function differs(created: Tuple, old: Tuple, i: number): boolean {
  const length = created.lengths[i]!;
  if (length === UNCHANGED_TOAST || old.lengths[i] === UNCHANGED_TOAST) return false;
  return (
    length !== old.lengths[i] ||
    (length > 0 && !sameBytes(created.bytes, created.starts[i]!, old.bytes, old.starts[i]!, length))
  );
}

/**
 * A partition made after `setup` has the default identity, but its root's FULL is what the stream announces:
 * then the old tuple has nulls for all that was not sent. A row whose columns are all null looks the same, and
 * is called unknown too: rather that than a value that was never there.
 */
export function hasPartialOldTuple(plan: RelationPlan, old: Tuple | null): boolean {
  if (!plan.partitioned || old === null || plan.key === null) return false;
  let isLacking = false;
  for (const columns of [plan.columns, plan.hidden]) {
    for (const column of columns) {
      if (column.identity) continue;
      if (old.lengths[column.index] !== NULL_VALUE) return false;
      isLacking = true;
    }
  }
  return isLacking;
}

/** A delete under a partial identity carries the key alone, a baseline all but what is too large; an insert everything. */
function findUnknown(plan: RelationPlan, change: Change<unknown>): void {
  if (change.action === 'create') return;
  for (const column of plan.columns) {
    if (valueSource(column, change) === null) unknownColumns.add(column);
  }
}

/** The tuple that holds a column's value after the change (for a delete: the last one); null if none was sent. */
function valueSource(column: PlanColumn, change: Change<unknown>): Tuple | null {
  const { new: created, old } = change;
  if (created !== null && created.lengths[column.index] !== UNCHANGED_TOAST) return created;
  if (old === null || (oldIsPartial && !column.identity)) return null;
  return old.lengths[column.index] === UNCHANGED_TOAST ? null : old;
}

function writeImage(out: Bytes, start: number, plan: RelationPlan, change: Change<unknown>): number {
  let at = start + 4;
  let separator = 0x7b;
  for (const column of plan.columns) {
    const tuple = valueSource(column, change);
    if (tuple === null) continue;
    out.buffer[at] = separator;
    separator = 0x2c;
    at = writeMember(out, at + 1, column, tuple);
  }
  if (separator === 0x7b) {
    out.buffer[at] = 0x7b;
    at += 1;
  }
  out.buffer[at] = 0x7d;
  at += 1;
  putInt32(out, at - start - 4, start);
  return at;
}

function writeOld(out: Bytes, start: number, old: Tuple): number {
  let at = start + 4;
  let separator = 0x7b;
  for (let i = 0; i < shownChanges; i += 1) {
    const column = changedColumns.columns[i]!;
    out.buffer[at] = separator;
    separator = 0x2c;
    at = writeMember(out, at + 1, column, old);
  }
  out.buffer[at] = 0x7d;
  at += 1;
  putInt32(out, at - start - 4, start);
  return at;
}

function writeMember(out: Bytes, start: number, column: PlanColumn, tuple: Tuple): number {
  const at = copyBytes(column.jsonKey, 0, column.jsonKey.buffer.length, out, start);
  const length = tuple.lengths[column.index]!;
  if (length === NULL_VALUE) return copyBytes(NULL, 0, 4, out, at);
  return writeValue(column.kind, tuple.bytes, tuple.starts[column.index]!, length, out, at);
}

function writeValue(kind: ValueKind, source: Bytes, start: number, length: number, target: Bytes, at: number): number {
  if (kind === NUMBER_VALUE && isFinite(source, start)) return copyBytes(source, start, length, target, at);
  if (kind === JSON_VALUE) {
    if (!isJsonNull(source.buffer, start)) return copyBytes(source, start, length, target, at);
    // With a space before it, it is no NULL. There is room: see `measured`.
    target.buffer[at] = 0x20;
    return copyBytes(source, start, length, target, at + 1);
  }
  if (kind === BOOLEAN_VALUE) {
    return source.buffer[start] === 0x74 ? copyBytes(TRUE, 0, 4, target, at) : copyBytes(FALSE, 0, 5, target, at);
  }
  return writeJsonString(source, start, length, target, at);
}

/** Nothing else in JSON begins with an n; `json` may have white space before it. */
export function isJsonNull(buffer: Buffer, start: number): boolean {
  let at = start;
  while (buffer[at] === 0x20 || (buffer[at]! >= 0x09 && buffer[at]! <= 0x0d)) at += 1;
  return buffer[at] === 0x6e;
}

/** NaN, Infinity and -Infinity are no JSON numbers. */
function isFinite({ buffer }: Bytes, start: number): boolean {
  const first = buffer[start] === 0x2d ? buffer[start + 1]! : buffer[start]!;
  return first >= 0x30 && first <= 0x39;
}

/** One key column → its text; several → a JSON array of their texts; none → ~ and the SHA-256 of the row. */
function writeRecordKey(
  out: Bytes,
  start: number,
  plan: RelationPlan,
  change: Change<unknown>,
  rowStart: number,
  rowEnd: number,
): number {
  const { key } = plan;
  if (key === null || key.some((column) => !hasValue(column, change))) {
    return writeBytes(out, start, hashed(out.buffer.subarray(rowStart, rowEnd)));
  }
  const from = start + 4;
  let at = from;
  if (key.length === 1) {
    const column = key[0]!;
    const tuple = valueSource(column, change)!;
    const length = tuple.lengths[column.index]!;
    at = copyBytes(tuple.bytes, tuple.starts[column.index]!, length, out, at);
  } else {
    let separator = 0x5b;
    for (const column of key) {
      const tuple = valueSource(column, change)!;
      out.buffer[at] = separator;
      separator = 0x2c;
      at = writeJsonString(tuple.bytes, tuple.starts[column.index]!, tuple.lengths[column.index]!, out, at + 1);
    }
    out.buffer[at] = 0x5d;
    at += 1;
  }
  if (at - from > MAX_RECORD_KEY_BYTES) return writeBytes(out, start, hashed(out.buffer.subarray(from, at)));
  putInt32(out, at - from, start);
  return at;
}

function hasValue(column: PlanColumn, change: Change<unknown>): boolean {
  const tuple = valueSource(column, change);
  return tuple !== null && tuple.lengths[column.index] !== NULL_VALUE;
}

function boundKey(key: Buffer): Bytes {
  return key.length > MAX_RECORD_KEY_BYTES ? hashed(key) : new Bytes(key);
}

function hashed(bytes: Buffer): Bytes {
  return new Bytes(Buffer.from(`~${createHash('sha256').update(bytes).digest('hex')}`));
}

/** A binary text[] (https://www.postgresql.org/docs/current/arrays.html): dimensions, null flag, element type, size, lower bound. */
function writeNames(out: Bytes, start: number, { columns, count }: ColumnList): number {
  let at = putInt32(out, count === 0 ? 0 : 1, start + 4);
  at = putInt32(out, 0, at);
  at = putInt32(out, 25, at);
  if (count > 0) {
    at = putInt32(out, count, at);
    at = putInt32(out, 1, at);
    for (let i = 0; i < count; i += 1) {
      const { arrayElement } = columns[i]!;
      at = copyBytes(arrayElement, 0, arrayElement.buffer.length, out, at);
    }
  }
  putInt32(out, at - start - 4, start);
  return at;
}

function writeBytes(out: Bytes, at: number, bytes: Bytes | null): number {
  if (bytes === null) return putInt32(out, -1, at);
  return copyBytes(bytes, 0, bytes.buffer.length, out, putInt32(out, bytes.buffer.length, at));
}

/**
 * Bytes that the entry takes at most. Old values may stand in the image (unchanged TOAST), in `old` and
 * in the key; new ones in the image and the key.
 */
function roomFor(plan: RelationPlan, change: Change<unknown>): number {
  const bytes = (change.new?.byteLength ?? 0) + (change.old?.byteLength ?? 0);
  const names = HEADER_BYTES + 4 * plan.nameBytes;
  if (bytes <= MEASURE_ABOVE_BYTES) return names + 18 * bytes;
  const key = plan.key === null ? 0 : 6 * (keyBytes(plan.key, change.new) + keyBytes(plan.key, change.old));
  return names + key + measured(plan, change.new) + 2 * measured(plan, change.old);
}

function measured(plan: RelationPlan, tuple: Tuple | null): number {
  if (tuple === null) return 0;
  let total = 0;
  for (const column of plan.columns) {
    const length = tuple.lengths[column.index]!;
    if (length <= 0) total += 4;
    else
      total +=
        column.kind === STRING_VALUE
          ? jsonStringLength(tuple.bytes.buffer, tuple.starts[column.index]!, length)
          : length + 2;
  }
  return total;
}

function keyBytes(key: readonly PlanColumn[], tuple: Tuple | null): number {
  if (tuple === null) return 0;
  return key.reduce((total, column) => total + Math.max(0, tuple.lengths[column.index]!), 0);
}
