import { completeEntry, imageValues, type CompletedEntry, type RecordImage } from '../entry/completion.ts';
import { EncodedRow } from '../entry/encoded-row.ts';
import type { Flush } from './flush.ts';
import type { RecordName } from './last-images.ts';
import type { IncompleteRow } from './row-remarks.ts';
import { Segment } from './segment.ts';

/** The last images of these records before the segment, in their order. */
export type FetchImages = (records: readonly RecordName[]) => Promise<(RecordImage | null)[]>;

/** A completed row may be far larger than it was: above this many bytes, what is there is sent first. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** A row's own image above this is not kept for the rows behind it: what they lack stays unknown. */
const MAX_KEPT_IMAGE_BYTES = 16 * 1024 * 1024;

/** Whether rows of the segment may be known better by the last entries of their records. */
export function isIncomplete(segment: Segment): boolean {
  return segment.remarks !== null && segment.remarks.incomplete.size > 0;
}

/**
 * The rows of a segment, with what incomplete ones lack filled in from the last images of their records: those of
 * earlier rows of the segment, else the fetched ones. They come as segments, each to be sent and released before
 * the next one is asked for; the given one stays as it is.
 */
export async function* completedPieces(segment: Segment, flush: Flush, fetch: FetchImages): AsyncGenerator<Segment> {
  const incomplete: ReadonlyMap<number, IncompleteRow> = segment.remarks?.incomplete ?? new Map();
  const images = new WantedImages();
  for (const [row, { plan, keyBefore }] of incomplete) {
    images.want(plan.relationId, keyBefore ?? rowAt(segment, row - segment.firstRow)!.recordKey!);
  }
  const missing = findMissing(segment, incomplete, images);
  const fetched = missing.length === 0 ? [] : await fetch(missing);
  missing.forEach((record, i) => images.set(record.relationId, record.key, fetched[i] ?? null));

  let piece = pieceOf(segment, 0);
  for (let n = 0; n < segment.rowCount; n += 1) {
    const row = rowAt(segment, n);
    if (row === null) {
      images.forget();
      piece.adoptLarge(segment, n);
      continue;
    }
    const found = incomplete.get(segment.firstRow + n);
    const completed = found === undefined ? null : complete(row, found, images);
    const commitLsn = flush.commitLsnOf(segment.rowAt(n).transactionRow);
    images.follow(row, { keyBefore: found?.keyBefore ?? null, completed, commitLsn });
    piece.adopt(segment, n, (target) => (completed === null ? row.copyTo(target) : row.rewrite(target, completed)));
    if (piece.byteLength >= PIECE_BYTES && n + 1 < segment.rowCount) {
      yield piece;
      piece = pieceOf(segment, n + 1);
    }
  }
  yield piece;
}

function pieceOf(segment: Segment, from: number): Segment {
  return new Segment(segment.firstRow + from, segment.pool);
}

/** The images that incomplete rows ask for, as they are before the row at hand. */
class WantedImages {
  /** By relation, then key; null: not known. */
  readonly #images = new Map<number, Map<string, RecordImage | null>>();

  want(relationId: number, key: string): void {
    const records = this.#images.get(relationId);
    if (records === undefined) this.#images.set(relationId, new Map([[key, null]]));
    else records.set(key, null);
  }

  concerns(row: EncodedRow): boolean {
    return row.relationId !== null && this.#images.has(row.relationId);
  }

  get(relationId: number, key: string): RecordImage | null {
    return this.#images.get(relationId)?.get(key) ?? null;
  }

  /** Has no effect on records that no one asks for. */
  set(relationId: number, key: string, image: RecordImage | null): void {
    const records = this.#images.get(relationId);
    if (records?.has(key) === true) records.set(key, image);
  }

  /** A row too large to be read back may have been of any of the records. */
  forget(): void {
    for (const records of this.#images.values()) for (const key of records.keys()) records.set(key, null);
  }

  /** Takes in what a row leaves behind. */
  follow(row: EncodedRow, { keyBefore, completed, commitLsn }: Left): void {
    const { relationId, action, recordKey } = row;
    if (relationId === null || !this.#images.has(relationId)) return;
    // What was truncated comes back by a create, which says everything.
    if (recordKey === null || !row.hasImage) return;
    if (keyBefore !== null) this.set(relationId, keyBefore, null);
    if (this.#images.get(relationId)!.has(recordKey)) {
      const gone = action === 'delete' || row.imageBytes > MAX_KEPT_IMAGE_BYTES;
      const values = gone ? null : (completed?.values ?? imageValues(row.row!));
      const image = values === null ? null : { values, at: { commitLsn, ordinal: row.ordinal } };
      this.set(relationId, recordKey, image);
    }
  }
}

interface Left {
  readonly keyBefore: string | null;
  readonly completed: CompletedEntry | null;
  readonly commitLsn: bigint;
}

/** The records whose image before the segment is needed: no earlier row of it leaves one. */
function findMissing(
  segment: Segment,
  incomplete: ReadonlyMap<number, IncompleteRow>,
  images: WantedImages,
): RecordName[] {
  const missing: RecordName[] = [];
  const seen = new Set<string>();
  for (let n = 0; n < segment.rowCount; n += 1) {
    const row = rowAt(segment, n);
    if (row === null) break;
    const { relationId, recordKey } = row;
    if (relationId === null || recordKey === null || !row.hasImage || !images.concerns(row)) continue;
    const found = incomplete.get(segment.firstRow + n);
    if (found !== undefined) {
      const key = found.keyBefore ?? recordKey;
      const name = `${relationId} ${key}`;
      if (!seen.has(name)) missing.push({ relationId, key });
      seen.add(name);
    }
    seen.add(`${relationId} ${recordKey}`);
  }
  return missing;
}

function complete(row: EncodedRow, { plan, keyBefore }: IncompleteRow, images: WantedImages): CompletedEntry | null {
  const image = images.get(plan.relationId, keyBefore ?? row.recordKey!);
  if (image === null || plan.trust === null) return null;
  const { changed, unknown, old } = row;
  const action = row.action === 'delete' ? 'delete' : 'update';
  return completeEntry(plan, plan.trust, { action, changed, unknown, row: row.row!, old }, image);
}

/** Null: only the head of the row is in memory. */
function rowAt(segment: Segment, n: number): EncodedRow | null {
  const { bytes, start, isLarge } = segment.rowAt(n);
  return isLarge ? null : new EncodedRow(bytes, start);
}
