import type { AddressRange } from './grammar/address.ts';
import type { ResolvedFilter } from './filter.ts';
import type { IdRange } from './id-range.ts';
import { findByRange } from './scan-by-range.ts';
import { readContextEntries, type ContextRange } from './scan-by-context.ts';
import { listIn, nearestPart, withinEntries, without, type Found, type Scan } from './scan-walk.ts';

/** Ids of six hours (DESIGN §4): what is looked at first, and by how much more from step to step. */
const FIRST_IDS = 21_600n << 22n;
const GROWTH = 4n;
/** Contexts of one step. A network of more is so busy that entries are looked at one after the other. */
const MAX_CONTEXTS = 4_000;

/**
 * By the index on addresses, in stretches of ids that grow: the index knows a network's contexts, but not in their
 * order. `filter`: what is still to be looked at.
 */
export async function findByNetwork(
  scan: Scan,
  range: IdRange,
  { networks, filter, want }: { networks: readonly AddressRange[]; filter: ResolvedFilter; want: number },
): Promise<Found> {
  if (networks.length === 0) return { ids: [], until: null };
  const found: bigint[] = [];
  const [within, days] = await Promise.all([withinEntries(scan, range), readDays(scan)]);
  let rest = within;
  for (let ids = FIRST_IDS; rest.low <= rest.high && found.length < want; ids *= GROWTH) {
    scan.snapshot.remainingMs();
    const stretch = nearestPart(rest, ids, scan);
    const contexts = await readContexts(scan, stretch, { networks, days });
    if (contexts.length > MAX_CONTEXTS) {
      const next = await findByRange(scan, rest, want - found.length);
      return { ids: [...found, ...next.ids], until: next.until };
    }
    found.push(...(await readContextEntries(scan, stretch, { contexts, filter, want: want - found.length })));
    rest = without(rest, stretch, scan.direction);
  }
  return { ids: found, until: null };
}

/** Between which ids a day of a source lies. */
interface Day extends IdRange {
  readonly sourceId: number;
}

async function readDays(scan: Scan): Promise<Day[]> {
  const rows = await scan.snapshot.queryPlanned<{ days: string | null }>(
    // As one text: to take hundreds of rows apart takes longer than to find them.
    `select string_agg(concat_ws('|', x.source_id, x.low, x.high), ',') as days from (
       select d.source_id, min(d.min_id) as low, max(d.max_id) as high from (
         select u.source_id, u.day, u.min_id, u.max_id from :schema.source_days u
         union all
         select u.source_id, date_bin('1 day', u.bucket, timestamptz '2000-01-01 00:00:00+00'), u.min_id, u.max_id
         from :schema.pending_rollups u) d
       group by d.source_id, d.day) x`,
    [],
  );
  return listIn(rows[0]?.days, dayIn);
}

function dayIn(text: string): Day {
  const [sourceId = '', low = '', high = ''] = text.split('|');
  return { sourceId: Number(sourceId), low: BigInt(low), high: BigInt(high) };
}

/**
 * Those that begin in the range, and of each source the last one before it, if it reaches into it. How far back that one
 * may have begun is known from the days that have entries on both sides: a context is of one moment.
 */
async function readContexts(
  scan: Scan,
  range: IdRange,
  { networks, days }: { readonly networks: readonly AddressRange[]; readonly days: readonly Day[] },
): Promise<ContextRange[]> {
  const sources = new Map<number, bigint>();
  for (const { sourceId, low, high } of days) {
    if (low < range.low && high >= range.low && low < (sources.get(sourceId) ?? range.low)) sources.set(sourceId, low);
  }
  const rows = await scan.snapshot.queryPlanned<{ low: string; high: string }>(CONTEXTS_SQL, [
    range.low,
    range.high,
    networks.map(({ low }) => low),
    networks.map(({ high }) => high),
    MAX_CONTEXTS + 1,
    [...sources.keys()],
    [...sources.values()],
  ]);
  // Networks may overlap, and so may the contexts of several sources.
  const high = new Map(rows.map((row) => [row.low, row.high]));
  return Array.from(high, ([first, last]) => ({ key: first, low: BigInt(first), high: BigInt(last) }));
}

const CONTEXTS_SQL = `
select x.id::text as low, x.last_id::text as high from unnest($3::inet[], $4::inet[]) a(low, high)
cross join lateral (
  select c.id, c.last_id from :schema.contexts c
  where c.ip is not null and :schema.address(c.ip) between a.low and a.high and c.id between $1::bigint and $2::bigint
  limit $5::bigint) x
union all
select x.id::text, x.last_id::text from unnest($6::integer[], $7::bigint[]) s(id, low)
cross join lateral (
  select c.id, c.last_id, c.ip from :schema.contexts c
  where c.source_id = s.id and c.id < $1::bigint and c.id >= s.low
  order by c.id desc limit 1) x
where x.last_id >= $1::bigint and x.ip is not null and exists (
  select from unnest($3::inet[], $4::inet[]) a(low, high) where :schema.address(x.ip) between a.low and a.high)`;
