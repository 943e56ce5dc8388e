import { membersOf } from '../entry/image.ts';

/**
 * The texts of members of an object, or of each object of an array, in JSON that is known to be valid: values that
 * are kept as they came, with all digits, never pass through a JavaScript number. Undefined where there is none.
 */
export function eventTexts<Name extends string>(
  body: string,
  names: readonly Name[],
): readonly Readonly<Record<Name, string | undefined>>[] {
  return objectsOf(body.trim()).map((text) => {
    // As with JSON.parse, the last one of a name counts.
    const members = new Map(membersOf(text).map(({ name, rawValue }) => [name, rawValue]));
    return Object.fromEntries(names.map((name) => [name, members.get(name)])) as Record<Name, string | undefined>;
  });
}

/** The objects of `[{…}, {…}]`, or the one object. */
function objectsOf(text: string): string[] {
  if (!text.startsWith('[')) return [text];
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 1; at < text.length - 1; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) parts.push(text.slice(start, at + 1));
    }
  }
  return parts;
}

/** The quote that ends the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
