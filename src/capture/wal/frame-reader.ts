const COPY_DATA = 0x64;
const HEADER_BYTES = 5;

export interface FrameHandler {
  /** The payload of one CopyData message: `start`..`end` of a buffer that is only lent. */
  copyData(buffer: Buffer, start: number, end: number): void;
  /** Any other message, whole. */
  other(message: Buffer): void;
}

/**
 * Cuts what a server sends into messages (https://www.postgresql.org/docs/current/protocol-message-formats.html)
 * without an object or an event for each of them, which cost more than decoding the rows.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  #parts: Buffer[] = [];
  #partBytes = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  push(chunk: Buffer): void {
    let at = this.#partBytes === 0 ? 0 : this.#complete(chunk);
    while (chunk.length - at >= HEADER_BYTES) {
      const end = at + 1 + chunk.readUInt32BE(at + 1);
      if (end > chunk.length) break;
      this.#frame(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
  }

  /** Takes from `chunk` what the message begun before it lacks; returns how much that was. */
  #complete(chunk: Buffer): number {
    let taken = 0;
    if (this.#partBytes < HEADER_BYTES) {
      taken = Math.min(HEADER_BYTES - this.#partBytes, chunk.length);
      this.#keep(chunk.subarray(0, taken));
      if (this.#partBytes < HEADER_BYTES) return taken;
      this.#parts = [Buffer.concat(this.#parts)];
    }
    // From here on the first part holds the header.
    const lacking = 1 + this.#parts[0]!.readUInt32BE(1) - this.#partBytes;
    const end = Math.min(taken + lacking, chunk.length);
    this.#keep(chunk.subarray(taken, end));
    if (end - taken < lacking) return end;
    const message = Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    this.#frame(message, 0, message.length);
    return end;
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
  }

  #frame(buffer: Buffer, start: number, end: number): void {
    if (buffer[start] === COPY_DATA) this.#handler.copyData(buffer, start + HEADER_BYTES, end);
    else this.#handler.other(buffer.subarray(start, end));
  }
}
