import type pg from 'pg';
import { readSlot } from '../capture/wal/slot.ts';
import type { Config, SourceConfig, StoreConfig } from '../config/config.ts';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import { connect } from './connection.ts';
import { lockSetup } from './setup-lock.ts';
import { readSourceState, type SourceState } from './source-state.ts';
import { STEP_LIMITS, StepRunner, type StepLimits } from './step-runner.ts';
import { untrackStep } from './steps.ts';
import { LOOK_AWAY } from './source-sql.ts';
import { readStoreState } from './store-state.ts';
import { counted } from '../lib/counted.ts';

export interface TeardownOptions {
  /** Also drop the store's schema with all history in it. */
  readonly dropHistory: boolean;
  readonly print: (line: string) => void;
  readonly log: Log;
  readonly limits?: Partial<StepLimits>;
}

/**
 * Removes everything that setup put on the sources, also where only a part of it is there: slot, publication,
 * triggers, schema rowtrail; tables get back the replica identity they had. Can be run again after a failure.
 * Throws RT_SLOT_BUSY, before anything is touched, while a daemon reads the slot.
 */
export async function teardown(config: Config, options: TeardownOptions): Promise<void> {
  for (const source of config.sources) await teardownSource(source, options);
  if (options.dropHistory) await dropHistory(config.store, options);
  else {
    await endBlocks(config, options);
    options.print(`The history stays, in schema ${config.store.schema} of the store. \`--drop-history\` removes it.`);
  }
}

/**
 * dependent_objects_still_exist, insufficient_privilege; undefined_object and internal_error ("tuple concurrently
 * updated"): another database's teardown or setup is at the role right now.
 */
const ROLE_STAYS = new Set(['2BP01', '42501', '42704', 'XX000']);

async function teardownSource(source: SourceConfig, options: TeardownOptions): Promise<void> {
  const url = source.adminUrl ?? source.url;
  const admin = await connect(url, 'teardown', source.adminUrl === null ? 'source' : 'source, as admin');
  try {
    await lockSetup(admin, source.name);
    const state = await readSourceState(admin, source);
    const mine = await assertRemovable(admin, state, source);
    await admin.query(LOOK_AWAY);
    // First of all: a slot without a reader fills the disk.
    if (mine.slot) await dropSlot(admin, source, options);
    await untrackTables(admin, state, source, options);
    await dropPublication(admin, state, source, options);
    await dropSchema(admin, state, options);
    await dropOwnerRole(admin, options);
  } catch (error) {
    throw explainDatabaseError(error, `source ${source.name}`, url);
  } finally {
    await admin.end().catch(() => {});
  }
}

/** Throws before anything is touched. Says whether the slot of that name is one that setup made. */
async function assertRemovable(
  admin: pg.ClientBase,
  state: SourceState,
  source: SourceConfig,
): Promise<{ slot: boolean }> {
  if (state.rowtrailSchema === 'ours' && !state.mayChangeRowtrailSchema) {
    throw new RowtrailError('RT_PRIVILEGE', `the schema rowtrail belongs to another role than ${state.role}`, {
      hint: `Run teardown as the role that ran setup, by \`admin.url\` of source ${source.name}.`,
    });
  }
  if (state.install !== null && state.install.slot !== source.slot) {
    throw new RowtrailError(
      'RT_CONFIG',
      `source ${source.name} was set up with slot ${state.install.slot} and publication ${state.install.publication}, the configuration says ${source.slot} and ${source.publication}`,
      { hint: 'Put those names into the configuration: otherwise that slot would stay and fill the disk.' },
    );
  }
  if (state.hasOutbox) await assertNoReader(admin);
  const { slot } = state;
  if (slot === null || slot.plugin !== 'pgoutput' || slot.database !== state.database) return { slot: false };
  if (slot.activePid !== null) throw await slotBusy(admin, slot.name, slot.activePid);
  return { slot: true };
}

/** The lock is left with the connection: a daemon that starts meanwhile stands by. */
async function assertNoReader(admin: pg.ClientBase): Promise<void> {
  const locked = await admin.query<{ locked: boolean }>(
    "select pg_try_advisory_lock(hashtext('rowtrail.outbox'), 0) as locked",
  );
  if (locked.rows[0]?.locked === true) return;
  throw new RowtrailError('RT_SLOT_BUSY', 'a daemon reads the outbox', {
    hint: 'Stop the daemon (`rowtrail run`), then run `rowtrail teardown` again. Nothing was changed.',
  });
}

async function slotBusy(admin: pg.ClientBase, slot: string, pid: number): Promise<RowtrailError> {
  const result = await admin.query<{ who: string }>(
    "select format('%s from %s', application_name, coalesce(host(client_addr), 'this machine')) as who from pg_stat_activity where pid = $1",
    [pid],
  );
  const who = result.rows[0]?.who;
  return new RowtrailError(
    'RT_SLOT_BUSY',
    `the slot ${slot} is in use by process ${pid}${who === undefined ? '' : ` (${who})`}`,
    {
      hint: 'Stop the daemon (`rowtrail run`) that reads it, then run `rowtrail teardown` again. Nothing was changed.',
    },
  );
}

