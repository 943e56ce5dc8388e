import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../../src/query/cursor.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { MAX_ID } from '../../../src/query/id-range.ts';
import { EVERYTHING } from '../../../src/query/visibility.ts';

const FILTER = { ...NO_FILTER, table: ['orders', 'customers'], from: 'now-2h' };
const SCOPE = { filter: FILTER, sort: 'id', viewer: EVERYTHING } as const;

describe('a cursor', () => {
  it('carries its position', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -1n, max: MAX_ID - 1n }), fc.bigInt({ min: 0n, max: 2n ** 60n }), (id, now) => {
        const text = encodeCursor({ id, now }, SCOPE);
        expect(text).toMatch(/^[\w-]+$/);
        expect(decodeCursor(text, 'after', SCOPE)).toEqual({ id, now });
      }),
    );
  });

  it('holds for a filter that means the same', () => {
    const text = encodeCursor({ id: 5n, now: 0n }, SCOPE);
    expect(
      decodeCursor(text, 'after', { ...SCOPE, filter: { ...FILTER, table: ['customers', 'orders', 'orders'] } }).id,
    ).toBe(5n);
  });

  it('does not hold for another filter or sort', () => {
    const text = encodeCursor({ id: 5n, now: 0n }, SCOPE);
    expect(() => decodeCursor(text, 'after', { ...SCOPE, sort: '-id' })).toThrow(/another filter/);
    expect(() => decodeCursor(text, 'after', { ...SCOPE, filter: { ...FILTER, table: ['orders'] } })).toThrow(
      /another filter/,
    );
    const excluding = { ...FILTER, not: { ...FILTER.not, user: ['7'] } };
    expect(() => decodeCursor(text, 'after', { ...SCOPE, filter: excluding })).toThrow(/another filter/);
    expect(() => decodeCursor(text, 'before', { ...SCOPE, filter: { ...FILTER, from: 'now-3h' } })).toThrow(
      /before is a cursor/,
    );
  });

  it('does not hold for somebody who sees something else', () => {
    const text = encodeCursor({ id: 5n, now: 0n }, SCOPE);
    for (const viewer of [
      { admin: false, tables: null },
      { admin: true, tables: ['public.*'] },
    ]) {
      expect(() => decodeCursor(text, 'after', { ...SCOPE, viewer })).toThrow(/another filter/);
    }
  });

  it('is refused when it was made up', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor(text, 'after', SCOPE)).toThrow(/not a cursor/);
      }),
    );
    const beyond = encodeCursor({ id: MAX_ID, now: 0n }, SCOPE);
    expect(() => decodeCursor(beyond, 'after', SCOPE)).toThrow(/not a cursor/);
  });
});
