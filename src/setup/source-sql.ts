import { quoteIdentifier, quoteLiteral } from '../pg/identifier.ts';
import { readSqlFile } from '../pg/migrate.ts';
import type { SourceConfig } from '../config/config.ts';
import { parseTablePattern } from '../lib/table-pattern.ts';
import { timeText } from '../pg/time-text.ts';

/** Rises whenever `sql/source` changes, so that `check` can ask for a new `rowtrail setup`. */
export const SOURCE_SQL_VERSION = '5';

/** A larger context message is sent with each value shortened; a larger event is refused. Bytes. */
export const MAX_MESSAGE_BYTES = 1_048_576;
/** What is left of each value then, in characters (up to 4 bytes each). */
const MAX_VALUE_CHARS = 16_384;

/** The text of a row beyond this is not written to the outbox: a gap tells of it. */
const MAX_IMAGE_BYTES = 32 * 1_048_576;

/** Whether a table, not a partition, is captured; `relid` is an SQL expression. */
function captures(relid: string, capture: SourceConfig['capture']): string {
  if (capture === 'wal') {
    return (
      'exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid ' +
      `join rowtrail.install i on i.publication = p.pubname where r.prrelid = ${relid})`
    );
  }
  // Whoever owns a table may put these triggers on it: only rowtrail.tables says that it is one of ours. Serializable
  // transactions do not read that (5_partition.sql).
  return (
    `(exists (select from pg_trigger g join pg_proc f on f.oid = g.tgfoid where g.tgrelid = ${relid} and g.tgparentid = 0 ` +
    `and f.pronamespace = 'rowtrail'::regnamespace and f.proname in ('capture', 'capture_row')) ` +
    `and (current_setting('transaction_isolation') = 'serializable' ` +
    `or exists (select from rowtrail.tables k where k.relid = ${relid} and k.root = k.relid)))`
  );
}

/** The settings of our own in a context message, after the message's kind and the session token. */
const FIXED_SETTINGS = [
  'role',
  'application_name',
  'rowtrail.user_id',
  'rowtrail.user_name',
  'rowtrail.ip',
  'rowtrail.user_agent',
  'rowtrail.comment',
  'rowtrail.request_id',
  'rowtrail.context',
] as const;

const HELLO = `array['h', v_secret, v_token, session_user::text, v_addr, v_pid::text, ${timeText('v_start')}]::text`;

export interface SourceSqlInput {
  readonly source: SourceConfig;
  /** The role of the source's `url`. */
  readonly daemonRole: string;
  /** The role of `revert.url`; null: reverts are off. */
  readonly revertRole: string | null;
  /** `server_encoding` of the source. */
  readonly encoding: string;
}

/** The distinct settings that `context` maps, in the order in which context messages end with them. */
export function mappedSettings(source: SourceConfig): string[] {
  return [...new Set(Object.values(source.context).map((mapping) => mapping.setting))].toSorted();
}

/**
 * What setup and teardown do to tables themselves is no change of the application's schema: for this session, the
 * event triggers look away. Does nothing where schema rowtrail is not whole.
 */
export const LOOK_AWAY = `do $$
begin
  perform pg_catalog.set_config('rowtrail.at_work', i.secret, false) from rowtrail.install i;
exception when others then
  null;
end
$$`;

/** What the functions on the source have to know of the configuration, as JSON text that is the same for the same. */
export function setupOptions(source: SourceConfig): string {
  const patterns = source.tables.map((text) => {
    const { excludes, schema, table } = parseTablePattern(text);
    return { excludes, schema: schema.source, table: table.source };
  });
  const tables = Object.entries(source.tableOptions).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    patterns,
    identity: source.identity,
    identities: Object.fromEntries(
      tables.flatMap(([name, { identity }]) => (identity === null ? [] : [[name, identity]])),
    ),
    masked: tables.flatMap(([name, { exclude, hash, redact }]) =>
      exclude.length + hash.length + redact.length > 0 ? [name] : [],
    ),
    excluded: Object.fromEntries(
      tables.flatMap(([name, { exclude }]) => (exclude.length === 0 ? [] : [[name, exclude]])),
    ),
    ddlText: source.ddlText,
    truncateMaxBytes: source.truncate.capture ? source.truncate.maxBytes : 0,
  });
}

