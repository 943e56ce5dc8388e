import { quoteIdentifier } from '../pg/identifier.ts';
import type pg from 'pg';
import type { Snapshot } from './store-reader.ts';

/** How far the baselines of a source are. */
export interface BaselineStatus {
  /** Tables that were asked for, and those of them that are complete. */
  readonly tables: number;
  readonly done: number;
  /** Baseline entries written. */
  readonly rows: number;
  /** Those that are not complete. */
  readonly open: readonly OpenBaseline[];
}

export interface OpenBaseline {
  readonly table: string;
  readonly rows: number;
  /** 0 to 100, by the size of the table's files; null: it has not begun. */
  readonly percent: number | null;
  /** Why it waits. */
  readonly note: string | null;
}

export const NO_BASELINES: BaselineStatus = { tables: 0, done: 0, rows: 0, open: [] };

/** The open ones that are listed of each source. */
const LISTED = 20;

const BASELINES_SQL = `
with part as (
  select source_id, oid, sum(case when done then blocks else least(next_block, blocks) end) as read, sum(blocks) as blocks
  from :schema.baseline_parts group by source_id, oid
), baseline as (
  -- Of a table that has none yet, nothing is stored that could be seen.
  select b.*, case when b.started_at is not null then
      case when p.blocks > 0 then floor(100 * p.read / p.blocks)::integer else 0 end end as percent,
    row_number() over (partition by b.source_id, b.finished_at is null order by b.started_at nulls last, b.requested_at, b.oid) as n
  from :schema.baselines b left join part p on p.source_id = b.source_id and p.oid = b.oid
  where $1::integer[] is null or exists (select from :schema.relations r
    where r.source_id = b.source_id and r.oid = b.oid and r.id = any($1::integer[]))
)
select s.name, count(*)::integer as tables, count(finished_at)::integer as done, sum(rows)::bigint::text as rows,
  coalesce(json_agg(json_build_object('table', schema_name || '.' || table_name, 'rows', rows, 'percent', percent, 'note', note)
    order by n) filter (where finished_at is null and n <= ${LISTED}), '[]')::text as open
from baseline b join :schema.sources s on s.id = b.source_id group by s.name`;

interface BaselineRow {
  readonly name: string;
  readonly tables: number;
  readonly done: number;
  readonly rows: string;
  readonly open: string;
}

/** By the source's name, of the tables that the viewer may see; those without any are left out. */
export async function readBaselines(snapshot: Snapshot): Promise<Map<string, BaselineStatus>> {
  return statusByName(await snapshot.query<BaselineRow>(BASELINES_SQL, [await snapshot.visibleRelations()]));
}

/** The same outside a snapshot, for whoever watches. */
export async function watchBaselines(pool: pg.Pool, schema: string): Promise<Map<string, BaselineStatus>> {
  const result = await pool.query<BaselineRow>(BASELINES_SQL.replaceAll(':schema', quoteIdentifier(schema)), [null]);
  return statusByName(result.rows);
}

function statusByName(rows: readonly BaselineRow[]): Map<string, BaselineStatus> {
  return new Map(
    rows.map(({ name, tables, done, rows: count, open }) => [
      name,
      { tables, done, rows: Number(count), open: JSON.parse(open) as OpenBaseline[] },
    ]),
  );
}
