import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILTER_KEYS, type FilterKey } from '../../../../src/query/grammar/filter-key.ts';
import { QueryError } from '../../../../src/query/grammar/query-error.ts';
import { formatQuery, MAX_QUERY_LENGTH, parseQuery, type QueryTerm } from '../../../../src/query/grammar/query-text.ts';
import { complaintOf } from '../../../../src/query/grammar/value-check.ts';

function read(text: string): string[] {
  return parseQuery(text).map(({ key, value, negated }) => `${negated ? '-' : ''}${key}=${value}`);
}

function failure(text: string): QueryError {
  try {
    parseQuery(text);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe('a search text', () => {
  it.each([
    ['', []],
    ['   ', []],
    ['user:ana table:orders -action:delete', ['user=ana', 'table=orders', '-action=delete']],
    ['ip:10.0.0.0/8 field:price old:10 new:12', ['ip=10.0.0.0/8', 'field=price', 'old=10', 'new=12']],
    ['from:2026-01-01 to:now-1d is:direct', ['from=2026-01-01', 'to=now-1d', 'is=direct']],
    ['"free text" word -"not this" -nor', ['text=free text', 'text=word', '-text=not this', '-text=nor']],
    ['table:orders,customers,"odd, name"', ['table=orders', 'table=customers', 'table=odd, name']],
    ['user:"Ana \\"the\\" \\\\ boss"', ['user=Ana "the" \\ boss']],
    ['record:"[\\"1\\",\\"eu\\"]"', ['record=["1","eu"]']],
    ['comment:"C:\\temp"', ['comment=C:\\temp']],
    ['USER:ana Request-Id:c0ffee', ['user=ana', 'request_id=c0ffee']],
    ['a,b 12:30 -5x', ['text=a,b', 'text=12:30', '-text=5x']],
    ['user:2001:db8::1 ip:2001:db8::/32', ['user=2001:db8::1', 'ip=2001:db8::/32']],
    ['old:"" new:-5', ['old=', 'new=-5']],
    ['user:ana\u00a0table:orders\ttx:1', ['user=ana', 'table=orders', 'tx=1']],
    ['user:Анна "東京 注文"', ['user=Анна', 'text=東京 注文']],
    ['text:word', ['text=word']],
  ])('%j reads as %j', (text, terms) => {
    expect(read(text)).toEqual(terms);
  });

  it('has the place of every value', () => {
    const text = 'user:ana -table:"a b",c  word';
    expect(parseQuery(text).map(({ start, end }) => text.slice(start, end))).toEqual(['ana', '"a b"', 'c', 'word']);
  });

  it.each([
    ['usr:ana', 1, /usr is not a filter: did you mean user\?/],
    ['table:orders xyzzyx:1', 14, /xyzzyx is not a filter$/],
    ['http://example.org', 1, /http is not a filter/],
    ['user:', 6, /user needs a value/],
    ['user: ana', 6, /user needs a value/],
    ['user:ana,', 10, /user needs a value/],
    ['user:,ana', 6, /user needs a value/],
    ['user:""', 6, /user must not be empty/],
    ['""', 1, /the text must not be empty/],
    ['"open', 1, /not closed/],
    ['user:"open table:x', 6, /not closed/],
    ['user:a"b', 7, /quote within/],
    ['"a"b', 4, /space is missing/],
    ['user:"a""b"', 9, /space is missing/],
    ['ana - ben', 5, /nothing does/],
    ['-', 1, /nothing does/],
    ['-from:now', 7, /cannot be negated/],
    ['from:yesterday', 6, /from is not a time/],
    ['to:2026-13-01', 4, /calendar/],
    ['action:DELETE', 8, /is not an action/],
    ['ip:10.0.0', 4, /is not an address/],
    ['is:odd', 4, /is one of direct, bulk/],
    ['attribution:me', 13, /is one of app, database/],
    ['tx:0x1', 4, /transaction id/],
    ['tx:9223372036854775808', 4, /transaction id/],
    ['user:a\0b', 6, /NUL/],
    ['🦉🦉 user:', 9, /needs a value/],
    [`user:${'x'.repeat(1025)}`, 6, /1024 characters/],
    ['x'.repeat(MAX_QUERY_LENGTH + 1), MAX_QUERY_LENGTH + 1, /4096 characters/],
    [`user:${'a,'.repeat(100)}a`, 206, /100 times/],
  ])('%j is refused at column %i', (text, column, message) => {
    const error = failure(text);
    expect(error.message).toMatch(message);
    expect(error.column).toBe(column);
    expect(error).toMatchObject({ code: 'RT_FILTER', parameter: 'q' });
  });

  it('names the nearest key apart, too', () => {
    expect(failure('tabel:orders').nearest).toBe('table');
    expect(failure('qqqqqqqqqq:1').nearest).toBeUndefined();
  });
});

describe('terms as text', () => {
  const TAKEN: Partial<Record<FilterKey, fc.Arbitrary<string>>> = {
    action: fc.constantFrom('create', 'login', 'a.b-c_1'),
    attribution: fc.constantFrom('app', 'unknown'),
    is: fc.constantFrom('direct', 'bulk'),
    ip: fc.oneof(fc.ipV4(), fc.ipV6()),
    tx: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String),
    from: fc.constantFrom('now-2h', '2026-01-01'),
    to: fc.constantFrom('now', '2026-01-31T12:00:00Z'),
  };
  const words = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc
      .array(fc.constantFrom('"', '\\', ',', ' ', '-', ':', 'user', 'a', '\n', '['), { maxLength: 8 })
      .map((x) => x.join('')),
  );
  const term: fc.Arbitrary<QueryTerm> = fc.constantFrom(...(Object.keys(FILTER_KEYS) as FilterKey[])).chain((key) =>
    fc.record({
      key: fc.constant(key),
      value: (TAKEN[key] ?? words).filter((value) => complaintOf(key, value) === undefined),
      negated: key === 'from' || key === 'to' ? fc.constant(false) : fc.boolean(),
    }),
  );

  it('read as the same terms again', () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 8 }), (terms) => {
        const again = parseQuery(formatQuery(terms)).map(({ key, value, negated }) => ({ key, value, negated }));
        expect(again).toEqual(terms);
      }),
      { numRuns: 1_000 },
    );
  });

  it('need no quotes where there is no need', () => {
    expect(formatQuery(parseQuery('user:ana -table:"orders" "word" -"-x" "user:"'))).toBe(
      'user:ana -table:orders word -"-x" "user:"',
    );
  });

  it('any text is read or refused with a column inside it', () => {
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 60 })), (text) => {
        try {
          parseQuery(text);
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError);
          expect((error as QueryError).column).toBeGreaterThan(0);
          expect((error as QueryError).column).toBeLessThanOrEqual(Array.from(text).length + 1);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
