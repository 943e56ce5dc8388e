import { FilterError } from '../filter-error.ts';

/** A search text that cannot be read, and where it stops making sense. */
export class QueryError extends FilterError {
  /** From 1, in characters. */
  readonly column: number;
  /** The known key nearest to an unknown one. */
  readonly nearest: string | undefined;

  constructor(text: string, at: number, message: string, options: { hint?: string; nearest?: string } = {}) {
    const column = Array.from(text.slice(0, at)).length + 1;
    super('q', `q, column ${column}: ${message}`, options.hint);
    this.column = column;
    this.nearest = options.nearest;
  }
}
