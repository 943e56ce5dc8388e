import { ConfigError } from '../config/problem.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import type { Paint } from './paint.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, foundProblems: 3 } as const;

/** What the one at the keyboard has to change: the command line, a filter on it, or the configuration. */
const USAGE_CODES: ReadonlySet<string> = new Set(['RT_CONFIG', 'RT_USAGE', 'RT_FILTER']);

export interface FailureOptions {
  readonly json: boolean;
  /** Adds stack traces. */
  readonly debug: boolean;
  readonly paint: Paint;
}

/** An error as the user gets to see it: one JSON line, or what went wrong, what to do, and the code. */
export function renderFailure(thrown: unknown, { json, debug, paint }: FailureOptions): string {
  const error = asRowtrailError(thrown);
  if (json) {
    const { code, message, hint } = error;
    const problems = error instanceof ConfigError ? { problems: error.problems } : {};
    return JSON.stringify({
      error: { code, message, hint: hint ?? null, ...problems, ...(debug ? { stack: stacks(thrown) } : {}) },
    });
  }
  const lines = [`${paint.red('rowtrail:')} ${error.message}`];
  if (error.hint !== undefined) lines.push(`  ${paint.cyan('→')} ${error.hint}`);
  lines.push(paint.dim(`  ${error.code}`));
  if (debug) lines.push(stacks(thrown));
  return lines.join('\n');
}

export function exitCodeOf(thrown: unknown): number {
  const { code } = asRowtrailError(thrown);
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.failed;
}

function asRowtrailError(thrown: unknown): RowtrailError {
  if (thrown instanceof RowtrailError) return thrown;
  return new RowtrailError('RT_INTERNAL', messageOf(thrown), {
    hint: 'This is a defect in Rowtrail. Please report it with what `--debug` adds.',
    cause: thrown,
  });
}

/** The stack of an error and of what caused it. Not `inspect`: that would print properties, and URLs in them. */
function stacks(thrown: unknown): string {
  const parts: string[] = [];
  for (let error = thrown; error instanceof Error && parts.length < 10; error = error.cause) {
    parts.push(error.stack ?? error.message);
  }
  return parts.join('\ncaused by: ');
}
