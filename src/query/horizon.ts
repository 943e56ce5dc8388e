import type { Snapshot } from './store-reader.ts';

/** Whose entries are read; nothing named: everybody's. */
export interface HorizonScope {
  /** Names of sources. */
  readonly source: readonly string[];
  /** Tables as a filter names them. */
  readonly table: readonly string[];
}

/**
 * The first id that may still appear: everything below it is committed for good. The lowest open block
 * of ids of the sources that are read; with none open, the one after the last id handed out. (The ids and the open
 * blocks are read in one snapshot: a block is registered by the same commit that hands its ids out.)
 */
export async function readHorizon(snapshot: Snapshot, scope: HorizonScope): Promise<bigint> {
  const rows = await snapshot.query<{ horizon: string }>(
    `select coalesce(
       :schema.horizon(array(
         select s.id from :schema.sources s
         where (cardinality($1::text[]) = 0 or s.name = any($1::text[]))
           and (cardinality($2::text[]) = 0 or exists (select from :schema.relations r where r.source_id = s.id
             and (r.table_name = any($2::text[]) or r.schema_name || '.' || r.table_name = any($2::text[])))))),
       greatest((select last_id from :schema.id_clock), (select max(id) from :schema.entries)) + 1)::text as horizon`,
    [scope.source, scope.table],
  );
  return BigInt((rows[0] as { horizon: string }).horizon);
}
