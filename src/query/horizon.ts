import type { Snapshot } from './store-reader.ts';

/** Whose entries are read; nothing named: everybody's. */
export interface HorizonScope {
  /** Names of sources. */
  readonly source: readonly string[];
  /** Tables as a filter names them, by a name that they have or had. */
  readonly table: readonly string[];
}

/**
 * The first id that may still appear: everything below it is committed for good. The lowest open block
 * of ids of the sources that are read; with none open, the one after the last id handed out. (The ids and the open
 * blocks are read in one snapshot: a block is registered by the same commit that hands its ids out.)
 * Where no source is known by what is named, it is that of all: one of them may get a table of the name.
 */
export async function readHorizon(snapshot: Snapshot, scope: HorizonScope): Promise<bigint> {
  const bears = (name: string): string =>
    `(${name}.table_name = any($2::text[]) or ${name}.schema_name || '.' || ${name}.table_name = any($2::text[]))`;
  const rows = await snapshot.query<{ horizon: string }>(
    `select coalesce(
       case when cardinality(n.sources) = 0 then :schema.horizon() else :schema.horizon(n.sources) end,
       greatest((select last_id from :schema.id_clock), (select max(id) from :schema.entries)) + 1)::text as horizon
     from (select array(
       select s.id from :schema.sources s
       where (cardinality($1::text[]) = 0 or s.name = any($1::text[]))
         and (cardinality($2::text[]) = 0
           or exists (select from :schema.relations r where r.source_id = s.id and ${bears('r')})
           or exists (select from :schema.relation_versions v join :schema.relations r on r.id = v.relation_id
             where r.source_id = s.id and ${bears('v')}))) as sources offset 0) n`,
    [scope.source, scope.table],
  );
  return BigInt((rows[0] as { horizon: string }).horizon);
}
