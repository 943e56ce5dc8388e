/** Bytes with a view of them: through it they are read and written four at a time, which calls into native code are too dear for. */
export class Bytes {
  readonly buffer: Buffer;
  readonly view: DataView;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }
}

/** The bytes of a message too large for memory. They last until everyone who retained them has released them. */
export interface StoredBytes {
  readonly length: number;
  /** Fills `target` with the bytes from `offset` on. Throws if there are fewer. */
  read(offset: number, target: Buffer): void;
  retain(): void;
  release(): void;
}
