import { Bytes } from '../change/bytes.ts';
import type { Tuple } from '../change/tuple.ts';
import { EncodedRow } from '../entry/encoded-row.ts';
import { writeRowEntry } from '../entry/entry-row.ts';
import { withMasks } from '../entry/mask.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';
import type { RowTarget } from '../entry/row-target.ts';
import { BinaryRows } from './binary-rows.ts';

/** A row that a TRUNCATE removed. */
export interface TruncatedRow {
  /** Number of the truncate's entry in the flush. */
  readonly entryRow: number;
  readonly position: number;
  readonly relationId: number;
  readonly recordKey: string;
  readonly image: string;
}

export const TRUNCATED_ROW_COLUMNS = ['entry_id', 'position', 'relation_id', 'record_key', 'row'] as const;

/** What a row takes beside its key and image, roughly. Bytes. */
const ROW_BYTES = 64;

/** Rows that wait for the id of their truncate. */
export class TruncatedRows {
  readonly rows: TruncatedRow[] = [];
  byteLength = 0;

  /** The row is written as its deletion would be: key and image are the same through both. */
  add(entryRow: number, position: number, plan: RelationPlan, old: Tuple): void {
    const scratch = new Scratch();
    const change = { action: 'delete', relation: plan, old, oldHasKeyOnly: false, new: null, large: null } as const;
    writeRowEntry(scratch, plan, withMasks(change), NO_HEAD);
    const encoded = new EncodedRow(scratch.bytes, 0);
    const [recordKey, image] = [encoded.recordKey ?? '', encoded.row ?? '{}'];
    this.rows.push({ entryRow, position, relationId: plan.relationId, recordKey, image });
    this.byteLength += ROW_BYTES + recordKey.length + image.length;
  }
}

/** COPY data for `audit.truncated_rows`. */
export function encodeTruncatedRows(rows: readonly TruncatedRow[], idOf: (row: number) => bigint): Buffer {
  const encoded = new BinaryRows(TRUNCATED_ROW_COLUMNS.length);
  for (const { entryRow, position, relationId, recordKey, image } of rows) {
    encoded.row().int8(idOf(entryRow)).int8(BigInt(position)).int4(relationId).text(recordKey).text(image);
  }
  return encoded.end();
}

const NO_HEAD = { occurredAtMicros: 0n, ordinal: 0 };

/** Holds one row. */
class Scratch implements RowTarget {
  bytes = new Bytes(Buffer.allocUnsafe(0));
  at = 0;

  beginRow(maxBytes: number): void {
    this.bytes = new Bytes(Buffer.allocUnsafe(maxBytes));
    this.at = 0;
  }
}
