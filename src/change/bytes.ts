/** Bytes with a view of them: through it they are read and written four at a time, which calls into native code are too dear for. */
export class Bytes {
  readonly buffer: Buffer;
  readonly view: DataView;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }
}
