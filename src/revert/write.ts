import type { Table, Values } from './table.ts';

/** One row to be written. */
export interface RowWrite {
  /** Which step it is of. */
  readonly step: number;
  /** Where the row is: by position, values of its key. */
  readonly place: Values;
  /** Of a row of a table without a key, as it was read: `ctid` and `tableoid`. */
  readonly pin: { readonly ctid: string; readonly tableoid: string } | null;
  /** What the row is now, as far as it is known. */
  readonly before: Values;
  readonly values: Values;
}

/** Rows that one statement can write, or several alike. */
export interface WriteGroup {
  readonly table: Table;
  readonly action: 'create' | 'update' | 'delete';
  /** Positions of the columns that are written; none for delete. */
  readonly columns: readonly number[];
  readonly rows: readonly RowWrite[];
}

/** Groups that go together: more than one where no order among them would do. */
export type Stage = readonly WriteGroup[];

/** Gathers rows that one statement can write, in the order in which they come. */
export function gather(writes: Iterable<Omit<WriteGroup, 'rows'> & { readonly row: RowWrite }>): WriteGroup[] {
  const groups = new Map<string, WriteGroup & { readonly rows: RowWrite[] }>();
  for (const { table, action, columns, row } of writes) {
    const key = `${table.id} ${action} ${columns.join()}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { table, action, columns, rows: [row] });
    else group.rows.push(row);
  }
  return [...groups.values()];
}
