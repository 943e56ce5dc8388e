import type { Config, SourceConfig, StoreConfig } from '../config/config.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { quoteIdentifier, quoteLiteral } from '../pg/identifier.ts';
import { formatLsn } from '../pg/lsn.ts';
import { migrate, storeMigrations } from '../pg/migrate.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import { requestBaselines } from './baseline-request.ts';
import { problemsError } from './preflight.ts';
import { planSource, type SourcePlan } from './plan.ts';
import { recordRules } from './rule-record.ts';
import { setupScript } from './script.ts';
import { lockSetup } from './setup-lock.ts';
import { createSlot } from './slot-create.ts';
import { adoptedLsn, planOutbox, planSlot, type SlotPlan } from './slot-plan.ts';
import { STEP_LIMITS, StepRunner, type StepLimits } from './step-runner.ts';
import { beginHistory, PARTITIONS_AHEAD, recordChanges, removalStatement, restartHistory } from './store-sql.ts';
import { openConnections, survey, type Connections, type Survey } from './survey.ts';
import { tableLabel } from './tables.ts';
import { counted } from '../lib/counted.ts';

export interface SetupOptions {
  /** Print the SQL instead of running it. */
  readonly dryRun: boolean;
  /** Ask for the baselines of all tracked tables: whoever captures makes them. */
  readonly baseline?: boolean;
  /** A line (or, dry, the script) for standard output. */
  readonly print: (line: string) => void;
  readonly log: Log;
  readonly limits?: Partial<SetupLimits>;
}

export interface SetupLimits extends StepLimits {
  /** A new slot waits for every open writing transaction; this long at most. */
  readonly slotTimeoutMs: number;
}

/** What a setup did to one source. */
export interface SetupResult {
  readonly source: string;
  /** `schema.table`. */
  readonly tracked: readonly string[];
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
  readonly slot: SlotPlan['kind'];
  /** How many things had to be changed on the source's tables, publication and schema. */
  readonly steps: number;
}

const LIMITS: SetupLimits = { ...STEP_LIMITS, slotTimeoutMs: 120_000 };
/**
 * Installs Rowtrail on every source and in the store. Safe to run again: it does what is still to be done, takes
 * out tables that are no longer wanted, and starts a new epoch (with a gap on record) where the slot is gone.
 * Looks first, and refuses with everything that is wrong before it touches anything. When a step fails, what
 * this run changed is put back. Throws RowtrailError.
 */
export async function setup(config: Config, options: SetupOptions): Promise<SetupResult[]> {
  const results: SetupResult[] = [];
  for (const source of config.sources) results.push(await setupSource(source, config.store, options));
  return results;
}

async function setupSource(source: SourceConfig, store: StoreConfig, options: SetupOptions): Promise<SetupResult> {
  await using connections = await openConnections(source, store);
  try {
    const first = await survey(connections, source, store);
    if (options.dryRun) return await dryRun(first, source, store, options);
    // Before the lock: through a pooler it would be taken in a session that is not ours and stays.
    assertReady(first, source);
    await lockSetup(connections.admin, source.name);
    const found = await survey(connections, source, store);
    const slotPlan = assertReady(found, source);
    const plan = await planSource(found, source);
    report(found, plan, options);
    await installAll({ connections, found, plan, slotPlan, source, store, options });
    const by = source.capture === 'trigger' ? 'captured by triggers' : `slot ${source.slot}`;
    options.print(`Set up ${source.name}: ${counted(found.plan.tracked.length, 'table')}, ${by}.`);
    return result(found, plan, slotPlan, source);
  } catch (error) {
    throw explainDatabaseError(error, `source ${source.name}`, source.adminUrl ?? source.url);
  }
}

async function dryRun(
  found: Survey,
  source: SourceConfig,
  store: StoreConfig,
  options: SetupOptions,
): Promise<SetupResult> {
  const plan = await planSource(found, source);
  const slotPlan = decideSlot(found, source);
  options.print(setupScript({ found, plan, slotPlan, source, store }));
  return result(found, plan, slotPlan, source);
}

function decideSlot(found: Survey, source: SourceConfig): SlotPlan {
  if (source.capture === 'trigger') {
    return found.system === null ? { kind: 'keep' } : planOutbox(found.system, found.checkpoint, found.state.hasOutbox);
  }
  if (found.system === null) return found.state.slot === null ? { kind: 'create', slot: 'new' } : { kind: 'keep' };
  return planSlot({
    name: source.slot,
    slot: found.state.slot,
    system: found.system,
    checkpoint: found.checkpoint,
    publicationExists: found.state.publication !== null,
  });
}

function assertReady(found: Survey, source: SourceConfig): SlotPlan {
  if (found.problems.length > 0) throw problemsError(found.problems, source.name);
  return decideSlot(found, source);
}

