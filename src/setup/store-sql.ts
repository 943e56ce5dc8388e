import { quoteIdentifier, quoteLiteral } from '../pg/identifier.ts';
import { withSchema, type Migration } from '../pg/migrate.ts';
import { trackingOff, type CoverageChange } from '../capture/wal/coverage.ts';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { formatLsn } from '../pg/lsn.ts';
import type { SystemIdentity } from '../capture/wal/system-identity.ts';
import type { GapReason } from '../capture/wal/slot.ts';
import type { SourcePlan } from './plan.ts';
import type { StoredCheckpoint } from './slot-plan.ts';
import type { Survey } from './survey.ts';

/** Partitions are made for the current period and this many more. */
export const PARTITIONS_AHEAD = 2;

export interface StartInput {
  readonly schema: string;
  readonly source: string;
  readonly capture: 'wal' | 'trigger';
  readonly slot: string;
  readonly system: SystemIdentity;
  /** SQL of the position, a literal or a psql variable. */
  readonly lsn: string;
}

/** The rows that a first setup leaves in the store: the source and where its history begins. */
export function beginHistory(input: StartInput): string[] {
  const s = quoteIdentifier(input.schema);
  return [
    `insert into ${s}.sources (name) values (${quoteLiteral(input.source)}) on conflict (name) do nothing`,
    `insert into ${s}.checkpoints (source_id, epoch, capture, system_identifier, timeline, slot, end_lsn, acknowledged_lsn)
  select id, 1, '${input.capture}', ${quoteLiteral(input.system.systemIdentifier)}, ${input.system.timeline}, ${slotOf(input)},
    ${input.lsn}::pg_lsn, ${input.lsn}::pg_lsn
  from ${s}.sources where name = ${quoteLiteral(input.source)}`,
  ];
}

/**
 * A hole in the history: the gap, for everyone to see, and a new epoch that begins behind it. Where the daemon has
 * opened the gap already, it ends here.
 */
export function restartHistory(input: StartInput, from: StoredCheckpoint, reason: GapReason, why: string): string[] {
  const s = quoteIdentifier(input.schema);
  return [
    // First, so that a daemon that is about to open a gap waits, and then sees that there is another epoch.
    `select source_id from ${s}.checkpoints where source_id = ${from.sourceId} for update`,
    `with ended as (
    update ${s}.gaps set epoch = ${from.epoch + 1}, to_lsn = ${input.capture === 'wal' ? `${input.lsn}::pg_lsn` : 'null'}, to_time = clock_timestamp(), skip_lsn = null
    where source_id = ${from.sourceId} and to_time is null and relation_id is null returning id)
  insert into ${s}.gaps (source_id, epoch, reason, detail, from_lsn, to_lsn, from_time, to_time)
  select source_id, epoch + 1, ${quoteLiteral(reason)}, ${quoteLiteral(why)}, ${from.capture === 'wal' ? 'end_lsn' : 'null'},
    ${input.capture === 'wal' ? `${input.lsn}::pg_lsn` : 'null'},
    coalesce(committed_at, updated_at), clock_timestamp()
  from ${s}.checkpoints where source_id = ${from.sourceId} and epoch = ${from.epoch} and not exists (select from ended)`,
    `update ${s}.checkpoints set epoch = epoch + 1, capture = '${input.capture}', system_identifier = ${quoteLiteral(input.system.systemIdentifier)},
  timeline = ${input.system.timeline}, slot = ${slotOf(input)}, commit_lsn = null, committed_at = null, writer = null,
  end_lsn = ${input.lsn}::pg_lsn, acknowledged_lsn = ${input.lsn}::pg_lsn, updated_at = clock_timestamp()
  where source_id = ${from.sourceId} and epoch = ${from.epoch} and end_lsn = '${formatLsn(from.endLsn)}'`,
  ];
}

function slotOf({ capture, slot }: StartInput): string {
  return capture === 'wal' ? quoteLiteral(slot) : 'null';
}

/** Changes of coverage, on record once; `at`: when all of the source was compared, or null. Needs a checkpoint. */
export function recordChanges(
  schema: string,
  source: string,
  changes: readonly CoverageChange[],
  at: string | null,
): string {
  const s = quoteIdentifier(schema);
  return `select ${s}.record_coverage(c.source_id, c.epoch, ${quoteLiteral(JSON.stringify(changes))}::json, ${
    at === null ? 'null' : quoteLiteral(at)
  }) as added
  from ${s}.checkpoints c join ${s}.sources o on o.id = c.source_id where o.name = ${quoteLiteral(source)}`;
}

/** The gaps of the tables that a setup takes out; null: it takes none out, or nothing was captured so far. */
export function removalStatement(
  found: Pick<Survey, 'checkpoint' | 'drift'>,
  plan: Pick<SourcePlan, 'removed'>,
  source: Pick<SourceConfig, 'name'>,
  store: Pick<StoreConfig, 'schema'>,
): string | null {
  const { drift, checkpoint } = found;
  const roots = plan.removed.filter((row) => row.published || row.recorded?.root === row.oid);
  if (drift === null || checkpoint === null || roots.length === 0) return null;
  return recordChanges(
    store.schema,
    source.name,
    roots.map((row) => trackingOff(row, drift.at)),
    null,
  );
}

/** What `migrate` does, as a script that can be run again. */
export function migrationScript(schema: string, missing: readonly Migration[]): string[] {
  const s = quoteIdentifier(schema);
  return [
    `create schema if not exists ${s}`,
    `create table if not exists ${s}.migrations (
  id integer primary key, name text not null, applied_at timestamptz not null default now())`,
    ...missing.flatMap((migration) => [
      `insert into ${s}.migrations (id, name) values (${migration.id}, ${quoteLiteral(migration.name)})`,
      withSchema(migration.sql, schema).trimEnd().replace(/;$/, ''),
    ]),
  ];
}
