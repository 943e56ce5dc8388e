import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bytes } from '../../../src/change/bytes.ts';
import { copyBytes, jsonStringLength, sameBytes, writeJsonString } from '../../../src/entry/json-text.ts';

/** Text with many characters that need an escape, and many that almost do. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', '\\', '\n', '\u0001', '\u001f', ' ', '!', '#', '[', ']', '\u007f'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

test('a JSON string is what JSON.stringify makes of it, at any offset', () => {
  fc.assert(
    fc.property(text, fc.nat(7), fc.nat(7), (value, before, at) => {
      const bytes = Buffer.from(value);
      const source = new Bytes(Buffer.concat([Buffer.alloc(before, '"'), bytes, Buffer.from('"\\"')]));
      const target = new Bytes(Buffer.alloc(at + 6 * bytes.length + 2));
      const end = writeJsonString(source, before, bytes.length, target, at);
      expect(target.buffer.toString('utf8', at, end)).toBe(JSON.stringify(value));
      expect(end - at).toBe(jsonStringLength(source.buffer, before, bytes.length));
    }),
  );
});

test('bytes are copied and compared, at any offset', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(7), fc.nat(7), fc.nat(39), (value, before, at, flipped) => {
      const source = new Bytes(Buffer.concat([Buffer.alloc(before), value]));
      const target = new Bytes(Buffer.alloc(at + value.length + 3, 0xaa));
      expect(copyBytes(source, before, value.length, target, at)).toBe(at + value.length);
      expect([...target.buffer.subarray(at, at + value.length)]).toEqual([...value]);
      expect([...target.buffer.subarray(at + value.length)]).toEqual([0xaa, 0xaa, 0xaa]);
      expect(sameBytes(source, before, target, at, value.length)).toBe(true);
      if (flipped < value.length) {
        target.buffer[at + flipped]! ^= 1;
        expect(sameBytes(source, before, target, at, value.length)).toBe(false);
      }
    }),
  );
});
