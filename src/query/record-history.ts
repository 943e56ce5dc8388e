import { readEntries, type EntryText } from './entry-reader.ts';
import { readHorizon } from './horizon.ts';
import { MAX_ID, type IdRange } from './id-range.ts';
import {
  firstOf,
  idsBeyond,
  readListPage,
  type ListPage,
  type PageRequest,
  type PageWalk,
  type Walked,
} from './list-page.ts';
import { findRecord, findRecordIds, type RecordAddress, type RecordScope } from './record-scope.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import type { Sort } from './filter.ts';

/**
 * The entries of one record under all its keys, a page at a time; undefined where it is unknown or may not be seen.
 * Throws a FilterError for a cursor that can't be used.
 */
export function listRecordHistory(
  store: StoreReader,
  address: RecordAddress,
  request: PageRequest & { readonly sort: Sort },
): Promise<ListPage<EntryText> | undefined> {
  return inSnapshot(store, async (snapshot) => {
    const scope = await findRecord(snapshot, address);
    if (scope === undefined) return undefined;
    // Oldest first, who pages on has passed by what appears behind: an event about the record may have overtaken changes
    // of it in a flush that is still open.
    const high =
      request.sort === 'id' ? (await readHorizon(snapshot, { source: [address.source], table: [] })) - 1n : MAX_ID;
    const within = { low: 0n, high };
    const list = JSON.stringify(['record', address.source, address.table, address.key, request.sort, store.viewer]);
    return readListPage<EntryText>(request, { list, width: 1, placeOf: ({ id }) => [id.toString()] }, (walk) =>
      readEntriesBeyond(snapshot, scope, walk, { sort: request.sort, within }),
    );
  });
}

async function readEntriesBeyond(
  snapshot: Snapshot,
  scope: RecordScope,
  { place, backward, limit }: PageWalk,
  { sort, within }: { readonly sort: Sort; readonly within: IdRange },
): Promise<Walked<EntryText>> {
  const descending = (sort === '-id') !== backward;
  const range = idsBeyond(place, descending, within);
  if (range.low > range.high) return { items: [], more: false };
  const direction = descending ? 'newest' : 'oldest';
  const found = firstOf(await findRecordIds(snapshot, scope, { direction, want: limit + 1, range }), limit);
  const items = await readEntries(snapshot, found.items);
  // Large images end a page early.
  return { items, more: found.more || items.length < found.items.length };
}
