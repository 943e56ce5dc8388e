import { readMarks, type ActorMark, type EntryMark } from './entry-mark.ts';
import { MAX_ID } from './id-range.ts';
import {
  countRecordIds,
  findRecord,
  findRecordIds,
  ROW_ACTIONS,
  type RecordAddress,
  type RecordScope,
} from './record-scope.ts';
import { readState, type RecordState } from './record-state.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { usedContextsSql } from './used-contexts.ts';
import { formatUserId } from './user-id.ts';
import { timeText } from '../pg/time-text.ts';

/** Entries up to which a record's are counted; one with more has that many, and `exact` is false. */
export const COUNTED_REVISIONS = 5_000;
/** The latest entries in which its actors are looked for. */
export const SEARCHED_FOR_ACTORS = 200;

export interface RecordDetail {
  readonly scope: RecordScope;
  readonly state: RecordState;
  /** The entry that created it; null where it was there before its first entry. */
  readonly created: EntryMark | null;
  readonly first: EntryMark | null;
  readonly last: EntryMark | null;
  readonly revisions: { readonly value: number; readonly exact: boolean };
  /** Who touched it, the latest first. */
  readonly actors: { readonly data: readonly RecordActor[]; readonly exact: boolean };
}

export interface RecordActor extends ActorMark {
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

/** A record as it is now; undefined where it is unknown or may not be seen. */
export function getRecord(store: StoreReader, address: RecordAddress): Promise<RecordDetail | undefined> {
  return inSnapshot(store, async (snapshot) => {
    const scope = await findRecord(snapshot, address);
    if (scope === undefined) return undefined;
    const [state, [first], latest, revisions] = await Promise.all([
      readState(snapshot, scope, { entryId: MAX_ID }),
      findRecordIds(snapshot, scope, { direction: 'oldest', want: 1, actions: ROW_ACTIONS }),
      findRecordIds(snapshot, scope, { direction: 'newest', want: SEARCHED_FOR_ACTORS + 1 }),
      countRecordIds(snapshot, scope, { direction: 'newest', want: COUNTED_REVISIONS + 1 }),
    ]);
    const searched = latest.slice(0, SEARCHED_FOR_ACTORS);
    const [marks, actors] = await Promise.all([
      readMarks(snapshot, [...(first === undefined ? [] : [first]), latest[0] as bigint]),
      readActors(snapshot, searched),
    ]);
    const firstMark = marks.find((mark) => mark.id === first?.toString()) ?? null;
    return {
      scope,
      state,
      created: firstMark?.action === 'create' ? firstMark : null,
      first: firstMark,
      last: marks.find((mark) => mark.id === latest[0]?.toString()) ?? null,
      revisions: { value: Math.min(revisions, COUNTED_REVISIONS), exact: revisions <= COUNTED_REVISIONS },
      actors: { data: actors, exact: searched.length === latest.length },
    };
  });
}

/** `ids`: the latest first. */
async function readActors(snapshot: Snapshot, ids: readonly bigint[]): Promise<RecordActor[]> {
  const rows = await snapshot.queryPlanned<RecordActor & { source: string }>(
    `with ${usedContextsSql('c.actor_id')}
     select s.name as source, a.kind, a.claim, a.name, x.count::integer as count,
       ${timeText('x.first')} as first,
       ${timeText('x.last')} as last
     from (
       select u.actor_id, sum(u.count) as count, min(u.first) as first, max(u.last) as last, max(u.id) as id
       from used_contexts u group by u.actor_id) x
     join :schema.actors a on a.id = x.actor_id
     join :schema.sources s on s.id = a.source_id
     order by x.id desc`,
    [ids, ids.at(-1) ?? 0n, ids[0] ?? 0n],
  );
  return rows.map(({ source, kind, claim, name, count, first, last }) => ({
    id: formatUserId({ source, kind, claim }),
    kind,
    claim,
    name,
    count,
    first,
    last,
  }));
}
