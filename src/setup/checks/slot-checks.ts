import { slotFault, type ServerFacts } from '../../capture/wal/slot.ts';
import type { SourceConfig } from '../../config/config.ts';
import type { SystemIdentity } from '../../capture/wal/system-identity.ts';
import type { StoredCheckpoint } from '../slot-plan.ts';
import type { SourceState } from '../source-state.ts';
import { ok, problem, warning, type Finding } from './check.ts';

const BYTES_PER_MB = 1_048_576n;
/** A slot that keeps more than this share of max_slot_wal_keep_size is about to be cut off. */
const RETAINED_WARNING_PERCENT = 50n;
/** Where no bound is set, this much is worth a word. */
const RETAINED_WARNING_BYTES = 10_000n * BYTES_PER_MB;

/** The slot against what the store remembers of it. */
export function slotCheck(
  state: SourceState,
  source: SourceConfig,
  system: SystemIdentity | null,
  checkpoint: StoredCheckpoint | null,
): Finding {
  const { slot } = state;
  if (checkpoint === null) {
    return problem('slot', `the store has no checkpoint of source ${source.name}`, 'Run `rowtrail setup`.');
  }
  const fault = slotFault(source.slot, slot, system ?? known(checkpoint), checkpoint);
  if (fault !== null) return problem('slot', fault.message, fault.hint ?? 'Run `rowtrail setup`.');
  const reader = slot === null || slot.activePid === null ? 'no one reads it now' : `read by process ${slot.activePid}`;
  return ok('slot', `${source.slot} is there and fits the stored history; ${reader}`);
}

/** How much WAL the slot holds back. */
export function retentionCheck(state: SourceState): Finding | null {
  const { slot } = state;
  if (slot === null || slot.retainedBytes === null || slot.walStatus === 'lost') return null;
  const text = `the slot keeps ${slot.retainedBytes / BYTES_PER_MB} MB of WAL`;
  const fix = 'Start the daemon, or see in `rowtrail status` why it lags.';
  if (slot.walStatus === 'unreserved') {
    return problem(
      'wal-retained',
      `${text}, more than max_slot_wal_keep_size: it can be invalidated at the next checkpoint`,
      fix,
    );
  }
  const bound = state.maxSlotWalKeepMb < 0 ? null : BigInt(state.maxSlotWalKeepMb) * BYTES_PER_MB;
  const limit = bound === null ? RETAINED_WARNING_BYTES : (bound * RETAINED_WARNING_PERCENT) / 100n;
  if (slot.retainedBytes > limit) {
    return warning('wal-retained', bound === null ? text : `${text} of at most ${state.maxSlotWalKeepMb} MB`, fix);
  }
  return ok('wal-retained', text);
}

/** Without a replication connection (a problem of its own) the server counts as the known one. */
function known(checkpoint: StoredCheckpoint): ServerFacts {
  return { systemIdentifier: checkpoint.systemIdentifier ?? '', timeline: checkpoint.timeline ?? 0, walEnd: null };
}
