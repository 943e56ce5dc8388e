import { readMarks, type EntryMark } from './entry-mark.ts';
import { MAX_ID } from './id-range.ts';
import type { PageMeta, PageRequest } from './list-page.ts';
import type { Snapshot } from './store-reader.ts';

export interface ResourceQuery extends PageRequest {
  /** `recent`: by last change, the latest first; `oldest`: by first change, the earliest first; `busiest`: by changes in the window. */
  readonly sort: 'recent' | 'oldest' | 'busiest';
  readonly table: readonly string[];
  readonly source: readonly string[];
  /** Who changed it. */
  readonly user: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
}

/** A record in a list. */
export interface ListedResource {
  readonly id: bigint;
  readonly source: string;
  readonly schema: string;
  readonly table: string;
  readonly record: string;
  /** The change that it is listed for: the last one, or with `oldest` the first one, of those that match. */
  readonly change: EntryMark;
  /** With `busiest`: changes in the window. */
  readonly count?: number;
}

/** As they are told: without the ids of their entries. */
export function withoutId({
  source,
  schema,
  table,
  record,
  change,
  count,
}: ListedResource): Omit<ListedResource, 'id'> {
  return { source, schema, table, record, change, ...(count === undefined ? {} : { count }) };
}

export interface ResourcePage {
  readonly resources: readonly ListedResource[];
  readonly meta: PageMeta & {
    /** Where the search ended before the list did: `next` goes on from there. */
    readonly searched?: { readonly entries: number; readonly until: string };
    /** With `busiest`: the window that was counted. */
    readonly window?: { readonly from: string; readonly to: string };
  };
}

/** Of entries of records, in the order of the ids. */
export async function readResources(snapshot: Snapshot, ids: readonly bigint[]): Promise<ListedResource[]> {
  if (ids.length === 0) return [];
  const [marked, rows] = await Promise.all([readMarks(snapshot, ids), readRecordsOf(snapshot, ids)]);
  const marks = new Map(marked.map((mark) => [mark.id, mark]));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const [row, change] = [byId.get(id.toString()), marks.get(id.toString())];
    if (row === undefined || change === undefined) return [];
    const { source, schema, table, record } = row;
    return [{ id, source, schema, table, record, change }];
  });
}

function readRecordsOf(snapshot: Snapshot, ids: readonly bigint[]): Promise<RecordRow[]> {
  return snapshot.queryPlanned<RecordRow>(
    `select e.id::text, s.name as source, r.schema_name as schema, r.table_name as table, e.record_key as record
     from :schema.entries e join :schema.relations r on r.id = e.relation_id join :schema.sources s on s.id = r.source_id
     where e.id = any($1::bigint[]) and e.id between $2::bigint and $3::bigint`,
    [ids, ids.reduce((a, b) => (a < b ? a : b), MAX_ID), ids.reduce((a, b) => (a > b ? a : b), 0n)],
  );
}

interface RecordRow {
  readonly id: string;
  readonly source: string;
  readonly schema: string;
  readonly table: string;
  readonly record: string;
}