/** The SQL that installs schema `rowtrail`, complete, one text per file of `sql/source`. Safe to run again. */
export async function renderSourceSql(input: SourceSqlInput): Promise<string[]> {
  const isOutbox = input.source.capture === 'trigger';
  // The outbox holds text, which is converted on its way to the daemon like any other.
  const converted = !isOutbox && needsConversion(input.encoding);
  const names = [
    '1_install',
    ...(converted ? ['utf8'] : []),
    '2_session',
    '3_context',
    '4_event',
    '5_partition',
    'truncate',
    'schema',
    'revert',
    '6_rights',
    ...(isOutbox ? ['7_outbox'] : []),
  ];
  const values = placeholders(input, converted);
  const texts = await Promise.all(names.map((name) => readSqlFile(`source/${name}.sql`)));
  return texts.map((text) => fill(isOutbox ? withOutbox(text) : text, values));
}

/** Messages go into the outbox instead of the WAL: the one difference between the two captures in what sends them. */
function withOutbox(text: string): string {
  return text.replaceAll(
    /(?:pg_catalog\.)?pg_logical_emit_message\((?:true|false), 'rowtrail', /g,
    'rowtrail.send_message(',
  );
}

/** Message bytes go out in the database's own encoding, unlike rows. SQL_ASCII has nothing to convert from. */
function needsConversion(encoding: string): boolean {
  return encoding !== 'UTF8' && encoding !== 'SQL_ASCII';
}

function placeholders(input: SourceSqlInput, converted: boolean): Record<string, string> {
  const { source, daemonRole, revertRole } = input;
  const settings = mappedSettings(source);
  const wire = (message: string): string => (converted ? `rowtrail.utf8(${message})` : message);
  return {
    version: quoteLiteral(SOURCE_SQL_VERSION),
    source: quoteLiteral(source.name),
    slot: quoteLiteral(source.slot),
    publication: quoteLiteral(source.publication),
    options: `${quoteLiteral(setupOptions(source))}::json`,
    settings: `array[${settings.map((name) => quoteLiteral(name)).join(', ')}]::text[]`,
    daemon: quoteIdentifier(daemonRole),
    grant_revert:
      revertRole === null
        ? ''
        : 'grant select, insert (idempotency_key, request_hash, requested_by, result) on rowtrail.reverts ' +
          `to ${quoteIdentifier(revertRole)};\ngrant select, insert on rowtrail.revert_links to ${quoteIdentifier(revertRole)};`,
    hello: wire(HELLO),
    payload: payloadExpression(settings),
    message: wire('v_message'),
    trigger_message: wire('v_payload'),
    captures_root: captures('v_root', source.capture),
    captures_table: captures('c.oid', source.capture),
    capture_table:
      source.capture === 'trigger'
        ? 'perform rowtrail.capture_table(v_table.oid)'
        : `execute format('alter publication %I add table only %s', v_table.publication, v_name)`,
    // Trigger capture has no use for an identity, nor for a trigger that sends the context after a statement.
    needs_identity: String(source.capture === 'wal'),
    captures_wal: String(source.capture === 'wal'),
    outbox_max_bytes: `${source.outbox.maxBytes}::bigint`,
    max_image_bytes: String(MAX_IMAGE_BYTES),
    max_bytes: String(MAX_MESSAGE_BYTES),
    max_value_chars: String(MAX_VALUE_CHARS),
    separator: `'{s}'`,
    // Says that a value was shortened.
    ellipsis: input.encoding === 'UTF8' ? 'pg_catalog.chr(8230)' : `'...'`,
  };
}

function payloadExpression(settings: readonly string[]): string {
  const names = ['rowtrail.session', ...FIXED_SETTINGS, ...settings];
  const values = names.map((name) => `pg_catalog.current_setting(${quoteLiteral(name)}, true)`);
  return `array['c', ${values.join(', ')}]::pg_catalog.text`;
}

/** Replaces `:name`, but not the `::` of a cast. Comments keep theirs. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text
    .split('\n')
    .map((line) =>
      line.trimStart().startsWith('--')
        ? line
        : line.replaceAll(/(?<!:):([a-z][a-z_]*)/g, (whole, name: string) => values[name] ?? whole),
    )
    .join('\n');
}
