import { changedColumns, membersOf, verbatimMembers } from '../entry/image.ts';
import type { RevertEntry, RevertRelation } from '../query/revert-entries.ts';
import { ColumnHistory, type ColumnChange, type ColumnVersion, type NamedColumn } from './column-history.ts';
import type { RowChange } from './row-change.ts';
import type { Table, Values } from './table.ts';
import { recordKey, textOf } from './value.ts';

/** What entries say of one table, in terms of its columns now. Pure. */
export class ChangeReader {
  readonly table: Table;
  readonly #history: ColumnHistory;
  readonly #masked: ReadonlySet<number>;
  readonly #fields: ReadonlySet<string> | null;
  readonly #lists = new Map<string, readonly number[]>();
  /** Columns by which a row is found, or has its place among others; null: all. */
  readonly #finds: ReadonlySet<number> | null;
  /** Of the row before: one text for all rows that have the same. */
  readonly #last: Values = [];

  constructor(table: Table, relation: RevertRelation, fields: readonly string[] | null) {
    this.table = table;
    this.#history = new ColumnHistory(table, relation.changes.map(columnChange), relation.versions.map(columnVersion));
    this.#masked = new Set(relation.masked);
    this.#fields = fields === null ? null : new Set(fields);
    this.#finds =
      table.key === null || table.keyIsDeferrable
        ? null
        : new Set([...table.key, ...table.unique.flatMap(({ columns }) => columns ?? [])]);
  }

  create(entry: RevertEntry): RowChange {
    const image = this.#image(entry, entry.row ?? '{}');
    const problem = this.#fields === null ? null : 'a whole row is to be removed: it takes no fields';
    const added = this.#history.addedSince(BigInt(entry.id));
    const unseen = this.#shared(
      [...this.table.columns.keys()].filter((position) => image.values[position] === undefined && !added.has(position)),
    );
    return this.#change(entry, 'create', image.values, { unseen, problem: problem ?? this.#keyProblem(image) });
  }

  delete(entry: RevertEntry): RowChange {
    const image = this.#image(entry, entry.row ?? '{}');
    const problem = this.#fields === null ? null : 'a whole row is to be put back: it takes no fields';
    return this.#change(entry, 'delete', image.values, { problem: problem ?? this.#wholeProblem(entry, image) });
  }

  /** A row of a truncate. */
  truncated(entry: RevertEntry, record: string, row: string): RowChange {
    return this.delete({ ...entry, record_key: record, row, unknown: null, data: null });
  }

  update(entry: RevertEntry): RowChange {
    const image = this.#image(entry, entry.row ?? '{}');
    const before = this.#image(entry, entry.old ?? '{}');
    const named = new Set(changedColumns(entry.changed, entry.old));
    for (const name of entry.unknown ?? []) if (image.names.has(name)) named.add(name);
    const changed: number[] = [];
    const problems: string[] = [];
    for (const name of named) {
      if (this.#fields !== null && !this.#fields.has(this.#nameNow(image.columns, name))) continue;
      const column = image.columns.get(name);
      if (image.masked.has(name)) problems.push(`${name} is masked: its values are not in the history`);
      else if (column?.problem) problems.push(column.problem);
      else if (column === undefined || column.position === null) problems.push(`there is no column ${name} now`);
      else if (before.values[column.position] === undefined) problems.push(`the old value of ${name} is not known`);
      else changed.push(column.position);
    }
    const old = this.#noValues();
    for (const position of changed) old[position] = before.values[position];
    const keyProblem = this.#keyProblem(image);
    if (keyProblem !== null) problems.push(keyProblem);
    this.#keepOnly(image.values, changed);
    return this.#change(entry, 'update', image.values, {
      changed: this.#shared(changed),
      old,
      problem: problems.length === 0 ? null : problems.join('; '),
    });
  }

  /** A delete and a create that are one row's crossing of partitions. */
  move(deleted: RevertEntry, created: RevertEntry): RowChange {
    const before = membersOf(deleted.row ?? '{}');
    const after = new Map(verbatimMembers(created.row ?? '{}').map(({ name, rawValue }) => [name, rawValue]));
    const verbatim = new Map(verbatimMembers(deleted.row ?? '{}').map(({ name, rawValue }) => [name, rawValue]));
    const changed = before.map(({ name }) => name).filter((name) => after.get(name) !== verbatim.get(name));
    return this.update({ ...created, old: deleted.row, changed });
  }

  /** Of an updated row, what is not needed goes: there may be 100,000 of them. */
  #keepOnly(values: Values, changed: readonly number[]): void {
    if (this.#finds === null) return;
    for (const position of values.keys()) {
      if (!changed.includes(position) && !this.#finds.has(position)) values[position] = undefined;
    }
  }

  /** As long as it gets: one that grows takes room for more. */
  #noValues(): Values {
    return Array.from({ length: this.table.columns.length });
  }

  /** One list for all rows that have the same. */
  #shared(positions: readonly number[]): readonly number[] {
    const key = positions.join();
    const known = this.#lists.get(key) ?? positions;
    this.#lists.set(key, known);
    return known;
  }

  #nameNow(columns: ReadonlyMap<string, NamedColumn>, name: string): string {
    const position = columns.get(name)?.position ?? null;
    return position === null ? name : this.table.columns[position]!.name;
  }

  #change(
    entry: RevertEntry,
    kind: RowChange['kind'],
    row: Values,
    rest: Pick<RowChange, 'problem'> & Partial<Pick<RowChange, 'changed' | 'old' | 'unseen'>>,
  ): RowChange {
    const key = entry.record_key ?? '';
    const changed = rest.changed ?? NO_POSITIONS;
    const old = rest.old ?? NO_VALUES;
    const isMoved = kind === 'update' && (this.table.key === null || this.table.key.some((p) => changed.includes(p)));
    let keyBefore = key;
    if (isMoved) {
      const before = [...row];
      for (const position of changed) before[position] = old[position];
      keyBefore = recordKey(this.table, before) ?? key;
    }
    return {
      entry: BigInt(entry.id),
      kind,
      table: this.table,
      key,
      keyBefore,
      row,
      changed,
      old,
      unseen: rest.unseen ?? NO_POSITIONS,
      problem: this.table.problem ?? rest.problem,
    };
  }

  #image(entry: RevertEntry, image: string): Image {
    const columns = this.#history.at(BigInt(entry.id));
    const members = verbatimMembers(image);
    const masked = maskedNames(entry);
    const values = this.#noValues();
    const names = new Set<string>();
    for (const { name, rawValue } of members) {
      names.add(name);
      const column = columns.get(name);
      if (column === undefined || column.position === null || column.problem !== null || masked.has(name)) continue;
      const text = textOf(this.table.columns[column.position]!, rawValue);
      const last = this.#last[column.position];
      values[column.position] = text === last ? last : text;
      this.#last[column.position] = text;
    }
    return { values, names, columns, masked };
  }

  #keyProblem({ values }: Image): string | null {
    if (this.table.problem !== null) return this.table.problem;
    const missing = (this.table.key ?? []).filter((position) => values[position] === undefined);
    if (missing.length === 0) return null;
    const names = missing.map((position) => this.table.columns[position]!.name).join(', ');
    return `the record can't be found: the entry does not have ${names}, or it is masked`;
  }

  /** Why a row can't be put back whole. */
  #wholeProblem(entry: RevertEntry, image: Image): string | null {
    const problems: string[] = [];
    for (const name of entry.unknown ?? []) problems.push(`the value of ${name} is not known`);
    for (const name of image.masked) problems.push(`${name} is masked: its value is not in the history`);
    for (const name of image.names) {
      const column = image.columns.get(name);
      if (column?.problem) problems.push(column.problem);
      else if (column === undefined) problems.push(`there is no column ${name} now`);
    }
    const added = this.#history.addedSince(BigInt(entry.id));
    const lost = [...this.table.columns.entries()].filter(
      ([position, { attnum, generated }]) =>
        image.values[position] === undefined && !generated && !added.has(position) && this.#masked.has(attnum),
    );
    for (const [, { name }] of lost)
      if (!image.masked.has(name)) problems.push(`${name} is masked: its value is not in the history`);
    const keyProblem = this.#keyProblem(image);
    if (keyProblem !== null && problems.length === 0) problems.push(keyProblem);
    return problems.length === 0 ? null : problems.join('; ');
  }
}

