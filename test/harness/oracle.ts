import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { StoredEntry } from './capture.ts';
import type { TestDatabase } from './database.ts';
import { quoteIdentifier, quoteLiteral } from '../../src/pg/identifier.ts';

/** How the test expects a column's output text to stand in an image. */
export type ExpectedKind = 'number' | 'boolean' | 'json' | 'text';

export interface OracleTable {
  readonly name: string;
  /** A map where names are such that an object would reorder them. */
  readonly columns: Readonly<Record<string, ExpectedKind>> | ReadonlyMap<string, ExpectedKind>;
  /** Null: none. */
  readonly key: readonly string[] | null;
}

/** A change as a plain row trigger saw it. */
interface Shadow {
  readonly xid: string;
  readonly table_name: string;
  readonly op: 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';
  readonly old: (string | null)[] | null;
  readonly new: (string | null)[] | null;
  readonly user_id: string | null;
}

/**
 * An account of all changes that owes nothing to logical decoding: row triggers copy each column's output text
 * into `oracle.shadow`, numbered in the order in which they fire.
 */
export async function installOracle(database: TestDatabase, tables: readonly OracleTable[]): Promise<void> {
  await database.query(`
    create schema oracle;
    create table oracle.shadow (
      seq bigint generated always as identity primary key, xid bigint not null, table_name text not null,
      op text not null, old text[], new text[], user_id text);
  `);
  for (const table of tables) {
    const name = quoteIdentifier(table.name);
    const texts = (row: string): string =>
      `array[${[...kindsOf(table).keys()]
        .map((column) => `${row}.${quoteIdentifier(column)}`)
        .map((value) => `case when ${value} is not distinct from null then null else format('%s', ${value}) end`)
        .join(', ')}]::text[]`;
    const trigger = quoteIdentifier(`copy_${table.name}`);
    await database.query(`
      create function oracle.${trigger}() returns trigger language plpgsql
        set timezone = 'UTC' set datestyle = 'ISO' set intervalstyle = 'postgres' set extra_float_digits = 1
        set bytea_output = 'hex' set lc_monetary = 'C' set xmlbinary = 'base64'
      as $oracle_body$
      declare
        v_old text[];
        v_new text[];
      begin
        if tg_op in ('UPDATE', 'DELETE') then v_old := ${texts('old')}; end if;
        if tg_op in ('UPDATE', 'INSERT') then v_new := ${texts('new')}; end if;
        insert into oracle.shadow (xid, table_name, op, old, new, user_id)
          values (pg_current_xact_id()::text::bigint, ${quoteLiteral(table.name)}, tg_op, v_old, v_new,
            nullif(current_setting('rowtrail.user_id', true), ''));
        return null;
      end $oracle_body$;
      create trigger oracle_rows after insert or update or delete on ${name}
        for each row execute function oracle.${trigger}();
      create trigger oracle_truncate after truncate on ${name}
        for each statement execute function oracle.${trigger}();
    `);
  }
}

export interface Comparison {
  readonly changes: number;
  readonly transactions: number;
}

/**
 * Compares every entry with its shadow row: order within its transaction, action, images, key, actor.
 * `byRecord`: the order among the changes of different records does not count. A statement trigger tells a statement's
 * inserts, updates and deletes one kind after the other.
 */
export async function compareWithOracle(
  database: TestDatabase,
  tables: readonly OracleTable[],
  entries: readonly StoredEntry[],
  { byRecord = false }: { readonly byRecord?: boolean } = {},
): Promise<Comparison> {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const shadows = await database.query('select * from oracle.shadow order by seq');
  const expected = groupBy(shadows.rows as Shadow[], (shadow) => shadow.xid);
  const actual = groupBy(entries, (entry) => entry.xid);
  expect([...actual.keys()].toSorted(byNumber)).toEqual([...expected.keys()].toSorted(byNumber));
  expect(entries.length).toBe(shadows.rows.length);
  for (const [xid, wanted] of expected) {
    const found = actual.get(xid)!;
    expect(found.map((entry) => entry.ordinal)).toEqual(wanted.map((_, i) => String(i)));
    const ordered = byRecord ? sortedByRecord : (texts: readonly string[]): readonly string[] => texts;
    const lines = ordered(found.map(entryLine));
    const wantedLines = ordered(wanted.map((shadow) => shadowLine(byName.get(shadow.table_name)!, shadow)));
    // One comparison a transaction: thousands of calls of `expect` would be the slowest part of the test.
    if (lines.join('\n') !== wantedLines.join('\n')) expect(lines, `transaction ${xid}`).toEqual(wantedLines);
  }
  return { changes: entries.length, transactions: expected.size };
}

