import type { TrailEntry } from '../query/record-trail.ts';
import { csvCell } from '../query/export-format.ts';
import { entryMembers, imageOf, incompleteOf, textOf, transactionOf, whoOf } from './entry-view.ts';
import { ProofBuilder } from './proof.ts';
import { openingSections, proofSection, TITLE, type ReportSubject, type Section } from './report-facts.ts';
import { plainText } from './shown-value.ts';

/**
 * Contract: new columns come last. A row whose part is `entry` says who and when; one for each of its values follows,
 * with the part `value`. All other rows are the report's other parts: `name`, and its text in `new`.
 */
const REPORT_COLUMNS = [
  'part',
  'number',
  'entry',
  'time',
  'action',
  'record',
  'who',
  'ip',
  'user_agent',
  'comment',
  'request_id',
  'transaction',
  'name',
  'old',
  'new',
  'note',
] as const;

type Cells = Partial<Readonly<Record<(typeof REPORT_COLUMNS)[number], string | null>>>;

/** Every value whole; cells that a spreadsheet would run are defused. */
export async function* writeCsv(subject: ReportSubject, entries: AsyncIterable<TrailEntry>): AsyncGenerator<Buffer> {
  const opening = openingSections(subject).flatMap(sectionRows);
  const head = [{ part: 'title', new: TITLE }, ...opening].map(row).join('');
  yield Buffer.from(`${REPORT_COLUMNS.join(',')}\r\n${head}`);
  const proof = new ProofBuilder();
  for await (const entry of entries) {
    proof.add(entry.id, entry.json);
    yield Buffer.from(entryRows(entry, subject, proof.entries).map(row).join(''));
  }
  yield Buffer.from(sectionRows(proofSection(proof.finish(), subject)).map(row).join(''));
}

function sectionRows({ title, facts, note }: Section): Cells[] {
  const rows: Cells[] = facts.map(({ label, text }) => ({ part: title, name: label, new: text }));
  return note === null ? rows : [...rows, { part: title, note }];
}

function entryRows(entry: TrailEntry, { zone }: ReportSubject, number: number): Cells[] {
  const members = entryMembers(entry.json);
  const time = zone.format(textOf(members, 'timestamp') ?? '');
  const common = { number: String(number), entry: entry.id.toString(), time, action: textOf(members, 'action') };
  const unknown = new Set(incompleteOf(members)?.columns);
  const incomplete = unknown.size === 0 ? null : `not captured: ${[...unknown].join(', ')}`;
  return [
    {
      part: 'entry',
      ...common,
      record: textOf(members, 'record'),
      who: whoOf(members),
      ip: textOf(members, 'ip'),
      user_agent: textOf(members, 'user_agent'),
      comment: textOf(members, 'comment'),
      request_id: textOf(members, 'request_id'),
      transaction: transactionOf(members),
      new: textOf(members, 'data'),
      note: incomplete,
    },
    ...valueRows(entry, members).map((cells) => ({ part: 'value', ...common, ...cells })),
  ];
}

function valueRows(entry: TrailEntry, members: ReadonlyMap<string, string>): Cells[] {
  const before = imageOf(entry.removed ?? members.get('before'));
  const after = imageOf(members.get('after'));
  const isUpdate = before !== null && after !== null;
  const columns = isUpdate
    ? (JSON.parse(members.get('changed') ?? '[]') as string[])
    : [...(after ?? before ?? new Map<string, string>()).keys()];
  const unknown = new Set(incompleteOf(members)?.columns);
  return columns.map((name) => {
    const [old, now] = [before?.get(name), after?.get(name)];
    const lacking = [
      before !== null && old === undefined && unknown.has(name) ? 'old value not captured' : null,
      after !== null && now === undefined && unknown.has(name) ? 'new value not captured' : null,
      old === 'null' ? 'old value is null' : null,
      now === 'null' ? 'new value is null' : null,
    ].filter((text) => text !== null);
    return { name, old: valueText(old), new: valueText(now), note: lacking.join('; ') };
  });
}

/** Null is nothing: the note tells it from an empty text. */
function valueText(raw: string | undefined): string {
  return raw === undefined || raw === 'null' ? '' : plainText(raw);
}

function row(cells: Cells): string {
  return `${REPORT_COLUMNS.map((column) => csvCell(cells[column] ?? '')).join(',')}\r\n`;
}
