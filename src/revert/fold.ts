import type { RowChange } from './row-change.ts';
import type { Table, Values } from './table.ts';

/** What all changes of one record come to, taken back. */
export interface Fold {
  readonly table: Table;
  /** Newest first. */
  readonly changes: readonly RowChange[];
  /** The record's key as the newest change left it, and as it was before the oldest. */
  readonly key: string;
  readonly targetKey: string;
  /** Whether the row was there after the newest change, and before the oldest. */
  readonly wasThere: boolean;
  readonly willBeThere: boolean;
  /** Where the row is found now: values of its key (or, without one, all of them). */
  readonly place: Values;
  /** What the changes left behind; of updates, only the columns that they changed count. */
  readonly expected: Values;
  readonly target: Values;
  /** Columns of a row to be removed whose values the entries do not tell: masked ones. */
  readonly unseen: ReadonlySet<number>;
  /**
   * Columns that somebody else changed between two of the changes: what the change expects, though what the ones after it
   * lead back to is another value.
   */
  readonly broken: ReadonlyMap<number, string | null | undefined>;
  /** Why the changes are no whole, one after the other; null if they are. */
  readonly gap: string | null;
  readonly problems: readonly string[];
}

interface OpenFold extends Fold {
  changes: RowChange[];
  expected: Values;
  target: Values;
  targetKey: string;
  willBeThere: boolean;
  unseen: ReadonlySet<number>;
  broken: ReadonlyMap<number, string | null | undefined>;
  gap: string | null;
  problems: readonly string[];
}

/** There may be 100,000 folds of one change each: they share what they can, and copy what they write to. */
const NO_VALUES: Values = [];
const NO_PROBLEMS: readonly string[] = [];
const NONE_UNSEEN: ReadonlySet<number> = new Set();
const NONE_BROKEN: ReadonlyMap<number, string | null | undefined> = new Map();

/**
 * Takes changes back, newest first, and folds those of one record into one. A record is followed through the changes of
 * its key, and one that was deleted and created again under its key is the same.
 */
export class Folder {
  /** By table and the key that the record has at this point of the way back. Without keys, several can be the same. */
  readonly #open = new Map<string, OpenFold[]>();
  readonly #folds: OpenFold[] = [];

  /** In the order of their newest changes, newest first. */
  get folds(): readonly Fold[] {
    return this.#folds;
  }

  /** `change` must be older than all before. */
  takeBack(change: RowChange): void {
    const needsRow = change.kind !== 'delete';
    const found = this.#find(change, needsRow);
    const fold = found ?? this.#begin(change, needsRow);
    if (found !== undefined) fold.changes.push(change);
    if (change.problem !== null) fold.problems = [...fold.problems, change.problem];
    switch (change.kind) {
      case 'create':
        takeBackCreate(fold, change);
        break;
      case 'delete':
        takeBackDelete(fold, change);
        break;
      case 'update':
        takeBackUpdate(fold, change);
        break;
      case 'truncate':
        break;
    }
    if (change.keyBefore !== change.key) this.#move(fold, change);
  }

  #find(change: RowChange, needsRow: boolean): OpenFold | undefined {
    const list = this.#open.get(placeOf(change.table, change.key)) ?? [];
    // Rows without a key are interchangeable: one that is in the right state will do, or else it is another row.
    if (change.table.key === null) return list.findLast((fold) => fold.willBeThere === needsRow);
    const same = list.filter((fold) => fold.willBeThere === needsRow);
    if (change.table.keyIsDeferrable && needsRow) {
      const led = same.findLast((fold) => leadsTo(fold, change));
      // What came to this key by a change of it may be the row that had it at the same time.
      if (led !== undefined || same.at(-1)?.changes.at(-1)?.kind === 'update') return led;
    }
    return same.at(-1) ?? list.at(-1);
  }

  #begin(change: RowChange, wasThere: boolean): OpenFold {
    const fold: OpenFold = {
      table: change.table,
      changes: [change],
      key: change.key,
      targetKey: change.key,
      wasThere,
      willBeThere: wasThere,
      place: change.row,
      expected: NO_VALUES,
      target: NO_VALUES,
      unseen: NONE_UNSEEN,
      broken: NONE_BROKEN,
      gap: null,
      problems: NO_PROBLEMS,
    };
    this.#folds.push(fold);
    this.#add(fold, change.key);
    return fold;
  }

  #add(fold: OpenFold, key: string): void {
    const place = placeOf(fold.table, key);
    const list = this.#open.get(place);
    if (list === undefined) this.#open.set(place, [fold]);
    else list.push(fold);
  }

  #move(fold: OpenFold, change: RowChange): void {
    const place = placeOf(change.table, change.key);
    const rest = (this.#open.get(place) ?? []).filter((other) => other !== fold);
    if (rest.length === 0) this.#open.delete(place);
    else this.#open.set(place, rest);
    fold.targetKey = change.keyBefore;
    this.#add(fold, change.keyBefore);
  }
}

/** Whether the row that the fold has come to on the way back is the one that the change left behind. */
function leadsTo({ changes, table }: Fold, { row }: RowChange): boolean {
  const last = changes.at(-1)!;
  return positionsOf(table).every((position) => {
    const before = last.changed.includes(position) ? last.old[position] : last.row[position];
    const after = row[position];
    return before === undefined || after === undefined || before === after;
  });
}

function positionsOf({ columns }: Table): number[] {
  return [...columns.keys()];
}

function takeBackCreate(fold: OpenFold, { row, table, unseen }: RowChange): void {
  // Gone already: what removed it in between is not taken back, and it is to be gone.
  if (!fold.willBeThere) return;
  if (fold.changes.length === 1) fold.expected = row;
  else for (const position of table.columns.keys()) expectValue(fold, position, row[position]);
  if (unseen.length > 0) fold.unseen = new Set([...fold.unseen, ...unseen]);
  fold.willBeThere = false;
}

function takeBackDelete(fold: OpenFold, { row }: RowChange): void {
  if (fold.willBeThere && fold.changes.length > 1)
    fold.gap ??= 'the record was created again by what is not taken back';
  fold.target = row;
  fold.willBeThere = true;
}

function takeBackUpdate(fold: OpenFold, { row, changed, old }: RowChange): void {
  if (!fold.willBeThere) {
    fold.gap ??= 'the record was deleted by what is not taken back';
    return;
  }
  if (fold.changes.length === 1) {
    fold.expected = row;
    fold.target = old;
    return;
  }
  for (const position of changed) {
    expectValue(fold, position, row[position]);
    aim(fold, position, old[position]);
  }
}

/** Gives a column of the row to be the value that it is to have. */
export function aim(fold: Fold, position: number, value: string | null | undefined): void {
  const open = fold as OpenFold;
  if (isShared(open, open.target)) open.target = open.target.slice();
  open.target[position] = value;
}

function isShared({ changes }: Fold, values: Values): boolean {
  return values === NO_VALUES || changes.some(({ row, old }) => values === row || values === old);
}

/** On the way back, the column must have this value. Where nothing newer was taken back, the row must have it now. */
function expectValue(fold: OpenFold, position: number, value: string | null | undefined): void {
  const led = fold.target[position];
  if (led === undefined) {
    if (!fold.wasThere) return;
    if (isShared(fold, fold.expected)) fold.expected = fold.expected.slice();
    fold.expected[position] = value;
  } else if (value !== undefined && led !== value) {
    fold.broken = new Map([...fold.broken, [position, value]]);
  }
}

function placeOf(table: Table, key: string): string {
  return `${table.id} ${key}`;
}
