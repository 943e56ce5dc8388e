import type { Socket } from 'node:net';
import { messageOf } from '../../lib/errors.ts';
import { FrameReader } from './frame-reader.ts';
import type { LendingSocket } from './lending-socket.ts';
import type { SpillFile } from './spill-file.ts';

/** The parts of `pg`'s connection that a Submittable is given. */
export interface ReplicationConnection {
  readonly stream: Socket;
  query(text: string): void;
  once(event: 'replicationStart', listener: () => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

export interface CopyBothEvents {
  started(connection: ReplicationConnection): void;
  /** Something came in. */
  heard(): void;
  data(buffer: Buffer, start: number, end: number): void;
  spilled(file: SpillFile): void;
  failed(error: Error): void;
  ended(): void;
}

/** START_REPLICATION as a `pg` Submittable (the interface that pg-cursor and pg-copy-streams use). */
export class CopyBothQuery {
  readonly #text: string;
  readonly #lending: LendingSocket;
  readonly #events: CopyBothEvents;

  /** `lending`: what the connection was made with. */
  constructor(text: string, lending: LendingSocket, events: CopyBothEvents) {
    this.#text = text;
    this.#lending = lending;
    this.#events = events;
  }

  submit(connection: ReplicationConnection): void {
    connection.once('replicationStart', () => this.#events.started(connection));
    readPast(connection.stream, this.#lending, this.#events);
    connection.query(this.#text);
  }

  handleError(error: Error): void {
    this.#events.failed(error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#events.ended();
  }
}

/**
 * Takes CopyData out of the socket's stream before `pg`'s parser, which goes on to get everything else. The
 * connection is idle when this is called: no message is half read.
 */
function readPast(socket: Socket, lending: LendingSocket, events: CopyBothEvents): void {
  const listeners = socket.listeners('data');
  const reader = new FrameReader({
    copyData: (buffer, start, end) => events.data(buffer, start, end),
    spilled: (file) => events.spilled(file),
    other: (message) => {
      // The parser may keep it.
      const kept = Buffer.from(message);
      for (const listener of listeners) listener.call(socket, kept);
    },
  });
  const take = (chunk: Buffer): void => {
    events.heard();
    try {
      reader.push(chunk);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(messageOf(error)));
    }
  };
  socket.once('close', () => reader.close());
  if (socket === lending.socket) {
    lending.lendTo(take);
  } else {
    socket.removeAllListeners('data');
    socket.on('data', take);
  }
}
