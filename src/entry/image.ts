/**
 * Raw top-level members of a JSON object text. Values are never parsed: a number keeps every digit
 * PostgreSQL printed, and nested JSON keeps its own text.
 */
export interface Member {
  /** The column's name, unescaped. */
  readonly name: string;
  /** The key as it stands in the text, with its quotes. */
  readonly rawKey: string;
  /** The value's text, without surrounding whitespace. */
  readonly rawValue: string;
}

/** Splits the text of a JSON object into its members, in order. Throws a SyntaxError on anything else. */
export function membersOf(text: string): Member[] {
  return split(text, false);
}

/**
 * The members of an image as the writer makes it, without space of its own: what surrounds a value belongs to
 * it (`json` is stored as it was written).
 */
export function verbatimMembers(text: string): Member[] {
  return split(text, true);
}

/**
 * The columns that an update changed, in the row's order, of what is stored of it: most name none, where they are the
 * members of `old`, its text or what that was split into. Null: it is not known.
 */
export function changedColumns(
  changed: readonly string[] | null,
  old: string | readonly Member[] | null,
): readonly string[] | null {
  if (changed !== null || old === null) return changed;
  return (typeof old === 'string' ? membersOf(old) : old).map(({ name }) => name);
}

/** The text of a JSON object with these members. */
export function objectOf(members: readonly Member[]): string {
  let text = '';
  for (const { rawKey, rawValue } of members) text += `${text === '' ? '' : ','}${rawKey}:${rawValue}`;
  return `{${text}}`;
}

/**
 * `row ⊕ old`: the members of `row` in their order, each with the value of its namesake in `old`
 * if there is one; then those that only `old` has (a column whose new value is unknown).
 */
export function mergeMembers(row: readonly Member[], old: readonly Member[]): Member[] {
  const merged = [...row];
  // An update changes few columns.
  const places = old.length > FEW ? new Map(row.map((member, place) => [member.name, place])) : null;
  for (const member of old) {
    const place = places === null ? row.findIndex(({ name }) => name === member.name) : (places.get(member.name) ?? -1);
    if (place === -1) merged.push(member);
    else merged[place] = member;
  }
  return merged;
}

/**
 * The text of `row ⊕ old`; `row` are the members of the object `text`. Most images have no space between their members,
 * and most updates change few: of those, all but the values that are others is copied as it stands.
 */
export function mergedObject(text: string, row: readonly Member[], old: readonly Member[]): string {
  if (old.length > FEW || !isCompact(text, row)) return objectOf(mergeMembers(row, old));
  let [merged, copied, at, replaced] = ['', 0, 1, 0];
  for (const { name, rawKey, rawValue } of row) {
    const start = at + rawKey.length + 1;
    const end = start + rawValue.length;
    const other = old.find((member) => member.name === name);
    if (other !== undefined) {
      merged += text.slice(copied, start) + other.rawValue;
      copied = end;
      replaced += 1;
    }
    at = end + 1;
  }
  return replaced === old.length ? merged + text.slice(copied) : objectOf(mergeMembers(row, old));
}

/** Whether nothing is between the members but their colons and commas. */
function isCompact(text: string, members: readonly Member[]): boolean {
  let length = 1;
  for (const { rawKey, rawValue } of members) length += rawKey.length + rawValue.length + 2;
  return length === text.length && members.length > 0;
}

const FEW = 8;

/** The named members, in the order of the names. Undefined if one of them is missing. */
export function pickMembers(members: readonly Member[], names: readonly string[]): Member[] | undefined {
  const picked: Member[] = [];
  for (const name of names) {
    const member = members.findLast((each) => each.name === name);
    if (member === undefined) return undefined;
    picked.push(member);
  }
  return picked;
}

/** All members but the named ones. */
export function omitMembers(members: readonly Member[], names: ReadonlySet<string>): Member[] {
  return members.filter((member) => !names.has(member.name));
}

function split(text: string, verbatim: boolean): Member[] {
  let at = skipSpace(text, 0);
  expect(text, at, '{');
  at = skipSpace(text, at + 1);
  const members: Member[] = [];
  if (text[at] === '}') {
    assertEnd(text, at + 1);
    return members;
  }
  for (;;) {
    const keyEnd = endOfString(text, at);
    const rawKey = text.slice(at, keyEnd);
    at = skipSpace(text, keyEnd);
    expect(text, at, ':');
    const valueStart = skipSpace(text, at + 1);
    const valueEnd = endOfValue(text, valueStart);
    const start = verbatim ? at + 1 : valueStart;
    at = skipSpace(text, valueEnd);
    members.push({ name: nameOf(rawKey), rawKey, rawValue: text.slice(start, verbatim ? at : valueEnd) });
    if (text[at] === ',') {
      at = skipSpace(text, at + 1);
      continue;
    }
    expect(text, at, '}');
    assertEnd(text, at + 1);
    return members;
  }
}

function nameOf(rawKey: string): string {
  return rawKey.includes('\\') ? (JSON.parse(rawKey) as string) : rawKey.slice(1, -1);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    // NaN at the end.
    if (!(code <= 0x20 && SPACES.has(code))) return at;
    at += 1;
  }
}

/** Where the value that begins at `start` ends: brackets are counted, strings jumped over. */
function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return endOfString(text, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfScalar(text, start);
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    at += 1;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return fail(text, at);
}

const SPACES: ReadonlySet<number> = new Set([0x20, 0x0a, 0x0d, 0x09]);
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Numbers, `true`, `false` and `null`. */
function endOfScalar(text: string, start: number): number {
  let at = start;
  while (at < text.length && !endsScalar(text.charCodeAt(at))) at += 1;
  return at === start ? fail(text, at) : at;
}

function endsScalar(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || (code <= 0x20 && SPACES.has(code));
}

function endOfString(text: string, start: number): number {
  expect(text, start, '"');
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1) {
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return fail(text, text.length);
}

function expect(text: string, at: number, character: string): void {
  if (text[at] !== character) fail(text, at);
}

function assertEnd(text: string, at: number): void {
  const end = skipSpace(text, at);
  if (end !== text.length) fail(text, end);
}

// The text itself is left out: it holds row values, which must not reach a log.
function fail(text: string, at: number): never {
  throw new SyntaxError(`not the text of a JSON object: unexpected ${at < text.length ? 'character' : 'end'} at ${at}`);
}
