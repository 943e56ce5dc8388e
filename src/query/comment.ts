import { readEntries, type EntryText } from './entry-reader.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { HIDDEN_ACTION, visibleEntry } from './visibility.ts';

/** Where a comment on an entry belongs: it is seen by whoever sees the entry. */
export interface CommentTarget {
  readonly sourceId: number | null;
  readonly relationId: number | null;
  readonly recordKey: string | null;
}

export interface CommentPage {
  /** Oldest first. */
  readonly entries: readonly EntryText[];
  readonly more: boolean;
}

/** Undefined if there is no such entry for the viewer. */
export function findCommentTarget(store: StoreReader, id: bigint): Promise<CommentTarget | undefined> {
  return inSnapshot(store, (snapshot) => readTarget(snapshot, id));
}

/**
 * The comments on an entry, from the first after the id `after` on; undefined if there is no such entry. None can appear
 * behind one that is listed: only the journal writes comments, and what it writes becomes visible in the order of ids.
 */
export function listComments(
  store: StoreReader,
  id: bigint,
  { after, limit }: { readonly after: bigint; readonly limit: number },
): Promise<CommentPage | undefined> {
  return inSnapshot(store, async (snapshot) => {
    if ((await readTarget(snapshot, id)) === undefined) return undefined;
    const rows = await snapshot.query<{ id: string }>(
      `select l.entry_id::text as id from :schema.entry_links l
       where l.linked_id = $1::bigint and l.kind = 'comment' and l.entry_id > $2::bigint
       order by l.entry_id limit $3::integer`,
      [id, after, limit + 1],
    );
    const ids = rows.map((row) => BigInt(row.id));
    const entries = await readEntries(snapshot, ids.slice(0, limit));
    return { entries, more: entries.length < ids.length };
  });
}

async function readTarget(snapshot: Snapshot, id: bigint): Promise<CommentTarget | undefined> {
  const rows = await snapshot.query<{
    source_id: number | null;
    relation_id: number | null;
    record_key: string | null;
    action: string;
  }>(
    `select coalesce(r.source_id, c.source_id, t.source_id) as source_id, e.relation_id, e.record_key, e.action
     from :schema.entries e
     left join :schema.relations r on r.id = e.relation_id
     left join :schema.contexts c on c.id = e.context_id
     left join :schema.transactions t on t.id = e.transaction_id
     where e.id = $1::bigint and ${visibleEntry('e', '$2')}`,
    [id, await snapshot.visibleRelations()],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { source_id: sourceId, relation_id: relationId, record_key: recordKey } = row;
  // What is hidden for its action would show in a comment that has its table.
  return row.action === HIDDEN_ACTION
    ? { sourceId, relationId: null, recordKey: null }
    : { sourceId, relationId, recordKey };
}
