/**
 * Text that came from a database or a client, made safe for a terminal: control characters (escape
 * sequences among them) and those that reorder text are shown as `\u{…}`.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

/** At most `length` characters, the last of them an ellipsis if something was cut. */
export function shortened(text: string, length: number): string {
  const characters = Array.from(text.slice(0, length * 2 + 2));
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text;
}

/** `12345` → `12,345`: grouped alike in every locale. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
