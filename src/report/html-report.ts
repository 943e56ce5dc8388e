import { createHash } from 'node:crypto';
import type { TrailEntry } from '../query/record-trail.ts';
import { viewOf, type Change, type EntryView, type Fact } from './entry-view.ts';
import { ProofBuilder } from './proof.ts';
import { openingSections, proofSection, TITLE, type ReportSubject, type Section } from './report-facts.ts';
import { visibleText, type ShownValue } from './shown-value.ts';

const STYLE = `
:root { color-scheme: light; }
body { font: 10pt/1.45 "Noto Sans", system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 18pt; margin: 0 0 1rem; }
h2 { font-size: 12pt; margin: 1.6rem 0 .4rem; border-bottom: 1pt solid #999; padding-bottom: .15rem; break-after: avoid; }
h3 { font-size: 10pt; margin: 0; break-after: avoid; }
h3 .time { font-weight: normal; }
h3 .id { font-weight: normal; color: #595959; float: right; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .1rem 1rem; margin: .3rem 0; }
dt { color: #595959; max-width: 18rem; overflow-wrap: anywhere; }
dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.note { color: #595959; margin: .3rem 0; }
article { margin: .9rem 0; padding-top: .5rem; border-top: .5pt solid #ccc; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-top: .3rem; }
th, td { border: .5pt solid #bbb; padding: .15rem .4rem; text-align: start; vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; }
th { background: #f2f2f2; font-weight: 600; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
.column { width: 22%; }
.null, .absent, .unknown { color: #6b6b6b; font-style: italic; }
small { display: block; color: #595959; }
@page { size: A4; margin: 18mm 16mm 20mm; @bottom-right { content: counter(page) " of " counter(pages); font: 8pt sans-serif; } }
@media print { body { margin: 0; max-width: none; padding: 0; } }
`;

/** Nothing in it runs or is loaded, whatever was captured: the one style sheet is named by its digest. */
export const HTML_REPORT_CSP = `sandbox; default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** A page to be read and printed. The entries' tables come as they are read. */
export async function* writeHtml(subject: ReportSubject, entries: AsyncIterable<TrailEntry>): AsyncGenerator<Buffer> {
  const { source, schema, table, key } = subject.trail.scope;
  const title = escaped(`${TITLE}: ${source} ${schema}.${table} ${key}`);
  const head = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head>
<body><h1>${TITLE}</h1>
${openingSections(subject).map(sectionHtml).join('')}<section><h2>Entries</h2>
`;
  yield Buffer.from(head);
  const proof = new ProofBuilder();
  for await (const entry of entries) {
    proof.add(entry.id, entry.json);
    yield Buffer.from(entryHtml(viewOf(entry, subject.zone), proof.entries));
  }
  const none = proof.entries === 0 ? '<p class="note">None in this period.</p>' : '';
  yield Buffer.from(`${none}</section>${sectionHtml(proofSection(proof.finish(), subject))}</body></html>\n`);
}

function sectionHtml({ title, facts, note }: Section): string {
  const remark = note === null ? '' : `<p class="note">${escaped(note)}</p>`;
  return `<section><h2>${escaped(title)}</h2>${remark}${factsHtml(facts)}</section>\n`;
}

function factsHtml(facts: readonly Fact[]): string {
  if (facts.length === 0) return '';
  const items = facts.map(({ label, text }) => `<dt>${escaped(label)}</dt><dd dir="auto">${escaped(text)}</dd>`);
  return `<dl>${items.join('')}</dl>`;
}

function entryHtml({ id, time, action, facts, sides, changes }: EntryView, number: number): string {
  const heading = `<h3><span class="id">entry ${id}</span>${number}. ${escaped(action)} <span class="time">${escaped(time)}</span></h3>`;
  return `<article>${heading}${factsHtml(facts)}${changesHtml(changes, sides)}</article>\n`;
}

function changesHtml(changes: readonly Change[], sides: EntryView['sides']): string {
  if (changes.length === 0) return '';
  const old = sides === 'new' ? '' : '<th>old</th>';
  const now = sides === 'old' ? '' : '<th>new</th>';
  const rows = changes.map((change) => {
    const cells = (sides === 'new' ? '' : cellHtml(change.old)) + (sides === 'old' ? '' : cellHtml(change.new));
    return `<tr><td>${escaped(change.column)}</td>${cells}</tr>`;
  });
  return `<table><thead><tr><th class="column">column</th>${old}${now}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function cellHtml({ kind, text, note }: ShownValue): string {
  const remark = note === null ? '' : `<small dir="ltr">${escaped(note)}</small>`;
  return `<td class="${kind}" dir="auto">${escaped(text)}${remark}</td>`;
}

/** For text between tags. */
function escaped(text: string): string {
  return visibleText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
