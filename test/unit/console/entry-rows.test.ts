import { expect, test } from 'vitest';
import type { Entry } from '../../../src/console/api/schema.ts';
import { groupParts, timelineRows } from '../../../src/console/page/timeline/entry-rows.ts';

function entry(id: number, transaction: string | null, table = 'orders'): Entry {
  return {
    id: String(id),
    timestamp: `2026-11-${10 + Math.floor(id / 10)}T00:00:00Z`,
    action: 'update',
    schema: 'public',
    table,
    transaction: transaction === null ? null : { id: transaction, xid: null, lsn: null, ordinal: 0, size: 12 },
  } as unknown as Entry;
}

const day = (time: string): string => time.slice(0, 10);

test('entries stand under their day, those of one transaction under it, many of them closed', () => {
  const entries = [
    entry(20, 'a'),
    entry(19, 'a'),
    entry(9, null),
    entry(8, null),
    ...[7, 6, 5, 4].map((id) => entry(id, 'b')),
  ];
  const kinds = (toggled: string[]): string[] =>
    timelineRows(entries, day, new Set(toggled)).map(
      (row) => `${row.kind} ${row.kind === 'day' ? day(row.time) : row.key}`,
    );
  expect(kinds([])).toEqual([
    'day 2026-11-12',
    'group group a',
    'entry 20',
    'entry 19',
    'day 2026-11-10',
    'entry 9',
    'entry 8',
    'group group b',
  ]);
  expect(kinds(['a', 'b']).filter((row) => row.startsWith('entry'))).toEqual([
    'entry 9',
    'entry 8',
    'entry 7',
    'entry 6',
    'entry 5',
    'entry 4',
  ]);
});

test('a group says of which tables it is, the most frequent first', () => {
  const [row] = timelineRows([entry(3, 'a'), entry(2, 'a', 'items'), entry(1, 'a', 'items')], day, new Set()).slice(1);
  if (row?.kind !== 'group') throw new Error('no group');
  expect(groupParts(row.group).tables.map(({ entry: { table }, count }) => [table, count])).toEqual([
    ['items', 2],
    ['orders', 1],
  ]);
  expect(row.group.size).toBe(12);
});
