/** How a column's output text stands in images (DESIGN §2.4); domains like their base type. */
export type ValueKind = 'text' | 'number' | 'boolean' | 'json';

/** A column as the source's catalog has it now. */
export interface TableColumn {
  readonly attnum: number;
  readonly name: string;
  /** As format_type prints it under `search_path = pg_catalog`: good for a cast. */
  readonly type: string;
  readonly kind: ValueKind;
  /** A cast to text gives what the type prints, and does so quickly. */
  readonly printsAsText: boolean;
  /** A cast from text has a function of its own, which need not read what the type prints (`'-'::regclass`). */
  readonly castsText: boolean;
  readonly generated: boolean;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
}

export interface UniqueIndex {
  /** Positions among the table's columns; null: an expression is among them. */
  readonly columns: readonly number[] | null;
  /** False: checked at the end of the transaction, once constraints are deferred. */
  readonly immediate: boolean;
}

/** A table as it is now, as far as a plan needs it. */
export interface Table {
  /** `audit.relations.id`. */
  readonly id: number;
  readonly source: string;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
  readonly columns: readonly TableColumn[];
  /** Positions in key order; null: rows are told apart by all their values. */
  readonly key: readonly number[] | null;
  /** Of the key's columns, `operator(schema.=)`. */
  readonly keyOperators: readonly string[];
  /** Two rows may have the same key until the transaction ends. */
  readonly keyIsDeferrable: boolean;
  /** Unique and exclusion indexes. */
  readonly unique: readonly UniqueIndex[];
  /** Why nothing of it can be written; null if it can. */
  readonly problem: string | null;
}

/** A foreign key between two planned tables. */
export interface ForeignKey {
  /** `audit.relations.id`. */
  readonly child: number;
  readonly parent: number;
  /** Positions among the child's columns, and those of the parent's. */
  readonly columns: readonly number[];
  readonly parentColumns: readonly number[];
  readonly deferrable: boolean;
}

/** By column position: output text; null: NULL; undefined: not known. */
export type Values = (string | null | undefined)[];
