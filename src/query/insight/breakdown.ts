import type { ResolvedFilter } from '../filter.ts';
import { inSnapshot, type Snapshot, type StoreReader } from '../store-reader.ts';
import { nowMicros } from '../time.ts';
import { formatUserId } from '../user-id.ts';
import type { Detail } from './cell-sql.ts';
import { planCells, readCells, type Cells, type Plan } from './cells.ts';
import { countFields } from './field-count.ts';
import { findTopActors } from './top-actors.ts';
import { resolveInsight, windowText, type InsightQuery } from './window.ts';

export const BREAKDOWNS = ['table', 'user', 'field', 'action', 'attribution', 'source'] as const;
export type BreakdownBy = (typeof BREAKDOWNS)[number];

/** One group; which of its names there are depends on what it is broken down by. */
export interface BreakdownItem {
  readonly count: number;
  readonly source?: string | null;
  readonly schema?: string | null;
  readonly table?: string | null;
  readonly user?: { readonly id: string; readonly kind: string; readonly claim: string; readonly name: string | null };
  readonly field?: string;
  readonly action?: string;
  readonly attribution?: string;
}

export interface Breakdown {
  /** The largest first. */
  readonly items: readonly BreakdownItem[];
  readonly meta: {
    readonly window: { readonly from: string; readonly to: string };
    readonly exact: boolean;
    /** Of all groups, those that are not listed included; null by user, where not all are looked at. */
    readonly groups: number | null;
    readonly total: number | null;
    /** By field: only so many of the latest updates were looked at. */
    readonly searched?: { readonly entries: number };
  };
}

/** What the entries of a window are of, the most frequent first. Throws a FilterError for times that can't be used. */
export function getBreakdown(
  store: StoreReader,
  query: InsightQuery & { readonly by: BreakdownBy; readonly limit: number },
): Promise<Breakdown> {
  const now = nowMicros();
  return inSnapshot(store, async (snapshot) => {
    const { filter, window } = await resolveInsight(snapshot, query, now);
    if (filter === undefined) {
      return { items: [], meta: { window: windowText(window), exact: true, groups: 0, total: 0 } };
    }
    const { by, limit } = query;
    if (by === 'user') {
      const plan = await planCells(snapshot, filter, window, { detail: 'actor', now });
      if (plan.pieces.some(({ grain }) => grain === 'day' || grain === 'month')) {
        return topUsers(snapshot, filter, plan, limit);
      }
    }
    const cells = await readCells(snapshot, filter, window, { detail: DETAIL_OF[by], now });
    if (by === 'field') return fieldBreakdown(snapshot, filter, cells, limit);
    const limited = (await snapshot.visibleRelations()) !== null;
    const rows = await snapshot.query<GroupRow>(groupSql(by, cells, limited), [...cells.parameters, limit]);
    return {
      items: rows.map((row) => itemOf(row, by)),
      meta: {
        window: windowText(cells.window),
        exact: cells.exact,
        groups: rows[0]?.groups ?? 0,
        total: Number(rows[0]?.total ?? 0),
      },
    };
  });
}

const DETAIL_OF: Readonly<Record<BreakdownBy, Detail>> = {
  table: 'relation',
  user: 'actor',
  field: 'source',
  action: 'source',
  attribution: 'source',
  source: 'source',
};

async function topUsers(snapshot: Snapshot, filter: ResolvedFilter, plan: Plan, limit: number): Promise<Breakdown> {
  const { actors, exact } = await findTopActors(snapshot, filter, plan, limit);
  const limited = (await snapshot.visibleRelations()) !== null;
  const names = await snapshot.queryPlanned<{
    id: number;
    source: string;
    kind: string;
    claim: string;
    name: string | null;
  }>(
    `select a.id, s.name as source, a.kind, a.claim, ${nameSql(limited)} as name
     from :schema.actors a join :schema.sources s on s.id = a.source_id left join :schema.people p on p.actor_id = a.id
     where a.id = any($1::integer[])`,
    [actors.map(({ actorId }) => actorId)],
  );
  const byId = new Map(names.map(({ id, ...actor }) => [id, actor]));
  return {
    items: actors.flatMap(({ actorId, count }) => {
      const actor = byId.get(actorId);
      if (actor === undefined) return [];
      const { kind, claim, name } = actor;
      return [{ user: { id: formatUserId(actor), kind, claim, name }, count }];
    }),
    meta: { window: windowText(plan.window), exact: plan.exact && exact, groups: null, total: null },
  };
}

interface GroupRow {
  readonly key: string;
  readonly count: string;
  readonly groups: number;
  readonly total: string;
  readonly source: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly kind: string | null;
  readonly claim: string | null;
  readonly name: string | null;
}

const COLUMN_OF = {
  table: 'relation_id',
  user: 'actor_id',
  action: 'action',
  attribution: 'attribution',
  source: 'source_id',
} as const;

/** As in the list of users: who is limited knows people by what they claim, not by a table that may not be theirs to see. */
function nameSql(limited: boolean): string {
  return limited ? 'a.name' : 'coalesce(a.name, p.name)';
}

function groupSql(by: Exclude<BreakdownBy, 'field'>, cells: Cells, limited: boolean): string {
  const limit = `$${cells.parameters.length + 1}::bigint`;
  const joins = {
    table: `left join :schema.relations r on r.id = g.key left join :schema.sources s on s.id = r.source_id`,
    user: `join :schema.actors a on a.id = g.key join :schema.sources s on s.id = a.source_id
      left join :schema.people p on p.actor_id = a.id`,
    source: 'join :schema.sources s on s.id = g.key',
    action: '',
    attribution: '',
  }[by];
  const names = {
    table: 's.name as source, r.schema_name as schema, r.table_name as table',
    user: `s.name as source, a.kind, a.claim, ${nameSql(limited)} as name`,
    source: 's.name as source',
    action: 'null as source',
    attribution: 'null as source',
  }[by];
  return `with grouped as (
      select c.${COLUMN_OF[by]} as key, sum(c.count) as count from (${cells.sql}) c group by 1
    ), top as (
      select key, count, (select count(*)::integer from grouped) as groups, (select sum(count) from grouped) as total
      from grouped order by count desc, key limit ${limit}
    )
    select g.key::text, g.count::text, g.groups, g.total::text, ${names} from top g ${joins} order by g.count desc, g.key`;
}

function itemOf(row: GroupRow, by: Exclude<BreakdownBy, 'field'>): BreakdownItem {
  const count = Number(row.count);
  switch (by) {
    case 'table':
      return { source: row.source, schema: row.schema, table: row.table, count };
    case 'user': {
      const [source, kind, claim] = [row.source ?? '', row.kind ?? '', row.claim ?? ''];
      return { user: { id: formatUserId({ source, kind, claim }), kind, claim, name: row.name }, count };
    }
    case 'source':
      return { source: row.source, count };
    case 'action':
      return { action: row.key, count };
    default:
      return { attribution: row.key, count };
  }
}

async function fieldBreakdown(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  cells: Cells,
  limit: number,
): Promise<Breakdown> {
  const { fields, groups, total, updates, isAll } = await countFields(
    snapshot,
    { ...filter, ...cells.window },
    cells,
    limit,
  );
  return {
    items: fields,
    meta: {
      window: windowText(cells.window),
      exact: cells.exact && isAll,
      groups,
      total,
      ...(isAll ? {} : { searched: { entries: updates } }),
    },
  };
}
