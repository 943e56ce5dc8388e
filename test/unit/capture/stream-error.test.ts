import { describe, expect, test } from 'vitest';
import { BlockedTransaction, skipRunbook } from '../../../src/capture/wal/blocked.ts';
import { explainRefusal, explainStreamError, skipsPublication } from '../../../src/capture/wal/stream-error.ts';
import { judgeSilence } from '../../../src/capture/wal/walsender.ts';

const TARGET = { url: 'postgres://rep:secret-word@db.example/shop', slot: 'shop', publication: 'shop' };

function failure(code: string, message: string, detail?: string): Error {
  return Object.assign(new Error(message), { code, detail });
}

describe('what the server says instead of streaming', () => {
  test.each([
    ['55006', 'replication slot "shop" is active for PID 17', 'RT_SLOT_BUSY'],
    ['42704', 'replication slot "shop" does not exist', 'RT_SLOT_MISSING'],
    ['55000', 'can no longer get changes from replication slot "shop"', 'RT_SLOT_LOST'],
    ['55000', 'cannot read from logical replication slot "shop"', 'RT_SLOT_LOST'],
    ['55000', 'can no longer access replication slot "shop"', 'RT_SLOT_LOST'],
    ['55000', 'logical decoding requires "wal_level" >= "logical"', 'RT_WAL_LEVEL'],
    ['42601', 'syntax error at or near "START_REPLICATION"', 'RT_POOLER'],
    ['42501', 'permission denied to use replication slots', 'RT_PRIVILEGE'],
    ['53300', 'number of requested standby connections exceeds "max_wal_senders"', 'RT_RESOURCES'],
    ['57P03', 'the database system is starting up', 'RT_CONNECT'],
  ])('%s %s: %s', (code, message, expected) => {
    const error = explainRefusal(failure(code, message), TARGET);
    expect(error.code).toBe(expected);
    expect(error.hint).toBeTruthy();
    expect(`${error.message} ${error.hint}`).not.toContain('secret-word');
  });
});

describe('what ends a stream', () => {
  test.each<[string, string, string | undefined, string]>([
    // The slot and the publication may have one name, and messages may be in another language.
    ['42704', 'Publikation »shop« existiert nicht', undefined, 'RT_PUBLICATION_MISSING'],
    ['58P01', 'requested WAL segment 000000010000000000000001 has already been removed', undefined, 'RT_SLOT_LOST'],
    ['54000', 'out of memory', 'Cannot enlarge string buffer containing 990000098 bytes by 1 more.', 'RT_UNSENDABLE'],
    ['54000', 'string buffer exceeds maximum allowed length (1073741823 bytes)', undefined, 'RT_UNSENDABLE'],
    ['XX000', 'invalid memory alloc request size 1100000072', undefined, 'RT_UNSENDABLE'],
    ['53200', 'out of memory', 'Cannot enlarge string buffer containing 1 bytes by 1 more bytes.', 'RT_UNSENDABLE'],
    ['53200', 'out of memory', 'Failed on request of size 1048576.', 'RT_RESOURCES'],
    ['22021', 'invalid byte sequence for encoding "UTF8": 0xe9', undefined, 'RT_UNSENDABLE'],
    ['XX001', 'invalid page in block 0', undefined, 'RT_STREAM'],
    ['57P01', 'terminating connection due to administrator command', undefined, 'RT_CONNECT'],
    ['ECONNRESET', 'read ECONNRESET', undefined, 'RT_CONNECT'],
  ])('%s %s (%s): %s', (code, message, detail, expected) => {
    const error = explainStreamError(failure(code, message, detail), TARGET);
    expect(error.code).toBe(expected);
    expect(`${error.message} ${error.hint}`).not.toMatch(/secret-word|0xe9/);
  });

  test('a warning that a publication is skipped, in any language, and no other notice', () => {
    const skips = (code: string, message: string): boolean => skipsPublication({ code, message }, 'shop');
    expect(skips('55000', 'skipped loading publication "shop"')).toBe(true);
    expect(skips('55000', 'Laden der Publikation »shop« wurde übersprungen')).toBe(true);
    expect(skips('55000', 'skipped loading publication "other"')).toBe(false);
    expect(skips('01000', 'something about "shop"')).toBe(false);
  });
});

describe('a transaction that capture cannot get past', () => {
  test('is passed over alone where its place is known', () => {
    const error = new BlockedTransaction(
      'RT_UNSENDABLE',
      'cannot send {transaction}: too large',
      "o'shop",
      0x1_0000_00ffn,
      null,
    );
    expect(error.message).toBe('cannot send the transaction that commits at 1/FF: too large');
    expect(error.skipLsn).toBe(0x1_0000_0100n);
    expect(error.hint).toContain("select pg_replication_slot_advance('o''shop', '1/100');");
    expect(error.hint).toContain('rowtrail setup');
  });

  test('is passed over with what came after it where that is not known', () => {
    expect(skipRunbook('shop', null)).toContain("select pg_replication_slot_advance('shop', pg_current_wal_lsn());");
  });
});

test.each<[string, Parameters<typeof judgeSilence>[0], 'working' | 'dead']>([
  ['nobody holds the slot', null, 'dead'],
  ['another walsender holds the slot', { pid: 2, waitEventType: null }, 'dead'],
  ['ours decodes a very large transaction', { pid: 1, waitEventType: null }, 'working'],
  ['ours reads what it has spilled to disk', { pid: 1, waitEventType: 'IO' }, 'working'],
  ['ours waits for WAL, and would have answered', { pid: 1, waitEventType: 'Activity' }, 'dead'],
  ['ours waits for us to read', { pid: 1, waitEventType: 'Client' }, 'dead'],
])('a long silence while %s', (_, walsender, expected) => {
  expect(judgeSilence(walsender, 1)).toBe(expected);
});
