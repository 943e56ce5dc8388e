import { UNRESTRICTED, type ResolvedFilter } from './filter.ts';
import { MAX_ID, type IdRange } from './id-range.ts';
import { findKeyLinks, findLinkedKeys, type LinkedKey } from './key-chain.ts';
import { countRecords, probeRecords, type RecordProbe } from './record-probe.ts';
import { UNLIMITED, type Direction, type Scan } from './scan-walk.ts';
import { narrowByTime } from './segments.ts';
import type { Snapshot } from './store-reader.ts';
import type { Micros } from './time.ts';
import { HIDDEN_ACTION } from './visibility.ts';

/** One record, as its address names it. */
export interface RecordAddress {
  readonly source: string;
  /** `schema.table`, as it is called now, or was once where no table is called so now. */
  readonly table: string;
  /** As an entry's `record`. */
  readonly key: string;
  /** Whether `table` may also be a table's name alone, where only one schema has such a table. */
  readonly takesBareTable?: boolean;
}

/** Where a record's entries are. */
export interface RecordScope {
  readonly sourceId: number;
  readonly source: string;
  readonly schema: string;
  readonly table: string;
  /** More than one where the table was dropped and made again. */
  readonly relationIds: readonly number[];
  readonly key: string;
  /** Every key the record is known to have had, the one asked for first. */
  readonly keys: readonly string[];
  /** When it had the others. */
  readonly linked: readonly LinkedKey[];
}

/** What makes or ends a row. */
export const ROW_ACTIONS = ['create', 'update', 'delete', 'truncate', 'baseline'] as const;

/**
 * Undefined where no such record has an entry that the viewer may see: a table that is not known, one that may not be
 * seen, and a record that never was are not told apart.
 */
export async function findRecord(snapshot: Snapshot, address: RecordAddress): Promise<RecordScope | undefined> {
  const rows = await snapshot.queryPlanned<RelationRow>(RELATIONS_SQL, [
    address.source,
    address.table,
    await snapshot.visibleRelations(),
    address.takesBareTable === true,
  ]);
  const [latest] = rows;
  if (latest === undefined) return undefined;
  const relationIds = rows.map((row) => row.id);
  const links = await findKeyLinks(snapshot, { relationIds, tables: null }, [address.key]);
  const linkedIn = links.map(({ relationId }) => relationId);
  const linked = await findLinkedKeys(snapshot, linkedIn, [address.key]);
  const scope = {
    sourceId: latest.source_id,
    source: address.source,
    schema: latest.schema_name,
    table: latest.table_name,
    relationIds,
    key: address.key,
    keys: [...new Set([address.key, ...linked.map(({ key }) => key)])],
    linked,
  };
  const any = await findRecordIds(snapshot, scope, { direction: 'newest', want: 1 });
  return any.length === 0 ? undefined : scope;
}

export interface RecordSearch {
  readonly direction: Direction;
  readonly want: number;
  readonly range?: IdRange;
  /** Default: all that may be seen. */
  readonly actions?: readonly string[];
  /** Inclusive. */
  readonly from?: Micros;
  /** Exclusive. */
  readonly before?: Micros;
}

/** Ids of the record's entries, under all its keys, in the direction. */
export async function findRecordIds(snapshot: Snapshot, scope: RecordScope, search: RecordSearch): Promise<bigint[]> {
  const { scan, range, probe } = await searchOf(snapshot, scope, search);
  return range.low > range.high ? [] : [...(await probeRecords(scan, range, probe)).ids];
}

/** How many of them there are, up to `want`. */
export async function countRecordIds(snapshot: Snapshot, scope: RecordScope, search: RecordSearch): Promise<number> {
  const { scan, range, probe } = await searchOf(snapshot, scope, search);
  return range.low > range.high ? 0 : countRecords(scan, range, probe);
}

async function searchOf(
  snapshot: Snapshot,
  scope: RecordScope,
  search: RecordSearch,
): Promise<{ readonly scan: Scan; readonly range: IdRange; readonly probe: RecordProbe }> {
  const limited = (await snapshot.visibleRelations()) !== null;
  const filter: ResolvedFilter = {
    ...UNRESTRICTED,
    relationIds: scope.relationIds,
    records: [scope.key],
    actions: search.actions ?? null,
    hiddenAction: limited ? HIDDEN_ACTION : null,
    from: search.from ?? null,
    to: search.before ?? null,
  };
  return {
    scan: { snapshot, filter, direction: search.direction, budget: UNLIMITED },
    range: await narrowByTime(snapshot, filter, search.range ?? WHOLE),
    probe: { records: [scope.key], linked: scope.linked, want: search.want },
  };
}

const WHOLE: IdRange = { low: 0n, high: MAX_ID };

interface RelationRow {
  readonly id: number;
  readonly source_id: number;
  readonly schema_name: string;
  readonly table_name: string;
}

/** The latest relation of the name first. A name that nobody bears now is looked for among those borne once. */
const RELATIONS_SQL = `
with visible as (
  select r.*, s.name as source from :schema.relations r join :schema.sources s on s.id = r.source_id
  where s.name = $1::text and ($3::integer[] is null or r.id = any($3::integer[]))
)
select v.id, v.source_id, v.schema_name, v.table_name from visible v
cross join (
  select case count(distinct n.schema_name) when 1 then min(n.schema_name) || '.' || $2::text else $2::text end as name
  from visible n where $4::boolean and n.table_name = $2::text and strpos($2::text, '.') = 0
) wanted
where v.schema_name || '.' || v.table_name = wanted.name
  or not exists (select from visible now where now.schema_name || '.' || now.table_name = wanted.name)
  and exists (select from :schema.relation_versions o
    where o.relation_id = v.id and o.schema_name || '.' || o.table_name = wanted.name)
order by v.id desc`;
