import { databaseRole, jsonOf, type EntryTexts } from './entry-json.ts';

export const EXPORT_FORMATS = ['ndjson', 'json', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** How an export is written. */
export interface ExportWriter {
  readonly contentType: string;
  readonly head: string;
  entry(texts: EntryTexts, isFirst: boolean): string;
  /** What tells a whole file from one that was cut, where the format has such. */
  readonly tail: string;
}

export const EXPORT_WRITERS: Readonly<Record<ExportFormat, ExportWriter>> = {
  ndjson: {
    contentType: 'application/x-ndjson; charset=utf-8',
    head: '',
    entry: (texts) => `${jsonOf(texts)}\n`,
    tail: '',
  },
  json: {
    contentType: 'application/json; charset=utf-8',
    head: '{"data":[',
    entry: (texts, isFirst) => `${isFirst ? '' : ',\n'}${jsonOf(texts)}`,
    tail: ']}\n',
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    get head() {
      return `${CSV_COLUMNS.join(',')}\r\n`;
    },
    entry: csvLine,
    tail: '',
  },
};

/** Contract: new columns come last. Lists and images are JSON texts. */
export const CSV_COLUMNS = [
  'id',
  'timestamp',
  'action',
  'source',
  'schema',
  'table',
  'record',
  'user_id',
  'user_name',
  'ip',
  'user_agent',
  'comment',
  'request_id',
  'attribution',
  'changed',
  'before',
  'after',
  'context',
  'data',
  'incomplete',
  'transaction_id',
  'transaction_xid',
  'transaction_lsn',
  'transaction_ordinal',
  'database_role',
  'session_role',
  'application_name',
  'client_addr',
] as const;

/** One line, its end included. */
export function csvLine(texts: EntryTexts): string {
  const { from } = texts;
  const isUser = texts.user !== 'null';
  const hasDatabase = texts.database !== 'null';
  const inTransaction = from.transaction_id !== null;
  const cells: Record<(typeof CSV_COLUMNS)[number], string | null> = {
    id: from.id,
    timestamp: from.timestamp,
    action: from.action,
    source: from.source,
    schema: textOf(texts.schema),
    table: textOf(texts.table),
    record: from.record_key,
    user_id: isUser ? from.actor_claim : null,
    user_name: isUser ? from.actor_name : null,
    ip: from.ip,
    user_agent: from.user_agent,
    comment: textOf(texts.comment),
    request_id: from.request_id,
    attribution: textOf(texts.attribution),
    changed: texts.changed,
    before: textOf(texts.before),
    after: textOf(texts.after),
    context: textOf(texts.context),
    data: textOf(texts.data),
    incomplete: textOf(texts.incomplete),
    transaction_id: from.transaction_id,
    transaction_xid: inTransaction ? from.xid : null,
    transaction_lsn: inTransaction ? from.lsn : null,
    transaction_ordinal: inTransaction ? from.ordinal : null,
    database_role: hasDatabase ? databaseRole(from) : null,
    session_role: from.session_role,
    application_name: hasDatabase ? from.application_name : null,
    client_addr: hasDatabase ? from.client_addr : null,
  };
  return `${CSV_COLUMNS.map((column) => csvCell(cells[column] ?? '')).join(',')}\r\n`;
}

/** A string is its text, null is nothing, everything else its JSON. */
function textOf(raw: string | undefined): string {
  if (raw === undefined || raw === 'null') return '';
  if (!raw.startsWith('"')) return raw;
  return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

/** Spreadsheets take such a cell for a formula, and run it. https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
const QUOTED = /[",\r\n]/;

/** A cell as RFC 4180 has it. One that a spreadsheet would run has a `'` before it. */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
