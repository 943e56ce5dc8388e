import { quoteIdentifier, quoteLiteral, quoteQualified } from '../pg/identifier.ts';
import type { Table, TableColumn, Values } from './table.ts';
import type { RowWrite, WriteGroup } from './write.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly (readonly (string | null)[])[];
}

/** A partitioned table is written through its root; other children of a table are tables of their own. */
function target(table: Table): string {
  return `${table.partitioned ? '' : 'only '}${quoteQualified(table.schema, table.name)}`;
}

/** The output text of a column, NULL for NULL: `::text` need not be it, and a composite of NULLs is not NULL (ANCHORS 2.19). */
function outputText(expression: string, { printsAsText }: TableColumn): string {
  if (printsAsText) return `${expression}::pg_catalog.text`;
  return `case when ${expression} is distinct from null then pg_catalog.format('%s', ${expression}) end`;
}

/** Parameters as arrays, one a column, and the rows that they make. */
class Rows {
  readonly values: (string | null)[][] = [];
  readonly #names: string[] = [];
  readonly #types: string[] = [];
  readonly #first: number;

  constructor(first = 1) {
    this.#first = first;
  }

  add(name: string, values: (string | null)[], type = 'pg_catalog.text'): string {
    this.values.push(values);
    this.#names.push(name);
    this.#types.push(type);
    return `u.${name}`;
  }

  /** As values of the column's type: what its input function makes of the texts. */
  addValues(name: string, values: (string | null)[], { type, castsText }: TableColumn): string {
    return castsText ? this.add(name, values, type) : `${this.add(name, values)}::${type}`;
  }

  /** `unnest(…) with ordinality u(…, n)`. With several arrays it is syntax, not a function, and takes no schema. */
  get sql(): string {
    const parameters = this.#names.map((_, i) => `$${this.#first + i}::${this.#types[i]!}[]`);
    return `unnest(${parameters.join(', ')}) with ordinality as u(${[...this.#names, 'n'].join(', ')})`;
  }
}

type Placed = Pick<RowWrite, 'place' | 'pin'>;

/** The condition that `t` is the row in its place. */
function condition(table: Table, placed: readonly Placed[], rows: Rows): string {
  if (placed[0]?.pin) {
    const ctid = rows.add(
      'ctid',
      placed.map(({ pin }) => pin!.ctid),
    );
    const tableoid = rows.add(
      'tableoid',
      placed.map(({ pin }) => pin!.tableoid),
    );
    return `t.ctid operator(pg_catalog.=) ${ctid}::pg_catalog.tid and t.tableoid operator(pg_catalog.=) ${tableoid}::pg_catalog.oid`;
  }
  if (table.key === null) {
    const written = table.columns.flatMap((column, position) => (column.generated ? [] : [{ column, position }]));
    const texts = written.map(({ column }) => outputText(`t.${quoteIdentifier(column.name)}`, column));
    const values = written.map(({ position }) =>
      rows.add(
        `k${position}`,
        placed.map(({ place }) => place[position] ?? null),
      ),
    );
    // As arrays they can be hashed, and nulls in them are equal.
    return `array[${texts.join(', ')}]::pg_catalog.text[] operator(pg_catalog.=) array[${values.join(', ')}]::pg_catalog.text[]`;
  }
  return table.key
    .map((position, i) => {
      const column = table.columns[position]!;
      const value = rows.addValues(
        `k${position}`,
        placed.map(({ place }) => place[position] ?? null),
        column,
      );
      return `t.${quoteIdentifier(column.name)} ${table.keyOperators[i]} ${value}`;
    })
    .join(' and ');
}

/** Writes the rows of a group; the number of them that were written is the statement's count. */
export function writeStatement(group: WriteGroup, first = 1): Statement {
  const rows = new Rows(first);
  const { table, columns } = group;
  const given = (position: number): string =>
    rows.addValues(
      `v${position}`,
      group.rows.map(({ values }) => values[position] ?? null),
      table.columns[position]!,
    );
  const names = columns.map((position) => quoteIdentifier(table.columns[position]!.name));
  switch (group.action) {
    case 'create': {
      const values = columns.map(given).join(', ');
      const text = `insert into ${quoteQualified(table.schema, table.name)} (${names.join(', ')}) overriding system value select ${values} from ${rows.sql} order by u.n`;
      return { text, values: rows.values };
    }
    case 'update': {
      const sets = columns.map((position, i) => `${names[i]} = ${given(position)}`).join(', ');
      const where = condition(table, group.rows, rows);
      return { text: `update ${target(table)} as t set ${sets} from ${rows.sql} where ${where}`, values: rows.values };
    }
    case 'delete':
  }
  const where = condition(table, group.rows, rows);
  return { text: `delete from ${target(table)} as t using ${rows.sql} where ${where}`, values: rows.values };
}

