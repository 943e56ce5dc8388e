import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FieldReader, Int64Texts, TimeTexts } from '../../../src/query/field-reader.ts';

/** Rows of one 64-bit field each, and the end of the copy. */
function copyOf(values: readonly (bigint | null)[]): Buffer {
  const rows = values.map((value) => {
    const row = Buffer.alloc(value === null ? 6 : 14);
    row.writeInt16BE(1, 0);
    row.writeInt32BE(value === null ? -1 : 8, 2);
    if (value !== null) row.writeBigInt64BE(value, 6);
    return row;
  });
  return Buffer.concat([...rows, Buffer.from([0xff, 0xff])]);
}

function readAll(data: Buffer, read: (fields: FieldReader) => string | null): (string | null)[] {
  const fields = new FieldReader(data, 0);
  const texts: (string | null)[] = [];
  while (fields.beginRow()) texts.push(read(fields));
  return texts;
}

const EDGES = [
  0n,
  1n,
  -1n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 32n,
  2n ** 31n,
];
const numbers = fc.array(
  fc.option(fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
);

it('reads 64-bit numbers to the digit, one by one and through what repeats', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const doubled = values.flatMap((value) => [value, value]);
      const wanted = doubled.map((value) => value?.toString() ?? null);
      const texts = new Int64Texts();
      expect(readAll(copyOf(doubled), (fields) => fields.int64Text())).toEqual(wanted);
      expect(readAll(copyOf(doubled), (fields) => fields.through(texts))).toEqual(wanted);
    }),
  );
});

it('reads times to the microsecond', () => {
  const times = new TimeTexts();
  expect(readAll(copyOf([0n, 0n, 1n, -1n, null, 848_622_667_123_456n]), (fields) => fields.through(times))).toEqual([
    '2000-01-01T00:00:00.000000Z',
    '2000-01-01T00:00:00.000000Z',
    '2000-01-01T00:00:00.000001Z',
    '1999-12-31T23:59:59.999999Z',
    null,
    '2026-11-22T00:31:07.123456Z',
  ]);
});
