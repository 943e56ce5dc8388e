import { createHash } from 'node:crypto';
import { FilterError } from './filter-error.ts';

/** A place in a list that is ordered by something else than ids alone. */
export interface Place {
  /** What the list is ordered by, as text, the most significant first. */
  readonly values: readonly string[];
  /** Whether the page begins with the place itself rather than beyond it. */
  readonly inclusive: boolean;
}

const VERSION = 2;
const DIGEST_BYTES = 9;
const HEAD_BYTES = 2 + DIGEST_BYTES;
const MAX_VALUE_LENGTH = 4_096;

/** The opaque text of a place, usable with the same list only: `list` holds its name, filters, order and viewer. */
export function encodeListCursor(place: Place, list: string): string {
  const head = Buffer.from([VERSION, place.inclusive ? 1 : 0]);
  return Buffer.concat([head, digestOf(list), Buffer.from(JSON.stringify(place.values))]).toString('base64url');
}

/** Throws a FilterError on a text that is no cursor, or one of another list. `count`: how many values it must have. */
export function decodeListCursor(text: string, parameter: 'after' | 'before', list: string, count: number): Place {
  const raw = Buffer.from(text, 'base64url');
  if (raw.length <= HEAD_BYTES || raw.toString('base64url') !== text || raw.readUInt8(0) !== VERSION) {
    throw noCursor(parameter);
  }
  if (!raw.subarray(2, HEAD_BYTES).equals(digestOf(list))) {
    throw new FilterError(
      parameter,
      `${parameter} is a cursor of another list`,
      'A cursor goes on with the same filters and sort; without it, the list starts over.',
    );
  }
  const values = valuesOf(raw.subarray(HEAD_BYTES).toString());
  if (values?.length !== count || raw.readUInt8(1) > 1) throw noCursor(parameter);
  return { values, inclusive: raw.readUInt8(1) === 1 };
}

/** As `moveCursor`, of a list in the order of entries' ids; null for a list in another order. */
export function moveListCursor(cursor: string, id: bigint): string | null {
  const raw = Buffer.from(cursor, 'base64url');
  const values = valuesOf(raw.subarray(HEAD_BYTES).toString());
  if (values?.length !== 1 || !/^\d{12,}$/.test(values[0] as string)) return null;
  return Buffer.concat([raw.subarray(0, HEAD_BYTES), Buffer.from(JSON.stringify([id.toString()]))]).toString(
    'base64url',
  );
}

function noCursor(parameter: string): FilterError {
  return new FilterError(parameter, `${parameter} is not a cursor`, 'Take it from meta.next or meta.prev of a page.');
}

function valuesOf(text: string): readonly string[] | undefined {
  try {
    const values: unknown = JSON.parse(text);
    return Array.isArray(values) && values.every(isValue) ? values : undefined;
  } catch {
    return undefined;
  }
}

/** PostgreSQL text holds no NUL. */
function isValue(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_VALUE_LENGTH && !value.includes('\0');
}

function digestOf(list: string): Buffer {
  return createHash('sha256').update(list).digest().subarray(0, DIGEST_BYTES);
}
