import { skipRunbook } from '../../capture/wal/blocked.ts';
import type { SourceConfig } from '../../config/config.ts';
import { counted } from '../../lib/counted.ts';
import type { OpenGap } from '../slot-plan.ts';
import { ok, problem, warning, type Finding } from './check.ts';

/** The gaps on record for a source. */
export interface GapsFound {
  readonly closed: number;
  /** When the latest closed one ended. */
  readonly latest: string | null;
  readonly open: OpenGap | null;
}

/** Holes in the history: one that grows is a problem, those on record stay worth a word. Pure. */
export function gapCheck(gaps: GapsFound, source: SourceConfig): Finding {
  const { open, closed, latest } = gaps;
  if (open !== null) {
    return problem(
      'gaps',
      `capture has stopped and a gap is open (${open.reason}): ${open.detail ?? 'no changes are captured'}`,
      open.reason.startsWith('transaction_')
        ? skipRunbook(source.slot, open.skipLsn)
        : 'Run `rowtrail setup`: it ends the gap and begins a new epoch.',
    );
  }
  if (closed > 0) {
    return warning(
      'gaps',
      `the history has ${counted(closed, 'gap')}${latest === null ? '' : `, the latest until ${latest}`}`,
      'See `rowtrail status`. Nothing brings those changes back.',
    );
  }
  return ok('gaps', 'the history has no gaps');
}
