import type pg from 'pg';
import type { Config, SealConfig, SourceConfig, StoreConfig } from '../config/config.ts';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import { timeText } from '../pg/time-text.ts';
import { readSigningKey } from '../seal/signing-key.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { assertMigrated, storeMigrations } from '../pg/migrate.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import { MIN_VERSION, readServerVersion } from '../pg/server-version.ts';
import { connect } from './connection.ts';
import { attributionCheck, type AttributionShare } from './checks/attribution-checks.ts';
import { ok, problem, type Check, type Finding } from './checks/check.ts';
import {
  applicationCheck,
  capacityCheck,
  clockCheck,
  installCheck,
  replicationCheck,
  versionCheck,
  walBoundCheck,
  walLevelCheck,
} from './checks/server-checks.ts';
import { diskCheck, sourceDiskCheck } from './checks/disk-checks.ts';
import { gapCheck, type GapsFound } from './checks/gap-checks.ts';
import { readOutboxIdentity } from '../capture/outbox/identity.ts';
import { historyCheck, outboxCheck, readOutboxSize } from './checks/outbox-checks.ts';
import { retentionCheck, slotCheck } from './checks/slot-checks.ts';
import { revertChecks } from './checks/revert-checks.ts';
import { ruleChecks } from './checks/rule-checks.ts';
import { sealCheck, type SealsFound } from './checks/seal-checks.ts';
import { partitionCheck, storeSchemaCheck } from './checks/store-checks.ts';
import { tableChecks, walVolumeChecks, type TableSize } from './checks/table-checks.ts';
import { readDisk } from './disk.ts';
import { asProblem } from './preflight.ts';
import { readRuleFaults } from './rule-record.ts';
import { probeReplication } from './replication-probe.ts';
import { readRevertRole } from './revert-role.ts';
import type { StoredCheckpoint } from './slot-plan.ts';
import { readSourceState } from './source-state.ts';
import { readDatabaseIdentity, readStoreState, readStoredCheckpoint } from './store-state.ts';
import { planTables, type TablePlan } from './tables.ts';

/**
 * Every prerequisite of every source and of the store, with the rights of the daemon's own roles. Changes
 * nothing and never throws for what it finds: what cannot be looked at is a problem in the list.
 */
export async function runChecks(config: Config): Promise<Check[]> {
  const store = await openStore(config.store);
  try {
    const storeChecks =
      store.client === null ? [] : await guarded('store', config.store.url, () => checkStore(store.client, config));
    const checks: Check[] = [store.finding, ...storeChecks].map((finding) => ({ source: null, ...finding }));
    for (const source of config.sources) {
      const findings = await guarded(`source ${source.name}`, source.url, () =>
        checkSource(source, config.store, store.client),
      );
      checks.push(...findings.map((finding) => ({ source: source.name, ...finding })));
    }
    return checks;
  } finally {
    await store.client?.end().catch(() => {});
  }
}

interface OpenStore {
  readonly client: pg.Client | null;
  readonly finding: Finding;
}

async function openStore(store: StoreConfig): Promise<OpenStore> {
  try {
    return {
      client: await connect(store.url, 'check', 'store'),
      finding: ok('store-connection', 'the store can be reached'),
    };
  } catch (error) {
    return { client: null, finding: unreachable('store-connection', error) };
  }
}

async function checkStore(client: pg.Client | null, { store, seal }: Config): Promise<Finding[]> {
  if (client === null) return [];
  const state = await readStoreState(client, store.schema);
  if (state.version < MIN_VERSION) return [versionCheck(state.version, state.versionText)];
  const behind = state.schema === 'ours' && state.mayUseSchema && (await isBehind(client, store));
  const schema = storeSchemaCheck(state, store, behind);
  const findings = [
    versionCheck(state.version, state.versionText),
    clockCheck(await readClockSkew(client)),
    diskCheck(await readDisk(client)),
    schema,
  ];
  if (schema.status !== 'ok') return findings;
  const partitions = partitionCheck(await readPartitionReach(client, store), store);
  return [...findings, partitions, sealCheck(await readSeals(client, store), seal, await keyFaultOf(seal))];
}

async function checkSource(
  source: SourceConfig,
  store: StoreConfig,
  storeClient: pg.Client | null,
): Promise<Finding[]> {
  let client: pg.Client;
  try {
    client = await connect(source.url, 'check', 'source');
  } catch (error) {
    return [unreachable('connection', error)];
  }
  try {
    const version = await readServerVersion(client);
    const findings = [ok('connection', 'the source can be reached'), versionCheck(version.number, version.text)];
    if (version.number < MIN_VERSION) return findings;
    return [...findings, ...(await checkReachableSource(client, source, store, storeClient))];
  } finally {
    await client.end().catch(() => {});
  }
}

