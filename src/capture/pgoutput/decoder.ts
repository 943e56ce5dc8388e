import { Bytes, type StoredBytes } from '../../change/bytes.ts';
import type { Change, ChangeHandler, RowAction } from '../../change/change.ts';
import type { Column, Relation, TypeName } from '../../change/relation.ts';
import { NULL_VALUE, UNCHANGED_TOAST, type LargeValue, type Tuple } from '../../change/tuple.ts';
import { RowtrailError } from '../../lib/errors.ts';
import { LargeMessageReader, MAX_INLINE_BYTES } from './large-message.ts';
import { malformed } from './malformed.ts';

/**
 * Decodes pgoutput protocol version 1 in text mode, without copying: tuples are offsets into the message.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 *
 * Anything unexpected throws RT_DECODE: a message that is guessed at is an entry invented or lost.
 */
export class PgoutputDecoder<R> {
  readonly #handler: ChangeHandler<R>;
  readonly #maxInlineBytes: number;
  readonly #relations = new Map<number, DecodedRelation<R>>();
  /** Types of the relation that comes next, by oid. */
  readonly #types = new Map<number, TypeName>();
  #bytes = NO_BYTES;
  readonly #old = new TupleOffsets();
  readonly #new = new TupleOffsets();
  readonly #change: MutableChange<R> = {
    action: 'create',
    relation: null as R,
    old: null,
    oldHasKeyOnly: false,
    new: null,
    large: null,
  };

  /** Values of large messages above `maxInlineBytes` are not read into memory. */
  constructor(handler: ChangeHandler<R>, maxInlineBytes = MAX_INLINE_BYTES) {
    this.#handler = handler;
    this.#maxInlineBytes = maxInlineBytes;
  }

  /**
   * Decodes one message at `start`..`end` of `buffer` and calls the handler. A returned promise means
   * that the next message must wait for it.
   */
  decode(buffer: Buffer, start: number, end: number): void | Promise<void> {
    if (buffer !== this.#bytes.buffer) this.#bytes = new Bytes(buffer);
    switch (buffer[start]) {
      case 0x49: // I
        return this.#insert(buffer, start + 1, end);
      case 0x55: // U
        return this.#update(buffer, start + 1, end);
      case 0x44: // D
        return this.#delete(buffer, start + 1, end);
      case 0x42: // B
        expectLength(start, end, 21);
        this.#handler.begin({
          commitLsn: buffer.readBigUInt64BE(start + 1),
          committedAtMicros: buffer.readBigInt64BE(start + 9),
          xid: buffer.readUInt32BE(start + 17),
        });
        return;
      case 0x43: // C: one byte of flags, unused
        expectLength(start, end, 26);
        this.#handler.commit({
          commitLsn: buffer.readBigUInt64BE(start + 2),
          endLsn: buffer.readBigUInt64BE(start + 10),
        });
        return;
      case 0x52: // R
        return this.#relation(buffer, start + 1, end);
      case 0x4d: // M
        return this.#message(buffer, start + 1, end);
      case 0x54: // T
        return this.#truncate(buffer, start + 1, end);
      case 0x4f: // O
        this.#handler.origin(readString(buffer, start + 9, end).text);
        return;
      case 0x59: // Y
        this.#type(buffer, start + 1, end);
        return;
      default:
        throw new RowtrailError('RT_DECODE', `unknown pgoutput message 0x${buffer[start]?.toString(16) ?? '(empty)'}`, {
          hint: 'This server speaks a protocol that this Rowtrail does not know. Upgrade Rowtrail.',
        });
    }
  }

  /**
   * Decodes a message that is too large for memory, from `offset` on: a row, or a logical message of somebody's.
   * The handler retains what it keeps of it.
   */
  decodeLarge(message: StoredBytes, offset: number): void {
    const reader = new LargeMessageReader(message, offset, this.#maxInlineBytes);
    const type = reader.byte();
    if (type === 0x4d) {
      // Flags and LSN come before the prefix. https://www.postgresql.org/docs/current/functions-admin.html#PG-LOGICAL-EMIT-MESSAGE
      reader.skip(9);
      this.#handler.oversizedMessage(reader.string(MAX_PREFIX_BYTES));
      return;
    }
    if (type !== 0x49 && type !== 0x55 && type !== 0x44) {
      throw malformed(`a message 0x${type.toString(16)} of ${message.length - offset} bytes`);
    }
    const relation = this.#known(reader.int32());
    let kind = reader.byte();
    let old: Tuple | null = null;
    const oldHasKeyOnly = kind === 0x4b;
    if (kind === 0x4f || kind === 0x4b) {
      old = reader.tuple(relation.columnCount);
      if (type === 0x55) kind = reader.byte();
    }
    let created: Tuple | null = null;
    if (type !== 0x44) {
      if (kind !== 0x4e) throw malformed(`a tuple of kind ${kind}`);
      created = reader.tuple(relation.columnCount);
    }
    if (!reader.atEnd || (type === 0x44 && old === null) || (type === 0x49 && old !== null)) {
      throw malformed('a large row in other room');
    }
    this.#handler.change({
      action: type === 0x49 ? 'create' : type === 0x55 ? 'update' : 'delete',
      relation: relation.handled,
      old,
      oldHasKeyOnly,
      new: created,
      large: message,
    });
  }

  #insert(buffer: Buffer, offset: number, end: number): void {
    expectLength(offset, end, 5);
    const relation = this.#known(buffer.readUInt32BE(offset));
    expectByte(buffer, offset + 4, 0x4e);
    const next = this.#new.read(this.#bytes, offset + 5, end, relation);
    this.#emit('create', relation, null, false, this.#new, next, end);
  }

  #update(buffer: Buffer, offset: number, end: number): void {
    expectLength(offset, end, 5);
    const relation = this.#known(buffer.readUInt32BE(offset));
    let at = offset + 4;
    const kind = buffer[at];
    let old: TupleOffsets | null = null;
    if (kind === 0x4f || kind === 0x4b) {
      at = this.#old.read(this.#bytes, at + 1, end, relation);
      old = this.#old;
    }
    expectByte(buffer, at, 0x4e);
    const next = this.#new.read(this.#bytes, at + 1, end, relation);
    this.#emit('update', relation, old, kind === 0x4b, this.#new, next, end);
  }

  #delete(buffer: Buffer, offset: number, end: number): void {
    expectLength(offset, end, 5);
    const relation = this.#known(buffer.readUInt32BE(offset));
    const kind = buffer[offset + 4];
    if (kind !== 0x4f && kind !== 0x4b) throw malformed(`a delete with a tuple of kind ${kind}`);
    const next = this.#old.read(this.#bytes, offset + 5, end, relation);
    this.#emit('delete', relation, this.#old, kind === 0x4b, null, next, end);
  }

  #emit(
    action: RowAction,
    relation: DecodedRelation<R>,
    old: TupleOffsets | null,
    oldHasKeyOnly: boolean,
    created: TupleOffsets | null,
    next: number,
    end: number,
  ): void {
    if (next !== end) throw malformed(`${end - next} bytes left over after a ${action}`);
    const change = this.#change;
    change.action = action;
    change.relation = relation.handled;
    change.old = old;
    change.oldHasKeyOnly = oldHasKeyOnly;
    change.new = created;
    this.#handler.change(change);
  }

  /**
   * Comes before each description of a relation, once for each of its columns whose type is not built in. A domain
   * is given its innermost base type, as of the transaction: the catalog of today may know another, or none.
   */
  #type(buffer: Buffer, offset: number, end: number): void {
    expectLength(offset, end, 6);
    const schema = readString(buffer, offset + 4, end);
    const name = readString(buffer, schema.next, end);
    if (name.next !== end) throw malformed(`${end - name.next} bytes left over after a type`);
    this.#types.set(buffer.readUInt32BE(offset), { schema: schemaName(schema.text), name: name.text });
  }

  #relation(buffer: Buffer, offset: number, end: number): void | Promise<void> {
    const relation = readRelation(buffer, offset, end, this.#types);
    this.#types.clear();
    const handled = this.#handler.relation(relation);
    if (handled instanceof Promise) {
      return handled.then((value) => {
        this.#relations.set(relation.oid, { handled: value, columnCount: relation.columns.length });
      });
    }
    this.#relations.set(relation.oid, { handled, columnCount: relation.columns.length });
  }

  #message(buffer: Buffer, offset: number, end: number): void | Promise<void> {
    const prefix = readString(buffer, offset + 9, end);
    expectLength(prefix.next, end, 4);
    const length = buffer.readUInt32BE(prefix.next);
    if (prefix.next + 4 + length !== end) throw malformed(`a logical message of ${length} bytes in other room`);
    return this.#handler.message(prefix.text, buffer.subarray(prefix.next + 4, prefix.next + 4 + length));
  }

  #truncate(buffer: Buffer, offset: number, end: number): void {
    expectLength(offset, end, 5);
    const count = buffer.readUInt32BE(offset);
    if (offset + 5 + 4 * count !== end) throw malformed(`a truncate of ${count} tables in other room`);
    const relations: R[] = [];
    for (let i = 0; i < count; i += 1) relations.push(this.#known(buffer.readUInt32BE(offset + 5 + 4 * i)).handled);
    this.#handler.truncate(relations);
  }

  #known(oid: number): DecodedRelation<R> {
    const relation = this.#relations.get(oid);
    if (relation === undefined) throw malformed(`a change of relation ${oid}, which was not described`);
    return relation;
  }
}

