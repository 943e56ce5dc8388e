import type { Table, Values } from './table.ts';

/** What an entry did to a row, in terms of the columns that the table has now. */
export interface RowChange {
  readonly entry: bigint;
  /** A truncate whose rows are not known has none: it is of no record. */
  readonly kind: 'create' | 'update' | 'delete' | 'truncate';
  readonly table: Table;
  /** The record's key after the change; of a delete, the last one. */
  readonly key: string;
  /** Of an update, the one before. */
  readonly keyBefore: string;
  /** The image after; of a delete, the last one. */
  readonly row: Values;
  /** Of an update: positions of the columns that changed, and what they were. */
  readonly changed: readonly number[];
  readonly old: Values;
  /** Of a create: positions of columns whose values it does not tell, though they were there. */
  readonly unseen: readonly number[];
  /** Why it can't be taken back; null if it can. */
  readonly problem: string | null;
}
