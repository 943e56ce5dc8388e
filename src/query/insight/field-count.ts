import { changedSql } from '../changed-sql.ts';
import { entryCondition } from '../filter-condition.ts';
import type { ResolvedFilter } from '../filter.ts';
import { MAX_ID } from '../id-range.ts';
import { findIds } from '../scan.ts';
import type { Snapshot } from '../store-reader.ts';
import type { Cells } from './cells.ts';

/** Updates whose changed columns are counted, the latest ones of the window. */
export const COUNTED_UPDATES = 10_000;

/** How often a table's column was changed. */
export interface FieldItem {
  readonly source: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly field: string;
  readonly count: number;
}

export interface FieldCount {
  /** The most frequent first. */
  readonly fields: readonly FieldItem[];
  /** Of all columns, and of all their changes. */
  readonly groups: number;
  readonly total: number;
  /** That were looked at: all there are, or the latest ones. */
  readonly updates: number;
  readonly isAll: boolean;
}

/** The columns that the latest updates of the filter's time changed. `cells`: the counts of the filter over that time. */
export async function countFields(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  cells: Cells,
  limit: number,
): Promise<FieldCount> {
  const isOfMost = filter.relationIds === null && filter.actorIds === null && filter.sourceIds === null;
  const parameters: unknown[] = [limit];
  const seen = isOfMost
    ? await latestSql(snapshot, filter, cells, parameters)
    : await foundSql(snapshot, filter, parameters);
  if (seen === undefined) return { fields: [], groups: 0, total: 0, updates: 0, isAll: true };
  const rows = await snapshot.query<FieldRow>(
    `with seen as materialized (${seen}), grouped as (
       select x.relation_id, f.field, count(*) as count from seen x cross join lateral unnest(x.changed) f(field) group by 1, 2
     ), top as (select * from grouped order by count desc, relation_id, field limit $1::bigint)
     select s.name as source, r.schema_name as schema, r.table_name as table, t.field, t.count::integer as count,
       (select count(*)::integer from grouped) as groups, (select coalesce(sum(count), 0)::integer from grouped) as total,
       (select count(*)::integer from seen) as seen
     from (select 1) one left join top t on true
     left join :schema.relations r on r.id = t.relation_id left join :schema.sources s on s.id = r.source_id
     order by t.count desc, t.relation_id, t.field`,
    parameters,
  );
  const { groups = 0, total = 0, seen: updates = 0 } = rows[0] ?? {};
  return {
    fields: rows.flatMap(({ source, schema, table, field, count }) =>
      field === null ? [] : [{ source, schema, table, field, count }],
    ),
    groups,
    total,
    updates,
    isAll: updates <= COUNTED_UPDATES,
  };
}

/** Null where nothing was changed: the totals stand in a row all the same. */
interface FieldRow extends Omit<FieldItem, 'field'> {
  readonly field: string | null;
  readonly groups: number;
  readonly total: number;
  readonly seen: number;
}

/** Where most updates match: the latest entries one after the other, from the last one that the counts tell of. */
async function latestSql(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  cells: Cells,
  parameters: unknown[],
): Promise<string | undefined> {
  const bounds = await snapshot.query<{ low: string | null; high: string | null }>(
    `select min(min_id)::text as low, max(max_id)::text as high from (${cells.sql}) c`,
    cells.parameters,
  );
  const { low, high } = bounds[0] ?? { low: null, high: null };
  if (low === null) return undefined;
  const [from, to, most] = [low, high, COUNTED_UPDATES + 1].map((value) => `$${parameters.push(value)}::bigint`);
  return `select e.relation_id, ${changedSql('e')} as changed from :schema.entries e
    where e.id between ${from} and ${to} and e.action = 'update' and ${entryCondition(filter, parameters)}
    order by e.id desc limit ${most}`;
}

/** Of tables, users or sources: the latest ones are looked for as those of a list are. */
async function foundSql(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  parameters: unknown[],
): Promise<string | undefined> {
  if (filter.actions?.includes('update') === false) return undefined;
  const updates = { ...filter, actions: ['update'] };
  const want = { want: COUNTED_UPDATES + 1, isWhole: true };
  const { ids } = await findIds(snapshot, updates, { low: 0n, high: MAX_ID }, 'newest', want);
  const [last, first] = [ids.at(0), ids.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const found = `$${parameters.push(ids)}::bigint[]`;
  const [low, high] = [first, last].map((id) => `$${parameters.push(id)}::bigint`);
  // One by one: of a list, PostgreSQL before 17 would look for all in every partition.
  return `select e.* from unnest(${found}) i(id) cross join lateral (
      select e.relation_id, ${changedSql('e')} as changed from :schema.entries e
      where e.id = i.id and e.id between ${low} and ${high} offset 0) e`;
}
