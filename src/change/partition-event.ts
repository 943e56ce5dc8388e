/**
 * What became of a partition (or a whole table), told by the source's own triggers with the install secret:
 * logical decoding sends nothing for it.
 * - `truncating`: a TRUNCATE of the root begins, which is streamed itself
 * - `truncated`: a leaf is emptied
 * - `created`, `attached`: a partition is covered from here; an attached one holds rows that were never seen
 * - `detached`, `dropped`: its rows have left the root; `dropped` with the root's own oid: the table is gone
 * - `untracked`: a partition has come and could not be covered
 */
export type PartitionEventKind =
  | 'truncating'
  | 'truncated'
  | 'created'
  | 'attached'
  | 'detached'
  | 'dropped'
  | 'untracked';

export interface PartitionEvent {
  readonly what: PartitionEventKind;
  readonly rootOid: number;
  readonly rootSchema: string;
  readonly rootName: string;
  /** The partition, or the root itself. */
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}
