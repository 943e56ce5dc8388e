import { createHash } from 'node:crypto';
import type pg from 'pg';
import { ahead, parts } from './ahead.ts';
import { judge, positions, type Verdict } from './conflict.ts';
import type { Fold } from './fold.ts';
import { readStatement, type ReadColumns } from './statement.ts';
import type { Table, Values } from './table.ts';
import { recordKey } from './value.ts';

/** A step of the plan, with what its row is now. */
export interface PlannedStep {
  readonly fold: Fold;
  readonly verdict: Verdict;
  /** Where the row is found: as the entries left it, or where later changes of its key took it. */
  readonly place: Values;
  readonly pin: { readonly ctid: string; readonly tableoid: string } | null;
  /** Of the row; undefined where it is what is expected, and the step is one of many. Null: there is no row. */
  readonly current: Values | null | undefined;
  /** Of the columns that the step does not write (`others`), 32-bit hashes; null: not read. */
  readonly hashes: readonly number[] | null;
  readonly others: readonly number[];
}

/** Rows that are read at once. */
const READ_ROWS = 5_000;
/** Records that are looked up at once in the store. */
const FOLLOWED_KEYS = 20_000;
/** Steps that keep all they have read, for people to see. */
const KEPT_STEPS = 1_000;

/** Where records are now whose keys have been changed since the entries; null: where the entries left them. */
export type FindKeys = (
  places: readonly { readonly relationId: number; readonly key: string; readonly after: bigint }[],
) => Promise<readonly (string | null)[]>;

export interface Comparison {
  /** In the order of the folds. */
  readonly steps: readonly PlannedStep[];
  /** Of everything that was read and found. */
  readonly digest: string;
}

interface Found {
  readonly ctid: string;
  readonly tableoid: string;
  /** Of the whole row; null: it was not asked for. */
  readonly hash: string | null;
  readonly values: Values;
  readonly hashes: readonly number[];
}

/**
 * Reads and locks the rows that the folds are about, in one order for all, and judges each fold by its row. `set`: the
 * columns that have the operator's own values.
 */
