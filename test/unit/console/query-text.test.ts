import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTerms, parseTerms } from '../../../src/console/state/query-text.ts';
import { formatQuery, parseQuery } from '../../../src/query/grammar/query-text.ts';

const value = fc
  .string({ unit: fc.constantFrom('a', '7', ' ', '"', '\\', ',', ':', '-', 'é', '<'), minLength: 1, maxLength: 8 })
  .filter((text) => text.trim() !== '');
const term = fc.record({
  key: fc.constantFrom('table', 'user', 'record', 'old', 'text'),
  value,
  negated: fc.boolean(),
} as const);

test('chips and server read the same, and write what both read', () => {
  fc.assert(
    fc.property(fc.array(term, { maxLength: 5 }), (terms) => {
      const text = formatQuery(terms);
      const read = parseQuery(text).map(({ key, value: each, negated }) => ({ key, value: each, negated }));
      expect(parseTerms(text)).toEqual(read);
      expect(parseTerms(formatTerms(terms))).toEqual(terms);
      expect(formatTerms(parseTerms(text))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test('several values of a key are a term each', () => {
  expect(parseTerms('Table:orders,"a b" -user:7')).toEqual([
    { key: 'table', value: 'orders', negated: false },
    { key: 'table', value: 'a b', negated: false },
    { key: 'user', value: '7', negated: true },
  ]);
});

test.each(['user:', '"open', 'a"b', '-', 'x:,', 'user:"a"b'])(
  '%j, which the server refuses, ends all the same',
  (text) => {
    expect(parseTerms(text).length).toBeGreaterThan(0);
  },
);
