import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PgoutputDecoder } from '../../../src/capture/pgoutput/decoder.ts';
import { imageValues } from '../../../src/entry/completion.ts';
import { EncodedRow } from '../../../src/entry/encoded-row.ts';
import { writeRowEntry } from '../../../src/entry/entry-row.ts';
import { compileRelation, type RelationPlan } from '../../../src/entry/relation-plan.ts';
import { ChunkPool } from '../../../src/store/chunk-pool.ts';
import { LinkFinder } from '../../../src/store/entry-links.ts';
import { Flush } from '../../../src/store/flush.ts';
import type { RecordName } from '../../../src/store/last-images.ts';
import { RowRemarks } from '../../../src/store/row-remarks.ts';
import { completedPieces, isIncomplete } from '../../../src/store/segment-completion.ts';
import { Segment } from '../../../src/store/segment.ts';
import { deleteMessage, insertMessage, relationMessage, updateMessage } from '../capture/pgoutput-message.ts';

const ALWAYS = { from: { commitLsn: 0n, ordinal: 0 }, since: new Map<string, bigint>(), never: new Set<string>() };

/** Encodes the messages of a table (id, v) whose identity is its key, or of a partitioned one under FULL. */
function encode(messages: readonly Buffer[], options: { partitioned?: boolean; firstRow?: number } = {}): Segment {
  const segment = new Segment(options.firstRow ?? 0, new ChunkPool(1024 * 1024));
  const partitioned = options.partitioned === true;
  const decoder = new PgoutputDecoder<RelationPlan>({
    relation: (relation) =>
      compileRelation(relation, {
        relationId: 7,
        key: partitioned ? ['id', 'v'] : ['id'],
        partitioned,
        partitionKey: partitioned ? ['v'] : null,
        trust: ALWAYS,
        generated: new Set(),
        unchecked: new Set(),
        rules: new Map(),
        hashKey: null,
      }),
    begin: () => {},
    origin: () => {},
    change: (change) => {
      const row = segment.firstRow + segment.rowCount;
      const traits = writeRowEntry(segment, change.relation, change, { occurredAtMicros: 0n, ordinal: row });
      if (traits !== 0) (segment.remarks ??= new RowRemarks()).note(row, change, traits);
      if (partitioned && change.action === 'create') {
        (segment.remarks ??= new RowRemarks()).afterDelete.set(row, change.relation);
      }
      segment.endRow(0, 0);
    },
    truncate: () => {},
    message: () => {},
    oversizedMessage: () => {},
    commit: () => {},
  });
  const columns = [
    { name: 'id', identity: true },
    { name: 'v', identity: partitioned },
  ];
  const relation = relationMessage(1, columns, partitioned ? 'f' : 'd');
  for (const message of [relation, ...messages]) void decoder.decode(message, 0, message.length);
  return segment;
}

function flushOf(): Flush {
  const flush = new Flush(0n);
  flush.open = { firstRow: 0, head: { commitLsn: 5n, committedAtMicros: 0n, xid: 1 } };
  return flush;
}

interface Read {
  readonly recordKey: string | null;
  readonly changed: readonly string[];
  readonly unknown: readonly string[];
  readonly row: string | null;
  readonly old: string | null;
}

async function complete(
  segment: Segment,
  stored: Readonly<Record<string, string>>,
): Promise<{ rows: Read[]; asked: string[]; pieces: number }> {
  const asked: string[] = [];
  const fetch = (records: readonly RecordName[]) => {
    asked.push(...records.map((record) => record.key));
    return Promise.resolve(
      records.map(({ key }) => {
        const image = stored[key];
        return image === undefined ? null : { values: imageValues(image), at: { commitLsn: 1n, ordinal: 0 } };
      }),
    );
  };
  const rows: Read[] = [];
  let pieces = 0;
  for await (const piece of completedPieces(segment, flushOf(), fetch)) {
    expect(piece.firstRow).toBe(rows.length);
    for (let n = 0; n < piece.rowCount; n += 1) {
      const { bytes, start } = piece.rowAt(n);
      const { recordKey, changed, unknown, row, old } = new EncodedRow(bytes, start);
      rows.push({ recordKey, changed, unknown, row, old });
    }
    piece.release();
    pieces += 1;
  }
  return { rows, asked, pieces };
}

