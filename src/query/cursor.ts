import { createHash } from 'node:crypto';
import type { ActivityFilter, FilterValues, Sort } from './filter.ts';
import { FilterError } from './filter-error.ts';
import { LIST_KEYS } from './grammar/filter-key.ts';
import type { Micros } from './time.ts';
import type { Viewer } from './visibility.ts';

/** A place between entries, and the `now` of the first page, so that `now-2h` stays put while pages are turned. */
export interface Position {
  /** The page holds ids beyond this one, in the direction asked for; the id itself is never on it. */
  readonly id: bigint;
  readonly now: Micros;
}

/** What a cursor is good for: the same question of somebody who sees the same. */
export interface CursorScope {
  readonly filter: ActivityFilter;
  readonly sort: Sort;
  readonly viewer: Viewer;
}

const VERSION = 2;
const DIGEST_BYTES = 9;
/** One less than the largest id, so that a step beyond it is still a 64-bit number. */
const MAX_POSITION = 9_223_372_036_854_775_806n;
const RAW_BYTES = 1 + DIGEST_BYTES + 8 + 8;

/** The opaque text of a position, usable in its scope only. */
export function encodeCursor(position: Position, scope: CursorScope): string {
  const raw = Buffer.alloc(RAW_BYTES);
  raw.writeUInt8(VERSION, 0);
  digestOf(scope).copy(raw, 1);
  raw.writeBigInt64BE(position.id, 1 + DIGEST_BYTES);
  raw.writeBigInt64BE(position.now, 1 + DIGEST_BYTES + 8);
  return raw.toString('base64url');
}

/** Throws a FilterError on a text that is no cursor, or one of another filter, sort or viewer. */
export function decodeCursor(text: string, parameter: 'after' | 'before', scope: CursorScope): Position {
  const raw = Buffer.from(text, 'base64url');
  if (raw.length !== RAW_BYTES || raw.toString('base64url') !== text || raw.readUInt8(0) !== VERSION) {
    throw new FilterError(parameter, `${parameter} is not a cursor`, 'Take it from meta.next or meta.prev of a page.');
  }
  if (!raw.subarray(1, 1 + DIGEST_BYTES).equals(digestOf(scope))) {
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

/**
 * The same list's cursor at another place; null for one of another kind of list. For benchmarks and tests, which do
 * not turn ten thousand pages to get there.
 */
export function moveCursor(cursor: string, id: bigint): string | null {
  const raw = Buffer.from(cursor, 'base64url');
  if (raw.length !== RAW_BYTES || raw.readUInt8(0) !== VERSION) return null;
  raw.writeBigInt64BE(id, 1 + DIGEST_BYTES);
  return raw.toString('base64url');
}

/** Equal for filters that mean the same: the order of repeated values and their repetition don't count. */
function digestOf({ filter, sort, viewer }: CursorScope): Buffer {
  const set = (values: readonly string[]): string[] => [...new Set(values)].toSorted();
  const sets = (values: FilterValues): string[][] => LIST_KEYS.map((key) => set(values[key]));
  const { admin, tables } = viewer;
  const canonical = JSON.stringify([sort, admin, tables, sets(filter), sets(filter.not), filter.from, filter.to]);
  return createHash('sha256').update(canonical).digest().subarray(0, DIGEST_BYTES);
}