/** Stable: each record's own changes stay in their order. */
function sortedByRecord(lines: readonly string[]): readonly string[] {
  const recordOf = (line: string): string => {
    const [table, , key] = line.split(' | ');
    return `${table} ${key}`;
  };
  const keyed = lines.map((line) => ({ line, record: recordOf(line) }));
  return keyed.toSorted((a, b) => (a.record < b.record ? -1 : a.record > b.record ? 1 : 0)).map(({ line }) => line);
}

/** What must hold of the store as a whole, whatever was captured. */
export async function assertStoreInvariants(store: TestDatabase): Promise<void> {
  const violations = await store.query(`
    select 'entries without their transaction' as what, count(*)::int from audit.entries e
      where not exists (select from audit.transactions t where t.id = e.transaction_id)
    union all select 'transactions that are not whole', count(*)::int from (
      select t.id from audit.transactions t join audit.entries e on e.transaction_id = t.id
      group by t.id, t.size having count(*) <> t.size or max(e.ordinal) <> t.size - 1 or min(e.id) <> t.id
        or count(distinct e.ordinal) <> t.size) w
    union all select 'transactions without entries', count(*)::int from audit.transactions t
      where not exists (select from audit.entries e where e.transaction_id = t.id)
    union all select 'the same (epoch, commit LSN) twice', count(*)::int from (
      -- a baseline is none of the source's transactions
      select from audit.transactions where xid is not null
        group by source_id, epoch, commit_lsn, case when commit_lsn is null then xid end having count(*) > 1) d
    union all select 'ids against the order of commits', count(*)::int from (
      select id, lag(commit_lsn) over (partition by source_id, epoch order by id) > commit_lsn as wrong from audit.transactions where xid is not null) o where wrong
    union all select 'ordinals against the order of ids', count(*)::int from (
      select ordinal, lag(ordinal) over (partition by transaction_id order by id) as last from audit.entries) o
      where ordinal <> last + 1
    union all select 'entries outside their context', count(*)::int from audit.entries e
      left join audit.contexts c on c.id = e.context_id
      where c.id is null or e.id not between c.id and c.last_id or c.transaction_id <> e.transaction_id
    union all select 'contexts whose range is not that of their entries', count(*)::int from audit.contexts c
      where c.id is distinct from (select min(id) from audit.entries e where e.context_id = c.id and e.id between c.id and c.last_id)
        or c.last_id is distinct from (select max(id) from audit.entries e where e.context_id = c.id and e.id between c.id and c.last_id)
    union all select 'rollups that miscount', count(*)::int from (
      select * from (
        select date_bin('15 minutes', e.occurred_at, timestamptz '2000-01-01') as bucket, coalesce(e.relation_id, 0) as relation_id,
          c.actor_id, e.action, c.attribution, count(*) as n, min(e.id) as low, max(e.id) as high
        from audit.entries e join audit.contexts c on c.id = e.context_id group by 1, 2, 3, 4, 5) a
      full join (select bucket, relation_id, actor_id, action, attribution, count as n, min_id as low, max_id as high
        from audit.rollups) b using (bucket, relation_id, actor_id, action, attribution, n, low, high)
      where a.n is null or b.n is null) r
    union all select 'links that do not agree with their entries', count(*)::int from audit.entry_links l
      left join audit.entries e on e.id = l.entry_id left join audit.entries d on d.id = l.linked_id
      where l.kind <> 'revert' and (e.relation_id = l.relation_id and e.record_key = l.entry_key and l.record_key <> l.entry_key and case l.kind
        when 'key' then e.action = 'update' and l.linked_id is null and audit.changed_columns(e.changed, e.old) is not null and e.old is not null
        when 'move' then e.action = 'create' and d.action = 'delete' and d.relation_id = l.relation_id
          and d.record_key = l.record_key and d.transaction_id = e.transaction_id and d.ordinal + 1 = e.ordinal
        else false end) is not true
    union all select 'reverts of what is not of their table, or not before them', count(*)::int from audit.entry_links l
      left join audit.entries e on e.id = l.entry_id left join audit.entries d on d.id = l.linked_id
      where l.kind = 'revert' and (e.relation_id = l.relation_id and d.relation_id = l.relation_id and d.id < e.transaction_id) is not true
    union all select 'reverts that are linked twice', count(*)::int from (
      select from audit.entry_links where kind = 'revert' group by entry_id, linked_id having count(*) > 1) t
    union all select 'links that wait for entries', count(*)::int from audit.pending_reverts
    union all select 'changed keys without a link', count(*)::int from audit.entries e
      join audit.relations r on r.id = e.relation_id
      where e.action = 'update' and audit.changed_columns(e.changed, e.old) && r.key_columns
        and not exists (select from audit.relation_versions v where v.relation_id = r.id and v.key_columns is distinct from r.key_columns)
        and (select count(*) from audit.entry_links l where l.entry_id = e.id and l.kind = 'key') <> 1
    union all select 'open id blocks', count(*)::int from audit.flushes
    union all select 'a checkpoint behind its entries', count(*)::int from audit.checkpoints c
      where acknowledged_lsn < end_lsn or commit_lsn < (
        select max(commit_lsn) from audit.transactions t where t.source_id = c.source_id and t.epoch = c.epoch and t.xid is not null)`);
  const found = violations.rows.filter((row) => row.count !== 0);
  expect(found).toEqual([]);
}

