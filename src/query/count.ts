import { entryCondition, isInRollupsWhole, rollupCondition } from './filter-condition.ts';
import { resolveFilter, type ActivityFilter, type ResolvedFilter } from './filter.ts';
import { MAX_ID, type IdRange } from './id-range.ts';
import { findIds } from './scan.ts';
import { without } from './scan-walk.ts';
import type { Snapshot } from './store-reader.ts';
import { bucketOf, BUCKET_MICROS, formatTime, type Micros } from './time.ts';

export const COUNT_MODES = ['estimate', 'exact'] as const;
export type CountMode = (typeof COUNT_MODES)[number];

export interface ActivityCount {
  readonly value: number;
  readonly exact: boolean;
}

/** Matches up to which an estimate counts them. */
const ESTIMATED_FROM = 1_000;
const COUNTED_AT_ONCE = 20_000;

const EVERYTHING: IdRange = { low: 0n, high: MAX_ID };

/**
 * How many entries match. What the rollups know is counted by them, and is exact. Else an exact count reads all that
 * match, as far as the snapshot's time limit goes (RT_QUERY_TIMEOUT); an estimate reads some and takes the rest to be
 * like them.
 */
export async function countActivity(
  snapshot: Snapshot,
  filter: ActivityFilter,
  mode: CountMode,
  now: Micros,
): Promise<ActivityCount> {
  const resolved = await resolveFilter(snapshot, filter, now);
  if (resolved === undefined) return { value: 0, exact: true };
  if (isInRollupsWhole(resolved)) return { value: await countByRollups(snapshot, resolved), exact: true };
  return mode === 'exact' ? countEach(snapshot, resolved) : estimate(snapshot, resolved);
}

/** Whole buckets by their counts; those that a bound of the times cuts, by their entries. */
async function countByRollups(snapshot: Snapshot, filter: ResolvedFilter): Promise<number> {
  const bounds = [filter.from, filter.to].flatMap((time) => (time === null ? [] : [bucketOf(time)]));
  const cut = [...new Set(bounds)].filter((bucket) => !isWithin(bucket, filter));
  const parameters: unknown[] = [cut.map(formatTime)];
  const condition = rollupCondition(filter, parameters);
  const [whole] = await snapshot.query<{ count: string }>(
    `select coalesce(sum(u.count), 0)::text as count from :schema.rollups u
     where u.bucket <> all ($1::timestamptz[]) and ${condition}`,
    parameters,
  );
  let count = Number(whole?.count ?? 0);
  for (const bucket of cut) count += await countBucket(snapshot, filter, bucket);
  return count;
}

function isWithin(bucket: Micros, { from, to }: ResolvedFilter): boolean {
  return (from === null || from <= bucket) && (to === null || to >= bucket + BUCKET_MICROS);
}

async function countBucket(snapshot: Snapshot, filter: ResolvedFilter, bucket: Micros): Promise<number> {
  snapshot.remainingMs();
  const parameters: unknown[] = [formatTime(bucket), formatTime(bucket + BUCKET_MICROS)];
  const inRollups = rollupCondition(filter, parameters);
  const condition = entryCondition(filter, parameters);
  const rows = await snapshot.query<{ count: string }>(
    `select count(*)::text as count from :schema.entries e
     where e.id between
         (select min(u.min_id) from :schema.rollups u where u.bucket = $1::timestamptz and ${inRollups})
         and (select max(u.max_id) from :schema.rollups u where u.bucket = $1::timestamptz and ${inRollups})
       and e.occurred_at >= $1::timestamptz and e.occurred_at < $2::timestamptz and ${condition}`,
    parameters,
  );
  return Number(rows[0]?.count ?? 0);
}

async function countEach(snapshot: Snapshot, filter: ResolvedFilter): Promise<ActivityCount> {
  let value = 0;
  let rest = EVERYTHING;
  for (;;) {
    snapshot.remainingMs();
    const { ids, until } = await findIds(snapshot, filter, rest, 'newest', { want: COUNTED_AT_ONCE });
    value += ids.length;
    const edge = until ?? (ids.length < COUNTED_AT_ONCE ? null : (ids.at(-1) as bigint));
    if (edge === null) return { value, exact: true };
    rest = without(rest, { low: edge, high: edge }, 'newest');
  }
}

/**
 * Takes older entries, of those that the rollups do not rule out, to match as often as the newest ones do that were
 * read: from the first match on where enough were found, for what began late or ended early.
 */
async function estimate(snapshot: Snapshot, filter: ResolvedFilter): Promise<ActivityCount> {
  const { ids, until } = await findIds(snapshot, filter, EVERYTHING, 'newest', { want: ESTIMATED_FROM });
  if (until === null && ids.length < ESTIMATED_FROM) return { value: ids.length, exact: true };
  const edge = until ?? (ids.at(-1) as bigint);
  const parameters: unknown[] = [edge, until === null ? ids[0] : MAX_ID];
  const condition = rollupCondition(filter, parameters);
  const rows = await snapshot.query<{ seen: string; older: string }>(
    `select coalesce(sum(u.count) filter (where u.min_id between $1::bigint and $2::bigint), 0)::text as seen,
       coalesce(sum(u.count) filter (where u.min_id < $1::bigint), 0)::text as older
     from :schema.rollups u where ${condition}`,
    parameters,
  );
  // Buckets are wider than what was read: they may have begun before it, and hold more than was seen.
  const seen = Math.max(Number(rows[0]?.seen ?? 0), ids.length, 1);
  return { value: Math.round(ids.length * (1 + Number(rows[0]?.older ?? 0) / seen)), exact: false };
}
