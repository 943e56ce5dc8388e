import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';

/** The transactions of a source that are stored and may still be in its outbox. */
export async function readDrained(db: pg.Pool, schema: string, sourceId: number): Promise<Set<bigint>> {
  const result = await db.query<{ xid: string }>(
    `select xid::text as xid from ${quoteIdentifier(schema)}.drained_transactions where source_id = $1`,
    [sourceId],
  );
  return new Set(result.rows.map(({ xid }) => BigInt(xid)));
}

/** The outbox has let go of these. */
export async function forgetDrained(
  db: pg.Pool,
  schema: string,
  sourceId: number,
  xids: readonly bigint[],
): Promise<void> {
  await db.query(
    `delete from ${quoteIdentifier(schema)}.drained_transactions where source_id = $1 and xid = any ($2::bigint[])`,
    [sourceId, xids.map(String)],
  );
}

/** Of rows that the outbox did not take, for want of room in all or in one value. */
export interface OutboxGap {
  readonly reason: 'outbox_full' | 'row_too_large';
  readonly detail: string;
  /** Null: the whole source. */
  readonly relationId: number | null;
  /** Microseconds since 2000; null: since it was last seen that there was nothing. */
  readonly fromMicros: bigint | null;
}

/** Puts a closed gap on record. Once for a detail and a time: a transaction may be read again. */
export async function recordOutboxGap(
  db: pg.Pool,
  schema: string,
  source: { readonly sourceId: number; readonly epoch: number },
  gap: OutboxGap,
): Promise<void> {
  const s = quoteIdentifier(schema);
  await db.query(
    `insert into ${s}.gaps (source_id, epoch, reason, detail, relation_id, from_time, to_time)
     select $1, $2, $3, $4, $5, x.at, x.at
     from (select timestamptz '2000-01-01 00:00:00+00' + $6::bigint * interval '1 microsecond' as at) x
     where not exists (select from ${s}.gaps g where g.source_id = $1 and g.reason = $3 and g.detail = $4 and g.from_time = x.at)`,
    [source.sourceId, source.epoch, gap.reason, gap.detail, gap.relationId, String(gap.fromMicros ?? 0n)],
  );
}

/**
 * Takes note of how many statements' rows the outbox has dropped so far, and puts a gap on record where that has
 * risen. Returns by how many.
 */
export async function recordDrops(
  db: pg.Pool,
  schema: string,
  source: { readonly sourceId: number; readonly epoch: number },
  dropped: bigint,
  sinceMicros: bigint | null,
): Promise<bigint> {
  const s = quoteIdentifier(schema);
  const result = await db.query<{ added: string }>(
    `with before as (
       select d.dropped, d.seen_at from ${s}.outbox_drops d where d.source_id = $1 for update
     ), noted as (
       insert into ${s}.outbox_drops as d (source_id, dropped, seen_at) values ($1, $3, clock_timestamp())
         on conflict (source_id) do update set dropped = excluded.dropped, seen_at = excluded.seen_at
     ), gap as (
       insert into ${s}.gaps (source_id, epoch, reason, detail, from_time, to_time)
       select $1, $2, 'outbox_full', format('the outbox was full: the rows of about %s statements were dropped', $3::bigint - b.dropped),
         coalesce(timestamptz '2000-01-01 00:00:00+00' + $4::bigint * interval '1 microsecond', b.seen_at), clock_timestamp()
       from (select coalesce((select dropped from before), 0) as dropped, (select seen_at from before) as seen_at) b
       where $3::bigint > b.dropped
     )
     select ($3::bigint - coalesce((select dropped from before), 0))::text as added`,
    [source.sourceId, source.epoch, String(dropped), sinceMicros === null ? null : String(sinceMicros)],
  );
  return BigInt(result.rows[0]?.added ?? 0);
}
