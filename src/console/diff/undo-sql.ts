import { Digits, exactJsonText } from '../api/exact-json.ts';
import type { Entry } from '../api/schema.ts';

/**
 * SQL that puts back by hand what an entry changed, as far as the entry knows it; null for what is no change of a row
 * with a key. It compares nothing: a revert does.
 */
export function undoSql({ action, schema, table, key, before, after, changed, incomplete }: Entry): string | null {
  if (schema === null || table === null || key === null) return null;
  const unknown = new Set(incomplete?.columns);
  const name = `${identifier(schema)}.${identifier(table)}`;
  const where = `where ${condition(after === null || action === 'delete' ? key : { ...key, ...picked(after, Object.keys(key)) })}`;
  if (action === 'create') return `delete from ${name} ${where};`;
  if (before === null) return null;
  if (action === 'update') {
    const columns = changed.filter((column) => !unknown.has(column) && Object.hasOwn(before, column));
    if (columns.length === 0) return null;
    const sets = columns.map((column) => `${identifier(column)} = ${literal(before[column])}`);
    return `update ${name} set ${sets.join(', ')} ${where};`;
  }
  if (action !== 'delete') return null;
  const columns = Object.keys(before).filter((column) => !unknown.has(column));
  const values = columns.map((column) => literal(before[column]));
  return `insert into ${name} (${columns.map(identifier).join(', ')}) overriding system value values (${values.join(', ')});`;
}

/** A name as SQL takes it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A value as SQL takes it: with every digit, backslashes as they are. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean' || value instanceof Digits) return String(value);
  const text = typeof value === 'string' ? value : exactJsonText(value);
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

function condition(key: Readonly<Record<string, unknown>>): string {
  return Object.entries(key)
    .map(([column, value]) => `${identifier(column)} ${value === null ? 'is null' : `= ${literal(value)}`}`)
    .join(' and ');
}

function picked(row: Readonly<Record<string, unknown>>, columns: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    columns.filter((column) => Object.hasOwn(row, column)).map((column) => [column, row[column]]),
  );
}