async function checkReachableSource(
  client: pg.Client,
  source: SourceConfig,
  store: StoreConfig,
  storeClient: pg.Client | null,
): Promise<Finding[]> {
  const state = await readSourceState(client, source);
  const plan = planTables(state.tables, source, state);
  const checkpoint = await readCheckpointOrNull(storeClient, store, source);
  // After the checkpoint: a daemon at work moves both, and the source must be found ahead.
  const identity = source.capture === 'trigger' ? readOutboxIdentity(client) : probeReplication(source.url);
  const probe = await identity.then(
    (system) => ({ system, failure: null }),
    (error: unknown) => ({ system: null, failure: asProblem(error) }),
  );
  const gaps = checkpoint === null || storeClient === null ? null : await readGaps(storeClient, store, checkpoint);
  const shares = checkpoint === null || storeClient === null ? [] : await readShares(storeClient, store, checkpoint);
  const attribution = attributionCheck(shares, `the last ${ATTRIBUTION_WINDOW}`);
  const common = [
    applicationCheck(state),
    ...(attribution === null ? [] : [attribution]),
    installCheck(state, source),
    ...(gaps === null ? [] : [gapCheck(gaps, source)]),
  ];
  if (source.capture === 'trigger') {
    return [
      clockCheck(await readClockSkew(client)),
      diskCheck(await readDisk(client)),
      ...common,
      historyCheck(probe.system, checkpoint, state.hasOutbox),
      outboxCheck(state.hasOutbox ? await readOutboxSize(client) : null, source),
      ...tableChecks(state, plan, source),
      ...(await checkReverts(client, plan, source, store, storeClient)),
    ];
  }
  const retention = retentionCheck(state);
  return [
    clockCheck(await readClockSkew(client)),
    walLevelCheck(state),
    replicationCheck(probe.system, probe.failure),
    capacityCheck(state),
    walBoundCheck(state, source),
    sourceDiskCheck(await readDisk(client), state),
    ...common,
    ...(storeClient === null ? [] : [slotCheck(state, source, probe.system, checkpoint)]),
    ...(retention === null ? [] : [retention]),
    ...tableChecks(state, plan, source),
    ...ruleChecks(await readRuleFaults(client, gaps === null ? null : storeClient, source, store), plan, source),
    ...walVolumeChecks(
      plan,
      await readTableSizes(
        client,
        plan.tracked.flatMap(({ members }) => members.map(({ oid }) => oid)),
      ),
    ),
    ...(await checkReverts(client, plan, source, store, storeClient)),
  ];
}

/** The role of `revert.url`, looked at through its own connection. */
async function checkReverts(
  client: pg.Client,
  plan: TablePlan,
  source: SourceConfig,
  store: StoreConfig,
  storeClient: pg.Client | null,
): Promise<Finding[]> {
  if (source.revert === null) return [ok('revert-role', 'reverts are off: there is no `revert.url`')];
  let revert: pg.Client;
  try {
    revert = await connect(source.revert.url, 'check', 'source for reverts');
  } catch (error) {
    return [unreachable('revert-connection', error)];
  }
  try {
    const identity = await readDatabaseIdentity(client);
    const isStore = storeClient !== null && (await readDatabaseIdentity(storeClient)) === identity;
    const roots = plan.tracked.map(({ root }) => root.oid);
    return revertChecks(await readRevertRole(revert, roots, isStore ? store.schema : null), identity);
  } finally {
    await revert.end().catch(() => {});
  }
}

/** A store that cannot answer is a finding of its own. */
async function readCheckpointOrNull(
  client: pg.Client | null,
  store: StoreConfig,
  source: SourceConfig,
): Promise<StoredCheckpoint | null> {
  if (client === null) return null;
  try {
    return await readStoredCheckpoint(client, store.schema, source.name);
  } catch (error) {
    if (codeOf(error) === '42501') return null;
    throw error;
  }
}

/** Null where the store is behind this version: a problem of its own. */
async function readGaps(
  client: pg.Client,
  store: StoreConfig,
  checkpoint: StoredCheckpoint,
): Promise<GapsFound | null> {
  if (await isBehind(client, store)) return null;
  const s = quoteIdentifier(store.schema);
  const result = await client.query<{ closed: number; latest: string | null }>(
    `select count(*) filter (where to_time is not null or relation_id is not null)::integer as closed,
       to_char(max(to_time) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') as latest
     from ${s}.gaps where source_id = $1`,
    [checkpoint.sourceId],
  );
  return { closed: result.rows[0]?.closed ?? 0, latest: result.rows[0]?.latest ?? null, open: checkpoint.openGap };
}

const ATTRIBUTION_WINDOW = '24 hours';
/** The latest contexts that are looked at, so that a busy source's check stays quick. */
const MAX_CONTEXTS = 100_000;

