import {
  changedColumns,
  membersOf,
  mergedObject,
  mergeMembers,
  objectOf,
  omitMembers,
  pickMembers,
  type Member,
} from '../entry/image.ts';
import { NO_LINKS, type EntryLinks } from './entry-links.ts';

/** What the store knows of one entry; JSON columns and 64-bit numbers as their text. */
export interface EntryRecord {
  readonly id: string;
  readonly timestamp: string;
  readonly source: string | null;
  readonly action: string;
  readonly record_key: string | null;
  /** As stored: null of most updates, where `old` tells. */
  readonly changed: readonly string[] | null;
  readonly unknown: readonly string[] | null;
  readonly row: string | null;
  readonly old: string | null;
  /** Of an event: `comment`, `data` as the app gave it, and the table's name where the store does not know the table. */
  readonly data: string | null;
  /** Of an incomplete entry: whether the record's entry before it is of an earlier epoch; null without one. */
  readonly after_gap: boolean | null;
  readonly transaction_id: string | null;
  /** Where in its transaction it stands, and how many entries that has; null for a viewer who does not see everything. */
  readonly ordinal: string | null;
  readonly size: string | null;
  readonly relation: RelationFacts;
  readonly context: ContextFacts;
  readonly transaction: TransactionFacts;
}

export interface RelationFacts {
  readonly schema_name: string | null;
  readonly table_name: string | null;
  readonly key_columns: readonly string[] | null;
}

export interface ContextFacts {
  readonly actor_kind: string | null;
  readonly actor_claim: string | null;
  readonly actor_name: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly comment: string | null;
  readonly request_id: string | null;
  readonly context: string | null;
  readonly attribution: string | null;
  readonly role: string | null;
  readonly application_name: string | null;
  readonly session_role: string | null;
  readonly client_addr: string | null;
  readonly pid: string | null;
}

export interface TransactionFacts {
  readonly xid: string | null;
  readonly lsn: string | null;
}

/** The members of an entry as JSON texts, but for its links; `data` and `api`: undefined where it has no such member. */
export interface EntryTexts extends ContextTexts {
  readonly id: string;
  readonly action: string;
  readonly timestamp: string;
  readonly source: string;
  readonly schema: string;
  readonly table: string;
  readonly record: string;
  readonly key: string;
  readonly changed: string;
  readonly before: string;
  readonly after: string;
  readonly transaction: string;
  readonly incomplete: string;
  readonly data: string | undefined;
  readonly api: string | undefined;
  /** What the texts are of. */
  readonly from: EntryRecord;
}

/** What all entries under one context have in common. */
export interface ContextTexts {
  readonly user: string;
  readonly ip: string;
  readonly userAgent: string;
  readonly comment: string;
  readonly requestId: string;
  readonly context: string;
  readonly attribution: string;
  readonly database: string;
}

export function contextTexts(context: ContextFacts): ContextTexts {
  return {
    user: userText(context),
    ip: text(context.ip),
    userAgent: text(context.user_agent),
    comment: text(context.comment),
    requestId: text(context.request_id),
    context: context.context ?? '{}',
    attribution: text(context.attribution ?? 'unknown'),
    database: databaseText(context),
  };
}

/** `of`: its context's, where they are known already. */
export function entryTexts(record: EntryRecord, of: ContextTexts = contextTexts(record.context)): EntryTexts {
  const { relation } = record;
  const images = imagesOf(record);
  const event = record.data === null || record.row !== null ? null : eventOf(record.data);
  return {
    id: `"${record.id}"`,
    action: text(record.action),
    timestamp: `"${record.timestamp}"`,
    source: text(record.source),
    schema: relation.schema_name === null ? (event?.get('schema') ?? 'null') : text(relation.schema_name),
    table: relation.table_name === null ? (event?.get('table') ?? 'null') : text(relation.table_name),
    record: text(record.record_key),
    key: images.key,
    changed: images.changed,
    before: images.before,
    after: images.after,
    user: of.user,
    ip: of.ip,
    userAgent: of.userAgent,
    comment: event?.get('comment') ?? of.comment,
    requestId: of.requestId,
    context: of.context,
    attribution: of.attribution,
    database: of.database,
    transaction: transactionText(record),
    incomplete: images.incomplete,
    data: event === null ? undefined : (event.get('data') ?? 'null'),
    api: event?.get('api'),
    from: record,
  };
}

/** The text of an entry as DESIGN §5 shapes it: every key, in its order, images as stored. */
export function entryJson(record: EntryRecord, links: EntryLinks = NO_LINKS): string {
  return jsonOf(entryTexts(record), links);
}

export function jsonOf(texts: EntryTexts, links: EntryLinks = NO_LINKS): string {
  const { data, api } = texts;
  return (
    `{"id":${texts.id},"action":${texts.action},"timestamp":${texts.timestamp},"source":${texts.source},"schema":${texts.schema},` +
    `"table":${texts.table},"record":${texts.record},"key":${texts.key},"changed":${texts.changed},"before":${texts.before},` +
    `"after":${texts.after},"user":${texts.user},"ip":${texts.ip},"user_agent":${texts.userAgent},"comment":${texts.comment},` +
    `"request_id":${texts.requestId},"context":${texts.context},"attribution":${texts.attribution},"database":${texts.database},` +
    `"transaction":${texts.transaction},"reverts":${namesText(links.reverts)},"reverted_by":${namesText(links.revertedBy)},` +
    `"comments":${links.comments},"incomplete":${texts.incomplete}${data === undefined ? '' : `,"data":${data}`}${
      api === undefined ? '' : `,"api":${api}`
    }}`
  );
}

