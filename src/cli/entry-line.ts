import { membersOf } from '../entry/image.ts';
import type { Paint } from './paint.ts';
import { printable, shortened } from './printable.ts';

const MAX_VALUE_LENGTH = 60;
const MAX_COMMENT_LENGTH = 120;
const ACTION_WIDTH = 8;

/** An entry's JSON (DESIGN §5) on one line: time, who, action, table and record, what changed from what to what. */
export function entryLine(json: string, paint: Paint): string {
  const entry = new Map(membersOf(json).map((member) => [member.name, member.rawValue]));
  const action = text(entry.get('action')) ?? '';
  const parts = [
    paint.dim(
      text(entry.get('timestamp'))
        ?.replace('T', ' ')
        .replace(/\d{3}Z$/, 'Z') ?? '',
    ),
    paint.bold(whoOf(entry)),
    actionPaint(action, paint)(action.padEnd(ACTION_WIDTH)),
    whatOf(entry),
    changesOf(entry, paint),
  ];
  const comment = text(entry.get('comment'));
  if (comment !== null && comment !== '') parts.push(paint.dim(`# ${clean(comment, MAX_COMMENT_LENGTH)}`));
  return parts.filter((part) => part !== '').join('  ');
}

type Entry = ReadonlyMap<string, string>;

/** The claimed user if there is one, else what the database knows, in brackets. */
function whoOf(entry: Entry): string {
  const user = entry.get('user') ?? 'null';
  if (user !== 'null') {
    const { id, name } = JSON.parse(user) as { id: string | null; name: string | null };
    const known = name === null || name === '' || name === id ? [id] : [name, `(${id})`];
    return clean(known.join(' '), MAX_VALUE_LENGTH);
  }
  const database = entry.get('database') ?? 'null';
  if (database !== 'null') {
    const { role, application_name: application } = JSON.parse(database) as {
      role: string | null;
      application_name: string | null;
    };
    return clean(
      `[${[role, application].filter((part) => part !== null && part !== '').join(', ')}]`,
      MAX_VALUE_LENGTH,
    );
  }
  return `[${text(entry.get('attribution')) ?? 'unknown'}]`;
}

function whatOf(entry: Entry): string {
  const table = text(entry.get('table'));
  if (table === null) return '';
  const record = text(entry.get('record'));
  const name = `${text(entry.get('schema'))}.${table}`;
  return clean(record === null ? name : `${name} ${record}`, MAX_VALUE_LENGTH * 2);
}

/** `status: "paid" → "shipped"`. Values stay the text they are stored as: no digit is lost on the way. */
function changesOf(entry: Entry, paint: Paint): string {
  const action = text(entry.get('action'));
  if (action === 'schema') return schemaChangeOf(entry);
  if (action !== 'update') return '';
  const before = image(entry.get('before'));
  const after = image(entry.get('after'));
  const changed = JSON.parse(entry.get('changed') ?? '[]') as string[];
  return changed
    .map(
      (column) =>
        `${clean(column, MAX_VALUE_LENGTH)}: ${value(before, column)} ${paint.dim('→')} ${value(after, column)}`,
    )
    .join(', ');
}

/** `ALTER TABLE public.orders`. */
function schemaChangeOf(entry: Entry): string {
  const data = JSON.parse(entry.get('data') ?? 'null') as { tag: string; object: { identity: string | null } } | null;
  return data === null ? '' : clean(`${data.tag} ${data.object.identity ?? ''}`.trimEnd(), MAX_VALUE_LENGTH * 2);
}

function image(json: string | undefined): ReadonlyMap<string, string> {
  if (json === undefined || json === 'null') return new Map();
  return new Map(membersOf(json).map((member) => [member.name, member.rawValue]));
}

/** A column the image lacks has a value that is not known, which is not the same as null. */
function value(row: ReadonlyMap<string, string>, column: string): string {
  const raw = row.get(column);
  return raw === undefined ? '?' : clean(raw, MAX_VALUE_LENGTH);
}

function actionPaint(action: string, paint: Paint): (text: string) => string {
  if (action === 'create') return paint.green;
  if (action === 'update') return paint.yellow;
  return action === 'delete' || action === 'truncate' ? paint.red : paint.cyan;
}

function clean(raw: string, length: number): string {
  return printable(shortened(raw, length));
}

function text(raw: string | undefined): string | null {
  return raw === undefined || raw === 'null' ? null : (JSON.parse(raw) as string);
}
