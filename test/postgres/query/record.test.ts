import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRecord, getRecordAt } from '../../../src/query/record-compare.ts';
import { listRecordHistory } from '../../../src/query/record-history.ts';
import { getRecord } from '../../../src/query/record.ts';
import { formatTime } from '../../../src/query/time.ts';
import { randomFrom } from './generated-history.ts';
import { createHistory, type History } from './history.ts';
import { RecordedTable, type KnownRevision } from './recorded-table.ts';

let history: History;
let table: RecordedTable;
/** By record, oldest first. */
let records: Map<number, KnownRevision[]>;

beforeAll(async () => {
  history = await createHistory();
  table = new RecordedTable(history, randomFrom(20260207), 'orders');
  await table.prepare(await history.addSource('shop'));
  await table.add(250);
  records = groupBy(table.revisions, ({ record }) => record);
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

function groupBy<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function addressOf(key: string) {
  return { source: 'shop', table: 'public.orders', key };
}

function longest(): KnownRevision[] {
  return [...records.values()].reduce((a, b) => (b.length > a.length ? b : a));
}

describe('a record', () => {
  it('is what its last entry left, under any of its keys', async () => {
    const ends = new Set<string | null>();
    for (const known of records.values()) {
      const [first, last] = [known[0] as KnownRevision, known.at(-1) as KnownRevision];
      const keys = new Set(known.map(({ key }) => key));
      for (const key of keys) {
        const found = await getRecord(history.store, addressOf(key));
        expect(found).toMatchObject({
          state: {
            exists: last.state !== null,
            image: last.state,
            lastImage: last.lastState,
            reason: last.reason,
            record: last.key,
            entryId: last.id,
            since: formatTime(last.at),
            incomplete: null,
            gaps: [],
          },
          created: { id: first.id.toString(), action: 'create', timestamp: formatTime(first.at) },
          last: { id: last.id.toString(), actor: { id: `shop:user:${last.actor}` } },
          revisions: { value: known.length, exact: true },
        });
        expect(new Set(found?.scope.keys)).toEqual(keys);
        expect(found?.scope.keys[0]).toBe(key);
        const counts = groupBy(known, ({ actor }) => actor);
        expect(new Map(found?.actors.data.map(({ claim, count }) => [claim, count]))).toEqual(
          new Map([...counts].map(([actor, revisions]) => [actor, revisions.length])),
        );
      }
      ends.add(last.reason);
    }
    expect(ends).toEqual(new Set([null, 'deleted', 'truncated']));
  });

  it('has its entries page by page, forth and back, in both orders', async () => {
    for (const known of [...records.values()].filter((revisions) => revisions.length > 3).slice(0, 12)) {
      for (const sort of ['-id', 'id'] as const) {
        const ids = known.map(({ id }) => id);
        const expected = sort === 'id' ? ids : ids.toReversed();
        const address = addressOf((known[0] as KnownRevision).key);
        const pages: bigint[][] = [];
        let page = await listRecordHistory(history.store, address, { sort, limit: 2, after: null, before: null });
        expect(page?.meta.prev).toBeNull();
        for (;;) {
          pages.push((page?.items ?? []).map(({ id }) => id));
          const after = page?.meta.next ?? null;
          if (after === null) break;
          page = await listRecordHistory(history.store, address, { sort, limit: 2, after, before: null });
        }
        expect(pages.flat()).toEqual(expected);
        const back = [...(page?.items ?? [])].map(({ id }) => id);
        for (let before = page?.meta.prev ?? null; before !== null;) {
          const earlier = await listRecordHistory(history.store, address, { sort, limit: 2, after: null, before });
          back.unshift(...(earlier?.items ?? []).map(({ id }) => id));
          before = earlier?.meta.prev ?? null;
        }
        expect(back).toEqual(expected);
      }
    }
  });

  it('refuses the cursor of another record, another order, or none', async () => {
    const known = longest();
    const address = addressOf((known[0] as KnownRevision).key);
    const request = { sort: 'id' as const, limit: 1, after: null, before: null };
    const next = (await listRecordHistory(history.store, address, request))?.meta.next ?? '';
    const other = [...records.values()].find((revisions) => revisions !== known) as KnownRevision[];
    const wrong = [
      [addressOf((other[0] as KnownRevision).key), { ...request, after: next }],
      [address, { ...request, sort: '-id', after: next }],
      [address, { ...request, after: `${next}A` }],
      [address, { ...request, after: 'AAAA' }],
      [address, { ...request, after: next, before: next }],
    ] as const;
    for (const [where, attempt] of wrong) {
      await expect(listRecordHistory(history.store, where, attempt)).rejects.toMatchObject({ code: 'RT_FILTER' });
    }
  });

  it('was what the last transaction by then had left', async () => {
    for (const known of [...records.values()].filter((_known, i) => i % 6 === 0)) {
      const address = addressOf((known.at(-1) as KnownRevision).key);
      const times = new Set(known.flatMap(({ at }) => [at - 1n, at]));
      for (const time of times) {
        const found = await getRecordAt(history.store, address, formatTime(time));
        const last = known.findLast(({ at }) => at <= time);
        expect(found?.state).toMatchObject(
          last === undefined
            ? { exists: false, image: null, reason: 'not_created', entryId: null }
            : { image: last.state, reason: last.reason, entryId: last.id, record: last.key },
        );
      }
    }
  });

  it('differs between any two entries, revisions and times in what differs', async () => {
    const known = longest();
    const address = addressOf((known[0] as KnownRevision).key);
    for (const [i, from] of known.entries()) {
      const j = (i * 7 + 3) % known.length;
      const to = known[j] as KnownRevision;
      const differences = expectedDifferences(from.state, to.state);
      const byEntry = await compareRecord(history.store, address, { from: `${from.id}`, to: `${to.id}` });
      expect(byEntry?.differences).toEqual(differences);
      const byNumber = await compareRecord(history.store, address, { from: `r${i + 1}`, to: `r${j + 1}` });
      expect(byNumber?.differences).toEqual(differences);
      if (known.findLast(({ at }) => at === to.at) === to) {
        const byTime = await compareRecord(history.store, address, { from: `${from.id}`, to: formatTime(to.at) });
        expect(byTime?.differences).toEqual(differences);
      }
    }
    const latest = await compareRecord(history.store, address, { from: 'latest', to: `r${known.length}` });
    expect(latest?.differences).toEqual([]);
    for (const from of ['r0', `r${known.length + 1}`, '1', '9223372036854775807', 'soon']) {
      await expect(compareRecord(history.store, address, { from, to: 'latest' })).rejects.toMatchObject({
        code: 'RT_FILTER',
      });
    }
  });

  it('is not told from one that may not be seen', async () => {
    const known = longest();
    const address = addressOf((known[0] as KnownRevision).key);
    const limited = (tables: string[]) => ({ ...history.store, viewer: { admin: false, tables } });
    expect(await getRecord(limited(['public.*']), address)).toBeDefined();
    const hidden = limited(['other.*']);
    for (const [store, where] of [
      [hidden, address],
      [history.store, { ...address, key: 'nothing' }],
      [history.store, { ...address, table: 'public.nothing' }],
      [history.store, { ...address, table: 'orders' }],
      [history.store, { ...address, source: 'nothing' }],
    ] as const) {
      expect(await getRecord(store, where)).toBeUndefined();
      expect(await getRecordAt(store, where, '2026-02-01')).toBeUndefined();
      expect(await compareRecord(store, where, { from: 'r1', to: 'latest' })).toBeUndefined();
      const request = { sort: 'id' as const, limit: 5, after: null, before: null };
      expect(await listRecordHistory(store, where, request)).toBeUndefined();
    }
  });
});

function expectedDifferences(from: string | null, to: string | null): object[] {
  const parse = (image: string | null) => (image === null ? {} : JSON.parse(image)) as Record<string, unknown>;
  const [before, after] = [parse(from), parse(to)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((column) => {
    const [a, b] = [before[column], after[column]].map((value) =>
      value === undefined ? null : JSON.stringify(value),
    ) as [string | null, string | null];
    const status = a === null ? 'added' : b === null ? 'removed' : 'changed';
    return a === b ? [] : [{ column, status, from: a, to: b }];
  });
}

describe('what is not known of a record', () => {
  let source = 0;
  let relation = 0;

  async function addEntries(entries: readonly object[]): Promise<bigint[]> {
    const first = await history.openBlock(source, entries.length);
    await history.insert(
      'entries',
      entries.map((entry, i) => ({ id: first + BigInt(i), relation_id: relation, ...entry })),
    );
    await history.closeBlock(first);
    await history.count();
    return entries.map((_entry, i) => first + BigInt(i));
  }

  const day = (n: number): string => `2026-03-0${n}T00:00:00Z`;
  const at = async (key: string, time: string) =>
    (await getRecordAt(history.store, { source: 'warehouse', table: 'public.pallets', key }, time))?.state;

  beforeAll(async () => {
    source = await history.addSource('warehouse');
    relation = await history.addRelation(source, 'public', 'pallets', ['id']);
  });

  it('is said: before the history began, and what the image lacks', async () => {
    const row = { id: 1, a: 'x' };
    await addEntries([
      { occurred_at: day(2), action: 'baseline', record_key: '1', row, unknown: ['blob'] },
      { occurred_at: day(4), action: 'update', record_key: '1', row, unknown: ['b'], data: { redacted: ['pin'] } },
    ]);
    expect(await at('1', day(1))).toMatchObject({ exists: null, image: null, reason: 'before_history' });
    expect((await at('1', day(3)))?.incomplete).toEqual({ columns: ['blob'], reason: 'toast' });
    expect((await at('1', day(5)))?.incomplete).toEqual({ columns: ['b', 'pin'], reason: 'toast' });
    const [, last] = await addEntries([
      { occurred_at: day(4), action: 'create', record_key: '2', row },
      { occurred_at: day(5), action: 'update', record_key: '2', row: { ...row, z: 1 }, unknown: ['z'] },
    ]);
    // Only the old value of z is not known.
    expect(await at('2', day(6))).toMatchObject({ entryId: last, incomplete: null, exists: true });
  });

  it('is said: a truncate whose rows were not captured', async () => {
    await addEntries([{ occurred_at: day(2), action: 'create', record_key: '3', row: { id: 3 } }]);
    const captured = { captured: false, reason: 'too_large' };
    const [partition] = await addEntries([
      { occurred_at: day(4), action: 'truncate', data: { data: { partition: 'public.p1', rows: captured } } },
    ]);
    expect(await at('3', day(3))).toMatchObject({ exists: true, reason: null });
    expect(await at('3', day(5))).toMatchObject({
      exists: null,
      image: null,
      lastImage: '{"id":3}',
      reason: 'partition_truncated',
      entryId: partition,
    });
    const [whole] = await addEntries([{ occurred_at: day(6), action: 'truncate', data: { data: { rows: captured } } }]);
    expect(await at('3', day(7))).toMatchObject({ exists: false, image: null, reason: 'truncated', entryId: whole });
    await addEntries([{ occurred_at: day(8), action: 'create', record_key: '3', row: { id: 3 } }]);
    expect(await at('3', day(9))).toMatchObject({ exists: true, reason: null });
  });

  it('is said: gaps since its last entry, of its table and of its source', async () => {
    await addEntries([{ occurred_at: day(2), action: 'create', record_key: '4', row: { id: 4 } }]);
    const gap = (relationId: number | null, from: number, to: number | null, sourceId = source) =>
      history.database.query(
        `insert into audit.gaps (source_id, epoch, reason, relation_id, from_time, to_time) values ($1, 1, $2, $3, $4, $5)`,
        [sourceId, `from ${from}`, relationId, day(from), to === null ? null : day(to)],
      );
    const other = await history.addRelation(source, 'public', 'shelves', ['id']);
    await gap(null, 1, 1);
    await gap(relation, 3, 4);
    await gap(other, 3, 4);
    await gap(null, 6, null);
    await gap(null, 3, 4, table.sourceId);
    const reasons = async (n: number) => ((await at('4', day(n)))?.gaps ?? []).map(({ reason }) => reason);
    expect(await reasons(2)).toEqual([]);
    expect(await reasons(3)).toEqual(['from 3']);
    expect(await reasons(5)).toEqual(['from 3']);
    expect(await reasons(7)).toEqual(['from 6', 'from 3']);
    const now = await getRecord(history.store, { source: 'warehouse', table: 'public.pallets', key: '4' });
    expect(now?.state.gaps.map(({ reason, table }) => [reason, table])).toEqual([
      ['from 6', false],
      ['from 3', true],
    ]);
  });
});
