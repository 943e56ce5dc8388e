import { describe, expect, it } from 'vitest';
import type { CatalogColumn } from '../../../src/capture/wal/column-alignment.ts';
import { relationKey } from '../../../src/capture/wal/relation-key.ts';
import type { Relation } from '../../../src/change/relation.ts';

interface Case {
  readonly identity: Relation['replicaIdentity'];
  /** Names, with a * before those that the stream flags. */
  readonly columns: readonly string[];
  /** By streamed column; default: 1, 2, 3 … */
  readonly attnums?: readonly (number | null)[];
  readonly primaryKey?: readonly number[];
  readonly identityIndex?: readonly number[];
  readonly hidden?: readonly number[];
  readonly stored?: readonly string[];
}

function keyOf(of: Case): readonly string[] | null {
  const relation: Relation = {
    oid: 1,
    schema: 'public',
    name: 't',
    replicaIdentity: of.identity,
    columns: of.columns.map((name) => ({
      name: name.replace('*', ''),
      identity: of.identity === 'f' || name.startsWith('*'),
      typeOid: 23,
      typeModifier: -1,
      baseType: null,
    })),
  };
  const hidden = (of.hidden ?? []).map((attnum): CatalogColumn => ({
    attnum,
    name: 'hidden',
    typeOid: 23,
    dropped: false,
    generated: true,
    streamed: false,
    settled: true,
  }));
  return relationKey(
    relation,
    {
      columns: hidden,
      attnums: of.attnums ?? of.columns.map((_, i) => i + 1),
      primaryKey: of.primaryKey ?? null,
      identityIndex: of.identityIndex ?? null,
    },
    of.stored ?? null,
  );
}

describe('the key of a relation as it was', () => {
  it.each<[string, Case, readonly string[] | null]>([
    ['is what default flags', { identity: 'd', columns: ['*id', 'a'], primaryKey: [2] }, ['id']],
    ['is what the index flags', { identity: 'i', columns: ['id', '*a'], primaryKey: [1], identityIndex: [2] }, ['a']],
    ['is flagged though the table is gone', { identity: 'd', columns: ['*id', 'a'], attnums: [null, null] }, ['id']],
    ['is in the order of the catalog', { identity: 'd', columns: ['*a', 'n', '*b'], primaryKey: [3, 1] }, ['b', 'a']],
    [
      'is in the order of the catalog, under the names of then',
      { identity: 'd', columns: ['*old', 'n', '*b'], attnums: [4, 5, 6], primaryKey: [6, 4], stored: ['new', 'b'] },
      ['b', 'old'],
    ],
    [
      'is in the stored order where the catalog has another key',
      { identity: 'd', columns: ['*a', '*b', 'c'], primaryKey: [3], stored: ['b', 'a'] },
      ['b', 'a'],
    ],
    [
      'is in table order where no one knows better',
      { identity: 'i', columns: ['*a', '*b', 'c'], identityIndex: [1], stored: ['c'] },
      ['a', 'b'],
    ],
    [
      'is none under default without a primary key, whatever came later',
      { identity: 'd', columns: ['id', 'a'], primaryKey: [1], stored: ['id'] },
      null,
    ],
    [
      'is none where only a part of it is sent',
      { identity: 'd', columns: ['*id', 'a'], attnums: [1, 3], primaryKey: [1, 2], hidden: [2], stored: ['id'] },
      null,
    ],
    ['is the catalog’s under full', { identity: 'f', columns: ['id', 'a'], primaryKey: [1] }, ['id']],
    [
      'is the identity index’s under full without a primary key',
      { identity: 'f', columns: ['id', 'a'], identityIndex: [2] },
      ['a'],
    ],
    [
      'is found under full by its number',
      { identity: 'f', columns: ['id', 'a'], attnums: [3, 4], primaryKey: [3], stored: ['a'] },
      ['id'],
    ],
    [
      'is the stored one under full where the catalog’s has come later',
      { identity: 'f', columns: ['id', 'a'], primaryKey: [9], stored: ['id'] },
      ['id'],
    ],
    [
      'is the stored one under full where the catalog’s is in doubt',
      { identity: 'f', columns: ['id', 'a'], attnums: [null, 2], primaryKey: [1], stored: ['id'] },
      ['id'],
    ],
    [
      'is the stored one under full where the table is gone',
      { identity: 'f', columns: ['id', 'a'], attnums: [null, null], stored: ['id'] },
      ['id'],
    ],
    [
      'is none under full where the stored one has lost a column',
      { identity: 'f', columns: ['id', 'a'], attnums: [null, null], stored: ['id', 'region'] },
      null,
    ],
    ['is none under full without any', { identity: 'f', columns: ['id', 'a'] }, null],
    ['is the catalog’s under nothing', { identity: 'n', columns: ['id', 'a'], primaryKey: [1] }, ['id']],
    [
      'is the catalog’s where the identity index was dropped',
      { identity: 'i', columns: ['id', 'a'], primaryKey: [1] },
      ['id'],
    ],
  ])('%s', (_, given, key) => {
    expect(keyOf(given)).toEqual(key);
  });
});