const ACTIONS = { INSERT: 'create', UPDATE: 'update', DELETE: 'delete', TRUNCATE: 'truncate' } as const;

function entryLine(entry: StoredEntry): string {
  return [
    entry.table_name,
    entry.action,
    entry.record_key,
    entry.row,
    entry.old,
    entry.changed === null ? null : JSON.stringify(entry.changed),
    entry.unknown === null ? null : JSON.stringify(entry.unknown),
    entry.attribution === 'app' ? entry.actor : null,
  ].join(' | ');
}

function shadowLine(table: OracleTable, shadow: Shadow): string {
  const names = [...kindsOf(table).keys()];
  const changed = names.filter((_, i) => shadow.op === 'UPDATE' && shadow.old![i] !== shadow.new![i]);
  const image = shadow.op === 'DELETE' ? shadow.old : shadow.new;
  const row = image === null ? null : imageText(table, image, names);
  return [
    shadow.table_name,
    ACTIONS[shadow.op],
    image === null ? null : recordKey(table, image, row!),
    row,
    changed.length === 0 ? null : imageText(table, shadow.old!, changed),
    shadow.op === 'UPDATE' ? JSON.stringify(changed) : null,
    null,
    shadow.user_id,
  ].join(' | ');
}

/** The JSON object of these columns, by DESIGN §2.4. */
function imageText(table: OracleTable, values: readonly (string | null)[], columns: readonly string[]): string {
  const kinds = kindsOf(table);
  const names = [...kinds.keys()];
  const members = columns.map((column) => {
    const value = values[names.indexOf(column)] ?? null;
    return `${JSON.stringify(column)}:${valueText(kinds.get(column)!, value)}`;
  });
  return `{${members.join(',')}}`;
}

export function valueText(kind: ExpectedKind, value: string | null): string {
  if (value === null) return 'null';
  // With a space before it, the literal null is no NULL.
  if (kind === 'json') return value.trim() === 'null' ? ` ${value}` : value;
  if (kind === 'boolean') return value === 't' ? 'true' : 'false';
  if (kind === 'number' && !['NaN', 'Infinity', '-Infinity'].includes(value)) return value;
  return JSON.stringify(value);
}

function recordKey(table: OracleTable, values: readonly (string | null)[], row: string): string {
  if (table.key === null) return `~${createHash('sha256').update(row).digest('hex')}`;
  const names = [...kindsOf(table).keys()];
  const texts = table.key.map((column) => values[names.indexOf(column)]!);
  const key = texts.length === 1 ? texts[0]! : JSON.stringify(texts);
  return Buffer.byteLength(key) > 1024 ? `~${createHash('sha256').update(key).digest('hex')}` : key;
}

function kindsOf({ columns }: OracleTable): ReadonlyMap<string, ExpectedKind> {
  return columns instanceof Map ? columns : new Map(Object.entries(columns));
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b);
}
