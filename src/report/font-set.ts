import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { create, type Font } from 'fontkit';
import { codePointName } from './shown-value.ts';

/** A stretch of text in one font. */
export interface Run {
  readonly font: Face;
  readonly text: string;
}

export interface Face {
  readonly name: string;
  readonly font: Font;
  /** Its letters change with their neighbours, and run from right to left. */
  readonly rightToLeft: boolean;
}

export type Weight = 'regular' | 'bold';

interface FontFile {
  readonly name: string;
  readonly package: string;
  readonly file: string;
  readonly rightToLeft?: boolean;
}

/** All under the SIL Open Font License 1.1. What has a glyph in none of them is written as its code point. */
const BOLD: FontFile = { name: 'bold', package: '@embedpdf/fonts-latin', file: 'NotoSans-Bold.ttf' };
const FILES: readonly FontFile[] = [
  { name: 'regular', package: '@embedpdf/fonts-latin', file: 'NotoSans-Regular.ttf' },
  { name: 'hebrew', package: '@embedpdf/fonts-hebrew', file: 'NotoSansHebrew-Regular.ttf', rightToLeft: true },
  { name: 'arabic', package: '@embedpdf/fonts-arabic', file: 'NotoNaskhArabic-Regular.ttf', rightToLeft: true },
  { name: 'chinese', package: '@embedpdf/fonts-sc', file: 'NotoSansHans-Regular.otf' },
  { name: 'korean', package: '@embedpdf/fonts-kr', file: 'NotoSansKR-Regular.otf' },
];

/** The bundled fonts, and which of them has which character. */
export class FontSet {
  readonly #regular: readonly Face[];
  readonly #bold: readonly Face[];
  /** By code point; null: none has it. */
  readonly #found = new Map<number, Face | null>();
  readonly #foundBold = new Map<number, Face | null>();

  constructor(faces: readonly Face[], bold: Face) {
    this.#regular = faces;
    this.#bold = [bold, ...faces];
  }

  /** All of them, the one for most text first. */
  get faces(): readonly Face[] {
    return [...this.#regular, ...this.#bold.slice(0, 1)];
  }

  /** Splits text into runs, one font each. Marks stay with what they stand on, and spaces with what is before them. */
  runsOf(text: string, weight: Weight): Run[] {
    const runs: { font: Face; text: string }[] = [];
    for (const character of text) {
      const last = runs.at(-1);
      const joins = last !== undefined && JOINING.test(character) && hasGlyph(last.font, character);
      const face = joins ? last.font : this.#faceOf(character, weight);
      const shown = face === null ? codePointName(character) : character;
      const font = face ?? this.#faces(weight)[0];
      if (font === undefined) continue;
      if (last !== undefined && last.font === font) last.text += shown;
      else runs.push({ font, text: shown });
    }
    return runs;
  }

  #faces(weight: Weight): readonly Face[] {
    return weight === 'bold' ? this.#bold : this.#regular;
  }

  #faceOf(character: string, weight: Weight): Face | null {
    const known = weight === 'bold' ? this.#foundBold : this.#found;
    const codePoint = character.codePointAt(0) as number;
    let face = known.get(codePoint);
    if (face === undefined) {
      face = this.#faces(weight).find((each) => hasGlyph(each, character)) ?? null;
      known.set(codePoint, face);
    }
    return face;
  }
}

const JOINING = /\p{M}|\u200C|\u200D| /u;

function hasGlyph({ font }: Face, character: string): boolean {
  return font.hasGlyphForCodePoint(character.codePointAt(0) as number);
}

let loading: Promise<FontSet> | undefined;

/** Read once a process, when the first report needs them. */
export function loadFonts(): Promise<FontSet> {
  loading ??= readFonts().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function readFonts(): Promise<FontSet> {
  const [bold, ...faces] = await Promise.all([BOLD, ...FILES].map(readFace));
  return new FontSet(faces, bold as Face);
}

async function readFace({ name, package: from, file, rightToLeft = false }: FontFile): Promise<Face> {
  const folder = dirname(dirname(createRequire(import.meta.url).resolve(from)));
  const font = create(await readFile(join(folder, 'fonts', file)));
  if (!('layout' in font)) throw new Error(`${file} is a collection of fonts`);
  return { name, font, rightToLeft };
}
