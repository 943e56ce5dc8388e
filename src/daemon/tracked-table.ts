import type pg from 'pg';

/** A tracked table as the catalog has it now; a partition goes by its root. */
interface TrackedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/**
 * The tables that setup tracks. The store is told their names at once, so that what is covered can be listed, and events
 * be posted about it, before anything in it changes; columns and key come with the stream, as they were then.
 */
export async function readTracked(pool: pg.Pool): Promise<TrackedTable[]> {
  const { rows } = await pool.query<{ oid: string; schema: string; name: string }>(TRACKED_SQL);
  return rows.map(({ oid, schema, name }) => ({ oid: Number(oid), schema, name }));
}

/** The names that setup recorded may be older than those of today. */
const TRACKED_SQL = `
select c.oid, n.nspname as schema, c.relname as name
from rowtrail.tables t
  join pg_catalog.pg_class c on c.oid = t.relid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where t.relid = t.root`;
