import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Digits, exactJsonText, isJsonObject, parseExactJson } from '../../../src/console/api/exact-json.ts';

test('numbers keep every digit that a JavaScript number would lose', () => {
  const text = '{"a":1.50,"b":9007199254740993,"c":-0,"d":1e2,"e":12,"f":[0.1,123456789012345678901234567890.000]}';
  const value = parseExactJson(text);
  expect(exactJsonText(value)).toBe(text);
  expect(isJsonObject(value) && value['a']).toEqual(new Digits('1.50'));
  expect(isJsonObject(value) && value['e']).toBe(12);
});

test('whatever JSON.parse reads is read as the same, and written as JSON.stringify writes it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, space) => {
      const text = JSON.stringify(value, null, space);
      const plain: unknown = JSON.parse(text);
      // JSON.parse makes objects with a prototype; what is in them is the same.
      expect(JSON.parse(exactJsonText(parseExactJson(text)))).toEqual(plain);
      expect(exactJsonText(parseExactJson(text), '  ')).toBe(JSON.stringify(plain, null, 2));
    }),
  );
});

test('a column may have any name', () => {
  const value = parseExactJson('{"__proto__":{"a":1},"constructor":2,"":3}');
  expect(exactJsonText(value)).toBe('{"__proto__":{"a":1},"constructor":2,"":3}');
});

test.each(['', '{', '{"a"}', '[1,]', '01', '1 2', '"a', 'nul', '{"a":1,}', '+1', '"\n"'])('%j is refused', (text) => {
  expect(() => parseExactJson(text)).toThrow(SyntaxError);
});
