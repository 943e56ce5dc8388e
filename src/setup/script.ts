import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { quoteIdentifier, quoteLiteral } from '../pg/identifier.ts';
import { formatLsn } from '../pg/lsn.ts';
import type { SourcePlan } from './plan.ts';
import { adoptedLsn, type SlotPlan } from './slot-plan.ts';
import {
  beginHistory,
  migrationScript,
  PARTITIONS_AHEAD,
  recordChanges,
  removalStatement,
  restartHistory,
} from './store-sql.ts';
import type { Survey } from './survey.ts';
import { tableLabel } from './tables.ts';

export interface ScriptInput {
  readonly found: Survey;
  readonly plan: SourcePlan;
  readonly slotPlan: SlotPlan;
  readonly source: SourceConfig;
  readonly store: StoreConfig;
}

/** What `setup` would do, as a psql script to review or to run by hand. Pure; holds no password and no secret. */
export function setupScript(input: ScriptInput): string {
  return [
    header(input),
    storeSection(input),
    sourceSection(input),
    slotSection(input),
    historySection(input),
    removalSection(input),
    '-- Done. `rowtrail check` says whether everything is in place.',
  ]
    .filter((section) => section !== '')
    .join('\n\n');
}

function header({ found, source, store }: ScriptInput): string {
  const lines = [
    `-- Rowtrail: setup of source ${source.name}. To be run with: psql -X -f FILE ${quoteLiteral(withoutPassword(store.url)).trimStart()}`,
    '-- It connects where it has to; psql asks for passwords, or reads them from PGPASSFILE. Printing this changed nothing.',
  ];
  for (const { message, fix } of found.problems) lines.push(`-- PROBLEM: ${oneLine(message)}`, `--   ${oneLine(fix)}`);
  for (const { root, identity, members, notes } of found.plan.tracked) {
    const partitions = members.length > 1 ? `, ${members.length - 1} partitions` : '';
    lines.push(
      `-- tracks ${oneLine(tableLabel(root))} (${source.capture === 'trigger' ? 'triggers' : `identity ${identity}`}${partitions})`,
    );
    for (const note of notes) lines.push(`--   ${oneLine(note)}`);
  }
  for (const { table, reason } of found.plan.skipped)
    lines.push(`-- skips ${oneLine(`${tableLabel(table)}: ${reason}`)}`);
  lines.push(String.raw`\set ON_ERROR_STOP on`);
  return lines.join('\n');
}

function storeSection({ found, source, store }: ScriptInput): string {
  const { missingMigrations: missing, store: state } = found;
  const lines = ['-- ## 1. The store'];
  if (state.schema === 'absent' && !state.mayCreateSchema) {
    lines.push(
      connectTo(source.adminUrl ?? source.url),
      `create schema if not exists ${quoteIdentifier(store.schema)} authorization ${quoteIdentifier(state.role)};`,
    );
  }
  lines.push(connectTo(store.url));
  if (missing.length > 0) lines.push(transaction(migrationScript(store.schema, missing)));
  lines.push(
    `select ${quoteIdentifier(store.schema)}.ensure_partitions(${quoteLiteral(store.partition)}, ${PARTITIONS_AHEAD});`,
  );
  if (found.drift !== null && found.checkpoint !== null && found.drift.changes.length > 0) {
    lines.push(
      '-- What was lost since the last setup',
      `${recordChanges(store.schema, source.name, found.drift.changes, found.drift.at)};`,
    );
  }
  return lines.join('\n');
}

function sourceSection({ plan, source }: ScriptInput): string {
  const lines = [
    '-- ## 2. The source: each step is short, and gives up rather than queue before the application',
    connectTo(source.adminUrl ?? source.url),
  ];
  for (const { title, statements } of plan.steps) {
    lines.push('', `-- ${oneLine(title)}`);
    lines.push(
      transaction(['set local search_path = pg_catalog, pg_temp', "set local lock_timeout = '2s'", ...statements]),
    );
  }
  return lines.join('\n');
}

function slotSection({ slotPlan, source, found }: ScriptInput): string {
  if (source.capture === 'trigger') {
    const { slot, install } = found.state;
    if (slot === null || install?.slot !== slot.name) return '-- ## 3. No replication slot: triggers capture';
    return [
      '-- ## 3. The replication slot of WAL capture, which nothing reads any more',
      connectTo(source.url),
      `select pg_drop_replication_slot(${quoteLiteral(slot.name)});`,
    ].join('\n');
  }
  if (slotPlan.kind === 'keep') return '-- ## 3. The replication slot is there and stays';
  if (slotPlan.slot === 'adopt') return '-- ## 3. The replication slot is there and is taken over';
  const name = quoteLiteral(source.slot);
  return [
    '-- ## 3. The replication slot, last: from here on the server keeps WAL for it. It waits for open transactions',
    connectTo(source.url),
    ...(slotPlan.slot === 'replace' ? [`select pg_drop_replication_slot(${name});`] : []),
    String.raw`select lsn as rowtrail_lsn from pg_create_logical_replication_slot(${name}, 'pgoutput') \gset`,
  ].join('\n');
}

function historySection(input: ScriptInput): string {
  const { found, slotPlan, source, store } = input;
  if (slotPlan.kind === 'keep' || found.system === null) return '';
  const confirmed = adoptedLsn(found.state.slot, found.system, found.checkpoint);
  const lsn =
    slotPlan.slot === 'none'
      ? "'0/1'"
      : slotPlan.slot === 'adopt' && confirmed !== null
        ? quoteLiteral(formatLsn(confirmed))
        : ":'rowtrail_lsn'";
  const { capture, slot } = source;
  const start = { schema: store.schema, source: source.name, capture, slot, system: found.system, lsn };
  const statements =
    slotPlan.kind === 'restart' && found.checkpoint !== null
      ? restartHistory(start, found.checkpoint, slotPlan.reason, slotPlan.why)
      : beginHistory(start);
  return ['-- ## 4. The store: where the history begins', connectTo(store.url), transaction(statements)].join('\n');
}

function removalSection({ found, plan, source, store }: ScriptInput): string {
  const statement = removalStatement(found, plan, source, store);
  if (statement === null) return '';
  return ['-- ## 5. The store: tables that are not captured from here', connectTo(store.url), `${statement};`].join(
    '\n',
  );
}

function transaction(statements: readonly string[]): string {
  return ['begin;', ...statements.map((statement) => `${statement.trimEnd().replace(/;$/, '')};`), 'commit;'].join(
    '\n',
  );
}

function connectTo(url: string): string {
  return String.raw`\connect ${quoteLiteral(withoutPassword(url)).trimStart()}`;
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  parsed.password = '';
  parsed.searchParams.delete('password');
  return parsed.toString();
}

/** A name may hold a line break; a comment may not. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
