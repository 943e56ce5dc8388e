import type { SourceConfig } from '../config/config.ts';
import { includes, parseTablePattern } from '../lib/table-pattern.ts';

/** pg_class.relreplident: default (primary key), nothing, full, index. */
export type ReplicaIdentity = 'd' | 'n' | 'f' | 'i';

/** What setup needs to know of one table, partition or foreign table of the source. */
export interface TableRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** relkind: ordinary, partitioned, foreign. */
  readonly kind: 'r' | 'p' | 'f';
  readonly unlogged: boolean;
  /** The topmost partitioned table, for a partition; else null. */
  readonly rootOid: number | null;
  /** Tables it inherits from without being a partition. */
  readonly inheritsFrom: readonly number[];
  /** The extension it belongs to. */
  readonly extension: string | null;
  readonly owner: string;
  /** The installing role is or may act as the owner. */
  readonly owned: boolean;
  readonly identity: ReplicaIdentity;
  readonly identityIndex: string | null;
  /** A primary key that the default identity can use: valid, not deferrable. */
  readonly hasPrimaryKey: boolean;
  readonly hasIdentityIndex: boolean;
  /** Both context triggers are there and enabled always. */
  readonly hasTriggers: boolean;
  /** Whether it has one after its statements, as WAL capture needs it. */
  readonly hasAfterTrigger: boolean;
  /** Argument of the truncate trigger, empty on a leaf; `disabled`: not enabled always; null: there is none. */
  readonly truncateTrigger: string | null;
  /** Triggers of trigger capture, as name, pg_trigger.tgtype and JSON of the arguments; `off` behind those that may not fire. */
  readonly captureTriggers: readonly string[];
  readonly published: boolean;
  /** Other publications that name columns of it: an identity of full would break the app's updates there. */
  readonly columnListPublications: readonly string[];
  /** Generated columns that are not stored (PostgreSQL 18): under an identity of full, every update and delete fails. */
  readonly hasVirtualColumns: boolean;
  /** What rowtrail.tables says of it. */
  readonly recorded: RecordedTable | null;
}

export interface RecordedTable {
  /** The root that it was tracked under; itself, if it was no partition. */
  readonly root: number;
  readonly priorIdentity: ReplicaIdentity;
  readonly priorIdentityIndex: string | null;
  readonly identityChanged: boolean;
}

export interface TrackedTable {
  readonly root: TableRow;
  /** Its partitions at every level, then the table itself: what gets triggers and an identity. */
  readonly members: readonly TableRow[];
  /** Of nothing but WAL capture. */
  readonly identity: 'full' | 'existing';
  /** How its changes are seen. */
  readonly capture: 'wal' | 'statement' | 'row';
  /** Columns that trigger capture leaves out. */
  readonly excluded: readonly string[];
  readonly notes: readonly string[];
}

export interface SkippedTable {
  readonly table: TableRow;
  readonly reason: string;
  readonly hint: string | null;
  /** Named in `tables` without a `*`: the user counts on it. */
  readonly named: boolean;
}

export interface TablePlan {
  readonly tracked: readonly TrackedTable[];
  readonly skipped: readonly SkippedTable[];
  /** Patterns without a `*` that no table bears the name of. */
  readonly missing: readonly string[];
  /** Patterns with a `*` that match no table. */
  readonly unmatched: readonly string[];
}

/** `schema.name`, for people. */
export function tableLabel(table: Pick<TableRow, 'schema' | 'name'>): string {
  return `${table.schema}.${table.name}`;
}

/**
 * Which tables are tracked and how, and why the others that the patterns name are not. Pure.
 * What is not tracked is left alone: publishing a table without a usable identity would make the
 * application's own updates fail. `hasEventTriggers`: new partitions get an identity as they are made.
 */
