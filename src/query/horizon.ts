import type { Snapshot } from './store-reader.ts';

/**
 * The first id that may still appear: everything below it is committed for good. The lowest open block
 * of ids; with none open, the one after the last id handed out. (The ids and the open blocks are read in
 * one snapshot: a block is registered by the same commit that hands its ids out.)
 */
export async function readHorizon(snapshot: Snapshot): Promise<bigint> {
  const rows = await snapshot.query<{ horizon: string }>(
    `select coalesce(
       :schema.horizon(),
       greatest((select last_id from :schema.id_clock), (select max(id) from :schema.entries)) + 1)::text as horizon`,
  );
  return BigInt((rows[0] as { horizon: string }).horizon);
}
