import type pg from 'pg';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { storeMigrations, type Migration } from '../pg/migrate.ts';
import { assertServerVersion } from '../pg/server-version.ts';
import { coverageDrift, readCoverage, type CoverageChange } from '../capture/wal/coverage.ts';
import { readOutboxIdentity } from '../capture/outbox/identity.ts';
import type { SystemIdentity } from '../capture/wal/system-identity.ts';
import { connect } from './connection.ts';
import {
  asProblem,
  elsewhereProblem,
  problemsError,
  sourceProblems,
  storeProblems,
  tableProblems,
  type Problem,
} from './preflight.ts';
import { probeReplication } from './replication-probe.ts';
import type { StoredCheckpoint } from './slot-plan.ts';
import { readSourceState, type SourceState } from './source-state.ts';
import { readDatabaseIdentity, readStoreState, readStoredCheckpoint, type StoreState } from './store-state.ts';
import { planTables, type TablePlan } from './tables.ts';

/** The connections of one setup: `admin` for the source's objects, `daemon` and `store` as the daemon will be. */
export interface Connections extends AsyncDisposable {
  readonly admin: pg.Client;
  readonly daemon: pg.Client;
  readonly store: pg.Client;
  /** As reverts will run; null: they are off. */
  readonly revert: pg.Client | null;
}

/** Everything that setup looked at before it changes anything. */
export interface Survey {
  readonly state: SourceState;
  readonly plan: TablePlan;
  readonly daemonRole: string;
  /** Null: reverts are off. */
  readonly revertRole: string | null;
  /** Null only beside a problem that says why. */
  readonly system: SystemIdentity | null;
  readonly store: StoreState;
  /** The store is in the source's own database. */
  readonly sameDatabase: boolean;
  readonly missingMigrations: readonly Migration[];
  readonly checkpoint: StoredCheckpoint | null;
  /** What was lost since the last setup or comparison, to be recorded before setup puts it right or forgets it. */
  readonly drift: { readonly at: string; readonly changes: readonly CoverageChange[] } | null;
  readonly problems: readonly Problem[];
}

/** Opens all connections, or throws one error that names every one that failed. */
export async function openConnections(source: SourceConfig, store: StoreConfig): Promise<Connections> {
  const adminUrl = source.adminUrl ?? source.url;
  const parts = new Map<string, string[]>();
  const say = (url: string, part: string): void => {
    parts.set(url, [...(parts.get(url) ?? []), part]);
  };
  say(source.url, 'source');
  if (source.adminUrl !== null) say(adminUrl, 'source as admin');
  say(store.url, 'store');
  const revertUrl = source.revert?.url ?? null;
  if (revertUrl !== null) say(revertUrl, 'source for reverts');
  // One URL under several names is told once if it fails.
  const open = (url: string): Promise<pg.Client> => connect(url, 'setup', (parts.get(url) ?? []).join(' and '));
  const urls = [adminUrl, source.url, store.url, ...(revertUrl === null ? [] : [revertUrl])];
  const attempts = await Promise.allSettled(urls.map(open));
  const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
  const [admin, daemon, storeClient, revert = null] = opened;
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((client) => client.end().catch(() => {})));
  };
  if (opened.length < attempts.length || admin === undefined || daemon === undefined || storeClient === undefined) {
    await close();
    const problems = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [asProblem(attempt.reason)] : []));
    throw problemsError(withoutRepeats(problems), source.name);
  }
  return { admin, daemon, store: storeClient, revert, [Symbol.asyncDispose]: close };
}

/** Looks at source and store; changes nothing. */
export async function survey(connections: Connections, source: SourceConfig, store: StoreConfig): Promise<Survey> {
  const { admin, daemon, store: storeClient } = connections;
  await assertServerVersion(admin, `source ${source.name}`, source.adminUrl ?? source.url);
  await assertServerVersion(storeClient, 'the store', store.url);
  const state = await readSourceState(admin, source);
  const plan = planTables(state.tables, source, {
    hasEventTriggers: state.hasEventTriggers || state.isSuperuser,
  });
  const storeState = await readStoreState(storeClient, store.schema);
  const sameDatabase = (await readDatabaseIdentity(admin)) === storeState.databaseIdentity;
  const adminHelps = sameDatabase && source.adminUrl !== null && state.mayCreateInDatabase;
  const checkpoint =
    storeState.schema === 'ours' && storeState.mayUseSchema
      ? await readStoredCheckpoint(storeClient, store.schema, source.name)
      : null;
  // After the checkpoint: a daemon at work moves both, and the source must be found ahead.
  const identity = source.capture === 'trigger' ? readOutboxIdentity(daemon) : probeReplication(source.url);
  const probe = await identity.then(
    (system) => ({ system, problems: [] }),
    (error: unknown) => ({ system: null, problems: [asProblem(error)] }),
  );
  const { revert } = connections;
  return {
    state,
    plan,
    daemonRole: await readRole(daemon),
    revertRole: revert === null ? null : await readRole(revert),
    system: probe.system,
    store: storeState,
    sameDatabase,
    missingMigrations: await readMissingMigrations(storeClient, store.schema, storeState),
    checkpoint,
    drift: state.install === null ? null : await readDrift(admin, source),
    problems: [
      ...sourceProblems(state, source),
      ...probe.problems,
      ...tableProblems(plan, state, source),
      ...storeProblems(storeState, store, adminHelps),
      ...(revert !== null && (await readDatabaseIdentity(revert)) !== (await readDatabaseIdentity(admin))
        ? [elsewhereProblem(source)]
        : []),
    ],
  };
}

async function readRole(client: pg.ClientBase): Promise<string> {
  const result = await client.query<{ role: string }>('select current_user::text as role');
  return result.rows[0]?.role ?? '';
}

async function readDrift(admin: pg.ClientBase, source: SourceConfig): Promise<Survey['drift']> {
  const found = await admin.query("select to_regclass('rowtrail.tables') is not null as found");
  if (found.rows[0].found !== true) return null;
  const snapshot = await readCoverage(admin, source.publication, []);
  return { at: snapshot.at, changes: coverageDrift(snapshot, new Map()) };
}

async function readMissingMigrations(client: pg.ClientBase, schema: string, state: StoreState): Promise<Migration[]> {
  const all = await storeMigrations();
  if (state.schema !== 'ours' || !state.mayUseSchema) return all;
  const found = await client.query('select to_regclass($1) is not null as found', [
    `${quoteIdentifier(schema)}.migrations`,
  ]);
  if (found.rows[0].found !== true) return all;
  const applied = await client.query<{ id: number }>(`select id from ${quoteIdentifier(schema)}.migrations`);
  const ids = new Set(applied.rows.map((row) => row.id));
  return all.filter((migration) => !ids.has(migration.id));
}

/** Where several URLs point to one server that is down, once is enough. */
function withoutRepeats(problems: readonly Problem[]): Problem[] {
  return problems.filter(
    (problem, index) => problems.findIndex((other) => other.message === problem.message) === index,
  );
}