/** Dropping takes the REPLICATION right, which the daemon's role has and an admin may lack. */
async function dropSlot(admin: pg.Client, source: SourceConfig, options: TeardownOptions): Promise<void> {
  const drop = (client: pg.ClientBase): Promise<unknown> =>
    client.query('select pg_drop_replication_slot($1)', [source.slot]);
  try {
    await drop(admin);
  } catch (error) {
    if (codeOf(error) === '55006') {
      const slot = await readSlot(admin, source.slot);
      throw await slotBusy(admin, source.slot, slot?.activePid ?? 0);
    }
    if (codeOf(error) !== '42501' || source.adminUrl === null) throw error;
    const daemon = await connect(source.url, 'teardown', 'source');
    try {
      await drop(daemon);
    } finally {
      await daemon.end().catch(() => {});
    }
  }
  options.print(`Removed the slot ${source.slot}.`);
}

async function untrackTables(
  admin: pg.ClientBase,
  state: SourceState,
  source: SourceConfig,
  options: TeardownOptions,
): Promise<void> {
  const triggered = await admin.query<{ oid: number }>(
    `select distinct t.tgrelid as oid from pg_trigger t join pg_proc p on p.oid = t.tgfoid
       join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'rowtrail' and p.proname in ('context_trigger', 'context_after', 'truncate_trigger', 'capture', 'capture_row')`,
  );
  const withTriggers = new Set(triggered.rows.map(({ oid }) => oid));
  const tables = state.tables.filter((row) => row.recorded !== null || row.published || withTriggers.has(row.oid));
  const runner = new StepRunner(admin, { ...STEP_LIMITS, ...options.limits }, options.log);
  for (const row of tables) await runner.run(untrackStep(row, source.publication));
  if (tables.length > 0)
    options.print(
      `Removed the triggers of ${counted(tables.length, 'table')}, partitions included, and put back their replica identity.`,
    );
}

async function dropPublication(
  admin: pg.ClientBase,
  state: SourceState,
  source: SourceConfig,
  options: TeardownOptions,
): Promise<void> {
  const { publication } = state;
  // One for all tables or a schema was never ours; what setup makes names its tables.
  if (publication === null || publication.allTables || publication.schemas.length > 0) return;
  await admin.query(`drop publication if exists ${quoteIdentifier(source.publication)}`);
  options.print(`Removed the publication ${source.publication}.`);
}

async function dropSchema(admin: pg.ClientBase, state: SourceState, options: TeardownOptions): Promise<void> {
  if (state.rowtrailSchema !== 'ours') return;
  await admin.query('drop schema rowtrail cascade');
  options.print('Removed the schema rowtrail.');
}

/** The role is the cluster's: it stays while another database's installation uses it, or where we may not drop it. */
async function dropOwnerRole(admin: pg.ClientBase, options: TeardownOptions): Promise<void> {
  const found = await admin.query("select from pg_roles where rolname = 'rowtrail_owner'");
  if (found.rowCount === 0) return;
  await admin.query('begin');
  try {
    await admin.query('drop owned by rowtrail_owner');
    await admin.query('drop role rowtrail_owner');
    await admin.query('commit');
    options.print('Removed the role rowtrail_owner.');
  } catch (error) {
    await admin.query('rollback').catch(() => {});
    if (!ROLE_STAYS.has(codeOf(error) ?? '')) throw error;
    options.print('The role rowtrail_owner stays: another database uses it, or this role may not drop it.');
  }
}

/**
 * Ids that a daemon which was killed had reserved: nobody will use them now, and readers that go upwards, seals among
 * them, would wait for them for ever. (Of one that still runs, the flushes fail.) The store need not be there for a teardown.
 */
async function endBlocks({ store, sources }: Config, options: TeardownOptions): Promise<void> {
  try {
    const client = await connect(store.url, 'teardown', 'store');
    try {
      if ((await readStoreState(client, store.schema)).schema !== 'ours') return;
      const s = quoteIdentifier(store.schema);
      await client.query(
        `delete from ${s}.flushes f using ${s}.sources o where o.id = f.source_id and o.name = any ($1)`,
        [sources.map(({ name }) => name)],
      );
    } finally {
      await client.end().catch(() => {});
    }
  } catch (error) {
    options.print(`What a killed daemon left open in the store stays so: ${messageOf(error)}`);
  }
}

async function dropHistory(store: StoreConfig, options: TeardownOptions): Promise<void> {
  const client = await connect(store.url, 'teardown', 'store');
  try {
    const state = await readStoreState(client, store.schema);
    if (state.schema !== 'ours') {
      options.print(`There is no history in schema ${store.schema} of the store.`);
      return;
    }
    await client.query(`drop schema ${quoteIdentifier(store.schema)} cascade`);
    options.print(`Removed the history: schema ${store.schema} of the store.`);
  } catch (error) {
    throw explainDatabaseError(error, 'store', store.url);
  } finally {
    await client.end().catch(() => {});
  }
}
