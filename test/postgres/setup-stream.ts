import pg from 'pg';
import { connectionOptions } from '../../src/pg/pool.ts';

/** Holds a slot, as a running daemon does, until it is disposed of. */
export async function probeStream(
  url: string,
  slot: string,
  publication: string,
): Promise<AsyncDisposable & { readonly pid: number }> {
  const options: pg.ClientConfig & { replication: string } = {
    ...connectionOptions(url, 'test stream'),
    replication: 'database',
  };
  const client = new pg.Client(options);
  client.on('error', () => {});
  await client.connect();
  const pid = (client as unknown as { processID: number }).processID;
  // Never answered by a result: it ends with the connection.
  client
    .query(`START_REPLICATION SLOT "${slot}" LOGICAL 0/0 (proto_version '1', publication_names '${publication}')`)
    .catch(() => {});
  return {
    pid,
    [Symbol.asyncDispose]: async () => {
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      await Promise.resolve();
    },
  };
}
