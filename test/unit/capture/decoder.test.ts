import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PgoutputDecoder } from '../../../src/capture/pgoutput/decoder.ts';
import type { StoredBytes } from '../../../src/change/bytes.ts';
import { LARGE_VALUE, NULL_VALUE, UNCHANGED_TOAST, type Tuple } from '../../../src/change/tuple.ts';
import type { Relation } from '../../../src/change/relation.ts';
import { RowtrailError } from '../../../src/lib/errors.ts';
import {
  beginMessage,
  commitMessage,
  deleteMessage,
  insertMessage,
  logicalMessage,
  originMessage,
  relationMessage,
  truncateMessage,
  typeMessage,
  updateMessage,
  type WireValue,
} from './pgoutput-message.ts';

const OID = 16_384;

function decoderOf() {
  const calls: unknown[] = [];
  const decoder = new PgoutputDecoder<string>({
    relation: (relation) => {
      calls.push({ relation });
      return `${relation.schema}.${relation.name}`;
    },
    begin: (head) => calls.push({ begin: head }),
    origin: (name) => calls.push({ origin: name }),
    change: (change) =>
      calls.push({
        [change.action]: change.relation,
        old: values(change.old),
        keyOnly: change.oldHasKeyOnly,
        new: values(change.new),
      }),
    truncate: (relations) => calls.push({ truncate: relations }),
    message: (prefix, content) => void calls.push({ prefix, content: content.toString() }),
    oversizedMessage: (prefix) => calls.push({ oversized: prefix }),
    commit: (tail) => calls.push({ commit: tail }),
  });
  return {
    calls,
    /** The message stands between others in the socket's buffer. */
    decode: (message: Buffer) => {
      const buffer = Buffer.concat([Buffer.alloc(3, 0x74), message, Buffer.alloc(40, 0x6e)]);
      return decoder.decode(buffer, 3, 3 + message.length);
    },
  };
}

function values(tuple: Tuple | null): WireValue[] | null {
  if (tuple === null) return null;
  return Array.from({ length: tuple.columnCount }, (_, i) => {
    const length = tuple.lengths[i]!;
    if (length === NULL_VALUE) return null;
    if (length === UNCHANGED_TOAST) return undefined;
    return tuple.bytes.buffer.toString('utf8', tuple.starts[i], tuple.starts[i]! + length);
  });
}

const COLUMNS = [{ name: 'id', identity: true }, { name: 'a' }, { name: 'b' }];
const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null), fc.constant(undefined));
const row = fc.tuple(value, value, value);

/** One of each, with its changes of three columns. */
const message = fc.oneof(
  row.map((created) => insertMessage(OID, created)),
  fc.tuple(row, row).map(([old, created]) => updateMessage(OID, old, created)),
  fc.tuple(row, row).map(([old, created]) => updateMessage(OID, old, created, 'K')),
  row.map((created) => updateMessage(OID, null, created)),
  row.map((old) => deleteMessage(OID, old)),
  fc.constant(truncateMessage([OID, OID])),
  fc.string().map((text) => logicalMessage('rowtrail', Buffer.from(text))),
  fc.constant(relationMessage(OID, COLUMNS)),
  fc.constant(beginMessage(77n, -5n, 4_000_000_000)),
  fc.constant(commitMessage(77n, 99n)),
  fc.constant(originMessage('berlin')),
  fc.constant(typeMessage(OID, '', 'numeric')),
);

/** What stands behind a message in the socket's buffer, of characters that are not in it. */
const BEHIND = '\u2603'.repeat(40);

/**
 * Decodes bytes after a description of their relation, in memory and as a message too large for it: every value must
 * lie within the message, and every error be RT_DECODE, of plain words and numbers.
 */
