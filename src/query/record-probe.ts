import { entryCondition, isInRollupsWhole } from './filter-condition.ts';
import { relationNamed, type ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import { isInManyTables, type LinkedKey } from './key-chain.ts';
import { orderOf, type Found, type Scan } from './scan-walk.ts';

/** Where the keys asked for are looked up; `linked`: the other keys of these records, null where those do not count. */
export interface RecordProbe {
  readonly records: readonly string[];
  readonly linked: readonly LinkedKey[] | null;
  readonly want: number;
}

/**
 * The first of the records' entries in the direction of the walk: one index probe into `(relation_id, record_key, id)`
 * for each relation and key, and for each other key that the record had, for as long as it had it.
 */
export async function probeRecords(scan: Scan, range: IdRange, probe: RecordProbe): Promise<Found> {
  const { sql, parameters, isPlain } = probeSql(scan, range, probe);
  const rows = await scan.snapshot[isPlain ? 'queryPlanned' : 'query']<{ id: string }>(
    `select id::text from (${sql}) f`,
    parameters,
  );
  return { ids: rows.map((row) => BigInt(row.id)), until: null };
}

/** The same of other keys alone. */
export async function probeLinkedKeys(
  { snapshot, filter, direction }: Scan,
  range: IdRange,
  { linked, want }: { readonly linked: readonly LinkedKey[]; readonly want: number },
): Promise<Found> {
  const order = orderOf(direction);
  const parameters: unknown[] = [range.low, range.high, want];
  const condition = entryCondition({ ...filter, relationIds: null, records: null }, parameters);
  const sql = linkedSql(linked, { condition, order, parameters });
  const rows = await snapshot[isPlainProbe(filter) ? 'queryPlanned' : 'query']<{ id: string }>(
    `select f.id::text from (select distinct id from (${sql}) x) f order by f.id ${order} limit $3::bigint`,
    parameters,
  );
  return { ids: rows.map((row) => BigInt(row.id)), until: null };
}

/** How many entries the records have, up to `want`. */
export async function countRecords(scan: Scan, range: IdRange, probe: RecordProbe): Promise<number> {
  const { all, parameters, isPlain } = probeSql(scan, range, probe);
  const rows = await scan.snapshot[isPlain ? 'queryPlanned' : 'query']<{ count: number }>(
    `select least(count(*), $3::bigint)::integer as count from (${all}) f`,
    parameters,
  );
  return rows[0]?.count ?? 0;
}

interface ProbeSql {
  /** Up to as many as are wanted, in their order. */
  readonly sql: string;
  /** In none, and maybe more. */
  readonly all: string;
  readonly parameters: readonly unknown[];
  /** There are few texts of plain filters; of the others, too many to keep a plan of each. */
  readonly isPlain: boolean;
}

/** Said of an entry and of what it is found by: partitions are left out before they are opened, which takes longer than a search. */
const WITHIN = 'e.id between $1::bigint and $2::bigint';

/** An index on all that a probe asks for gives the order, too: no parameter can make another plan better. */
function probeSql(scan: Scan, range: IdRange, { records, linked, want }: RecordProbe): ProbeSql {
  const { filter } = scan;
  const order = orderOf(scan.direction);
  const parameters: unknown[] = [range.low, range.high, want, records];
  const condition = entryCondition({ ...filter, relationIds: null, records: null }, parameters);
  const select = (relation: string): string => `(select e.id from :schema.entries e
    where ${relation} and e.record_key = k.key and e.id between $1::bigint and $2::bigint and ${condition}
    order by e.id ${order} limit $3::bigint)`;
  const isInMany = isInManyTables(filter);
  // A record ends with the truncate that has captured its row.
  const truncated =
    linked === null || isInMany
      ? ''
      : `union all (select e.id from :schema.truncated_rows t join :schema.entries e on e.id = t.entry_id and ${WITHIN}
    where t.relation_id = r.id and t.record_key = k.key and t.entry_id between $1::bigint and $2::bigint and ${condition}
    order by t.entry_id ${order} limit $3::bigint)`;
  const anyTable = filter.relationIds === null && filter.tables === null;
  const relations =
    filter.relationIds === null
      ? `select r.id from :schema.relations r where ${
          filter.tables === null ? 'true' : relationNamed('r', `$${parameters.push(filter.tables)}::text[]`)
        }`
      : `select unnest($${parameters.push(filter.relationIds)}::integer[])`;
  const tableless = anyTable
    ? `union all select x.id from unnest($4::text[]) k(key) cross join lateral ${select('e.relation_id is null')} x`
    : '';
  // Of many tables, in one search for each partition: few rows of a key are truncated.
  const truncatedOfMany =
    linked === null || !isInMany
      ? ''
      : `union all select e.id from (select t.entry_id from :schema.truncated_rows t
    where t.relation_id = any(array(${relations})) and t.record_key = any($4::text[]) and t.entry_id between $1::bigint and $2::bigint
    offset 0) t join :schema.entries e on e.id = t.entry_id and ${WITHIN} where ${condition}`;
  const elsewhere =
    linked === null || linked.length === 0 ? '' : `union all ${linkedSql(linked, { condition, order, parameters })}`;
  const all = `select distinct id from (
       select x.id from (${relations}) r(id) cross join unnest($4::text[]) k(key)
       cross join lateral (${select('e.relation_id = r.id')} ${truncated}) x ${tableless} ${truncatedOfMany} ${elsewhere}) found`;
  return {
    sql: `select id from (${all}) all_found order by all_found.id ${order} limit $3::bigint`,
    all,
    parameters,
    isPlain: isPlainProbe(filter),
  };
}

/** Whether a probe with this filter is one of few texts, of which each may keep a plan. */
export function isPlainProbe(filter: ResolvedFilter): boolean {
  return filter.not === null && isInRollupsWhole({ ...filter, records: null });
}

/** `parameters` begin with the range and how many are wanted. */
function linkedSql(
  linked: readonly LinkedKey[],
  { condition, order, parameters }: { condition: string; order: string; parameters: unknown[] },
): string {
  const column = (values: readonly unknown[], type: string): string => `$${parameters.push(values)}::${type}[]`;
  const lists = [
    column(
      linked.map((key) => key.relationId),
      'integer',
    ),
    column(
      linked.map(({ key }) => key),
      'text',
    ),
    column(
      linked.map((key) => key.low),
      'bigint',
    ),
    column(
      linked.map((key) => key.high),
      'bigint',
    ),
  ];
  return `select x.id from unnest(${lists.join(', ')}) k(relation_id, key, low, high)
    cross join lateral ((select e.id from :schema.entries e
      where e.relation_id = k.relation_id and e.record_key = k.key
        and e.id between greatest(k.low, $1::bigint) and least(k.high, $2::bigint) and ${condition}
      order by e.id ${order} limit $3::bigint)
      union all
      (select e.id from :schema.truncated_rows t join :schema.entries e on e.id = t.entry_id and ${WITHIN}
      where t.relation_id = k.relation_id and t.record_key = k.key
        and t.entry_id between greatest(k.low, $1::bigint) and least(k.high, $2::bigint) and ${condition}
      order by t.entry_id ${order} limit $3::bigint)) x`;
}
