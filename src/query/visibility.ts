import { parseTablePattern } from '../lib/table-pattern.ts';
import { OWN_SOURCE } from '../store/journal.ts';
import type { Snapshot } from './store-reader.ts';

/** Who reads, as far as it decides what is shown. */
export interface Viewer {
  readonly admin: boolean;
  /** Patterns as in the configuration's `tables`; null: not limited. */
  readonly tables: readonly string[] | null;
}

/** The reader of whoever has the store itself: the CLI, and the daemon. */
export const EVERYTHING: Viewer = { admin: true, tables: null };

/** Entries with this action are an unlimited admin's, like those without a table. */
export const HIDDEN_ACTION = 'schema';

/** Whether the viewer is limited in nothing. */
export function seesEverything(viewer: Viewer): boolean {
  return viewer.admin && viewer.tables === null;
}

/**
 * The relations whose entries the viewer may see, by the names that they have now; null: everything, entries
 * without a relation included.
 */
export async function findVisibleRelations(snapshot: Snapshot): Promise<readonly number[] | null> {
  const { viewer } = snapshot;
  if (seesEverything(viewer)) return null;
  const patterns = (viewer.tables ?? ['*.*']).map(parseTablePattern);
  const rows = await snapshot.queryPlanned<{ id: number }>(VISIBLE_SQL, [
    patterns.map(({ schema }) => schema.source),
    patterns.map(({ table }) => table.source),
    patterns.map(({ excludes }) => excludes),
    OWN_SOURCE,
  ]);
  return rows.map(({ id }) => id);
}

/** As with `tables`, the last pattern that matches decides. */
const VISIBLE_SQL = `
select r.id from :schema.relations r join :schema.sources s on s.id = r.source_id
where s.name <> $4::text and coalesce((
  select not p.excludes from unnest($1::text[], $2::text[], $3::boolean[]) with ordinality p(schema, name, excludes, n)
  where r.schema_name ~ p.schema and r.table_name ~ p.name order by p.n desc limit 1), false)
order by r.id`;

/**
 * A condition on `audit.entries` under the alias, which holds for what may be seen; `parameter` is the text of the
 * one that takes the `visibleRelations` of the snapshot.
 */
export function visibleEntry(alias: string, parameter: string): string {
  return `(${parameter}::integer[] is null
    or ${alias}.relation_id = any(${parameter}::integer[]) and ${alias}.action <> '${HIDDEN_ACTION}')`;
}
