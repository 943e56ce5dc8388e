import { readEntries, type EntryText } from './entry-reader.ts';
import { resolveFilter, type ActivityFilter } from './filter.ts';
import { readHorizon } from './horizon.ts';
import { findIds } from './scan.ts';
import { inSnapshot, type StoreReader } from './store-reader.ts';
import { nowMicros } from './time.ts';

/** The last id below the safe horizon: following from here gives what is new, and nothing that is there. */
export function latestId(store: StoreReader, filter: ActivityFilter): Promise<bigint> {
  return inSnapshot(store, async (snapshot) => (await readHorizon(snapshot, filter)) - 1n);
}

export interface Following {
  /** Oldest first. */
  readonly entries: readonly EntryText[];
  /** Where to go on: the last id looked at, whether it matched or not. */
  readonly lastId: bigint;
  /** Whether further entries are there already; if not, the caller waits before it asks again. */
  readonly more: boolean;
}

/**
 * The next entries after `lastId` that match, at most `limit`. It reads below the safe horizon only, so
 * that an entry that commits late is not passed by.
 */
export function entriesAfter(
  store: StoreReader,
  lastId: bigint,
  filter: ActivityFilter,
  limit: number,
): Promise<Following> {
  return inSnapshot(store, async (snapshot) => {
    const last = (await readHorizon(snapshot, filter)) - 1n;
    if (last <= lastId) return { entries: [], lastId, more: false };
    const resolved = await resolveFilter(snapshot, filter, nowMicros());
    if (resolved === undefined) return { entries: [], lastId: last, more: false };
    const { ids, until } = await findIds(snapshot, resolved, { low: lastId + 1n, high: last }, 'oldest', {
      want: limit + 1,
    });
    const entries = await readEntries(snapshot, ids.slice(0, limit));
    if (entries.length < ids.length) return { entries, lastId: (entries.at(-1) as EntryText).id, more: true };
    return { entries, lastId: until ?? last, more: until !== null };
  });
}