function report(found: Survey, plan: SourcePlan, options: SetupOptions): void {
  for (const { root, notes } of found.plan.tracked) {
    for (const note of notes) options.print(`Note: ${tableLabel(root)}: ${note}.`);
  }
  for (const { table, reason } of found.plan.skipped) options.print(`Skipped: ${tableLabel(table)}: ${reason}.`);
  for (const pattern of found.plan.unmatched) options.print(`Note: no table matches ${pattern} yet.`);
  for (const row of plan.removed) options.print(`No longer tracked: ${tableLabel(row)}.`);
}

interface Installation {
  readonly connections: Connections;
  readonly found: Survey;
  readonly plan: SourcePlan;
  readonly slotPlan: SlotPlan;
  readonly source: SourceConfig;
  readonly store: StoreConfig;
  readonly options: SetupOptions;
}

async function installAll(installation: Installation): Promise<void> {
  const { connections, plan, source, store, options } = installation;
  const limits = { ...LIMITS, ...options.limits };
  const runner = new StepRunner(connections.admin, limits, options.log);
  const undoStore = { run: async (): Promise<void> => {} };
  let newSlot = false;
  try {
    undoStore.run = await installStore(installation);
    await recordDrift(installation);
    for (const step of plan.steps) {
      options.log.debug({ step: step.title }, 'setup');
      await runner.run(step);
    }
    const lsn = await prepareSlot(installation, limits, () => {
      newSlot = true;
    });
    if (lsn !== null) await writeHistory(installation, lsn);
    await recordRemoval(installation);
    await recordMasks(installation);
    if (options.baseline === true) await requestBaselines(connections.admin, connections.store, source, store);
  } catch (error) {
    const left = await putBack(connections, source.slot, newSlot, runner, undoStore.run);
    throw failed(error, source, store, left);
  }
}

/** The store first: nothing points at it yet, so that is the easiest to put back. Returns how. */
async function installStore({
  connections,
  found,
  source,
  store,
  options,
}: Installation): Promise<() => Promise<void>> {
  const s = quoteIdentifier(store.schema);
  const isNew = found.store.schema === 'absent';
  const undo = async (): Promise<void> => {
    if (isNew) await connections.store.query(`drop schema if exists ${s} cascade`);
  };
  try {
    if (isNew && !found.store.mayCreateSchema) {
      await connections.admin.query(`create schema ${s} authorization ${quoteIdentifier(found.store.role)}`);
    }
    const ran = await migrate(connections.store, store.schema, await storeMigrations());
    if (ran.length > 0) options.log.info({ schema: store.schema, migrations: ran }, 'store migrated');
    await connections.store.query(`select ${s}.ensure_partitions($1, $2)`, [store.partition, PARTITIONS_AHEAD]);
    return undo;
  } catch (error) {
    await undo().catch(() => {});
    throw explainDatabaseError(error, `the store of source ${source.name}`, store.url);
  }
}

/** What was lost meanwhile goes on record before the steps forget the tables that are gone. */
async function recordDrift({ connections, found, source, store, options }: Installation): Promise<void> {
  if (found.drift === null || found.checkpoint === null) return;
  const { changes, at } = found.drift;
  const recorded = await connections.store.query(recordChanges(store.schema, source.name, changes, at));
  const added = recorded.rows[0]?.added ?? 0;
  if (added === 0) return;
  options.print(
    `GAP: not all was covered since the last setup: ${counted(added, 'gap')} went on record (\`rowtrail status\`).`,
  );
}

/** Tables that are taken out are not captured from here: a gap, until they are tracked again. */
async function recordRemoval({ connections, found, plan, source, store }: Installation): Promise<void> {
  const statement = removalStatement(found, plan, source, store);
  if (statement !== null) await connections.store.query(statement);
}

async function recordMasks({ connections, source, store, options }: Installation): Promise<void> {
  for (const { message, fix } of await recordRules(connections.admin, connections.store, source, store)) {
    options.print(`Note: ${message}. ${fix}`);
  }
}

/** Slot and its first position as SQL; null: both are there and stay. */
async function prepareSlot(
  { connections, slotPlan, found, source, options }: Installation,
  limits: SetupLimits,
  onCreated: () => void,
): Promise<string | null> {
  if (source.capture === 'trigger') await dropWalSlot(connections, found, source, options);
  if (slotPlan.kind === 'keep') return null;
  if (slotPlan.slot === 'none') return quoteLiteral(FIRST_POSITION);
  if (slotPlan.slot === 'adopt') {
    const lsn = found.system === null ? null : adoptedLsn(found.state.slot, found.system, found.checkpoint);
    if (lsn === null) throw new RowtrailError('RT_INTERNAL', `the slot ${source.slot} has no confirmed position`);
    return quoteLiteral(formatLsn(lsn));
  }
  if (slotPlan.slot === 'replace') await connections.daemon.query('select pg_drop_replication_slot($1)', [source.slot]);
  const lsn = await createSlot(connections.daemon, connections.admin, source.slot, limits.slotTimeoutMs, options.log);
  onCreated();
  return quoteLiteral(lsn);
}

