import type pg from 'pg';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import { quoteIdentifier, quoteQualified } from '../pg/identifier.ts';
import { timeText } from '../pg/time-text.ts';

/** How long one DETACH waits for those who still read or write the table; then it is tried again later. */
export const DETACH_LIMIT_MS = 30_000;
/** For a lock on the parent that the making of another partition holds. */
const LOCK_LIMIT_MS = 5_000;
/** Rows of the rollups in one transaction. */
const ROLLUPS_AT_ONCE = 5_000;
const LOCK_NAME = 'rowtrail.retention';

export interface RetentionOptions {
  readonly schema: string;
  readonly days: number;
  /** Default: DETACH_LIMIT_MS. */
  readonly detachLimitMs?: number;
  /** Ends the work before the next step. */
  readonly signal?: AbortSignal;
  /** Keeps what a partition holds, before it is detached: the name of the file, or null. What it rejects with ends the work. */
  readonly archive?: (partition: ExpiredPartition) => Promise<string | null>;
}

export interface ExpiredPartition {
  readonly parent: string;
  readonly name: string;
  /** Ids from here, to below `high`. */
  readonly low: bigint;
  readonly high: bigint;
}

export interface RetentionResult {
  /** Partitions that are gone, oldest first. */
  readonly removed: readonly string[];
  /** Partitions that somebody still holds, and why. */
  readonly waiting: readonly { readonly partition: string; readonly reason: string }[];
  readonly rollups: number;
}

const NOTHING: RetentionResult = { removed: [], waiting: [], rollups: 0 };

interface Partition {
  readonly parent: string;
  readonly name: string;
  readonly low: string;
  readonly high: string;
  readonly pending: boolean;
}

/**
 * Removes whole partitions that lie entirely before `days` ago, and then their part of the rollups. What another
 * session holds is left for the next time. `client` is used alone meanwhile, outside of a transaction. Null: another
 * daemon is at it. Rejects with what the database says; nothing is left that the next call does not finish.
 */
export async function removeExpired(client: pg.ClientBase, options: RetentionOptions): Promise<RetentionResult | null> {
  const key = [LOCK_NAME, options.schema];
  const lock = await client.query<{ held: boolean }>(
    'select pg_try_advisory_lock(hashtext($1), hashtext($2)) as held',
    key,
  );
  if (lock.rows[0]?.held !== true) return null;
  try {
    await client.query(`set lock_timeout = ${LOCK_LIMIT_MS}`);
    return await removePartitions(client, options);
  } finally {
    await client.query('reset statement_timeout; reset lock_timeout').catch(() => {});
    await client.query('select pg_advisory_unlock(hashtext($1), hashtext($2))', key).catch(() => {});
  }
}

async function removePartitions(client: pg.ClientBase, options: RetentionOptions): Promise<RetentionResult> {
  const s = quoteIdentifier(options.schema);
  const removed: string[] = [];
  const waiting: { partition: string; reason: string }[] = [];
  const isStopped = (): boolean => options.signal?.aborted === true;
  // What is to be kept for longer now.
  await client.query(
    `delete from ${s}.removed_partitions r using ${s}.partitions p
     where r.removed_at is null and p.name = r.name and not p.pending and p.high > ${expiredId(s)}`,
    [options.days],
  );
  for (const partition of await readUnfinished(client, s)) {
    if (isStopped()) return { ...NOTHING, removed, waiting };
    const reason = await drop(client, options.schema, partition.name);
    if (reason === null) removed.push(partition.name);
    else waiting.push({ partition: partition.name, reason });
  }
  for (const partition of await readExpired(client, s, options.days)) {
    if (isStopped()) return { ...NOTHING, removed, waiting };
    const archive = await archived(client, options, partition);
    if (isStopped()) return { ...NOTHING, removed, waiting };
    const reason =
      (await detach(client, options, partition, archive)) ?? (await drop(client, options.schema, partition.name));
    if (reason === null) removed.push(partition.name);
    else waiting.push({ partition: partition.name, reason });
  }
  return { removed, waiting, rollups: await trimRollups(client, s, isStopped) };
}

/** Detached, by whoever began it, and not dropped. */
async function readUnfinished(client: pg.ClientBase, s: string): Promise<{ name: string }[]> {
  const found = await client.query<{ name: string }>(
    `select r.name from ${s}.removed_partitions r
     where r.removed_at is null and not exists (select from ${s}.partitions p where p.name = r.name) order by r.high, r.name`,
  );
  return found.rows;
}

/** Parameter: days. */
function expiredId(s: string): string {
  return `${s}.id_at(clock_timestamp() - make_interval(days => $1))`;
}

/** Entries before what tells of them: no reader finds an entry without who made it. */
async function readExpired(client: pg.ClientBase, s: string, days: number): Promise<Partition[]> {
  const found = await client.query<Partition>(
    `select p.parent, p.name, p.low::text, p.high::text, p.pending from ${s}.partitions p
     where p.high <= ${expiredId(s)}
       or p.pending and exists (select from ${s}.removed_partitions r where r.name = p.name)
     order by p.high, p.parent <> 'entries', p.name`,
    [days],
  );
  return found.rows;
}

