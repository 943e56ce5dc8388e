import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from '../../../src/capture/wal/frame-reader.ts';

function message(code: string, payload: Uint8Array): Buffer {
  const header = Buffer.from([code.charCodeAt(0), 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length + 4, 1);
  return Buffer.concat([header, payload]);
}

/** Of what the header says, which counts its own length. */
const LARGE_ABOVE_BYTES = 24;

const messages = fc.array(fc.tuple(fc.constantFrom('d', 'C', 'Z', 'E'), fc.uint8Array({ maxLength: 40 })), {
  maxLength: 20,
});

test('messages come out whole and in order, wherever the stream was cut, of memory that is only lent', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(30), { minLength: 1 }), (list, cuts) => {
      const seen: string[] = [];
      const reader = new FrameReader(
        {
          copyData: (buffer, start, end) => seen.push(`d ${buffer.toString('hex', start, end)}`),
          spilled: (file) => {
            const payload = Buffer.alloc(file.length);
            file.read(0, payload);
            file.release();
            expect(payload.length).toBeGreaterThan(LARGE_ABOVE_BYTES - 4);
            seen.push(`d ${payload.toString('hex')}`);
          },
          other: (whole) => seen.push(whole.toString('hex')),
        },
        LARGE_ABOVE_BYTES,
      );
      const bytes = Buffer.concat(list.map(([code, payload]) => message(code, payload)));
      const lent = Buffer.alloc(31);
      for (let at = 0, i = 0; at < bytes.length; i += 1) {
        const size = 1 + cuts[i % cuts.length]!;
        reader.push(lent.subarray(0, bytes.copy(lent, 0, at, at + size)));
        lent.fill(0xee);
        at += size;
      }
      const wanted = list.map(([code, payload]) =>
        code === 'd' ? `d ${Buffer.from(payload).toString('hex')}` : message(code, payload).toString('hex'),
      );
      expect(seen).toEqual(wanted);
    }),
  );
});
