import type pg from 'pg';
import { parseLsn } from '../../pg/lsn.ts';

export interface SystemIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** The end of the server's WAL. */
  readonly walEnd: bigint;
}

/** Asks a server, over a replication connection, who it is and how far its WAL reaches. */
export async function identifySystem(client: pg.Client): Promise<SystemIdentity> {
  const result = await client.query('IDENTIFY_SYSTEM');
  const row = result.rows[0];
  return { systemIdentifier: String(row.systemid), timeline: Number(row.timeline), walEnd: parseLsn(row.xlogpos) };
}
