import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bytes, type StoredBytes } from '../../../src/change/bytes.ts';
import type { Change } from '../../../src/change/change.ts';
import type { ColumnRule } from '../../../src/change/column-rule.ts';
import type { Relation } from '../../../src/change/relation.ts';
import { PgoutputDecoder } from '../../../src/capture/pgoutput/decoder.ts';
import type { EntryPart } from '../../../src/entry/entry-part.ts';
import { ENTRY_COLUMNS, writePlainEntry, writeRowEntry } from '../../../src/entry/entry-row.ts';
import { writeLargeRowEntry, type LargeRowTarget } from '../../../src/entry/large-row.ts';
import { hashKeyOf, withMasks } from '../../../src/entry/mask.ts';
import { compileRelation, type RelationPlan } from '../../../src/entry/relation-plan.ts';
import type { RowTarget } from '../../../src/entry/row-target.ts';
import {
  deleteMessage,
  insertMessage,
  relationMessage,
  updateMessage,
  type WireValue,
} from '../capture/pgoutput-message.ts';

const TYPE_OIDS = { text: 25, number: 1700, boolean: 16, json: 114 } as const;
type Kind = keyof typeof TYPE_OIDS;

/** Has exactly the room that was asked for, so that one byte more is an error. */
class ExactTarget implements RowTarget {
  bytes = new Bytes(Buffer.alloc(0));
  at = 0;

  beginRow(maxBytes: number): void {
    this.bytes = new Bytes(Buffer.alloc(maxBytes, 0xaa));
    this.at = 0;
  }
}

/** -Infinity, the longest number that is none in JSON, fits. */
const LARGE_ABOVE_BYTES = 9;

class StoredMessage implements StoredBytes {
  readonly #bytes: Buffer;
  holders = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  read(offset: number, target: Buffer): void {
    if (this.#bytes.copy(target, 0, offset) !== target.length) throw new RangeError('no such bytes');
  }

  retain(): void {
    this.holders += 1;
  }

  release(): void {
    this.holders -= 1;
  }
}

class PartsTarget extends ExactTarget implements LargeRowTarget {
  #parts: EntryPart[] = [];

  addPart(part: EntryPart): void {
    this.#parts.push(part);
  }

  take(): Buffer {
    const chunks = this.#parts.flatMap((part) => {
      const bytes = Buffer.concat([...part.chunks()]);
      if (bytes.length !== part.byteLength) throw new Error(`${bytes.length} bytes, ${part.byteLength} promised`);
      return bytes;
    });
    for (const part of this.#parts) part.release();
    this.#parts = [];
    return Buffer.concat([this.bytes.buffer.subarray(0, this.at), ...chunks]);
  }
}

interface Entry {
  readonly action: string;
  readonly changed: string[] | null;
  readonly unknown: string[] | null;
  readonly row: string | null;
  readonly old: string | null;
  readonly data: string | null;
  readonly record_key: string | null;
}

/** Reads a row of binary COPY. https://www.postgresql.org/docs/current/sql-copy.html */
function read(target: ExactTarget): Entry {
  expect(target.at).toBeLessThanOrEqual(target.bytes.buffer.length);
  let at = 2;
  expect(target.bytes.buffer.readInt16BE(0)).toBe(ENTRY_COLUMNS.length);
  const fields: Record<string, Buffer | null> = {};
  for (const column of ENTRY_COLUMNS) {
    const length = target.bytes.buffer.readInt32BE(at);
    at += 4;
    fields[column] = length === -1 ? null : target.bytes.buffer.subarray(at, at + length);
    at += Math.max(0, length);
  }
  expect(at).toBe(target.at);
  const text = (name: string): string | null => fields[name]?.toString() ?? null;
  return {
    action: text('action')!,
    changed: names(fields['changed']!),
    unknown: names(fields['unknown']!),
    row: text('row'),
    old: text('old'),
    data: text('data'),
    record_key: text('record_key'),
  };
}

