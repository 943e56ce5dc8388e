import { createHash } from 'node:crypto';

/** A column's value, for people to read. */
export interface ShownValue {
  /** `absent`: the row had no such column. `unknown`: it had a value that was not captured. */
  readonly kind: 'value' | 'null' | 'absent' | 'unknown';
  readonly text: string;
  /** Where the text was shortened: how long it is, and its digest. */
  readonly note: string | null;
}

/** Of one value, in characters; csv and json have all of them. */
export const MAX_SHOWN_CHARACTERS = 1_000;
const MAX_SHOWN_LINES = 40;

/** `raw`: the JSON text as stored; undefined where there is none. A string is its text, everything else its JSON. */
export function shownValue(raw: string | undefined, isUnknown: boolean): ShownValue {
  if (isUnknown) return { kind: 'unknown', text: 'not captured', note: null };
  if (raw === undefined) return { kind: 'absent', text: '', note: null };
  if (raw === 'null') return { kind: 'null', text: 'null', note: null };
  return { kind: 'value', ...shortened(plainText(raw)) };
}

/** The text that a JSON value stands for. */
export function plainText(raw: string): string {
  if (!raw.startsWith('"')) return raw;
  return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

/** What can be read, and a note of what was left out. */
export function shortened(text: string): { readonly text: string; readonly note: string | null } {
  const end = shownEnd(text);
  if (end === text.length) return { text, note: null };
  const digest = createHash('sha256').update(text).digest('hex');
  return {
    text: text.slice(0, end),
    note: `shortened: the first ${grouped(end)} of ${grouped(text.length)} characters; SHA-256 of all (UTF-8) ${digest}`,
  };
}

function shownEnd(text: string): number {
  let end = Math.min(text.length, MAX_SHOWN_CHARACTERS);
  // Not through the middle of a surrogate pair.
  if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1] as string)) end -= 1;
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) {
    lines += 1;
    if (lines === MAX_SHOWN_LINES) return at;
  }
  return end;
}

/**
 * What could not be seen, or would turn the text around it, is named by its code point: a report must read as what it
 * says. https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
export function visibleText(text: string): string {
  return text
    .replaceAll(/\r\n/g, '\n')
    .replaceAll('\t', '    ')
    .replaceAll(UNSEEN, (character) => codePointName(character));
}

/** `[U+200B]`. */
export function codePointName(character: string): string {
  return `[U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** Controls but the line feed, formats but the joiners, lone surrogates, private use. */
const UNSEEN = /(?![\n\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu;

export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
