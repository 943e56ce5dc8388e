import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { messageOf, RowtrailError, type ErrorCode } from '../lib/errors.ts';
import type { SourceState } from './source-state.ts';
import type { StoreState } from './store-state.ts';
import { tableLabel, type TablePlan } from './tables.ts';

/** A reason not to begin, and what to do about it. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string;
}

/** Names are told up to this many; the rest is counted. */
const NAMES_SHOWN = 10;

/** What stands against installing on this source. Pure. */
export function sourceProblems(state: SourceState, source: SourceConfig): Problem[] {
  return [
    ...serverProblems(state),
    ...(source.capture === 'wal' ? replicationProblems(state) : []),
    ...slotProblems(state, source),
    ...schemaProblems(state, source),
    ...(source.capture === 'wal' ? publicationProblems(state, source) : []),
    ...settingProblems(state),
  ];
}

function serverProblems(state: SourceState): Problem[] {
  const problems: Problem[] = [];
  if (state.inRecovery) {
    problems.push(
      problem('RT_SETUP_FAILED', 'the server is a standby: it takes no changes', 'Point `url` at the primary.'),
    );
  }
  return problems;
}

function replicationProblems(state: SourceState): Problem[] {
  const problems: Problem[] = [];
  if (state.walLevel !== 'logical') {
    problems.push(
      problem(
        'RT_WAL_LEVEL',
        `wal_level is ${state.walLevel}, and has to be logical`,
        'Run `alter system set wal_level = logical` and restart PostgreSQL (hosted: rds.logical_replication = 1, cloudsql.logical_decoding = on or the like). Where that cannot be had: `capture: trigger`.',
      ),
    );
  }
  if (state.slot === null && state.usedSlots >= state.maxSlots) {
    problems.push(
      problem(
        'RT_SETUP_FAILED',
        `no replication slot is free: ${state.usedSlots} of max_replication_slots = ${state.maxSlots} are taken`,
        'Raise max_replication_slots and restart PostgreSQL, or drop a slot that nobody reads (pg_replication_slots).',
      ),
    );
  }
  const streaming = state.slot !== null && state.slot.activePid !== null;
  if (!streaming && state.usedSenders >= state.maxSenders) {
    problems.push(
      problem(
        'RT_SETUP_FAILED',
        `no WAL sender is free: ${state.usedSenders} of max_wal_senders = ${state.maxSenders} are taken`,
        'Raise max_wal_senders and restart PostgreSQL.',
      ),
    );
  }
  return problems;
}

function slotProblems(state: SourceState, source: SourceConfig): Problem[] {
  const { slot, install } = state;
  if (source.capture === 'wal' && slot !== null && (slot.plugin !== 'pgoutput' || slot.database !== state.database)) {
    const what = slot.plugin === null ? 'a physical slot' : `a ${slot.plugin} slot of database ${slot.database}`;
    return [
      problem(
        'RT_SETUP_FAILED',
        `the replication slot ${slot.name} exists and is ${what}, not a pgoutput slot of ${state.database}`,
        `Choose another name for \`slot\` of source ${source.name}, or drop that slot if nobody needs it.`,
      ),
    ];
  }
  if (install !== null && (install.slot !== source.slot || install.publication !== source.publication)) {
    return [
      problem(
        'RT_SETUP_FAILED',
        `this database is set up already, as source ${install.source} with slot ${install.slot} and publication ${install.publication}`,
        'Use those names, or run `rowtrail teardown` with the configuration that has them: a slot left behind fills the disk.',
      ),
    ];
  }
  return [];
}

function schemaProblems(state: SourceState, source: SourceConfig): Problem[] {
  if (state.rowtrailSchema === 'foreign') {
    return [
      problem(
        'RT_SETUP_FAILED',
        'the schema rowtrail exists and holds something else',
        'Rename that schema: Rowtrail’s objects live under this name.',
      ),
    ];
  }
  const problems: Problem[] = [];
  if (
    !state.mayCreateInDatabase &&
    (state.rowtrailSchema === 'absent' || (source.capture === 'wal' && state.publication === null))
  ) {
    problems.push(
      problem(
        'RT_PRIVILEGE',
        `role ${state.role} may not create a schema or publication in database ${state.database}`,
        `Run \`grant create on database "${state.database}" to "${state.role}"\`, or name a role that may as \`admin.url\` of source ${source.name}.`,
      ),
    );
  }
  if (state.rowtrailSchema === 'ours' && !state.mayChangeRowtrailSchema) {
    problems.push(
      problem(
        'RT_PRIVILEGE',
        `the schema rowtrail belongs to another role than ${state.role}`,
        `Run setup as the role that installed it, by \`admin.url\` of source ${source.name}.`,
      ),
    );
  }
  return problems;
}

function publicationProblems(state: SourceState, source: SourceConfig): Problem[] {
  const { publication } = state;
  if (publication === null) return [];
  if (publication.allTables || publication.schemas.length > 0) {
    return [
      problem(
        'RT_SETUP_FAILED',
        `the publication ${source.publication} exists and is for ${publication.allTables ? 'all tables' : `schema ${publication.schemas.join(', ')}`}`,
        'Choose another name for `publication`: Rowtrail’s names each table, so that none is published without an identity.',
      ),
    ];
  }
  if (state.install === null && publication.members.length > 0) {
    return [
      problem(
        'RT_SETUP_FAILED',
        `the publication ${source.publication} exists and is not Rowtrail’s`,
        'Choose another name for `publication`, or drop it if nobody subscribes to it.',
      ),
    ];
  }
  if (!publication.owned) {
    return [
      problem(
        'RT_PRIVILEGE',
        `the publication ${source.publication} belongs to another role than ${state.role}`,
        `Run setup as that role, by \`admin.url\` of source ${source.name}.`,
      ),
    ];
  }
  return [];
}

