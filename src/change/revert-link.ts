/** Which entries a transaction takes back in a record, as the source told it. */
export interface RevertLink {
  /** Of the table; of a partitioned one, its root. */
  readonly relationOid: number;
  /** The record's key before or after the transaction. */
  readonly recordKey: string;
  readonly entryIds: readonly bigint[];
}
