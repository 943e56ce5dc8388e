import {
  isInvalidated,
  RESTORED_GAP,
  slotFault,
  SourceRestored,
  type GapReason,
  type KnownPosition,
  type Slot,
} from '../capture/wal/slot.ts';
import { RowtrailError } from '../lib/errors.ts';
import type { SystemIdentity } from '../capture/wal/system-identity.ts';

/** The store's checkpoint of a source, as far as setup needs it. */
export interface StoredCheckpoint extends KnownPosition {
  readonly sourceId: number;
  readonly epoch: number;
  readonly capture: 'wal' | 'trigger';
  readonly slot: string | null;
  /** The gap that the daemon has left open. */
  readonly openGap: OpenGap | null;
}

export interface OpenGap {
  /** A `GapReason`. */
  readonly reason: string;
  readonly detail: string | null;
  /** A slot advanced to here has passed over the transaction that stopped capture; null: not such a gap, or not known. */
  readonly skipLsn: bigint | null;
}

/**
 * What setup does about slot and checkpoint.
 * - keep: both are there and fit together.
 * - create: no history yet; a new slot, or (`adopt`) the one that is there.
 * - restart: the history has a hole. A new epoch, a gap, and a new slot unless the present one can go on
 *   (`replace`: the present one must be dropped first).
 * `none`: trigger capture has no slot; one of WAL capture is dropped.
 */
export type SlotPlan =
  | { readonly kind: 'keep' }
  | { readonly kind: 'create'; readonly slot: 'new' | 'adopt' | 'replace' | 'none' }
  | {
      readonly kind: 'restart';
      readonly slot: 'new' | 'adopt' | 'replace' | 'none';
      readonly reason: GapReason;
      readonly why: string;
    };

export interface SlotPlanInput {
  readonly name: string;
  readonly slot: Slot | null;
  readonly system: SystemIdentity;
  readonly checkpoint: StoredCheckpoint | null;
  /** A slot does not see a publication that was made after it (ANCHORS §2.4): streaming would fail. */
  readonly publicationExists: boolean;
}

/** Pure. Throws RT_SLOT_BUSY where another process must let go of the slot first. */
export function planSlot(input: SlotPlanInput): SlotPlan {
  const plan = decide(input);
  if (plan.kind !== 'keep' && plan.slot !== 'new' && input.slot !== null && input.slot.activePid !== null) {
    throw new RowtrailError(
      'RT_SLOT_BUSY',
      `the slot ${input.name} is in use by process ${input.slot.activePid}, and setup has to ${plan.slot === 'adopt' ? 'take it over' : 'replace it'}`,
      {
        hint: 'Stop the daemon or whatever else reads the slot (see pg_stat_replication), then run `rowtrail setup` again.',
      },
    );
  }
  return plan;
}

/** The same for trigger capture, whose history knows the server and no position on it. Pure. */
export function planOutbox(
  system: Pick<SystemIdentity, 'systemIdentifier' | 'timeline'>,
  checkpoint: StoredCheckpoint | null,
  hasOutbox: boolean,
): SlotPlan {
  if (checkpoint === null) return { kind: 'create', slot: 'none' };
  const begins = (reason: GapReason, why: string): SlotPlan => ({ kind: 'restart', slot: 'none', reason, why });
  if (checkpoint.capture !== 'trigger') return begins('capture_changed', 'it was captured from the WAL until now');
  if (checkpoint.systemIdentifier !== system.systemIdentifier || checkpoint.timeline !== system.timeline) {
    return begins(
      'source_changed',
      'the source is another server, or on another timeline, than its history comes from',
    );
  }
  if (!hasOutbox) return begins('outbox_missing', 'the outbox was gone');
  const { openGap } = checkpoint;
  if (openGap !== null) return begins(openGap.reason as GapReason, openGap.detail ?? 'capture had stopped');
  return { kind: 'keep' };
}

function decide(input: SlotPlanInput): SlotPlan {
  const { slot, checkpoint, name, system } = input;
  const unusable = slot !== null && (isInvalidated(slot) || !input.publicationExists || isRestored(system, checkpoint));
  if (checkpoint === null) {
    if (slot === null) return { kind: 'create', slot: 'new' };
    return { kind: 'create', slot: unusable ? 'replace' : 'adopt' };
  }
  if (checkpoint.capture !== 'wal') {
    return restart(slot, unusable, 'capture_changed', 'it was captured by triggers until now');
  }
  const fault = slotFault(name, slot, system, checkpoint);
  if (fault === null && checkpoint.slot !== null && checkpoint.slot !== name) {
    return restart(slot, unusable, 'slot_missing', `its history came through the slot ${checkpoint.slot}`);
  }
  if (fault !== null) return restart(slot, unusable, gapReason(fault, slot), fault.message);
  if (!input.publicationExists) return restart(slot, unusable, 'publication_missing', 'its publication was gone');
  const { openGap } = checkpoint;
  // What the catalog does not show, or no longer: it looks sound, and the slot is useless.
  if (openGap !== null && STREAM_LOSSES.has(openGap.reason)) {
    return restart(slot, true, openGap.reason as GapReason, openGap.detail ?? 'capture had stopped');
  }
  return { kind: 'keep' };
}

/** Where the slot is blind to a publication made after it, its WAL is gone, or stands in a past that is history. */
const STREAM_LOSSES: ReadonlySet<string> = new Set<GapReason>(['publication_missing', 'slot_lost', RESTORED_GAP]);

/**
 * The slot of a restored backup stands before changes that are in the history already: they would come in again.
 */
function isRestored(system: SystemIdentity, checkpoint: StoredCheckpoint | null): boolean {
  return (
    checkpoint !== null &&
    checkpoint.capture === 'wal' &&
    system.systemIdentifier === checkpoint.systemIdentifier &&
    (system.walEnd < checkpoint.endLsn || system.walEnd < checkpoint.acknowledgedLsn)
  );
}

/**
 * Where the history goes on with a slot that is taken over, or null where the slot does not say. On the server of
 * the history that is never before what is stored, which would come in twice (a promoted standby's slot lags).
 */
export function adoptedLsn(
  slot: Slot | null,
  system: Pick<SystemIdentity, 'systemIdentifier'>,
  checkpoint: StoredCheckpoint | null,
): bigint | null {
  const confirmed = slot?.confirmedFlushLsn ?? null;
  if (
    confirmed === null ||
    checkpoint === null ||
    checkpoint.capture !== 'wal' ||
    system.systemIdentifier !== checkpoint.systemIdentifier
  ) {
    return confirmed;
  }
  return confirmed > checkpoint.endLsn ? confirmed : checkpoint.endLsn;
}

function restart(slot: Slot | null, unusable: boolean, reason: GapReason, why: string): SlotPlan {
  return { kind: 'restart', slot: slot === null ? 'new' : unusable ? 'replace' : 'adopt', reason, why };
}

function gapReason(fault: RowtrailError, slot: Slot | null): GapReason {
  if (fault instanceof SourceRestored) return RESTORED_GAP;
  if (fault.code === 'RT_SOURCE_CHANGED') return 'source_changed';
  return slot === null ? 'slot_missing' : 'slot_lost';
}
