import { membersOf } from '../entry/image.ts';
import type { TrailEntry } from '../query/record-trail.ts';
import { grouped, plainText, shortened, shownValue, type ShownValue } from './shown-value.ts';
import type { Zone } from './zone.ts';

/** An entry, as a report shows it. Every text is as it was captured: it is to be escaped. */
export interface EntryView {
  readonly id: string;
  readonly time: string;
  readonly action: string;
  readonly facts: readonly Fact[];
  /** Which of the two sides the changes have. */
  readonly sides: 'both' | 'old' | 'new';
  readonly changes: readonly Change[];
}

export interface Fact {
  readonly label: string;
  readonly text: string;
}

export interface Change {
  readonly column: string;
  readonly old: ShownValue;
  readonly new: ShownValue;
}

/** Raw values of an entry, by the names of DESIGN §5. */
export type EntryMembers = ReadonlyMap<string, string>;

export function entryMembers(json: string): EntryMembers {
  return rawMembers(json);
}

export function viewOf(entry: TrailEntry, zone: Zone): EntryView {
  const members = entryMembers(entry.json);
  const action = textOf(members, 'action') ?? '';
  const before = imageOf(entry.removed ?? members.get('before'));
  const after = imageOf(members.get('after'));
  return {
    id: entry.id.toString(),
    time: zone.format(textOf(members, 'timestamp') ?? ''),
    action,
    facts: factsOf(entry, members),
    sides: before !== null && after !== null ? 'both' : before !== null ? 'old' : 'new',
    changes: changesOf(members, before, after),
  };
}

/** The columns that an update changed, in the order of the row; every column of a row that came or went. */
export function changesOf(
  members: EntryMembers,
  before: ReadonlyMap<string, string> | null,
  after: ReadonlyMap<string, string> | null,
): Change[] {
  const unknown = new Set(incompleteOf(members)?.columns);
  const isUpdate = before !== null && after !== null;
  const columns = isUpdate
    ? (jsonOf(members, 'changed') as string[] | null)
    : [...new Set([...(after ?? before ?? new Map()).keys(), ...unknown])];
  return (columns ?? []).map((column) => {
    const [old, now] = [before?.get(column), after?.get(column)];
    return {
      column,
      old: shownValue(old, before !== null && old === undefined && unknown.has(column)),
      new: shownValue(now, after !== null && now === undefined && unknown.has(column)),
    };
  });
}

export function imageOf(raw: string | null | undefined): ReadonlyMap<string, string> | null {
  return raw === undefined || raw === null || raw === 'null' ? null : rawMembers(raw);
}

export function textOf(members: EntryMembers, name: string): string | null {
  const raw = members.get(name);
  return raw === undefined || raw === 'null' ? null : plainText(raw);
}

interface Incomplete {
  readonly columns: readonly string[];
  readonly reason: string;
}

export function incompleteOf(members: EntryMembers): Incomplete | null {
  return jsonOf(members, 'incomplete') as Incomplete | null;
}

interface Database {
  readonly role: string | null;
  readonly session_role: string | null;
  readonly application_name: string | null;
  readonly client_addr: string | null;
}

/** Who made an entry, as far as it is known, and how that is known. */
export function whoOf(members: EntryMembers): string {
  const user = jsonOf(members, 'user') as { id: string | null; name: string | null } | null;
  const database = jsonOf(members, 'database') as Database | null;
  const by = HOW_KNOWN[textOf(members, 'attribution') ?? 'unknown'] ?? 'not known';
  const role = database?.role ?? null;
  const person = user === null ? null : user.name === null ? `user ${user.id}` : `${user.name} (user ${user.id})`;
  const parts = [person, role === null ? null : `database role ${role}`].filter((part) => part !== null);
  return parts.length === 0 ? by : `${parts.join(', ')}; ${by}`;
}

const HOW_KNOWN: Readonly<Record<string, string>> = {
  app: 'as the application said',
  database: 'known by the database session alone',
  replication: 'came by replication',
  api: 'came over HTTP',
  unknown: 'who it was is not known',
};

/** Where an entry came from. */
export function originOf(members: EntryMembers): string | null {
  const database = jsonOf(members, 'database') as Database | null;
  const from = database?.client_addr ?? null;
  const application = database?.application_name ?? null;
  const parts = [
    named('IP address', textOf(members, 'ip')),
    named('user agent', textOf(members, 'user_agent')),
    named('database client', from),
    named('application', application === '' ? null : application),
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('; ');
}

export function transactionOf(members: EntryMembers): string | null {
  const transaction = jsonOf(members, 'transaction') as Record<string, string | number | null> | null;
  if (transaction === null) return null;
  const { id, xid, lsn, ordinal, size } = transaction;
  const place =
    typeof ordinal === 'number' && typeof size === 'number' && size > 0
      ? `entry ${grouped(ordinal + 1)} of ${grouped(size)}`
      : null;
  return [String(id), named('xid', xid), named('LSN', lsn), place].filter((part) => part !== null).join(', ');
}

function factsOf(entry: TrailEntry, members: EntryMembers): Fact[] {
  const incomplete = incompleteOf(members);
  const { reverts = [], revertedBy = [], comments = 0 } = entry.links ?? {};
  const facts: (readonly [string, string | null])[] = [
    ['Record', textOf(members, 'record')],
    ['Who', whoOf(members)],
    ['From where', originOf(members)],
    ['Comment', textOf(members, 'comment')],
    ['Request', textOf(members, 'request_id')],
    ['Context', members.get('context') === '{}' ? null : (members.get('context') ?? null)],
    ['Transaction', transactionOf(members)],
    [
      'Not captured',
      incomplete === null ? null : `${incomplete.columns.join(', ')} (${reasonText(incomplete.reason)})`,
    ],
    ['Takes back', reverts.length === 0 ? null : `entry ${reverts.join(', ')}`],
    ['Taken back by', revertedBy.length === 0 ? null : `entry ${revertedBy.join(', ')}`],
    ['Comments', comments === 0 ? null : `${grouped(comments)}, entries of their own`],
    ['Data', textOf(members, 'data')],
  ];
  return facts.flatMap(([label, text]) => (text === null ? [] : [{ label, text: withNote(text) }]));
}

function withNote(text: string): string {
  const short = shortened(text);
  return short.note === null ? short.text : `${short.text}… [${short.note}]`;
}

/** Why columns are lacking. */
function reasonText(reason: string): string {
  return REASONS[reason] ?? reason;
}

const REASONS: Readonly<Record<string, string>> = {
  toast: 'large values that did not change are not sent by the database',
  identity: "the table's replica identity does not carry them",
  masked: 'masked by configuration',
  gap: 'earlier values lie before a gap',
};

function named(label: string, value: string | number | null | undefined): string | null {
  return value === null || value === undefined ? null : `${label} ${value}`;
}

/** Of members whose JSON holds no values of rows. */
function jsonOf(members: EntryMembers, name: string): unknown {
  const raw = members.get(name);
  return raw === undefined ? null : (JSON.parse(raw) as unknown);
}

function rawMembers(json: string): ReadonlyMap<string, string> {
  return new Map(membersOf(json).map(({ name, rawValue }) => [name, rawValue]));
}
