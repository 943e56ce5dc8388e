/**
 * Every error Rowtrail raises on purpose has a code from this table. Codes are
 * stable: people grep logs and write alerts for them.
 */
export const ERROR_CODES = {
  RT_CONFIG: 'the configuration is wrong: the message names the key, what was found and what it takes',
  RT_USAGE: 'the command line is wrong',
  RT_CONNECT: 'a database cannot be reached',
  RT_AUTH: 'a database refused the role or password',
  RT_DATABASE_MISSING: 'the named database does not exist',
  RT_PRIVILEGE: 'the role lacks a right that this step needs',
  RT_VERSION: 'the PostgreSQL version is not supported',
  RT_WAL_LEVEL: 'wal_level is not logical',
  RT_POOLER: 'a connection pooler stands where a direct connection is needed',
  RT_SETUP_MISSING: '`rowtrail setup` has not been run, or was undone',
  RT_SETUP_FAILED: '`rowtrail setup` failed and put back what it had changed',
  RT_LOCK_TIMEOUT: 'a lock could not be had in time; nothing was changed',
  RT_TABLE_UNTRACKABLE: 'a table has no usable key or identity',
  RT_NO_TABLES: 'no table matches the configured patterns',
  RT_SLOT_BUSY: 'the replication slot is in use by another process',
  RT_SLOT_MISSING: 'the replication slot does not exist',
  RT_SLOT_LOST: 'the replication slot was invalidated or moved: changes may be missing',
  RT_SOURCE_CHANGED:
    'the source is another server, on another timeline, or a restored backup of the one the checkpoint belongs to',
  RT_PUBLICATION_MISSING: 'the publication does not exist',
  RT_STREAM: 'the replication stream ended, broke or fell silent',
  RT_UNSENDABLE:
    'the source cannot send a transaction, now or later: capture stops, and the hint says how to pass over it',
  RT_DECODE: 'a replication message could not be decoded: capture stops rather than guess',
  RT_SPILL: 'a row too large for memory could not be kept on disk while it is stored',
  RT_STORE_MISSING: 'the store has no audit schema yet',
  RT_STORE_VERSION: 'the store was migrated by a newer Rowtrail',
  RT_STORE_WRITE: 'the store refused a write',
  RT_STORE_REFUSED: 'the store will never take a transaction: capture stops, and the hint says how to pass over it',
  RT_READ_ONLY: 'a database takes no writes: it is a standby, or set to read-only',
  RT_RESOURCES: 'a database is out of connections, WAL senders, memory or disk space',
  RT_JOURNAL_FULL: 'more entries wait to be written than the journal takes: try again in a moment',
  RT_FILTER: 'a filter, time or cursor is wrong: the message names the parameter',
  RT_ENTRY_MISSING: 'there is no such entry',
  RT_RECORD_MISSING: 'the history has no such record',
  RT_TOKEN_MISSING: 'there is no such token',
  RT_ENTRIES_GONE: 'entries went out of the history, by its retention, while they were being read: ask again',
  RT_QUERY_TIMEOUT: 'a query of the store ran past its time limit: narrow it',
  RT_STORE_LOCKED: 'another session of the store holds a lock that the writing of entries waits for',
  RT_ARCHIVE: 'a partition that is to go could not be written to `store.archive`; it stays',
  RT_SEAL_MISSING: 'the history has no seal yet',
  RT_SEAL_KEY: 'a key for signing seals, or for verifying them, cannot be read or is not one',
  RT_FENCED: 'another daemon took over this source',
  RT_EMBEDDED: 'the embedded PostgreSQL could not be started',
  RT_REVERT_OFF: 'the source has no `revert.url`: reverts are off',
  RT_REVERT_TARGET: 'there is nothing that could be taken back, or not all of it is the caller’s to see',
  RT_REVERT_TOO_LARGE: 'more rows are to be taken back than one revert may: narrow the target',
  RT_REVERT_BUSY: 'another revert runs on the source',
  RT_REVERT_MOVED: 'what a plan would do now is not what its preview showed: the new preview comes with the error',
  RT_REVERT_CONFLICT: 'the plan has conflicts or impossible steps: the preview with the error names them',
  RT_REVERT_FAILED: 'the database refused a revert as a whole; nothing was changed',
  RT_REVERT_KEY_REUSED: 'the Idempotency-Key was used for another revert',
  RT_LISTEN: 'the HTTP server could not listen',
  RT_INTERNAL: 'a defect in Rowtrail',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a documented code, and a hint that says what to do next. */
export class RowtrailError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'RowtrailError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The message of anything thrown, for logs and terminals. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}

/** The same, without the values that messages of class 22 quote: rows' values do not belong into errors. */
export function tellable(error: unknown): string {
  const code = codeOf(error) ?? '';
  return code.startsWith('22') ? `SQLSTATE ${code}` : messageOf(error);
}

/** The `code` of a Node or PostgreSQL error (`ECONNREFUSED`, `55006`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error) {
    return typeof error.code === 'string' ? error.code : undefined;
  }
  return undefined;
}
