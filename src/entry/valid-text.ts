import { isUtf8 } from 'node:buffer';
import type { Change } from '../change/change.ts';
import type { Tuple } from '../change/tuple.ts';
import { JSON_VALUE, type PlanColumn, type RelationPlan } from './relation-plan.ts';
import { tupleText, withTexts } from './tuple-text.ts';

/**
 * The change with text that is valid UTF-8: bytes that are not stand as `\ooo`, as PostgreSQL 15 prints such a
 * "char". The store could not keep them as they are, and capture would stop there for ever.
 */
export function withValidText(plan: RelationPlan, change: Change<unknown>): Change<unknown> {
  const old = validTuple(plan.unchecked, change.old);
  const created = validTuple(plan.unchecked, change.new);
  return old === change.old && created === change.new ? change : { ...change, old, new: created };
}

function validTuple(columns: readonly PlanColumn[], tuple: Tuple | null): Tuple | null {
  if (tuple === null) return null;
  const invalid = columns.filter(({ index }) => tuple.lengths[index]! > 0 && !isUtf8(tupleText(tuple, index)));
  if (invalid.length === 0) return tuple;
  return withTexts(
    tuple,
    new Map(
      invalid.map(({ index, kind }) => [
        index,
        // Within JSON a backslash must be escaped itself, or it would no longer be JSON.
        escapeInvalid(tupleText(tuple, index), kind === JSON_VALUE ? '\\\\' : '\\'),
      ]),
    ),
  );
}

function escapeInvalid(text: Buffer, escape: string): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < text.length;) {
    const length = characterLength(text, at);
    if (length === 0) parts.push(Buffer.from(`${escape}${text[at]!.toString(8).padStart(3, '0')}`));
    else parts.push(text.subarray(at, at + length));
    at += Math.max(1, length);
  }
  return Buffer.concat(parts);
}

/** Bytes of the character at `at`; 0 if it is none. */
function characterLength(text: Buffer, at: number): number {
  for (const length of [1, 2, 3, 4]) {
    if (at + length <= text.length && isUtf8(text.subarray(at, at + length))) return length;
  }
  return 0;
}
