import { membersOf } from '../entry/image.ts';
import { redactedColumns, type EntryRecord } from './entry-json.ts';
import { readRecords } from './entry-reader.ts';
import { MAX_ID } from './id-range.ts';
import { readRecordGaps, type RecordGap } from './record-gaps.ts';
import { findRecordIds, ROW_ACTIONS, type RecordScope } from './record-scope.ts';
import type { Snapshot } from './store-reader.ts';
import { formatTime, type Micros } from './time.ts';
import { timeText } from '../pg/time-text.ts';

/** Why there is no state. */
export type NoState =
  /** The record was created later. */
  | 'not_created'
  /** It was there before the first entry of it: what it was then was not captured. */
  | 'before_history'
  | 'deleted'
  | 'truncated'
  /** A partition of its table was emptied without its rows being captured: whether this one was among them is not known. */
  | 'partition_truncated';

/** What a record was at a moment. */
export interface RecordState {
  /** Null: not known. */
  readonly exists: boolean | null;
  /** The image as stored; null: there is none, for `reason`. */
  readonly image: string | null;
  readonly reason: NoState | null;
  /** Columns that the image lacks, and why. */
  readonly incomplete: { readonly columns: readonly string[]; readonly reason: string } | null;
  /** The last image before the end of a record that is gone. */
  readonly lastImage: string | null;
  /** The key it had. */
  readonly record: string;
  /** The entry that made it so; null before the first one. */
  readonly entryId: bigint | null;
  /** When that was. */
  readonly since: string | null;
  /** Gaps since then, in which it may have changed unseen. */
  readonly gaps: readonly RecordGap[];
}

/** The moments a state can be asked for: after an entry of the record (its id), or at a time. */
export type Moment = { readonly entryId: bigint } | { readonly time: Micros };

/**
 * What the record was. At a time that is: as the last transaction that had committed by then left it. A moment within
 * a transaction is named by an entry.
 */
export async function readState(snapshot: Snapshot, scope: RecordScope, moment: Moment): Promise<RecordState> {
  const bound = 'entryId' in moment ? { range: { low: 0n, high: moment.entryId } } : { before: moment.time + 1n };
  const [id] = await findRecordIds(snapshot, scope, { direction: 'newest', want: 1, actions: ROW_ACTIONS, ...bound });
  if (id === undefined) return stateBefore(snapshot, scope, moment);
  const [end, state, until] = await Promise.all([
    findUncapturedTruncate(snapshot, scope, id, moment),
    stateAfter(snapshot, scope, id),
    'time' in moment ? formatTime(moment.time) : timeOf(snapshot, moment.entryId),
  ]);
  const gaps = await readRecordGaps(snapshot, scope, { from: state.since, until });
  if (end === undefined || state.image === null) return { ...state, gaps };
  return {
    ...state,
    exists: end.partition ? null : false,
    image: null,
    reason: end.partition ? 'partition_truncated' : 'truncated',
    incomplete: null,
    lastImage: state.image,
    entryId: end.id,
    since: end.timestamp,
    gaps,
  };
}

/** The state before the first entry there is. */
async function stateBefore(snapshot: Snapshot, scope: RecordScope, moment: Moment): Promise<RecordState> {
  const [first] = await findRecordIds(snapshot, scope, { direction: 'oldest', want: 1, actions: ROW_ACTIONS });
  const [record] = first === undefined ? [] : await readRecords(snapshot, [first]);
  const created = record?.action === 'create';
  return {
    exists: created ? false : null,
    image: null,
    reason: created ? 'not_created' : 'before_history',
    incomplete: null,
    lastImage: null,
    record: record?.record_key ?? scope.key,
    entryId: null,
    since: null,
    gaps:
      'time' in moment
        ? await readRecordGaps(snapshot, scope, { from: formatTime(moment.time), until: formatTime(moment.time) })
        : [],
  };
}

