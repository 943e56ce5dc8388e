import type { StepStatus } from './plan.ts';
import type { Fold } from './fold.ts';
import type { Table, Values } from './table.ts';

/** What is to be done with a record, by what its row is now. */
export interface Verdict {
  readonly action: 'create' | 'update' | 'delete' | 'none';
  readonly status: StepStatus;
  readonly reason: string | null;
  /** Positions of the columns that are written; of a row to be removed: none. */
  readonly write: readonly number[];
  /** Of the columns that are shown. */
  readonly shown: readonly number[];
}

/** `current`: the row's values; null: there is none. `set`: positions of the operator's own values in `target`. Pure. */
export function judge(fold: Fold, current: Values | null, set: ReadonlySet<number>): Verdict {
  const verdict = judgeRow(fold, current, set);
  return { ...verdict, write: shared(fold.table, verdict.write), shown: shared(fold.table, verdict.shown) };
}

function judgeRow(fold: Fold, current: Values | null, set: ReadonlySet<number>): Verdict {
  if (fold.problems.length > 0) {
    return { ...nothing(fold, current), status: 'impossible', reason: [...new Set(fold.problems)].join('; ') };
  }
  if (!fold.willBeThere) {
    return fold.wasThere ? judgeDelete(fold, current) : { ...nothing(fold, current), reason: 'it comes to nothing' };
  }
  return fold.wasThere ? judgeUpdate(fold, current, set) : judgeCreate(fold, current);
}

function judgeDelete(fold: Fold, current: Values | null): Verdict {
  if (current === null) return { ...nothing(fold, current), reason: 'the row is gone already' };
  const { columns } = fold.table;
  const differs = positions(fold.table).filter((position) => {
    const expected = fold.expected[position];
    const now = current[position];
    const column = columns[position]!;
    // Of a column that was added since, the entry tells nothing: what is not its default, somebody put there.
    if (expected === undefined) {
      const isAdded = fold.target[position] === undefined && !fold.unseen.has(position);
      return isAdded && now !== null && !column.hasDefault;
    }
    return now !== expected;
  });
  const shown = positions(fold.table);
  const plan = { action: 'delete', write: [], shown } as const;
  return differs.length + fold.broken.size > 0 || fold.gap !== null
    ? { status: 'conflict', reason: reasonOf(fold, differs), ...plan }
    : { status: 'ready', reason: null, ...plan };
}

function judgeCreate(fold: Fold, current: Values | null): Verdict {
  const written = positions(fold.table).filter((position) => fold.target[position] !== undefined);
  const missing = missingColumns(fold);
  if (current === null) {
    if (missing.length > 0) {
      const names = missing.map((position) => fold.table.columns[position]!.name).join(', ');
      return {
        ...nothing(fold, current),
        status: 'impossible',
        reason: `${names} must have a value by now, and the entry has none: give one with set`,
      };
    }
    const plan = { action: 'create', write: written, shown: written } as const;
    return fold.gap === null && fold.broken.size === 0
      ? { status: 'ready', reason: null, ...plan }
      : { status: 'conflict', reason: reasonOf(fold, []), ...plan };
  }
  const differs = written.filter((position) => !isTarget(fold, current, position));
  if (differs.length === 0) return { ...nothing(fold, current), reason: 'the row is there already' };
  const reason = 'there is a row with this key that is another one';
  return { action: 'update', status: 'conflict', reason, write: differs, shown: written };
}

function judgeUpdate(fold: Fold, current: Values | null, set: ReadonlySet<number>): Verdict {
  const counted = positions(fold.table).filter(
    (position) =>
      fold.target[position] !== undefined &&
      (set.has(position) || fold.broken.has(position) || fold.expected[position] !== fold.target[position]),
  );
  if (counted.length === 0) return { ...nothing(fold, current), reason: 'it comes to nothing' };
  if (current === null) {
    return { ...nothing(fold, current), status: 'impossible', reason: 'the row is not there any more', shown: counted };
  }
  const write = counted.filter((position) => !isTarget(fold, current, position));
  if (write.length === 0) return { ...nothing(fold, current), reason: 'the row is as it was already', shown: counted };
  const differs = write.filter((position) => {
    if (fold.broken.has(position)) return true;
    const expected = fold.expected[position];
    return expected !== undefined && current[position] !== expected;
  });
  const plan = { action: 'update', write, shown: counted } as const;
  return differs.length > 0 || fold.gap !== null
    ? { status: 'conflict', reason: reasonOf(fold, differs), ...plan }
    : { status: 'ready', reason: null, ...plan };
}

function nothing(fold: Fold, current: Values | null): Verdict {
  const shown =
    current === null && !fold.willBeThere ? [] : positions(fold.table).filter((p) => fold.target[p] !== undefined);
  return { action: 'none', status: 'noop', reason: null, write: [], shown };
}

function reasonOf(fold: Fold, differs: readonly number[]): string {
  const named = [...new Set([...differs, ...fold.broken.keys()])].map((position) => fold.table.columns[position]!.name);
  const changed = named.length === 0 ? [] : [`${named.join(', ')} changed since`];
  return [...changed, ...(fold.gap === null ? [] : [fold.gap])].join('; ');
}

/** Columns that have been added since, and take neither NULL nor a default. */
function missingColumns(fold: Fold): number[] {
  return positions(fold.table).filter((position) => {
    const { notNull, hasDefault } = fold.table.columns[position]!;
    return notNull && !hasDefault && fold.target[position] === undefined;
  });
}

function isTarget(fold: Fold, current: Values, position: number): boolean {
  return current[position] === fold.target[position];
}

/** Of the columns that can be written. */
export function positions(table: Table): readonly number[] {
  let list = WRITTEN.get(table);
  if (list === undefined) {
    list = table.columns.flatMap(({ generated }, position) => (generated ? [] : [position]));
    WRITTEN.set(table, list);
  }
  return list;
}

const WRITTEN = new WeakMap<Table, readonly number[]>();
const KNOWN = new WeakMap<Table, Map<string, readonly number[]>>();

/** One list for all rows that have the same. */
function shared(table: Table, list: readonly number[]): readonly number[] {
  const lists = KNOWN.get(table) ?? new Map<string, readonly number[]>();
  if (lists.size === 0) KNOWN.set(table, lists);
  const key = list.join();
  const known = lists.get(key) ?? list;
  lists.set(key, known);
  return known;
}
