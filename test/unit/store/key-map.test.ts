import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKETS_OF_PART, bucketOf, packTables, tablesOf } from '../../../src/store/key-map.ts';

const ids = fc.uniqueArray(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2_147_483_647 })), {
  minLength: 1,
});

describe('the tables of a part', () => {
  it('are read as they were packed, and of no other bucket', () => {
    const buckets = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: BUCKETS_OF_PART - 1 }), ids), {
      selector: ([bucket]) => bucket,
    });
    fc.assert(
      fc.property(buckets, (entries) => {
        const tables = new Map(entries);
        const packed = packTables(tables);
        for (let bucket = 0; bucket < BUCKETS_OF_PART; bucket += 1) {
          expect(tablesOf(packed, bucket).tables).toEqual((tables.get(bucket) ?? []).toSorted((a, b) => a - b));
        }
      }),
    );
  });

  it('take a byte each, and two a bucket, where tables are few', () => {
    expect([
      ...packTables(
        new Map([
          [63, [7, 1, 3]],
          [2, [300]],
        ]),
      ),
    ]).toEqual([2, 1, 0xac, 0x02, 63, 3, 1, 2, 4]);
    expect(packTables(new Map())).toHaveLength(0);
  });

  it('are not guessed where bytes are missing', () => {
    const packed = packTables(new Map([[5, [1, 2]]]));
    expect(() => tablesOf(packed.subarray(0, -1), 5)).toThrow('in the middle of a number');
  });
});

describe('the bucket of a key', () => {
  // By `sha256sum`: stored maps are read by it, so that it may never change.
  it('is the first fourteen bits of its SHA-256', () => {
    expect(bucketOf('42')).toEqual({ part: 0x73, bucket: 0x47 >> 2 });
    expect(bucketOf('Größe')).toEqual({ part: 0xae, bucket: 0xdc >> 2 });
  });
});
