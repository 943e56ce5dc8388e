import { Bytes, type StoredBytes } from '../../change/bytes.ts';
import { LARGE_VALUE, NULL_VALUE, UNCHANGED_TOAST, type LargeValue, type Tuple } from '../../change/tuple.ts';
import { malformed } from './malformed.ts';

/** Values up to this are read into memory: 1,600 columns of two tuples then take 50 MB at most. */
export const MAX_INLINE_BYTES = 16 * 1024;
const WINDOW_BYTES = 64 * 1024;

/** Reads a message that is not in memory, from front to back. */
export class LargeMessageReader {
  readonly #source: StoredBytes;
  readonly #maxInlineBytes: number;
  #at: number;
  #window = Buffer.alloc(0);
  #windowStart = 0;

  constructor(source: StoredBytes, offset: number, maxInlineBytes: number) {
    this.#source = source;
    this.#maxInlineBytes = maxInlineBytes;
    this.#at = offset;
  }

  get atEnd(): boolean {
    return this.#at === this.#source.length;
  }

  byte(): number {
    return this.#take(1)[0]!;
  }

  int16(): number {
    return this.#take(2).readUInt16BE();
  }

  int32(): number {
    return this.#take(4).readUInt32BE();
  }

  /** Text up to and without its terminating zero, of at most `maxBytes`. */
  string(maxBytes: number): string {
    const bytes: number[] = [];
    for (let byte = this.byte(); byte !== 0; byte = this.byte()) {
      bytes.push(byte);
      if (bytes.length > maxBytes) throw malformed('a string without an end');
    }
    return Buffer.from(bytes).toString('utf8');
  }

  skip(bytes: number): void {
    this.#expect(bytes);
    this.#at += bytes;
  }

  /** A TupleData of a relation with `columnCount` columns. Large values stay where they are. */
  tuple(columnCount: number): Tuple {
    if (this.int16() !== columnCount) throw malformed(`a tuple with other columns than its relation's ${columnCount}`);
    const starts = new Int32Array(columnCount);
    const lengths = new Int32Array(columnCount);
    const large = new Map<number, LargeValue>();
    const inline: Buffer[] = [];
    let inlineBytes = 0;
    for (let i = 0; i < columnCount; i += 1) {
      const kind = this.byte();
      if (kind === 0x6e) lengths[i] = NULL_VALUE;
      else if (kind === 0x75) lengths[i] = UNCHANGED_TOAST;
      else if (kind !== 0x74) throw malformed(`a column value of kind ${kind}`);
      else {
        const length = this.int32();
        this.#expect(length);
        if (length > this.#maxInlineBytes) {
          large.set(i, { source: this.#source, offset: this.#at, length });
          lengths[i] = LARGE_VALUE;
          this.#at += length;
        } else {
          starts[i] = inlineBytes;
          lengths[i] = length;
          // A copy: the window moves on.
          inline.push(Buffer.from(this.#take(length)));
          inlineBytes += length;
        }
      }
    }
    return { bytes: new Bytes(Buffer.concat(inline)), columnCount, starts, lengths, byteLength: inlineBytes, large };
  }

  /** Valid until the next call. */
  #take(bytes: number): Buffer {
    this.#expect(bytes);
    const from = this.#at - this.#windowStart;
    if (from < 0 || from + bytes > this.#window.length) this.#load();
    const start = this.#at - this.#windowStart;
    this.#at += bytes;
    return this.#window.subarray(start, start + bytes);
  }

  #load(): void {
    const window = Buffer.allocUnsafeSlow(Math.min(WINDOW_BYTES, this.#source.length - this.#at));
    this.#source.read(this.#at, window);
    this.#window = window;
    this.#windowStart = this.#at;
  }

  #expect(bytes: number): void {
    if (this.#at + bytes > this.#source.length) throw malformed('it ends too early');
  }
}
