import { codeOf, RowtrailError, tellable } from '../lib/errors.ts';

/** A flush that the store will not take, now or later. */
export class RefusedFlush extends RowtrailError {
  /** The commit LSN of the flush's only transaction; null: it has several, and any of them may be the cause. */
  readonly commitLsn: bigint | null;

  constructor(commitLsn: bigint | null, cause: unknown) {
    super('RT_STORE_REFUSED', `the store refuses {transaction}: ${tellable(cause)}`, { cause });
    this.commitLsn = commitLsn;
  }
}

/**
 * Data exceptions and program limits: the same bytes are refused every time.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isRefusal(error: unknown): boolean {
  return /^(22|54)...$/.test(codeOf(error) ?? '');
}
