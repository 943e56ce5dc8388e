import type pg from 'pg';
import { readPublishedTables } from '../capture/published-columns.ts';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { quoteIdentifier } from '../pg/identifier.ts';

/**
 * Asks for the baselines of all tracked tables, also of those that have one: rows whose records have an entry by then are
 * passed over. Returns how many tables.
 */
export async function requestBaselines(
  source: pg.ClientBase,
  store: pg.ClientBase,
  { name, publication }: Pick<SourceConfig, 'name' | 'publication'>,
  { schema }: Pick<StoreConfig, 'schema'>,
): Promise<number> {
  const tables = await readPublishedTables(source, publication);
  const s = quoteIdentifier(schema);
  await store.query(
    `select ${s}.request_baseline(o.id, t.oid, t.schema, t.name, true)
     from ${s}.sources o, unnest($2::bigint[], $3::text[], $4::text[]) as t(oid, schema, name) where o.name = $1`,
    [name, tables.map(({ oid }) => oid), tables.map((table) => table.schema), tables.map((table) => table.name)],
  );
  return tables.length;
}