const NO_BYTES = new Bytes(Buffer.alloc(0));

interface DecodedRelation<R> {
  readonly handled: R;
  readonly columnCount: number;
}

type MutableChange<R> = { -readonly [K in keyof Change<R>]: Change<R>[K] };

/** PostgreSQL allows 1,600. https://www.postgresql.org/docs/current/limits.html */
const MAX_COLUMNS = 1600;

/** What is read of the prefix of somebody's logical message. */
const MAX_PREFIX_BYTES = 1024 * 1024;

/** One reusable set of offsets. */
class TupleOffsets implements Tuple {
  bytes = NO_BYTES;
  columnCount = 0;
  byteLength = 0;
  readonly large: ReadonlyMap<number, LargeValue> | null = null;
  readonly starts = new Int32Array(MAX_COLUMNS);
  readonly lengths = new Int32Array(MAX_COLUMNS);

  /** Reads a TupleData at `offset`; returns the offset after it. */
  read<R>(bytes: Bytes, offset: number, end: number, relation: DecodedRelation<R>): number {
    const { buffer } = bytes;
    expectLength(offset, end, 2);
    const count = (buffer[offset]! << 8) | buffer[offset + 1]!;
    // Column lists send other counts in PG 15.0–15.1, and nothing may be guessed about which column is which.
    if (count !== relation.columnCount) {
      throw malformed(`a tuple of ${count} columns for a relation of ${relation.columnCount}`);
    }
    this.bytes = bytes;
    this.columnCount = count;
    const starts = this.starts;
    const lengths = this.lengths;
    let at = offset + 2;
    let total = 0;
    for (let i = 0; i < count; i += 1) {
      const kind = buffer[at];
      if (kind === 0x74) {
        const length = (buffer[at + 1]! << 24) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 8) | buffer[at + 4]!;
        // A negative length would pass for NULL_VALUE or UNCHANGED_TOAST.
        if (length < 0 || at + 5 + length > end) throw malformed('a value that runs past its message');
        starts[i] = at + 5;
        lengths[i] = length;
        total += length;
        at += 5 + length;
      } else if (kind === 0x6e) {
        lengths[i] = NULL_VALUE;
        at += 1;
      } else if (kind === 0x75) {
        lengths[i] = UNCHANGED_TOAST;
        at += 1;
      } else {
        throw malformed(`a column value of kind ${kind}`);
      }
    }
    if (at > end) throw malformed('a tuple that runs past its message');
    this.byteLength = total;
    return at;
  }
}

