import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { SOURCES, USERS } from './history-sql.ts';
import type { Sample } from './query-question.ts';

/** Entries spread evenly over the history: the same ones in each run over the same store. */
export async function readSamples(client: pg.ClientBase, schema: string, count: number): Promise<Sample[]> {
  const s = quoteIdentifier(schema);
  const time = (value: string): string => `to_char((${value}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
  const found = await client.query<Sample>(
    `select e.id::text, e.transaction_id::text as transaction, r.schema_name || '.' || r.table_name as "table", e.record_key as record, coalesce(a.claim, case s.name when '${SOURCES[0]}' then '1' else '${USERS.shop + 1}' end) as user,
       coalesce(o.name, s.name) as "userSource", s.name as source,
       ${time('e.occurred_at')} as at, ${time("e.occurred_at + interval '15 minutes'")} as soon,
       ${time("e.occurred_at + interval '1 day'")} as "nextDay"
     from (select min(id) as low, max(id) as high from ${s}.entries) b
     cross join generate_series(1, $1::integer) n
     cross join lateral (
       select * from ${s}.entries e where e.id >= b.low + (b.high - b.low) / ($1::integer + 1) * n and e.record_key is not null
       order by e.id limit 1) e
     join ${s}.relations r on r.id = e.relation_id join ${s}.sources s on s.id = r.source_id
     join ${s}.contexts c on c.id = e.context_id left join ${s}.actors a on a.id = c.actor_id and a.kind = 'user'
     left join ${s}.sources o on o.id = a.source_id
     order by n * 7919 % $1::integer, n`,
    [count],
  );
  return found.rows;
}
