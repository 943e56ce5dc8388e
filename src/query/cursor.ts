import { createHash } from 'node:crypto';
import type { ActivityFilter, Sort } from './filter.ts';
import { FilterError } from './filter-error.ts';
import type { Micros } from './time.ts';

/** A place between entries, and the `now` of the first page, so that `now-2h` stays put while pages are turned. */
export interface Position {
  /** The page holds ids beyond this one, in the direction asked for; the id itself is never on it. */
  readonly id: bigint;
  readonly now: Micros;
}

const VERSION = 1;
const DIGEST_BYTES = 9;
/** One less than the largest id, so that a step beyond it is still a 64-bit number. */
const MAX_POSITION = 9_223_372_036_854_775_806n;
const RAW_BYTES = 1 + DIGEST_BYTES + 8 + 8;

/** The opaque text of a position, usable with the same filter and sort only. */
export function encodeCursor(position: Position, filter: ActivityFilter, sort: Sort): string {
  const raw = Buffer.alloc(RAW_BYTES);
  raw.writeUInt8(VERSION, 0);
  digestOf(filter, sort).copy(raw, 1);
  raw.writeBigInt64BE(position.id, 1 + DIGEST_BYTES);
  raw.writeBigInt64BE(position.now, 1 + DIGEST_BYTES + 8);
  return raw.toString('base64url');
}

/** Throws a FilterError on a text that is no cursor, or one of another filter or sort. */
export function decodeCursor(
  text: string,
  parameter: 'after' | 'before',
  filter: ActivityFilter,
  sort: Sort,
): Position {
  const raw = Buffer.from(text, 'base64url');
  if (raw.length !== RAW_BYTES || raw.toString('base64url') !== text || raw.readUInt8(0) !== VERSION) {
    throw new FilterError(parameter, `${parameter} is not a cursor`, 'Take it from meta.next or meta.prev of a page.');
  }
  if (!raw.subarray(1, 1 + DIGEST_BYTES).equals(digestOf(filter, sort))) {
    throw new FilterError(
      parameter,
      `${parameter} is a cursor of another filter or sort`,
      'A cursor goes on with the same filters and sort; without it, the list starts over.',
    );
  }
  const id = raw.readBigInt64BE(1 + DIGEST_BYTES);
  if (id < -1n || id > MAX_POSITION) throw new FilterError(parameter, `${parameter} is not a cursor`);
  return { id, now: raw.readBigInt64BE(1 + DIGEST_BYTES + 8) };
}

/** Equal for filters that mean the same: the order of repeated values and their repetition don't count. */
function digestOf(filter: ActivityFilter, sort: Sort): Buffer {
  const set = (values: readonly string[]): string[] => [...new Set(values)].toSorted();
  const canonical = JSON.stringify([
    sort,
    set(filter.table),
    set(filter.record),
    set(filter.user),
    set(filter.source),
    set(filter.action),
    filter.from,
    filter.to,
  ]);
  return createHash('sha256').update(canonical).digest().subarray(0, DIGEST_BYTES);
}
