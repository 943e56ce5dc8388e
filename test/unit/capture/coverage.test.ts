import { describe, expect, test } from 'vitest';
import {
  coverageDrift,
  goneTables,
  type CoverageRow,
  type CoverageSnapshot,
} from '../../../src/capture/wal/coverage.ts';

const AT = '2026-01-02 00:00:00+00';

/** A leaf (oid 2) of a tracked root (oid 1), as setup left it. */
function leaf(overrides: Partial<CoverageRow> = {}): CoverageRow {
  return {
    oid: 2,
    rootOid: 1,
    rootSchema: 'public',
    rootName: 'root',
    schema: 'public',
    name: 'leaf',
    kind: 'r',
    recorded: true,
    exists: true,
    rootExists: true,
    belongs: true,
    unlogged: false,
    published: true,
    isMissed: false,
    hasTriggers: true,
    recordedAt: '2026-01-01 00:00:00+00',
    ...overrides,
  };
}

const ROOT = leaf({ oid: 1, name: 'root', kind: 'p' });

function drift(row: CoverageRow, known: string | null = null, hasPublication = true): unknown[] {
  const snapshot: CoverageSnapshot = { at: AT, lsn: 0n, hasEventTriggers: false, hasPublication, rows: [row] };
  const losses = new Map(known === null ? [] : [[row.oid, known] as const]);
  return coverageDrift(snapshot, losses).map(({ state, reason, to_time }) => [state, reason, to_time]);
}

describe('coverage drift', () => {
  test.each<[string, CoverageRow, unknown[]]>([
    ['as setup left it', leaf(), []],
    ['a dropped leaf', leaf({ exists: false }), [['dropped', 'partition_dropped', AT]]],
    [
      'a dropped leaf recorded before kinds were',
      leaf({ exists: false, kind: null }),
      [['dropped', 'partition_dropped', AT]],
    ],
    ['a dropped part without rows of its own', leaf({ exists: false, kind: 'p' }), []],
    ['a leaf that went with its root', leaf({ exists: false, rootExists: false }), []],
    ['a dropped root', { ...ROOT, exists: false, rootExists: false }, [['dropped', 'table_dropped', AT]]],
    ['a detached leaf', leaf({ belongs: false }), [['detached', 'partition_detached', AT]]],
    ['a detached part', leaf({ belongs: false, kind: 'p' }), []],
    ['a root out of the publication', { ...ROOT, published: false }, [['unpublished', 'unpublished', null]]],
    ['a table that setup took out', { ...ROOT, published: false, recorded: false }, []],
    ['a leaf without triggers', leaf({ hasTriggers: false }), [['untracked', 'untracked', null]]],
    ['a root without triggers', { ...ROOT, hasTriggers: false }, [['untracked', 'untracked', null]]],
    [
      'a new leaf that nothing knows',
      leaf({ hasTriggers: false, recorded: false }),
      [['untracked', 'untracked', null]],
    ],
    ['an unlogged leaf', leaf({ unlogged: true }), [['untracked', 'untracked', null]]],
    ['a foreign leaf', leaf({ kind: 'f', recorded: false }), [['untracked', 'untracked', null]]],
  ])('finds %s once', (_name, row, expected) => {
    expect(drift(row)).toEqual(expected);
    const [found] = expected as [string][];
    if (found !== undefined && found[0] !== 'dropped') expect(drift(row, found[0])).toEqual([]);
  });

  test.each<[string, CoverageRow, string, unknown[]]>([
    ['published again', ROOT, 'unpublished', [['covered', null, AT]]],
    ['published again, though not by a record', { ...ROOT, recorded: false }, 'unpublished', [['covered', null, AT]]],
    ['tracked again', leaf(), 'untracked', [['covered', null, AT]]],
    ['attached again', leaf(), 'detached', [['covered', 'partition_attached', AT]]],
    ['taken out, and gone', leaf({ exists: false, recorded: false }), 'unpublished', [['dropped', null, AT]]],
    ['untracked, then detached', leaf({ belongs: false }), 'untracked', [['detached', 'partition_detached', AT]]],
  ])('ends what is on record of a table %s', (_name, row, known, expected) => {
    expect(drift(row, known)).toEqual(expected);
  });

  test('says nothing of tables while there is no publication at all', () => {
    expect(drift({ ...ROOT, published: false }, null, false)).toEqual([]);
  });

  test('names the table and ends in its oid, by which a loss is told from another', () => {
    const snapshot = {
      at: AT,
      lsn: 0n,
      hasEventTriggers: false,
      hasPublication: true,
      rows: [leaf({ exists: false })],
    };
    expect(coverageDrift(snapshot, new Map())[0]?.detail).toBe(
      'partition public.leaf was dropped with its rows (oid 2)',
    );
    expect(goneTables(snapshot)).toEqual([2]);
  });
});
