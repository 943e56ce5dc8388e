import { databaseOf, isPostgresUrl } from './url.ts';
import type { KeyPath } from './problem.ts';
import type { Environment } from './yaml-file.ts';

/** The process's environment: nothing outside this folder reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

/** Whether errors are to be shown with their stack traces. */
export function debugRequested(environment: Environment): boolean {
  return !['', '0', 'false', undefined].includes(environment['ROWTRAIL_DEBUG']);
}

/** Whether the user asked for no colours, https://no-color.org. */
export function coloursRefused(environment: Environment): boolean {
  return (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
}

const FALLBACK_NAME = 'default';

const VARIABLES: readonly { name: string; path: KeyPath; read: (text: string) => unknown }[] = [
  { name: 'ROWTRAIL_SOURCE_URL', path: ['sources', 0, 'url'], read: String },
  { name: 'ROWTRAIL_ADMIN_URL', path: ['sources', 0, 'admin', 'url'], read: String },
  { name: 'ROWTRAIL_REVERT_URL', path: ['sources', 0, 'revert', 'url'], read: String },
  { name: 'ROWTRAIL_TABLES', path: ['sources', 0, 'tables'], read: readList },
  { name: 'ROWTRAIL_CAPTURE', path: ['sources', 0, 'capture'], read: String },
  { name: 'ROWTRAIL_STORE_URL', path: ['store', 'url'], read: String },
  { name: 'ROWTRAIL_SEAL_KEY_FILE', path: ['seal', 'keyFile'], read: String },
  { name: 'ROWTRAIL_HOST', path: ['http', 'host'], read: String },
  { name: 'ROWTRAIL_PORT', path: ['http', 'port'], read: readNumber },
];

/**
 * A configuration from environment variables alone, in the shape of the file. A variable that is
 * empty counts as unset (compose files pass those on).
 */
export function configFromEnvironment(environment: Environment): unknown {
  const config: Record<string, unknown> = {};
  for (const { name, path, read } of VARIABLES) {
    const text = environment[name];
    if (text !== undefined && text !== '') assign(config, path, read(text));
  }
  const url = environment['ROWTRAIL_SOURCE_URL'] ?? '';
  assign(config, ['sources', 0, 'name'], isPostgresUrl(url) ? nameFromUrl(url) : FALLBACK_NAME);
  return config;
}

/** The variable a key comes from: errors name it in place of the key. */
export function variableOf(path: KeyPath): string | undefined {
  return VARIABLES.find((variable) => variable.path.every((key, index) => path[index] === key))?.name;
}

/** A source's name from the database its URL names. */
export function nameFromUrl(url: string): string {
  const name = databaseOf(url)
    .toLowerCase()
    .replaceAll(/[^\w.-]/g, '_')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
  return name === '' || name === 'rowtrail' ? FALLBACK_NAME : name;
}

function readList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function readNumber(text: string): unknown {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function assign(target: Record<string, unknown>, path: KeyPath, value: unknown): void {
  let node = target as Record<PropertyKey, unknown>;
  for (const [index, key] of path.slice(0, -1).entries()) {
    node[key] ??= typeof path[index + 1] === 'number' ? [] : {};
    node = node[key] as Record<PropertyKey, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined) node[last] = value;
}
