import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { EntryPart } from '../entry/entry-part.ts';

/**
 * Sends binary COPY data and resolves when the server has taken it. The buffers may be reused after that, not
 * before.
 */
export async function copyIn(
  client: pg.ClientBase,
  target: string,
  columns: readonly string[],
  data: readonly (Buffer | EntryPart)[],
): Promise<void> {
  const stream = client.query(copyFromStdin(copyStatement(target, columns)));
  const done = finished(stream);
  // Awaited below; what fails while parts are sent must not count as unhandled until then.
  done.catch(() => {});
  try {
    for (const piece of data) {
      if (Buffer.isBuffer(piece)) {
        stream.write(piece);
        continue;
      }
      // Made only as fast as they are sent: that is what they are for.
      for (const chunk of piece.chunks()) if (!stream.write(chunk)) await once(stream, 'drain');
    }
    stream.end();
  } catch (error) {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
    await done.catch(() => {});
    throw error;
  }
  await done;
}

/** What pg-copy-streams keeps to itself: null once the server has refused the COPY. */
interface CopyInternals {
  connection: object | null;
  flush(callback?: () => void): void;
}

/**
 * A COPY that can be refused while it waits for the socket: pg-copy-streams (7.0.0) then goes on with its next piece, and
 * brings the process down, for it has no connection any more.
 */
function copyFromStdin(statement: string): ReturnType<typeof copyFrom> {
  const stream = copyFrom(statement);
  const copy = stream as unknown as CopyInternals;
  const flush = copy.flush.bind(stream);
  copy.flush = (callback) => {
    if (copy.connection === null) return;
    flush(
      callback &&
        ((): void => {
          if (copy.connection !== null) callback();
        }),
    );
  };
  return stream;
}

export function copyStatement(target: string, columns: readonly string[]): string {
  return `copy ${target} (${columns.join(', ')}) from stdin (format binary)`;
}
