import { readEntries, type EntryText } from './entry-reader.ts';
import { readEntrySeal, type EntrySeal } from './integrity.ts';
import { MAX_ID, larger, smaller } from './id-range.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { visibleEntry } from './visibility.ts';

/** Siblings shown with an entry: the nearest ones on both sides, about half of them each. */
export const MAX_SIBLINGS = 100;

export interface EntryDetail {
  readonly entry: EntryText;
  readonly siblings: {
    /** The nearest other entries of the transaction, in its order; `MAX_SIBLINGS` at most. */
    readonly entries: readonly EntryText[];
    /** How many other entries the transaction has that the viewer may see. */
    readonly total: string;
  };
  /** The seal that covers it; null: it has none yet. */
  readonly seal: EntrySeal | null;
}

/** One entry with its transaction's other entries; undefined if there is none with this id that the viewer may see. */
export function getEntry(store: StoreReader, id: bigint): Promise<EntryDetail | undefined> {
  return inSnapshot(store, async (snapshot) => {
    const [entry] = await readEntries(snapshot, [id]);
    if (entry === undefined) return undefined;
    const seal = await readEntrySeal(snapshot, id);
    const place = await readPlace(snapshot, id);
    if (place === undefined) return { entry, siblings: { entries: [], total: '0' }, seal };
    const ids = await readSiblingIds(snapshot, id, place);
    return {
      entry,
      siblings: { entries: await readEntries(snapshot, ids), total: (place.size - 1n).toString() },
      seal,
    };
  });
}

/** The entry's text with its siblings and its seal in it, as the API and the CLI give it. */
export function detailJson({ entry, siblings, seal }: EntryDetail): string {
  const others = siblings.entries.map(({ json }) => json).join(',');
  return `${entry.json.slice(0, -1)},"siblings":{"data":[${others}],"total":${siblings.total}},"seal":${JSON.stringify(seal)}}`;
}

/** Where an entry stands among those of its transaction that the viewer may see. */
interface Place {
  readonly transactionId: bigint;
  /** No entry of the transaction is beyond: the ids of a source's transactions follow one another. */
  readonly end: bigint;
  /** From 0. */
  readonly ordinal: bigint;
  readonly size: bigint;
}

async function readPlace(snapshot: Snapshot, id: bigint): Promise<Place | undefined> {
  const rows = await snapshot.query<{ transaction_id: string; end: string | null; ordinal: string; size: string }>(
    `select t.id::text as transaction_id, e.ordinal::text as ordinal, t.size::text as size,
       (select n.id - 1 from :schema.transactions n where n.id > t.id and n.source_id = t.source_id
        order by n.id limit 1)::text as "end"
     from :schema.entries e join :schema.transactions t on t.id = e.transaction_id
     where e.id = $1::bigint and e.ordinal is not null`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const whole = {
    transactionId: BigInt(row.transaction_id),
    end: row.end === null ? MAX_ID : BigInt(row.end),
    ordinal: BigInt(row.ordinal),
    size: BigInt(row.size),
  };
  const visible = await snapshot.visibleRelations();
  return visible === null ? whole : readVisiblePlace(snapshot, id, whole, visible);
}

/** The limit is what there is: without it, the scan would look for one more through the rest of the history. */
async function readVisiblePlace(
  snapshot: Snapshot,
  id: bigint,
  { transactionId, end, size }: Place,
  visible: readonly number[],
): Promise<Place> {
  const rows = await snapshot.query<{ ordinal: string; size: string }>(
    `select count(*) filter (where e.id < $1::bigint)::text as ordinal, count(*)::text as size from (
       select e.id, e.relation_id, e.action from :schema.entries e
       where e.id between $2::bigint and $5::bigint and e.transaction_id = $2::bigint order by e.id limit $3::bigint) e
     where ${visibleEntry('e', '$4')}`,
    [id, transactionId, size, visible, end],
  );
  const row = rows[0] as { ordinal: string; size: string };
  return { transactionId, end, ordinal: BigInt(row.ordinal), size: BigInt(row.size) };
}

/**
 * The limits are what there is, not just what is wanted: a scan that has found the last one stops, instead
 * of looking for one more through the rest of the history.
 */
async function readSiblingIds(
  snapshot: Snapshot,
  id: bigint,
  { transactionId, end, ordinal, size }: Place,
): Promise<bigint[]> {
  const half = BigInt(MAX_SIBLINGS / 2);
  const following = size - 1n - ordinal;
  const before = smaller(ordinal, half + larger(half - following, 0n));
  const after = smaller(following, BigInt(MAX_SIBLINGS) - before);
  const rows = await snapshot.query<{ id: string }>(
    `select x.id::text from (
       (select e.id from :schema.entries e where e.id >= $2::bigint and e.id < $1::bigint and e.transaction_id = $2::bigint
          and ${visibleEntry('e', '$5')} order by e.id desc limit $3::bigint)
       union all
       (select e.id from :schema.entries e where e.id > $1::bigint and e.id <= $6::bigint and e.transaction_id = $2::bigint
          and ${visibleEntry('e', '$5')} order by e.id limit $4::bigint)) x
     order by x.id`,
    [id, transactionId, larger(before, 0n), larger(after, 0n), await snapshot.visibleRelations(), end],
  );
  return rows.map((row) => BigInt(row.id));
}