type Step = { readonly id: number; readonly to: number; readonly v: string | undefined; readonly isDelete: boolean };

describe('the rows of a segment are completed', () => {
  it('in their order, as a table that knows everything says', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            id: fc.nat({ max: 4 }),
            to: fc.nat({ max: 4 }),
            v: fc.option(fc.string(), { nil: undefined }),
            isDelete: fc.boolean(),
          }),
          { maxLength: 30 },
        ),
        fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
        async (steps: readonly Step[], present) => {
          const table = new Map(present.map((id) => [id, `v${id}`]));
          const stored = Object.fromEntries([...table].map(([id, v]) => [id, `{"id":"${id}","v":"${v}"}`]));
          const messages: Buffer[] = [];
          const expected: Read[] = [];
          for (const { id, to, v, isDelete } of steps) {
            const old = table.get(id);
            const image = (key: number, text: string): string => `{"id":"${key}","v":${JSON.stringify(text)}}`;
            if (old === undefined) {
              table.set(id, v ?? '');
              messages.push(insertMessage(1, [String(id), v ?? '']));
              expected.push({ recordKey: `${id}`, changed: [], unknown: [], row: image(id, v ?? ''), old: null });
            } else if (isDelete) {
              table.delete(id);
              messages.push(deleteMessage(1, [String(id), null], 'K'));
              expected.push({ recordKey: `${id}`, changed: [], unknown: [], row: image(id, old), old: null });
            } else {
              const target = table.has(to) ? id : to;
              const next = v ?? old;
              table.delete(id);
              table.set(target, next);
              const key = target === id ? null : [String(id), null];
              messages.push(updateMessage(1, key, [String(target), v], 'K'));
              const before = [
                ...(target === id ? [] : [`"id":"${id}"`]),
                ...(next === old ? [] : [`"v":${JSON.stringify(old)}`]),
              ];
              expected.push({
                recordKey: `${target}`,
                changed: [...(target === id ? [] : ['id']), ...(next === old ? [] : ['v'])],
                unknown: [],
                row: image(target, next),
                old: before.length === 0 ? null : `{${before.join(',')}}`,
              });
            }
          }
          const segment = encode(messages);
          if (!isIncomplete(segment)) return;
          const { rows, asked } = await complete(segment, stored);
          expect(rows).toEqual(expected);
          expect(new Set(asked).size).toBe(asked.length);
          expect(asked.every((key) => stored[key] !== undefined)).toBe(true);
        },
      ),
    );
  });

  it('in pieces, where completed rows are far larger than what the stream carried', async () => {
    const big = 'x'.repeat(1_000_000);
    const updates = Array.from({ length: 20 }, () => updateMessage(1, null, ['1', undefined], 'K'));
    const { rows, pieces } = await complete(encode(updates), { 1: `{"id":"1","v":"${big}"}` });
    expect(rows.every((row) => row.row === `{"id":"1","v":"${big}"}` && row.unknown.length === 0)).toBe(true);
    expect(rows.length).toBe(20);
    expect(pieces).toBe(4);
  });

  it('not at all, if nothing is known of them', async () => {
    const { rows } = await complete(encode([updateMessage(1, null, ['1', 'b'], 'K')]), {});
    expect(rows).toEqual([{ recordKey: '1', changed: [], unknown: ['v'], row: '{"id":"1","v":"b"}', old: null }]);
  });
});

