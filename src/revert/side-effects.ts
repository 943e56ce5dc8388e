import type pg from 'pg';
import { tableName } from './catalog.ts';
import type { SideEffect } from './plan.ts';
import type { Table } from './table.ts';

/** Rows that a transaction has written to one table. */
export interface RowCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export interface TableCounts extends RowCounts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/** The counters of the running transaction by table, a partition's with its root's. They never go back, not even with a savepoint. */
export async function readCounts(client: pg.ClientBase): Promise<Map<number, TableCounts>> {
  const result = await client.query<{ oid: number; schema: string; name: string; i: string; u: string; d: string }>(`
    select r.oid, n.nspname::pg_catalog.text as schema, r.relname::pg_catalog.text as name, pg_catalog.sum(s.n_tup_ins)::pg_catalog.text as i,
      pg_catalog.sum(s.n_tup_upd)::pg_catalog.text as u, pg_catalog.sum(s.n_tup_del)::pg_catalog.text as d
    from pg_catalog.pg_stat_xact_all_tables s
    join pg_catalog.pg_class c on c.oid = s.relid
    join pg_catalog.pg_class r on r.oid = case when c.relispartition then pg_catalog.pg_partition_root(c.oid) else c.oid end
    join pg_catalog.pg_namespace n on n.oid = r.relnamespace
    where n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema', 'rowtrail') and n.nspname !~ '^pg_(temp|toast_temp)_'
      and s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0
    group by r.oid, n.nspname, r.relname`);
  return new Map(
    result.rows.map(({ oid, schema, name, i, u, d }) => [
      oid,
      { oid, schema, name, inserted: Number(i), updated: Number(u), deleted: Number(d) },
    ]),
  );
}

/** What was written between two readings beyond what the plan wrote. Pure. */
export function beyondPlan(
  before: ReadonlyMap<number, TableCounts>,
  after: ReadonlyMap<number, TableCounts>,
  planned: ReadonlyMap<number, RowCounts>,
): TableCounts[] {
  return [...after.values()].flatMap((counts) => {
    const { oid, schema, name } = counts;
    const start = before.get(oid) ?? NO_ROWS;
    const plan = planned.get(oid) ?? NO_ROWS;
    let inserted = counts.inserted - start.inserted - plan.inserted;
    let updated = counts.updated - start.updated - plan.updated;
    let deleted = counts.deleted - start.deleted - plan.deleted;
    // An update that takes a row to another partition counts as a delete and an insert.
    const moved = Math.max(0, Math.min(-updated, inserted, deleted));
    inserted = Math.max(0, inserted - moved);
    deleted = Math.max(0, deleted - moved);
    updated = Math.max(0, updated);
    return inserted + updated + deleted === 0 ? [] : [{ oid, schema, name, inserted, updated, deleted }];
  });
}

const NO_ROWS: RowCounts = { inserted: 0, updated: 0, deleted: 0 };

/** A table that is larger is not searched for the rows that were written. */
const MAX_SEARCHED_BYTES = 512 * 1024 * 1024;

/**
 * Updates beyond the plan may all be of rows that are in it, such as a total that a trigger keeps: those were read again
 * and are what they are to be. So the rows that this transaction has written are counted. `present`: how many of the
 * plan's are there.
 */
export async function withoutPlannedRows(
  client: pg.ClientBase,
  extra: TableCounts,
  table: Table,
  present: number,
): Promise<TableCounts | null> {
  if (extra.inserted + extra.updated > 0) {
    const size = await client.query<{ bytes: string }>(
      `select pg_catalog.sum(pg_catalog.pg_relation_size(p.oid))::pg_catalog.text as bytes from (
         select $1::pg_catalog.oid as oid union select relid from pg_catalog.pg_partition_tree($1::pg_catalog.oid)) p`,
      [table.oid],
    );
    if (Number(size.rows[0]!.bytes) > MAX_SEARCHED_BYTES) return extra;
    // A subtransaction has an id of its own, and its lock until the whole ends.
    const found = await client.query<{ count: string }>(
      `select pg_catalog.count(*)::pg_catalog.text as count from ${table.partitioned ? '' : 'only '}${tableName(table)} t
       where t.xmin = any(array(select l.transactionid from pg_catalog.pg_locks l
         where l.locktype = 'transactionid' and l.pid = pg_catalog.pg_backend_pid() and l.mode = 'ExclusiveLock' and l.granted))`,
    );
    const beyond = Math.max(0, Number(found.rows[0]!.count) - present);
    const inserted = Math.min(extra.inserted, beyond);
    const rest = { ...extra, inserted, updated: Math.min(extra.updated, beyond - inserted) };
    return rest.inserted + rest.updated + rest.deleted === 0 ? null : rest;
  }
  return extra;
}

export function sideEffect(
  { schema, name, inserted, updated, deleted }: TableCounts,
  columns: ReadonlySet<string> = NO_NAMES,
  stamped: ReadonlySet<string> = NO_NAMES,
): SideEffect {
  return { table: `${schema}.${name}`, inserted, updated, deleted, columns: [...columns], stamped: [...stamped] };
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** The time of a change is a new one after a revert, which is a change. */
export function isHarmless({ inserted, updated, deleted, columns }: SideEffect): boolean {
  return inserted + updated + deleted + columns.length === 0;
}
