import { EncodedRow } from '../entry/encoded-row.ts';
import { isMove } from '../entry/row-move.ts';
import { BinaryRows } from './binary-rows.ts';
import type { Flush } from './flush.ts';
import type { RowRemarks } from './row-remarks.ts';
import type { Segment } from './segment.ts';

export const LINK_COLUMNS = ['entry_id', 'kind', 'relation_id', 'record_key', 'entry_key', 'linked_id'] as const;

/** A deleted row that may turn up in another partition. */
interface DeletedRow {
  /** Number in the flush. */
  readonly row: number;
  readonly recordKey: string;
  readonly image: string;
}

/** A link between entries, by their rows in the flush. */
interface EntryLink {
  readonly row: number;
  readonly kind: 'key' | 'move';
  readonly relationId: number;
  /** The record's key before the entry, and the entry's own. */
  readonly recordKey: string;
  readonly entryKey: string;
  readonly linkedRow: number | null;
}

/** Finds the links of a flush's segments, given one after the other. */
export class LinkFinder {
  #deletedLast: DeletedRow | null = null;

  /**
   * The links of the next segment, or piece of one: whole, but not sealed. `remarks` are those of the segment;
   * `endsWithDelete`: a delete is its last row, and the row may turn up in the next one.
   */
  linksOf(piece: Segment, remarks: RowRemarks | null, endsWithDelete: boolean): EntryLink[] {
    const links = remarks === null ? [] : [...keyLinks(piece, remarks), ...this.#moveLinks(piece, remarks)];
    this.#deletedLast = endsWithDelete ? deletedRow(piece, piece.firstRow + piece.rowCount - 1) : null;
    return links;
  }

  #moveLinks(piece: Segment, remarks: RowRemarks): EntryLink[] {
    const links: EntryLink[] = [];
    for (const [row, plan] of remarks.afterDelete) {
      if (!holds(piece, row)) continue;
      const deleted = row === piece.firstRow ? this.#deletedLast : deletedRow(piece, row - 1);
      const created = rowOf(piece, row);
      if (deleted?.row !== row - 1 || !isMove(plan, deleted.image, created.row!)) continue;
      links.push({
        row,
        kind: 'move',
        relationId: plan.relationId,
        recordKey: deleted.recordKey,
        entryKey: created.recordKey!,
        linkedRow: deleted.row,
      });
    }
    return links;
  }
}

/** COPY data for `audit.entry_links`. */
export function encodeLinks(links: readonly EntryLink[], flush: Flush): Buffer {
  const rows = new BinaryRows(LINK_COLUMNS.length);
  for (const { row, kind, relationId, recordKey, entryKey, linkedRow } of links) {
    rows.row().int8(flush.idOf(row)).text(kind).int4(relationId).text(recordKey).text(entryKey);
    rows.int8(linkedRow === null ? null : flush.idOf(linkedRow));
  }
  return rows.end();
}

function keyLinks(piece: Segment, remarks: RowRemarks): EntryLink[] {
  const links: EntryLink[] = [];
  for (const [row, { relationId, before, after }] of remarks.keyChanges) {
    if (!holds(piece, row)) continue;
    const entryKey = after ?? rowOf(piece, row).recordKey!;
    links.push({ row, kind: 'key', relationId, recordKey: before, entryKey, linkedRow: null });
  }
  return links;
}

function holds(piece: Segment, row: number): boolean {
  return row >= piece.firstRow && row < piece.firstRow + piece.rowCount;
}

function deletedRow(segment: Segment, row: number): DeletedRow | null {
  const deleted = rowOf(segment, row);
  return deleted.action === 'delete' ? { row, recordKey: deleted.recordKey!, image: deleted.row! } : null;
}

function rowOf(segment: Segment, row: number): EncodedRow {
  const { bytes, start } = segment.rowAt(row - segment.firstRow);
  return new EncodedRow(bytes, start);
}