/**
 * Several groups as one statement: foreign keys that can't be deferred are checked at its end. Each begins when those
 * before it have ended. https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
 */
export function combinedStatement(groups: readonly WriteGroup[]): Statement {
  const values: (readonly (string | null)[])[] = [];
  const parts = groups.map((group, i) => {
    const statement = writeStatement(group, values.length + 1);
    values.push(...statement.values);
    if (i === 0) return `g0 as (${statement.text} returning 1)`;
    const after = `(select pg_catalog.count(*) from g${i - 1}) is not null`;
    const text =
      group.action === 'create'
        ? statement.text.replace(/ order by u\.n$/, ` where ${after} order by u.n`)
        : `${statement.text} and ${after}`;
    return `g${i} as (${text} returning 1)`;
  });
  const counts = groups.map((_, i) => `(select pg_catalog.count(*) from g${i})`);
  return { text: `with ${parts.join(', ')} select ${counts.join(' + ')} as count`, values };
}

export interface ReadColumns {
  readonly columns: readonly number[];
  /** Of these, 32-bit hashes will do. */
  readonly hashed: readonly number[];
  /** Locks the rows, and reads a hash of each whole. */
  readonly lock: boolean;
}

/**
 * Reads rows where they are: of each the place's number from 0, ctid, tableoid, the hash (or null), the output texts of
 * `columns`, and hashes of the columns in `hashed`. By a key, rows are looked up one by one: what a transaction has written
 * is in no statistics, and a plan by those would read the whole table for each part of the places.
 */
export function readStatement(table: Table, places: readonly Values[], read: ReadColumns): Statement {
  const { columns, hashed, lock } = read;
  const rows = new Rows();
  const named = (position: number): string => `t.${quoteIdentifier(table.columns[position]!.name)}`;
  const printed = (position: number): string => outputText(named(position), table.columns[position]!);
  const where = condition(
    table,
    places.map((place) => ({ place, pin: null })),
    rows,
  );
  const whole = table.columns.map((_, position) => named(position)).join(', ');
  const hash = `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to((row(${whole}))::pg_catalog.text, 'UTF8')), 'hex')`;
  const selected = [
    't.ctid::pg_catalog.text',
    't.tableoid::pg_catalog.text',
    lock ? hash : 'null',
    ...columns.map(printed),
    ...hashed.map((position) => `coalesce(pg_catalog.hashtext(${printed(position)}), 0)`),
  ].map((expression, i) => `${expression} as c${i}`);
  const number = '(u.n - 1)::pg_catalog.int4';
  const text =
    table.key === null
      ? `select ${number}, ${selected.join(', ')} from ${rows.sql} join ${target(table)} as t on ${where} order by u.n${lock ? ' for update of t' : ''}`
      : `select ${number}, r.* from ${rows.sql} cross join lateral (
           select ${selected.join(', ')} from ${target(table)} as t where ${where} ${lock ? 'for update' : 'offset 0'}) as r`;
  return { text, values: rows.values };
}

/** One row's statement as a person would write it. */
export function shownSql(
  table: Table,
  action: 'create' | 'update' | 'delete',
  row: Pick<RowWrite, 'place' | 'values'>,
  columns: readonly number[],
): string {
  const name = quoteQualified(table.schema, table.name);
  const columnName = (position: number): string => quoteIdentifier(table.columns[position]!.name);
  const literal = (column: TableColumn, value: string | null | undefined): string =>
    typeof value !== 'string'
      ? 'null'
      : column.kind === 'number' && /^-?[\d.]+$/.test(value)
        ? value
        : quoteLiteral(value).trim();
  const value = (position: number, of: Values): string => literal(table.columns[position]!, of[position]);
  const where = (table.key ?? [...table.columns.keys()].filter((position) => !table.columns[position]!.generated))
    .map((position) =>
      typeof row.place[position] === 'string'
        ? `${columnName(position)} = ${value(position, row.place)}`
        : `${columnName(position)} is null`,
    )
    .join(' and ');
  switch (action) {
    case 'create':
      return `insert into ${name} (${columns.map(columnName).join(', ')}) overriding system value values (${columns.map((position) => value(position, row.values)).join(', ')})`;
    case 'update':
      return `update ${name} set ${columns.map((position) => `${columnName(position)} = ${value(position, row.values)}`).join(', ')} where ${where}`;
    case 'delete':
  }
  return `delete from ${name} where ${where}`;
}
