import { expect, it } from 'vitest';
import { ByteBuilder } from '../../../src/query/byte-builder.ts';
import { entryTexts, type EntryRecord } from '../../../src/query/entry-json.ts';
import { CSV_COLUMNS, csvCell, writeCsvLine } from '../../../src/query/export-format.ts';

it('defuses cells that a spreadsheet would run', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '=HYPERLINK("x","y")']) {
    expect(csvCell(text).replaceAll(/^"|"$/g, '')).toMatch(/^'/);
  }
  for (const text of ['', 'a=1', '1-1', "'=1", '42', 'a@b.example']) expect(csvCell(text)).toBe(text);
});

it('quotes as RFC 4180 has it', () => {
  expect(csvCell('a,b')).toBe('"a,b"');
  expect(csvCell('say "hi"')).toBe('"say ""hi"""');
  expect(csvCell('two\r\nlines')).toBe('"two\r\nlines"');
  expect(csvCell('=a,"b"')).toBe('"\'=a,""b"""');
});

it('has a cell for each column, nested ones too', () => {
  const record: EntryRecord = {
    ...NO_ENTRY,
    id: '1',
    action: 'update',
    context: { ...NO_CONTEXT, actor_kind: 'user', actor_claim: '7', actor_name: 'A"na' },
    changed: ['a', 'b'],
    row: '{"a":2}',
    old: '{"a": 1.00}',
    transaction_id: '9',
    ordinal: '3',
  };
  const line = lineOf(record);
  const cells = line.trimEnd().split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/);
  expect(cells).toHaveLength(CSV_COLUMNS.length);
  const cell = (name: (typeof CSV_COLUMNS)[number]): string | undefined => cells[CSV_COLUMNS.indexOf(name)];
  expect(cell('id')).toBe('1');
  expect(cell('user_name')).toBe('"A""na"');
  expect(cell('changed')).toBe('"[""a"",""b""]"');
  expect(cell('before')).toBe('"{""a"":1.00}"');
  expect([cell('ip'), cell('database_role'), cell('data')]).toEqual(['', '', '']);
  expect([cell('transaction_id'), cell('transaction_ordinal')]).toEqual(['9', '3']);
});

it('has long cells as it has short ones', () => {
  const long = 'x'.repeat(10_000);
  for (const comment of [
    `"`.repeat(999),
    `${long},"ж","" 犬`,
    `=${long}\n`,
    `＝"${long}"`,
    long,
    `@${long}`,
    `'"${long}`,
  ]) {
    const line = lineOf({ ...NO_ENTRY, row: `{"a":"${long}"}`, context: { ...NO_CONTEXT, comment } });
    expect(line).toContain(`,${csvCell(comment)},`);
    expect(line).toContain(`,"{""a"":""${long}""}",`);
    expect(line.endsWith('\r\n')).toBe(true);
  }
});

it('has each entry’s own context, whatever was written before it', () => {
  const ana = { ...NO_CONTEXT, ip: '203.0.113.9', comment: 'a ticket', session_role: 'app', client_addr: '10.0.0.5' };
  const entry = { ...NO_ENTRY, context: ana };
  const event = { ...entry, action: 'refund', data: '{"comment":"by phone"}' };
  const cells = [entry, entry, event, NO_ENTRY, entry].map((record) => lineOf(record).trimEnd().split(','));
  const column = (name: (typeof CSV_COLUMNS)[number]): (string | undefined)[] =>
    cells.map((line) => line[CSV_COLUMNS.indexOf(name)]);
  expect(cells.every((line) => line.length === CSV_COLUMNS.length)).toBe(true);
  expect(column('ip')).toEqual(['203.0.113.9', '203.0.113.9', '203.0.113.9', '', '203.0.113.9']);
  expect(column('comment')).toEqual(['a ticket', 'a ticket', 'by phone', '', 'a ticket']);
  expect(column('attribution')).toEqual(Array.from({ length: 5 }, () => 'unknown'));
  expect(column('client_addr')).toEqual(['10.0.0.5', '10.0.0.5', '10.0.0.5', '', '10.0.0.5']);
});

function lineOf(record: EntryRecord): string {
  const bytes = new ByteBuilder();
  writeCsvLine(bytes, entryTexts(record));
  return bytes.take().toString('utf8');
}

const NO_CONTEXT: EntryRecord['context'] = {
  actor_kind: null,
  actor_claim: null,
  actor_name: null,
  ip: null,
  user_agent: null,
  comment: null,
  request_id: null,
  context: null,
  attribution: null,
  role: null,
  application_name: null,
  session_role: null,
  client_addr: null,
  pid: null,
};

const NO_ENTRY: EntryRecord = {
  id: '0',
  action: 'create',
  timestamp: '2026-11-22T00:31:07.123456Z',
  source: null,
  record_key: null,
  changed: null,
  unknown: null,
  row: null,
  old: null,
  data: null,
  transaction_id: null,
  ordinal: null,
  size: null,
  after_gap: null,
  relation: { schema_name: null, table_name: null, key_columns: null },
  context: NO_CONTEXT,
  transaction: { xid: null, lsn: null },
};
