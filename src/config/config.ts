/** The configuration after defaults, as the rest of Rowtrail sees it. The public keys are DESIGN §8's. */
export interface Config {
  readonly store: StoreConfig;
  readonly sources: readonly SourceConfig[];
  readonly seal: SealConfig;
  readonly http: HttpConfig;
  readonly log: { readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' };
}

export interface StoreConfig {
  /** Defaults to the first source's. */
  readonly url: string;
  readonly schema: string;
  readonly partition: 'day' | 'week' | 'month';
  /** Days; null keeps everything. */
  readonly retentionDays: number | null;
  /** A folder: what retention removes is written there before. Null: it is not kept. */
  readonly archiveDir: string | null;
}

/** How the history is sealed. */
export interface SealConfig {
  readonly enabled: boolean;
  /** Between two looks at what has no seal yet. */
  readonly intervalMs: number;
  /** Of one seal. */
  readonly maxEntries: number;
  /** An Ed25519 private key, PEM. Null: seals are not signed. */
  readonly keyFile: string | null;
}

export interface SourceConfig {
  readonly name: string;
  readonly url: string;
  /** Used by `setup` and `teardown` alone: a role that owns the tables. Null: `url`. */
  readonly adminUrl: string | null;
  readonly capture: 'wal' | 'trigger';
  /** Of `capture: trigger`: what waits to be captured may take this much, and further changes are dropped, with a gap. */
  readonly outbox: { readonly maxBytes: number };
  /** `schema.table` patterns with `*`, `!` before an exclusion; later patterns win. */
  readonly tables: readonly string[];
  readonly identity: 'full' | 'existing';
  readonly truncate: { readonly capture: boolean; readonly maxBytes: number };
  /** Entries of schema changes hold the statement's text. */
  readonly ddlText: boolean;
  readonly tableOptions: Readonly<Record<string, TableOptions>>;
  /** The key of `hash` columns and of masked key columns. Never printed. Null: there is none. */
  readonly hashKey: string | null;
  readonly baseline: boolean;
  readonly slot: string;
  readonly publication: string;
  /** Existing conventions: claim name → where to find it. */
  readonly context: Readonly<Record<string, ContextMapping>>;
  readonly users: { readonly table: string; readonly id: string; readonly name: string } | null;
  readonly links: Readonly<Record<string, string>>;
  readonly revert: { readonly url: string } | null;
  readonly allowUnboundedWal: boolean;
}

export interface TableOptions {
  readonly exclude: readonly string[];
  readonly hash: readonly string[];
  readonly redact: readonly string[];
  readonly identity: 'full' | 'existing' | null;
}

export interface ContextMapping {
  readonly setting: string;
  readonly path: string | null;
}

export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  /** Where browsers find it, behind a proxy: scheme, host and port, no path. */
  readonly publicUrl: string | null;
  /** Further names that it answers to. */
  readonly hosts: readonly string[];
  readonly auth: {
    readonly mode: 'token' | 'none';
    /** `/metrics` takes no token. */
    readonly publicMetrics: boolean;
  };
  /** Of each token. */
  readonly requestsPerMinute: number;
  readonly contact: string | null;
  /** What of those who use the interface becomes entries. */
  readonly journal: {
    readonly reads: boolean;
    readonly exports: boolean;
    readonly reverts: boolean;
    readonly denials: boolean;
  };
}