function readRelation(buffer: Buffer, offset: number, end: number, types: ReadonlyMap<number, TypeName>): Relation {
  const schema = readString(buffer, offset + 4, end);
  const name = readString(buffer, schema.next, end);
  expectLength(name.next, end, 3);
  const columnCount = buffer.readUInt16BE(name.next + 1);
  const columns: Column[] = [];
  let at = name.next + 3;
  for (let i = 0; i < columnCount; i += 1) {
    const columnName = readString(buffer, at + 1, end);
    expectLength(columnName.next, end, 8);
    const typeOid = buffer.readUInt32BE(columnName.next);
    columns.push({
      name: columnName.text,
      identity: (buffer[at]! & 1) === 1,
      typeOid,
      baseType: types.get(typeOid) ?? null,
      typeModifier: buffer.readInt32BE(columnName.next + 4),
    });
    at = columnName.next + 8;
  }
  if (columnCount > MAX_COLUMNS || at !== end) throw malformed(`a description of ${columnCount} columns in other room`);
  return {
    oid: buffer.readUInt32BE(offset),
    schema: schemaName(schema.text),
    name: name.text,
    replicaIdentity: String.fromCharCode(buffer[name.next]!) as Relation['replicaIdentity'],
    columns,
  };
}

/** pgoutput sends an empty namespace for pg_catalog. */
function schemaName(sent: string): string {
  return sent === '' ? 'pg_catalog' : sent;
}

function readString(buffer: Buffer, offset: number, end: number): { text: string; next: number } {
  const stop = buffer.indexOf(0, offset);
  if (stop === -1 || stop >= end) throw malformed('a string without an end');
  return { text: buffer.toString('utf8', offset, stop), next: stop + 1 };
}

function expectLength(offset: number, end: number, bytes: number): void {
  if (end - offset < bytes) throw malformed('it ends too early');
}

function expectByte(buffer: Buffer, offset: number, expected: number): void {
  if (buffer[offset] !== expected)
    throw malformed(`0x${buffer[offset]?.toString(16)} where 0x${expected.toString(16)} belongs`);
}
