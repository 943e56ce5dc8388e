import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import type { ForeignKey, Table, TableColumn, UniqueIndex, ValueKind } from './table.ts';

/** A table as the store knows it. */
export interface StoredTable {
  /** `audit.relations.id`. */
  readonly id: number;
  readonly source: string;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** By which entries tell its records apart. */
  readonly keyColumns: readonly string[] | null;
}

export interface Catalog {
  readonly tables: readonly Table[];
  readonly foreignKeys: readonly ForeignKey[];
  /** `track_counts`: without it, effects on other tables can't be told. */
  readonly countsRows: boolean;
  /** Half of `deadlock_timeout`: who waits no longer than that is never what a deadlock is about. */
  readonly lockTimeoutMs: number;
}

const MAX_LOCK_TIMEOUT_MS = 500;
const MIN_LOCK_TIMEOUT_MS = 50;

/** Reads what the tables are at this moment. They are known by their oids, so that renamed ones are found. */
export async function readCatalog(client: pg.ClientBase, stored: readonly StoredTable[]): Promise<Catalog> {
  const oids = stored.map(({ oid }) => oid);
  const [settings, classes, columns, indexes, keys] = [
    await client.query<{ deadlock: number; counts: boolean }>(
      `select s.setting::pg_catalog.int4 as deadlock, pg_catalog.current_setting('track_counts')::pg_catalog.bool as counts
       from pg_catalog.pg_settings s where s.name = 'deadlock_timeout'`,
    ),
    await client.query<ClassRow>(CLASSES_SQL, [oids]),
    await client.query<ColumnRow>(COLUMNS_SQL, [oids]),
    await client.query<IndexRow>(INDEXES_SQL, [oids]),
    await client.query<KeyRow>(FOREIGN_KEYS_SQL, [oids]),
  ];
  const byOid = group(columns.rows);
  const indexesByOid = group(indexes.rows);
  const tables = stored.map((table) =>
    tableOf(
      table,
      classes.rows.find(({ oid }) => oid === table.oid),
      byOid.get(table.oid) ?? [],
      indexesByOid.get(table.oid) ?? [],
    ),
  );
  const { deadlock, counts } = settings.rows[0]!;
  return {
    tables,
    foreignKeys: keys.rows.flatMap((row) => foreignKeyOf(row, tables)),
    countsRows: counts,
    lockTimeoutMs: Math.max(MIN_LOCK_TIMEOUT_MS, Math.min(MAX_LOCK_TIMEOUT_MS, Math.floor(deadlock / 2))),
  };
}

interface ClassRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly readable: boolean;
  readonly writable: boolean;
  /** Row-level security may hide rows from the role. */
  readonly hides_rows: boolean;
  /** Of a partition, the name of its root. */
  readonly root: string | null;
}

interface ColumnRow {
  readonly oid: number;
  readonly attnum: number;
  readonly name: string;
  readonly type: string;
  readonly base: string;
  readonly casts_text: boolean;
  readonly generated: boolean;
  readonly not_null: boolean;
  readonly has_default: boolean;
}

interface IndexRow {
  readonly oid: number;
  readonly attnums: number[];
  readonly operators: string[];
  readonly immediate: boolean;
  readonly primary: boolean;
  readonly identity: boolean;
  readonly exclusion: boolean;
  readonly partial: boolean;
  readonly not_null: boolean;
}

interface KeyRow {
  readonly child: number;
  readonly parent: number;
  readonly columns: number[];
  readonly parent_columns: number[];
  readonly deferrable: boolean;
}

const KINDS: Readonly<Record<string, ValueKind>> = {
  bool: 'boolean',
  int2: 'number',
  int4: 'number',
  int8: 'number',
  float4: 'number',
  float8: 'number',
  numeric: 'number',
  json: 'json',
  jsonb: 'json',
};

/** Not so: bool, char(n), inet, xml and others. */
const PRINTED_AS_TEXT: ReadonlySet<string> = new Set(
  'int2 int4 int8 numeric float4 float8 text varchar date time timestamp timestamptz interval uuid json jsonb bytea'.split(
    ' ',
  ),
);

function tableOf(
  stored: StoredTable,
  row: ClassRow | undefined,
  columnRows: readonly ColumnRow[],
  indexRows: readonly IndexRow[],
): Table {
  const columns = columnRows.map(columnOf);
  const positionOf = (attnum: number): number => columns.findIndex((column) => column.attnum === attnum);
  const unique = indexRows.map((index): UniqueIndex => {
    const positions = index.attnums.map(positionOf);
    const isPlain = !index.exclusion && !index.partial && !positions.includes(-1);
    return { columns: isPlain ? positions : null, immediate: index.immediate };
  });
  const key = keyOf(stored, columns, indexRows);
  return {
    id: stored.id,
    source: stored.source,
    oid: stored.oid,
    schema: row?.schema ?? stored.schema,
    name: row?.name ?? stored.name,
    partitioned: row?.kind === 'p',
    columns,
    key: key?.attnums.map(positionOf) ?? null,
    keyOperators: key?.operators ?? [],
    keyIsDeferrable: key?.immediate === false,
    unique,
    problem: problemOf(row),
  };
}

function columnOf(row: ColumnRow): TableColumn {
  return {
    attnum: row.attnum,
    name: row.name,
    type: row.type,
    kind: KINDS[row.base] ?? 'text',
    printsAsText: PRINTED_AS_TEXT.has(row.base),
    castsText: row.casts_text,
    generated: row.generated,
    notNull: row.not_null,
    hasDefault: row.has_default,
  };
}

