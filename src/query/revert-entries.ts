import type { ActivityFilter } from './filter.ts';
import { resolveFilter, UNRESTRICTED } from './filter.ts';
import { MAX_ID } from './id-range.ts';
import { findRecord, findRecordIds, ROW_ACTIONS, type RecordAddress, type RecordScope } from './record-scope.ts';
import { findIds } from './scan.ts';
import type { Snapshot } from './store-reader.ts';
import type { Micros } from './time.ts';

/** An entry as a revert reads it; images as stored. */
export interface RevertEntry {
  readonly id: string;
  readonly relation_id: number | null;
  readonly action: string;
  readonly record_key: string | null;
  /** Null of most updates, where `old` tells. */
  readonly changed: readonly string[] | null;
  readonly unknown: readonly string[] | null;
  readonly row: string | null;
  readonly old: string | null;
  readonly data: string | null;
  /** Of a create that is half of a row's crossing of partitions: the delete that is the other half. */
  readonly moved_from: string | null;
}

/** A relation as the store knows it last. */
export interface RevertRelation {
  readonly id: number;
  readonly source: string;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly keyColumns: readonly string[] | null;
  /** Numbers of columns that are, or once were, masked. */
  readonly masked: readonly number[];
  /** JSON text of what each schema entry of it says of columns, by the entry's id. */
  readonly changes: readonly { readonly id: string; readonly columns: string }[];
  /** Its descriptions, oldest first: JSON text `[{"name","type"}]`. */
  readonly versions: readonly { readonly since: string; readonly columns: string }[];
}

/** The highest id there is. */
export async function readLastId(snapshot: Snapshot): Promise<bigint> {
  const rows = await snapshot.query<{ id: string }>(
    `select coalesce((select max(id) from :schema.entries), 0)::text as id`,
  );
  return BigInt(rows[0]!.id);
}

/** Ids, newest first, of all entries of a transaction, whoever sees them; `want` at most. */
export async function findTransactionIds(snapshot: Snapshot, id: bigint, want: number): Promise<readonly bigint[]> {
  const filter = { ...UNRESTRICTED, transactionIds: [id.toString()] };
  return (await findIds(snapshot, filter, { low: id, high: MAX_ID }, 'newest', { want, isWhole: true })).ids;
}

/** Those that match a filter and the viewer may see, up to an id. */
export async function findMatchingIds(
  snapshot: Snapshot,
  filter: ActivityFilter,
  { now, high, want }: { readonly now: Micros; readonly high: bigint; readonly want: number },
): Promise<readonly bigint[]> {
  const resolved = await resolveFilter(snapshot, filter, now);
  if (resolved === undefined) return [];
  return (await findIds(snapshot, resolved, { low: 0n, high }, 'newest', { want, isWhole: true })).ids;
}

export interface RecordEntries {
  readonly scope: RecordScope;
  readonly ids: readonly bigint[];
}

/** Those of a record after an entry of it, or after a time; undefined where there is no such record for the viewer. */
export async function findRecordChanges(
  snapshot: Snapshot,
  address: RecordAddress,
  after: { readonly entry: bigint } | { readonly time: Micros },
  { high, want }: { readonly high: bigint; readonly want: number },
): Promise<RecordEntries | undefined> {
  const scope = await findRecord(snapshot, { ...address, takesBareTable: true });
  if (scope === undefined) return undefined;
  const low = 'entry' in after ? after.entry + 1n : 0n;
  const ids = await findRecordIds(snapshot, scope, {
    direction: 'newest',
    want,
    actions: ROW_ACTIONS,
    range: { low, high },
    ...('time' in after ? { from: after.time + 1n } : {}),
  });
  return { scope, ids };
}

/** Whether it is an entry of the record. */
export async function isOfRecord(snapshot: Snapshot, scope: RecordScope, entry: bigint): Promise<boolean> {
  const ids = await findRecordIds(snapshot, scope, {
    direction: 'newest',
    want: 1,
    actions: ROW_ACTIONS,
    range: { low: entry, high: entry },
  });
  return ids.length > 0;
}

/** Entries by their ids, which come newest first, whoever sees them. `mayMove`: rows may have crossed partitions. */
export async function readRevertEntries(
  snapshot: Snapshot,
  ids: readonly bigint[],
  mayMove = true,
): Promise<RevertEntry[]> {
  if (ids.length === 0) return [];
  const movedFrom = `(select l.linked_id::text from :schema.entry_links l
    where l.entry_id = e.id and l.kind = 'move' and e.action = 'create' limit 1)`;
  return snapshot.queryPlanned<RevertEntry>(
    `select e.id::text, e.relation_id, e.action, e.record_key, e.changed, e.unknown, e.row::text as row, e.old::text as old,
       e.data::text as data, ${mayMove ? movedFrom : 'null'} as moved_from
     from :schema.entries e where ${withIds(ids)} order by e.id desc`,
    parametersOf(ids),
  );
}

/** The relations of the entries with these ids; newest first. */
export async function findRelations(snapshot: Snapshot, ids: readonly bigint[]): Promise<readonly number[]> {
  const rows = await snapshot.queryPlanned<{ relation_id: number }>(
    `select distinct e.relation_id from :schema.entries e where ${withIds(ids)} and e.relation_id is not null`,
    parametersOf(ids),
  );
  return rows.map((row) => row.relation_id);
}

