import { membersOf } from '../entry/image.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

const LABEL_WIDTH = 12;

type Members = ReadonlyMap<string, string>;

/** An entry's JSON (DESIGN §5) on many lines: what is known of it, and its columns before and after, to the digit. */
export function entryDiff(json: string, paint: Paint): string {
  const entry = membersIn(json);
  const facts = FACTS.flatMap(([label, read]) => {
    const fact = read(entry);
    return fact === null ? [] : [`${paint.dim(label.padEnd(LABEL_WIDTH))} ${printable(fact)}`];
  });
  const columns = columnLines(entry, paint);
  return [...facts, ...(columns.length === 0 ? [] : ['', ...columns])].join('\n');
}

const FACTS: readonly (readonly [string, (entry: Members) => string | null])[] = [
  ['entry', (entry) => joined([text(entry, 'id'), text(entry, 'action')], '  ')],
  [
    'record',
    (entry) => {
      const table = text(entry, 'table');
      const name = table === null ? null : joined([text(entry, 'schema'), table], '.');
      return joined([name, text(entry, 'record')], '  ');
    },
  ],
  ['source', (entry) => text(entry, 'source')],
  ['time', (entry) => text(entry, 'timestamp')],
  ['user', userOf],
  ['address', (entry) => text(entry, 'ip')],
  ['user agent', (entry) => text(entry, 'user_agent')],
  ['comment', (entry) => text(entry, 'comment')],
  ['request', (entry) => text(entry, 'request_id')],
  ['context', (entry) => object(entry, 'context')],
  ['attribution', (entry) => text(entry, 'attribution')],
  ['database', databaseOf],
  ['transaction', transactionOf],
  ['incomplete', incompleteOf],
  ['data', (entry) => object(entry, 'data')],
];

function userOf(entry: Members): string | null {
  const user = membersIn(entry.get('user'));
  const [id, name] = [text(user, 'id'), text(user, 'name')];
  if (id === null) return name;
  return name === null || name === id ? id : `${name} (${id})`;
}

function databaseOf(entry: Members): string | null {
  const database = membersIn(entry.get('database'));
  const [role, session] = [text(database, 'role'), text(database, 'session_role')];
  return joined(
    [
      role === null || role === session ? role : `${role} (session of ${session})`,
      text(database, 'application_name'),
      text(database, 'client_addr'),
      labelled('process', raw(database, 'pid')),
    ],
    ', ',
  );
}

function transactionOf(entry: Members): string | null {
  const transaction = membersIn(entry.get('transaction'));
  const [ordinal, size] = [raw(transaction, 'ordinal'), raw(transaction, 'size')];
  return joined(
    [
      text(transaction, 'id'),
      ordinal === null || size === null ? null : `entry ${BigInt(ordinal) + 1n} of ${size}`,
      labelled('xid', text(transaction, 'xid')),
      labelled('LSN', text(transaction, 'lsn')),
    ],
    ', ',
  );
}

function incompleteOf(entry: Members): string | null {
  const incomplete = entry.get('incomplete') ?? 'null';
  if (incomplete === 'null') return null;
  const { columns, reason } = JSON.parse(incomplete) as { columns: string[]; reason: string };
  return `${columns.join(', ')} (${reason})`;
}

/** `- status "paid"`, `+ status "shipped"`; what stayed as it was is dim. */
function columnLines(entry: Members, paint: Paint): string[] {
  const [before, after] = [membersIn(entry.get('before')), membersIn(entry.get('after'))];
  const changed = new Set(JSON.parse(entry.get('changed') ?? '[]') as string[]);
  const names = [...new Set([...before.keys(), ...after.keys(), ...changed])];
  const width = Math.max(0, ...names.map((name) => printable(name).length));
  const line = (sign: string, name: string, value: string): string =>
    `${sign} ${printable(name).padEnd(width)}  ${printable(value)}`;
  const isUpdate = raw(entry, 'before') !== null && raw(entry, 'after') !== null;
  return names.flatMap((name) => {
    const [old, fresh] = [before.get(name), after.get(name)];
    if (isUpdate && !changed.has(name)) return [paint.dim(line(' ', name, fresh ?? old ?? '?'))];
    // A value that an update lacks is not known, which is not the same as null.
    const removed = isUpdate || old !== undefined ? [paint.red(line('-', name, old ?? '?'))] : [];
    const added = isUpdate || fresh !== undefined ? [paint.green(line('+', name, fresh ?? '?'))] : [];
    return [...removed, ...added];
  });
}

function membersIn(json: string | undefined): Members {
  if (json === undefined || json === 'null') return new Map();
  return new Map(membersOf(json).map(({ name, rawValue }) => [name, rawValue]));
}

function raw(members: Members, name: string): string | null {
  const value = members.get(name);
  return value === undefined || value === 'null' ? null : value;
}

function text(members: Members, name: string): string | null {
  const value = raw(members, name);
  return value === null ? null : (JSON.parse(value) as string);
}

function object(members: Members, name: string): string | null {
  const value = raw(members, name);
  return value === '{}' ? null : value;
}

function labelled(label: string, value: string | null): string | null {
  return value === null ? null : `${label} ${value}`;
}

function joined(parts: readonly (string | null)[], separator: string): string | null {
  const known = parts.filter((part) => part !== null && part !== '');
  return known.length === 0 ? null : known.join(separator);
}
