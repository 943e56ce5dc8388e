import type { RevertLink } from '../change/revert-link.ts';
import { BinaryRows } from './binary-rows.ts';

export const PENDING_REVERT_COLUMNS = ['source_id', 'xid', 'relation_oid', 'record_key', 'linked_id'] as const;

/** What a link takes beside its key and entry ids, roughly. Bytes. */
const LINK_BYTES = 96;
const ENTRY_ID_BYTES = 24;

/** What the transactions of a flush take back. It goes over as it comes in: the rows that it is about may be yet to come. */
export class RevertLinks {
  readonly links: { readonly xid: number; readonly link: RevertLink }[] = [];
  byteLength = 0;

  add(xid: number, link: RevertLink): void {
    this.links.push({ xid, link });
    this.byteLength += LINK_BYTES + link.recordKey.length + ENTRY_ID_BYTES * link.entryIds.length;
  }
}

/** COPY data for `audit.pending_reverts`. */
export function encodeRevertLinks({ links }: RevertLinks, sourceId: number): Buffer {
  const rows = new BinaryRows(PENDING_REVERT_COLUMNS.length);
  for (const { xid, link } of links) {
    for (const id of link.entryIds) {
      rows.row().int4(sourceId).int8(BigInt(xid)).int8(BigInt(link.relationOid)).text(link.recordKey).int8(id);
    }
  }
  return rows.end();
}
