import type { Face, FontSet, Weight } from './font-set.ts';
import { visibleText } from './shown-value.ts';

export interface TextStyle {
  /** Points. */
  readonly size: number;
  readonly weight: Weight;
}

/** Where a line may end: behind spaces, and anywhere in Chinese and Japanese. */
const PIECE =
  /\s+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}、。，．：；！？]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}、。，．：；！？]+/gu;

/** Breaks text into lines. */
export class LineBreaker {
  readonly #fonts: FontSet;
  readonly #advances = new WeakMap<Face, Map<number, number>>();

  constructor(fonts: FontSet) {
    this.#fonts = fonts;
  }

  /** At least one line, each of which is no wider than `width` (points), but for a single character that is. */
  linesOf(text: string, width: number, style: TextStyle): string[] {
    return visibleText(text)
      .split('\n')
      .flatMap((paragraph) => this.#breakParagraph(paragraph, width, style));
  }

  /** In points. */
  widthOf(text: string, { size, weight }: TextStyle): number {
    let width = 0;
    for (const { font, text: run } of this.#fonts.runsOf(text, weight)) {
      for (const character of run) width += this.#advanceOf(font, character.codePointAt(0) as number);
    }
    return width * size;
  }

  #breakParagraph(paragraph: string, width: number, style: TextStyle): string[] {
    const lines: string[] = [];
    let line = '';
    let filled = 0;
    const put = (piece: string, pieceWidth: number): void => {
      if (filled + pieceWidth > width && line !== '') {
        lines.push(line.trimEnd());
        line = '';
        filled = 0;
        if (piece.trim() === '') return;
      }
      line += piece;
      filled += pieceWidth;
    };
    for (const [piece] of paragraph.matchAll(PIECE)) {
      const pieceWidth = this.widthOf(piece, style);
      if (pieceWidth <= width) put(piece, pieceWidth);
      else for (const character of piece) put(character, this.widthOf(character, style));
    }
    return [...lines, line.trimEnd()];
  }

  #advanceOf(face: Face, codePoint: number): number {
    let advances = this.#advances.get(face);
    if (advances === undefined) this.#advances.set(face, (advances = new Map<number, number>()));
    let advance = advances.get(codePoint);
    if (advance === undefined) {
      advance = face.font.glyphForCodePoint(codePoint).advanceWidth / face.font.unitsPerEm;
      advances.set(codePoint, advance);
    }
    return advance;
  }
}
