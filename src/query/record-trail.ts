import { RowtrailError } from '../lib/errors.ts';
import { readEntryLinks, type EntryLinks } from './entry-links.ts';
import { entryJson } from './entry-json.ts';
import { readRecords } from './entry-reader.ts';
import { FilterError } from './filter-error.ts';
import { NO_FILTER, resolveTimes } from './filter.ts';
import { readHorizon } from './horizon.ts';
import type { IdRange } from './id-range.ts';
import { readEntrySeal, readSealedEnd, type EntrySeal } from './integrity.ts';
import { readRecordGaps, type RecordGap } from './record-gaps.ts';
import { findRecord, findRecordIds, type RecordAddress, type RecordScope } from './record-scope.ts';
import { readState, type RecordState } from './record-state.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { EARLIEST_MICROS, formatTime, nowMicros, type Micros } from './time.ts';
import { formatUserId } from './user-id.ts';
import { timeText } from '../pg/time-text.ts';

/** Entries of one trail: a reader turns no more pages, and ids, actors and order are known before the first one is read. */
export const MAX_TRAIL_ENTRIES = 5_000;
/** Read at once; the images of a batch are bounded by the reader. */
const BATCH_ENTRIES = 200;
const MAX_TRAIL_GAPS = 500;
/** Of one actor. */
const MAX_ADDRESSES = 20;

/** A record's history in a period, and what has to be known to judge it. */
export interface RecordTrail {
  readonly scope: RecordScope;
  /** RFC 3339; inclusive. Null: no bound. */
  readonly from: string | null;
  /** Exclusive. */
  readonly to: string | null;
  /** All that match and are committed for good, oldest first; at most `MAX_TRAIL_ENTRIES`. */
  readonly ids: readonly bigint[];
  /** What the record was at the end of the period. */
  readonly state: RecordState;
  /** Everybody who made one of the entries, in the order of their first. */
  readonly actors: readonly TrailActor[];
  /** What touches the period, oldest first. */
  readonly gaps: readonly RecordGap[];
  /** Whether there are more gaps than are listed. */
  readonly moreGaps: boolean;
  /** Null: none of the entries has one yet. */
  readonly seals: TrailSeals | null;
}

/** The seals that cover the entries, from the oldest on. */
export interface TrailSeals {
  /** How many of the entries they cover; the newest may have none yet. */
  readonly entries: number;
  readonly first: EntrySeal;
  readonly last: EntrySeal;
}

export interface TrailActor {
  readonly id: string;
  readonly kind: string;
  readonly name: string | null;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** The first `MAX_ADDRESSES` of them. */
  readonly ips: readonly string[];
  readonly ipCount: number;
}

export interface TrailEntry {
  readonly id: bigint;
  /** The text of the entry as an export has it: what is linked with it later does not change it. */
  readonly json: string;
  readonly links: EntryLinks | null;
  /** Of a truncate: the record's last image, which it removed; null where it was not captured. */
  readonly removed: string | null;
}

