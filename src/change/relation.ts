/** A type by its schema and name. */
export interface TypeName {
  readonly schema: string;
  readonly name: string;
}

/** A column as the replication stream describes it. */
export interface Column {
  readonly name: string;
  readonly typeOid: number;
  /** The type as it was then, a domain by its innermost base type; null for built-in types, which their oids name. */
  readonly baseType: TypeName | null;
  readonly typeModifier: number;
  /** Part of the replica identity (all columns, with identity FULL). */
  readonly identity: boolean;
}

/**
 * A table version: what was true of it between two Relation messages.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** d: default (primary key), n: nothing, f: full, i: index. */
  readonly replicaIdentity: 'd' | 'n' | 'f' | 'i';
  readonly columns: readonly Column[];
}