/** Before the first DETACH: from then on its rows are not seen any more. Once, however often that has to be tried. */
async function archived(
  client: pg.ClientBase,
  { schema, archive }: RetentionOptions,
  { parent, name, low, high, pending }: Partition,
): Promise<string | null> {
  if (archive === undefined || pending) return null;
  const begun = await client.query<{ archive: string | null }>(
    `select archive from ${quoteIdentifier(schema)}.removed_partitions where name = $1`,
    [name],
  );
  return begun.rows[0]?.archive ?? archive({ parent, name, low: BigInt(low), high: BigInt(high) });
}

/**
 * DETACH CONCURRENTLY waits for every transaction that uses the table, without keeping others out; one that is cut
 * short is ended by FINALIZE. Null: it is detached; otherwise why not.
 * https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION
 */
async function detach(
  client: pg.ClientBase,
  options: RetentionOptions,
  partition: Partition,
  archive: string | null,
): Promise<string | null> {
  const s = quoteIdentifier(options.schema);
  await client.query(
    `insert into ${s}.removed_partitions (name, parent, low, high, archive) values ($1, $2, $3, $4, $5)
     on conflict (name) do update set archive = coalesce(excluded.archive, removed_partitions.archive)`,
    [partition.name, partition.parent, partition.low, partition.high, archive],
  );
  await client.query(`set statement_timeout = ${options.detachLimitMs ?? DETACH_LIMIT_MS}`);
  const parent = quoteQualified(options.schema, partition.parent);
  try {
    await client.query(
      `alter table ${parent} detach partition ${quoteQualified(options.schema, partition.name)} ${partition.pending ? 'finalize' : 'concurrently'}`,
    );
    return null;
  } catch (error) {
    if (!isWait(error)) throw error;
    const reason = await holderOf(client, parent, error);
    await client.query(`update ${s}.removed_partitions set note = $2 where name = $1`, [partition.name, reason]);
    return reason;
  } finally {
    await client.query('reset statement_timeout').catch(() => {});
  }
}

/** Its own time limits, and another partition of the table whose DETACH waits. */
function isWait(error: unknown): boolean {
  return ['57014', '55P03', '55000'].includes(codeOf(error) ?? '');
}

async function holderOf(client: pg.ClientBase, parent: string, error: unknown): Promise<string> {
  const found = await client.query<{ pid: number; application: string; since: string }>(
    `select a.pid, a.application_name as application, ${timeText('a.xact_start')} as since
     from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where l.relation = $1::regclass and l.granted and l.pid <> pg_backend_pid() and a.xact_start is not null
     order by a.xact_start limit 1`,
    [parent],
  );
  const [holder] = found.rows;
  if (holder === undefined) return messageOf(error);
  return `process ${holder.pid} (${holder.application}) has used the table in one transaction since ${holder.since}`;
}

/** Null: it is gone; otherwise why not. */
async function drop(client: pg.ClientBase, schema: string, name: string): Promise<string | null> {
  const partition = quoteQualified(schema, name);
  try {
    await client.query(`drop table if exists ${partition}`);
  } catch (error) {
    if (!isWait(error)) throw error;
    return holderOf(client, partition, error);
  }
  await client.query(
    `update ${quoteIdentifier(schema)}.removed_partitions set removed_at = clock_timestamp(), note = null where name = $1`,
    [name],
  );
  return null;
}

/** Up to the oldest entry that is kept by its partition. */
async function trimRollups(client: pg.ClientBase, s: string, isStopped: () => boolean): Promise<number> {
  const found = await client.query<{ floor: string | null }>(
    `select max(high)::text as floor from ${s}.removed_partitions where parent = 'entries' and removed_at is not null`,
  );
  const floor = found.rows[0]?.floor ?? null;
  if (floor === null) return 0;
  let trimmed = 0;
  while (!isStopped()) {
    const batch = await client.query<{ rows: number }>(`select ${s}.trim_rollups($1, $2) as rows`, [
      floor,
      ROLLUPS_AT_ONCE,
    ]);
    const rows = batch.rows[0]?.rows ?? 0;
    if (rows === 0) break;
    trimmed += rows;
  }
  // Also where a pass before this one came no further than the rollups.
  if (!isStopped()) await client.query(`select ${s}.trim_folded($1)`, [floor]);
  return trimmed;
}

/** What to do about partitions that wait, for the log. */
export function retentionWaits({ partition, reason }: RetentionResult['waiting'][number]): RowtrailError {
  return new RowtrailError('RT_LOCK_TIMEOUT', `retention cannot remove ${partition} yet: ${reason}`, {
    hint: 'It is tried again. End that transaction if it should not be open.',
  });
}
