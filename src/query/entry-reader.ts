import { entryJson, type EntryRecord } from './entry-json.ts';
import { readEntryLinks } from './entry-links.ts';
import type { Snapshot } from './store-reader.ts';
import { visibleEntry } from './visibility.ts';
import { timeText } from '../pg/time-text.ts';

/** An entry as DESIGN §5 gives it: `json` is its text, images spliced in as stored. */
export interface EntryText {
  readonly id: bigint;
  readonly json: string;
}

/** Images of one answer together; a page ends early rather than grow past it. */
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024;

/**
 * Reads whole entries, in the order of the ids. Fewer come back when their images would exceed
 * `MAX_IMAGE_BYTES` (never fewer than one), and those that the viewer may not see are left out. A viewer who does not
 * see everything is not told how many entries a transaction has, nor where in it one stands.
 */
export async function readEntries(snapshot: Snapshot, ids: readonly bigint[]): Promise<EntryText[]> {
  if (ids.length === 0) return [];
  const [rows, links] = await Promise.all([readRecords(snapshot, ids), readEntryLinks(snapshot, ids)]);
  return rows.map((row) => ({ id: BigInt(row.id), json: entryJson(row, links.get(row.id)) }));
}

/** The same as what the store knows of them, links left out. */
export async function readRecords(snapshot: Snapshot, ids: readonly bigint[]): Promise<EntryRecord[]> {
  if (ids.length === 0) return [];
  const descending = ids.length > 1 && (ids[0] as bigint) > (ids[1] as bigint);
  const order = descending ? 'desc' : 'asc';
  return snapshot.queryPlanned<EntryRecord>(entriesSql(order), [
    ids,
    MAX_IMAGE_BYTES,
    minimum(ids),
    maximum(ids),
    await snapshot.visibleRelations(),
  ]);
}

/** The bounds say again what the ids say, in a form by which partitions are left out of a plan made before. */
export function entriesSql(order: 'asc' | 'desc'): string {
  return `with sized as materialized (
      select e.*, coalesce(octet_length(e.row::text), 0) + coalesce(octet_length(e.old::text), 0) as bytes
      from :schema.entries e
      where e.id = any($1::bigint[]) and e.id between $3::bigint and $4::bigint and ${visibleEntry('e', '$5')}
    ), chosen as (
      select z.*, sum(z.bytes) over (order by z.id ${order}) - z.bytes as bytes_before from sized z
    )
    select e.id::text, e.action,
      ${timeText('e.occurred_at')} as timestamp,
      s.name as source, r.schema_name, r.table_name, r.key_columns, e.record_key, e.changed, e.unknown,
      e.row::text as row, e.old::text as old, e.data::text as data,
      a.kind as actor_kind, a.claim as actor_claim, coalesce(c.user_name, a.name) as actor_name,
      c.ip, c.user_agent, c.comment, c.request_id, c.context::text as context, c.attribution,
      c.role, c.application_name, n.session_role, n.client_addr, n.pid::text as pid,
      e.transaction_id::text as transaction_id, t.xid::text as xid, t.commit_lsn::text as lsn,
      case when $5::integer[] is null then e.ordinal::text end as ordinal,
      case when $5::integer[] is null then t.size::text end as size,
      -- What the record's last entry could have told lies on the other side of a gap.
      case when e.unknown is not null then (
        select l.epoch <> t.epoch from :schema.entries p join :schema.transactions l on l.id = p.transaction_id
        where p.relation_id = e.relation_id and p.record_key = e.record_key and p.id < e.id and p.row is not null
        order by p.id desc limit 1) end as after_gap
    from chosen e
    left join :schema.relations r on r.id = e.relation_id
    left join :schema.transactions t on t.id = e.transaction_id
    left join :schema.contexts c on c.id = e.context_id
    left join :schema.actors a on a.id = c.actor_id
    left join :schema.sessions n on n.id = c.session_id
    left join :schema.sources s on s.id = coalesce(r.source_id, c.source_id, t.source_id)
    where e.bytes_before < $2::bigint
    order by e.id ${order}`;
}

function minimum(ids: readonly bigint[]): bigint {
  return ids.reduce((least, id) => (id < least ? id : least));
}

function maximum(ids: readonly bigint[]): bigint {
  return ids.reduce((most, id) => (id > most ? id : most));
}
