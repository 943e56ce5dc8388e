import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignColumns, type CatalogColumn } from '../../../src/capture/wal/column-alignment.ts';

const INT = 23;
const TEXT = 25;
const UUID = 2950;

const column = (name: string, typeOid = INT) => ({ name, typeOid });
const live = (attnum: number, name: string, typeOid = INT): CatalogColumn => ({
  attnum,
  name,
  typeOid,
  dropped: false,
  generated: false,
  streamed: true,
  settled: false,
});
const gone = (attnum: number): CatalogColumn => ({ ...live(attnum, `gone ${attnum}`, 0), dropped: true });
const settled = (slot: CatalogColumn): CatalogColumn => ({ ...slot, settled: true });
const generated = (slot: CatalogColumn): CatalogColumn => ({ ...slot, generated: true, streamed: false });

describe('streamed columns find their numbers', () => {
  it.each<[string, ReturnType<typeof column>[], CatalogColumn[], (number | null)[]]>([
    ['as they are', [column('id'), column('a')], [live(1, 'id'), live(2, 'a')], [1, 2]],
    ['before columns were added', [column('id')], [live(1, 'id'), live(2, 'a')], [1]],
    ['renamed', [column('id'), column('a')], [live(1, 'number'), live(2, 'a')], [1, 2]],
    ['retyped', [column('id'), column('a')], [live(1, 'id', TEXT), live(2, 'a')], [1, 2]],
    ['dropped since', [column('id'), column('x'), column('a')], [live(1, 'id'), gone(2), live(3, 'a')], [1, 2, 3]],
    ['dropped before', [column('id'), column('a')], [live(1, 'id'), gone(2), live(3, 'a')], [1, null]],
    ['dropped long before', [column('id'), column('a')], [live(1, 'id'), settled(gone(2)), live(3, 'a')], [1, 3]],
    [
      'dropped before, and others behind it',
      [column('id'), column('a'), column('b')],
      [live(1, 'id'), gone(2), live(3, 'a'), live(4, 'b')],
      [1, 3, 4],
    ],
    [
      'dropped and added again',
      [column('id'), column('a', TEXT)],
      [live(1, 'id'), gone(2), live(3, 'a', TEXT)],
      [1, null],
    ],
    [
      'whose name went to another',
      [column('id'), column('a'), column('new_id', UUID)],
      [live(1, 'old_id'), live(2, 'a'), live(3, 'id', UUID)],
      [1, 2, 3],
    ],
    ['whose name went to a later one of the type', [column('a')], [live(1, 'old_a'), live(2, 'a')], [null]],
    ['that changed names', [column('a'), column('b')], [live(1, 'b'), live(2, 'a')], [null, null]],
    [
      'beside generated ones',
      [column('id'), column('a')],
      [live(1, 'id'), generated(live(2, 'g')), live(3, 'a')],
      [1, 3],
    ],
    [
      'dropped, and generated under the same name',
      [column('id'), column('g')],
      [live(1, 'id'), gone(2), generated(live(3, 'g'))],
      [1, 2],
    ],
    [
      'when an expression was dropped',
      [column('a'), column('b')],
      [settled(live(1, 'a')), live(2, 'g'), live(3, 'b')],
      [1, null],
    ],
    [
      'of a published column list',
      [column('id'), column('c')],
      [settled(live(1, 'id')), settled(live(2, 'b')), settled(live(3, 'c'))],
      [1, 3],
    ],
    ['of a table that is gone', [column('id'), column('a')], [], [null, null]],
  ])('%s', (_, streamed, catalog, attnums) => {
    expect(alignColumns(streamed, catalog)).toEqual(attnums);
  });

  it('whatever has happened to the table since: the right one, or none', () => {
    const step = fc.record({
      kind: fc.constantFrom('add', 'drop', 'rename', 'retype'),
      at: fc.nat(),
      // Names are not used twice here: what happens then is above.
      typeOid: fc.constantFrom(INT, TEXT),
    });
    const history = fc.record({ steps: fc.array(step, { maxLength: 14 }), streamedAt: fc.nat(), settledAt: fc.nat() });
    fc.assert(
      fc.property(history, ({ steps, streamedAt, settledAt }) => {
        const streamedAfter = streamedAt % (steps.length + 1);
        const settledAfter = settledAt % (streamedAfter + 1);
        const table: { slot: CatalogColumn; touched: number }[] = [];
        const version = () => table.filter(({ slot }) => !slot.dropped).map(({ slot }) => ({ ...slot }));
        let streamed = version();
        steps.forEach(({ kind, at, typeOid }, i) => {
          const alive = table.filter(({ slot }) => !slot.dropped);
          const chosen = alive[at % Math.max(1, alive.length)];
          if (kind === 'add' || chosen === undefined) {
            table.push({ slot: live(table.length + 1, `c${i}`, typeOid), touched: i });
          } else {
            chosen.touched = i;
            if (kind === 'drop') chosen.slot = gone(chosen.slot.attnum);
            else if (kind === 'rename') chosen.slot = { ...chosen.slot, name: `c${i}` };
            else chosen.slot = { ...chosen.slot, typeOid };
          }
          if (i + 1 === streamedAfter) streamed = version();
        });
        const catalog = table.map(({ slot, touched }) => ({ ...slot, settled: touched < settledAfter }));
        alignColumns(streamed, catalog).forEach((attnum, i) => {
          if (attnum !== null) expect(attnum).toBe(streamed[i]!.attnum);
        });
        // What was not touched since it settled is never in doubt.
        if (settledAfter === steps.length) {
          expect(alignColumns(streamed, catalog)).toEqual(streamed.map(({ attnum }) => attnum));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('of the widest table in a moment', () => {
    const streamed = Array.from({ length: 1_600 }, (_, i) => column(`c${i}`));
    expect(
      alignColumns(
        streamed,
        streamed.map(({ name }, i) => live(i + 1, name)),
      ),
    ).toEqual(streamed.map((_, i) => i + 1));
  });
});
