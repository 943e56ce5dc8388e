import type pg from 'pg';
import { readSlot } from '../capture/wal/slot.ts';
import type { SourceConfig } from '../config/config.ts';
import { RowtrailError } from '../lib/errors.ts';
import { formatLsn } from '../pg/lsn.ts';
import { migrate, storeMigrations } from '../pg/migrate.ts';
import type { Bench } from './side-run.ts';

export const STORE_SCHEMA = 'audit';

/** A migrated store with a checkpoint at the slot's position: what `rowtrail setup` leaves behind. */
export async function prepareStore(store: pg.Client, source: pg.Client, config: SourceConfig): Promise<void> {
  await migrate(store, STORE_SCHEMA, await storeMigrations());
  const slot = await readSlot(source, config.slot);
  const start = slot?.confirmedFlushLsn ?? null;
  if (start === null) throw new RowtrailError('RT_SLOT_MISSING', `the slot ${config.slot} has no position`);
  await store.query(
    `with source as (insert into ${STORE_SCHEMA}.sources (name) values ($1) returning id)
     insert into ${STORE_SCHEMA}.checkpoints
       (source_id, epoch, capture, system_identifier, timeline, slot, end_lsn, acknowledged_lsn)
     select id, 1, 'wal', (pg_control_system()).system_identifier, (pg_control_checkpoint()).timeline_id, $2, $3, $3
     from source`,
    [config.name, config.slot, formatLsn(start)],
  );
}

/** Every change is an entry, once: else the figures are worth nothing. Throws RT_INTERNAL. */
export async function verifyStore(store: pg.Client, bench: Bench): Promise<void> {
  const { plan, context } = bench;
  const found = await store.query<Record<'creates' | 'updates' | 'deletes' | 'transactions' | 'claimed', string>>(
    `select count(*) filter (where action = 'create') as creates, count(*) filter (where action = 'update') as updates,
       count(*) filter (where action = 'delete') as deletes,
       (select count(*) from ${STORE_SCHEMA}.transactions) as transactions,
       (select count(*) from ${STORE_SCHEMA}.contexts where attribution = 'app') as claimed
     from ${STORE_SCHEMA}.entries`,
  );
  const expected = {
    creates: plan.inserts,
    updates: plan.updates,
    deletes: plan.deletes,
    transactions: plan.transactions,
    claimed: context ? plan.transactions : 0,
  };
  const wrong = Object.entries(expected).filter(([name, count]) => Number(found.rows[0]![name as 'creates']) !== count);
  if (wrong.length > 0) {
    const parts = wrong.map(([name, count]) => `${found.rows[0]![name as 'creates']} ${name} instead of ${count}`);
    throw new RowtrailError('RT_INTERNAL', `the store does not hold what was written: ${parts.join(', ')}`);
  }
}

/** Entries with their share of transactions and contexts, indexes included. */
export async function storeBytesPerEntry(store: pg.Client): Promise<number> {
  const found = await store.query<{ bytes: string; entries: string }>(
    `select sum(pg_total_relation_size(i.inhrelid)) as bytes, (select count(*) from ${STORE_SCHEMA}.entries) as entries
     from pg_catalog.pg_inherits i
     where i.inhparent in ('${STORE_SCHEMA}.entries'::regclass, '${STORE_SCHEMA}.transactions'::regclass,
       '${STORE_SCHEMA}.contexts'::regclass)`,
  );
  const { bytes, entries } = found.rows[0]!;
  return Number(bytes) / Number(entries);
}
