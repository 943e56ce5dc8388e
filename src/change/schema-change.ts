/** A column as the source's catalog has it. */
export interface SchemaColumn {
  readonly attnum: number;
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly default?: string;
  readonly generated?: 'stored' | 'identity';
}

/** A command that changed the schema, told by the source's event triggers with the install secret. */
export interface SchemaChange {
  /** As PostgreSQL has it, such as ALTER TABLE; `rewrite`: the command that follows writes the table anew. */
  readonly tag: string;
  /** As PostgreSQL has it, such as table, view, function, policy. */
  readonly objectType: string;
  readonly objectSchema: string | null;
  /** Quoted where needed, with its schema or table. */
  readonly identity: string | null;
  /** The table that it is about: a root, where it is about partitions. */
  readonly table: {
    readonly oid: number;
    /** It is captured. */
    readonly isTracked: boolean;
    /** Null: it is gone. */
    readonly schema: string | null;
    readonly name: string | null;
  } | null;
  /** The table's columns before and after the command; null: not known, or not about columns. */
  readonly before: readonly SchemaColumn[] | null;
  readonly after: readonly SchemaColumn[] | null;
  /** Further members of the entry's data. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly statement: string | null;
}
