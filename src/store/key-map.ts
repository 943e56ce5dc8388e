import { createHash } from 'node:crypto';

/**
 * Where keys with one hash are: the first byte tells the part, six bits of the second one the bucket in it. 16,384 buckets, so that
 * a key shares its own with few of a month's others. That the hash is the same everywhere, forever, matters more than that it is quick.
 */
export interface KeyBucket {
  readonly part: number;
  readonly bucket: number;
}

export const BUCKETS_OF_PART = 64;
const UNUSED_BITS = 2;

/** By relation id; entries that are of no relation stand under this one. */
export const NO_RELATION = 0;

export function bucketOf(key: string): KeyBucket {
  const hash = createHash('sha256').update(key, 'utf8').digest();
  return { part: hash[0]!, bucket: hash[1]! >> UNUSED_BITS };
}

/** The same in SQL, as one number: `part * BUCKETS_OF_PART + bucket`. `key` is an expression, whatever the encoding of the database. */
export function bucketSql(key: string): string {
  const hash = `sha256(convert_to(${key}, 'UTF8'))`;
  return `get_byte(${hash}, 0) * ${BUCKETS_OF_PART} + (get_byte(${hash}, 1) >> ${UNUSED_BITS})`;
}

/**
 * The tables of one part: for each bucket that has any, in order, the bucket, how many, and their ids, each as the distance from the
 * one before; numbers in seven bits a byte, the lowest first, the eighth bit saying that more follow.
 */
export function packTables(buckets: ReadonlyMap<number, readonly number[]>): Buffer {
  const bytes: number[] = [];
  for (const bucket of [...buckets.keys()].toSorted((a, b) => a - b)) {
    const tables = buckets.get(bucket)!.toSorted((a, b) => a - b);
    writeNumber(bytes, bucket);
    writeNumber(bytes, tables.length);
    let before = 0;
    for (const table of tables) {
      writeNumber(bytes, table - before);
      before = table;
    }
  }
  return Buffer.from(bytes);
}

export interface BucketTables {
  /** Ids of the tables that have keys of the bucket. */
  readonly tables: readonly number[];
  /** How many a bucket of the part has on the average: what a key has that is in no table. */
  readonly average: number;
}

export function tablesOf(packed: Uint8Array, bucket: number): BucketTables {
  const from = { packed, at: 0 };
  let tables: number[] = [];
  let all = 0;
  while (from.at < packed.length) {
    const isBucket = readNumber(from) === bucket;
    const count = readNumber(from);
    const found: number[] = [];
    for (let n = 0, before = 0; n < count; n += 1) found.push((before += readNumber(from)));
    if (isBucket) tables = found;
    all += count;
  }
  return { tables, average: all / BUCKETS_OF_PART };
}

function writeNumber(bytes: number[], value: number): void {
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

function readNumber(from: { readonly packed: Uint8Array; at: number }): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = from.packed[from.at++];
    if (byte === undefined) throw new RangeError('a key map ends in the middle of a number');
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}