export function planTables(
  rows: readonly TableRow[],
  source: Pick<SourceConfig, 'tables' | 'identity' | 'tableOptions' | 'capture'>,
  { hasEventTriggers }: { readonly hasEventTriggers: boolean },
): TablePlan {
  const patterns = source.tables.map((text) => parseTablePattern(text));
  const wanted = rows.filter((row) => includes(patterns, row.schema, row.name));
  const isNamed = (row: TableRow): boolean => patterns.some((p) => p.exact && p.matches(row.schema, row.name));
  const tracked: TrackedTable[] = [];
  const skipped: SkippedTable[] = [];
  const roots = wanted.filter((row) => row.rootOid === null);
  for (const root of roots.toSorted(byName)) {
    const partitions = rows.filter((row) => row.rootOid === root.oid).toSorted(byName);
    const isInherited = root.inheritsFrom.length > 0 || rows.some((row) => row.inheritsFrom.includes(root.oid));
    const decision = decideTable(root, partitions, source, { named: isNamed(root), isInherited, hasEventTriggers });
    if ('reason' in decision) skipped.push({ table: root, named: isNamed(root), ...decision });
    else tracked.push(decision);
  }
  const trackedOids = new Set(tracked.map(({ root }) => root.oid));
  skipped.push(...strayPartitions(rows, wanted, trackedOids, isNamed));
  const including = patterns.filter((pattern) => !pattern.excludes);
  const unmatched = including.filter((p) => !rows.some((row) => p.matches(row.schema, row.name)));
  return {
    tracked: withInheritanceNotes(tracked, rows, trackedOids),
    skipped,
    missing: unmatched.filter((pattern) => pattern.exact).map((pattern) => pattern.text),
    unmatched: unmatched.filter((pattern) => !pattern.exact).map((pattern) => pattern.text),
  };
}

type Refusal = Pick<SkippedTable, 'reason' | 'hint'>;

function decideTable(
  root: TableRow,
  partitions: readonly TableRow[],
  source: Pick<SourceConfig, 'identity' | 'tableOptions' | 'capture'>,
  {
    named,
    isInherited,
    hasEventTriggers,
  }: { readonly named: boolean; readonly isInherited: boolean; readonly hasEventTriggers: boolean },
): TrackedTable | Refusal {
  if (root.kind === 'f') return refuse('it is a foreign table: its rows are another server’s');
  if (root.unlogged)
    return refuse('it is unlogged: its changes are not in the WAL', `alter table ${tableLabel(root)} set logged`);
  if (root.extension !== null && !named) {
    return refuse(
      `it belongs to the extension ${root.extension}`,
      'Name it in `tables` without a * to track it all the same.',
    );
  }
  const members = [...partitions.filter((row) => row.kind !== 'f'), root];
  const excluded = source.tableOptions[tableLabel(root)]?.exclude ?? [];
  if (source.capture === 'trigger') {
    const byRow = root.kind === 'p' || isInherited || excluded.length > 0;
    const notes = memberNotes(partitions, [], []);
    // Identities matter to logical decoding alone: what WAL capture has changed is put back.
    return { root, members, identity: 'existing', capture: byRow ? 'row' : 'statement', excluded, notes };
  }
  // A future partition would come without identity, and the application's updates of it would fail.
  if (root.kind === 'p' && !root.hasPrimaryKey && !hasEventTriggers) {
    return refuse(
      'it is partitioned and has no primary key, and there are no event triggers to give new partitions an identity',
      'Give it one, or run `rowtrail setup` as a superuser (`admin.url`), which may create event triggers.',
    );
  }
  const lists = [...new Set(members.flatMap((row) => row.columnListPublications))];
  const option = source.tableOptions[tableLabel(root)]?.identity ?? null;
  const virtual = members.filter((row) => row.hasVirtualColumns);
  const identity = lists.length + virtual.length > 0 ? 'existing' : (option ?? source.identity);
  if (identity === 'existing') {
    const without = members.find((row) => (row.kind === 'r' || row === root) && !hasUsableIdentity(row));
    if (without !== undefined) return refuse(...withoutIdentity(without, lists, virtual.length > 0));
  }
  return { root, members, identity, capture: 'wal', excluded, notes: memberNotes(partitions, lists, virtual) };
}

