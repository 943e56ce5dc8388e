import { readEntries, type EntryText } from './entry-reader.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';

/** Siblings shown with an entry: the nearest ones on both sides, about half of them each. */
export const MAX_SIBLINGS = 100;

export interface EntryDetail {
  readonly entry: EntryText;
  readonly siblings: {
    /** The nearest other entries of the transaction, in its order; `MAX_SIBLINGS` at most. */
    readonly entries: readonly EntryText[];
    /** How many other entries the transaction has. */
    readonly total: string;
  };
}

/** One entry with its transaction's other entries; undefined if there is none with this id. */
export function getEntry(store: StoreReader, id: bigint): Promise<EntryDetail | undefined> {
  return inSnapshot(store, async (snapshot) => {
    const [entry] = await readEntries(snapshot, [id]);
    if (entry === undefined) return undefined;
    const place = await readPlace(snapshot, id);
    if (place === undefined) return { entry, siblings: { entries: [], total: '0' } };
    const ids = await readSiblingIds(snapshot, id, place);
    return { entry, siblings: { entries: await readEntries(snapshot, ids), total: (place.size - 1n).toString() } };
  });
}

interface Place {
  readonly transactionId: bigint;
  /** From 0. */
  readonly ordinal: bigint;
  readonly size: bigint;
}

async function readPlace(snapshot: Snapshot, id: bigint): Promise<Place | undefined> {
  const rows = await snapshot.query<{ transaction_id: string; ordinal: string; size: string }>(
    `select t.id::text as transaction_id, e.ordinal::text as ordinal, t.size::text as size
     from :schema.entries e join :schema.transactions t on t.id = e.transaction_id
     where e.id = $1::bigint and e.ordinal is not null`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return { transactionId: BigInt(row.transaction_id), ordinal: BigInt(row.ordinal), size: BigInt(row.size) };
}

/**
 * The limits are what there is, not just what is wanted: a scan that has found the last one stops, instead
 * of looking for one more through the rest of the history.
 */
async function readSiblingIds(
  snapshot: Snapshot,
  id: bigint,
  { transactionId, ordinal, size }: Place,
): Promise<bigint[]> {
  const half = BigInt(MAX_SIBLINGS / 2);
  const following = size - 1n - ordinal;
  const before = smaller(ordinal, half + larger(half - following, 0n));
  const after = smaller(following, BigInt(MAX_SIBLINGS) - before);
  const rows = await snapshot.query<{ id: string }>(
    `select x.id::text from (
       (select e.id from :schema.entries e where e.id >= $2::bigint and e.id < $1::bigint and e.transaction_id = $2::bigint
        order by e.id desc limit $3::bigint)
       union all
       (select e.id from :schema.entries e where e.id > $1::bigint and e.transaction_id = $2::bigint
        order by e.id limit $4::bigint)) x
     order by x.id`,
    [id, transactionId, larger(before, 0n), larger(after, 0n)],
  );
  return rows.map((row) => BigInt(row.id));
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
