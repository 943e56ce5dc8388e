import pg from 'pg';
import { explainReplicationError } from '../capture/wal/stream-error.ts';
import { identifySystem, type SystemIdentity } from '../capture/wal/system-identity.ts';
import { connectionOptions } from '../pg/pool.ts';

/**
 * Opens a replication connection as the daemon will, and asks the server who it is.
 * Throws RT_POOLER where something between here and the server does not pass replication on, RT_PRIVILEGE
 * without the REPLICATION right, RT_AUTH, RT_CONNECT ….
 */
export async function probeReplication(url: string): Promise<SystemIdentity> {
  // pg passes `replication` on in the startup packet; its types do not know it.
  const options: pg.ClientConfig & { replication: string } = {
    ...connectionOptions(url, 'probe'),
    replication: 'database',
  };
  const client = new pg.Client(options);
  client.on('error', () => {});
  try {
    await client.connect();
    return await identifySystem(client);
  } catch (error) {
    throw explainReplicationError(error, url);
  } finally {
    await client.end().catch(() => {});
  }
}