function names(field: Buffer | null): string[] | null {
  if (field === null) return null;
  const found: string[] = [];
  const count = field.readInt32BE(0) === 0 ? 0 : field.readInt32BE(12);
  let at = 20;
  for (let i = 0; i < count; i += 1) {
    const length = field.readInt32BE(at);
    found.push(field.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

interface Table {
  readonly columns: readonly {
    readonly name: string;
    readonly kind: Kind;
    readonly identity: boolean;
    readonly rule: ColumnRule | null;
  }[];
  readonly key: readonly string[] | null;
}

function planOf(table: Table): { plan: RelationPlan; encode: (message: Buffer) => Entry } {
  let plan: RelationPlan | null = null;
  const target = new ExactTarget();
  const largeTarget = new PartsTarget();
  const head = { occurredAtMicros: 5n, ordinal: 2 ** 33 + 1 };
  const handler = {
    relation: (relation: Relation) =>
      (plan = compileRelation(relation, {
        relationId: 7,
        key: table.key,
        partitioned: false,
        generated: new Set(),
        unchecked: new Set(),
        partitionKey: null,
        trust: null,
        rules: new Map(table.columns.flatMap(({ rule }, i) => (rule === null ? [] : [[i, rule]]))),
        hashKey: HASH_KEY,
      })),
    begin: () => {},
    origin: () => {},
    change: (sent: Change<RelationPlan>) => {
      const change = withMasks(sent);
      if (change.large === null) writeRowEntry(target, change.relation, change, head);
      else writeLargeRowEntry(largeTarget, change.relation, change, head);
    },
    truncate: () => {},
    message: () => {},
    oversizedMessage: () => {},
    commit: () => {},
  };
  const decoder = new PgoutputDecoder<RelationPlan>(handler, LARGE_ABOVE_BYTES);
  const feed = (message: Buffer): void => void decoder.decode(message, 0, message.length);
  feed(
    relationMessage(
      1,
      table.columns.map(({ name, kind, identity }) => ({ name, identity, typeOid: TYPE_OIDS[kind] })),
      'i',
    ),
  );
  return {
    plan: plan!,
    encode: (message) => {
      feed(message);
      const stored = new StoredMessage(Buffer.concat([Buffer.alloc(3), message]));
      decoder.decodeLarge(stored, 3);
      // A message too large for memory gives the very same bytes.
      expect(largeTarget.take().equals(target.bytes.buffer.subarray(0, target.at))).toBe(true);
      expect(stored.holders).toBe(0);
      return read(target);
    },
  };
}

const HASH_KEY = hashKeyOf('correct horse battery staple');

function hmac(text: string): string {
  return `hmac-sha256:${createHmac('sha256', 'correct horse battery staple').update(text).digest('hex')}`;
}

function jsonText(kind: Kind, value: string | null): string {
  if (value === null) return 'null';
  if (kind === 'json' && value.trim() === 'null') return ` ${value}`;
  if (kind === 'json' || (kind === 'number' && value !== 'NaN' && value !== '-Infinity')) return value;
  if (kind === 'boolean') return value === 't' ? 'true' : 'false';
  return JSON.stringify(value);
}

/** What the entry should say, told plainly: `undefined` stands for what was not sent. */
function model(
  table: Table,
  action: string,
  old: WireValue[] | null,
  oldIsKey: boolean,
  created: WireValue[] | null,
): Entry {
  const all = table.columns.map((column, i) => ({
    ...column,
    i,
    kind: column.rule === 'hash' ? ('text' as const) : column.kind,
    isHashed: column.rule === 'hash' || (column.rule !== null && table.key?.includes(column.name) === true),
  }));
  const columns = all.filter(({ rule }) => rule === null || rule === 'hash');
  const mask = (values: WireValue[] | null): WireValue[] | null =>
    values?.map((value, i) => (all[i]!.isHashed && typeof value === 'string' ? hmac(value) : value)) ?? null;
  old = mask(old);
  created = mask(created);
  const before = (column: (typeof columns)[number]): WireValue =>
    old === null || (oldIsKey && !column.identity) ? undefined : old[column.i];
  const after = (column: (typeof columns)[number]): WireValue => {
    const value = created?.[column.i];
    return value === undefined ? before(column) : value;
  };
  const object = (members: readonly [string, string][]): string =>
    `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
  const image = columns.filter((column) => after(column) !== undefined);
  const row = object(image.map((column) => [column.name, jsonText(column.kind, after(column)!)]));
  const isUpdate = action === 'update';
  const changed = columns.filter((column) => {
    const sent = created?.[column.i];
    return isUpdate && before(column) !== undefined && sent !== undefined && sent !== before(column);
  });
  const redacted = all.filter(({ rule }) => rule === 'redact');
  const hidden = redacted.filter((column) => {
    const sent = created?.[column.i];
    return isUpdate && before(column) !== undefined && sent !== undefined && sent !== before(column);
  });
  const unknown = columns.filter((column) => {
    if (action === 'create') return false;
    if (before(column) !== undefined) return false;
    return !(isUpdate && old === null && column.identity && created![column.i] !== undefined);
  });
  const keyColumns = table.key?.map((name) => all.find((column) => column.name === name)) ?? [undefined];
  const keyTexts = keyColumns.map((column) => (column === undefined ? undefined : after(column)));
  const hash = (text: string): string => `~${createHash('sha256').update(text).digest('hex')}`;
  let key = hash(row);
  if (keyTexts.every((text) => typeof text === 'string')) {
    key = keyTexts.length === 1 ? keyTexts[0]! : JSON.stringify(keyTexts);
    if (Buffer.byteLength(key) > 1024) key = hash(key);
  }
  const hashed = all.filter(({ rule }) => rule === 'hash');
  const masks = [
    ...(redacted.length > 0 ? [`"redacted":${JSON.stringify(redacted.map(({ name }) => name))}`] : []),
    ...(hashed.length > 0 ? [`"hashed":${JSON.stringify(hashed.map(({ name }) => name))}`] : []),
  ];
  const list = (picked: readonly { name: string }[]): string[] => picked.map((column) => column.name);
  // Named by `old`, to the reader as to whoever searches its text.
  const isTold =
    changed.length > 0 &&
    hidden.length === 0 &&
    changed.every(({ name }) => JSON.stringify(name) === `"${name}"`) &&
    changed.reduce((bytes, column) => bytes + Buffer.byteLength(before(column) ?? ''), 0) <= 1_024;
  return {
    action,
    changed:
      isUpdate && !isTold && (unknown.length === 0 || unknown.length < columns.length || hidden.length > 0)
        ? list([...changed, ...hidden])
        : null,
    unknown: unknown.length > 0 ? list(unknown) : null,
    row,
    old:
      changed.length === 0
        ? null
        : object(changed.map((column) => [column.name, jsonText(column.kind, before(column)!)])),
    data: masks.length === 0 ? null : `{${masks.join(',')}}`,
    record_key: key,
  };
}

const VALUES: Record<Kind, fc.Arbitrary<string>> = {
  text: fc
    .oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u0001', 'é', 'x'), maxLength: 40 }),
      fc
        .tuple(fc.constantFrom('"', '\u0001', 'x', 'é"'), fc.integer({ min: 100, max: 6_000 }))
        .map(([part, times]) => part.repeat(times)),
    )
    .map((text) => Buffer.from(text).toString()),
  number: fc.oneof(fc.bigInt().map(String), fc.constantFrom('NaN', '-Infinity', '-0', '1.00', '1e+20')),
  boolean: fc.constantFrom('t', 'f'),
  json: fc.oneof(fc.json(), fc.constantFrom(' {"a" :1}', '"\\u0000"')),
};

const scenario = fc
  .uniqueArray(
    fc.record({
      name: fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
        .filter((name) => !name.includes('\0') && !/\p{Surrogate}/u.test(name)),
      kind: fc.constantFrom<Kind>('text', 'number', 'boolean', 'json'),
      identity: fc.boolean(),
      rule: fc.constantFrom<ColumnRule | null>(null, null, null, null, 'exclude', 'hash', 'redact'),
    }),
    { selector: (column) => column.name, maxLength: 7 },
  )
  .chain((columns) => {
    const tuple = (toast: boolean): fc.Arbitrary<WireValue[]> =>
      fc.tuple(
        ...columns.map((column): fc.Arbitrary<WireValue> =>
          fc.oneof(
            { weight: 6, arbitrary: VALUES[column.kind] },
            { weight: 1, arbitrary: fc.constant(null) },
            ...(toast ? [{ weight: 1, arbitrary: fc.constant(undefined) }] : []),
          ),
        ),
      );
    return fc.record({
      columns: fc.constant(columns),
      key:
        columns.length === 0
          ? fc.constant(null)
          : fc.option(
              fc.subarray(
                columns.map((column) => column.name),
                { minLength: 1 },
              ),
              { nil: null },
            ),
      action: fc.constantFrom('create', 'update', 'delete'),
      old: tuple(false),
      created: tuple(true),
      whole: tuple(false),
      same: fc.array(fc.boolean(), { minLength: columns.length, maxLength: columns.length }),
      oldKind: fc.constantFrom('O', 'K', 'none'),
    });
  });

describe('a row entry', () => {
  it('is what a plain reading of the change says, within the room asked for', () => {
    fc.assert(
      fc.property(scenario, ({ columns, key, action, old, created, whole, same, oldKind }) => {
        const table: Table = { columns, key };
        const { encode } = planOf(table);
        if (action === 'create') {
          expect(encode(insertMessage(1, whole))).toEqual(model(table, action, null, false, whole));
        } else if (action === 'delete') {
          const kind = oldKind === 'K' ? 'K' : 'O';
          expect(encode(deleteMessage(1, old, kind))).toEqual(model(table, action, old, kind === 'K', null));
        } else {
          const after = created.map((text, i) => (same[i] === true ? old[i]! : text));
          const before = oldKind === 'none' ? null : old;
          expect(encode(updateMessage(1, before, after, oldKind))).toEqual(
            model(table, action, before, oldKind === 'K', after),
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('of many booleans and a long text fits, too', () => {
    const columns = [
      { name: 't', kind: 'text' as const, identity: true, rule: null },
      ...Array.from({ length: 1_000 }, (_, i) => ({
        name: String.fromCharCode(0x4e00 + i),
        kind: 'boolean' as const,
        identity: true,
        rule: null,
      })),
    ];
    const table: Table = { columns, key: ['t', ...columns.slice(1, 9).map((column) => column.name)] };
    const { encode } = planOf(table);
    for (const text of ['x'.repeat(20_000), '\u0001'.repeat(700), '"'.repeat(5_000)]) {
      const old = columns.map((_, i) => (i === 0 ? text : 'f'));
      const after = columns.map((_, i) => (i === 0 ? `${text}"` : 'f'));
      expect(encode(updateMessage(1, old, after))).toEqual(model(table, 'update', old, false, after));
    }
  });
});

describe('an entry without a row', () => {
  it('fits whatever it says', () => {
    const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 3_000 }), { nil: null });
    fc.assert(
      fc.property(text, text, fc.constantFrom('truncate', 'login'), (data, recordKey, action) => {
        const target = new ExactTarget();
        writePlainEntry(target, { action, relationId: null, data, recordKey }, { occurredAtMicros: 0n, ordinal: 0 });
        const key = recordKey === null ? null : Buffer.from(recordKey);
        expect(read(target)).toMatchObject({
          action,
          row: null,
          changed: null,
          data: data === null ? null : Buffer.from(data).toString(),
          record_key:
            key === null
              ? null
              : key.length > 1024
                ? `~${createHash('sha256').update(key).digest('hex')}`
                : key.toString(),
        });
      }),
    );
  });
});
