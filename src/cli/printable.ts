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

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** Seconds as `3 s`, `2 min`, `5 h`, `12 d`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [unit, size] = UNITS.find((candidate) => whole >= candidate[1]) ?? ['s', 1];
  return `${Math.floor(whole / size)} ${unit}`;
}

/** Bytes as `512 B`, `16.0 MB`; powers of 1024, as PostgreSQL counts. */
export function byteSize(bytes: number): string {
  let size = bytes;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (size < 1024) return unit === 'B' ? `${size} B` : `${size.toFixed(1)} ${unit}`;
    size /= 1024;
  }
  return `${size.toFixed(1)} TB`;
}
