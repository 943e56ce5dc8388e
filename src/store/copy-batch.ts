import type pg from 'pg';
import type { Socket } from 'node:net';

/** The parts of `pg`'s connection that a Submittable is given. */
interface BatchConnection {
  readonly stream: Socket;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/**
 * Sends statements together with the data that the COPYs among them read, all at once: one round trip. `copies` has
 * the data of each COPY, in their order. Resolves when the last statement is done; rejects with the error of the
 * first one that fails, after which none is carried out.
 *
 * The server reads the data when it comes to the COPY; data of a COPY that it does not come to is dropped.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
export function sendBatch(
  client: pg.ClientBase,
  statements: readonly string[],
  copies: readonly (readonly Buffer[])[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    // The types know no Submittable that handles its messages itself.
    client.query(new CopyBatch(statements.join(';\n'), copies, resolve, reject) as unknown as pg.Submittable);
  });
}

/** A `pg` Submittable, the interface that pg-copy-streams uses. */
class CopyBatch {
  readonly #text: string;
  readonly #copies: readonly (readonly Buffer[])[];
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;

  constructor(
    text: string,
    copies: readonly (readonly Buffer[])[],
    resolve: () => void,
    reject: (error: Error) => void,
  ) {
    this.#text = text;
    this.#copies = copies;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: BatchConnection): void {
    const { stream } = connection;
    stream.cork();
    connection.query(this.#text);
    for (const copy of this.#copies) {
      for (const chunk of copy) connection.sendCopyFromChunk(chunk);
      connection.endCopyFrom();
    }
    stream.uncork();
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }

  handleCopyInResponse(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
}
