import { quoteIdentifier, quoteLiteral, quoteQualified } from '../pg/identifier.ts';
import { captureChange } from './capture-triggers.ts';
import { AFTER_TRIGGER, BEFORE_TRIGGER, TRUNCATE_ROWS_TRIGGER, TRUNCATE_TRIGGER } from './table-query.ts';
import type { Publication } from './source-state.ts';
import { tableLabel, type RecordedTable, type ReplicaIdentity, type TableRow, type TrackedTable } from './tables.ts';

/** One short transaction on the source, and what puts it back. */
export interface Step {
  readonly title: string;
  readonly statements: readonly string[];
  readonly undo: readonly string[];
}

const EVENTS = 'insert or update or delete or truncate';
const PUBLISH = `publish = 'insert, update, delete, truncate', publish_via_partition_root = true`;
/** The version from which a publication must name generated columns. */
const PUBLISHES_GENERATED = 180_000;

/**
 * From PostgreSQL 18 on, a table with a stored generated column and an identity of full refuses the
 * application's updates unless that column is published. Capture leaves it out again.
 * https://www.postgresql.org/docs/18/sql-createpublication.html
 */
function publicationOptions(version: number): string {
  return version >= PUBLISHES_GENERATED ? `${PUBLISH}, publish_generated_columns = stored` : PUBLISH;
}

/** Makes the publication, or puts its options right; null: nothing to do. */
export function publicationStep(name: string, publication: Publication | null, version: number): Step | null {
  const quoted = quoteIdentifier(name);
  if (publication === null) {
    return {
      title: `publication ${name}`,
      statements: [`create publication ${quoted} with (${publicationOptions(version)})`],
      undo: [`drop publication if exists ${quoted}`],
    };
  }
  const { actions, viaRoot, generatedColumns } = publication;
  if (viaRoot && generatedColumns !== false && actions.insert && actions.update && actions.delete && actions.truncate)
    return null;
  const published = Object.entries(actions).flatMap(([action, on]) => (on ? [action] : []));
  return {
    title: `publication ${name}: options`,
    statements: [`alter publication ${quoted} set (${publicationOptions(version)})`],
    undo: [
      `alter publication ${quoted} set (publish = '${published.join(', ')}', publish_via_partition_root = ${viaRoot}${
        generatedColumns === false ? ', publish_generated_columns = none' : ''
      })`,
    ],
  };
}

/**
 * What is still to be done for a tracked table: a step for each partition, then one for the table itself, which
 * is published last, when every part of it has its identity.
 */
export function trackSteps(table: TrackedTable, publication: string): Step[] {
  return table.members.flatMap((member) => {
    const parts = [
      identityPart(member, table.identity),
      triggerPart(member, table.capture),
      truncatePart(member, table),
      recordPart(member, table),
      capturePart(member, table),
      table.capture === 'wal' && member === table.root && !member.published
        ? membershipPart(member, publication)
        : null,
    ].filter((part) => part !== null);
    return parts.length === 0 ? [] : [joined(tableLabel(member), parts)];
  });
}

/** Takes a table out again: what `trackSteps` did to it, in reverse. */
export function untrackStep(row: TableRow, publication: string): Step {
  const parts = [
    row.published ? reversed(membershipPart(row, publication)) : null,
    row.recorded?.identityChanged === true && row.identity === 'f' ? restorePart(row, row.recorded) : null,
    capturePart(row, null),
    dropTriggersPart(row),
    row.recorded === null ? null : forgetPart(row, row.recorded),
  ].filter((part) => part !== null);
  return joined(`${tableLabel(row)}, no longer tracked`, parts);
}

/** Takes out of the publication alone. */
export function unpublishStep(row: TableRow, publication: string): Step {
  return joined(tableLabel(row), [reversed(membershipPart(row, publication))]);
}

/** What WAL capture needs and trigger capture has no use for; null: it is not there. */
export function publicationOffStep(name: string, publication: Publication | null, version: number): Step | null {
  if (publication === null || publication.allTables || publication.schemas.length > 0) return null;
  const quoted = quoteIdentifier(name);
  const members = publication.members.map((member) => member.name).join(', ');
  return {
    title: `publication ${name}: off`,
    statements: [`drop publication if exists ${quoted}`],
    undo: [
      `create publication ${quoted}${members === '' ? '' : ` for table only ${members.replaceAll(', ', ', only ')}`} with (${publicationOptions(version)})`,
    ],
  };
}