interface Image {
  readonly values: Values;
  readonly names: ReadonlySet<string>;
  readonly columns: ReadonlyMap<string, NamedColumn>;
  readonly masked: ReadonlySet<string>;
}

const NO_NAMES: ReadonlySet<string> = new Set();
const NO_POSITIONS: readonly number[] = [];
const NO_VALUES: Values = [];

/** Hashed and redacted columns, as the entry's data has them. */
function maskedNames({ data }: RevertEntry): ReadonlySet<string> {
  if (data === null) return NO_NAMES;
  const { hashed = [], redacted = [] } = JSON.parse(data) as { hashed?: string[]; redacted?: string[] };
  return new Set([...hashed, ...redacted]);
}

interface StoredColumn {
  readonly name: string;
  readonly type?: string;
}

function columnChange({ id, columns }: RevertRelation['changes'][number]): ColumnChange {
  const {
    added = [],
    dropped = [],
    changed = [],
  } = JSON.parse(columns) as {
    added?: StoredColumn[];
    dropped?: StoredColumn[];
    changed?: { name: string; from: Partial<StoredColumn>; to: Partial<StoredColumn> }[];
  };
  return {
    entry: BigInt(id),
    added: added.map(({ name }) => name),
    dropped: dropped.map(({ name }) => name),
    changed: changed.map(({ name, from, to }) => ({
      from: { name: from.name ?? name, type: from.type ?? null },
      to: { name, type: to.type ?? null },
    })),
  };
}

function columnVersion({ since, columns }: RevertRelation['versions'][number]): ColumnVersion {
  const list = JSON.parse(columns) as { name: string; type?: string; attnum?: number | null }[];
  return {
    since: BigInt(since),
    columns: new Map(list.map(({ name, type = '', attnum = null }) => [name, { type, attnum }])),
  };
}
