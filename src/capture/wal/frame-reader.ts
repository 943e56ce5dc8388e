import { SpillFile } from './spill-file.ts';

const COPY_DATA = 0x64;
const HEADER_BYTES = 5;

/** CopyData messages above this go to disk: with the rows around them, they must fit in the daemon's memory. */
export const MAX_MESSAGE_IN_MEMORY_BYTES = 16 * 1024 * 1024;

export interface FrameHandler {
  /** The payload of one CopyData message: `start`..`end` of a buffer that is only lent. */
  copyData(buffer: Buffer, start: number, end: number): void;
  /** The payload of one that is too large for memory. The handler releases it. */
  spilled(payload: SpillFile): void;
  /** Any other message, whole, and only lent as well. */
  other(message: Buffer): void;
}

/**
 * Cuts what a server sends into messages (https://www.postgresql.org/docs/current/protocol-message-formats.html)
 * without an object or an event for each of them, which cost more than decoding the rows.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #maxInMemoryBytes: number;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #spill: { readonly file: SpillFile; readonly payloadBytes: number } | null = null;

  constructor(handler: FrameHandler, maxInMemoryBytes = MAX_MESSAGE_IN_MEMORY_BYTES) {
    this.#handler = handler;
    this.#maxInMemoryBytes = maxInMemoryBytes;
  }

  /** `chunk` is only lent: what is kept of it is copied. */
  push(chunk: Buffer): void {
    let at = 0;
    if (this.#spill !== null) at = this.#fillSpill(chunk, 0);
    else if (this.#partBytes > 0) at = this.#complete(chunk);
    while (chunk.length - at >= HEADER_BYTES) {
      const end = at + 1 + chunk.readUInt32BE(at + 1);
      if (end > chunk.length) break;
      this.#frame(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#begin(chunk.subarray(at));
  }

  /** Lets go of what was read of an unfinished message. */
  close(): void {
    this.#spill?.file.release();
    this.#spill = null;
    this.#parts = [];
    this.#partBytes = 0;
  }

  /** The start of a message whose end has not come. */
  #begin(part: Buffer): void {
    if (part.length < HEADER_BYTES || !this.#isLarge(part)) this.#keep(part);
    else this.#openSpill(part);
  }

  #isLarge(header: Buffer): boolean {
    return header[0] === COPY_DATA && header.readUInt32BE(1) > this.#maxInMemoryBytes;
  }

  #openSpill(part: Buffer): void {
    // The length counts itself, but not the type byte.
    this.#spill = { file: new SpillFile(), payloadBytes: part.readUInt32BE(1) - 4 };
    this.#fillSpill(part, HEADER_BYTES);
  }

  /** Takes from `chunk`, from `from` on, what the spilled message lacks; returns where that ends. */
  #fillSpill(chunk: Buffer, from: number): number {
    const { file, payloadBytes } = this.#spill!;
    const end = Math.min(from + payloadBytes - file.length, chunk.length);
    file.append(chunk.subarray(from, end));
    if (file.length === payloadBytes) {
      this.#spill = null;
      this.#handler.spilled(file);
    }
    return end;
  }

  /** Takes from `chunk` what the message begun before it lacks; returns how much that was. */
  #complete(chunk: Buffer): number {
    let taken = 0;
    if (this.#partBytes < HEADER_BYTES) {
      taken = Math.min(HEADER_BYTES - this.#partBytes, chunk.length);
      this.#keep(chunk.subarray(0, taken));
      if (this.#partBytes < HEADER_BYTES) return taken;
      const header = Buffer.concat(this.#parts);
      this.#parts = [header];
      if (this.#isLarge(header)) {
        this.#parts = [];
        this.#partBytes = 0;
        this.#openSpill(header);
        return this.#fillSpill(chunk, taken);
      }
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
    this.#parts.push(Buffer.from(part));
    this.#partBytes += part.length;
  }

  #frame(buffer: Buffer, start: number, end: number): void {
    if (buffer[start] === COPY_DATA) this.#handler.copyData(buffer, start + HEADER_BYTES, end);
    else this.#handler.other(buffer.subarray(start, end));
  }
}
