import type { z } from 'zod';
import { RowtrailError } from '../lib/errors.ts';
import { counted } from '../lib/counted.ts';
import { nearest } from '../lib/nearest.ts';
import { withoutPassword } from './url.ts';

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** The key as a reader writes it, `sources[0].tableOptions."public.users".exclude`; empty for the whole file. */
  readonly path: string;
  /** The line of the file, from 1; null where there is no file. */
  readonly line: number | null;
  /** What was found and what the key takes. */
  readonly message: string;
}

/** RT_CONFIG with every problem at once. */
export class ConfigError extends RowtrailError {
  readonly problems: readonly ConfigProblem[];

  constructor(origin: string, problems: readonly ConfigProblem[], hint?: string) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super('RT_CONFIG', [`${origin} has ${count}:`, ...problems.map(problemLine)].join('\n'), {
      hint: hint ?? 'config/rowtrail.example.yaml shows every key with what it does.',
    });
    this.problems = problems;
  }
}

export type KeyPath = readonly PropertyKey[];

/** `['sources', 0, 'tableOptions', 'public.users']` → `sources[0].tableOptions."public.users"`. */
export function formatPath(path: KeyPath): string {
  let formatted = '';
  for (const key of path) {
    if (typeof key === 'number') formatted += `[${key}]`;
    else {
      const name = String(key);
      formatted += `${formatted === '' ? '' : '.'}${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)}`;
    }
  }
  return formatted;
}

/** A zod issue as (path, message) pairs: an issue about unknown keys becomes one for each key. */
export function explainIssue(issue: z.core.$ZodIssue, raw: unknown): { path: KeyPath; message: string }[] {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(', ');
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: unknownKey(key, known) }));
  }
  if (issue.code === 'invalid_key') {
    const takes = issue.issues[0]?.message ?? issue.message;
    return [{ path: issue.path, message: `the key takes ${takes}` }];
  }
  const found = valueAt(raw, issue.path);
  const isSecret = issue.path.at(-1) === 'hashKey';
  const takes =
    issue.code === 'invalid_type' && issue.expected === 'object'
      ? `a mapping with the keys ${issue.message}`
      : issue.message;
  if (found === undefined) return [{ path: issue.path, message: `is missing; takes ${takes}` }];
  const meant = issue.code === 'invalid_value' && typeof found === 'string' ? nearestValue(found, issue.values) : '';
  return [{ path: issue.path, message: `found ${isSecret ? secret(found) : shown(found)}, takes ${takes}${meant}` }];
}

const MAX_SHOWN_LENGTH = 80;

/** A found value for people: shortened, and without a password. */
export function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return `${JSON.stringify(value)} (a ${typeof value})`;
  const safe = withoutPassword(value);
  return JSON.stringify(safe.length > MAX_SHOWN_LENGTH ? `${safe.slice(0, MAX_SHOWN_LENGTH)}…` : safe);
}

/** What can be said of a secret that is wrong. */
function secret(value: unknown): string {
  return typeof value === 'string' ? `a text of ${counted(value.length, 'character')}` : `a ${typeof value}`;
}

function problemLine({ path, line, message }: ConfigProblem): string {
  const where = [path, line === null ? '' : `(line ${line})`].filter((part) => part !== '').join(' ');
  return `  ${where === '' ? '' : `${where}: `}${message}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return meant === undefined
    ? `unknown key; this mapping takes ${known.join(', ')}`
    : `unknown key; did you mean ${meant}?`;
}

function nearestValue(found: string, values: readonly z.core.util.Primitive[]): string {
  const meant = nearest(found, values.map(String));
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function valueAt(raw: unknown, path: KeyPath): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