/** With trigger capture, how many transactions came before, and one. */
const FIRST_POSITION = '0/1';

/** One that no one reads any more would fill the disk. Only one that an installation of ours names. */
async function dropWalSlot(
  connections: Connections,
  found: Survey,
  source: SourceConfig,
  options: SetupOptions,
): Promise<void> {
  const { slot, install, database } = found.state;
  if (slot === null || install?.slot !== slot.name || slot.plugin !== 'pgoutput' || slot.database !== database) return;
  if (slot.activePid !== null) {
    throw new RowtrailError('RT_SLOT_BUSY', `the slot ${slot.name} is in use by process ${slot.activePid}`, {
      hint: 'Stop the daemon that reads it, then run `rowtrail setup` again.',
    });
  }
  await connections.daemon
    .query('select pg_drop_replication_slot($1)', [source.slot])
    .catch(() => connections.admin.query('select pg_drop_replication_slot($1)', [source.slot]));
  options.print(`Removed the slot ${source.slot}, which trigger capture does not need.`);
}

async function writeHistory(
  { connections, found, slotPlan, source, store, options }: Installation,
  lsn: string,
): Promise<void> {
  if (found.system === null || slotPlan.kind === 'keep') return;
  const { capture, slot } = source;
  const start = { schema: store.schema, source: source.name, capture, slot, system: found.system, lsn };
  const restarts = slotPlan.kind === 'restart' && found.checkpoint !== null;
  const statements = restarts
    ? restartHistory(start, found.checkpoint, slotPlan.reason, slotPlan.why)
    : beginHistory(start);
  await connections.store.query('begin');
  try {
    for (const statement of statements) await connections.store.query(statement);
    await connections.store.query('commit');
  } catch (error) {
    await connections.store.query('rollback').catch(() => {});
    throw error;
  }
  if (!restarts) return;
  const to = lsn.replaceAll("'", ''); // a literal, for the statements
  options.log.warn(
    { source: source.name, reason: slotPlan.reason, from: formatLsn(found.checkpoint.endLsn), to },
    'gap recorded',
  );
  options.print(
    `GAP: ${slotPlan.why}. Changes of ${source.name} between ${formatLsn(found.checkpoint.endLsn)} and ${to} are not in the history. ` +
      `The gap is on record, and a new epoch (${found.checkpoint.epoch + 1}) begins.`,
  );
}

/** Everything this run made, last first. Returns what could not be put back. */
async function putBack(
  connections: Connections,
  slot: string,
  newSlot: boolean,
  runner: StepRunner,
  undoStore: () => Promise<void>,
): Promise<string[]> {
  const left: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      left.push(`${what}: ${messageOf(error)}`);
    }
  };
  if (newSlot) {
    await attempt(`slot ${slot}`, () => connections.daemon.query('select pg_drop_replication_slot($1)', [slot]));
  }
  left.push(...(await runner.undo()));
  await attempt('store schema', undoStore);
  return left;
}

function failed(error: unknown, source: SourceConfig, store: StoreConfig, left: readonly string[]): RowtrailError {
  const cause = explainDatabaseError(error, `source ${source.name}`, source.adminUrl ?? source.url);
  if (left.length > 0) {
    return new RowtrailError(
      'RT_SETUP_FAILED',
      `setup of source ${source.name} failed (${cause.message}), and could not put back everything`,
      {
        hint: `Left behind: ${left.join('; ')}. \`rowtrail teardown\` removes it (the store's schema ${store.schema} stays).`,
        cause,
      },
    );
  }
  // A lock that could not be had is worth its own code: trying again helps.
  const code = cause.code === 'RT_LOCK_TIMEOUT' ? cause.code : 'RT_SETUP_FAILED';
  return new RowtrailError(
    code,
    `setup of source ${source.name} failed and put back what it had changed: ${cause.message}`,
    {
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      cause,
    },
  );
}

function result(found: Survey, plan: SourcePlan, slotPlan: SlotPlan, source: SourceConfig): SetupResult {
  return {
    source: source.name,
    tracked: found.plan.tracked.map(({ root }) => tableLabel(root)),
    skipped: found.plan.skipped.map(({ table, reason }) => ({ table: tableLabel(table), reason })),
    slot: slotPlan.kind,
    steps: plan.steps.length,
  };
}
