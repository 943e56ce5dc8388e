import type { Bytes } from '../change/bytes.ts';
import { int32s, namesField, NULL_FIELD } from './copy-field.ts';
import { ORDINAL_OFFSET } from './entry-row.ts';
import { changedColumns } from './image.ts';
import type { PlanColumn } from './relation-plan.ts';
import type { RowTarget } from './row-target.ts';

/** Where a field of an encoded row lies; length -1: null. */
interface Field {
  readonly start: number;
  readonly length: number;
}

/** An entry as `writeRowEntry` has encoded it, read back. Valid as long as its bytes are. */
export class EncodedRow {
  readonly ordinal: number;
  readonly relationId: number | null;
  readonly action: string;
  readonly #bytes: Bytes;
  readonly #start: number;
  readonly #afterAction: number;
  readonly #changed: Field;
  readonly #unknown: Field;
  readonly #row: Field;
  readonly #old: Field;
  readonly #data: Field;
  readonly #recordKey: Field;

  /** Reads the row at `start`. */
  constructor(bytes: Bytes, start: number) {
    const { view, buffer } = bytes;
    this.#bytes = bytes;
    this.#start = start;
    const ordinal = start + ORDINAL_OFFSET;
    this.ordinal = view.getInt32(ordinal) * 0x1_0000_0000 + view.getUint32(ordinal + 4);
    const relation = this.#field(ordinal + 8);
    this.relationId = relation.length === -1 ? null : view.getInt32(relation.start);
    const action = this.#field(end(relation));
    this.action = buffer.toString('latin1', action.start, end(action));
    this.#afterAction = end(action);
    this.#changed = this.#field(this.#afterAction);
    this.#unknown = this.#field(end(this.#changed));
    this.#row = this.#field(end(this.#unknown));
    this.#old = this.#field(end(this.#row));
    this.#data = this.#field(end(this.#old));
    this.#recordKey = this.#field(end(this.#data));
  }

  get changed(): readonly string[] {
    return this.#changed.length === -1 ? (changedColumns(null, this.old) ?? []) : this.#names(this.#changed);
  }

  get unknown(): readonly string[] {
    return this.#names(this.#unknown);
  }

  /** Events and truncates have none. */
  get hasImage(): boolean {
    return this.#row.length !== -1;
  }

  get imageBytes(): number {
    return Math.max(0, this.#row.length);
  }

  get row(): string | null {
    return this.#text(this.#row);
  }

  get old(): string | null {
    return this.#text(this.#old);
  }

  get recordKey(): string | null {
    return this.#text(this.#recordKey);
  }

  get byteLength(): number {
    return this.end - this.#start;
  }

  /** Offset after the row. */
  get end(): number {
    return end(this.#recordKey);
  }

  /** Writes the row as it is. */
  copyTo(target: RowTarget): void {
    target.beginRow(this.end - this.#start);
    target.at += this.#bytes.buffer.copy(target.bytes.buffer, target.at, this.#start, this.end);
  }

  /** Writes the row with other images; the rest, the key too, stays what it is. */
  rewrite(target: RowTarget, images: RewrittenImages): void {
    const parts = [
      this.#copy(this.#start, this.#afterAction),
      images.changed === null || images.isTold ? NULL_FIELD : namesField(images.changed),
      images.unknown.length === 0 ? NULL_FIELD : namesField(images.unknown),
      ...textField(images.row),
      ...(images.old === null ? [NULL_FIELD] : textField(images.old)),
      this.#copy(this.#data.start - 4, this.end),
    ];
    target.beginRow(parts.reduce((total, part) => total + part.length, 0));
    for (const part of parts) target.at += part.copy(target.bytes.buffer, target.at);
  }

  #copy(from: number, to: number): Buffer {
    return this.#bytes.buffer.subarray(from, to);
  }

  #field(at: number): Field {
    return { start: at + 4, length: this.#bytes.view.getInt32(at) };
  }

  #text(field: Field): string | null {
    return field.length === -1 ? null : this.#bytes.buffer.toString('utf8', field.start, end(field));
  }

  #names(field: Field): readonly string[] {
    if (field.length <= NO_NAMES_BYTES) return [];
    const names: string[] = [];
    for (let at = field.start + ARRAY_HEAD_BYTES; at < end(field);) {
      const name = this.#field(at);
      names.push(this.#text(name)!);
      at = end(name);
    }
    return names;
  }
}

export interface RewrittenImages {
  readonly changed: readonly PlanColumn[] | null;
  /** `old` tells all that changed: `changed` is not written. */
  readonly isTold: boolean;
  readonly unknown: readonly PlanColumn[];
  /** JSON text. */
  readonly row: string;
  readonly old: string | null;
}

/** A binary text[]: dimensions, null flag, element type; then, unless it is empty, size and lower bound. */
const NO_NAMES_BYTES = 12;
const ARRAY_HEAD_BYTES = 20;

function end({ start, length }: Field): number {
  return length === -1 ? start : start + length;
}

function textField(text: string): [Buffer, Buffer] {
  const bytes = Buffer.from(text);
  return [int32s(bytes.length), bytes];
}
