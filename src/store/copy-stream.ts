import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/**
 * Sends ready-made binary COPY data and resolves when the server has taken it. The buffers may be reused
 * after that, not before.
 */
export async function copyIn(
  client: pg.ClientBase,
  target: string,
  columns: readonly string[],
  buffers: readonly Buffer[],
): Promise<void> {
  const stream = client.query(copyFrom(`copy ${target} (${columns.join(', ')}) from stdin (format binary)`));
  const done = finished(stream);
  for (const buffer of buffers) stream.write(buffer);
  stream.end();
  await done;
}
