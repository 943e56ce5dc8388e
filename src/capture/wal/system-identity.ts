import type pg from 'pg';
import { RowtrailError } from '../../lib/errors.ts';
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

/** Whether the source is another server, or on another timeline, than its history comes from. Pure. */
export function identityFault(
  system: Pick<SystemIdentity, 'systemIdentifier' | 'timeline'>,
  known: { readonly systemIdentifier: string | null; readonly timeline: number | null },
): RowtrailError | null {
  if (known.systemIdentifier !== null && known.systemIdentifier !== system.systemIdentifier) {
    return new RowtrailError(
      'RT_SOURCE_CHANGED',
      `the source is another server (system identifier ${system.systemIdentifier}) than the one its history comes from (${known.systemIdentifier})`,
      { hint: 'If it was replaced on purpose, run `rowtrail setup`: it starts a new epoch and records the gap.' },
    );
  }
  if (known.timeline !== null && known.timeline !== system.timeline) {
    return new RowtrailError(
      'RT_SOURCE_CHANGED',
      `the source is on timeline ${system.timeline}, its history comes from timeline ${known.timeline}`,
      {
        hint: 'A standby was promoted or a backup restored. Run `rowtrail setup`: it starts a new epoch and records the gap.',
      },
    );
  }
  return null;
}