/** What trigger capture needs and WAL capture has no use for. Last: what may still be in the outbox is in the gap. */
export function outboxOffStep(): Step {
  return {
    title: 'outbox: off',
    statements: [
      'drop event trigger if exists rowtrail_outbox_ddl',
      'drop event trigger if exists rowtrail_outbox_drop',
      'drop function if exists rowtrail.outbox_ddl(), rowtrail.capture_table(oid), rowtrail.describe_table(oid), rowtrail.table_description(oid), ' +
        'rowtrail.capture(), rowtrail.capture_row(), rowtrail.row_text(record), rowtrail.send_message(text), ' +
        'rowtrail.unsent_context(), rowtrail.outbox_is_full(), rowtrail.outbox_start(oid)',
      'drop table if exists rowtrail.outbox, rowtrail.described, rowtrail.outbox_state',
      'drop sequence if exists rowtrail.outbox_dropped',
    ],
    undo: [],
  };
}

export function identityClause(identity: ReplicaIdentity, index: string | null): string {
  if (identity === 'i' && index !== null) return `replica identity using index ${quoteIdentifier(index)}`;
  const words = { d: 'default', f: 'full', n: 'nothing', i: 'default' };
  return `replica identity ${words[identity]}`;
}

interface Part {
  readonly what: string;
  readonly statements: readonly string[];
  readonly undo: readonly string[];
}

function identityPart(row: TableRow, wanted: 'full' | 'existing'): Part | null {
  if (wanted === 'existing') {
    return row.recorded?.identityChanged === true && row.identity === 'f' ? restorePart(row, row.recorded) : null;
  }
  if (row.identity === 'f') return null;
  return {
    what: 'replica identity full',
    statements: [alter(row, 'replica identity full')],
    undo: [alter(row, identityClause(row.identity, row.identityIndex))],
  };
}

function restorePart(row: TableRow, recorded: RecordedTable): Part {
  return {
    what: 'prior replica identity',
    statements: [
      alter(row, identityClause(recorded.priorIdentity, recorded.priorIdentityIndex)),
      `update rowtrail.tables set identity_changed = false where relid = ${regclass(row)}`,
    ],
    undo: [
      alter(row, 'replica identity full'),
      `update rowtrail.tables set identity_changed = true where relid = ${regclass(row)}`,
    ],
  };
}

/** What comes after a statement is for the triggers of trigger capture to do. */
function triggerPart(row: TableRow, capture: TrackedTable['capture']): Part | null {
  if (row.hasTriggers) return null;
  const before = createTrigger(row, BEFORE_TRIGGER, 'before', 'context_trigger');
  const after = createTrigger(row, AFTER_TRIGGER, 'after', 'context_after');
  if (capture === 'wal') {
    return { what: 'context triggers', statements: [...before, ...after], undo: dropTriggers(row) };
  }
  return {
    what: 'context triggers',
    statements: [...before, dropTrigger(row, AFTER_TRIGGER)],
    undo: row.hasAfterTrigger ? after : dropTriggers(row),
  };
}

/** `only`: up to PostgreSQL 14, enabling would look for the trigger in each partition. */
function createTrigger(row: TableRow, name: string, time: string, what: string): string[] {
  const target = quoteQualified(row.schema, row.name);
  return [
    `create or replace trigger ${name} ${time} ${EVENTS} on ${target} for each statement execute function rowtrail.${what}()`,
    alter(row, `enable always trigger ${name}`),
  ];
}

function capturePart(row: TableRow, table: TrackedTable | null): Part | null {
  const change = captureChange(row, table);
  return change === null
    ? null
    : { what: table === null || table.capture === 'wal' ? 'capture triggers off' : 'capture triggers', ...change };
}

/** What the truncate trigger has for an argument; null: the table is to have none. */
export function wantedTruncateTrigger(row: TableRow, table: TrackedTable): string | null {
  if (row.rootOid === null) return row.kind === 'p' ? table.identity : '';
  return row.kind === 'r' ? '' : null;
}

/** A TRUNCATE of a leaf is not streamed: a trigger tells it, and one on the root tells the root's apart. */
function truncatePart(row: TableRow, table: TrackedTable): Part | null {
  const wanted = wantedTruncateTrigger(row, table);
  if (row.truncateTrigger === wanted) return null;
  const before = createTruncateTrigger(row, row.truncateTrigger === 'disabled' ? wanted : row.truncateTrigger);
  const drop = dropTrigger(row, truncateTriggerName(row));
  if (wanted === null) return { what: 'truncate trigger off', statements: [drop], undo: before };
  return {
    what: 'truncate trigger',
    // A detached leaf has the other one still.
    statements: [
      ...(truncateTriggerName(row) === TRUNCATE_ROWS_TRIGGER ? [dropTrigger(row, TRUNCATE_TRIGGER)] : []),
      ...createTruncateTrigger(row, wanted),
    ],
    undo: row.truncateTrigger === null ? [drop] : before,
  };
}

function truncateTriggerName(row: TableRow): string {
  return row.kind === 'r' && row.rootOid === null ? TRUNCATE_ROWS_TRIGGER : TRUNCATE_TRIGGER;
}

