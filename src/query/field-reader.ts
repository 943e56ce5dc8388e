import { parse as parseArray } from 'postgres-array';
import { formatTime } from './time.ts';

/**
 * Reads the fields of a binary COPY, one after the other.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT
 */
export class FieldReader {
  readonly #data: Buffer;
  #at: number;

  constructor(data: Buffer, at: number) {
    this.#data = data;
    this.#at = at;
  }

  /** Whether there is a further row. */
  beginRow(): boolean {
    const count = this.#data.readInt16BE(this.#at);
    this.#at += COUNT_BYTES;
    return count !== -1;
  }

  int64(): bigint | null {
    return this.#length() === -1 ? null : this.#bigint();
  }

  int64Text(): string | null {
    if (this.#length() === -1) return null;
    this.#at += 8;
    return int64Text(this.#data.readInt32BE(this.#at - 8), this.#data.readUInt32BE(this.#at - 4));
  }

  /** A field of which many rows have the same. */
  through(texts: Int64Texts): string | null {
    if (this.#length() === -1) return null;
    this.#at += 8;
    return texts.textOf(this.#data.readInt32BE(this.#at - 8), this.#data.readUInt32BE(this.#at - 4));
  }

  skip(fields: number): void {
    for (let n = 0; n < fields; n += 1) this.hasValue();
  }

  integer(): number | null {
    if (this.#length() === -1) return null;
    this.#at += 4;
    return this.#data.readInt32BE(this.#at - 4);
  }

  /** Whether there is a value; passes it. */
  hasValue(): boolean {
    const length = this.#length();
    this.#at += Math.max(length, 0);
    return length !== -1;
  }

  text(): string | null {
    const length = this.#length();
    if (length === -1) return null;
    this.#at += length;
    return this.#data.toString('utf8', this.#at - length, this.#at);
  }

  /** A list as text. A table's entries have few different lists of columns. */
  names(): readonly string[] | null {
    const text = this.text();
    if (text === null) return null;
    let list = lists.get(text);
    if (list === undefined) {
      if (lists.size >= MAX_LISTS) lists.clear();
      list = parseArray(text);
      lists.set(text, list);
    }
    return list;
  }

  #length(): number {
    this.#at += 4;
    return this.#data.readInt32BE(this.#at - 4);
  }

  #bigint(): bigint {
    this.#at += 8;
    return this.#data.readBigInt64BE(this.#at - 8);
  }
}

/** The text of the last number again, where it has not changed. */
export class Int64Texts {
  #high = 0;
  #low = 0;
  #text: string | null = null;

  textOf(high: number, low: number): string {
    if (this.#text === null || high !== this.#high || low !== this.#low) {
      this.#high = high;
      this.#low = low;
      this.#text = this.make(high, low);
    }
    return this.#text;
  }

  protected make(high: number, low: number): string {
    return int64Text(high, low);
  }
}

/** The entries of a transaction have one time. */
export class TimeTexts extends Int64Texts {
  protected override make(high: number, low: number): string {
    return formatTime(((BigInt(high) << 32n) | BigInt(low)) + EPOCH_MICROS);
  }
}

/** Of the row before its first field: how many fields follow. -1 ends the copy. */
const COUNT_BYTES = 2;

const MAX_LISTS = 10_000;
const lists = new Map<string, readonly string[]>();

/** Up to here a JavaScript number has each integer: 2 ** 53. */
const EXACT_HIGH = 0x20_0000;

function int64Text(high: number, low: number): string {
  if (high >= 0 && high < EXACT_HIGH) return (high * 0x1_0000_0000 + low).toString();
  return ((BigInt(high) << 32n) | BigInt(low)).toString();
}

/** 2000-01-01, from which a binary timestamptz counts. */
const EPOCH_MICROS = 946_684_800_000_000n;
