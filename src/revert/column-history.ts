import type { Table } from './table.ts';

/** What a schema entry says a command did to the columns of a table. Texts of names and types. */
export interface ColumnChange {
  readonly entry: bigint;
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  readonly changed: readonly {
    readonly from: { readonly name: string; readonly type: string | null };
    readonly to: { readonly name: string; readonly type: string | null };
  }[];
}

/** Columns that a description of the table had. */
export interface ColumnVersion {
  /** By the clock of ids: entries that were written under it come from about here on. */
  readonly since: bigint;
  readonly columns: ReadonlyMap<string, { readonly type: string; readonly attnum: number | null }>;
}

/** Descriptions are stored when they come, entries with their transaction: which came first is known only roughly. */
const GRACE: bigint = 120n << 22n;

/** What a name in an image stands for now: a column's position, and why that can't take the old values (null: it can). */
export interface NamedColumn {
  readonly position: number | null;
  readonly problem: string | null;
}

/**
 * Follows the columns of a table through what was done to it since an entry. What event triggers told is exact; where there
 * are none, the descriptions in the store have names, numbers and types.
 */
export class ColumnHistory {
  readonly #table: Table;
  /** Oldest first. */
  readonly #changes: readonly ColumnChange[];
  readonly #versions: readonly ColumnVersion[];
  readonly #names = new Map<string, ReadonlyMap<string, NamedColumn>>();

  constructor(table: Table, changes: readonly ColumnChange[], versions: readonly ColumnVersion[]) {
    this.#table = table;
    this.#changes = changes.toSorted((a, b) => (a.entry < b.entry ? -1 : 1));
    this.#versions = versions;
  }

  /** The meaning of the names in the entry's images. */
  at(entry: bigint): ReadonlyMap<string, NamedColumn> {
    const found = this.#changes.findIndex((change) => change.entry > entry);
    const first = found === -1 ? this.#changes.length : found;
    const from = this.#versions.findLastIndex(({ since }) => since + GRACE <= entry);
    const to = this.#versions.findLastIndex(({ since }) => since <= entry);
    const cached = `${first} ${from} ${to}`;
    let names = this.#names.get(cached);
    if (names === undefined) {
      names = this.#compose(this.#changes.slice(first), this.#versions.slice(Math.max(from, 0), to + 1));
      this.#names.set(cached, names);
    }
    return names;
  }

  /** Columns that are there now and were not when the entry was written. */
  addedSince(entry: bigint): ReadonlySet<number> {
    const known = new Set([...this.at(entry).values()].map(({ position }) => position));
    return new Set([...this.#table.columns.keys()].filter((position) => !known.has(position)));
  }

  #compose(changes: readonly ColumnChange[], versions: readonly ColumnVersion[]): Map<string, NamedColumn> {
    const { columns } = this.#table;
    let names = new Map<string, NamedColumn>(columns.map(({ name }, position) => [name, { position, problem: null }]));
    for (const change of changes.toReversed()) names = before(names, change);
    const isTold = this.#changes.length > 0;
    for (const name of new Set(versions.flatMap((version) => [...version.columns.keys()]))) {
      const had = versions.flatMap((version) => version.columns.get(name) ?? []);
      const known = names.get(name);
      if (known === undefined || !isTold) {
        const numbers = new Set(had.map(({ attnum }) => attnum));
        const [attnum] = numbers;
        if (numbers.size === 1 && attnum !== null) {
          const position = columns.findIndex((column) => column.attnum === attnum);
          const problem = position === -1 ? droppedColumn(name) : null;
          names.set(name, { position: position === -1 ? null : position, problem });
        }
      }
      const column = names.get(name);
      if (column === undefined || column.position === null || column.problem !== null) continue;
      const now = columns[column.position]!.type;
      const then = had.map(({ type }) => type);
      if (!then.map(bareType).includes(bareType(now)))
        names.set(name, { ...column, problem: retyped(name, then.at(-1) ?? null, now) });
    }
    return names;
  }
}

function before(after: ReadonlyMap<string, NamedColumn>, change: ColumnChange): Map<string, NamedColumn> {
  const names = new Map(after);
  for (const name of change.added) names.delete(name);
  const renamed = change.changed.map(({ from, to }) => {
    const column = names.get(to.name);
    return { from, to, column };
  });
  for (const { to } of renamed) names.delete(to.name);
  for (const { from, to, column } of renamed) {
    if (column === undefined) continue;
    const problem = from.type === to.type ? null : retyped(from.name, from.type, to.type);
    names.set(from.name, { ...column, problem: column.problem ?? problem });
  }
  for (const name of change.dropped) names.set(name, { position: null, problem: droppedColumn(name) });
  return names;
}

function retyped(name: string, from: string | null, to: string | null): string {
  return `the type of ${name} changed from ${from ?? 'another'} to ${to ?? 'another'}`;
}

function droppedColumn(name: string): string {
  return `the column ${name} was dropped`;
}

/** Descriptions were made under another search_path: a schema may stand before the name or not. */
function bareType(type: string): string {
  return type.replace(/^(?:"(?:[^"]|"")+"|[\w$]+)\./, '');
}
