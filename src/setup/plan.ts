import type { SourceConfig } from '../config/config.ts';
import { LOOK_AWAY, mappedSettings, renderSourceSql, SOURCE_SQL_VERSION } from './source-sql.ts';
import {
  outboxOffStep,
  publicationOffStep,
  publicationStep,
  trackSteps,
  unpublishStep,
  untrackStep,
  type Step,
} from './steps.ts';
import type { Survey } from './survey.ts';
import type { TableRow } from './tables.ts';

/** What setup will do on the source before the slot, in order. */
export interface SourcePlan {
  readonly steps: readonly Step[];
  /** What is taken out. */
  readonly removed: readonly TableRow[];
}

/** The publication comes before its members, and the context triggers' function before the triggers. */
export async function planSource(found: Survey, source: SourceConfig): Promise<SourcePlan> {
  const { state, plan } = found;
  const wanted = new Set(plan.tracked.flatMap(({ members }) => members.map((row) => row.oid)));
  const roots = new Set(plan.tracked.map(({ root }) => root.oid));
  const removed = state.tables.filter((row) => !wanted.has(row.oid) && (row.recorded !== null || row.published));
  const isOutbox = source.capture === 'trigger';
  const publication = isOutbox ? null : publicationStep(source.publication, state.publication, state.version);
  // One that is not ours is left alone.
  const unpublish =
    isOutbox && state.install !== null
      ? publicationOffStep(source.publication, state.publication, state.version)
      : null;
  return {
    steps: [
      await objectsStep(found, source),
      ...(publication === null ? [] : [publication]),
      ...(isOutbox ? [] : strayMembers(state.tables, wanted, roots)).map((row) =>
        unpublishStep(row, source.publication),
      ),
      ...plan.tracked.flatMap((table) => trackSteps(table, source.publication)),
      ...removed.map((row) => untrackStep(row, source.publication)),
      ...(unpublish === null ? [] : [unpublish]),
      ...(!isOutbox && state.hasOutbox ? [outboxOffStep()] : []),
    ],
    removed,
  };
}

/** A partition published by itself beside its root, by hand: it would go out under its own name on PostgreSQL 14. */
function strayMembers(
  tables: readonly TableRow[],
  wanted: ReadonlySet<number>,
  roots: ReadonlySet<number>,
): TableRow[] {
  return tables.filter((row) => row.published && wanted.has(row.oid) && !roots.has(row.oid));
}

/** Schema rowtrail: run each time, so that functions are of this version and the daemon's role has its rights. */
async function objectsStep(found: Survey, source: SourceConfig): Promise<Step> {
  const { state } = found;
  const { daemonRole, revertRole } = found;
  const statements = await renderSourceSql({ source, daemonRole, revertRole, encoding: state.encoding });
  const changes =
    state.install?.version !== SOURCE_SQL_VERSION ||
    state.install.contextSettings.join('\n') !== mappedSettings(source).join('\n');
  return {
    title: `schema rowtrail${changes ? '' : ' (as it is)'}`,
    // Records of tables that were dropped since: `recordDrift` has put their loss into the store.
    statements: [
      ...statements,
      LOOK_AWAY,
      'delete from rowtrail.tables t where not exists (select from pg_class c where c.oid = t.relid)',
      'update rowtrail.tables t set kind = c.relkind from pg_class c where c.oid = t.relid and t.kind is null',
      'update rowtrail.tables t set columns = rowtrail.columns_of(t.relid) where t.root = t.relid and t.columns::text is distinct from rowtrail.columns_of(t.relid)::text',
    ],
    undo:
      state.rowtrailSchema === 'absent'
        ? ['drop schema rowtrail cascade', ...dropOwnerRole(state.ownerRoleExists)]
        : [],
  };
}

/**
 * The role is the cluster's: only a run that made it may take it away, and only while no other database has begun to use
 * it: dependent_objects_still_exist, or gone already.
 */
function dropOwnerRole(existed: boolean): string[] {
  if (existed) return [];
  return [
    `do $$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'rowtrail_owner') then
    drop owned by rowtrail_owner;
    begin
      drop role rowtrail_owner;
    exception when dependent_objects_still_exist or undefined_object then
      null;
    end;
  end if;
end
$$`,
  ];
}
