import { EntryCopy } from './entry-copy.ts';
import { jsonOf } from './entry-json.ts';
import { inSnapshot, type StoreReader } from './store-reader.ts';

/** Entries read at once; their images are bounded by the reader. */
const BATCH_ENTRIES = 2_000;
const BATCH_TIMEOUT_MS = 60_000;

/**
 * Every entry with an id from `low` to below `high`, oldest first, as an export in the format ndjson has it: a line each,
 * many lines in a buffer. For whoever sees everything; throws what `inSnapshot` throws.
 */
export async function* readEntryRange(
  store: StoreReader,
  low: bigint,
  high: bigint,
): AsyncGenerator<readonly string[]> {
  const copy = new EntryCopy(store, BATCH_TIMEOUT_MS);
  await copy.connect();
  try {
    let from = low;
    for (;;) {
      const ids = await findIds(store, from, high);
      if (ids.length === 0) return;
      const { lastId, texts } = await copy.read(ids, null);
      // Large images end a batch early.
      from = (lastId ?? ids.at(-1)!) + 1n;
      const lines: string[] = [];
      for (const each of texts) lines.push(`${jsonOf(each)}\n`);
      yield lines;
    }
  } finally {
    copy.destroy();
  }
}

async function findIds(store: StoreReader, low: bigint, high: bigint): Promise<bigint[]> {
  const rows = await inSnapshot(
    store,
    (snapshot) =>
      snapshot.query<{ id: string }>(
        `select e.id::text as id from :schema.entries e where e.id >= $1::bigint and e.id < $2::bigint
         order by e.id limit ${BATCH_ENTRIES}`,
        [low, high],
      ),
    BATCH_TIMEOUT_MS,
  );
  return rows.map(({ id }) => BigInt(id));
}
