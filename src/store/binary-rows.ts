import { COPY_HEADER, COPY_TRAILER } from './segment.ts';

/** Writes rows in the binary COPY format, field by field, into one growing buffer. */
export class BinaryRows {
  readonly #columnCount: number;
  #buffer = Buffer.allocUnsafe(16 * 1024);
  #at = COPY_HEADER.copy(this.#buffer);

  constructor(columnCount: number) {
    this.#columnCount = columnCount;
  }

  row(): this {
    this.#room(2);
    this.#at = this.#buffer.writeInt16BE(this.#columnCount, this.#at);
    return this;
  }

  int8(value: bigint | null): this {
    if (value === null) return this.null();
    this.#room(12);
    this.#at = this.#buffer.writeInt32BE(8, this.#at);
    this.#at = this.#buffer.writeBigInt64BE(value, this.#at);
    return this;
  }

  int4(value: number): this {
    this.#room(8);
    this.#at = this.#buffer.writeInt32BE(4, this.#at);
    this.#at = this.#buffer.writeInt32BE(value, this.#at);
    return this;
  }

  /** Text, or anything whose binary form is its text (json). */
  text(value: string | null): this {
    if (value === null) return this.null();
    this.#room(4 + 3 * value.length);
    const length = this.#buffer.write(value, this.#at + 4, 'utf8');
    this.#buffer.writeInt32BE(length, this.#at);
    this.#at += 4 + length;
    return this;
  }

  null(): this {
    this.#room(4);
    this.#at = this.#buffer.writeInt32BE(-1, this.#at);
    return this;
  }

  /** The whole COPY data. */
  end(): Buffer {
    this.#room(COPY_TRAILER.length);
    this.#at += COPY_TRAILER.copy(this.#buffer, this.#at);
    return this.#buffer.subarray(0, this.#at);
  }

  #room(bytes: number): void {
    if (this.#buffer.length - this.#at >= bytes) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}
