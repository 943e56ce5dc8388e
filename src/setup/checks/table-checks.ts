import type { SourceConfig } from '../../config/config.ts';
import { shown } from '../preflight.ts';
import type { SourceState } from '../source-state.ts';
import { tableLabel, type TablePlan, type TableRow } from '../tables.ts';
import { wantedCaptures } from '../capture-triggers.ts';
import { wantedTruncateTrigger } from '../steps.ts';
import { ok, problem, warning, type Finding } from './check.ts';
import { counted } from '../../lib/counted.ts';

/** Average bytes of a row kept out of line, from which an identity of full multiplies the WAL of updates. */
const WIDE_ROW_BYTES = 2000;

/** Sizes of a table, as the planner last estimated them. */
export interface TableSize {
  readonly oid: number;
  readonly rows: number;
  readonly toastBytes: number;
}

const RERUN = 'Run `rowtrail setup`.';

/** Publication, triggers and identities against the patterns. Pure. */
export function tableChecks(state: SourceState, plan: TablePlan, source: SourceConfig): Finding[] {
  return [
    ...(source.capture === 'wal' ? [publicationCheck(state, plan, source)] : [captureCheck(plan)]),
    // Before setup there is nothing to find fault with.
    ...(state.rowtrailSchema === 'ours'
      ? [
          triggerCheck(plan),
          ...partitionChecks(state, plan),
          ...(source.capture === 'wal' ? [identityCheck(plan)] : []),
        ]
      : []),
    ...plan.missing.map((pattern) =>
      problem('tables', `there is no table ${pattern}`, `Correct \`tables\` of source ${source.name}.`),
    ),
    ...plan.skipped.map(({ table, reason, hint, named }) =>
      (named ? problem : warning)(
        'untracked',
        `${tableLabel(table)} is not tracked: ${reason}`,
        hint ?? `Exclude it to silence this: "!${tableLabel(table)}" in \`tables\`.`,
      ),
    ),
    ...plan.tracked.flatMap(({ root, notes }) =>
      notes.map((note) => warning('untracked', `${tableLabel(root)}: ${note}`, 'Nothing to do if that is intended.')),
    ),
  ];
}

/** Tables whose updates write far more WAL under an identity of full. Pure. */
export function walVolumeChecks(plan: TablePlan, sizes: readonly TableSize[]): Finding[] {
  const byOid = new Map(sizes.map((size) => [size.oid, size]));
  return plan.tracked.flatMap(({ root, members, identity }) => {
    if (identity !== 'full') return [];
    const known = members.map((row) => byOid.get(row.oid)).filter((size) => size !== undefined);
    const rows = known.reduce((sum, size) => sum + Math.max(size.rows, 0), 0);
    const toast = known.reduce((sum, size) => sum + size.toastBytes, 0);
    if (rows === 0 || toast / rows < WIDE_ROW_BYTES) return [];
    const kb = Math.round(toast / rows / 1000);
    return [
      warning(
        'wal-volume',
        `${tableLabel(root)} keeps about ${kb} kB a row out of line: with identity full every update and delete writes them to the WAL again`,
        `If it is updated often, set \`identity: existing\` for it in tableOptions (old values then come from its earlier entries) and run \`rowtrail setup\`.`,
      ),
    ];
  });
}

function publicationCheck(state: SourceState, plan: TablePlan, source: SourceConfig): Finding {
  const { publication } = state;
  if (publication === null) {
    return problem('publication', `the publication ${source.publication} does not exist: capture fails`, RERUN);
  }
  const { actions } = publication;
  if (!publication.viaRoot || !actions.insert || !actions.update || !actions.delete || !actions.truncate) {
    return problem('publication', `the publication ${source.publication} does not publish everything`, RERUN);
  }
  if (publication.generatedColumns === false) {
    return problem(
      'publication',
      `the publication ${source.publication} leaves stored generated columns out, so that updates of tables with such columns fail`,
      RERUN,
    );
  }
  const roots = new Set(plan.tracked.map(({ root }) => root.oid));
  const missing = plan.tracked.filter(({ root }) => !root.published).map(({ root }) => tableLabel(root));
  if (missing.length > 0) {
    return problem('publication', `matching tables are not captured yet: ${shown(missing)}`, RERUN);
  }
  const extra = publication.members.filter(({ oid }) => !roots.has(oid)).map(({ name }) => name);
  if (extra.length > 0) {
    return warning('publication', `published, but no longer wanted by \`tables\`: ${shown(extra)}`, RERUN);
  }
  return ok('publication', `${source.publication} publishes ${counted(plan.tracked.length, 'table')}`);
}

