import pg from 'pg';
import { quoteIdentifier } from '../../src/pg/identifier.ts';
import { connectionOptions } from '../../src/pg/pool.ts';

/** Streams from a slot as another consumer would, acknowledging nothing, until it is disposed of. */
export async function holdSlot(url: string, slot: string, publication: string): Promise<AsyncDisposable> {
  const options: pg.ClientConfig & { replication: string } = {
    ...connectionOptions(url, 'test'),
    replication: 'database',
  };
  const client = new pg.Client(options);
  client.on('error', () => {});
  await client.connect();
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter & { stream: { destroy(): void } } };
  const held = new Promise<void>((resolve, reject) => {
    connection.once('replicationStart', resolve);
    client
      .query(
        `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL 0/0 (proto_version '1', publication_names '${quoteIdentifier(publication)}')`,
      )
      .catch(reject);
  });
  await held;
  return {
    async [Symbol.asyncDispose]() {
      connection.stream.destroy();
      await client.end().catch(() => {});
    },
  };
}
