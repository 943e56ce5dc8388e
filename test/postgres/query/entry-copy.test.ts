import { afterAll, beforeAll, expect, it } from 'vitest';
import { EntryCopy } from '../../../src/query/entry-copy.ts';
import { jsonOf } from '../../../src/query/entry-json.ts';
import { MAX_IMAGE_BYTES, readEntries } from '../../../src/query/entry-reader.ts';
import { inSnapshot } from '../../../src/query/store-reader.ts';
import { createHistory, type History } from './history.ts';

// What exports, seals and lists read must be the same entries: an export has its own statement for speed.

let history: History;
let source: number;
let relation: number;

beforeAll(async () => {
  history = await createHistory();
  source = await history.addSource('shop');
  relation = await history.addRelation(source, 'public', 'orders', ['id']);
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

async function addEntries(entries: readonly object[]): Promise<bigint[]> {
  const first = await history.openBlock(source, entries.length);
  const occurredAt = '2026-03-01T00:00:00Z';
  await history.insert(
    'entries',
    entries.map((entry, i) => ({
      occurred_at: occurredAt,
      action: 'update',
      id: first + BigInt(i),
      relation_id: relation,
      ...entry,
    })),
  );
  await history.closeBlock(first);
  return entries.map((_entry, i) => first + BigInt(i));
}

async function copied(
  ids: readonly bigint[],
  visible: readonly number[] | null = null,
): Promise<{ readonly lastId: bigint | null; readonly lines: readonly string[] }> {
  const copy = new EntryCopy(history.store, 10_000);
  await copy.connect();
  try {
    const { lastId, texts } = await copy.read(ids, visible);
    return { lastId, lines: Array.from(texts, (each) => jsonOf(each)) };
  } finally {
    copy.destroy();
  }
}

async function listed(ids: readonly bigint[]): Promise<string[]> {
  const entries = await inSnapshot(history.store, (snapshot) => readEntries(snapshot, ids));
  return entries.map(({ json }) => json);
}

/** Compresses to next to nothing. */
function imageOf(bytes: number): { readonly id: number; readonly text: string } {
  return { id: 1, text: 'a'.repeat(bytes) };
}

it('has the entries that a list has, and why one is incomplete', async () => {
  const [before] = await history.openBlock(source, 2).then((first) => [first]);
  const transactions = [before, before! + 1n];
  const committed = { source_id: source, committed_at: '2026-03-01T00:00:00Z', size: 1 };
  await history.insert('transactions', [
    { ...committed, id: transactions[0], epoch: 1, xid: 7, commit_lsn: '0/10' },
    { ...committed, id: transactions[1], epoch: 2, xid: 8, commit_lsn: '0/20' },
  ]);
  await history.closeBlock(before!);
  const row = { id: 1, a: 'x' };
  const ids = await addEntries([
    { action: 'create', record_key: '1', row, transaction_id: transactions[0] },
    { record_key: '1', row, unknown: ['b'], transaction_id: transactions[0] },
    { record_key: '1', row, old: { a: 'w' }, changed: ['a'], unknown: ['b'], transaction_id: transactions[1] },
    { record_key: '2', row: { id: 2 }, unknown: ['b'], transaction_id: transactions[1], data: { redacted: ['pin'] } },
    { action: 'delete', record_key: '1', row, transaction_id: transactions[1] },
    { action: 'truncate', transaction_id: transactions[1] },
  ]);
  const { lines, lastId } = await copied(ids);
  expect(lastId).toBe(ids.at(-1));
  expect(lines).toEqual(await listed(ids));
  const reasons = lines.map(
    (line) => (JSON.parse(line) as { incomplete: { reason: string } | null }).incomplete?.reason,
  );
  expect(reasons).toEqual([undefined, 'toast', 'gap', 'toast', undefined, undefined]);
  expect(await copied(ids, [])).toEqual({ lastId: null, lines: [] });
  expect(await copied([])).toEqual({ lastId: null, lines: [] });
});

it.each([
  ['compressed', 'extended'],
  ['as they are', 'external'],
])('ends before images of more than the limit, stored %s', async (_how, storage) => {
  const { database } = history;
  await database.query(`do $$ declare p regclass; begin
    for p in select inhrelid::regclass from pg_inherits where inhparent = 'audit.entries'::regclass loop
      execute format('alter table %s alter column row set storage ${storage}, alter column old set storage ${storage}', p);
    end loop; end $$`);
  const [large, huge] = [Math.floor(MAX_IMAGE_BYTES * 0.6), MAX_IMAGE_BYTES + 1];
  const ids = await addEntries([
    { record_key: '1', row: { id: 1 } },
    { record_key: '1', row: imageOf(large) },
    { record_key: '1', row: { id: 1 }, old: imageOf(large) },
    { record_key: '1', row: { id: 1 } },
    { record_key: '1', row: imageOf(huge) },
    { record_key: '1', row: { id: 1 } },
  ]);
  // What takes them over the limit is the last one, and the first one always comes.
  expect((await copied(ids)).lastId).toBe(ids[2]);
  expect((await copied(ids.slice(1, 2))).lastId).toBe(ids[1]);
  expect((await copied(ids.slice(4))).lastId).toBe(ids[4]);
  expect((await copied(ids.slice(3))).lastId).toBe(ids[4]);
  expect(await listed(ids)).toEqual((await copied(ids)).lines);
  expect(await listed(ids.slice(4))).toHaveLength(1);
  const newestFirst = ids.slice(0, 4).toReversed();
  expect(await listed(newestFirst)).toHaveLength(3);
});
