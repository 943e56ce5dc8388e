import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Change } from '../change/change.ts';
import type { Tuple } from '../change/tuple.ts';
import { windows } from './entry-part.ts';
import type { PlanColumn, RelationPlan } from './relation-plan.ts';
import { hasText, tupleText, withTexts } from './tuple-text.ts';

/** What stands before a hash in images and keys: nobody takes it for a value. */
const HASH_TAG = 'hmac-sha256:';
const FINGERPRINT_LENGTH = 16;

/** The key of hashes, from its text in the configuration. */
export function hashKeyOf(text: string): KeyObject {
  return createSecretKey(Buffer.from(text));
}

/** Tells one key from another, and nothing else about it. */
export function fingerprintOf(key: KeyObject): string {
  return createHmac('sha256', key).update('rowtrail hash key').digest('hex').slice(0, FINGERPRINT_LENGTH);
}

/**
 * The change with the hashes of the values that are to be hashed in their place: equal texts have equal hashes, so
 * that everything behind this works as it does with values, and none of it sees them.
 */
export function withMasks(change: Change<RelationPlan>): Change<RelationPlan> {
  const { hashed, hashKey } = change.relation;
  if (hashed.length === 0 || hashKey === null) return change;
  return { ...change, old: maskedTuple(hashed, hashKey, change.old), new: maskedTuple(hashed, hashKey, change.new) };
}

function maskedTuple(columns: readonly PlanColumn[], key: KeyObject, tuple: Tuple | null): Tuple | null {
  if (tuple === null) return null;
  const hashes = new Map<number, Buffer>();
  for (const { index } of columns) {
    if (!hasText(tuple, index)) continue;
    const value = tuple.large?.get(index);
    hashes.set(index, hashOf(key, value === undefined ? [tupleText(tuple, index)] : windows(value)));
  }
  return hashes.size === 0 ? tuple : withTexts(tuple, hashes);
}

/** What `encode(hmac(value::text, key, 'sha256'), 'hex')` of pgcrypto gives, with a tag. */
function hashOf(key: KeyObject, text: Iterable<Buffer>): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of text) hmac.update(part);
  return Buffer.from(`${HASH_TAG}${hmac.digest('hex')}`);
}
