import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeEntry, imageValues, type IncompleteEntry } from '../../../src/entry/completion.ts';
import { changedColumns } from '../../../src/entry/image.ts';
import { isTrusted, type ImageTrust } from '../../../src/entry/image-trust.ts';
import { compileRelation, type RelationPlan } from '../../../src/entry/relation-plan.ts';

const NAMES: readonly string[] = ['id', 'a', 'b "q"', 'ü'];
const ALWAYS: ImageTrust = { from: { commitLsn: 0n, ordinal: 0 }, since: new Map(), never: new Set() };
const AT = { commitLsn: 10n, ordinal: 0 };

function planOf(names: readonly string[]): RelationPlan {
  return compileRelation(
    {
      oid: 1,
      schema: 'public',
      name: 't',
      replicaIdentity: 'd',
      columns: names.map((name, i) => ({ name, typeOid: 25, typeModifier: -1, baseType: null, identity: i === 0 })),
    },
    {
      relationId: 1,
      key: [names[0]!],
      partitioned: false,
      partitionKey: null,
      trust: ALWAYS,
      generated: new Set(),
      unchecked: new Set(),
      rules: new Map(),
      hashKey: null,
    },
  );
}

const plan = planOf(NAMES);

function objectOf(values: Readonly<Record<string, string>>): string {
  return `{${Object.entries(values)
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    .join(',')}}`;
}

/** JSON texts, as PostgreSQL may print them: digits and spaces count. */
const value = fc.oneof(
  fc.constantFrom('1.0', '1.00', 'null', 'true', '""', ' {"a" : [1, "}"]} ', '12345678901234567890.10'),
  fc.string().map((text) => JSON.stringify(text)),
);
const row = fc.tuple(value, value, value, value);

describe('an entry is completed', () => {
  it('as if the stream had carried everything', () => {
    fc.assert(
      fc.property(
        row,
        row,
        fc.subarray([...NAMES].slice(1)),
        fc.subarray([...NAMES].slice(1)),
        fc.subarray([...NAMES].slice(1)),
        fc.boolean(),
        (before, next, kept, toasted, known, isDelete) => {
          // Columns that keep their value; those of them that were not even sent; those that the image has.
          const old = Object.fromEntries(NAMES.map((name, i) => [name, before[i]!]));
          const fresh = Object.fromEntries(
            NAMES.map((name, i) => [name, kept.includes(name) || toasted.includes(name) ? before[i]! : next[i]!]),
          );
          const keyChanged = old['id'] !== fresh['id'];
          const sent = (name: string): boolean => (isDelete ? name === 'id' : !toasted.includes(name));
          const pick = (from: Record<string, string>, keep: (name: string) => boolean): Record<string, string> =>
            Object.fromEntries(Object.entries(from).filter(([name]) => keep(name)));
          const entry: IncompleteEntry = {
            action: isDelete ? 'delete' : 'update',
            changed: !isDelete && keyChanged ? ['id'] : [],
            unknown: NAMES.slice(1),
            row: objectOf(pick(isDelete ? old : fresh, sent)),
            old: !isDelete && keyChanged ? objectOf({ id: old['id']! }) : null,
          };
          const image = { values: new Map(Object.entries(pick(old, (name) => known.includes(name)))), at: AT };
          const completed = completeEntry(plan, ALWAYS, entry, image);
          if (known.length === 0) {
            expect(completed).toBeNull();
            return;
          }
          const isKnown = (name: string): boolean => name === 'id' || known.includes(name);
          const changed = isDelete ? [] : NAMES.filter((name) => isKnown(name) && old[name] !== fresh[name]);
          expect(completed!.unknown.map((column) => column.name)).toEqual(NAMES.filter((name) => !isKnown(name)));
          expect(completed!.changed?.map((column) => column.name) ?? null).toEqual(isDelete ? null : changed);
          const stored = completed!.isTold ? null : changed;
          expect(changedColumns(stored, completed!.old)).toEqual(changed);
          expect(completed!.row).toBe(objectOf(pick(isDelete ? old : fresh, (name) => sent(name) || isKnown(name))));
          expect(completed!.old).toBe(
            changed.length === 0 ? null : objectOf(pick(old, (name) => changed.includes(name))),
          );
          expect(objectOf(Object.fromEntries(completed!.values.entries())).length).toBe(completed!.row.length);
        },
      ),
    );
  });

  it('but not from what it lacks or has from before', () => {
    const entry: IncompleteEntry = {
      action: 'update',
      changed: [],
      unknown: ['a', 'b "q"', 'ü'],
      row: '{"id":1,"a":2,"b \\"q\\"":3,"ü":4}',
      old: null,
    };
    const values = imageValues('{"id":1,"a":5,"b \\"q\\"":3,"gone":9}');
    const trust: ImageTrust = {
      from: { commitLsn: 20n, ordinal: 0 },
      since: new Map([
        ['a', 10n],
        ['b "q"', 11n],
      ]),
      never: new Set(),
    };
    const completed = completeEntry(plan, trust, entry, { values, at: AT });
    expect(completed).toMatchObject({ old: '{"a":5}', row: entry.row });
    expect(completed!.unknown.map((column) => column.name)).toEqual(['b "q"', 'ü']);
  });
});

describe('an image is trusted', () => {
  const trust: ImageTrust = {
    from: { commitLsn: 20n, ordinal: 3 },
    since: new Map([['a', 10n]]),
    never: new Set(['c']),
  };
  it.each([
    [20n, 3, true, true],
    [20n, 2, true, false],
    [21n, 0, true, true],
    [10n, 0, true, false],
    [9n, 99, false, false],
  ])('at %s/%s', (commitLsn, ordinal, ofStamped, ofOther) => {
    expect(isTrusted(trust, 'a', { commitLsn, ordinal })).toBe(ofStamped);
    expect(isTrusted(trust, 'b', { commitLsn, ordinal })).toBe(ofOther);
    expect(isTrusted(trust, 'c', { commitLsn, ordinal })).toBe(false);
  });
});

describe('only a key that is the identity tells records apart', () => {
  const compiled = (identity: 'd' | 'f', flagged: readonly string[], key: readonly string[], partitioned = false) =>
    compileRelation(
      {
        oid: 1,
        schema: 'public',
        name: 't',
        replicaIdentity: identity,
        columns: NAMES.map((name) => ({
          name,
          typeOid: 25,
          typeModifier: -1,
          baseType: null,
          identity: flagged.includes(name),
        })),
      },
      {
        relationId: 1,
        key,
        partitioned,
        partitionKey: null,
        trust: ALWAYS,
        generated: new Set(),
        unchecked: new Set(),
        rules: new Map([[NAMES.indexOf('ü'), 'redact' as const]]),
        hashKey: null,
      },
    ).trust;

  it('and is not masked', () => {
    expect(compiled('d', ['id'], ['id'])).toBe(ALWAYS);
    expect(compiled('d', ['a', 'id'], ['id', 'a'])).toBe(ALWAYS);
    expect(compiled('d', ['a'], ['id'])).toBeNull();
    expect(compiled('d', ['id', 'a'], ['id'])).toBeNull();
    expect(compiled('d', ['id'], ['id', 'a'])).toBeNull();
    expect(compiled('d', ['ü'], ['ü'])).toBeNull();
    expect(compiled('f', NAMES, ['id'])).toBeNull();
    expect(compiled('f', NAMES, ['id'], true)).toBe(ALWAYS);
  });
});
