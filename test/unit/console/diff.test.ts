import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseExactJson } from '../../../src/console/api/exact-json.ts';
import type { Entry } from '../../../src/console/api/schema.ts';
import { decimalDelta } from '../../../src/console/diff/decimal.ts';
import { changedPlaces, jsonDiff } from '../../../src/console/diff/json-diff.ts';
import { undoSql } from '../../../src/console/diff/undo-sql.ts';
import { wordDiff } from '../../../src/console/diff/word-diff.ts';

describe('words', () => {
  test('what is in both and in one of them makes both again', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'cd', ' ', ',', 'é'), { maxLength: 30 })
      .map((words) => words.join(''));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const parts = wordDiff(before, after);
        const without = (kind: string): string =>
          parts
            .filter((part) => part.kind !== kind)
            .map((part) => part.text)
            .join('');
        expect([without('new'), without('old')]).toEqual([before, after]);
        if (before === after) expect(parts.every(({ kind }) => kind === 'same')).toBe(true);
      }),
    );
  });

  test('only the words that changed are marked', () => {
    expect(wordDiff('Call Ana on Monday.', 'Call Bea on Monday!')).toEqual([
      { kind: 'same', text: 'Call ' },
      { kind: 'old', text: 'Ana' },
      { kind: 'new', text: 'Bea' },
      { kind: 'same', text: ' on Monday' },
      { kind: 'old', text: '.' },
      { kind: 'new', text: '!' },
    ]);
  });

  test('texts that are too long to compare are still shown', () => {
    const long = Array.from({ length: 5000 }, (_, at) => `w${at}`).join(' ');
    expect(wordDiff(`x ${long} y`, `a ${long.toUpperCase()} b`).map(({ kind }) => kind)).toEqual(['old', 'new']);
  });
});

test.each([
  ['19.90', '22.00', '+2.10'],
  ['22', '19.90', '−2.10'],
  ['9007199254740993', '9007199254740994', '+1'],
  ['-0.5', '0.25', '+0.75'],
  ['1.50', '1.5', null],
  ['1e3', '2', null],
  ['NaN', '2', null],
])('from %s to %s is %s', (before, after, delta) => {
  expect(decimalDelta(before, after)).toBe(delta);
});

test('in JSON the members that differ are found, whatever their order', () => {
  const old = parseExactJson('{"a":1.50,"b":{"c":[1,2],"d":"x"},"e":null}');
  const fresh = parseExactJson('{"b":{"d":"x","c":[1,3,4]},"a":1.5,"f":""}');
  expect(changedPlaces(old, fresh).map(({ path }) => path)).toEqual(['.a', '.b.c.1', '.b.c.2', '.e', '.f']);
  expect(jsonDiff('', parseExactJson('{"a":1,"b":2}'), parseExactJson('{"b":2,"a":1}')).kind).toBe('same');
});

describe('SQL that undoes an entry', () => {
  const base = {
    schema: 'public',
    table: 'orders',
    key: { id: 7 },
    changed: [],
    before: null,
    after: null,
    incomplete: null,
  };
  const sqlOf = (entry: object): string | null => undoSql({ ...base, ...entry } as unknown as Entry);

  test('puts changed columns back, with every digit and quote', () => {
    const before = parseExactJson(
      '{"id":7,"total":9007199254740993.10,"note":"O\'Neil\\\\","data":{"a":1.0},"kept":1}',
    );
    expect(sqlOf({ action: 'update', before, after: { id: 7 }, changed: ['total', 'note', 'data'] })).toBe(
      `update "public"."orders" set "total" = 9007199254740993.10, "note" = E'O''Neil\\\\', "data" = '{"a":1.0}' where "id" = 7;`,
    );
  });

  test('finds a row by the key that it has now', () => {
    expect(sqlOf({ action: 'update', key: { id: 7 }, before: { id: 7 }, after: { id: 8 }, changed: ['id'] })).toBe(
      'update "public"."orders" set "id" = 7 where "id" = 8;',
    );
  });

  test('deletes what was created, inserts what was deleted, and leaves out what is not known', () => {
    expect(sqlOf({ action: 'create', after: { id: 7 } })).toBe('delete from "public"."orders" where "id" = 7;');
    const incomplete = { columns: ['big'], reason: 'toast' };
    expect(sqlOf({ action: 'delete', before: { id: 7, big: null, x: null }, incomplete })).toBe(
      'insert into "public"."orders" ("id", "x") overriding system value values (7, null);',
    );
    expect(sqlOf({ action: 'truncate' })).toBeNull();
    expect(sqlOf({ action: 'update', key: null, before: {}, after: {} })).toBeNull();
  });
});
