import type pg from 'pg';
import { counted } from '../lib/counted.ts';
import { RowtrailError } from '../lib/errors.ts';

/** Who holds what the writing of entries waits for. */
interface LockWait {
  readonly seconds: number;
  readonly table: string | null;
  readonly holder: number;
  readonly application: string | null;
  readonly role: string | null;
}

/**
 * Looks whether one of the store's backends `pids` has waited for another session's lock for `afterMs`. Null: none has.
 * Rejects with what the database says.
 */
export async function findLockWait(
  db: pg.ClientBase | pg.Pool,
  pids: readonly number[],
  afterMs: number,
): Promise<RowtrailError | null> {
  const found = await db.query<LockWait>(
    `with recursive waiting as (
       select l.pid, l.waitstart, case when l.locktype = 'relation' then l.relation end as relation
       from pg_catalog.pg_locks l
       where not l.granted and l.pid = any ($1) and l.waitstart < clock_timestamp() - $2 * interval '1 millisecond'
       order by l.waitstart limit 1
     ), blocking as (
       select b.pid from waiting w cross join unnest(pg_catalog.pg_blocking_pids(w.pid)) b(pid)
       union
       select b.pid from blocking o cross join unnest(pg_catalog.pg_blocking_pids(o.pid)) b(pid)
     )
     select round(extract(epoch from clock_timestamp() - w.waitstart))::integer as seconds,
       (select c.relname from pg_catalog.pg_class c where c.oid = w.relation) as table,
       b.pid as holder, a.application_name as application, a.usename as role
     from waiting w
     -- Others may wait in the same line: whoever waits for nobody is the one that holds it up.
     join blocking b on cardinality(pg_catalog.pg_blocking_pids(b.pid)) = 0 and b.pid <> all ($1)
     left join pg_catalog.pg_stat_activity a on a.pid = b.pid
     limit 1`,
    [pids, afterMs],
  );
  const [wait] = found.rows;
  if (wait === undefined) return null;
  const who = [wait.application, wait.role].filter((each) => each !== null && each !== '').join(', ');
  const what = wait.table === null ? 'a row' : `the table ${wait.table}`;
  return new RowtrailError(
    'RT_STORE_LOCKED',
    `writing to the store has waited ${counted(wait.seconds, 'second')} for a lock on ${what}, which process ${wait.holder}${who === '' ? '' : ` (${who})`} of the store holds`,
    {
      hint: `Nothing is lost meanwhile: the source keeps what is to come. End that transaction: select pg_terminate_backend(${wait.holder}).`,
    },
  );
}