function eventOf(data: string): ReadonlyMap<string, string> {
  return new Map(membersOf(data).map((member) => [member.name, member.rawValue]));
}

interface Images {
  readonly changed: string;
  readonly key: string;
  readonly before: string;
  readonly after: string;
  readonly incomplete: string;
}

function imagesOf(record: EntryRecord): Images {
  const old = record.old === null ? null : membersOf(record.old);
  const changed = namesText(changedColumns(record.changed, old));
  const none: Images = { changed, key: 'null', before: 'null', after: 'null', incomplete: 'null' };
  if (record.row === null) return none;
  const row = membersOf(record.row);
  const incomplete = incompleteText(record, row);
  const key = keyText(record.relation.key_columns, row);
  switch (record.action) {
    case 'update':
      return { changed, key, before: beforeText(record, row, old ?? []), after: record.row, incomplete };
    case 'delete':
      return { changed, key, before: record.row, after: 'null', incomplete };
    case 'create':
    case 'baseline':
      return { changed, key, before: 'null', after: record.row, incomplete };
    default:
      return none;
  }
}

/** row ⊕ old, without the columns whose old value is not known. */
function beforeText(record: EntryRecord, row: readonly Member[], old: readonly Member[]): string {
  if (record.unknown === null) return mergedObject(record.row as string, row, old);
  return objectOf(omitMembers(mergeMembers(row, old), new Set(record.unknown)));
}

/**
 * What the stream does not carry is taken from the record's last entry, unless that lies behind a gap. Without one:
 * a column that even the row after an update lacks is an unchanged TOASTed value that was not sent; one
 * that the row has lacks its old value only, because the table's identity does not carry it. A baseline leaves out
 * values that are too large. Redacted columns are lacking by rule: where others are too, `masked` says which those are.
 */
function incompleteText(record: EntryRecord, row: readonly Member[]): string {
  const unknown = record.unknown ?? [];
  const masked = redactedColumns(record);
  if (unknown.length + masked.length === 0) return 'null';
  const columns = [...unknown, ...masked];
  if (unknown.length === 0) return JSON.stringify({ columns, reason: 'masked' });
  const present = new Set(row.map((member) => member.name));
  const toast = record.action === 'baseline' || (record.action === 'update' && unknown.some((c) => !present.has(c)));
  const reason = record.after_gap === true ? 'gap' : toast ? 'toast' : 'identity';
  return JSON.stringify({ columns, reason, ...(masked.length > 0 ? { masked } : {}) });
}

/** An entry with a row has for data which of its columns are masked. */
export function redactedColumns({ data }: Pick<EntryRecord, 'data'>): readonly string[] {
  return data === null ? [] : ((JSON.parse(data) as { redacted?: readonly string[] }).redacted ?? []);
}

function keyText(keyColumns: readonly string[] | null, row: readonly Member[]): string {
  if (keyColumns === null || keyColumns.length === 0) return 'null';
  // A key column that the row lacks was renamed or added since: `record` still says which record it was.
  const picked = pickMembers(row, keyColumns);
  return picked === undefined ? 'null' : objectOf(picked);
}

function userText(context: ContextFacts): string {
  if (context.actor_kind !== 'user' && context.actor_kind !== 'api') return 'null';
  return JSON.stringify({ id: context.actor_claim, name: context.actor_name });
}

function databaseText(context: ContextFacts): string {
  if (context.session_role === null) return 'null';
  return (
    `{"role":${text(databaseRole(context))},"session_role":${text(context.session_role)},` +
    `"application_name":${text(context.application_name)},"client_addr":${text(context.client_addr)},"pid":${context.pid ?? 'null'}}`
  );
}

/** The role that the session had taken on, or else its own. */
export function databaseRole(context: ContextFacts): string | null {
  const switched = context.role !== null && context.role !== '' && context.role !== 'none';
  return switched ? context.role : context.session_role;
}

function transactionText(record: EntryRecord): string {
  if (record.transaction_id === null) return 'null';
  return (
    `{"id":"${record.transaction_id}","xid":${text(record.transaction.xid)},"lsn":${text(record.transaction.lsn)},` +
    `"ordinal":${record.ordinal ?? 'null'},"size":${record.size ?? 'null'}}`
  );
}

function namesText(names: readonly string[] | null): string {
  if (names === null || names.length === 0) return '[]';
  return `[${names.map(text).join(',')}]`;
}

/** What must be written otherwise in JSON: quotes, backslashes, control characters, and halves of surrogate pairs. */
// eslint-disable-next-line no-control-regex
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** As JSON.stringify has it, which is slow for many short texts. */
function text(value: string | null): string {
  if (value === null) return 'null';
  return ESCAPED.test(value) ? JSON.stringify(value) : `"${value}"`;
}
