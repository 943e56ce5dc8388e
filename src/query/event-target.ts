import { OWN_SOURCE } from '../store/journal.ts';
import { FilterError } from './filter-error.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';

/** What an event says it is about. */
export interface NamedTarget {
  readonly source: string | null;
  /** `orders`, or `public.orders`. */
  readonly table: string | null;
}

export interface EventTarget {
  /** Null: Rowtrail's own source. */
  readonly sourceId: number | null;
  readonly relationId: number | null;
}

/**
 * Looks up what events are about, in their order. Throws a FilterError for a source or table that the viewer cannot
 * see or that is not there, and for a table's name that several bear. Of a table that was dropped and made again, it is
 * the one that is there now.
 */
export function resolveTargets(store: StoreReader, named: readonly NamedTarget[]): Promise<EventTarget[]> {
  const keys = new Map(named.map((target) => [JSON.stringify([target.source, target.table]), target]));
  if ([...keys.values()].every(isOwn)) {
    return Promise.resolve(named.map(() => ({ sourceId: null, relationId: null })));
  }
  return inSnapshot(store, async (snapshot) => {
    const found = new Map<string, EventTarget>();
    for (const [key, target] of keys) found.set(key, await resolve(snapshot, target));
    return named.map((target) => found.get(JSON.stringify([target.source, target.table])) as EventTarget);
  });
}

function isOwn({ source, table }: NamedTarget): boolean {
  return table === null && (source === null || source === OWN_SOURCE);
}

async function resolve(snapshot: Snapshot, target: NamedTarget): Promise<EventTarget> {
  if (isOwn(target)) return { sourceId: null, relationId: null };
  return target.table === null
    ? findSource(snapshot, target.source as string)
    : findTable(snapshot, target.source, target.table);
}

async function findSource(snapshot: Snapshot, source: string): Promise<EventTarget> {
  const rows = await snapshot.queryPlanned<{ id: number }>(
    `select s.id from :schema.sources s where s.name = $1::text and ($2::integer[] is null
       or exists (select from :schema.relations r where r.source_id = s.id and r.id = any($2::integer[])))`,
    [source, await snapshot.visibleRelations()],
  );
  const [row] = rows;
  if (row === undefined) throw new FilterError('source', `there is no source ${source}`);
  return { sourceId: row.id, relationId: null };
}

async function findTable(snapshot: Snapshot, source: string | null, table: string): Promise<EventTarget> {
  const rows = await snapshot.queryPlanned<{ source_id: number; id: number; source: string; name: string }>(
    `select r.source_id, max(r.id) as id, s.name as source, r.schema_name || '.' || r.table_name as name
     from :schema.relations r join :schema.sources s on s.id = r.source_id
     where (r.table_name = $1::text or r.schema_name || '.' || r.table_name = $1::text)
       and ($2::text is null or s.name = $2::text) and ($3::integer[] is null or r.id = any($3::integer[]))
     group by r.source_id, s.name, r.schema_name, r.table_name order by max(r.id) limit 2`,
    [table, source, await snapshot.visibleRelations()],
  );
  const [row, other] = rows;
  if (row === undefined) {
    const where = source === null ? '' : ` in ${source}`;
    throw new FilterError('table', `no table ${table}${where} is known`, 'GET /api/v1/tables lists them.');
  }
  if (other !== undefined) {
    throw new FilterError(
      'table',
      `table ${table} may be ${row.name} of ${row.source} or ${other.name} of ${other.source}`,
      'Give `source`, and `table` with its schema.',
    );
  }
  return { sourceId: row.source_id, relationId: row.id };
}
