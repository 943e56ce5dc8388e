import Pdf from 'pdfkit';
import type { Face, FontSet } from './font-set.ts';
import { LineBreaker, type TextStyle } from './line-breaker.ts';

/** Points, from the top left. A4. */
const PAGE = { width: 595.28, height: 841.89 };
const MARGIN = { left: 48, right: 48, top: 64, bottom: 60 };
const FOOTER: TextStyle = { size: 8, weight: 'regular' };
const FOOTER_Y = PAGE.height - 34;
const HEADER_Y = 36;
const PAGE_NUMBER_WIDTH = 70;

export const CONTENT_WIDTH = PAGE.width - MARGIN.left - MARGIN.right;
export const LINE_RATIO = 1.4;
/** Of a line, above its baseline. */
const BASELINE_RATIO = 1.05;

export const INK = '#1a1a1a';
export const FAINT = '#595959';
export const RULE = '#b5b5b5';

export interface PdfText extends TextStyle {
  readonly colour: string;
}

export interface PdfInfo {
  readonly title: string;
  /** Stands on every page. */
  readonly footer: string;
  readonly made: Date;
}

/**
 * The pages of a document, written from top to bottom. A page leaves when the next one begins, so the number of
 * pages, which every page tells, is a form that all of them refer to and that is written last.
 */
export class PdfPages {
  readonly breaker: LineBreaker;
  readonly #fonts: FontSet;
  readonly #document: PDFKit.PDFDocument;
  readonly #info: PdfInfo;
  readonly #total: Reference;
  #pages = 0;
  /** Where the next thing goes. */
  y: number = MARGIN.top;

  constructor(fonts: FontSet, info: PdfInfo) {
    this.#fonts = fonts;
    this.#info = info;
    this.breaker = new LineBreaker(fonts);
    const options = { size: 'A4', margin: 0, autoFirstPage: false, lang: 'en', displayTitle: true } as const;
    this.#document = new Pdf({
      ...options,
      // None but the bundled ones.
      font: null as unknown as string,
      info: { Title: info.title, Creator: 'Rowtrail', CreationDate: info.made },
    });
    for (const { name, font } of fonts.faces) this.#document.registerFont(name, font as unknown as string);
    this.#total = internals(this.#document).ref({
      Type: 'XObject',
      Subtype: 'Form',
      FormType: 1,
      BBox: [0, -4, 60, 12],
    });
    this.newPage();
  }

  /** The points left on the page. */
  get room(): number {
    return PAGE.height - MARGIN.bottom - this.y;
  }

  newPage(): void {
    this.#document.addPage();
    this.#pages += 1;
    const style = { ...FOOTER, colour: FAINT };
    const top = this.breaker.linesOf(this.#info.title.replaceAll(/\s+/g, ' '), CONTENT_WIDTH, FOOTER);
    this.drawLine(`${top[0] ?? ''}${top.length > 1 ? '…' : ''}`, MARGIN.left, HEADER_Y, style);
    this.drawLine(this.#info.footer, MARGIN.left, FOOTER_Y, style);
    this.rule(FOOTER_Y - 6);
    const right = PAGE.width - MARGIN.right - PAGE_NUMBER_WIDTH;
    const number = `page ${this.#pages} of `;
    this.drawLine(number, right, FOOTER_Y, style);
    const x = right + this.breaker.widthOf(number, FOOTER);
    const document = internals(this.#document);
    document.page.xobjects['Total'] = this.#total;
    // The page's own space is upside down.
    document.addContent(
      `q 1 0 0 -1 ${x.toFixed(2)} ${(FOOTER_Y + FOOTER.size * BASELINE_RATIO).toFixed(2)} cm /Total Do Q`,
    );
    this.y = MARGIN.top;
  }

  /** A new page, unless so many points are left. */
  ensure(height: number): void {
    if (this.room < height) this.newPage();
  }

  /** Text from the left margin on, `indent` points further in; goes on on the next page. */
  paragraph(text: string, style: PdfText, indent = 0): void {
    for (const line of this.breaker.linesOf(text, CONTENT_WIDTH - indent, style)) {
      this.ensure(style.size * LINE_RATIO);
      this.drawLine(line, MARGIN.left + indent, this.y, style);
      this.y += style.size * LINE_RATIO;
    }
  }

  /** One line, not broken, its top at `y`. */
  drawLine(line: string, x: number, y: number, { size, weight, colour }: PdfText): void {
    const document = this.#document;
    let at = x;
    document.fontSize(size).fillColor(colour);
    for (const { font, text } of this.#fonts.runsOf(line, weight)) {
      // With features, though none, a run is shaped as one: words that run from right to left keep their order.
      const shaped = font.rightToLeft ? { features: [] } : {};
      document.font(font.name).text(text, at, y + size * BASELINE_RATIO, {
        lineBreak: false,
        baseline: 'alphabetic',
        ...shaped,
      });
      at += document.widthOfString(text, shaped);
    }
  }

  /** A thin line across the page. */
  rule(y: number): void {
    this.#document
      .moveTo(MARGIN.left, y)
      .lineTo(PAGE.width - MARGIN.right, y)
      .lineWidth(0.5)
      .strokeColor(RULE)
      .stroke();
  }

  /** The frame of a cell, its top left `x` points in from the margin; filled, if a colour is given. */
  frame(x: number, y: number, width: number, height: number, fill: string | null = null): void {
    const cell = this.#document.rect(MARGIN.left + x, y, width, height).lineWidth(0.5);
    if (fill === null) cell.strokeColor(RULE).stroke();
    else cell.fillAndStroke(fill, RULE);
  }

  /** For `drawLine`. */
  xOf(indent: number): number {
    return MARGIN.left + indent;
  }

  /** The bytes that have been made since the last time. */
  take(): Buffer {
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = this.#document.read() as Buffer | null;
      if (chunk === null) return Buffer.concat(chunks);
      chunks.push(chunk);
    }
  }

  /** Writes the number of pages, and what closes the file. `take` gives the rest. */
  end(): void {
    const document = internals(this.#document);
    const face = this.#fonts.faces[0] as Face;
    this.#document.font(face.name);
    const [codes] = document._font.encode(String(this.#pages));
    this.#total.data['Resources'] = { Font: { F: document._font.ref() } };
    this.#total.end(`BT 0.35 g /F ${FOOTER.size} Tf <${codes.join('')}> Tj ET`);
    this.#document.end();
  }
}

interface Reference {
  readonly data: Record<string, unknown>;
  end(content: string): void;
}

/** What pdfkit's own modules use, and its types leave out. */
interface Internals {
  readonly page: { readonly xobjects: Record<string, Reference> };
  readonly _font: { ref(): Reference; encode(text: string): [codes: string[], ...rest: unknown[]] };
  ref(data: Record<string, unknown>): Reference;
  addContent(content: string): void;
}

function internals(document: PDFKit.PDFDocument): Internals {
  return document as unknown as Internals;
}
