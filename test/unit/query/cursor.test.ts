import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../../src/query/cursor.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { MAX_ID } from '../../../src/query/id-range.ts';

const FILTER = { ...NO_FILTER, table: ['orders', 'customers'], from: 'now-2h' };

describe('a cursor', () => {
  it('carries its position', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -1n, max: MAX_ID - 1n }), fc.bigInt({ min: 0n, max: 2n ** 60n }), (id, now) => {
        const text = encodeCursor({ id, now }, FILTER, '-id');
        expect(text).toMatch(/^[\w-]+$/);
        expect(decodeCursor(text, 'after', FILTER, '-id')).toEqual({ id, now });
      }),
    );
  });

  it('holds for a filter that means the same', () => {
    const text = encodeCursor({ id: 5n, now: 0n }, FILTER, 'id');
    expect(decodeCursor(text, 'after', { ...FILTER, table: ['customers', 'orders', 'orders'] }, 'id').id).toBe(5n);
  });

  it('does not hold for another filter or sort', () => {
    const text = encodeCursor({ id: 5n, now: 0n }, FILTER, 'id');
    expect(() => decodeCursor(text, 'after', FILTER, '-id')).toThrow(/another filter/);
    expect(() => decodeCursor(text, 'after', { ...FILTER, table: ['orders'] }, 'id')).toThrow(/another filter/);
    expect(() => decodeCursor(text, 'before', { ...FILTER, from: 'now-3h' }, 'id')).toThrow(/before is a cursor/);
  });

  it('is refused when it was made up', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor(text, 'after', FILTER, 'id')).toThrow(/not a cursor/);
      }),
    );
    const beyond = encodeCursor({ id: MAX_ID, now: 0n }, FILTER, 'id');
    expect(() => decodeCursor(beyond, 'after', FILTER, 'id')).toThrow(/not a cursor/);
  });
});
