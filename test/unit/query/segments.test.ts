import { describe, expect, it } from 'vitest';
import { pairsOf } from '../../../src/query/segments.ts';

const ids = (count: number): number[] => Array.from({ length: count }, (_value, i) => i + 1);

describe('the pairs whose days are looked up one by one', () => {
  it('are those of few actors in few tables', () => {
    expect(pairsOf({ actorIds: [7], relationIds: [1, 2] })).toEqual({ actorIds: [7], relationIds: [1, 2] });
    expect(pairsOf({ actorIds: ids(4), relationIds: ids(4) })).not.toBeNull();
  });

  it('are none without both, nor where they would be a search of their own for each of thousands', () => {
    expect(pairsOf({ actorIds: null, relationIds: [1] })).toBeNull();
    expect(pairsOf({ actorIds: [7], relationIds: null })).toBeNull();
    expect(pairsOf({ actorIds: ids(1_000), relationIds: ids(16) })).toBeNull();
    expect(pairsOf({ actorIds: ids(5_000), relationIds: ids(200) })).toBeNull();
  });
});
