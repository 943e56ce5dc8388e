import type { Bytes } from '../change/bytes.ts';
import { CONTEXT_ID_OFFSET, ID_OFFSET, TRANSACTION_ID_OFFSET } from '../entry/entry-row.ts';
import type { EntryPart } from '../entry/entry-part.ts';
import type { LargeRowTarget } from '../entry/large-row.ts';
import { putInt32, type RowTarget } from '../entry/row-target.ts';
import type { ChunkPool } from './chunk-pool.ts';
import type { RowRemarks } from './row-remarks.ts';

/** The start of a binary COPY: signature, flags, no extension. https://www.postgresql.org/docs/current/sql-copy.html */
export const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
export const COPY_TRAILER = Buffer.from([0xff, 0xff]);

/** Numbers kept of a row in `Segment.#rows`. */
const ROW_FIELDS = 4;

/**
 * Entries of one flush, encoded for COPY and waiting for their ids. Rows are numbered from 0 within the
 * flush; a row names its transaction and its context by the number of their first row.
 */
export class Segment implements LargeRowTarget {
  readonly firstRow: number;
  rowCount = 0;
  bytes: Bytes;
  at = COPY_HEADER.length;
  /** `byteLength` when it was sealed. */
  sealedBytes = 0;
  /** What is still to be done about single rows; null for most segments. */
  remarks: RowRemarks | null = null;
  /** The last row may have gone to another partition: the create would be the first row of the next segment. */
  endsWithDelete = false;
  readonly pool: ChunkPool;
  readonly #full: (Chunk | EntryPart)[] = [];
  #fullBytes = 0;
  #rowChunk = 0;
  #rowStart = 0;
  /** Per row: chunk number, offset in it, first row of its transaction, first row of its context. */
  readonly #rows: number[] = [];

  constructor(firstRow: number, pool: ChunkPool) {
    this.firstRow = firstRow;
    this.pool = pool;
    this.bytes = pool.take();
    COPY_HEADER.copy(this.bytes.buffer);
  }

  get byteLength(): number {
    return this.#fullBytes + this.at;
  }

  get hasParts(): boolean {
    return this.#full.some(isPart);
  }

  beginRow(maxBytes: number): void {
    const needed = maxBytes + COPY_TRAILER.length;
    if (this.bytes.buffer.length - this.at < needed) {
      this.#full.push({ bytes: this.bytes, end: this.at });
      this.#fullBytes += this.at;
      this.bytes = this.pool.take(needed);
      this.at = 0;
    }
    this.#rowChunk = this.#full.length;
    this.#rowStart = this.at;
  }

  /** What follows is in another chunk. The row's ids are in the one where it begins. */
  addPart(part: EntryPart): void {
    if (this.at > 0) {
      this.#full.push({ bytes: this.bytes, end: this.at });
      this.#fullBytes += this.at;
      this.bytes = this.pool.take();
      this.at = 0;
    }
    this.#full.push(part);
    this.#fullBytes += part.byteLength;
  }

  /** The row just written is whole. */
  endRow(transactionRow: number, contextRow: number): void {
    this.#rows.push(this.#rowChunk, this.#rowStart, transactionRow, contextRow);
    this.rowCount += 1;
  }