function readOrRefuse(bytes: Buffer): void {
  const buffer = Buffer.concat([Buffer.alloc(3, 0x74), bytes, Buffer.from(BEHIND)]);
  const end = 3 + bytes.length;
  const within = (tuple: Tuple | null): void => {
    for (let i = 0; i < (tuple?.columnCount ?? 0); i += 1) {
      const length = tuple!.lengths[i]!;
      const large = tuple!.large?.get(i);
      expect(length).toBeGreaterThanOrEqual(large === undefined ? UNCHANGED_TOAST : LARGE_VALUE);
      if (large !== undefined) expect(large.offset + large.length).toBeLessThanOrEqual(end);
      else if (length > 0) expect(tuple!.starts[i]! + length).toBeLessThanOrEqual(tuple!.large ? bytes.length : end);
    }
  };
  const texts: string[] = [];
  const decoder = new PgoutputDecoder<string>(
    {
      relation: ({ schema, name, columns }) => {
        texts.push(schema, name, ...columns.map((column) => column.name));
        return name;
      },
      begin: () => {},
      origin: (name) => texts.push(name),
      change: (change) => {
        within(change.old);
        within(change.new);
      },
      truncate: () => {},
      message: (prefix, content) => void texts.push(prefix, content.toString()),
      oversizedMessage: (prefix) => void texts.push(prefix),
      commit: () => {},
    },
    4,
  );
  const description = relationMessage(OID, COLUMNS);
  void decoder.decode(description, 0, description.length);
  const stored: StoredBytes = {
    length: end,
    read: (offset, target) => expect(buffer.copy(target, 0, offset, end)).toBe(target.length),
    retain: () => {},
    release: () => {},
  };
  for (const decode of [() => decoder.decode(buffer, 3, end), () => decoder.decodeLarge(stored, 3)]) {
    try {
      void decode();
    } catch (error) {
      expect(error).toBeInstanceOf(RowtrailError);
      const { code, message, hint } = error as RowtrailError;
      expect(code).toBe('RT_DECODE');
      expect(`${message} ${hint ?? ''}`).toMatch(/^[\w ,.:'()-]*$/);
    }
  }
  // Nothing behind the message was taken for a part of it.
  expect(texts.join('')).not.toContain('\u2603');
}

describe('the decoder', () => {
  it('reads values as they were sent, whatever stands around the message', () => {
    fc.assert(
      fc.property(row, row, fc.constantFrom('O', 'K'), (old, created, kind) => {
        const { calls, decode } = decoderOf();
        void decode(relationMessage(OID, COLUMNS));
        void decode(insertMessage(OID, created));
        void decode(updateMessage(OID, old, created, kind));
        void decode(updateMessage(OID, null, created));
        void decode(deleteMessage(OID, old, kind));
        const wire = (texts: readonly WireValue[]) =>
          texts.map((text) => (typeof text === 'string' ? Buffer.from(text).toString() : text));
        expect(calls.slice(1)).toEqual([
          { create: 'public.t', old: null, keyOnly: false, new: wire(created) },
          { update: 'public.t', old: wire(old), keyOnly: kind === 'K', new: wire(created) },
          { update: 'public.t', old: null, keyOnly: false, new: wire(created) },
          { delete: 'public.t', old: wire(old), keyOnly: kind === 'K', new: null },
        ]);
      }),
    );
  });

  it('reads everything else', () => {
    const { calls, decode } = decoderOf();
    void decode(beginMessage(0xffff_ffff_ffff_fffen, -5n, 4_000_000_000));
    void decode(originMessage('berlin'));
    void decode(relationMessage(OID, COLUMNS, 'i', '', 'pg "näme"'));
    void decode(truncateMessage([OID, OID]));
    void decode(logicalMessage('rowtrail', Buffer.from('content')));
    void decode(logicalMessage('', Buffer.alloc(0)));
    void decode(commitMessage(5n, 9n));
    expect(calls).toEqual([
      { begin: { commitLsn: 0xffff_ffff_ffff_fffen, committedAtMicros: -5n, xid: 4_000_000_000 } },
      { origin: 'berlin' },
      {
        relation: {
          oid: OID,
          schema: 'pg_catalog',
          name: 'pg "näme"',
          replicaIdentity: 'i',
          columns: COLUMNS.map((column) => ({
            name: column.name,
            identity: column.identity === true,
            typeOid: 25,
            typeModifier: -1,
            baseType: null,
          })),
        },
      },
      { truncate: ['pg_catalog.pg "näme"', 'pg_catalog.pg "näme"'] },
      { prefix: 'rowtrail', content: 'content' },
      { prefix: '', content: '' },
      { commit: { commitLsn: 5n, endLsn: 9n } },
    ]);
  });

  it('gives columns the types that were named just before', () => {
    const { calls, decode } = decoderOf();
    void decode(typeMessage(16_400, '', 'numeric'));
    void decode(typeMessage(16_401, 'public', 'mood'));
    const columns = [16_400, 16_401, 25].map((typeOid) => ({ name: `of ${typeOid}`, typeOid }));
    void decode(relationMessage(OID, columns));
    // An oid may be used again: what was said holds for one description.
    void decode(relationMessage(OID + 1, columns));
    const types = calls.map((call) =>
      (call as { relation: Relation }).relation.columns.map((column) => column.baseType),
    );
    expect(types).toEqual([
      [{ schema: 'pg_catalog', name: 'numeric' }, { schema: 'public', name: 'mood' }, null],
      [null, null, null],
    ]);
  });

  it('holds the next message back while a relation is looked up', async () => {
    let describe!: (name: string) => void;
    const changes: string[] = [];
    const decoder = new PgoutputDecoder<string>({
      relation: () => new Promise((resolve) => (describe = resolve)),
      begin: () => {},
      origin: () => {},
      change: (change) => changes.push(change.relation),
      truncate: () => {},
      message: () => {},
      oversizedMessage: () => {},
      commit: () => {},
    });
    const description = relationMessage(OID, COLUMNS);
    const pending = decoder.decode(description, 0, description.length);
    describe('later');
    await pending;
    const insert = insertMessage(OID, ['1', null, 'x']);
    void decoder.decode(insert, 0, insert.length);
    expect(changes).toEqual(['later']);
  });

  it('refuses every message that was cut short, and makes nothing of it', () => {
    fc.assert(
      fc.property(message, fc.nat(), (whole, at) => {
        const { calls, decode } = decoderOf();
        void decode(relationMessage(OID, COLUMNS));
        // The commit's time at its end is not read.
        const length = at % (whole[0] === 0x43 ? whole.length - 8 : whole.length);
        expect(() => decode(whole.subarray(0, length))).toThrow(expect.objectContaining({ code: 'RT_DECODE' }));
        expect(calls.length).toBe(1);
      }),
    );
  });

  it('reads or refuses any bytes: no other error, no end that is not reached', () => {
    fc.assert(
      fc.property(message, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }), (whole, edits) => {
        const edited = Buffer.from(whole);
        for (const [at, byte] of edits) edited[at % edited.length] = byte;
        readOrRefuse(edited);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => readOrRefuse(Buffer.from(bytes))));
  });

  it('reads or refuses messages with any bits flipped, cut out or doubled', () => {
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('flip'), at: fc.nat(), length: fc.nat({ max: 7 }) }),
      fc.record({ kind: fc.constantFrom('cut', 'double'), at: fc.nat(), length: fc.integer({ min: 1, max: 9 }) }),
    );
    fc.assert(
      fc.property(message, fc.array(damage, { minLength: 1, maxLength: 3 }), (whole, damages) => {
        let damaged = Buffer.from(whole);
        for (const { kind, at, length } of damages) {
          const from = at % Math.max(1, damaged.length);
          if (kind === 'flip') damaged.writeUInt8((damaged[from] ?? 0) ^ (1 << length), from);
          else {
            const rest = kind === 'cut' ? from + length : Math.max(0, from - length);
            damaged = Buffer.concat([damaged.subarray(0, from), damaged.subarray(rest), Buffer.alloc(1)]);
          }
        }
        readOrRefuse(damaged);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [
      'a negative length',
      Buffer.concat([
        insertMessage(OID, ['1', '2']).subarray(0, 8),
        Buffer.from('t\xff\xff\xff\xff', 'latin1'),
        Buffer.from('nn'),
      ]),
    ],
    ['another number of columns', insertMessage(OID, ['1', '2'])],
    ['a relation that was not described', insertMessage(OID + 1, ['1', '2', '3'])],
    ['bytes left over', Buffer.concat([insertMessage(OID, ['1', '2', '3']), Buffer.from('n')])],
    ['an unknown kind', Buffer.from('Stream')],
    ['nothing at all', Buffer.alloc(0)],
    ['a value in binary', Buffer.from(insertMessage(OID, ['1', '2', '3']).map((byte, i) => (i === 8 ? 0x62 : byte)))],
  ])('refuses %s', (_, bytes) => {
    const { decode } = decoderOf();
    void decode(relationMessage(OID, COLUMNS));
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'RT_DECODE' }));
  });
});