/** With `identity: existing`: what it will be once an identity that we changed is put back. */
function hasUsableIdentity(row: TableRow): boolean {
  const identity =
    row.recorded?.identityChanged === true && row.identity === 'f' ? row.recorded.priorIdentity : row.identity;
  if (identity === 'f') return !row.hasVirtualColumns;
  if (identity === 'd') return row.hasPrimaryKey;
  return identity === 'i' && (row.hasIdentityIndex || row.recorded?.identityChanged === true);
}

function withoutIdentity(row: TableRow, lists: readonly string[], virtual: boolean): [string, string] {
  if (lists.length > 0) {
    return [
      `publication ${lists.join(', ')} names columns of it, and ${tableLabel(row)} has no primary key or replica identity index: ` +
        'with an identity of full, the application’s updates would fail there',
      `Add a primary key to ${tableLabel(row)}, or take the column list off that publication.`,
    ];
  }
  if (virtual) {
    return [
      `it has virtual generated columns, which rule an identity of full out, and ${tableLabel(row)} has no primary key or replica identity index`,
      `Add a primary key to ${tableLabel(row)} (and take its identity off full), or store the generated columns.`,
    ];
  }
  return [
    `${tableLabel(row)} has no primary key and no replica identity, and identity is "existing": publishing it would make the application’s updates fail`,
    'Add a primary key, or set `identity: full` for it in tableOptions.',
  ];
}

function memberNotes(
  partitions: readonly TableRow[],
  lists: readonly string[],
  virtual: readonly TableRow[],
): string[] {
  const notes: string[] = [];
  if (virtual.length > 0) {
    const names = virtual.map((row) => tableLabel(row)).join(', ');
    notes.push(`identity left as it is: virtual generated columns of ${names} rule an identity of full out`);
  }
  if (lists.length > 0) notes.push(`identity left as it is: publication ${lists.join(', ')} names columns of it`);
  for (const partition of partitions) {
    if (partition.kind === 'f')
      notes.push(`partition ${tableLabel(partition)} is a foreign table: its changes are not captured`);
    else if (partition.unlogged)
      notes.push(`partition ${tableLabel(partition)} is unlogged: its changes are not captured`);
  }
  return notes;
}

/** Partitions follow their root: one that is named while its root is not would be published under no name. */
function strayPartitions(
  rows: readonly TableRow[],
  wanted: readonly TableRow[],
  tracked: ReadonlySet<number>,
  isNamed: (row: TableRow) => boolean,
): SkippedTable[] {
  const stray = wanted.filter((row) => row.rootOid !== null && !tracked.has(row.rootOid));
  return stray.flatMap((row) => {
    const root = rows.find((other) => other.oid === row.rootOid);
    // A root that is skipped itself says why; saying it of each partition again would bury it.
    if (root === undefined || (wanted.includes(root) && !isNamed(row))) return [];
    const label = tableLabel(root);
    return [
      {
        table: row,
        named: isNamed(row),
        ...refuse(`it is a partition of ${label}, which is not tracked`, `Name ${label} instead.`),
      },
    ];
  });
}

/** Rows of an inheritance child show in its parent, but are captured only if the child is tracked itself. */
function withInheritanceNotes(
  tracked: readonly TrackedTable[],
  rows: readonly TableRow[],
  trackedOids: ReadonlySet<number>,
): TrackedTable[] {
  return tracked.map((table) => {
    const children = rows.filter((row) => row.inheritsFrom.includes(table.root.oid) && !trackedOids.has(row.oid));
    if (children.length === 0) return table;
    const names = children.map((child) => tableLabel(child)).join(', ');
    return {
      ...table,
      notes: [...table.notes, `${names} inherits from it and is not tracked: changes there are not captured`],
    };
  });
}

function refuse(reason: string, hint: string | null = null): Refusal {
  return { reason, hint };
}

function byName(a: TableRow, b: TableRow): number {
  return tableLabel(a) < tableLabel(b) ? -1 : 1;
}
