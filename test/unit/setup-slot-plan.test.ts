import { describe, expect, test } from 'vitest';
import type { Slot } from '../../src/capture/wal/slot.ts';
import { planSlot, type SlotPlanInput, type StoredCheckpoint } from '../../src/setup/slot-plan.ts';

const SYSTEM = { systemIdentifier: '7', timeline: 1 };
const slot: Slot = {
  name: 's',
  plugin: 'pgoutput',
  database: 'd',
  currentDatabase: 'd',
  activePid: null,
  walStatus: 'reserved',
  confirmedFlushLsn: 100n,
  restartLsn: 90n,
  retainedBytes: 0n,
};
const checkpoint: StoredCheckpoint = {
  ...SYSTEM,
  sourceId: 1,
  epoch: 1,
  slot: 's',
  endLsn: 100n,
  acknowledgedLsn: 100n,
};

function decide(overrides: Partial<SlotPlanInput>) {
  return planSlot({ name: 's', slot, system: SYSTEM, checkpoint, publicationExists: true, ...overrides });
}

describe('planSlot', () => {
  test.each<[string, Partial<SlotPlanInput>, object]>([
    ['both there and fitting', {}, { kind: 'keep' }],
    ['the slot behind the store', { slot: { ...slot, confirmedFlushLsn: 10n } }, { kind: 'keep' }],
    ['in use and fitting', { slot: { ...slot, activePid: 5 } }, { kind: 'keep' }],
    ['neither', { slot: null, checkpoint: null, publicationExists: false }, { kind: 'create', slot: 'new' }],
    ['a slot and a fresh store', { checkpoint: null }, { kind: 'create', slot: 'adopt' }],
    [
      'an invalidated slot and a fresh store',
      { checkpoint: null, slot: { ...slot, walStatus: 'lost' } },
      { kind: 'create', slot: 'replace' },
    ],
    [
      'a slot older than its publication',
      { checkpoint: null, publicationExists: false },
      { kind: 'create', slot: 'replace' },
    ],
    ['no slot', { slot: null }, { kind: 'restart', slot: 'new', reason: 'slot_missing' }],
    [
      'an invalidated slot',
      { slot: { ...slot, walStatus: 'lost' } },
      { kind: 'restart', slot: 'replace', reason: 'slot_lost' },
    ],
    [
      'an advanced slot',
      { slot: { ...slot, confirmedFlushLsn: 101n } },
      { kind: 'restart', slot: 'adopt', reason: 'slot_lost' },
    ],
    [
      'another server',
      { system: { ...SYSTEM, systemIdentifier: '8' }, slot: null },
      { kind: 'restart', slot: 'new', reason: 'source_changed' },
    ],
    [
      'a promoted standby with the slot',
      { system: { ...SYSTEM, timeline: 2 } },
      { kind: 'restart', slot: 'adopt', reason: 'source_changed' },
    ],
    [
      'no publication',
      { publicationExists: false },
      { kind: 'restart', slot: 'replace', reason: 'publication_missing' },
    ],
    [
      'another slot name than before',
      { checkpoint: { ...checkpoint, slot: 'old' } },
      { kind: 'restart', slot: 'adopt', reason: 'slot_missing' },
    ],
  ])('%s', (_name, overrides, expected) => {
    expect(decide(overrides)).toMatchObject(expected);
  });

  test.each<[string, Partial<SlotPlanInput>]>([
    ['to take over', { checkpoint: null, slot: { ...slot, activePid: 5 } }],
    ['to replace', { publicationExists: false, slot: { ...slot, activePid: 5 } }],
  ])('a slot %s must be free', (_name, overrides) => {
    expect(() => decide(overrides)).toThrow(
      expect.objectContaining({ code: 'RT_SLOT_BUSY', message: expect.stringContaining('process 5') }),
    );
  });
});