export interface TrailPeriod {
  /** As written; see `TIME_FORMS`. Null: no bound. */
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * Finds what a trail consists of; undefined where the record is unknown or may not be seen. Throws a FilterError for a
 * time that can't be read, and for a period with more entries than a trail may have.
 */
export function findTrail(
  store: StoreReader,
  address: RecordAddress,
  period: TrailPeriod,
): Promise<RecordTrail | undefined> {
  const times = resolveTimes({ ...NO_FILTER, ...period }, nowMicros());
  return inSnapshot(store, async (snapshot) => {
    const scope = await findRecord(snapshot, address);
    if (scope === undefined) return undefined;
    const last = (await readHorizon(snapshot, { source: [address.source], table: [] })) - 1n;
    const ids = await findPeriodIds(snapshot, scope, { low: 0n, high: last }, times);
    const from = times.from === null ? null : formatTime(times.from);
    const to = times.to === null ? null : formatTime(times.to);
    const gaps = await readRecordGaps(snapshot, scope, { from, until: to, limit: MAX_TRAIL_GAPS + 1 });
    return {
      scope,
      from,
      to,
      ids,
      state: await readState(snapshot, scope, times.to === null ? { entryId: last } : { time: justBefore(times.to) }),
      actors: await readActors(snapshot, ids),
      gaps: gaps.slice(0, MAX_TRAIL_GAPS).toReversed(),
      moreGaps: gaps.length > MAX_TRAIL_GAPS,
      seals: await readSeals(snapshot, ids),
    };
  });
}

async function readSeals(snapshot: Snapshot, ids: readonly bigint[]): Promise<TrailSeals | null> {
  const end = await readSealedEnd(snapshot);
  const sealed = ids.filter((id) => id <= end);
  const [first, last] = [sealed[0], sealed.at(-1)];
  if (first === undefined || last === undefined) return null;
  const seals = [await readEntrySeal(snapshot, first), await readEntrySeal(snapshot, last)] as const;
  return { entries: sealed.length, first: seals[0]!, last: seals[1]! };
}

/** The trail's entries, in its order. Throws RT_ENTRIES_GONE where one of them is there no more. */
export async function* readTrail(store: StoreReader, { ids, scope }: RecordTrail): AsyncGenerator<TrailEntry> {
  let at = 0;
  while (at < ids.length) {
    const wanted = ids.slice(at, at + BATCH_ENTRIES);
    const entries = await inSnapshot(store, (snapshot) => readBatch(snapshot, scope, wanted));
    // Large images end a batch early.
    if (entries.length === 0 || entries.some(({ id }, i) => id !== wanted[i])) {
      throw new RowtrailError('RT_ENTRIES_GONE', 'entries left the history while they were being read', {
        hint: 'Ask again: the history is shorter now.',
      });
    }
    yield* entries;
    at += entries.length;
  }
}

function justBefore(time: Micros): Micros {
  return time > EARLIEST_MICROS ? time - 1n : time;
}

async function findPeriodIds(
  snapshot: Snapshot,
  scope: RecordScope,
  range: IdRange,
  { from, to }: { readonly from: bigint | null; readonly to: bigint | null },
): Promise<bigint[]> {
  const ids = await findRecordIds(snapshot, scope, {
    direction: 'oldest',
    want: MAX_TRAIL_ENTRIES + 1,
    range,
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { before: to }),
  });
  if (ids.length <= MAX_TRAIL_ENTRIES) return ids;
  const [after] = await readRecords(snapshot, ids.slice(-1));
  throw new FilterError(
    'to',
    `the record has more than ${MAX_TRAIL_ENTRIES} entries in this period, which is as many as a report may have`,
    `Narrow it with from and to: those before ${after?.timestamp ?? 'an earlier time'} are as many as fit. An export has no such limit.`,
  );
}

async function readBatch(snapshot: Snapshot, scope: RecordScope, ids: readonly bigint[]): Promise<TrailEntry[]> {
  const records = await readRecords(snapshot, ids);
  const links = await readEntryLinks(snapshot, ids);
  const truncates = records.filter(({ action }) => action === 'truncate').map(({ id }) => BigInt(id));
  const removed = truncates.length === 0 ? new Map<string, string>() : await readRemoved(snapshot, scope, truncates);
  return records.map((record) => ({
    id: BigInt(record.id),
    json: entryJson(record),
    links: links.get(record.id) ?? null,
    removed: removed.get(record.id) ?? null,
  }));
}

async function readRemoved(
  snapshot: Snapshot,
  scope: RecordScope,
  ids: readonly bigint[],
): Promise<Map<string, string>> {
  const rows = await snapshot.queryPlanned<{ id: string; row: string }>(
    `select t.entry_id::text as id, t.row::text as row from :schema.truncated_rows t
     where t.relation_id = any($1::integer[]) and t.record_key = any($2::text[]) and t.entry_id = any($3::bigint[])`,
    [scope.relationIds, scope.keys, ids],
  );
  return new Map(rows.map(({ id, row }) => [id, row]));
}

interface ActorRow extends Omit<TrailActor, 'id'> {
  readonly source: string;
  readonly claim: string;
}

async function readActors(snapshot: Snapshot, ids: readonly bigint[]): Promise<TrailActor[]> {
  const [first] = ids;
  if (first === undefined) return [];
  const rows = await snapshot.queryPlanned<ActorRow>(ACTORS_SQL, [ids, first, ids.at(-1), MAX_ADDRESSES]);
  return rows.map(({ source, kind, claim, ...actor }) => ({
    ...actor,
    kind,
    id: formatUserId({ source, kind, claim }),
  }));
}

const ACTORS_SQL = `
with made as (
  select c.actor_id, e.id, e.occurred_at, c.ip, c.user_name
  from :schema.entries e join :schema.contexts c on c.id = e.context_id
  where e.id = any($1::bigint[]) and e.id between $2::bigint and $3::bigint
)
select s.name as source, a.kind, a.claim, coalesce(x.name, a.name) as name, x.count::integer as count,
  ${timeText('x.first')} as first,
  ${timeText('x.last')} as last,
  coalesce(x.ips[1:$4::integer], '{}') as ips, coalesce(cardinality(x.ips), 0) as "ipCount"
from (
  select m.actor_id, count(*) as count, min(m.occurred_at) as first, max(m.occurred_at) as last, min(m.id) as id,
    array_agg(distinct m.ip order by m.ip) filter (where m.ip is not null) as ips,
    (array_agg(m.user_name order by m.id desc) filter (where m.user_name is not null))[1] as name
  from made m group by m.actor_id) x
join :schema.actors a on a.id = x.actor_id
join :schema.sources s on s.id = a.source_id
order by x.id`;
