import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RollupFold, Tallies } from '../../../src/store/rollup.ts';

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
const QUARTER_MS = 15 * 60 * 1000;

const entry = fc.record({
  relationId: fc.nat({ max: 2 }),
  action: fc.constantFrom('create', 'update', 'login'),
  endsStretch: fc.boolean(),
  actor: fc.constantFrom('user 1', 'user 2', 'database app'),
  attribution: fc.constantFrom('app', 'database'),
  /** Before PostgreSQL's epoch, too. */
  seconds: fc.integer({ min: -4_000, max: 4_000 }),
});

describe('rollups', () => {
  it('count what a plain loop counts', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
        const tallies = new Tallies();
        const fold = new RollupFold();
        const model = new Map<string, { count: number; min: number; max: number }>();
        let stretch: number[] = [];
        entries.forEach(({ relationId, action, endsStretch, actor, attribution, seconds }, row) => {
          tallies.add(relationId, action, row);
          stretch.push(row);
          if (!endsStretch && row < entries.length - 1) return;
          fold.add(BigInt(seconds) * 1_000_000n + 1n, actor, attribution, tallies.take());
          const bucket = Math.floor((POSTGRES_EPOCH_MS + seconds * 1000) / QUARTER_MS) * QUARTER_MS;
          for (const member of stretch) {
            const { relationId: id, action: name } = entries[member]!;
            const key = JSON.stringify([new Date(bucket).toISOString(), id, actor, name, attribution]);
            const found = model.get(key);
            if (found === undefined) model.set(key, { count: 1, min: member, max: member });
            else Object.assign(found, { count: found.count + 1, max: member });
          }
          stretch = [];
        });
        const actors = ['user 1', 'user 2', 'database app'];
        const rows = fold.rows(
          (key) => actors.indexOf(key),
          (row) => BigInt(row) + 1_000n,
        );
        const counted = rows.map((row) => [
          JSON.stringify([row.bucket, row.relation_id, actors[row.actor_id], row.action, row.attribution]),
          { count: row.count, min: Number(row.min_id) - 1_000, max: Number(row.max_id) - 1_000 },
        ]);
        expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(model));
        expect(counted.length).toBe(model.size);
      }),
    );
  });
});
