/**
 * SQL: for a `with`, the contexts of the entries $1 that lie between $2 and $3, as `used_contexts`: these columns of a context c, and
 * of its entries `count`, `first` and `last` time, and `id`, the latest. The contexts are looked up by a list of their ids: one
 * by one, each was looked for in a plan of all partitions; joined, whole partitions were read where these are small.
 */
export function usedContextsSql(columns: string): string {
  return `used as materialized (
  select e.context_id, count(*) as count, min(e.occurred_at) as first, max(e.occurred_at) as last, max(e.id) as id
  from :schema.entries e where e.id = any($1::bigint[]) and e.id between $2::bigint and $3::bigint group by e.context_id
), used_contexts as (
  select ${columns}, u.count, u.first, u.last, u.id from used u
  join (select * from :schema.contexts c where c.id = any(array(select x.context_id from used x)) and c.id <= $3::bigint offset 0) c
    on c.id = u.context_id
)`;
}
