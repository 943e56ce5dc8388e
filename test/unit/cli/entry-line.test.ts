import { expect, test } from 'vitest';
import { entryLine } from '../../../src/cli/entry-line.ts';
import { createPaint } from '../../../src/cli/paint.ts';

const PLAIN = createPaint(false);

/** An entry's text; images are given as text, for their numbers must stay as they are. */
function entry(fields: Record<string, unknown>, before = 'null', after = 'null'): string {
  const rest = JSON.stringify({
    id: '1',
    action: 'update',
    timestamp: '2026-11-22T00:31:07.123456Z',
    source: 'shop',
    schema: 'public',
    table: 'orders',
    record: '42',
    changed: [],
    user: { id: '7', name: 'Ana' },
    comment: null,
    attribution: 'app',
    database: { role: 'app', session_role: 'app', application_name: 'web', client_addr: null, pid: 1 },
    ...fields,
  });
  return `${rest.slice(0, -1)},"before":${before},"after":${after}}`;
}

test('time, who, action, table and record, what changed, why', () => {
  const json = entry(
    { changed: ['status', 'total'], comment: 'customer called' },
    '{"id":42,"status":"paid","total":1.0}',
    '{"id":42,"status":"shipped","total":1.00}',
  );
  expect(entryLine(json, PLAIN)).toBe(
    '2026-11-22 00:31:07.123Z  Ana (7)  update    public.orders 42  status: "paid" → "shipped", total: 1.0 → 1.00  # customer called',
  );
});

test('no digit is lost', () => {
  const json = entry({ changed: ['n'] }, '{"n":9007199254740993}', '{"n":0.1000000000000000055511151231257827}');
  expect(entryLine(json, PLAIN)).toContain('n: 9007199254740993 → 0.1000000000000000055511151231257827');
});

test('a value that is not known is a question mark, not null', () => {
  expect(entryLine(entry({ changed: ['note'] }, '{"id":1}', '{"id":1,"note":null}'), PLAIN)).toContain(
    'note: ? → null',
  );
});

test.each([
  [{ user: { id: '7', name: null } }, '7'],
  [{ user: { id: 'ana', name: 'ana' } }, 'ana'],
  [{ user: null }, '[app, web]'],
  [{ user: null, database: null, attribution: 'replication' }, '[replication]'],
])('who, of %o, is %s', (fields, who) => {
  expect(entryLine(entry({ action: 'delete', ...fields }), PLAIN)).toBe(
    `2026-11-22 00:31:07.123Z  ${who}  delete    public.orders 42`,
  );
});

test('an event without a table', () => {
  expect(entryLine(entry({ action: 'login', schema: null, table: null, record: null }), PLAIN)).toBe(
    '2026-11-22 00:31:07.123Z  Ana (7)  login   ',
  );
});

test('long values are cut, and nothing a client wrote can steer the terminal', () => {
  const json = entry(
    { changed: ['note'], user: { id: '\u001B[2Jx', name: 'Eve\u202E' }, comment: 'a\nb\u009b1m' },
    '{"note":null}',
    JSON.stringify({ note: 'x'.repeat(500) }),
  );
  const line = entryLine(json, PLAIN);
  expect(line).toContain('Eve\\u{202e} (\\u{1b}[2Jx)');
  expect(line).toContain('# a\\u{a}b\\u{9b}1m');
  expect(line).toContain('xxx…');
  expect(line.length).toBeLessThan(250);
});

test('colours only where they are wanted', () => {
  expect(entryLine(entry({}), createPaint(true))).toContain('\u001B[');
  expect(entryLine(entry({}), PLAIN)).not.toContain('\u001B');
});
