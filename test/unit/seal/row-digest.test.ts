import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { RowDigest } from '../../../src/seal/row-digest.ts';
import { BinaryRows } from '../../../src/store/binary-rows.ts';

const HEADER = 19;
const TRAILER = 2;

/** COPY data. */
function copy(keys: readonly bigint[]): Buffer {
  const rows = new BinaryRows(4);
  for (const key of keys)
    rows
      .row()
      .int8(key)
      .null()
      .text('')
      .text(`row ${key} `.repeat(Number(key % 7n)));
  return Buffer.from(rows.end());
}

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

test.each([1, 2, 3, 5, 13, 14, 19, 64, 100_000])(
  'in pieces of %i bytes, ranges get their rows and no others',
  (size) => {
    const keys = [3n, 4n, 9n, 10n, 11n, 30n, 4_000_000_000_000n];
    const data = copy(keys);
    const digest = new RowDigest([2n, 4n, 10n, 20n, 25n, 5_000_000_000_000n, 6_000_000_000_000n]);
    for (let at = 0; at < data.length; at += size) digest.push(data.subarray(at, at + size));
    const within = (low: bigint, high: bigint): Buffer =>
      copy(keys.filter((key) => key > low && key <= high)).subarray(HEADER, -TRAILER);
    const bounds = [0n, 2n, 4n, 10n, 20n, 25n, 5_000_000_000_000n, 6_000_000_000_000n];
    expect(digest.finish().map(({ rows, sha256: hash }) => [rows, hash.toString('hex')])).toEqual(
      bounds.slice(1).map((high, n) => {
        const low = bounds[n]!;
        return [BigInt(keys.filter((key) => key > low && key <= high).length), sha256(within(low, high))];
      }),
    );
  },
);

test('a COPY that breaks off is no digest', () => {
  const data = copy([1n, 2n]);
  const digest = new RowDigest([5n]);
  digest.push(data.subarray(0, -1));
  expect(() => digest.finish()).toThrow(TypeError);
});
