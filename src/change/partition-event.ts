/**
 * What became of a partition (or a whole table), told by the source's own triggers with the install secret:
 * logical decoding sends nothing for it.
 * - `truncated`: a leaf is emptied by itself, and its rows could not be captured
 * - `created`, `joined`, `attached`: a partition is covered from here. It is new; or was a table before, and either holds
 *   no row that was never seen, or does
 * - `detached`, `dropped`: its rows have left the root; `dropped` with the root's own oid: the table is gone
 * - `untracked`: a partition or table has come and could not be covered
 * - `filled`: a table is covered from here, and came with rows, which are not streamed
 */
export type PartitionEventKind =
  | 'truncated'
  | 'created'
  | 'joined'
  | 'attached'
  | 'detached'
  | 'dropped'
  | 'untracked'
  | 'filled';

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