function createTruncateTrigger(row: TableRow, argument: string | null): string[] {
  if (argument === null) return [];
  const name = truncateTriggerName(row);
  return [
    `create or replace trigger ${name} before truncate on ${quoteQualified(row.schema, row.name)} for each statement execute function rowtrail.truncate_trigger(${argument === '' ? '' : quoteLiteral(argument)})`,
    alter(row, `enable always trigger ${name}`),
  ];
}

function dropTriggersPart(row: TableRow): Part {
  const create = row.hasTriggers
    ? triggerPart({ ...row, hasTriggers: false }, row.hasAfterTrigger ? 'wal' : 'row')
    : null;
  return {
    what: 'context triggers off',
    statements: [...dropTriggers(row), dropTrigger(row, TRUNCATE_TRIGGER), dropTrigger(row, TRUNCATE_ROWS_TRIGGER)],
    undo: [...(create?.statements ?? []), ...createTruncateTrigger(row, row.truncateTrigger)],
  };
}

function dropTriggers(row: TableRow): string[] {
  return [BEFORE_TRIGGER, AFTER_TRIGGER].map((name) => dropTrigger(row, name));
}

function dropTrigger(row: TableRow, name: string): string {
  return `drop trigger if exists ${name} on ${quoteQualified(row.schema, row.name)}`;
}

function recordPart(row: TableRow, table: TrackedTable): Part | null {
  const changes = table.identity === 'full' && row.identity !== 'f';
  if (row.recorded !== null && row.recorded.root === table.root.oid && !changes) return null;
  const index = row.identityIndex === null ? 'null' : quoteLiteral(row.identityIndex);
  // A row that is there has kept the identity of before Rowtrail; one changed since by hand is the new "before".
  const before = changes
    ? `, prior_identity = excluded.prior_identity, prior_identity_index = excluded.prior_identity_index, identity_changed = true`
    : '';
  return {
    what: 'record',
    statements: [
      `insert into rowtrail.tables (relid, root, schema_name, table_name, kind, prior_identity, prior_identity_index, identity_changed, columns)
  values (${regclass(row)}, ${regclass(table.root)}, ${quoteLiteral(row.schema)}, ${quoteLiteral(row.name)}, '${row.kind}', '${row.identity}', ${index}, ${changes},
    ${row === table.root ? `rowtrail.columns_of(${regclass(row)})` : 'null'})
  on conflict (relid) do update set root = excluded.root, schema_name = excluded.schema_name, table_name = excluded.table_name${before}`,
    ],
    undo:
      row.recorded === null
        ? [`delete from rowtrail.tables where relid = ${regclass(row)}`]
        : [restoreRecord(row, row.recorded)],
  };
}

function restoreRecord(row: TableRow, recorded: RecordedTable): string {
  const index = recorded.priorIdentityIndex === null ? 'null' : quoteLiteral(recorded.priorIdentityIndex);
  return `update rowtrail.tables set root = ${recorded.root}, prior_identity = '${recorded.priorIdentity}', prior_identity_index = ${index},
  identity_changed = ${recorded.identityChanged} where relid = ${regclass(row)}`;
}

function forgetPart(row: TableRow, recorded: RecordedTable): Part {
  const index = recorded.priorIdentityIndex === null ? 'null' : quoteLiteral(recorded.priorIdentityIndex);
  return {
    what: 'record off',
    statements: [`delete from rowtrail.tables where relid = ${regclass(row)}`],
    undo: [
      `insert into rowtrail.tables (relid, root, schema_name, table_name, kind, prior_identity, prior_identity_index, identity_changed)
  values (${regclass(row)}, ${recorded.root}, ${quoteLiteral(row.schema)}, ${quoteLiteral(row.name)}, '${row.kind}',
    '${recorded.priorIdentity}', ${index}, ${recorded.identityChanged})`,
    ],
  };
}

/** `only`: without it, inheritance children would be published too, tracked or not. */
function membershipPart(row: TableRow, publication: string): Part {
  const target = `table only ${quoteQualified(row.schema, row.name)}`;
  return {
    what: 'published',
    statements: [`alter publication ${quoteIdentifier(publication)} add ${target}`],
    undo: [`alter publication ${quoteIdentifier(publication)} drop ${target}`],
  };
}

function reversed(part: Part): Part {
  return { what: `not ${part.what}`, statements: part.undo, undo: part.statements };
}

function joined(title: string, parts: readonly Part[]): Step {
  return {
    title: `${title}: ${parts
      .map(({ what }) => what)
      .filter((what) => !what.startsWith('record'))
      .join(', ')}`,
    statements: parts.flatMap(({ statements }) => statements),
    undo: parts.toReversed().flatMap(({ undo }) => undo),
  };
}

function alter(row: TableRow, clause: string): string {
  return `alter table only ${quoteQualified(row.schema, row.name)} ${clause}`;
}

function regclass(row: TableRow): string {
  return `${quoteLiteral(quoteQualified(row.schema, row.name)).trimStart()}::regclass`;
}
