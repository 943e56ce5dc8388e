import { quoteLiteral, quoteQualified } from '../pg/identifier.ts';
import type { TableRow, TrackedTable } from './tables.ts';

/** A trigger of trigger capture, as pg_trigger shows it. */
interface CaptureTrigger {
  readonly name: string;
  /** pg_trigger.tgtype: row 1, insert 4, delete 8, update 16, truncate 32; all of them after. */
  readonly type: number;
  readonly arguments: readonly string[];
  readonly clause: string;
}

const TRUNCATE: CaptureTrigger = trigger('truncate', 32, 'after truncate %s for each statement');
const STATEMENTS: readonly CaptureTrigger[] = [
  trigger('insert', 4, 'after insert %s referencing new table as rowtrail_new for each statement'),
  trigger(
    'update',
    16,
    'after update %s referencing old table as rowtrail_old new table as rowtrail_new for each statement',
  ),
  trigger('delete', 8, 'after delete %s referencing old table as rowtrail_old for each statement'),
  TRUNCATE,
];
const ROW = 'rowtrail_capture_row';
const NAMES = [...STATEMENTS.map(({ name }) => name), ROW];

function trigger(what: string, type: number, clause: string): CaptureTrigger {
  return { name: `rowtrail_capture_${what}`, type, arguments: [], clause };
}

/**
 * What a table is to have, as `TableRow.captureTriggers` tells it. Whole statements, where their transition tables tell
 * all: not of a partitioned table (which rows moved?), of an inherited one (whose rows are they?), or where columns
 * must not get into the outbox. A partitioned table's row trigger is its partitions' too, also of those to come.
 */
export function wantedCaptures(row: TableRow, table: TrackedTable): string[] {
  return triggersOf(row, table).map(signature);
}

/** Makes the capture triggers those that are wanted; null: they are. Statements for it, and for going back. */
export function captureChange(
  row: TableRow,
  table: TrackedTable | null,
): { readonly statements: readonly string[]; readonly undo: readonly string[] } | null {
  const wanted = table === null ? [] : triggersOf(row, table);
  const present = new Set(row.captureTriggers);
  if (wanted.length === present.size && wanted.every((each) => present.has(signature(each)))) return null;
  const drop = (name: string): string => `drop trigger if exists ${name} on ${quoteQualified(row.schema, row.name)}`;
  const described = `select rowtrail.describe_table(${quoteLiteral(quoteQualified(row.schema, row.name)).trimStart()}::pg_catalog.regclass)`;
  return {
    statements: [
      // Above all, what is there with another definition: a trigger that is copied to partitions cannot be replaced.
      ...NAMES.filter((name) => row.captureTriggers.some((text) => text.startsWith(`${name} `))).map(drop),
      ...wanted.flatMap((each) => create(row, each)),
      ...(wanted.length === 0 ? [] : [described]),
    ],
    undo: wanted.map(({ name }) => drop(name)),
  };
}

function triggersOf(row: TableRow, table: TrackedTable): CaptureTrigger[] {
  if (row !== table.root || table.capture === 'wal') return [];
  if (table.capture === 'statement') return [...STATEMENTS];
  const rows = { ...trigger('row', 29, 'after insert or update or delete %s for each row'), arguments: table.excluded };
  return [rows, TRUNCATE];
}

function signature({ name, type, arguments: texts }: CaptureTrigger): string {
  return `${name} ${type} ${JSON.stringify(texts)}`;
}

function create(row: TableRow, { name, arguments: texts, clause }: CaptureTrigger): string[] {
  const target = quoteQualified(row.schema, row.name);
  const called = name === ROW ? 'capture_row' : 'capture';
  const given = texts.map((text) => quoteLiteral(text).trimStart()).join(', ');
  return [
    `create trigger ${name} ${clause.replace('%s', () => `on ${target}`)} execute function rowtrail.${called}(${given})`,
    // Not `only`: the partitions' copies too. A truncate's trigger has none.
    `alter table ${name === ROW ? '' : 'only '}${target} enable always trigger ${name}`,
  ];
}
