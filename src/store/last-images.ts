import type pg from 'pg';
import { imageValues, type RecordImage } from '../entry/completion.ts';
import { parseLsn } from '../pg/lsn.ts';

/**
 * Images that one segment may fetch together, in bytes of their JSON text. Beyond it, what the stream did not
 * say stays unknown: that is less than was possible, but true.
 */
export const MAX_FETCHED_IMAGE_BYTES = 16 * 1024 * 1024;

/** A record by its relation's id and its key. */
export interface RecordName {
  readonly relationId: number;
  readonly key: string;
}

/** What the last entries of records in the store say, on the connection of the flush that asks. */
export interface LastImages {
  readonly client: pg.ClientBase;
  /** Quoted. */
  readonly schema: string;
  readonly epoch: number;
  /** Where a transaction commits that is still being written by this flush; null for any other. */
  readonly commitLsnOf: (transactionId: bigint) => bigint | null;
  readonly maxBytes?: number;
}

/** The images of these records, in their order; null: there is none, or it is of another epoch or a deleted record. */
export async function fetchLastImages(
  { client, schema, epoch, commitLsnOf, maxBytes = MAX_FETCHED_IMAGE_BYTES }: LastImages,
  records: readonly RecordName[],
): Promise<(RecordImage | null)[]> {
  const images: (RecordImage | null)[] = records.map(() => null);
  const found = await client.query<FetchedImage>({
    name: 'last_images',
    text: imagesSql(schema),
    values: [records.map((record) => record.relationId), records.map((record) => record.key), epoch, maxBytes],
  });
  for (const { position, transaction_id: transactionId, ordinal, commit_lsn: stored, row } of found.rows) {
    const commitLsn = stored === null ? commitLsnOf(BigInt(transactionId)) : parseLsn(stored);
    if (commitLsn === null) continue;
    images[Number(position) - 1] = { values: imageValues(row), at: { commitLsn, ordinal: Number(ordinal) } };
  }
  return images;
}

interface FetchedImage {
  readonly position: string;
  readonly transaction_id: string;
  readonly ordinal: string;
  readonly commit_lsn: string | null;
  readonly row: string;
}

/**
 * One probe of `entries_record_idx` a record, newest partition first. A transaction of this flush has no row yet:
 * such entries are of this epoch.
 */
function imagesSql(schema: string): string {
  return `with last as materialized (
      select k.position, e.transaction_id, e.ordinal, e.action, e.row, octet_length(e.row::text) as bytes
      from unnest($1::integer[], $2::text[]) with ordinality as k(relation_id, key, position)
      cross join lateral (
        select x.transaction_id, x.ordinal, x.action, x.row from ${schema}.entries x
        where x.relation_id = k.relation_id and x.record_key = k.key and x.row is not null
        order by x.id desc limit 1) e
    ), sized as (
      select l.*, t.epoch, t.commit_lsn, sum(l.bytes) over (order by l.position) as total
      from last l left join ${schema}.transactions t on t.id = l.transaction_id
    )
    select position, transaction_id, ordinal, commit_lsn::text as commit_lsn, row::text as row from sized
    where action <> 'delete' and (epoch is null or epoch = $3::integer) and total <= $4::bigint`;
}
