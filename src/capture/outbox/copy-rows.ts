import { malformed } from '../pgoutput/malformed.ts';

/** Signature, flags and the length of an extension. https://www.postgresql.org/docs/current/sql-copy.html */
const HEADER_BYTES = 19;

/**
 * The rows of a binary COPY, each as its fields' bytes (null: null). What is read of the stream waits until the row
 * before has been dealt with. A row is in memory as a whole, nothing more.
 */
export async function* copyRows(stream: AsyncIterable<Buffer>): AsyncGenerator<(Buffer | null)[]> {
  const reader = new ByteReader(stream);
  const header = await reader.take(HEADER_BYTES);
  await reader.take(header.readInt32BE(HEADER_BYTES - 4));
  for (;;) {
    const count = (reader.ready(2) ?? (await reader.take(2))).readInt16BE();
    if (count === -1) break;
    const fields: (Buffer | null)[] = [];
    for (let i = 0; i < count; i += 1) {
      const length = (reader.ready(4) ?? (await reader.take(4))).readInt32BE();
      fields.push(length === -1 ? null : (reader.ready(length) ?? (await reader.take(length))));
    }
    yield fields;
  }
  await reader.end();
}

class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** The next bytes, if they are there already. */
  ready(bytes: number): Buffer | null {
    if (this.#buffer.length - this.#at < bytes) return null;
    this.#at += bytes;
    return this.#buffer.subarray(this.#at - bytes, this.#at);
  }

  async take(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [this.#buffer.subarray(this.#at)];
    let length = parts[0]!.length;
    while (length < bytes) {
      const next = await this.#chunks.next();
      if (next.done === true) throw malformed('the rows of the outbox end too early');
      parts.push(next.value);
      length += next.value.length;
    }
    this.#buffer = parts.length === 1 ? parts[0]! : Buffer.concat(parts, length);
    this.#at = bytes;
    return this.#buffer.subarray(0, bytes);
  }

  /** Reads what comes behind the last row: the server's word that all is well. */
  async end(): Promise<void> {
    while ((await this.#chunks.next()).done !== true);
  }
}