  /** Where the n-th row of this segment begins, and the first row of its transaction. Before `seal` only. */
  rowAt(n: number): SegmentRow {
    const chunk = this.#rows[ROW_FIELDS * n]!;
    const { bytes } = (chunk < this.#full.length ? this.#full[chunk]! : this) as Chunk;
    return {
      bytes,
      start: this.#rows[ROW_FIELDS * n + 1]!,
      transactionRow: this.#rows[ROW_FIELDS * n + 2]!,
      // Its parts come right after the chunk that it begins in.
      isLarge: isPart(this.#full[chunk + 1]) && this.#rows[ROW_FIELDS * (n + 1)] !== chunk,
    };
  }

  /** Takes over the n-th row of another segment, as `write` puts it here. */
  adopt(from: Segment, n: number, write: (target: RowTarget) => void): void {
    write(this);
    this.endRow(from.#rows[ROW_FIELDS * n + 2]!, from.#rows[ROW_FIELDS * n + 3]!);
  }

  /** Takes over a large row. Its parts stay the other segment's, which must not be released before this one is sent. */
  adoptLarge(from: Segment, n: number): void {
    const chunk = from.#rows[ROW_FIELDS * n]!;
    const { bytes, end } = from.#full[chunk] as Chunk;
    this.adopt(from, n, (target) => {
      const { start } = from.rowAt(n);
      target.beginRow(end - start);
      target.at += bytes.buffer.copy(target.bytes.buffer, target.at, start, end);
      for (let i = chunk + 1; isPart(from.#full[i]); i += 1) this.addPart(borrowed(from.#full[i] as EntryPart));
    });
  }

  /**
   * Moves the rows from number `row` of the flush on, all of them of one transaction, into a segment of their own
   * that begins a flush. Null when a large row is among them, which can't be copied.
   */
  splitAt(row: number): Segment | null {
    const rows = this.#rows.splice((row - this.firstRow) * ROW_FIELDS);
    const [firstChunk, firstStart] = [rows[0]!, rows[1]!];
    const chunks = [...this.#full, { bytes: this.bytes, end: this.at }];
    if (chunks.slice(firstChunk).some((chunk) => !('bytes' in chunk))) {
      this.#rows.push(...rows);
      return null;
    }
    const moved = new Segment(0, this.pool);
    moved.remarks = this.remarks?.splitAt(row) ?? null;
    for (let i = 0; i < rows.length; i += ROW_FIELDS) {
      const { bytes, end } = chunks[rows[i]!] as Chunk;
      const start = rows[i + 1]!;
      const next = rows[i] === rows[i + ROW_FIELDS] ? rows[i + ROW_FIELDS + 1]! : end;
      moved.beginRow(next - start);
      moved.at += bytes.buffer.copy(moved.bytes.buffer, moved.at, start, next);
      moved.endRow(rows[i + 2]! - row, rows[i + 3]! - row);
    }
    this.rowCount = row - this.firstRow;
    for (const chunk of this.#full.splice(firstChunk)) {
      if ('bytes' in chunk && chunk !== chunks[firstChunk]) this.pool.give(chunk.bytes);
    }
    const last = chunks[firstChunk] as Chunk;
    if (last.bytes !== this.bytes) this.pool.give(this.bytes);
    this.bytes = last.bytes;
    this.at = firstStart;
    this.#fullBytes = this.#full.reduce((total, chunk) => total + ('bytes' in chunk ? chunk.end : chunk.byteLength), 0);
    return moved;
  }

  /**
   * Writes the ids in: row n of this segment gets `firstId + n`; `idOf` gives the ids of rows of earlier
   * segments of the flush. Returns what is to be sent.
   */
  seal(firstId: bigint, idOf: (row: number) => bigint): (Buffer | EntryPart)[] {
    this.at += COPY_TRAILER.copy(this.bytes.buffer, this.at);
    this.#full.push({ bytes: this.bytes, end: this.at });
    const transaction = new IdCursor(this.firstRow, firstId, idOf);
    const context = new IdCursor(this.firstRow, firstId, idOf);
    const own = new IdCursor(this.firstRow, firstId, idOf);
    const rows = this.#rows;
    for (let n = 0, i = 0; n < this.rowCount; n += 1, i += ROW_FIELDS) {
      const { bytes } = this.#full[rows[i]!] as Chunk;
      const start = rows[i + 1]!;
      own.write(this.firstRow + n, bytes, start + ID_OFFSET);
      transaction.write(rows[i + 2]!, bytes, start + TRANSACTION_ID_OFFSET);
      context.write(rows[i + 3]!, bytes, start + CONTEXT_ID_OFFSET);
    }
    return this.#full.map((chunk) => ('bytes' in chunk ? chunk.bytes.buffer.subarray(0, chunk.end) : chunk));
  }

  /** Gives the buffers back, once the server has confirmed the COPY or when there will be none. Safe to call twice. */
  release(): void {
    for (const chunk of this.#full) {
      if ('bytes' in chunk) this.pool.give(chunk.bytes);
      else chunk.release();
    }
    this.#full.length = 0;
  }
}

export interface SegmentRow {
  readonly bytes: Bytes;
  readonly start: number;
  readonly transactionRow: number;
  /** Only its head is in `bytes`. */
  readonly isLarge: boolean;
}

function isPart(chunk: Chunk | EntryPart | undefined): boolean {
  return chunk !== undefined && !('bytes' in chunk);
}

function borrowed(part: EntryPart): EntryPart {
  return { byteLength: part.byteLength, chunks: () => part.chunks(), release: () => {} };
}

interface Chunk {
  readonly bytes: Bytes;
  readonly end: number;
}

/** Writes 64-bit ids in halves: a BigInt for each of three ids a row would cost more than the rest of the row's header. */
class IdCursor {
  readonly #firstRow: number;
  readonly #high: number;
  readonly #low: number;
  readonly #idOf: (row: number) => bigint;
  #earlierRow = -1;
  #earlierId = 0n;

  constructor(firstRow: number, firstId: bigint, idOf: (row: number) => bigint) {
    this.#firstRow = firstRow;
    this.#high = Number(firstId >> 32n);
    this.#low = Number(firstId & 0xffff_ffffn);
    this.#idOf = idOf;
  }

  write(row: number, bytes: Bytes, at: number): void {
    if (row < this.#firstRow) {
      // All rows of a large transaction name the same one.
      if (row !== this.#earlierRow) {
        this.#earlierRow = row;
        this.#earlierId = this.#idOf(row);
      }
      bytes.view.setBigInt64(at, this.#earlierId);
      return;
    }
    const low = this.#low + (row - this.#firstRow);
    const carry = low >= 0x1_0000_0000 ? 1 : 0;
    putInt32(bytes, this.#high + carry, at);
    putInt32(bytes, low, at + 4);
  }
}
