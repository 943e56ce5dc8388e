import { Socket, type ConnectOpts, type SocketConstructorOpts } from 'node:net';

/** As much as a unix socket holds by default: a read for each of the walsender's sends is dear. */
const READ_BYTES = 256 * 1024;

/**
 * A socket that reads into the same memory again and again. Node otherwise allocates 64 KiB for each read, outside
 * of its heap, and with some thousand of them a second collects garbage all the time: that took a sixth of capture.
 * https://nodejs.org/docs/latest-v20.x/api/net.html#socketconnectoptions-connectlistener (`onread`)
 *
 * Until `lendTo` it emits `data` like any other. Wrapped in TLS it lends nothing: then the memory is the wrapper's.
 */
export class LendingSocket {
  readonly socket: Socket;
  #taker: ((chunk: Buffer) => void) | null = null;

  constructor() {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    // Its types name `onread` for another way in only.
    const options: SocketConstructorOpts & ConnectOpts = {
      onread: {
        buffer,
        callback: (length) => {
          const chunk = buffer.subarray(0, length);
          if (this.#taker === null) this.socket.emit('data', Buffer.from(chunk));
          else this.#taker(chunk);
          return true;
        },
      },
    };
    this.socket = new Socket(options);
  }

  /** From now on, `taker` gets what is read, on loan until it returns. */
  lendTo(taker: (chunk: Buffer) => void): void {
    this.#taker = taker;
  }
}
