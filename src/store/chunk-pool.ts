import { Bytes } from '../change/bytes.ts';

/** Bytes of an ordinary chunk: some hundred entries. */
const CHUNK_BYTES = 256 * 1024;

/** Reuses the buffers that entries are encoded into, up to `maxIdleBytes`. */
export class ChunkPool {
  readonly #idle: Bytes[] = [];
  readonly #maxIdle: number;

  constructor(maxIdleBytes: number) {
    this.#maxIdle = Math.floor(maxIdleBytes / CHUNK_BYTES);
  }

  /** A buffer of at least `minBytes`. Its content is whatever was there before. */
  take(minBytes = CHUNK_BYTES): Bytes {
    if (minBytes > CHUNK_BYTES) return new Bytes(Buffer.allocUnsafeSlow(minBytes));
    return this.#idle.pop() ?? new Bytes(Buffer.allocUnsafeSlow(CHUNK_BYTES));
  }

  give(bytes: Bytes): void {
    if (bytes.buffer.length === CHUNK_BYTES && this.#idle.length < this.#maxIdle) this.#idle.push(bytes);
  }
}
