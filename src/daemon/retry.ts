import { codeOf, RowtrailError, type ErrorCode } from '../lib/errors.ts';

/**
 * What to do after a failed attempt. `stop`: trying again cannot help, or would lose or invent entries, until
 * a person has acted. `wait`: another daemon is at work; stand by. `retry`: back off and try again.
 */
export type RetryDecision = 'stop' | 'wait' | 'retry';

const STOP: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RT_DECODE',
  'RT_SETUP_MISSING',
  'RT_SLOT_LOST',
  'RT_SLOT_MISSING',
  'RT_SOURCE_CHANGED',
  'RT_STORE_VERSION',
  'RT_VERSION',
  'RT_WAL_LEVEL',
  'RT_POOLER',
]);

/** Errors that at the very first attempt mean a wrong set-up rather than a passing fault. */
const STOP_AT_FIRST: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RT_CONNECT',
  'RT_AUTH',
  'RT_DATABASE_MISSING',
  'RT_PRIVILEGE',
  'RT_PUBLICATION_MISSING',
  'RT_STORE_MISSING',
]);

/** Decides by the kind of error, and by whether capture has ever run in this process. */
export function decideRetry(error: unknown, hasStreamed: boolean): RetryDecision {
  if (!(error instanceof RowtrailError)) return 'retry';
  if (error.code === 'RT_FENCED' || error.code === 'RT_SLOT_BUSY') return 'wait';
  if (STOP.has(error.code)) return 'stop';
  return !hasStreamed && STOP_AT_FIRST.has(error.code) ? 'stop' : 'retry';
}

/** START_REPLICATION's refusals, as errors that say what to do. https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function explainStreamError(error: unknown, slot: string, publication: string): unknown {
  if (error instanceof RowtrailError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  if (codeOf(error) === '55006') {
    return new RowtrailError('RT_SLOT_BUSY', `the slot ${slot} is in use: ${detail}`, {
      hint: 'Another Rowtrail (or another consumer) holds it. This one stands by and takes over when it is free.',
      cause: error,
    });
  }
  if (codeOf(error) === '42704' && /publication/.test(detail)) {
    return new RowtrailError('RT_PUBLICATION_MISSING', `the publication ${publication} does not exist: ${detail}`, {
      hint: 'Run `rowtrail setup` to make it again.',
      cause: error,
    });
  }
  if (codeOf(error) === '42704') {
    return new RowtrailError('RT_SLOT_MISSING', `the slot ${slot} does not exist: ${detail}`, {
      hint: 'Run `rowtrail setup`: it makes a new one and records the gap.',
      cause: error,
    });
  }
  if (codeOf(error) === '55000' && /no longer|invalidated|can no longer/.test(detail)) {
    return new RowtrailError('RT_SLOT_LOST', `the slot ${slot} was invalidated: ${detail}`, {
      hint: 'Raise max_slot_wal_keep_size and run `rowtrail setup`: it makes a new one and records the gap.',
      cause: error,
    });
  }
  if (codeOf(error) === '42601') {
    return new RowtrailError('RT_POOLER', `the source does not understand replication commands: ${detail}`, {
      hint: 'A connection pooler that ignores `replication=database` stands in between. Give Rowtrail a direct connection.',
      cause: error,
    });
  }
  return error;
}
