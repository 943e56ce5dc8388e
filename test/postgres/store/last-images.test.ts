import { expect, it } from 'vitest';
import { fetchLastImages } from '../../../src/store/last-images.ts';
import { createHistory } from '../query/history.ts';

it('fetches the last image of each record of this epoch, and no more bytes than it may', async () => {
  await using history = await createHistory();
  const source = await history.addSource('shop');
  const relation = await history.addRelation(source, 'public', 't', ['id']);
  const first = await history.openBlock(source, 20);
  const entry = (n: number, key: string, more: object): object => ({
    id: first + BigInt(n),
    transaction_id: first + BigInt(n - (n % 10)),
    ordinal: n % 10,
    occurred_at: '2026-01-01T00:00:00Z',
    relation_id: relation,
    action: 'update',
    record_key: key,
    ...more,
  });
  await history.insert('transactions', [
    { id: first, source_id: source, epoch: 1, commit_lsn: '0/A', committed_at: '2026-01-01T00:00:00Z', size: 10 },
    { id: first + 10n, source_id: source, epoch: 2, commit_lsn: '0/B', committed_at: '2026-01-01T00:00:00Z', size: 10 },
  ]);
  await history.insert('entries', [
    entry(0, 'before a gap', { row: { v: 0 } }),
    entry(1, 'twice', { row: { v: 1 } }),
    entry(10, 'twice', { row: { v: 2 } }),
    entry(11, 'commented', { row: { v: 3 } }),
    entry(12, 'commented', { action: 'comment' }),
    entry(13, 'deleted', { row: { v: 4 }, action: 'delete' }),
    entry(14, 'large', { row: { v: 'x'.repeat(1_000) } }),
    entry(15, 'behind it', { row: { v: 5 } }),
    // Of the flush that asks: its transaction is not written yet.
    { ...entry(16, 'own', { row: { v: 6 } }), transaction_id: first + 16n, ordinal: 3 },
    { ...entry(17, 'lost', { row: { v: 7 } }), transaction_id: first + 17n, ordinal: 4 },
  ]);
  const client = await history.database.connect();
  const fetch = (keys: readonly string[], maxBytes?: number) =>
    fetchLastImages(
      {
        client,
        schema: 'audit',
        epoch: 2,
        commitLsnOf: (id) => (id === first + 16n ? 99n : null),
        ...(maxBytes === undefined ? {} : { maxBytes }),
      },
      keys.map((key) => ({ relationId: relation, key })),
    );
  const images = await fetch(['never', 'before a gap', 'twice', 'commented', 'deleted', 'own', 'lost', 'large']);
  expect(images.map((image) => image?.values.get('v') ?? null)).toEqual([
    null,
    null,
    '2',
    '3',
    null,
    '6',
    null,
    `"${'x'.repeat(1_000)}"`,
  ]);
  expect(images.map((image) => image?.at ?? null).filter((at) => at !== null)).toEqual([
    { commitLsn: 11n, ordinal: 0 },
    { commitLsn: 11n, ordinal: 1 },
    { commitLsn: 99n, ordinal: 3 },
    { commitLsn: 11n, ordinal: 4 },
  ]);
  const few = await fetch(['twice', 'large', 'behind it'], 500);
  expect(few.map((image) => image !== null)).toEqual([true, false, false]);
  expect(await fetch([])).toEqual([]);
});
