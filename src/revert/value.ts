import { createHash } from 'node:crypto';
import type { Table, TableColumn, Values } from './table.ts';

/** Records whose key is longer go by its hash. The same as in entries. */
const MAX_KEY_BYTES = 1024;

/** The output text of a value in an image, null for NULL. A `json` that is the literal null has a space before it there. */
export function textOf(column: TableColumn, raw: string): string | null {
  if (raw === 'null') return column.kind === 'json' && column.notNull ? raw : null;
  if (column.kind === 'json') return isJsonNull(raw) && raw.startsWith(' ') ? raw.slice(1) : raw;
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  if (column.kind === 'boolean') return raw === 'true' ? 't' : 'f';
  return raw;
}

const NOT_FINITE = new Set(['NaN', 'Infinity', '-Infinity']);

/** A value as it stands in images; null: not known. */
export function jsonOf(column: TableColumn, text: string | null | undefined): string | null {
  if (text === undefined) return null;
  if (text === null) return 'null';
  switch (column.kind) {
    case 'json':
      return isJsonNull(text) ? ` ${text}` : text;
    case 'boolean':
      return text === 't' ? 'true' : 'false';
    case 'number':
      return NOT_FINITE.has(text) ? JSON.stringify(text) : text;
    default:
      return JSON.stringify(text);
  }
}

function isJsonNull(text: string): boolean {
  return text.trim() === 'null';
}

/** The record's key as entries have it; undefined: a value of it is not known. */
export function recordKey(table: Table, values: Values): string | undefined {
  if (table.key === null) return imageHash(table, values);
  const texts: string[] = [];
  for (const position of table.key) {
    const text = values[position];
    if (text === undefined || text === null) return undefined;
    texts.push(text);
  }
  const key = texts.length === 1 ? (texts[0] as string) : JSON.stringify(texts);
  return Buffer.byteLength(key) > MAX_KEY_BYTES ? hashed(key) : key;
}

function imageHash(table: Table, values: Values): string {
  const members = table.columns.flatMap((column, i) => {
    const value = values[i];
    return value === undefined ? [] : [`${JSON.stringify(column.name)}:${jsonOf(column, value) as string}`];
  });
  return hashed(`{${members.join(',')}}`);
}

function hashed(text: string): string {
  return `~${createHash('sha256').update(text).digest('hex')}`;
}
