import { expect, test } from 'vitest';
import { createPaint } from '../../../src/cli/paint.ts';
import { statusText, type SourceReport, type StatusReport } from '../../../src/cli/status.ts';

const NOW = Date.parse('2026-11-22T00:10:00Z');

const SHOP: SourceReport = {
  name: 'shop',
  capture: 'wal',
  epoch: 1,
  slot: 'rowtrail_shop',
  end_lsn: '0/16B3748',
  acknowledged_lsn: '0/16B3700',
  committed_at: '2026-11-22T00:09:57.000000Z',
  updated_at: '2026-11-22T00:08:00.000000Z',
  open_flushes: { count: 0, oldest: null },
  gaps: { count: 0, latest: [] },
  baseline: { tables: 0, done: 0, rows: 0, open: [] },
  live: null,
  server_slot: { found: true, active_pid: 4711, wal_status: 'reserved', retained_bytes: 16 * 1024 ** 2, error: null },
};

const STORE: StatusReport['store'] = {
  schema: 'audit',
  entries_estimate: 12_345,
  kept_since: null,
  partitions_until: '2027-02-01T00:00:00.000000Z',
  bytes: null,
  periods: null,
  removals_waiting: [],
};

function text(...sources: SourceReport[]): string {
  return statusText({ store: STORE, sources }, createPaint(false), NOW);
}

test('how far a source is', () => {
  expect(text(SHOP)).toBe(`  store          schema audit, 12,345 entries

shop
  stored up to   0/16B3748, committed 3 s ago (2026-11-22T00:09:57.000000Z)
  acknowledged   0/16B3700
  last write     2 min ago
  slot           rowtrail_shop, read by process 4711 of the server, keeps 16.0 MB of WAL
  gaps           none`);
});

test('a gap, a flush that is open, a slot that nobody reads', () => {
  const printed = text({
    ...SHOP,
    open_flushes: { count: 1, oldest: '2026-11-22T00:09:00.000000Z' },
    gaps: {
      count: 4,
      latest: Array.from({ length: 4 }, (_, index) => ({
        epoch: 1,
        table: null,
        reason: 'slot_lost',
        detail: index === 0 ? 'WAL removed' : null,
        from_lsn: '0/1',
        to_lsn: index === 0 ? null : '0/2',
        from_time: null,
        to_time: index === 0 ? null : '2026-11-21T00:00:00.000000Z',
        recorded_at: '2026-11-21T00:00:00.000000Z',
      })),
    },
    server_slot: { found: true, active_pid: null, wal_status: 'lost', retained_bytes: null, error: null },
  });
  expect(printed).toContain('being written  1, the oldest since 1 min ago');
  expect(printed).toContain('gaps           4: changes are missing, and nothing is captured now: see `rowtrail check`');
  expect(printed).toContain('slot_lost: OPEN since 0/1, recorded 2026-11-21T00:00:00.000000Z (WAL removed)');
  expect(printed).toContain('slot_lost: 0/1 to 0/2, recorded');
  expect(printed.match(/slot_lost/g)).toHaveLength(3);
  expect(printed).toContain('slot           rowtrail_shop, no daemon reads it, LOST');
});

test.each([
  [null, null],
  [{ found: false, active_pid: null, wal_status: null, retained_bytes: null, error: null }, 'missing on the server'],
  [
    { found: false, active_pid: null, wal_status: null, retained_bytes: null, error: 'cannot reach source shop' },
    'cannot reach',
  ],
])('a source that was never captured, with the slot %o', (slot, said) => {
  const printed = text({ ...SHOP, end_lsn: null, committed_at: null, server_slot: slot });
  expect(printed).toContain('stored up to   nothing yet: `rowtrail run` captures it');
  if (said === null) expect(printed).not.toContain('  slot ');
  else expect(printed).toContain(said);
});

test('baselines', () => {
  const open = [
    { table: 'public.items', rows: 1_200, percent: 40, note: null },
    { table: 'public.orders', rows: 0, percent: null, note: 'permission denied for table orders' },
  ];
  expect(text({ ...SHOP, baseline: { tables: 3, done: 1, rows: 1_234, open } })).toContain(
    `  baseline       1 of 3 tables, 1,234 rows
                 public.items: 40 %
                 public.orders: not begun (permission denied for table orders)`,
  );
});

test('what it takes on disk, the newest periods by themselves', () => {
  const periods = ['05', '04', '03', '02', '01'].map((month) => ({
    from: `2026-${month}-01T00:00:00.000000Z`,
    to: `2026-${month}-28T00:00:00.000000Z`,
    bytes: 1024 ** 2,
  }));
  const store = { ...STORE, bytes: 5 * 1024 ** 2, periods };
  expect(statusText({ store, sources: [] }, createPaint(false), NOW).split('\n')[1]).toBe(
    '  on disk        5.0 MB: from 2026-05-01 1.0 MB, 2026-04-01 1.0 MB, 2026-03-01 1.0 MB, 2026-02-01 1.0 MB, 1 older',
  );
});

test('what retention has removed, what it waits for, and partitions that run out', () => {
  const store: StatusReport['store'] = {
    ...STORE,
    kept_since: '2026-01-01T00:00:00.000000Z',
    partitions_until: '2026-11-22T02:00:00.000000Z',
    removals_waiting: [
      { partition: 'entries_2026_01', since: '2026-11-21T00:00:00.000000Z', reason: 'process 7 (psql) reads it' },
    ],
  };
  expect(statusText({ store, sources: [] }, createPaint(false), NOW))
    .toBe(`  store          schema audit, 12,345 entries
  kept since     2026-01-01T00:00:00.000000Z
                 entries_2026_01 is to be removed and waits: process 7 (psql) reads it
  partitions     until 2026-11-22T02:00:00.000000Z only: a running daemon makes more`);
});
