import { describe, expect, it } from 'vitest';
import { entryJson, type EntryRecord } from '../../../src/query/entry-json.ts';

const RECORD: EntryRecord = {
  id: '382734061568042',
  action: 'update',
  timestamp: '2026-11-22T00:31:07.123456Z',
  source: 'shop',
  record_key: '42',
  changed: ['status'],
  unknown: null,
  row: '{"id":42,"status":"shipped","total":12345678901234567890.10}',
  old: '{"status":"paid"}',
  data: null,
  transaction_id: '382734061568039',
  ordinal: '3',
  size: '12',
  after_gap: null,
  relation: { schema_name: 'public', table_name: 'orders', key_columns: ['id'] },
  context: {
    actor_kind: 'user',
    actor_claim: '7',
    actor_name: 'Ana',
    ip: '203.0.113.9',
    user_agent: 'Mozilla/5.0 …',
    comment: 'customer called',
    request_id: 'r-1',
    context: '{"n": 1.0}',
    attribution: 'app',
    role: 'none',
    application_name: 'web',
    session_role: 'app',
    client_addr: '10.0.0.5',
    pid: '4711',
  },
  transaction: { xid: '745', lsn: '0/16B3748' },
};

const relation = (changes: Partial<EntryRecord['relation']>): Pick<EntryRecord, 'relation'> => ({
  relation: { ...RECORD.relation, ...changes },
});
const context = (changes: Partial<EntryRecord['context']>): Pick<EntryRecord, 'context'> => ({
  context: { ...RECORD.context, ...changes },
});

function parsed(changes: Partial<EntryRecord>): Record<string, unknown> {
  return JSON.parse(entryJson({ ...RECORD, ...changes })) as Record<string, unknown>;
}

describe('an entry', () => {
  it('has every key of the contract, in its order, with images untouched', () => {
    expect(entryJson(RECORD)).toBe(
      '{"id":"382734061568042","action":"update","timestamp":"2026-11-22T00:31:07.123456Z",' +
        '"source":"shop","schema":"public","table":"orders","record":"42","key":{"id":42},"changed":["status"],' +
        '"before":{"id":42,"status":"paid","total":12345678901234567890.10},' +
        '"after":{"id":42,"status":"shipped","total":12345678901234567890.10},' +
        '"user":{"id":"7","name":"Ana"},"ip":"203.0.113.9","user_agent":"Mozilla/5.0 …","comment":"customer called",' +
        '"request_id":"r-1","context":{"n": 1.0},"attribution":"app",' +
        '"database":{"role":"app","session_role":"app","application_name":"web","client_addr":"10.0.0.5","pid":4711},' +
        '"transaction":{"id":"382734061568039","xid":"745","lsn":"0/16B3748","ordinal":3,"size":12},' +
        '"reverts":[],"reverted_by":[],"comments":0,"incomplete":null}',
    );
  });

  it('shows what an event carries, to the digit, and its own comment', () => {
    const nowhere = relation({ schema_name: null, table_name: null });
    const event = { action: 'refund', row: null, old: null, changed: null, ...nowhere };
    const data = '{"comment":"by phone","schema":"public","table":"invoices","data":{"amount":1.50}}';
    expect(entryJson({ ...RECORD, ...event, data })).toMatch(/"incomplete":null,"data":\{"amount":1\.50\}\}$/);
    expect(parsed({ ...event, data })).toMatchObject({
      action: 'refund',
      comment: 'by phone',
      schema: 'public',
      table: 'invoices',
      before: null,
      after: null,
    });
    expect(parsed({ ...event, data: '{}' })).toMatchObject({ comment: 'customer called', table: null, data: null });
  });

  it('has the images its action has', () => {
    expect(parsed({ action: 'create', old: null, changed: null })).toMatchObject({
      before: null,
      after: { id: 42 },
      changed: [],
    });
    expect(parsed({ action: 'baseline', old: null })).toMatchObject({ before: null, after: { id: 42 } });
    expect(parsed({ action: 'delete', old: null })).toMatchObject({ before: { id: 42 }, after: null });
    expect(parsed({ action: 'truncate', row: null, old: null })).toMatchObject({
      before: null,
      after: null,
      key: null,
    });
    expect(parsed({ action: 'login', row: null, old: null })).toMatchObject({ before: null, after: null, key: null });
  });

  it('says which values are not known, and why', () => {
    const toast = parsed({ row: '{"id":42}', old: null, changed: [], unknown: ['body'] });
    expect(toast).toMatchObject({ incomplete: { columns: ['body'], reason: 'toast' } });
    expect(toast['before']).toEqual({ id: 42 });
    expect(toast['after']).toEqual({ id: 42 });
    const identity = parsed({ row: '{"id":42,"body":"new"}', old: null, changed: [], unknown: ['body'] });
    expect(identity).toMatchObject({ incomplete: { columns: ['body'], reason: 'identity' } });
    expect(identity['before']).toEqual({ id: 42 });
    expect(identity['after']).toEqual({ id: 42, body: 'new' });
    expect(parsed({ action: 'delete', row: '{"id":42}', old: null, unknown: ['body'] })).toMatchObject({
      before: { id: 42 },
      incomplete: { columns: ['body'], reason: 'identity' },
    });
  });

  it('takes the key from the row, after a key change the new one', () => {
    const row = '{"region":"eu","id":9223372036854775807}';
    expect(entryJson({ ...RECORD, ...relation({ key_columns: ['id', 'region'] }), row, old: '{"id":1}' })).toContain(
      '"key":{"id":9223372036854775807,"region":"eu"}',
    );
    expect(parsed(relation({ key_columns: null }))['key']).toBeNull();
    expect(parsed(relation({ key_columns: ['renamed'] }))['key']).toBeNull();
  });

  it('keeps claims and facts apart', () => {
    expect(parsed(context({ actor_kind: 'database', actor_claim: 'app' }))['user']).toBeNull();
    expect(parsed(context({ actor_kind: null, attribution: null }))).toMatchObject({
      user: null,
      attribution: 'unknown',
    });
    expect(parsed(context({ role: 'admin' }))['database']).toMatchObject({ role: 'admin', session_role: 'app' });
    expect(parsed(context({ session_role: null }))['database']).toBeNull();
    expect(parsed({ transaction_id: null })['transaction']).toBeNull();
    expect(parsed(context({ context: null }))['context']).toEqual({});
  });
});
