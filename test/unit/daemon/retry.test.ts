import { describe, expect, test } from 'vitest';
import { SourceRestored } from '../../../src/capture/wal/slot.ts';
import { decideRetry, FAILURES, gapReason, type FailureKind } from '../../../src/daemon/retry.ts';
import { ERROR_CODES, RowtrailError, type ErrorCode } from '../../../src/lib/errors.ts';

/** Every kind, with its codes; each code once. */
const EXPECTED: Readonly<Record<FailureKind, readonly ErrorCode[]>> = {
  passing: [
    'RT_LOCK_TIMEOUT',
    'RT_STREAM',
    'RT_SPILL',
    'RT_STORE_WRITE',
    'RT_RESOURCES',
    'RT_JOURNAL_FULL',
    'RT_ARCHIVE',
    'RT_STORE_LOCKED',
    'RT_ENTRIES_GONE',
    'RT_QUERY_TIMEOUT',
    'RT_EMBEDDED',
    'RT_REVERT_BUSY',
    'RT_REVERT_MOVED',
    'RT_INTERNAL',
  ],
  outage: ['RT_CONNECT', 'RT_AUTH', 'RT_DATABASE_MISSING', 'RT_PRIVILEGE', 'RT_STORE_MISSING', 'RT_READ_ONLY'],
  standby: ['RT_SLOT_BUSY', 'RT_FENCED'],
  setup: [
    'RT_CONFIG',
    'RT_USAGE',
    'RT_VERSION',
    'RT_WAL_LEVEL',
    'RT_POOLER',
    'RT_SETUP_MISSING',
    'RT_SETUP_FAILED',
    'RT_TABLE_UNTRACKABLE',
    'RT_NO_TABLES',
    'RT_STORE_VERSION',
    'RT_FILTER',
    'RT_ENTRY_MISSING',
    'RT_RECORD_MISSING',
    'RT_TOKEN_MISSING',
    'RT_REVERT_OFF',
    'RT_REVERT_TARGET',
    'RT_REVERT_TOO_LARGE',
    'RT_REVERT_CONFLICT',
    'RT_REVERT_FAILED',
    'RT_REVERT_KEY_REUSED',
    'RT_SEAL_KEY',
    'RT_SEAL_MISSING',
    'RT_LISTEN',
  ],
  loss: ['RT_SLOT_MISSING', 'RT_SLOT_LOST', 'RT_SOURCE_CHANGED', 'RT_PUBLICATION_MISSING'],
  blocked: ['RT_UNSENDABLE', 'RT_DECODE', 'RT_STORE_REFUSED'],
};
const KINDS = Object.entries(EXPECTED) as [FailureKind, ErrorCode[]][];
const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

test('every code has its kind', () => {
  expect(KINDS.flatMap(([, codes]) => codes).toSorted()).toEqual(CODES.toSorted());
  for (const [kind, codes] of KINDS) for (const code of codes) expect([code, FAILURES[code]]).toEqual([code, kind]);
});

test.each<[FailureKind, string, string]>([
  ['passing', 'retry', 'retry'],
  ['outage', 'stop', 'retry'],
  ['standby', 'wait', 'wait'],
  ['setup', 'stop', 'stop'],
  ['loss', 'stop', 'stop'],
  ['blocked', 'stop', 'stop'],
])('%s: %s before capture has run, %s after', (kind, first, later) => {
  for (const code of EXPECTED[kind]) {
    expect([code, decideRetry(code, false), decideRetry(code, true)]).toEqual([code, first, later]);
  }
});

describe('a gap is recorded', () => {
  test('for a loss and for a transaction that stops capture, and for nothing else', () => {
    const withGap = CODES.filter((code) => gapReason(new RowtrailError(code, '')) !== null);
    expect(withGap.toSorted()).toEqual([...EXPECTED.loss, ...EXPECTED.blocked].toSorted());
  });

  test('of a reason of its own for a restored backup', () => {
    expect(gapReason(new SourceRestored('restored'))).toBe('source_restored');
    expect(gapReason(new RowtrailError('RT_SOURCE_CHANGED', ''))).toBe('source_changed');
  });
});