/** Whatever would make the trigger raise an error in an application's write. */
function settingProblems(state: SourceState): Problem[] {
  const problems: Problem[] = state.revokedFunctions.map((name) =>
    problem(
      'RT_PRIVILEGE',
      `PUBLIC may not execute ${name}, which the context trigger calls as the writing role`,
      `Run \`grant execute on function ${name} to public\`: otherwise the application’s writes would fail.`,
    ),
  );
  for (const name of state.unreadableSettings) {
    problems.push(
      problem(
        'RT_CONFIG',
        `the setting ${name} of \`context\` cannot be read by every role, or is none`,
        'Map settings that the application sets itself, such as request.jwt.claims.',
      ),
    );
  }
  return problems;
}

/** What stands against tracking the tables of the plan. Pure. */
export function tableProblems(plan: TablePlan, state: SourceState, source: SourceConfig): Problem[] {
  const problems: Problem[] = [];
  for (const pattern of plan.missing) {
    problems.push(
      problem(
        'RT_NO_TABLES',
        `there is no table ${pattern} in database ${state.database}`,
        `Correct \`tables\` of source ${source.name}.`,
      ),
    );
  }
  for (const { table, reason, hint } of plan.skipped.filter(({ named }) => named)) {
    problems.push(
      problem(
        'RT_TABLE_UNTRACKABLE',
        `${tableLabel(table)} cannot be tracked: ${reason}`,
        hint ?? `Take it out of \`tables\` of source ${source.name}.`,
      ),
    );
  }
  if (plan.tracked.length === 0 && problems.length === 0) {
    const skipped = plan.skipped.map(({ table, reason }) => `${tableLabel(table)}: ${reason}`);
    problems.push(
      problem(
        'RT_NO_TABLES',
        `no table of database ${state.database} can be tracked under ${source.tables.join(', ')}${skipped.length === 0 ? '' : ` (${shown(skipped)})`}`,
        `Correct \`tables\` of source ${source.name}.`,
      ),
    );
  }
  const foreign = plan.tracked.flatMap(({ members }) => members).filter((row) => !row.owned);
  if (foreign.length > 0) {
    const names = shown(foreign.map((row) => `${tableLabel(row)} (${row.owner})`));
    problems.push(
      problem(
        'RT_PRIVILEGE',
        `role ${state.role} does not own ${names}`,
        `Publishing a table takes its owner: name such a role as \`admin.url\` of source ${source.name}, or run the SQL of \`rowtrail setup --dry-run\` as one.`,
      ),
    );
  }
  return problems;
}

/** What stands against keeping history in this store. Pure. `adminHelps`: setup makes the schema with the admin role. */
export function storeProblems(state: StoreState, store: StoreConfig, adminHelps: boolean): Problem[] {
  if (state.inRecovery) {
    return [
      problem('RT_SETUP_FAILED', 'the store is a standby: it takes no writes', 'Point `store.url` at a primary.'),
    ];
  }
  if (state.schema === 'foreign') {
    return [
      problem(
        'RT_SETUP_FAILED',
        `the schema ${store.schema} of database ${state.database} exists and holds something else`,
        'Choose another name for `store.schema`.',
      ),
    ];
  }
  const lacking = state.schema === 'absent' ? !state.mayCreateSchema && !adminHelps : !state.mayUseSchema;
  if (!lacking) return [];
  return [
    problem(
      'RT_PRIVILEGE',
      `role ${state.role} may not ${state.schema === 'absent' ? 'create' : 'create tables in'} the schema ${store.schema} in database ${state.database}`,
      `Run \`create schema if not exists "${store.schema}" authorization "${state.role}"\` there.`,
    ),
  ];
}

/** A revert on another database would be a change nobody asked for. */
export function elsewhereProblem(source: SourceConfig): Problem {
  return problem(
    'RT_CONFIG',
    `\`revert.url\` of source ${source.name} points to another database than its \`url\``,
    'Give both the same host, port and database: only the role and password differ.',
  );
}

/** One error that names every problem at once. */
export function problemsError(problems: readonly Problem[], source: string): RowtrailError {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) {
    return new RowtrailError(first.code, `source ${source}: ${first.message}`, { hint: first.fix });
  }
  const lines = problems.map(({ message, fix }, index) => `  ${index + 1}. ${message}\n     ${fix}`);
  const codes = new Set(problems.map(({ code }) => code));
  const code = codes.size === 1 && first !== undefined ? first.code : 'RT_SETUP_FAILED';
  return new RowtrailError(code, `source ${source} cannot be set up yet, nothing was changed:\n${lines.join('\n')}`, {
    hint: 'Put these right and run `rowtrail setup` again.',
  });
}

/** A failure to look as a problem among others. */
export function asProblem(error: unknown): Problem {
  if (error instanceof RowtrailError) return problem(error.code, error.message, error.hint ?? '');
  return problem('RT_INTERNAL', messageOf(error), 'Please report this.');
}

export function shown(names: readonly string[]): string {
  if (names.length <= NAMES_SHOWN) return names.join(', ');
  return `${names.slice(0, NAMES_SHOWN).join(', ')} and ${names.length - NAMES_SHOWN} more`;
}

function problem(code: ErrorCode, message: string, fix: string): Problem {
  return { code, message, fix };
}
