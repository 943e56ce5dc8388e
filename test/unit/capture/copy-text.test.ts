import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CopyTextParser } from '../../../src/capture/baseline/copy-text.ts';

/** As the server prints a field. https://www.postgresql.org/docs/current/sql-copy.html */
function field(value: Buffer | null): Buffer {
  if (value === null) return Buffer.from('\\N');
  const escapes: Readonly<Record<number, string>> = { 8: 'b', 12: 'f', 10: 'n', 13: 'r', 9: 't', 11: 'v', 0x5c: '\\' };
  return Buffer.concat(
    Array.from(value, (byte) => Buffer.from(escapes[byte] === undefined ? [byte] : `\\${escapes[byte]}`)),
  );
}

it('COPY text is read back to the byte, however it is cut', () => {
  const value = fc.option(
    fc.oneof(
      fc.string({ unit: fc.constantFrom('\\', 'N', '\t', '\n', '\r', 'b', 'ü', '.') }).map((text) => Buffer.from(text)),
      fc.uint8Array({ min: 1 }).map((bytes) => Buffer.from(bytes)),
    ),
  );
  const table = fc
    .integer({ min: 1, max: 4 })
    .chain((width) => fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 6 }));
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 9 }), (rows, step) => {
      const data = Buffer.concat(
        rows.flatMap((row) => [
          ...row.flatMap((text, i) => (i === 0 ? [field(text)] : [Buffer.from('\t'), field(text)])),
          Buffer.from('\n'),
        ]),
      );
      const parser = new CopyTextParser();
      const found: (Buffer | null)[][] = [];
      for (let at = 0; at < data.length; at += step) {
        for (const { bytes, starts, lengths } of parser.rows(data.subarray(at, at + step))) {
          found.push(
            lengths.map((length, i) =>
              length === -1 ? null : Buffer.from(bytes.buffer.subarray(starts[i], starts[i]! + length)),
            ),
          );
        }
      }
      expect(found).toEqual(rows);
    }),
  );
});