/** The index by whose columns entries tell records apart; of several, the primary key. */
function keyOf(
  stored: StoredTable,
  columns: readonly TableColumn[],
  indexes: readonly IndexRow[],
): IndexRow | undefined {
  if (stored.keyColumns === null) return undefined;
  const usable = indexes.filter(({ exclusion, partial, not_null: notNull }) => !exclusion && !partial && notNull);
  const wanted = stored.keyColumns.map((name) => columns.find((column) => column.name === name)?.attnum);
  const isWanted = ({ attnums }: IndexRow): boolean =>
    attnums.length === wanted.length && attnums.every((attnum) => wanted.includes(attnum));
  const exact =
    usable.find(isWanted) ?? usable.find(({ primary }) => primary) ?? usable.find(({ identity }) => identity);
  if (exact === undefined || !isWanted(exact)) return exact;
  // In the order in which entries have it.
  const order = wanted.map((attnum) => exact.attnums.indexOf(attnum as number));
  return { ...exact, attnums: order.map((i) => exact.attnums[i]!), operators: order.map((i) => exact.operators[i]!) };
}

function problemOf(row: ClassRow | undefined): string | null {
  if (row === undefined) return 'the table is not there any more';
  if (row.kind !== 'r' && row.kind !== 'p') return 'it is no table any more';
  if (row.root !== null) return `it is a partition of ${row.root} now`;
  if (!row.readable || !row.writable) {
    return 'the role of revert.url lacks rights: it needs select, insert, update and delete';
  }
  if (row.hides_rows) return 'row-level security hides its rows from the role of revert.url: it needs BYPASSRLS';
  return null;
}

function foreignKeyOf(row: KeyRow, tables: readonly Table[]): ForeignKey[] {
  const child = tables.find(({ oid }) => oid === row.child);
  const parent = tables.find(({ oid }) => oid === row.parent);
  if (child === undefined || parent === undefined) return [];
  const positions = (table: Table, attnums: readonly number[]): number[] =>
    attnums.map((attnum) => table.columns.findIndex((column) => column.attnum === attnum));
  return [
    {
      child: child.id,
      parent: parent.id,
      columns: positions(child, row.columns),
      parentColumns: positions(parent, row.parent_columns),
      deferrable: row.deferrable,
    },
  ];
}

function group<Row extends { readonly oid: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const list = groups.get(row.oid);
    if (list === undefined) groups.set(row.oid, [row]);
    else list.push(row);
  }
  return groups;
}

const CLASSES_SQL = `
select c.oid, n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name, c.relkind::pg_catalog.text as kind,
  pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select') as readable,
  pg_catalog.row_security_active(c.oid) as hides_rows,
  pg_catalog.has_table_privilege(c.oid, 'insert') and pg_catalog.has_table_privilege(c.oid, 'update')
    and pg_catalog.has_table_privilege(c.oid, 'delete') as writable,
  case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::pg_catalog.text end as root
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = any($1::pg_catalog.oid[])`;

const COLUMNS_SQL = `
with recursive base (oid, type, next) as (
  select distinct a.atttypid, a.atttypid, t.typbasetype
  from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
  where a.attrelid = any($1::pg_catalog.oid[]) and a.attnum > 0 and not a.attisdropped
  union all
  select b.oid, t.oid, t.typbasetype from base b join pg_catalog.pg_type t on t.oid = b.next where b.next <> 0
)
select a.attrelid as oid, a.attnum, a.attname::pg_catalog.text as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
  case when n.nspname = 'pg_catalog' then t.typname::pg_catalog.text else '' end as base,
  exists (select from pg_catalog.pg_cast k
    where k.castsource = 'pg_catalog.text'::pg_catalog.regtype and k.casttarget = t.oid and k.castfunc <> 0) as casts_text,
  a.attgenerated <> '' as generated, a.attnotnull as not_null, a.atthasdef or a.attidentity <> '' as has_default
from pg_catalog.pg_attribute a
join base b on b.oid = a.atttypid and b.next = 0
join pg_catalog.pg_type t on t.oid = b.type join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where a.attrelid = any($1::pg_catalog.oid[]) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum`;

/** The operator that an index takes for equality: the session's search_path has none for types of extensions. */
const INDEXES_SQL = `
select i.indrelid as oid, i.indimmediate as immediate, i.indisprimary as primary, i.indisreplident as identity,
  i.indisexclusion as exclusion, i.indpred is not null as partial,
  array(select i.indkey[k] from pg_catalog.generate_series(0, i.indnkeyatts - 1) k order by k)::pg_catalog.int2[] as attnums,
  array(select coalesce((select 'operator(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')'
      from pg_catalog.pg_opclass c join pg_catalog.pg_amop m on m.amopfamily = c.opcfamily and m.amopstrategy = 3
        and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype
      join pg_catalog.pg_operator o on o.oid = m.amopopr join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
      where c.oid = i.indclass[k]), 'operator(pg_catalog.=)')
    from pg_catalog.generate_series(0, i.indnkeyatts - 1) k order by k) as operators,
  not exists (select from pg_catalog.generate_series(0, i.indnkeyatts - 1) k
    left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[k] where a.attnotnull is not true) as not_null
from pg_catalog.pg_index i
where i.indrelid = any($1::pg_catalog.oid[]) and (i.indisunique or i.indisexclusion) and i.indisvalid
order by i.indisprimary desc, i.indexrelid`;

const FOREIGN_KEYS_SQL = `
select c.conrelid as child, c.confrelid as parent, c.conkey as columns, c.confkey as parent_columns, c.condeferrable as deferrable
from pg_catalog.pg_constraint c
where c.contype = 'f' and c.conrelid = any($1::pg_catalog.oid[]) and c.confrelid = any($1::pg_catalog.oid[])`;

/** For statements that name a table. */
export function tableName({ schema, name }: Pick<Table, 'schema' | 'name'>): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
