import type { Snapshot } from './store-reader.ts';
import { formatUserId } from './user-id.ts';
import { visibleEntry } from './visibility.ts';
import { timeText } from '../pg/time-text.ts';

/** Who did something: `user` as an entry names it, and the id under which the actor is listed. */
export interface ActorMark {
  readonly id: string;
  readonly kind: string;
  readonly claim: string;
  readonly name: string | null;
}

/** An entry in short: when, what, who. */
export interface EntryMark {
  readonly id: string;
  readonly action: string;
  readonly timestamp: string;
  readonly record: string | null;
  readonly actor: ActorMark | null;
  readonly attribution: string;
}

/** In the order of the ids; those that are not there or may not be seen are left out. */
export async function readMarks(snapshot: Snapshot, ids: readonly bigint[]): Promise<EntryMark[]> {
  if (ids.length === 0) return [];
  const rows = await snapshot.queryPlanned<MarkRow>(MARKS_SQL, [
    ids,
    ids.reduce((a, b) => (a < b ? a : b)),
    ids.reduce((a, b) => (a > b ? a : b)),
    await snapshot.visibleRelations(),
  ]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id.toString());
    return row === undefined ? [] : [toMark(row)];
  });
}

interface MarkRow {
  readonly id: string;
  readonly action: string;
  readonly timestamp: string;
  readonly record: string | null;
  readonly attribution: string | null;
  readonly source: string | null;
  readonly kind: string | null;
  readonly claim: string | null;
  readonly name: string | null;
}

function toMark(row: MarkRow): EntryMark {
  const { id, action, timestamp, record, attribution } = row;
  return { id, action, timestamp, record, actor: toActor(row), attribution: attribution ?? 'unknown' };
}

function toActor({ source, kind, claim, name }: Pick<MarkRow, 'source' | 'kind' | 'claim' | 'name'>): ActorMark | null {
  if (source === null || kind === null || claim === null) return null;
  return { id: formatUserId({ source, kind, claim }), kind, claim, name };
}

const MARKS_SQL = `
select e.id::text, e.action, ${timeText('e.occurred_at')} as timestamp,
  e.record_key as record, c.attribution, s.name as source, a.kind, a.claim, coalesce(c.user_name, a.name) as name
from :schema.entries e
left join :schema.contexts c on c.id = e.context_id
left join :schema.actors a on a.id = c.actor_id
left join :schema.sources s on s.id = a.source_id
where e.id = any($1::bigint[]) and e.id between $2::bigint and $3::bigint and ${visibleEntry('e', '$4')}`;
