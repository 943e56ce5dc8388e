import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membersOf, mergedObject, mergeMembers, objectOf, omitMembers, pickMembers } from '../../../src/entry/image.ts';

/** Raw JSON value texts, numbers with more digits than a double holds among them. */
const rawValue = fc.oneof(
  fc.json(),
  fc.bigInt().map(String),
  fc.tuple(fc.bigInt(), fc.nat({ max: 1_000_000 })).map(([whole, fraction]) => `${whole}.${fraction}0`),
  fc.string().map((text) => JSON.stringify(text)),
  fc.constantFrom('null', 'true', 'false', '-0', '1e200000', '{"a":[{"b":"}]\\""}]}', '"\\u0000"', '"\\\\"', '[]'),
);
const space = fc.constantFrom('', ' ', '\n\t', ' \r\n ');
const image = fc.uniqueArray(fc.tuple(fc.string(), rawValue), { selector: ([name]) => name, maxLength: 12 });

describe('the member scanner', () => {
  it('splits any object into its members, value texts untouched', () => {
    fc.assert(
      fc.property(image, space, (members, gap) => {
        const text = `${gap}{${gap}${members
          .map(([name, value]) => `${JSON.stringify(name)}${gap}:${gap}${value}${gap}`)
          .join(`,${gap}`)}}${gap}`;
        expect(membersOf(text).map((member) => [member.name, member.rawValue])).toEqual(
          members.map(([name, value]) => [name, value.trim()]),
        );
      }),
    );
  });

  it('gives back the text it was made from', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(objectOf(membersOf(text))).toBe(text);
      }),
    );
  });

  it('merges like the spread of two objects, key order of the row', () => {
    fc.assert(
      fc.property(image, image, (row, old) => {
        const text = (members: [string, string][]): string =>
          `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
        const merged = mergeMembers(membersOf(text(row)), membersOf(text(old)));
        const model = new Map([...row, ...old]);
        expect(merged.map((member) => [member.name, member.rawValue])).toEqual(
          [...model].map(([name, value]) => [name, value.trim()]),
        );
      }),
    );
  });

  it('merges a text as it merges members', () => {
    fc.assert(
      fc.property(image, image, fc.array(fc.nat({ max: 11 }), { maxLength: 9 }), space, (row, others, picked, gap) => {
        const text = (members: [string, string][]): string =>
          `{${members.map(([name, value]) => `${JSON.stringify(name)}:${gap}${value}`).join(',')}}`;
        const same = [...new Set(picked)].flatMap((n) => (row[n] === undefined ? [] : [row[n][0]]));
        const names = [...same, ...others.map(([name]) => name).filter((name) => !same.includes(name))];
        const old = names
          .slice(0, Math.max(same.length, others.length))
          .map((name, n): [string, string] => [name, others[n % Math.max(others.length, 1)]?.[1] ?? '0']);
        for (const some of [old, old.slice(0, same.length)]) {
          const [members, changes] = [membersOf(text(row)), membersOf(text(some))];
          expect(mergedObject(text(row), members, changes)).toBe(objectOf(mergeMembers(members, changes)));
        }
      }),
    );
  });

  it('refuses what is not one whole object', () => {
    const wrong = [
      '',
      '[]',
      '1',
      '{',
      '{"a"}',
      '{"a":}',
      '{"a":1',
      '{"a":1,}',
      '{"a":1}x',
      '{a:1}',
      '{"a":"b}',
      '{"a":[1}',
    ];
    for (const text of wrong) expect(() => membersOf(text), text).toThrow(SyntaxError);
  });

  it('names no value in its errors', () => {
    expect(() => membersOf('{"card":"4111"')).toThrow(/^(?!.*4111)/);
  });
});

describe('choosing members', () => {
  const members = membersOf('{"b":2,"a":12345678901234567890.10,"c":null}');

  it('picks in the order of the names, or nothing if one is missing', () => {
    expect(objectOf(pickMembers(members, ['a', 'b']) ?? [])).toBe('{"a":12345678901234567890.10,"b":2}');
    expect(pickMembers(members, ['a', 'x'])).toBeUndefined();
  });

  it('leaves out', () => {
    expect(objectOf(omitMembers(members, new Set(['b', 'x'])))).toBe('{"a":12345678901234567890.10,"c":null}');
  });
});
