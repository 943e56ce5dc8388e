import { findMoveOf, haveMoved, readRevertEntries, type RevertEntry } from '../query/revert-entries.ts';
import type { TruncationReason } from '../change/truncation.ts';
import { RowtrailError } from '../lib/errors.ts';
import { inSnapshot, type StoreReader } from '../query/store-reader.ts';
import { readTruncatedRows } from '../query/truncated-rows.ts';
import { ahead, parts } from './ahead.ts';
import { ChangeReader } from './change-reader.ts';
import { Folder, type Fold } from './fold.ts';
import type { RevertLimits } from './plan.ts';
import type { RowChange } from './row-change.ts';
import { NARROW, tooLarge, type Selection } from './selection.ts';
import type { Table } from './table.ts';

/** Entries that are read at once. */
const BATCH_ENTRIES = 5_000;

export interface Folded {
  readonly folds: readonly Fold[];
  /** Entries that are no changes of rows. */
  readonly ignored: number;
  /** How many entries are taken back. */
  readonly entries: number;
}

/** Reads the entries and takes them back in mind. Throws RT_REVERT_TOO_LARGE. */
export async function foldEntries(
  store: StoreReader,
  selection: Selection,
  tables: readonly Table[],
  {
    fields,
    limits,
    onRead,
    signal,
  }: {
    readonly fields: readonly string[] | null;
    readonly limits: RevertLimits;
    readonly onRead: (done: number) => void;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Folded> {
  const readers = new Map(
    selection.relations.map((relation) => [
      relation.id,
      new ChangeReader(
        tables.find(({ id }) => id === relation.id)!,
        relation,
        fields,
      ),
    ]),
  );
  const mayMove = await inSnapshot(store, (snapshot) =>
    haveMoved(
      snapshot,
      selection.relations.map(({ id }) => id),
    ),
  );
  const walk = new Walk(store, selection, readers, limits);
  await inSnapshot(
    store,
    async (snapshot) => {
      let done = 0;
      const read = (ids: readonly bigint[]): Promise<RevertEntry[]> => readRevertEntries(snapshot, ids, mayMove);
      for await (const [ids, entries] of ahead(parts(selection.ids, BATCH_ENTRIES), read)) {
        signal?.throwIfAborted();
        for (const entry of entries) await walk.take(entry);
        done += ids.length;
        onRead(done);
      }
    },
    limits.timeoutMs,
  );
  const { folds, ignored, entries } = walk;
  return { folds, ignored, entries };
}

class Walk implements Folded {
  entries = 0;
  ignored = 0;
  readonly #store: StoreReader;
  readonly #selection: Selection;
  readonly #readers: ReadonlyMap<number, ChangeReader>;
  readonly #limits: RevertLimits;
  readonly #folder = new Folder();
  /** Creates that wait for the delete they belong to, by its id. */
  readonly #moves = new Map<string, RevertEntry>();
  #ids: ReadonlySet<bigint> | undefined;
  #rows = 0;
  #bytes = 0;

  constructor(
    store: StoreReader,
    selection: Selection,
    readers: ReadonlyMap<number, ChangeReader>,
    limits: RevertLimits,
  ) {
    this.#store = store;
    this.#selection = selection;
    this.#readers = readers;
    this.#limits = limits;
  }

  get folds(): readonly Fold[] {
    return this.#folder.folds;
  }

  async take(entry: RevertEntry): Promise<void> {
    const reader = this.#readers.get(entry.relation_id ?? -1);
    this.#count(entry.row, entry.old);
    if (reader === undefined) {
      this.ignored += 1;
      return;
    }
    switch (entry.action) {
      case 'create':
        this.entries += 1;
        if (entry.moved_from === null) this.#folder.takeBack(reader.create(entry));
        else await this.#holdMove(entry, entry.moved_from, reader);
        break;
      case 'update':
        this.entries += 1;
        this.#folder.takeBack(reader.update(entry));
        break;
      case 'delete':
        this.entries += 1;
        await this.#takeDelete(entry, reader);
        break;
      case 'truncate':
        this.entries += 1;
        await this.#takeTruncate(entry, reader);
        break;
      case 'baseline':
        if (this.#selection.records === null) this.ignored += 1;
        else {
          const problem = 'what the record was before its baseline is not in the history';
          this.#folder.takeBack({ ...reader.delete(entry), problem });
        }
        break;
      default:
        this.ignored += 1;
    }
  }

  async #holdMove(entry: RevertEntry, from: string, reader: ChangeReader): Promise<void> {
    this.#ids ??= new Set(this.#selection.ids);
    if (this.#ids.has(BigInt(from))) {
      this.#moves.set(from, entry);
      return;
    }
    const [deleted] = await inSnapshot(this.#store, (snapshot) => readRevertEntries(snapshot, [BigInt(from)]));
    this.#folder.takeBack(deleted === undefined ? reader.create(entry) : reader.move(deleted, entry));
  }

  async #takeDelete(entry: RevertEntry, reader: ChangeReader): Promise<void> {
    const created = this.#moves.get(entry.id);
    if (created !== undefined) {
      this.#moves.delete(entry.id);
      this.#folder.takeBack(reader.move(entry, created));
      return;
    }
    const moved = reader.table.partitioned
      ? await inSnapshot(this.#store, (snapshot) => findMoveOf(snapshot, BigInt(entry.id)))
      : null;
    const [other] =
      moved === null ? [] : await inSnapshot(this.#store, (snapshot) => readRevertEntries(snapshot, [moved]));
    this.#folder.takeBack(other === undefined ? reader.delete(entry) : reader.move(entry, other));
  }

  async #takeTruncate(entry: RevertEntry, reader: ChangeReader): Promise<void> {
    const { rows } = (JSON.parse(entry.data ?? '{}') as { data?: TruncateData }).data ?? {};
    if (rows?.captured !== true) {
      const why = rows?.reason === undefined ? undefined : NOT_CAPTURED[rows.reason];
      const problem = `the rows that the truncate removed were not captured${why === undefined ? '' : `: ${why}`}`;
      this.#folder.takeBack({ ...emptyChange(entry, reader.table), problem });
      return;
    }
    for (let after: bigint | null = null; ;) {
      const page: Awaited<ReturnType<typeof readTruncatedRows>> = await readTruncatedRows(
        this.#store,
        BigInt(entry.id),
        { after, limit: BATCH_ENTRIES },
      );
      for (const { record, row } of page.rows) {
        if (this.#selection.records !== null && !this.#selection.records.has(record)) continue;
        this.#count(row, null);
        this.#folder.takeBack(reader.truncated(entry, record, row));
      }
      if (page.next === null) return;
      after = page.next;
    }
  }

  #count(row: string | null, old: string | null): void {
    this.#rows += 1;
    this.#bytes += (row?.length ?? 0) + (old?.length ?? 0);
    if (this.#rows > this.#limits.maxRows + this.#selection.ids.length) throw tooLarge(this.#limits.maxRows);
    if (this.#bytes > this.#limits.maxImageBytes) {
      throw new RowtrailError(
        'RT_REVERT_TOO_LARGE',
        `the rows to be taken back have more than ${Math.round(this.#limits.maxImageBytes / 1024 / 1024)} MB`,
        { hint: NARROW },
      );
    }
  }
}

interface TruncateData {
  readonly rows?: { readonly captured: boolean; readonly reason?: TruncationReason };
}

const NOT_CAPTURED: Readonly<Record<TruncationReason, string>> = {
  off: 'truncate.capture is off',
  size: 'the table was larger than truncate.maxBytes',
  masked: 'its key is masked',
  isolation: 'its transaction was repeatable read or serializable, and could not see them all',
  trigger: 'the trigger for it was not there, or came too late',
  error: 'reading them failed',
};

function emptyChange(entry: RevertEntry, table: Table): RowChange {
  const key = `truncate ${entry.id}`;
  return {
    entry: BigInt(entry.id),
    kind: 'truncate',
    table,
    key,
    keyBefore: key,
    row: [],
    changed: [],
    old: [],
    unseen: [],
    problem: null,
  };
}
