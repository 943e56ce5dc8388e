import type { RecordScope } from './record-scope.ts';
import type { Snapshot } from './store-reader.ts';
import { timeText } from '../pg/time-text.ts';

/** A stretch in which changes of the record may not have been captured. */
export interface RecordGap {
  readonly reason: string;
  /** Whether it is of the one table; otherwise the whole source's. */
  readonly table: boolean;
  readonly from: string | null;
  /** Null: it goes on. */
  readonly to: string | null;
}

const LISTED = 20;

/**
 * Gaps of the record's table or source that touch the time from `from` to `until`, the latest first. Null: no bound.
 * `limit`: how many at most.
 */
export async function readRecordGaps(
  snapshot: Snapshot,
  scope: Pick<RecordScope, 'sourceId' | 'relationIds'>,
  {
    from,
    until,
    limit = LISTED,
  }: { readonly from: string | null; readonly until: string | null; readonly limit?: number },
): Promise<RecordGap[]> {
  return snapshot.queryPlanned<{ reason: string; table: boolean; from: string | null; to: string | null }>(
    `select g.reason, g.relation_id is not null as table, ${timeText('g.from_time')} as from, ${timeText('g.to_time')} as to
     from :schema.gaps g
     where g.source_id = $1::integer and (g.relation_id is null or g.relation_id = any($2::integer[]))
       and ($3::timestamptz is null or g.to_time is null or g.to_time >= $3::timestamptz)
       and ($4::timestamptz is null or g.from_time is null or g.from_time <= $4::timestamptz)
     order by g.id desc limit $5::integer`,
    [scope.sourceId, scope.relationIds, from, until, limit],
  );
}
