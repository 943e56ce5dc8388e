import type pg from 'pg';

/** A published table with its columns as the catalog has them now. */
export interface PublishedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly attnum: number; readonly inKey: boolean }[];
  /** Oids of its partitions at every level. */
  readonly partitions: readonly number[];
}

/** The tables of a publication, partitioned ones by their root, and those that triggers capture. */
export async function readPublishedTables(db: pg.ClientBase | pg.Pool, publication: string): Promise<PublishedTable[]> {
  const result = await db.query<
    Omit<PublishedTable, 'columns' | 'partitions'> & { columns: string; partitions: string }
  >(
    `select c.oid, n.nspname::text as schema, c.relname::text as name, coalesce((
         select pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'attnum', a.attnum,
         'inKey', exists (select from pg_catalog.pg_index i
           where i.indrelid = c.oid and (i.indisprimary or i.indisreplident) and a.attnum = any (i.indkey::int2[]))) order by a.attnum)
         from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
       coalesce((select pg_catalog.json_agg(t.relid::oid::bigint) from pg_catalog.pg_partition_tree(c.oid) t
         where c.relkind = 'p' and t.relid <> c.oid), '[]') as partitions
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where exists (select from pg_catalog.pg_publication p join pg_catalog.pg_publication_rel r on r.prpubid = p.oid
         where p.pubname = $1 and r.prrelid = c.oid)
       or exists (select from pg_catalog.pg_trigger t
         join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace m on m.oid = f.pronamespace
         where t.tgrelid = c.oid and t.tgparentid = 0 and m.nspname = 'rowtrail' and f.proname in ('capture', 'capture_row'))
     order by n.nspname, c.relname`,
    [publication],
  );
  return result.rows.map((row) => ({
    ...row,
    columns: JSON.parse(row.columns),
    partitions: JSON.parse(row.partitions),
  }));
}
