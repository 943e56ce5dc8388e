import { setImmediate } from 'node:timers/promises';
import { backendOf, createPool } from '../pg/pool.ts';
import { ByteBuilder } from './byte-builder.ts';
import { EntryCopy, type CopiedEntries } from './entry-copy.ts';
import type { EntryTexts } from './entry-json.ts';
import type { ExportWriter } from './export-format.ts';
import { resolveFilter, resolveTimes, type ActivityFilter } from './filter.ts';
import { readHorizon } from './horizon.ts';
import { findIds } from './scan.ts';
import { inSnapshot, urlOf, type StoreReader } from './store-reader.ts';
import { nowMicros } from './time.ts';

/** Entries read at once: what is in memory is three batches, of `MAX_IMAGE_BYTES` of images at most. */
const BATCH_ENTRIES = 2_000;
/** Entries made in one go. */
const SLICE_ENTRIES = 100;
/** Of each batch; the whole takes as long as it takes. */
export const EXPORT_BATCH_TIMEOUT_MS = 60_000;

export interface Export {
  /** Its bytes, a batch of entries at a time: every entry that matches and is below the safe horizon at the start, oldest first. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Entries in the chunks that were given so far. */
  readonly count: () => number;
  /** Ends it, whatever it or the server is in the middle of. Safe to call twice; never rejects. */
  close(): Promise<void>;
}

/**
 * Begins an export. All that is below the horizon is committed for good, so it is read a batch at a time, without a
 * snapshot that would hold the store's vacuum up for hours. Throws a FilterError, and what `inSnapshot` throws.
 */
export async function beginExport(store: StoreReader, filter: ActivityFilter, writer: ExportWriter): Promise<Export> {
  const now = nowMicros();
  resolveTimes(filter, now);
  const last = await inSnapshot(store, async (snapshot) => (await readHorizon(snapshot, filter)) - 1n);
  const copy = new EntryCopy(store, EXPORT_BATCH_TIMEOUT_MS);
  // Its own, so that it can be ended without others'.
  const finder = createPool(urlOf(store), PART, { max: 1 });
  const backends = new Set<number>();
  finder.on('connect', (client) => backends.add(backendOf(client)));
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    copy.destroy();
    await cancel(store, [...backends, ...copy.backend]);
    await finder.end();
  };
  await copy.connect();
  const findIn = (from: bigint): Promise<Found> =>
    inSnapshot(
      { ...store, pool: finder },
      async (snapshot) => {
        const resolved = await resolveFilter(snapshot, filter, now);
        const visible = await snapshot.visibleRelations();
        if (resolved === undefined || from > last) return { ids: [], visible, next: null };
        const range = { low: from, high: last };
        const { ids, until } = await findIds(snapshot, resolved, range, 'oldest', { want: BATCH_ENTRIES });
        const end = until ?? ids.at(-1);
        return { ids, visible, next: end === undefined ? null : end + 1n };
      },
      EXPORT_BATCH_TIMEOUT_MS,
    );
  // What no index tells is looked for in stretches, which may have nothing.
  const find = async (from: bigint): Promise<Found> => {
    let found = await findIn(from);
    while (found.ids.length === 0 && found.next !== null) found = await findIn(found.next);
    return found;
  };
  const progress = { count: 0 };
  return {
    chunks: writeChunks(readBatches(copy, find), writer, progress),
    count: () => progress.count,
    close: () => (closing ??= close()),
  };
}

const PART = 'export';

/** A backend notices that nobody listens any more when it next writes: one that looks for rare entries may be long. */
async function cancel(store: StoreReader, backends: readonly number[]): Promise<void> {
  await store.pool
    .query(
      `select pg_cancel_backend(pid) from pg_stat_activity
       where pid = any($1::integer[]) and usename = current_user and application_name = $2 and state = 'active'`,
      [backends, `rowtrail ${PART}`],
    )
    .catch(() => {});
}

interface Found {
  readonly ids: readonly bigint[];
  readonly visible: readonly number[] | null;
  /** Where to go on; null: nothing follows. */
  readonly next: bigint | null;
}

async function* writeChunks(
  batches: AsyncIterable<Iterable<EntryTexts>>,
  writer: ExportWriter,
  progress: { count: number },
): AsyncGenerator<Buffer> {
  const bytes = new ByteBuilder();
  bytes.add(writer.head);
  for await (const batch of batches) {
    for (const texts of batch) {
      writer.write(bytes, texts, progress.count === 0);
      progress.count += 1;
      if (progress.count % SLICE_ENTRIES === 0) {
        yield bytes.take();
        // What has arrived meanwhile is taken in, so that the server does not wait for room to send.
        await setImmediate();
      }
    }
  }
  bytes.add(writer.tail);
  yield bytes.take();
}

/**
 * While one batch is written, two more are read, one after the other, and the one after those is looked for: neither the
 * server nor this process waits for the other one.
 */
async function* readBatches(
  copy: EntryCopy,
  find: (from: bigint) => Promise<Found>,
): AsyncGenerator<Iterable<EntryTexts>> {
  const read = async (looking: Promise<Found>): Promise<Batch | null> => {
    const found = await looking;
    const last = found.ids.at(-1);
    if (last === undefined) return null;
    const next = quiet(find(found.next ?? last + 1n));
    return { last, next, entries: await copy.read(found.ids, found.visible) };
  };
  const readAfter = (batch: Batch | null): Promise<Batch | null> => {
    if (batch === null) return Promise.resolve(null);
    const { lastId } = batch.entries;
    // Large images end a batch early.
    return read(lastId === null || lastId === batch.last ? batch.next : find(lastId + 1n));
  };
  let first = quiet(read(find(0n)));
  let second = quiet(first.then(readAfter));
  try {
    for (;;) {
      const batch = await first;
      if (batch === null) return;
      first = second;
      second = quiet(first.then(readAfter));
      yield batch.entries.texts;
    }
  } finally {
    copy.destroy();
  }
}

interface Batch {
  /** The last id that was looked for. */
  readonly last: bigint;
  /** What follows, where all of them were read. */
  readonly next: Promise<Found>;
  readonly entries: CopiedEntries;
}

/** It is awaited later, or by nobody where the reader goes away. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
