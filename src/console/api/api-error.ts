import type { Problem, RevertPreview } from './schema.ts';

/** An answer that is not the one asked for, or none at all. */
export class ApiError extends Error {
  /** Null: no answer came. */
  readonly problem: Problem | null;
  /** Of a revert that was refused: what it would do now. */
  readonly preview: RevertPreview | null;

  constructor(message: string, problem: Problem | null, preview: RevertPreview | null = null) {
    super(message);
    this.name = 'ApiError';
    this.problem = problem;
    this.preview = preview;
  }

  get status(): number {
    return this.problem?.status ?? 0;
  }
}

/** What went wrong, and what to do about it, each a sentence. */
export function explain(error: unknown): { message: string; hint: string | null; column: number | null } {
  if (!(error instanceof ApiError)) {
    return { message: error instanceof Error ? error.message : String(error), hint: null, column: null };
  }
  const { problem } = error;
  if (problem === null)
    return { message: error.message, hint: 'Rowtrail may be stopped, or the network down.', column: null };
  const wrong = problem.errors?.[0];
  const message = wrong === undefined ? problem.detail : `${wrong.parameter}: ${wrong.detail}`;
  const nearest = wrong?.nearest === undefined ? undefined : `Did you mean ${wrong.nearest}?`;
  return { message, hint: problem.hint ?? nearest ?? null, column: wrong?.column ?? null };
}

/** Whether it says that the caller may not do this. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403;
}