export async function compareRows(
  client: pg.ClientBase,
  folds: readonly Fold[],
  {
    set,
    findKeys,
    onRead,
    signal,
  }: {
    readonly set: ReadonlySet<number>;
    readonly findKeys: FindKeys;
    readonly onRead: (done: number) => void;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Comparison> {
  const steps: PlannedStep[] = Array.from({ length: folds.length });
  const hash = createHash('sha256');
  const places = folds.map(placeOf);
  await followKeys(folds, places, findKeys);
  let done = 0;
  const finish = (index: number, others: readonly number[], found: Found | null): void => {
    const fold = folds[index]!;
    const verdict = judge(fold, found?.values ?? null, set);
    const isKept = verdict.status !== 'ready' || index < KEPT_STEPS || set.size > 0;
    steps[index] = {
      fold,
      verdict,
      place: places[index]!,
      pin: found === null || fold.table.key !== null ? null : { ctid: found.ctid, tableoid: found.tableoid },
      current: isKept ? (found?.values ?? null) : undefined,
      hashes: found?.hashes ?? null,
      others,
    };
    hash.update(`${index} ${found?.hash ?? ''}\n`);
    done += 1;
  };
  // Of rows without a key that are all the same, each is taken once, whatever is to be done with it.
  const used = new Map<number, Set<string>>();
  const usedOf = ({ id }: Table): Set<string> => {
    const pins = used.get(id) ?? new Set();
    used.set(id, pins);
    return pins;
  };
  for (const { table, columns, indexes } of readGroups(folds, (index) => finish(index, [], null))) {
    const others = positions(table).filter((position) => !columns.includes(position));
    const read = (part: readonly number[]): Promise<(Found | null)[]> =>
      readRows(
        client,
        table,
        part.map((index) => places[index]!),
        { columns, hashed: others, used: usedOf(table), lock: true },
      );
    for await (const [part, found] of ahead(parts(indexes, READ_ROWS), read)) {
      signal?.throwIfAborted();
      part.forEach((index, i) => finish(index, others, found[i] ?? null));
      onRead(done);
    }
  }
  vacate(steps);
  for (const { fold, verdict } of steps) {
    const entries = fold.changes.map(({ entry }) => entry).join();
    hash.update(`${fold.table.id} ${fold.key} ${entries} ${verdict.action} ${verdict.status}\n`);
  }
  return { steps, digest: hash.digest('hex') };
}

/** Folds whose rows are read alike, and in one order by all who do. `skip`: those whose rows are not looked for. */
function readGroups(
  folds: readonly Fold[],
  skip: (index: number) => void,
): { readonly table: Table; readonly columns: readonly number[]; readonly indexes: readonly number[] }[] {
  const groups = new Map<string, { table: Table; columns: readonly number[]; indexes: number[] }>();
  folds.forEach((fold, index) => {
    const isRead = fold.problems.length === 0 && (fold.table.key !== null || fold.wasThere);
    if (!isRead) return skip(index);
    const columns = columnsOf(fold);
    const key = `${fold.table.id} ${columns.join()}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { table: fold.table, columns, indexes: [index] });
    else group.indexes.push(index);
  });
  for (const { indexes } of groups.values()) indexes.sort((a, b) => (folds[a]!.key < folds[b]!.key ? -1 : 1));
  return [...groups.values()].toSorted((a, b) => a.table.id - b.table.id);
}

/** Where the row is, or (of one to be put back) will be. */
function placeOf({ table, wasThere, willBeThere, place, target }: Fold): Values {
  if (wasThere || !willBeThere || table.key === null) return place;
  return target;
}

/** Puts the places of rows whose key has been changed since to where they are now. */
async function followKeys(folds: readonly Fold[], places: Values[], findKeys: FindKeys): Promise<void> {
  const there = [...folds.keys()].filter((index) => folds[index]!.wasThere && folds[index]!.table.key !== null);
  // Where two rows can have one key for a while, a change of it within the plan may be the other's.
  const newest = new Map<Table, bigint>();
  for (const { table, changes } of folds) {
    const { entry } = changes[0]!;
    if (table.keyIsDeferrable && entry > (newest.get(table) ?? 0n)) newest.set(table, entry);
  }
  for (let from = 0; from < there.length; from += FOLLOWED_KEYS) {
    const part = there.slice(from, from + FOLLOWED_KEYS);
    const keys = await findKeys(
      part.map((index) => {
        const { table, key, changes } = folds[index]!;
        return { relationId: table.id, key, after: newest.get(table) ?? changes[0]!.entry };
      }),
    );
    part.forEach((index, i) => {
      const key = keys[i];
      if (typeof key === 'string') places[index] = valuesOf(folds[index]!.table, key) ?? places[index]!;
    });
  }
}

/**
 * A row that is to be put back may find its key taken by one that the plan itself moves or removes: it does not count. (Of
 * one that stays after all, the database says that the key is taken.)
 */
function vacate(steps: PlannedStep[]): void {
  const leaving = new Set<string>();
  for (const { fold, verdict, place } of steps) {
    const { table } = fold;
    const leaves =
      fold.wasThere &&
      (verdict.action === 'delete' ||
        (verdict.action === 'update' && table.key?.some((position) => verdict.write.includes(position))));
    if (leaves === true) leaving.add(`${table.id} ${recordKey(table, place) ?? ''}`);
  }
  if (leaving.size === 0) return;
  steps.forEach((step, index) => {
    const { fold, place, verdict } = step;
    if (fold.wasThere || !fold.willBeThere || fold.table.key === null || verdict.action === 'create') return;
    if (fold.problems.length > 0 || !leaving.has(`${fold.table.id} ${recordKey(fold.table, place) ?? ''}`)) return;
    steps[index] = { ...step, verdict: judge(fold, null, NO_POSITIONS), current: null, hashes: null };
  });
}

const NO_POSITIONS: ReadonlySet<number> = new Set();

/** What must be read of the row: of an update what it writes, else everything. */
function columnsOf(fold: Fold): readonly number[] {
  if (!fold.wasThere || !fold.willBeThere) return positions(fold.table);
  return positions(fold.table).filter((position) => fold.target[position] !== undefined);
}

/** A key's values from its text; null: the text is a hash. */
function valuesOf({ key }: Table, text: string): Values | null {
  if (key === null || text.startsWith('~')) return null;
  const texts = key.length === 1 ? [text] : (JSON.parse(text) as string[]);
  const place: Values = [];
  key.forEach((position, i) => {
    place[position] = texts[i];
  });
  return place;
}

/** The rows in their places; null where there is none. Of rows that are all the same, each is found once. */
export async function readRows(
  client: pg.ClientBase,
  table: Table,
  places: readonly Values[],
  { columns, hashed, used, lock }: ReadColumns & { readonly used: Set<string> },
): Promise<(Found | null)[]> {
  const found: (Found | null)[] = places.map(() => null);
  if (places.length === 0) return found;
  const wanted = table.key === null ? alike(places) : places.map((_, n) => [n]);
  const sought = wanted.map(([first]) => places[first!]!);
  const { text, values } = readStatement(table, sought, { columns, hashed, lock });
  const result = await client.query<(string | null | number)[]>({ text, values: [...values], rowMode: 'array' });
  for (const row of result.rows) {
    const of = wanted[row[0] as number]!;
    const pin = `${row[2]} ${row[1]}`;
    if (of.length === 0 || (table.key === null && used.has(pin))) continue;
    if (table.key === null) used.add(pin);
    const n = of.shift()!;
    const read: Values = [];
    columns.forEach((position, i) => {
      read[position] = row[4 + i] as string | null;
    });
    found[n] = {
      ctid: row[1] as string,
      tableoid: row[2] as string,
      hash: row[3] as string | null,
      values: read,
      hashes: row.slice(4 + columns.length) as number[],
    };
  }
  return found;
}

/** The numbers of places that are the same, by distinct place. */
function alike(places: readonly Values[]): number[][] {
  const numbers = new Map<string, number[]>();
  places.forEach((place, n) => {
    const text = JSON.stringify(Array.from(place, (value) => value ?? null));
    const of = numbers.get(text);
    if (of === undefined) numbers.set(text, [n]);
    else of.push(n);
  });
  return [...numbers.values()];
}
