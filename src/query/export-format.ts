import type { ByteBuilder } from './byte-builder.ts';
import { databaseRole, jsonOf, type ContextFacts, type EntryTexts } from './entry-json.ts';

export const EXPORT_FORMATS = ['ndjson', 'json', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** How an export is written. */
export interface ExportWriter {
  readonly contentType: string;
  readonly head: string;
  write(bytes: ByteBuilder, texts: EntryTexts, isFirst: boolean): void;
  /** What tells a whole file from one that was cut, where the format has such. */
  readonly tail: string;
}

export const EXPORT_WRITERS: Readonly<Record<ExportFormat, ExportWriter>> = {
  ndjson: {
    contentType: 'application/x-ndjson; charset=utf-8',
    head: '',
    write: (bytes, texts) => bytes.add(`${jsonOf(texts)}\n`),
    tail: '',
  },
  json: {
    contentType: 'application/json; charset=utf-8',
    head: '{"data":[',
    write: (bytes, texts, isFirst) => bytes.add(`${isFirst ? '' : ',\n'}${jsonOf(texts)}`),
    tail: ']}\n',
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    get head() {
      return `${CSV_COLUMNS.join(',')}\r\n`;
    },
    write: writeCsvLine,
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

type Cell = (texts: EntryTexts) => string | null;

const user = (texts: EntryTexts, cell: string | null): string | null => (texts.user === 'null' ? null : cell);
const database = (texts: EntryTexts, cell: string | null): string | null => (texts.database === 'null' ? null : cell);
const transaction = ({ from }: EntryTexts, cell: string | null): string | null =>
  from.transaction_id === null ? null : cell;

const CSV_CELLS: Readonly<Record<(typeof CSV_COLUMNS)[number], Cell>> = {
  id: ({ from }) => from.id,
  timestamp: ({ from }) => from.timestamp,
  action: ({ from }) => from.action,
  source: ({ from }) => from.source,
  schema: (texts) => textOf(texts.schema),
  table: (texts) => textOf(texts.table),
  record: ({ from }) => from.record_key,
  user_id: (texts) => user(texts, texts.from.context.actor_claim),
  user_name: (texts) => user(texts, texts.from.context.actor_name),
  ip: ({ from }) => from.context.ip,
  user_agent: ({ from }) => from.context.user_agent,
  comment: (texts) => textOf(texts.comment),
  request_id: ({ from }) => from.context.request_id,
  attribution: (texts) => textOf(texts.attribution),
  changed: (texts) => texts.changed,
  before: (texts) => textOf(texts.before),
  after: (texts) => textOf(texts.after),
  context: (texts) => textOf(texts.context),
  data: (texts) => textOf(texts.data),
  incomplete: (texts) => textOf(texts.incomplete),
  transaction_id: ({ from }) => from.transaction_id,
  transaction_xid: (texts) => transaction(texts, texts.from.transaction.xid),
  transaction_lsn: (texts) => transaction(texts, texts.from.transaction.lsn),
  transaction_ordinal: (texts) => transaction(texts, texts.from.ordinal),
  database_role: (texts) => database(texts, databaseRole(texts.from.context)),
  session_role: ({ from }) => from.context.session_role,
  application_name: (texts) => database(texts, texts.from.context.application_name),
  client_addr: (texts) => database(texts, texts.from.context.client_addr),
};
const CELLS: readonly Cell[] = CSV_COLUMNS.map((column) => CSV_CELLS[column]);

/** UTF-16 units from which on a cell's quotes are doubled among bytes. */
const LONG = 128;

/** One line, its end included. */
export function writeCsvLine(bytes: ByteBuilder, texts: EntryTexts): void {
  // An event may have a comment of its own.
  const common = texts.data === undefined ? commonCells(texts) : null;
  let line = '';
  for (let n = 0; n < CELLS.length; n += 1) {
    if (n > 0) line += ',';
    if (common !== null && (n === USER_CELLS.first || n === DATABASE_CELLS.first)) {
      line += n === USER_CELLS.first ? common.user : common.database;
      n = n === USER_CELLS.first ? USER_CELLS.last : DATABASE_CELLS.last;
      continue;
    }
    const text = (CELLS[n] as Cell)(texts) ?? '';
    if (text.length < LONG || !QUOTED.test(text)) {
      line += csvCell(text);
      continue;
    }
    bytes.add(`${line}"`);
    bytes.addDoubled(defused(text));
    line = '"';
  }
  bytes.add(`${line}\r\n`);
}

interface CommonCells {
  readonly context: ContextFacts;
  readonly user: string;
  readonly database: string;
}

/** Columns in which the entries of one context have the same, a third of them all. */
const USER_CELLS = { first: CSV_COLUMNS.indexOf('user_id'), last: CSV_COLUMNS.indexOf('attribution') };
const DATABASE_CELLS = { first: CSV_COLUMNS.indexOf('database_role'), last: CSV_COLUMNS.indexOf('client_addr') };
/** Of the context that was written last: entries that follow each other mostly have one. */
let lastCommon: CommonCells | null = null;

function commonCells(texts: EntryTexts): CommonCells {
  const { context } = texts.from;
  if (lastCommon?.context !== context) {
    const cells = ({ first, last }: { readonly first: number; readonly last: number }): string =>
      CELLS.slice(first, last + 1)
        .map((cell) => csvCell(cell(texts) ?? ''))
        .join(',');
    lastCommon = { context, user: cells(USER_CELLS), database: cells(DATABASE_CELLS) };
  }
  return lastCommon;
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
  const safe = defused(text);
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function defused(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}
