import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ceilTo, floorTo, piecesOf, startsOf, type Grain } from '../../../src/query/insight/range.ts';
import { parseTime } from '../../../src/query/time.ts';

const time = fc.bigInt({ min: parseTime('1999-01-01', 0n), max: parseTime('2030-12-31', 0n) });
const grains = fc.constantFrom<readonly Grain[]>(['quarter'], ['quarter', 'day'], ['quarter', 'day', 'month']);

it('a time is cut into stretches that follow each other and keep to their grains', () => {
  fc.assert(
    fc.property(time, time, grains, (a, b, allowed) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      const pieces = piecesOf(from, to, allowed);
      let at = from;
      for (const piece of pieces) {
        expect(piece.from).toBe(at);
        expect(piece.to).toBeGreaterThan(piece.from);
        at = piece.to;
        if (piece.grain === 'entries') {
          expect(ceilTo(piece.from + 1n, 'quarter')).toBeGreaterThanOrEqual(piece.to);
        } else {
          expect(allowed).toContain(piece.grain);
          expect([floorTo(piece.from, piece.grain), floorTo(piece.to, piece.grain)]).toEqual([piece.from, piece.to]);
        }
        if (piece.grain === 'quarter' && allowed.includes('day')) {
          expect(ceilTo(piece.from + 1n, 'day')).toBeGreaterThanOrEqual(piece.to);
        }
      }
      expect(at).toBe(to);
      // Each grain has two stretches at most, one at each end of the coarser ones.
      expect(pieces.length).toBeLessThanOrEqual(2 * allowed.length + 1);
    }),
  );
});

it('months begin on their first days, whatever their length', () => {
  const [from, to] = [parseTime('2027-12-01', 0n), parseTime('2028-05-01', 0n)];
  const months = ['2027-12-01', '2028-01-01', '2028-02-01', '2028-03-01', '2028-04-01'];
  expect(startsOf({ grain: 'month', from, to })).toEqual(months.map((month) => parseTime(month, 0n)));
  expect(floorTo(parseTime('2028-02-29T23:59:59.999999Z', 0n), 'month')).toBe(parseTime('2028-02-01', 0n));
  expect(ceilTo(parseTime('2027-12-31', 0n), 'month')).toBe(parseTime('2028-01-01', 0n));
  expect(ceilTo(from, 'month')).toBe(from);
  expect(floorTo(parseTime('1969-12-31T23:00:00Z', 0n), 'day')).toBe(parseTime('1969-12-31', 0n));
});
