import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTEXT_ID_OFFSET, ID_OFFSET, TRANSACTION_ID_OFFSET } from '../../../src/entry/entry-row.ts';
import { ChunkPool } from '../../../src/store/chunk-pool.ts';
import { Flush } from '../../../src/store/flush.ts';
import { COPY_HEADER, COPY_TRAILER, Segment } from '../../../src/store/segment.ts';

const HEAD_BYTES = CONTEXT_ID_OFFSET + 8;

interface Row {
  /** Bytes after the ids. */
  readonly size: number;
  /** The transaction or the context goes on from the row before. */
  readonly sameTransaction: boolean;
  readonly sameContext: boolean;
  readonly endsSegment: boolean;
}

const row: fc.Arbitrary<Row> = fc.record({
  size: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 500 }) }, fc.nat({ max: 400_000 })),
  sameTransaction: fc.boolean(),
  sameContext: fc.boolean(),
  endsSegment: fc.boolean(),
});

describe('segments', () => {
  it('get their ids as a model that knew them from the start', () => {
    const pool = new ChunkPool(1024 * 1024);
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 30 }),
        // Around the place where the low half of an id overflows, too.
        fc.oneof(fc.bigInt({ min: 1n, max: 2n ** 62n }), fc.bigInt({ min: 2n ** 40n - 40n, max: 2n ** 40n })),
        fc.nat({ max: 100 }),
        (rows, firstId, gap) => {
          const flush = new Flush(0n);
          const sent: Buffer[] = [];
          const model: Buffer[] = [];
          const ids: bigint[] = [];
          let transactionRow = 0;
          let contextRow = 0;
          let segment: Segment | null = null;
          let nextId = firstId;
          const seal = (): void => {
            if (segment === null) return;
            flush.assignIds(segment.firstRow, nextId);
            sent.push(...segment.seal(nextId, flush.idOf).map((part) => Buffer.from(part as Buffer)));
            segment.release();
            model.push(COPY_TRAILER);
            nextId += BigInt(segment.rowCount + gap);
            segment = null;
          };
          rows.forEach(({ size, sameTransaction, sameContext, endsSegment }, i) => {
            if (segment === null) {
              segment = new Segment(i, pool);
              model.push(COPY_HEADER);
            }
            if (!sameTransaction) transactionRow = i;
            if (!sameTransaction || !sameContext) contextRow = i;
            ids[i] = nextId + BigInt(i - segment.firstRow);
            segment.beginRow(HEAD_BYTES + size);
            segment.bytes.buffer.fill(i % 256, segment.at, segment.at + HEAD_BYTES + size);
            segment.at += HEAD_BYTES + size;
            segment.endRow(transactionRow, contextRow);
            const bytes = Buffer.alloc(HEAD_BYTES + size, i % 256);
            bytes.writeBigInt64BE(ids[i], ID_OFFSET);
            bytes.writeBigInt64BE(ids[transactionRow]!, TRANSACTION_ID_OFFSET);
            bytes.writeBigInt64BE(ids[contextRow]!, CONTEXT_ID_OFFSET);
            model.push(bytes);
            if (endsSegment) seal();
          });
          seal();
          expect(Buffer.concat(sent).equals(Buffer.concat(model))).toBe(true);
        },
      ),
    );
  });

  it('are split at a transaction into what two segments would have held', () => {
    const pool = new ChunkPool(1024 * 1024);
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 30 }),
        fc.array(row, { minLength: 1, maxLength: 30 }),
        (before, after) => {
          const whole = new Segment(0, pool);
          const first = new Segment(0, pool);
          const second = new Segment(0, pool);
          const fill = (segment: Segment, { size }: Row, at: number, transactionRow: number, seed: number): void => {
            segment.beginRow(HEAD_BYTES + size);
            segment.bytes.buffer.fill(seed % 256, segment.at, segment.at + HEAD_BYTES + size);
            segment.at += HEAD_BYTES + size;
            segment.endRow(transactionRow, at);
          };
          before.forEach((each, i) => {
            fill(whole, each, i, i, i);
            fill(first, each, i, i, i);
          });
          after.forEach((each, i) => {
            const at = before.length + i;
            fill(whole, each, at, before.length, at);
            fill(second, each, i, 0, at);
          });
          const moved = whole.splitAt(before.length)!;
          expect([whole.rowCount, moved.rowCount]).toEqual([before.length, after.length]);
          const bytes = (segment: Segment, firstId: bigint): Buffer =>
            Buffer.concat(segment.seal(firstId, () => 0n).map((part) => part as Buffer));
          expect(bytes(whole, 7n).equals(bytes(first, 7n))).toBe(true);
          expect(bytes(moved, 99n).equals(bytes(second, 99n))).toBe(true);
          for (const segment of [whole, moved, first, second]) segment.release();
        },
      ),
    );
  });
});