describe('a row too large for memory', () => {
  it('is taken over with its parts, and makes what is behind it unknown', async () => {
    const segment = encode([insertMessage(1, ['1', 'a']), updateMessage(1, null, ['1', 'b'], 'K')]);
    segment.beginRow(100);
    segment.bytes.buffer.fill(7, segment.at, segment.at + 60);
    segment.at += 60;
    let released = 0;
    const part = { byteLength: 5, chunks: () => [Buffer.from('large')], release: () => void (released += 1) };
    segment.addPart(part);
    segment.endRow(0, 0);
    const behind = encode([updateMessage(1, null, ['1', 'c'], 'K')], { firstRow: 3 });
    const { bytes, start } = behind.rowAt(0);
    new EncodedRow(bytes, start).copyTo(segment);
    segment.endRow(0, 0);
    segment.remarks!.incomplete.set(3, behind.remarks!.incomplete.get(3)!);

    const sent: (Buffer | { readonly byteLength: number })[] = [];
    for await (const piece of completedPieces(segment, flushOf(), () => Promise.reject(new Error('not to be asked')))) {
      expect(piece.rowCount).toBe(4);
      expect(new EncodedRow(piece.rowAt(1).bytes, piece.rowAt(1).start).old).toBe('{"v":"a"}');
      expect([0, 1, 2, 3].map((n) => piece.rowAt(n).isLarge)).toEqual([false, false, true, false]);
      expect(new EncodedRow(piece.rowAt(3).bytes, piece.rowAt(3).start).unknown).toEqual(['v']);
      sent.push(...piece.seal(100n, () => 100n));
      piece.release();
    }
    expect(sent.map((data) => (Buffer.isBuffer(data) ? 'bytes' : data.byteLength))).toEqual(['bytes', 5, 'bytes']);
    expect(released).toBe(0);
    segment.release();
    expect(released).toBe(1);
  });
});

describe('what is noted of rows', () => {
  it('goes with them into a flush of their own', () => {
    const segment = encode([
      updateMessage(1, ['1', null], ['2', 'b'], 'K'),
      insertMessage(1, ['5', 'a']),
      updateMessage(1, ['2', null], ['3', 'b'], 'K'),
    ]);
    const moved = segment.splitAt(1)!;
    expect([...segment.remarks!.keyChanges.keys(), ...segment.remarks!.incomplete.keys()]).toEqual([0, 0]);
    expect([...moved.remarks!.keyChanges]).toEqual([[1, { relationId: 7, before: '2', after: null }]]);
    expect([...moved.remarks!.incomplete].map(([row, { keyBefore }]) => [row, keyBefore])).toEqual([[1, '2']]);
  });
});

describe('a move between partitions is found', () => {
  const gone = deleteMessage(1, ['1', 'eu']);
  const made = insertMessage(1, ['1', 'us']);
  const links = (...segments: readonly Segment[]): unknown[] => {
    const finder = new LinkFinder();
    return segments.flatMap((segment) =>
      finder
        .linksOf(segment, segment.remarks, true)
        .map(({ row, kind, recordKey, entryKey, linkedRow }) => [row, kind, recordKey, entryKey, linkedRow]),
    );
  };

  it('within a segment and over the edge of one', () => {
    const link = ['move', '["1","eu"]', '["1","us"]', 0];
    expect(links(encode([gone, made], { partitioned: true }))).toEqual([[1, ...link]]);
    const parts = [encode([gone], { partitioned: true }), encode([made], { partitioned: true, firstRow: 1 })];
    expect(links(...parts)).toEqual([[1, ...link]]);
  });

  it('but not where another row comes, or in between', () => {
    const other = insertMessage(1, ['2', 'us']);
    const same = insertMessage(1, ['1', 'eu']);
    expect(links(encode([gone, other], { partitioned: true }))).toEqual([]);
    expect(links(encode([gone, same], { partitioned: true }))).toEqual([]);
    expect(links(encode([gone, other, made], { partitioned: true }))).toEqual([]);
  });
});
