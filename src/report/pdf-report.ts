import { setImmediate } from 'node:timers/promises';
import type { TrailEntry } from '../query/record-trail.ts';
import { viewOf, type Change, type EntryView, type Fact } from './entry-view.ts';
import { loadFonts } from './font-set.ts';
import { CONTENT_WIDTH, FAINT, INK, LINE_RATIO, PdfPages, type PdfText } from './pdf-pages.ts';
import { ProofBuilder } from './proof.ts';
import { openingSections, proofSection, TITLE, type ReportSubject, type Section } from './report-facts.ts';
import type { ShownValue } from './shown-value.ts';

const TEXT: PdfText = { size: 9, weight: 'regular', colour: INK };
const LABEL: PdfText = { ...TEXT, colour: FAINT };
const STRONG: PdfText = { ...TEXT, weight: 'bold' };
const HEADING: PdfText = { size: 12, weight: 'bold', colour: INK };
const NAME: PdfText = { size: 18, weight: 'bold', colour: INK };
const SMALL: PdfText = { size: 7.5, weight: 'regular', colour: FAINT };

const LABEL_WIDTH = 96;
const COLUMN_WIDTH = 110;
const PADDING = 3;
const HEAD_FILL = '#f2f2f2';
const LINE = TEXT.size * LINE_RATIO;
/** Other work of the process comes in between. */
const ENTRIES_AT_ONCE = 10;

/** Pages leave as they are full. */
export async function* writePdf(subject: ReportSubject, entries: AsyncIterable<TrailEntry>): AsyncGenerator<Buffer> {
  const { source, schema, table, key } = subject.trail.scope;
  const pages = new PdfPages(await loadFonts(), {
    title: `${TITLE}: ${source} ${schema}.${table} ${key}`,
    footer: `Made ${subject.zone.format(subject.madeAt)} (${subject.zone.name}) with Rowtrail ${subject.version}`,
    made: new Date(subject.madeAt),
  });
  pages.paragraph(TITLE, NAME);
  for (const section of openingSections(subject)) drawSection(pages, section);
  drawHeading(pages, 'Entries');
  const proof = new ProofBuilder();
  for await (const entry of entries) {
    proof.add(entry.id, entry.json);
    drawEntry(pages, viewOf(entry, subject.zone), proof.entries);
    if (proof.entries % ENTRIES_AT_ONCE !== 0) continue;
    yield pages.take();
    await setImmediate();
  }
  if (proof.entries === 0) pages.paragraph('None in this period.', LABEL);
  drawSection(pages, proofSection(proof.finish(), subject));
  pages.end();
  yield pages.take();
}

function drawHeading(pages: PdfPages, title: string): void {
  // Never the last thing on a page.
  pages.ensure(HEADING.size * LINE_RATIO + 4 * LINE);
  pages.y += 10;
  pages.paragraph(title, HEADING);
  pages.rule(pages.y);
  pages.y += 4;
}

function drawSection(pages: PdfPages, { title, facts, note }: Section): void {
  drawHeading(pages, title);
  if (note !== null) pages.paragraph(note, LABEL);
  drawFacts(pages, facts);
}

function drawFacts(pages: PdfPages, facts: readonly Fact[]): void {
  for (const { label, text } of facts) {
    const labels = pages.breaker.linesOf(label, LABEL_WIDTH - 6, LABEL);
    const texts = pages.breaker.linesOf(text, CONTENT_WIDTH - LABEL_WIDTH, TEXT);
    for (let i = 0; i < Math.max(labels.length, texts.length); i += 1) {
      pages.ensure(LINE);
      pages.drawLine(labels[i] ?? '', pages.xOf(0), pages.y, LABEL);
      pages.drawLine(texts[i] ?? '', pages.xOf(LABEL_WIDTH), pages.y, TEXT);
      pages.y += LINE;
    }
  }
}

function drawEntry(pages: PdfPages, { id, time, action, facts, sides, changes }: EntryView, number: number): void {
  pages.ensure((facts.length + 4) * LINE);
  if (number > 1) {
    pages.y += 8;
    pages.rule(pages.y);
    pages.y += 4;
  }
  const title = `${number}. ${action}`;
  const mark = `entry ${id}`;
  pages.drawLine(title, pages.xOf(0), pages.y, STRONG);
  pages.drawLine(time, pages.xOf(pages.breaker.widthOf(title, STRONG) + 8), pages.y, TEXT);
  pages.drawLine(mark, pages.xOf(CONTENT_WIDTH - pages.breaker.widthOf(mark, LABEL)), pages.y, LABEL);
  pages.y += LINE;
  drawFacts(pages, facts);
  if (changes.length > 0) drawChanges(pages, changes, sides);
}

interface Cell {
  readonly x: number;
  readonly width: number;
  readonly lines: readonly { readonly text: string; readonly style: PdfText }[];
}

function drawChanges(pages: PdfPages, changes: readonly Change[], sides: EntryView['sides']): void {
  const values = sides === 'both' ? (['old', 'new'] as const) : ([sides] as const);
  const width = (CONTENT_WIDTH - COLUMN_WIDTH) / values.length;
  const place = values.map((_side, i) => ({ x: COLUMN_WIDTH + i * width, width }));
  const cellOf = (x: number, cellWidth: number, text: string, style: PdfText): Cell => ({
    x,
    width: cellWidth,
    lines: pages.breaker.linesOf(text, cellWidth - 2 * PADDING, style).map((line) => ({ text: line, style })),
  });
  const head = (): void =>
    drawCells(
      pages,
      [
        cellOf(0, COLUMN_WIDTH, 'column', STRONG),
        ...values.map((side, i) => cellOf(place[i]?.x ?? 0, width, side, STRONG)),
      ],
      0,
      1,
      HEAD_FILL,
    );
  pages.ensure(3 * (LINE + 2 * PADDING));
  pages.y += 2;
  head();
  for (const change of changes) {
    const cells = [
      cellOf(0, COLUMN_WIDTH, change.column, TEXT),
      ...values.map((side, i) => valueCell(cellOf, place[i] as { x: number; width: number }, change[side])),
    ];
    drawRow(pages, cells, head);
  }
}

function valueCell(
  cellOf: (x: number, width: number, text: string, style: PdfText) => Cell,
  { x, width }: { readonly x: number; readonly width: number },
  { kind, text, note }: ShownValue,
): Cell {
  const cell = cellOf(x, width, text, kind === 'value' ? TEXT : LABEL);
  return note === null ? cell : { ...cell, lines: [...cell.lines, ...cellOf(x, width, note, SMALL).lines] };
}

/** A row that is longer than the page goes on on the next one, under the table's head. */
function drawRow(pages: PdfPages, cells: readonly Cell[], head: () => void): void {
  const count = Math.max(...cells.map(({ lines }) => lines.length));
  let from = 0;
  while (from < count) {
    const fitting = Math.floor((pages.room - 2 * PADDING) / LINE);
    if (fitting < Math.min(2, count - from)) {
      pages.newPage();
      head();
      continue;
    }
    const to = Math.min(count, from + fitting);
    drawCells(pages, cells, from, to, null);
    from = to;
  }
}

function drawCells(pages: PdfPages, cells: readonly Cell[], from: number, to: number, fill: string | null): void {
  const height = (to - from) * LINE + 2 * PADDING;
  for (const { x, width, lines } of cells) {
    pages.frame(x, pages.y, width, height, fill);
    for (const [i, { text, style }] of lines.slice(from, to).entries()) {
      pages.drawLine(text, pages.xOf(x + PADDING), pages.y + PADDING + i * LINE, style);
    }
  }
  pages.y += height;
}
