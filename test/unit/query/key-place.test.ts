import { describe, expect, it } from 'vitest';
import { placesOf, type KeyMap } from '../../../src/query/key-place.ts';
import { BUCKETS_OF_PART, packTables } from '../../../src/store/key-map.ts';

const KEY = { part: 7, bucket: 9 };
const OTHER = { part: 8, bucket: 9 };
const map = (low: bigint, high: bigint, tables: readonly number[]): KeyMap => ({
  low,
  high,
  parts: new Map(tables.length === 0 ? [] : [[KEY.part, packTables(new Map([[KEY.bucket, tables]]))]]),
});
const anywhere = (low: bigint, high: bigint) => ({ low, high, relationIds: null, tableless: true, promised: 0 });
/** Of a part that has no other tables than these, spread over its buckets. */
const inTables = (low: bigint, high: bigint, relationIds: readonly number[]) => ({
  low,
  high,
  relationIds,
  tableless: false,
  promised: relationIds.length * (1 - 1 / BUCKETS_OF_PART),
});

describe('the places where a key can be', () => {
  const range = { low: 0n, high: 1_000n };

  it('are everywhere without a map', () => {
    expect(placesOf(range, [], [KEY])).toEqual([anywhere(0n, 1_000n)]);
  });

  it('are its tables where there is a map, and everywhere before, between and after the maps', () => {
    const maps = [map(100n, 199n, [3, 5]), map(300n, 399n, [4]), map(400n, 499n, [5])];
    expect(placesOf(range, maps, [KEY])).toEqual([
      anywhere(0n, 99n),
      inTables(100n, 199n, [3, 5]),
      anywhere(200n, 299n),
      inTables(300n, 399n, [4]),
      inTables(400n, 499n, [5]),
      anywhere(500n, 1_000n),
    ]);
  });

  it('are none where the map has no table with the key', () => {
    const maps = [map(0n, 499n, []), map(500n, 1_000n, [6])];
    expect(placesOf(range, maps, [KEY])).toEqual([inTables(500n, 1_000n, [6])]);
    expect(placesOf(range, maps, [OTHER])).toEqual([]);
  });

  it('end with the range', () => {
    const maps = [map(0n, 499n, [1]), map(500n, 1_000n, [2])];
    expect(placesOf({ low: 200n, high: 300n }, maps, [KEY])).toEqual([inTables(200n, 300n, [1])]);
    expect(placesOf({ low: 450n, high: 550n }, maps, [KEY])).toEqual([
      inTables(450n, 499n, [1]),
      inTables(500n, 550n, [2]),
    ]);
    expect(placesOf({ low: 5n, high: 4n }, maps, [KEY])).toEqual([]);
  });

  it('are those of all keys together; entries without a table are told apart', () => {
    const both: KeyMap = {
      low: 0n,
      high: 1_000n,
      parts: new Map([
        [KEY.part, packTables(new Map([[KEY.bucket, [0, 2]]]))],
        [OTHER.part, packTables(new Map([[OTHER.bucket, [2, 9]]]))],
      ]),
    };
    expect(placesOf(range, [both], [KEY, OTHER])).toMatchObject([{ ...range, relationIds: [2, 9], tableless: true }]);
    expect(placesOf(range, [both], [OTHER])).toEqual([inTables(0n, 1_000n, [2, 9])]);
  });

  it('promise as many tables as are not there for other keys of the bucket', () => {
    const even = packTables(new Map(Array.from({ length: BUCKETS_OF_PART }, (_value, bucket) => [bucket, [1, 2, 3]])));
    const promised = (tables: Uint8Array): number | undefined =>
      placesOf(range, [{ low: 0n, high: 1_000n, parts: new Map([[KEY.part, tables]]) }], [KEY])[0]?.promised;
    expect(promised(even)).toBe(0);
    const many = Array.from({ length: 128 }, (_value, i) => i + 1);
    expect(
      promised(
        packTables(
          new Map([
            [KEY.bucket, many],
            [KEY.bucket + 1, many],
          ]),
        ),
      ),
    ).toBe(128 - 4);
  });
});
