import { FilterError } from './filter-error.ts';
import { NO_FILTER, resolveFilter, type ResolvedFilter } from './filter.ts';
import { entryCondition, rollupCondition } from './filter-condition.ts';
import { MAX_ID } from './id-range.ts';
import { readListPage, type ListOrder, type PageWalk, type Walked } from './list-page.ts';
import { ROW_ACTIONS } from './record-scope.ts';
import { readResources, type ListedResource, type ResourcePage, type ResourceQuery } from './resource-reader.ts';
import { findIds } from './scan.ts';
import type { Snapshot } from './store-reader.ts';
import { DAY_MICROS, formatTime, type Micros } from './time.ts';
import { timeText } from '../pg/time-text.ts';

/** The longest window. */
export const MAX_WINDOW_DAYS = 31;
/** Entries of the window that are counted, the latest ones. */
export const MAX_COUNTED = 100_000;

/**
 * The records with most changes in the window from `from` (a day before `to`) to `to` (now). Where the window has more
 * than `MAX_COUNTED` entries, the latest of them are counted, and `searched` says so.
 */
export async function findBusiest(snapshot: Snapshot, query: ResourceQuery, now: Micros): Promise<ResourcePage> {
  const given = { ...NO_FILTER, table: query.table, source: query.source, user: query.user, action: ROW_ACTIONS };
  const resolved = await resolveFilter(snapshot, { ...given, from: query.from, to: query.to }, now);
  if (resolved === undefined) return { resources: [], meta: { next: null, prev: null } };
  const window = windowOf(resolved, now);
  const filter = { ...resolved, ...window };
  const bound = await boundOf(snapshot, filter);
  // The window stays put while pages are turned as far as its ends are given.
  const list = JSON.stringify([
    'busiest',
    query.table,
    query.source,
    query.user,
    query.from,
    query.to,
    snapshot.viewer,
  ]);
  const order: ListOrder<Counted> = {
    list,
    width: 3,
    placeOf: ({ count, relationId, record }) => [String(count), String(relationId), record],
  };
  const { items, meta } = await readListPage(query, order, (walk) => readCounts(snapshot, filter, bound.low, walk));
  const counts = new Map(items.map((item) => [item.last, item.count]));
  const resources = await readResources(
    snapshot,
    items.map(({ last }) => last),
  );
  return {
    resources: resources.map((resource): ListedResource => ({ count: counts.get(resource.id) ?? 0, ...resource })),
    meta: {
      ...meta,
      window: { from: formatTime(window.from), to: formatTime(window.to) },
      ...(bound.searched === null ? {} : { searched: bound.searched }),
    },
  };
}

interface Counted {
  readonly relationId: number;
  readonly record: string;
  readonly count: number;
  readonly last: bigint;
}

function windowOf(filter: ResolvedFilter, now: Micros): { readonly from: Micros; readonly to: Micros } {
  const to = filter.to ?? now + 1n;
  const from = filter.from ?? to - DAY_MICROS;
  if (to - from > BigInt(MAX_WINDOW_DAYS) * DAY_MICROS) {
    throw new FilterError(
      'from',
      `the window is longer than ${MAX_WINDOW_DAYS} days`,
      'Give from and to closer together; without them, the last day is counted.',
    );
  }
  return { from, to };
}

/** The lowest id that is counted; `searched`: null where that leaves out none. */
async function boundOf(
  snapshot: Snapshot,
  filter: ResolvedFilter,
): Promise<{ readonly low: bigint; readonly searched: { readonly entries: number; readonly until: string } | null }> {
  const parameters: unknown[] = [];
  const condition = rollupCondition(filter, parameters);
  const rows = await snapshot.query<{ low: string | null; total: string | null }>(
    `select min(u.min_id)::text as low, sum(u.count)::text as total from :schema.rollups u where ${condition}`,
    parameters,
  );
  const { low, total } = rows[0] as { low: string | null; total: string | null };
  if (low === null || BigInt(total ?? '0') <= BigInt(MAX_COUNTED)) return { low: BigInt(low ?? '0'), searched: null };
  const { ids } = await findIds(snapshot, filter, { low: 0n, high: MAX_ID }, 'newest', {
    want: MAX_COUNTED + 1,
    isWhole: true,
  });
  // The buckets at the ends of the window hold more than is in it.
  if (ids.length <= MAX_COUNTED) return { low: BigInt(low), searched: null };
  const last = ids[MAX_COUNTED - 1] as bigint;
  const until = await snapshot.query<{ time: string }>(
    `select ${timeText('e.occurred_at')} as time from :schema.entries e where e.id = $1::bigint`,
    [last],
  );
  return { low: last, searched: { entries: MAX_COUNTED, until: until[0]?.time ?? '' } };
}

async function readCounts(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  low: bigint,
  { place, backward, limit }: PageWalk,
): Promise<Walked<Counted>> {
  const parameters: unknown[] = [low, limit + 1];
  const condition = entryCondition(filter, parameters);
  const beyond = place === null ? 'true' : placeCondition(place.values, place.inclusive, backward, parameters);
  const [count, rest] = backward ? ['asc', 'desc'] : ['desc', 'asc'];
  const rows = await snapshot.query<{ relation_id: number; record_key: string; count: number; last: string }>(
    `select x.relation_id, x.record_key, x.count::integer as count, x.last::text as last from (
       select e.relation_id, e.record_key, count(*) as count, max(e.id) as last from :schema.entries e
       where e.id >= $1::bigint and e.record_key is not null and e.relation_id is not null and ${condition}
       group by e.relation_id, e.record_key) x
     where ${beyond}
     order by x.count ${count}, x.relation_id ${rest}, x.record_key collate "C" ${rest} limit $2::bigint`,
    parameters,
  );
  const items = rows.map(({ relation_id: relationId, record_key: record, count: value, last }) => ({
    relationId,
    record,
    count: value,
    last: BigInt(last),
  }));
  return { items: items.slice(0, limit), more: items.length > limit };
}

function placeCondition(
  [count = '', relation = '', record = '']: readonly string[],
  inclusive: boolean,
  backward: boolean,
  parameters: unknown[],
): string {
  if (!/^\d{1,9}$/.test(count) || !/^\d{1,9}$/.test(relation)) throw new FilterError('after', 'the cursor is not one');
  const [n, r, k] = [count, relation, record].map((value) => `$${parameters.push(value)}`) as [string, string, string];
  const [less, more] = backward ? ['>', '<'] : ['<', '>'];
  return `(x.count ${less} ${n}::bigint or x.count = ${n}::bigint and (x.relation_id ${more} ${r}::integer
    or x.relation_id = ${r}::integer and x.record_key collate "C" ${more}${inclusive ? '=' : ''} ${k}::text))`;
}
