import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { NULL_VALUE, UNCHANGED_TOAST, type Tuple } from '../../change/tuple.ts';
import { quoteIdentifier, quoteQualified } from '../../pg/identifier.ts';
import { connectionOptions, destroyClient, PINNED_SETTINGS } from '../../pg/pool.ts';
import type { BaselineCatalog, PartFile, PartState, TablePart } from './baseline-catalog.ts';
import { CopyTextParser, type CopyRow } from './copy-text.ts';

/** A place in a table's file: rows are read in their order. */
export interface FilePosition {
  readonly block: number;
  /** The last row that has been read in this block; 0: none. */
  readonly offset: number;
}

/** Values above this are not read: whoever asks for the entry is told that they are missing. */
export const MAX_VALUE_BYTES = 8 * 1024 * 1024;
/** A value that takes less than this in its row is shorter than MAX_VALUE_BYTES, however well it was compressed. */
const SURELY_SHORT_BYTES = 30_000;
/** The application's DDL goes first: what waits for a table longer than this tries again later. */
const LOCK_TIMEOUT_MS = 2_000;

/** A row as it is read: valid until the next one. */
export interface PartRow {
  readonly position: FilePosition;
  readonly xmin: number;
  readonly tuple: Tuple;
}

/** Reads the rows of tables a stretch of their files at a time, each in a short transaction with a snapshot of its own. */
export class PartReader {
  readonly #client: pg.Client;
  readonly #catalog: BaselineCatalog;

  constructor(url: string, catalog: BaselineCatalog) {
    this.#catalog = catalog;
    this.#client = new pg.Client({
      ...connectionOptions(url, 'baseline'),
      // Values must have one text, as in the stream. Without row security: a policy would leave rows out unseen.
      options: Object.entries({ ...PINNED_SETTINGS, statement_timeout: '0', row_security: 'off' })
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    });
    this.#client.on('error', () => {});
  }

  async connect(): Promise<void> {
    await this.#client.connect();
    // Bytes that are no text in any encoding must come as they are, as they do in the stream.
    const encoding = await this.#client.query<{ server_encoding: string }>('show server_encoding');
    if (encoding.rows[0]!.server_encoding === 'SQL_ASCII')
      await this.#client.query("set client_encoding = 'SQL_ASCII'");
  }

  /** At once: after a failure the connection may be in the middle of a COPY. */
  destroy(): void {
    destroyClient(this.#client);
  }

  parts(oid: number): Promise<TablePart[]> {
    return this.#catalog.parts(this.#client, oid);
  }

  /** The position of the WAL's end: nothing that commits later lies before it. */
  async walEnd(): Promise<string> {
    const result = await this.#client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    return result.rows[0]!.lsn;
  }

  /**
   * Runs `read` in a transaction with one snapshot. The lock comes first: a table that is written anew between
   * snapshot and lock would look empty. Null: the table is gone, or the part is none of it any more. Whoever gets an error
   * destroys the reader.
   * https://www.postgresql.org/docs/current/mvcc-caveats.html
   */
  async inSnapshot<T>(
    table: { readonly oid: number; readonly part: number },
    read: (state: PartState & { readonly part: PartFile }) => Promise<T>,
  ): Promise<T | null> {
    const name = await this.#client.query<{ schema: string; name: string }>(
      `select n.nspname::text as schema, c.relname::text as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = $1`,
      [table.part],
    );
    const found = name.rows[0];
    if (found === undefined) return null;
    const target = quoteQualified(found.schema, found.name);
    await this.#client.query('begin isolation level repeatable read read only');
    await this.#client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await this.#client.query(`lock table only ${target} in access share mode`);
    const state = await this.#catalog.state(this.#client, table);
    const part = state?.part ?? null;
    // By oid again: meanwhile another table may have come to bear the name.
    const isIt = part !== null && quoteQualified(part.schema, part.name) === target;
    const result = state === null || !isIt ? null : await read({ ...state, part });
    await this.#client.query('commit');
    return result;
  }

  /**
   * The rows between two positions, within `inSnapshot`. `wanted`: which columns, by position in the relation; the others
   * come as nulls. As fast as they are taken.
   */
  async *rows(
    { part, relation }: PartState & { readonly part: PartFile },
    wanted: ReadonlySet<number>,
    from: FilePosition,
    endBlock: number,
  ): AsyncGenerator<PartRow> {
    const columns = relation.columns.flatMap(({ name }, i) => (wanted.has(i) ? [{ name, i }] : []));
    const tooLarge = ({ name }: { name: string }): string =>
      `pg_column_size(t.${quoteIdentifier(name)}) > ${SURELY_SHORT_BYTES} and octet_length(t.${quoteIdentifier(name)}::text) > ${MAX_VALUE_BYTES}`;
    const values = columns.map((column) => {
      const value = `t.${quoteIdentifier(column.name)}`;
      return part.varying.has(column.name) ? `case when ${tooLarge(column)} then null else ${value} end` : value;
    });
    const large = columns
      .filter(({ name }) => part.varying.has(name))
      .map((column) => `case when ${tooLarge(column)} then '${column.i}' end`);
    const lacking = large.length === 0 ? "''" : `concat_ws(',', ${large.join(', ')})`;
    const sql = `copy (select t.ctid, t.xmin, ${lacking}${values.map((value) => `, ${value}`).join('')}
      from only ${quoteQualified(part.schema, part.name)} t
      where t.ctid > '(${from.block},${from.offset})'::tid and t.ctid < '(${endBlock},0)'::tid) to stdout`;
    const parser = new CopyTextParser();
    const indexes = columns.map(({ i }) => i);
    for await (const chunk of this.#client.query(copyTo(sql))) {
      for (const row of parser.rows(chunk as Buffer)) yield partRow(row, relation.columns.length, indexes);
    }
  }
}

/** The first three fields say which row it is, and which of its values were too large to be read. */
const HEAD_FIELDS = 3;

function partRow(
  { bytes, starts: fields, lengths: sizes, byteLength }: CopyRow,
  count: number,
  indexes: readonly number[],
): PartRow {
  const text = (field: number): string =>
    bytes.buffer.toString('latin1', fields[field], fields[field]! + Math.max(0, sizes[field]!));
  const starts = new Int32Array(count);
  const lengths = new Int32Array(count).fill(NULL_VALUE);
  indexes.forEach((index, i) => {
    starts[index] = fields[HEAD_FIELDS + i]!;
    lengths[index] = sizes[HEAD_FIELDS + i]!;
  });
  for (const index of text(2).split(',')) if (index !== '') lengths[Number(index)] = UNCHANGED_TOAST;
  const [block, offset] = text(0).slice(1, -1).split(',').map(Number);
  return {
    position: { block: block!, offset: offset! },
    xmin: Number(text(1)),
    tuple: { bytes, columnCount: count, starts, lengths, byteLength, large: null },
  };
}