async function stateAfter(snapshot: Snapshot, scope: RecordScope, id: bigint): Promise<RecordState> {
  const [record] = await readRecords(snapshot, [id]);
  if (record === undefined) throw new Error(`the entry ${id} is not there any more`);
  const common = {
    exists: true,
    image: null,
    reason: null,
    incomplete: null,
    lastImage: null,
    record: record.record_key ?? scope.key,
    entryId: id,
    since: record.timestamp,
    gaps: [],
  };
  switch (record.action) {
    case 'delete':
      return { ...common, exists: false, reason: 'deleted', lastImage: record.row };
    case 'truncate': {
      const removed = await readTruncatedRow(snapshot, scope, id);
      return {
        ...common,
        exists: false,
        reason: 'truncated',
        record: removed?.record ?? scope.key,
        lastImage: removed?.row ?? null,
      };
    }
    default:
      return { ...common, image: record.row, incomplete: incompleteState(record) };
  }
}

/** Only what the image lacks: an old value that is not known is none of the state's concern. */
function incompleteState(
  record: Pick<EntryRecord, 'row' | 'unknown' | 'data' | 'after_gap'>,
): RecordState['incomplete'] {
  const present = new Set(record.row === null ? [] : membersOf(record.row).map((member) => member.name));
  const unknown = (record.unknown ?? []).filter((column) => !present.has(column));
  const masked = redactedColumns(record);
  if (unknown.length + masked.length === 0) return null;
  const reason = unknown.length === 0 ? 'masked' : record.after_gap === true ? 'gap' : 'toast';
  return { columns: [...unknown, ...masked], reason };
}

interface Truncate {
  readonly id: bigint;
  readonly timestamp: string;
  /** Whether a partition alone was emptied. */
  readonly partition: boolean;
}

/** The first truncate of the table after the entry and by the moment whose rows were not captured: it ended the record. */
async function findUncapturedTruncate(
  snapshot: Snapshot,
  scope: RecordScope,
  after: bigint,
  moment: Moment,
): Promise<Truncate | undefined> {
  const rows = await snapshot.queryPlanned<{ id: string; timestamp: string; partition: boolean }>(
    `select e.id::text, ${timeText('e.occurred_at')} as timestamp,
       e.data -> 'data' ->> 'partition' is not null as partition
     from :schema.entries e
     where e.relation_id = any($1::integer[]) and e.record_key is null and e.action = 'truncate'
       and e.id > $2::bigint and e.id <= $3::bigint and ($4::timestamptz is null or e.occurred_at <= $4::timestamptz)
       and e.data -> 'data' -> 'rows' ->> 'captured' is distinct from 'true'
     order by e.data -> 'data' ->> 'partition' is not null, e.id limit 1`,
    [
      scope.relationIds,
      after,
      'entryId' in moment ? moment.entryId : MAX_ID,
      'time' in moment ? formatTime(moment.time) : null,
    ],
  );
  const [row] = rows;
  return row === undefined ? undefined : { ...row, id: BigInt(row.id) };
}

async function readTruncatedRow(
  snapshot: Snapshot,
  scope: RecordScope,
  entryId: bigint,
): Promise<{ readonly record: string; readonly row: string } | undefined> {
  const rows = await snapshot.queryPlanned<{ record: string; row: string }>(
    `select t.record_key as record, t.row::text as row from :schema.truncated_rows t
     where t.relation_id = any($1::integer[]) and t.record_key = any($2::text[]) and t.entry_id = $3::bigint
     order by t.record_key <> $4::text limit 1`,
    [scope.relationIds, scope.keys, entryId, scope.key],
  );
  return rows[0];
}

async function timeOf(snapshot: Snapshot, entryId: bigint): Promise<string | null> {
  if (entryId === MAX_ID) return null;
  const [record] = await readRecords(snapshot, [entryId]);
  return record?.timestamp ?? null;
}
