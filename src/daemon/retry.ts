import { RESTORED_GAP, SourceRestored, type GapReason } from '../capture/wal/slot.ts';
import type { ErrorCode, RowtrailError } from '../lib/errors.ts';

/**
 * What kind of failure an error is.
 * - `passing`: trying again may help, also at the very first attempt.
 * - `outage`: the same once capture has run; before, it more likely means a wrong set-up.
 * - `standby`: another daemon is at work. Look now and then whether it still is.
 * - `setup`: a person has to set something right; nothing is lost, as the slot keeps it.
 * - `loss`: changes are missing, or will be. A gap, and a person.
 * - `blocked`: the same for one transaction that capture can't get past.
 */
export type FailureKind = 'passing' | 'outage' | 'standby' | 'setup' | 'loss' | 'blocked';

/** Every code, whether a capture can raise it or not: a new one does not compile without a decision. */
export const FAILURES: Readonly<Record<ErrorCode, FailureKind>> = {
  RT_CONFIG: 'setup',
  RT_USAGE: 'setup',
  RT_CONNECT: 'outage',
  RT_AUTH: 'outage',
  RT_DATABASE_MISSING: 'outage',
  RT_PRIVILEGE: 'outage',
  RT_VERSION: 'setup',
  RT_WAL_LEVEL: 'setup',
  RT_POOLER: 'setup',
  RT_SETUP_MISSING: 'setup',
  RT_SETUP_FAILED: 'setup',
  RT_LOCK_TIMEOUT: 'passing',
  RT_TABLE_UNTRACKABLE: 'setup',
  RT_NO_TABLES: 'setup',
  RT_SLOT_BUSY: 'standby',
  RT_SLOT_MISSING: 'loss',
  RT_SLOT_LOST: 'loss',
  RT_SOURCE_CHANGED: 'loss',
  RT_PUBLICATION_MISSING: 'loss',
  RT_STREAM: 'passing',
  RT_UNSENDABLE: 'blocked',
  RT_DECODE: 'blocked',
  RT_SPILL: 'passing',
  RT_STORE_MISSING: 'outage',
  RT_STORE_VERSION: 'setup',
  RT_STORE_WRITE: 'passing',
  RT_STORE_REFUSED: 'blocked',
  RT_READ_ONLY: 'outage',
  RT_RESOURCES: 'passing',
  RT_JOURNAL_FULL: 'passing',
  RT_FILTER: 'setup',
  RT_ENTRY_MISSING: 'setup',
  RT_RECORD_MISSING: 'setup',
  RT_TOKEN_MISSING: 'setup',
  RT_ENTRIES_GONE: 'passing',
  RT_QUERY_TIMEOUT: 'passing',
  RT_STORE_LOCKED: 'passing',
  RT_ARCHIVE: 'passing',
  RT_SEAL_MISSING: 'setup',
  RT_SEAL_KEY: 'setup',
  RT_FENCED: 'standby',
  RT_EMBEDDED: 'passing',
  RT_REVERT_OFF: 'setup',
  RT_REVERT_TARGET: 'setup',
  RT_REVERT_TOO_LARGE: 'setup',
  RT_REVERT_BUSY: 'passing',
  RT_REVERT_MOVED: 'passing',
  RT_REVERT_CONFLICT: 'setup',
  RT_REVERT_FAILED: 'setup',
  RT_REVERT_KEY_REUSED: 'setup',
  RT_LISTEN: 'setup',
  RT_INTERNAL: 'passing',
};

/**
 * What to do after a failed attempt. `stop`: nothing but a person helps; look rarely whether one has. `wait`: stand
 * by. `retry`: back off and try again.
 */
export type RetryDecision = 'stop' | 'wait' | 'retry';

/** Decides by the kind of error, and by whether capture has ever run in this process. Pure. */
export function decideRetry(code: ErrorCode, hasStreamed: boolean): RetryDecision {
  switch (FAILURES[code]) {
    case 'standby':
      return 'wait';
    case 'passing':
      return 'retry';
    case 'outage':
      return hasStreamed ? 'retry' : 'stop';
    default:
      return 'stop';
  }
}

/** Why the history has a hole behind this error; null: it has none. Pure. */
export function gapReason(error: RowtrailError): GapReason | null {
  return error instanceof SourceRestored ? RESTORED_GAP : (GAPS[error.code] ?? null);
}

const GAPS: Readonly<Partial<Record<ErrorCode, GapReason>>> = {
  RT_SLOT_MISSING: 'slot_missing',
  RT_SLOT_LOST: 'slot_lost',
  RT_SOURCE_CHANGED: 'source_changed',
  RT_PUBLICATION_MISSING: 'publication_missing',
  RT_UNSENDABLE: 'transaction_unsendable',
  RT_DECODE: 'transaction_undecodable',
  RT_STORE_REFUSED: 'transaction_refused',
};
