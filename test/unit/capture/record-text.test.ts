import { describe, expect, test } from 'vitest';
import { parseRecord } from '../../../src/capture/outbox/record-text.ts';
import { NULL_VALUE } from '../../../src/change/tuple.ts';

function parse(text: string, places: readonly number[], count = places.length): (string | null)[] | null {
  const tuple = parseRecord(Buffer.from(text), places, count);
  if (tuple === null) return null;
  return [...tuple.lengths].map((length, i) =>
    length === NULL_VALUE ? null : tuple.bytes.buffer.toString('utf8', tuple.starts[i], tuple.starts[i]! + length),
  );
}

describe('the text of a composite value', () => {
  test.each<[string, (string | null)[]]>([
    ['(1,a)', ['1', 'a']],
    ['(,"")', [null, '']],
    ['("a ""b"" \\\\ c, (d)",\u{1F642})', ['a "b" \\ c, (d)', '\u{1F642}']],
    ['("line\nbreak",",")', ['line\nbreak', ',']],
    ['("{""x"":1}","(1,""""""q"""""")")', ['{"x":1}', '(1,"""q""")']],
    ['(,)', [null, null]],
  ])('%s', (text, values) => {
    expect(parse(text, [0, 1])).toEqual(values);
  });

  test('one field that is null, and none at all', () => {
    expect(parse('()', [0])).toEqual([null]);
    expect(parse('()', [])).toEqual([]);
  });

  test('fields go to their places, and columns without a field are null', () => {
    expect(parse('(a,b,c)', [2, -1, 0], 4)).toEqual(['c', null, 'a', null]);
  });

  test.each(['(a)', '(a,b,c)', 'a,b', '("a,b)', ''])('%s has not two fields', (text) => {
    expect(parse(text, [0, 1])).toBeNull();
  });
});
