import { describe, expect, it } from 'vitest';
import { entryDiff } from '../../../src/cli/entry-diff.ts';
import { createPaint } from '../../../src/cli/paint.ts';

const ENTRY = {
  id: '5',
  action: 'update',
  timestamp: '2026-01-02T03:04:05.000006Z',
  source: 'shop',
  schema: 'public',
  table: 'orders',
  record: '1',
  key: { id: 1 },
  changed: ['total', 'note'],
  user: { id: '7', name: 'Ana' },
  ip: '203.0.113.9',
  user_agent: null,
  comment: 'called\u001b[31m',
  request_id: null,
  context: {},
  attribution: 'app',
  database: { role: 'app', session_role: 'login', application_name: 'web', client_addr: null, pid: 4711 },
  transaction: { id: '4', xid: '745', lsn: '0/16B3748', ordinal: 1, size: 4 },
  incomplete: { columns: ['note'], reason: 'toast' },
};

function diff(entry: object, before: string, after: string): string[] {
  return entryDiff(
    `${JSON.stringify(entry).slice(0, -1)},"before":${before},"after":${after}}`,
    createPaint(false),
  ).split('\n');
}

describe('an entry on many lines', () => {
  it('has what is known of it, and what changed to the digit', () => {
    expect(diff(ENTRY, '{"id":1,"total":1.00}', '{"id":1,"total":12345678901234567890.10,"note":"x\\ny"}')).toEqual([
      'entry        5  update',
      'record       public.orders  1',
      'source       shop',
      'time         2026-01-02T03:04:05.000006Z',
      'user         Ana (7)',
      'address      203.0.113.9',
      'comment      called\\u{1b}[31m',
      'attribution  app',
      'database     app (session of login), web, process 4711',
      'transaction  4, entry 2 of 4, xid 745, LSN 0/16B3748',
      'incomplete   note (toast)',
      '',
      '  id     1',
      '- total  1.00',
      '+ total  12345678901234567890.10',
      '- note   ?',
      '+ note   "x\\ny"',
    ]);
  });

  it('has only what came or went where there is one row', () => {
    const plain = { id: '5', action: 'delete', changed: [], user: null };
    expect(diff(plain, '{"id":1,"b":null}', 'null')).toEqual(['entry        5  delete', '', '- id  1', '- b   null']);
    expect(diff({ ...plain, action: 'create' }, 'null', '{"id":1}')).toEqual(['entry        5  create', '', '+ id  1']);
    expect(diff({ ...plain, action: 'login', data: { with: 'key' } }, 'null', 'null')).toEqual([
      'entry        5  login',
      'data         {"with":"key"}',
    ]);
  });
});
