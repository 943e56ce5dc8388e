import { Bytes } from '../change/bytes.ts';
import type { PlanColumn } from './relation-plan.ts';
import { putInt32 } from './row-target.ts';

// Fields of the binary COPY format as buffers of their own, for rows that are put together off the hot path.

const TEXT_OID = 25;

/** A field that is null. */
export const NULL_FIELD = int32s(-1);

/** Integers of four bytes, one after the other. */
export function int32s(...values: readonly number[]): Buffer {
  const bytes = new Bytes(Buffer.allocUnsafe(4 * values.length));
  values.reduce((at, value) => putInt32(bytes, value, at), 0);
  return bytes.buffer;
}

/** The columns' names as a binary text[]: dimensions, null flag, element type; then, unless it is empty, size and lower bound. */
export function namesField(columns: readonly PlanColumn[]): Buffer {
  const elements = columns.map((column) => column.arrayElement.buffer);
  const head = columns.length === 0 ? [0, 0, TEXT_OID] : [1, 0, TEXT_OID, columns.length, 1];
  const body = Buffer.concat([int32s(...head), ...elements]);
  return Buffer.concat([int32s(body.length), body]);
}
