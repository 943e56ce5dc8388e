import { idOf, readListPage, type PageMeta, type PageRequest, type PageWalk, type Walked } from './list-page.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { visibleEntry } from './visibility.ts';
import { timeText } from '../pg/time-text.ts';

export interface TableQuery extends PageRequest {
  readonly source: readonly string[];
}

/** A table that has been tracked. */
export interface ListedTable {
  readonly source: string;
  readonly schema: string;
  readonly table: string;
  /** Null: it has no key. */
  readonly key: readonly string[] | null;
  /** As they are now. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Columns that a rule has masked. */
  readonly masked: readonly string[];
  readonly entries: number;
  readonly actions: Readonly<Record<string, number>>;
  readonly last_activity: string | null;
  readonly coverage: {
    /** `partial`: a part of it, or all, is not captured now. */
    readonly state: 'covered' | 'partial';
    readonly gaps: number;
    readonly open_gaps: number;
  };
}

/** Every table that has entries or had been described, by source and name. Throws a FilterError for a cursor that can't be used. */
export function listTables(
  store: StoreReader,
  query: TableQuery,
): Promise<{ readonly tables: readonly ListedTable[]; readonly meta: PageMeta }> {
  return inSnapshot(store, async (snapshot) => {
    const list = JSON.stringify(['tables', query.source, store.viewer]);
    const order = {
      list,
      width: 4,
      placeOf: ({ id, source, schema, table }: Row) => [source, schema, table, String(id)],
    };
    const { items, meta } = await readListPage<Row>(query, order, (walk) => readRows(snapshot, query, walk));
    return { tables: items.map(({ id: _id, ...table }) => ({ ...table, entries: Number(table.entries) })), meta };
  });
}

interface Row extends Omit<ListedTable, 'entries'> {
  readonly id: number;
  readonly entries: string;
}

async function readRows(
  snapshot: Snapshot,
  query: TableQuery,
  { place, backward, limit }: PageWalk,
): Promise<Walked<Row>> {
  const [source, schema, table, id] = place?.values ?? [null, null, null, '0'];
  const parameters = [
    await snapshot.visibleRelations(),
    query.source,
    source,
    schema,
    table,
    Number(idOf(id as string) % 2_147_483_648n),
    limit + 1,
  ];
  const order = backward ? 'desc' : 'asc';
  const than = `${backward ? '<' : '>'}${place?.inclusive === true ? '=' : ''}`;
  const found = await snapshot.query<
    Omit<Row, 'columns' | 'actions' | 'coverage'> & Record<'columns' | 'actions' | 'coverage', string>
  >(tablesSql(order, than), parameters);
  const rows = found.map((row) => ({
    ...row,
    columns: JSON.parse(row.columns) as ListedTable['columns'],
    actions: JSON.parse(row.actions) as ListedTable['actions'],
    coverage: JSON.parse(row.coverage) as ListedTable['coverage'],
  }));
  return { items: rows.slice(0, limit), more: rows.length > limit };
}

function tablesSql(order: string, than: string): string {
  return `with page as (
      select r.*, s.name as source from :schema.relations r join :schema.sources s on s.id = r.source_id
      where ($1::integer[] is null or r.id = any($1::integer[]))
        and (cardinality($2::text[]) = 0 or s.name = any($2::text[]))
        and ($3::text is null or (s.name collate "C", r.schema_name collate "C", r.table_name collate "C", r.id)
          ${than} ($3::text, $4::text, $5::text, $6::integer))
      order by s.name collate "C" ${order}, r.schema_name collate "C" ${order}, r.table_name collate "C" ${order}, r.id ${order}
      limit $7::bigint
    ), counted as (
      select e.relation_id, e.action, sum(e.count) as count, max(e.max_id) as max_id from (
        select relation_id, action, count, max_id from :schema.relation_totals
        where relation_id = any(array(select id from page))
        union all
        select relation_id, action, count, max_id from :schema.pending_rollups
        where relation_id = any(array(select id from page))) e
      where ${visibleEntry('e', '$1')} group by e.relation_id, e.action
    )
    select p.id, p.source, p.schema_name as schema, p.table_name as table, p.key_columns as key,
      coalesce((select v.columns from :schema.relation_versions v where v.relation_id = p.id order by v.version desc limit 1), '[]') as columns,
      array(select distinct c.column_name from :schema.column_rules c
        where c.source_id = p.source_id and c.oid = p.oid and c.attnum > 0 order by 1) as masked,
      coalesce(n.entries, 0)::text as entries, coalesce(n.actions, '{}') as actions,
      (select ${timeText('e.occurred_at')} from :schema.entries e
        where e.id = n.last) as last_activity,
      json_build_object(
        'state', case when g.open > 0 then 'partial' else 'covered' end, 'gaps', g.gaps, 'open_gaps', g.open) as coverage
    from page p
    left join lateral (
      select sum(c.count) as entries, max(c.max_id) as last, json_object_agg(c.action, c.count order by c.count desc, c.action) as actions
      from counted c where c.relation_id = p.id) n on true
    cross join lateral (
      select count(*)::integer as gaps, count(*) filter (where g.to_time is null)::integer as open
      from :schema.gaps g where g.relation_id = p.id) g
    order by p.source collate "C" ${order}, p.schema_name collate "C" ${order}, p.table_name collate "C" ${order}, p.id ${order}`;
}
