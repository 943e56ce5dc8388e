import { MAX_IMAGE_BYTES } from './entry-reader.ts';
import { inSnapshot, type StoreReader } from './store-reader.ts';

/** A row that a TRUNCATE removed. */
export interface TruncatedRow {
  readonly position: bigint;
  readonly record: string;
  /** The last image, as stored. */
  readonly row: string;
}

export interface TruncatedRowsPage {
  readonly rows: readonly TruncatedRow[];
  /** The position to go on after; null: these are the last. */
  readonly next: bigint | null;
}

/**
 * The captured rows of a `truncate` entry, in the order in which they were read; none if it has none, or the viewer may
 * not see it. A page holds
 * fewer than `limit` where their images would exceed `MAX_IMAGE_BYTES`, and never fewer than one.
 */
export function readTruncatedRows(
  store: StoreReader,
  entryId: bigint,
  { after, limit }: { readonly after: bigint | null; readonly limit: number },
): Promise<TruncatedRowsPage> {
  return inSnapshot(store, async (snapshot) => {
    const found = await snapshot.query<{ position: string; record: string; row: string; seen: number }>(
      `select n.position::text, n.record_key as record, n.row::text as row, n.seen::integer as seen from (
         select t.position, t.record_key, t.row,
           sum(octet_length(t.row::text)) over previous - octet_length(t.row::text) as bytes_before,
           row_number() over previous as number, count(*) over () as seen
         from (select * from :schema.truncated_rows where entry_id = $1::bigint and position > $2::bigint
             and ($5::integer[] is null or relation_id = any($5::integer[]))
           order by position limit $3::bigint + 1) t
         window previous as (order by t.position)) n
       where n.bytes_before < $4::bigint and n.number <= $3::bigint order by n.position`,
      [entryId, after ?? -1n, limit, MAX_IMAGE_BYTES, await snapshot.visibleRelations()],
    );
    const rows = found.map(({ position, record, row }) => ({ position: BigInt(position), record, row }));
    const last = rows.at(-1);
    const seen = found[0]?.seen ?? 0;
    return { rows, next: last !== undefined && rows.length < seen ? last.position : null };
  });
}