/** Whose entries say who they were for, by application; of the window's latest contexts. */
async function readShares(
  client: pg.Client,
  store: StoreConfig,
  checkpoint: StoredCheckpoint,
): Promise<AttributionShare[]> {
  if (await isBehind(client, store)) return [];
  const s = quoteIdentifier(store.schema);
  const result = await client.query<{
    application: string | null;
    entries: string;
    unclaimed: string;
    unknown: string;
  }>(
    `select c.application, sum(c.entries) as entries,
       coalesce(sum(c.entries) filter (where c.attribution in ('database', 'unknown')), 0) as unclaimed,
       coalesce(sum(c.entries) filter (where c.attribution = 'unknown'), 0) as unknown
     from (
       select case when c.attribution <> 'unknown' then coalesce(nullif(c.application_name, ''), '(no name)') end as application,
         c.attribution, c.last_id - c.id + 1 as entries
       from ${s}.contexts c
       where c.source_id = $1 and c.id >= ${s}.id_at(now() - $2::interval)
         -- Nobody wrote what a baseline found.
         and not exists (select from ${s}.entries e where e.id = c.id and e.action = 'baseline')
       order by c.id desc limit $3) c
     group by c.application`,
    [checkpoint.sourceId, ATTRIBUTION_WINDOW, MAX_CONTEXTS],
  );
  return result.rows.map(({ application, entries, unclaimed, unknown }) => ({
    application,
    entries: Number(entries),
    unclaimed: Number(unclaimed),
    unknown: Number(unknown),
  }));
}

/** Rows and out-of-line bytes by the planner's estimates: pg_class alone, no file is looked at. */
async function readTableSizes(client: pg.ClientBase, oids: readonly number[]): Promise<TableSize[]> {
  const result = await client.query<{ oid: number; rows: string; toast_bytes: string }>(
    `select c.oid, c.reltuples::bigint as rows,
       coalesce(t.relpages::bigint, 0) * current_setting('block_size')::bigint as toast_bytes
     from pg_class c left join pg_class t on t.oid = c.reltoastrelid where c.oid = any ($1::oid[]) and c.relkind = 'r'`,
    [oids],
  );
  return result.rows.map((row) => ({ oid: row.oid, rows: Number(row.rows), toastBytes: Number(row.toast_bytes) }));
}

async function readClockSkew(client: pg.ClientBase): Promise<number> {
  const before = Date.now();
  const result = await client.query<{ now: string }>('select extract(epoch from clock_timestamp()) * 1000 as now');
  return Number(result.rows[0]?.now) - (before + Date.now()) / 2;
}

async function isBehind(client: pg.Client, store: StoreConfig): Promise<boolean> {
  try {
    await assertMigrated(client, store.schema, await storeMigrations());
    return false;
  } catch (error) {
    if (error instanceof RowtrailError && error.code === 'RT_STORE_MISSING') return true;
    throw error;
  }
}

async function readPartitionReach(
  client: pg.ClientBase,
  store: StoreConfig,
): Promise<{ nowSeconds: number; untilSeconds: number | null }> {
  const s = quoteIdentifier(store.schema);
  const result = await client.query<{ now: string; until: string | null }>(
    `select extract(epoch from clock_timestamp()) as now,
       extract(epoch from ${s}.time_of_id(max(upper(obj_description(i.inhrelid, 'pg_class')::int8range)))) as until
     from pg_inherits i where i.inhparent = $1::regclass`,
    [`${s}.entries`],
  );
  const row = result.rows[0];
  return {
    nowSeconds: Number(row?.now),
    untilSeconds: row === undefined || row.until === null ? null : Number(row.until),
  };
}

async function readSeals(client: pg.ClientBase, store: StoreConfig): Promise<SealsFound> {
  const s = quoteIdentifier(store.schema);
  const result = await client.query(
    `select h.number::text, ${timeText('h.sealed_at')} as sealed_at, h.key_id, v.outcome, v.problem,
       (select extract(epoch from clock_timestamp() - ${s}.time_of_id(e.id)) from ${s}.entries e
        where e.id > coalesce(h.last_id, 0) order by e.id limit 1) as unsealed
     from (select 1) one
     left join (select * from ${s}.seals order by number desc limit 1) h on true
     left join (select * from ${s}.verifications order by id desc limit 1) v on true`,
  );
  const { number, sealed_at: sealedAt, key_id: keyId, outcome, problem: found, unsealed } = result.rows[0];
  return {
    head: number === null ? null : { number, sealedAt, keyId },
    unsealedSeconds: unsealed === null ? null : Number(unsealed),
    mismatch: outcome === 'mismatch' ? found : null,
  };
}

async function keyFaultOf({ keyFile }: SealConfig): Promise<string | null> {
  if (keyFile === null) return null;
  return readSigningKey(keyFile).then(
    () => null,
    (error: unknown) => messageOf(error),
  );
}

function unreachable(name: string, error: unknown): Finding {
  const { message, fix } = asProblem(error);
  return problem(name, message, fix);
}

/** What goes wrong while looking is told beside what was seen elsewhere. */
async function guarded(what: string, url: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const explained = explainDatabaseError(error, what, url);
    return [problem('look', explained.message, explained.hint ?? messageOf(explained.cause))];
  }
}