/** A transaction's entries follow each other: read as a range, they need not be looked up one by one. */
function withIds(ids: readonly bigint[]): string {
  const [low, high] = [ids.at(-1)!, ids[0]!];
  const range = 'e.id between $1::bigint and $2::bigint';
  return high - low === BigInt(ids.length - 1) ? range : `${range} and e.id = any($3::bigint[])`;
}

function parametersOf(ids: readonly bigint[]): readonly unknown[] {
  const [low, high] = [ids.at(-1)!, ids[0]!];
  return high - low === BigInt(ids.length - 1) ? [low, high] : [low, high, ids];
}

/** Whether rows of these relations have ever crossed partitions. */
export async function haveMoved(snapshot: Snapshot, relationIds: readonly number[]): Promise<boolean> {
  const rows = await snapshot.query<{ moved: boolean }>(
    `select exists (select from :schema.entry_links l where l.relation_id = any($1::integer[]) and l.kind = 'move') as moved`,
    [relationIds],
  );
  return rows[0]!.moved;
}

/** The create that goes with a delete as one row's crossing of partitions. */
export async function findMoveOf(snapshot: Snapshot, deleted: bigint): Promise<bigint | null> {
  const rows = await snapshot.queryPlanned<{ id: string }>(
    `select l.entry_id::text as id from :schema.entry_links l where l.linked_id = $1::bigint and l.kind = 'move' limit 1`,
    [deleted],
  );
  return rows[0] === undefined ? null : BigInt(rows[0].id);
}

export async function readRevertRelations(snapshot: Snapshot, ids: readonly number[]): Promise<RevertRelation[]> {
  const rows = await snapshot.query<RelationRow>(
    `select r.id, s.name as source, r.oid::text as oid, r.schema_name as schema, r.table_name as name, r.key_columns,
       array(select distinct c.attnum from :schema.column_rules c
         where c.source_id = r.source_id and c.oid = r.oid and c.attnum > 0)::smallint[] as masked,
       coalesce((select json_agg(json_build_object('id', e.id::text, 'columns', (e.data -> 'data' -> 'columns')::text) order by e.id)
         from :schema.entries e where e.relation_id = r.id and e.record_key is null and e.action = 'schema'
           and e.data -> 'data' -> 'columns' is not null), '[]')::text as changes,
       (select json_agg(json_build_object('since', :schema.id_at(v.seen_at)::text, 'columns', v.columns::text) order by v.version)
         from :schema.relation_versions v where v.relation_id = r.id)::text as versions
     from :schema.relations r join :schema.sources s on s.id = r.source_id where r.id = any($1::integer[]) order by r.id`,
    [ids],
  );
  return rows.map(({ key_columns: keyColumns, oid, changes, versions, ...row }) => ({
    ...row,
    oid: Number(oid),
    keyColumns,
    changes: JSON.parse(changes) as RevertRelation['changes'],
    versions: JSON.parse(versions ?? '[]') as RevertRelation['versions'],
  }));
}

interface RelationRow {
  readonly id: number;
  readonly source: string;
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly key_columns: readonly string[] | null;
  readonly masked: readonly number[];
  readonly changes: string;
  readonly versions: string | null;
}

/**
 * Where records are now that had a key right after an entry: the keys that later changes gave them. Those that kept it
 * are left out.
 */
export async function findKeysNow(
  snapshot: Snapshot,
  places: readonly { readonly relationId: number; readonly key: string; readonly after: bigint }[],
): Promise<(string | null)[]> {
  if (places.length === 0) return [];
  const relationIds = [...new Set(places.map(({ relationId }) => relationId))];
  const since = places.reduce((least, { after }) => (after < least ? after : least), MAX_ID);
  const changed = await snapshot.query<{ id: number }>(
    `select r.id from unnest($1::integer[]) r(id) where exists (select from :schema.entry_links x
       where x.kind in ('key', 'move') and x.relation_id = r.id and x.entry_id > $2::bigint)`,
    [relationIds, since],
  );
  // Most tables never see a key change.
  if (changed.length === 0) return places.map(() => null);
  const rows = await snapshot.query<{ n: string; key: string }>(
    `with recursive walk as (
       select p.n, p.relation_id, p.key, p.after, 0 as depth
       from unnest($1::integer[], $2::text[], $3::bigint[]) with ordinality p(relation_id, key, after, n)
       union all
       select w.n, w.relation_id, l.entry_key, l.entry_id, w.depth + 1 from walk w cross join lateral (
         select x.entry_key, x.entry_id from :schema.entry_links x
         where x.kind in ('key', 'move') and x.relation_id = w.relation_id and x.record_key = w.key and x.entry_id > w.after
         order by x.entry_id limit 1) l
       where w.depth < ${MAX_KEY_STEPS})
     select distinct on (n) n::text, key from walk where depth > 0 order by n, depth desc`,
    [places.map(({ relationId }) => relationId), places.map(({ key }) => key), places.map(({ after }) => after)],
  );
  const found = new Map(rows.map(({ n, key }) => [Number(n) - 1, key]));
  return places.map((_, i) => found.get(i) ?? null);
}

const MAX_KEY_STEPS = 100;
