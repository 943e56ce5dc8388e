/**
 * JSON to the digit. A number that a JavaScript number would not give back as it was written (`1.50`, `9007199254740993`)
 * becomes a `Digits`; every other one is a number. Objects have no prototype, so that a column may be called anything.
 */
export type Json = null | boolean | number | string | Digits | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** A number as it was written. */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** Throws a SyntaxError for what is no JSON. */
export function parseExactJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

/** JSON text, with the digits that were read; with `indent`, a member a line. */
export function exactJsonText(value: unknown, indent = ''): string {
  return write(value, indent, indent === '' ? '' : '\n');
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits);
}

function write(value: unknown, indent: string, line: string): string {
  if (value instanceof Digits) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const inner = line === '' ? '' : line + indent;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((each) => write(each, indent, inner))
    : Object.entries(value).map(
        ([name, each]) => `${JSON.stringify(name)}:${line === '' ? '' : ' '}${write(each, indent, inner)}`,
      );
  const [open, close] = isList ? '[]' : '{}';
  return parts.length === 0 ? `${open}${close}` : `${open}${inner}${parts.join(`,${inner}`)}${line}${close}`;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: readonly [string, Json][] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#space();
  }

  value(): Json {
    const first = this.#text[this.#at];
    if (first === '{') return this.#object();
    if (first === '[') return this.#list();
    if (first === '"') return this.#string();
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      this.#space();
      return value;
    }
    return this.#number();
  }

  end(): void {
    if (this.#at < this.#text.length) throw this.#unexpected();
  }

  #object(): JsonObject {
    const members: Record<string, Json> = Object.create(null);
    this.#take('{');
    if (this.#maybe('}')) return members;
    do {
      const name = this.#string();
      this.#take(':');
      members[name] = this.value();
    } while (this.#maybe(','));
    this.#take('}');
    return members;
  }

  #list(): Json[] {
    const items: Json[] = [];
    this.#take('[');
    if (this.#maybe(']')) return items;
    do items.push(this.value());
    while (this.#maybe(','));
    this.#take(']');
    return items;
  }

  #string(): string {
    // The platform reads escapes, and refuses what is none.
    return JSON.parse(this.#match(STRING)) as string;
  }

  #number(): number | Digits {
    const text = this.#match(NUMBER);
    const number = Number(text);
    return String(number) === text ? number : new Digits(text);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [text] = pattern.exec(this.#text) ?? [];
    if (text === undefined) throw this.#unexpected();
    this.#at += text.length;
    this.#space();
    return text;
  }

  #take(character: string): void {
    if (!this.#maybe(character)) throw this.#unexpected();
  }

  #maybe(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    this.#space();
    return true;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`no JSON at character ${this.#at + 1}`);
  }
}
