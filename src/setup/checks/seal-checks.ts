import type { SealConfig } from '../../config/config.ts';
import { duration } from '../../lib/duration.ts';
import { ok, problem, warning, type Finding } from './check.ts';

/** How the history is sealed. */
export interface SealsFound {
  /** The last one; null: there is none. */
  readonly head: { readonly number: string; readonly sealedAt: string; readonly keyId: string | null } | null;
  /** How long ago the oldest entry without a seal was recorded; null: every entry has one. */
  readonly unsealedSeconds: number | null;
  /** What the last verification found wrong; null: nothing. */
  readonly mismatch: string | null;
}

/** A daemon that runs seals in less; a long backlog takes its time. */
const LATE_SECONDS = 3_600;
const LATE_INTERVALS = 10;

/** `keyFault`: why the configured key cannot be used. Pure. */
export function sealCheck(
  { head, unsealedSeconds, mismatch }: SealsFound,
  seal: SealConfig,
  keyFault: string | null,
): Finding {
  if (mismatch !== null) {
    return problem(
      'seals',
      `the last verification found that the history is not what was sealed: ${mismatch}`,
      'Run `rowtrail verify` for all of it, and look who may write to the store.',
    );
  }
  if (keyFault !== null)
    return problem('seals', keyFault, '`rowtrail seal key --output FILE` makes a key for seal.keyFile.');
  if (!seal.enabled) return ok('seals', 'the history is not sealed: seal.enabled is false');
  const late = Math.max(LATE_SECONDS, (LATE_INTERVALS * seal.intervalMs) / 1000);
  if (unsealedSeconds !== null && unsealedSeconds > late) {
    return warning(
      'seals',
      `entries have been without a seal for ${duration(unsealedSeconds)}`,
      '`rowtrail run` seals them; its log says why it cannot. An open block of ids, of a huge transaction, holds seals up as well.',
    );
  }
  if (head === null) return ok('seals', 'there is no seal yet: a running daemon makes them');
  const signed = head.keyId === null ? 'not signed' : `signed with the key ${head.keyId}`;
  return ok('seals', `the history is sealed: seal ${head.number} of ${head.sealedAt}, ${signed}`);
}
