import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import { readEntryRange } from '../query/entry-range.ts';
import { inSnapshot, type StoreConnection, type StoreReader } from '../query/store-reader.ts';
import { EVERYTHING } from '../query/visibility.ts';
import type { ExpiredPartition } from '../store/retention.ts';

/** Only who runs the daemon may read it: rows are as confidential as the tables that they came from. */
const FILE_MODE = 0o600;
const ROWS_AT_ONCE = 2_000;
const MAX_COPIES = 100;

export interface PartitionArchiveOptions {
  readonly store: StoreConnection;
  /** A folder that is there. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Writes what a partition holds to a file before retention removes it: entries as an export has them, with who made them,
 * and the rows of truncates as they are stored; what else is partitioned tells of entries, and is in these. A line of JSON
 * each, gzip. Returns the file's name, null where there is nothing to keep.
 *
 * The file has its name only when it is whole and durable. Where there is one of that name already (a crash came before
 * the removal was put on record, or another store has the folder), this is another one: none is written over.
 */
export async function archivePartition(
  { parent, name, low, high }: ExpiredPartition,
  { store, folder, signal }: PartitionArchiveOptions,
): Promise<string | null> {
  if (parent !== 'entries' && parent !== 'truncated_rows') return null;
  const reader = { ...store, viewer: EVERYTHING };
  const expected = await countRows(reader, parent, low, high);
  if (expected === 0) return null;
  const base = `${store.schema}.${name}`;
  try {
    const part = join(folder, `${base}.ndjson.gz.part`);
    const count = { lines: 0 };
    const lines = parent === 'entries' ? readEntryRange(reader, low, high) : readTruncatedRows(reader, low, high);
    try {
      await pipeline(
        Readable.from(counted(lines, count), { objectMode: false }),
        createGzip(),
        createWriteStream(part, { mode: FILE_MODE }),
        { signal },
      );
      // Nothing comes in below the horizon, and nothing leaves but through retention.
      if (count.lines !== expected) throw new Error(`${count.lines} of ${expected} rows were read`);
      await makeDurable(part);
      const file = await freeName(folder, base);
      await rename(part, join(folder, file));
      await makeDurable(folder);
      return file;
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  } catch (error) {
    throw new RowtrailError('RT_ARCHIVE', `${name} cannot be archived to ${folder}: ${messageOf(error)}`, {
      hint: 'It stays in the store until it can be. See `store.archive`.',
      cause: error,
    });
  }
}

async function* counted(batches: AsyncIterable<readonly string[]>, count: { lines: number }): AsyncGenerator<Buffer> {
  for await (const lines of batches) {
    count.lines += lines.length;
    yield Buffer.from(lines.join(''));
  }
}

async function countRows(store: StoreReader, parent: string, low: bigint, high: bigint): Promise<number> {
  const key = parent === 'entries' ? 'id' : 'entry_id';
  const rows = await inSnapshot(
    store,
    (snapshot) =>
      snapshot.query<{ count: string }>(
        `select count(*)::text as count from :schema.${parent} p where p.${key} >= $1::bigint and p.${key} < $2::bigint`,
        [low, high],
      ),
    COUNT_TIMEOUT_MS,
  );
  return Number(rows[0]?.count ?? 0);
}

const COUNT_TIMEOUT_MS = 600_000;

async function* readTruncatedRows(store: StoreReader, low: bigint, high: bigint): AsyncGenerator<readonly string[]> {
  let [entry, position] = [low, -1n];
  for (;;) {
    const rows = await inSnapshot(store, (snapshot) =>
      snapshot.query<{ entry_id: string; position: string; line: string }>(
        `select t.entry_id::text, t.position::text, concat('{"entry":', to_json(t.entry_id::text), ',"position":', t.position,
           ',"record":', to_json(t.record_key), ',"row":', t.row::text, '}') as line
         from :schema.truncated_rows t where (t.entry_id, t.position) > ($1::bigint, $2::bigint) and t.entry_id < $3::bigint
         order by t.entry_id, t.position limit ${ROWS_AT_ONCE}`,
        [entry, position, high],
      ),
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    [entry, position] = [BigInt(last.entry_id), BigInt(last.position)];
    // A value may have line feeds between its members, which JSON takes for spaces; in its strings they are escaped.
    yield rows.map(({ line }) => `${line.replaceAll('\n', ' ')}\n`);
  }
}

async function freeName(folder: string, base: string): Promise<string> {
  for (let n = 1; n <= MAX_COPIES; n += 1) {
    const file = n === 1 ? `${base}.ndjson.gz` : `${base}.${n}.ndjson.gz`;
    if ((await stat(join(folder, file)).catch(() => null)) === null) return file;
  }
  throw new Error(`there are ${MAX_COPIES} files of that name`);
}

/** A file, or the names in a folder. */
async function makeDurable(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
