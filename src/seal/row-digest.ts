import { createHash, type Hash } from 'node:crypto';

/** What rows come to: how many, and SHA-256 over their bytes in the binary COPY format, without its header and trailer. */
export interface Digest {
  readonly rows: bigint;
  readonly sha256: Buffer;
}

/** Of no rows. */
export function emptyDigest(): Digest {
  return { rows: 0n, sha256: createHash('sha256').digest() };
}

/** https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT */
const HEADER_BYTES = 19;
/** Number of fields, length of the first one, and that: 64 bits. */
const ROW_HEAD_BYTES = 14;
const KEY_OFFSET = 6;
const LENGTH_BYTES = 4;
const END_OF_ROWS = -1;

/**
 * Digests the output of a binary COPY as it comes in, in constant memory, by ranges of its first column, which is a
 * 64-bit integer and ascends. The binary format is the same for every server version, and no setting of a server or
 * session bears on it (times are microseconds, json and text are their text in UTF-8).
 */
export class RowDigest {
  readonly #lastKeys: readonly bigint[];
  readonly #digests: Digest[] = [];
  #hash: Hash = createHash('sha256');
  #rows = 0n;
  /** Bytes of the header that are still to come. */
  #header = HEADER_BYTES;
  #fields = 0;
  /** Bytes of the field that are still to come. */
  #field = 0;
  #rest: Buffer | null = null;
  #ended = false;

  /** `lastKeys`: the last key of each range, ascending; a range begins where the one before ends. */
  constructor(lastKeys: readonly bigint[]) {
    this.#lastKeys = lastKeys;
  }

  push(data: Buffer): void {
    const chunk = this.#rest === null ? data : Buffer.concat([this.#rest, data]);
    this.#rest = null;
    let at = Math.min(this.#header, chunk.length);
    this.#header -= at;
    /** Where the bytes begin that are not hashed yet. */
    let from = at;
    while (at < chunk.length && !this.#ended) {
      if (this.#field > 0) {
        const bytes = Math.min(this.#field, chunk.length - at);
        this.#field -= bytes;
        at += bytes;
        continue;
      }
      if (this.#fields > 0) {
        if (chunk.length - at < LENGTH_BYTES) break;
        const length = chunk.readInt32BE(at);
        this.#field = length === -1 ? 0 : length;
        this.#fields -= 1;
        at += LENGTH_BYTES;
        continue;
      }
      if (chunk.length - at < 2) break;
      const fields = chunk.readInt16BE(at);
      if (fields === END_OF_ROWS) {
        this.#ended = true;
        break;
      }
      if (chunk.length - at < ROW_HEAD_BYTES) break;
      const key = chunk.readBigInt64BE(at + KEY_OFFSET);
      if (key > this.#lastKeys[this.#digests.length]!) {
        this.#hash.update(chunk.subarray(from, at));
        from = at;
        while (key > this.#lastKeys[this.#digests.length]!) this.#endRange();
      }
      this.#rows += 1n;
      this.#fields = fields;
      at += 2;
    }
    if (at > from) this.#hash.update(chunk.subarray(from, at));
    if (at < chunk.length && !this.#ended) this.#rest = Buffer.from(chunk.subarray(at));
  }

  /** One for each range. To be called once, when all has come in. */
  finish(): readonly Digest[] {
    if (!this.#ended) throw new TypeError('a COPY ended before its last row');
    while (this.#digests.length < this.#lastKeys.length) this.#endRange();
    return this.#digests;
  }

  #endRange(): void {
    this.#digests.push({ rows: this.#rows, sha256: this.#hash.digest() });
    this.#hash = createHash('sha256');
    this.#rows = 0n;
  }
}