function captureCheck(plan: TablePlan): Finding {
  const without = plan.tracked.filter((table) =>
    table.members.some((row) => wantedCaptures(row, table).toSorted().join() !== row.captureTriggers.toSorted().join()),
  );
  if (without.length === 0) {
    return ok('capture-triggers', `in place and always enabled on ${counted(plan.tracked.length, 'table')}`);
  }
  return problem(
    'capture-triggers',
    `missing or not "enable always", so that changes are not captured: ${shown(without.map(({ root }) => tableLabel(root)))}`,
    RERUN,
  );
}

function triggerCheck(plan: TablePlan): Finding {
  const members = plan.tracked.flatMap((table) => table.members);
  const without = members.filter((row) => !row.hasTriggers).map((row) => tableLabel(row));
  if (without.length === 0)
    return ok(
      'context-triggers',
      `in place and always enabled on ${counted(members.length, 'table')}, partitions included`,
    );
  return problem(
    'context-triggers',
    `missing or not "enable always", so that changes are of unknown origin: ${shown(without)}`,
    RERUN,
  );
}

/** What logical decoding does not tell of partitions, and what does. */
function partitionChecks(state: SourceState, plan: TablePlan): Finding[] {
  const without = plan.tracked
    .flatMap((table) => table.members.map((row) => ({ row, wanted: wantedTruncateTrigger(row, table) })))
    .filter(({ row, wanted }) => wanted !== null && row.truncateTrigger !== wanted)
    .map(({ row }) => tableLabel(row));
  const findings: Finding[] = [];
  if (without.length > 0) {
    findings.push(
      problem('partition-triggers', `a truncate of a partition goes unseen: no trigger on ${shown(without)}`, RERUN),
    );
  }
  return [...findings, eventTriggerCheck(state, plan)];
}

function eventTriggerCheck(state: SourceState, plan: TablePlan): Finding {
  if (state.hasEventTriggers) {
    return ok(
      'event-triggers',
      'changes of the schema are entries, and new tables and partitions are captured from their first row',
    );
  }
  const parted = plan.tracked.filter(({ root }) => root.kind === 'p').map(({ root }) => tableLabel(root));
  if (parted.length === 0) {
    return warning(
      'event-triggers',
      'event triggers are missing or off: changes of the schema are no entries, and new tables are not captured until the next ' +
        'setup; that one has come or was dropped is found by comparing, within a minute',
      'Run `rowtrail setup` as a superuser (`admin.url`), which may create event triggers; else run it after each new table.',
    );
  }
  return warning(
    'event-triggers',
    `event triggers are missing or off: changes of the schema are no entries, new tables are not captured and changes of a new partition of ${shown(parted)} have no known origin and no old values ` +
      'until the next setup; that one was dropped, detached or attached is found by comparing, within a minute',
    'Run `rowtrail setup` as a superuser (`admin.url`), which may create event triggers; else run it after each new partition.',
  );
}

function identityCheck(plan: TablePlan): Finding {
  const pairs = plan.tracked.flatMap(({ members, identity }) => members.map((row) => ({ row, identity })));
  const published = plan.tracked.filter(({ root }) => root.published).flatMap(({ members }) => members);
  const breaking = published.filter((row) => !canPublishUpdates(row)).map((row) => tableLabel(row));
  if (breaking.length > 0) {
    return problem(
      'identity',
      `published without a usable replica identity, so that the application's updates fail: ${shown(breaking)}`,
      'Run `rowtrail setup` now: it gives them one, or takes them out.',
    );
  }
  const drifted = pairs
    .filter(({ row, identity }) => identity === 'full' && row.identity !== 'f')
    .map(({ row }) => tableLabel(row));
  if (drifted.length > 0) {
    return problem(
      'identity',
      `replica identity is not full, so that old values are missing: ${shown(drifted)}`,
      RERUN,
    );
  }
  return ok('identity', `every tracked table and partition has its replica identity`);
}

function canPublishUpdates(row: TableRow): boolean {
  if (row.identity === 'f') return !row.hasVirtualColumns;
  if (row.kind === 'p') return true;
  return row.identity === 'd' ? row.hasPrimaryKey : row.identity === 'i' && row.hasIdentityIndex;
}
