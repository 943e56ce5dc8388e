import type pg from 'pg';
import type { PartitionEvent } from '../change/partition-event.ts';
import type { SchemaChange } from '../change/schema-change.ts';
import type { Dictionary } from '../store/dictionary.ts';

/**
 * Finds the relation that a partition event belongs to. The event may be the first that is heard of it: then the
 * stream has told no columns yet, and its key comes from the catalog (a partitioned table is tracked only with one).
 * `relationIds` learns the ids by oid.
 */
export function rootRelation(
  pool: pg.Pool,
  dictionary: Dictionary,
  relationIds: Map<number, number>,
): (event: Root) => number | Promise<number> {
  return (event) => {
    const known = relationIds.get(event.rootOid);
    if (known !== undefined) return known;
    return addRelation(event);
  };

  async function addRelation({ rootOid, rootSchema, rootName }: Root): Promise<number> {
    const found = await pool.query<{ key: string[] | null }>(KEY_SQL, [rootOid]);
    const id = await dictionary.bareRelationId(rootOid, rootSchema, rootName, found.rows[0]?.key ?? null);
    relationIds.set(rootOid, id);
    return id;
  }
}

/**
 * Finds the relation that a change of the schema is about. A table that it renamed is known by its new name from here
 * on, whether or not rows of it come.
 */
export function schemaRelation(
  dictionary: Dictionary,
  relationIds: Map<number, number>,
): (change: SchemaChange) => number | null | Promise<number | null> {
  return ({ table }) => {
    if (table === null) return null;
    const known = relationIds.get(table.oid) ?? null;
    if (table.schema === null || table.name === null || (known === null && !table.isTracked)) return known;
    return dictionary.bareRelationId(table.oid, table.schema, table.name, null).then((id) => {
      relationIds.set(table.oid, id);
      return id;
    });
  };
}

type Root = Pick<PartitionEvent, 'rootOid' | 'rootSchema' | 'rootName'>;

const KEY_SQL = `
select array_agg(a.attname::text order by k.position) as key
from pg_catalog.pg_index i
  cross join lateral pg_catalog.unnest(i.indkey) with ordinality as k(attnum, position)
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indrelid = $1 and i.indisprimary and k.position <= i.indnkeyatts`;
