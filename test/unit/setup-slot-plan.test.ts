import { describe, expect, test } from 'vitest';
import type { Slot } from '../../src/capture/wal/slot.ts';
import { adoptedLsn, planSlot, type SlotPlanInput, type StoredCheckpoint } from '../../src/setup/slot-plan.ts';

const SYSTEM = { systemIdentifier: '7', timeline: 1, walEnd: 1_000n };
const slot: Slot = {
  name: 's',
  plugin: 'pgoutput',
  database: 'd',
  currentDatabase: 'd',
  activePid: null,
  walStatus: 'reserved',
  invalidationReason: null,
  confirmedFlushLsn: 100n,
  restartLsn: 90n,
  retainedBytes: 0n,
  safeBytes: null,
};
const checkpoint: StoredCheckpoint = {
  systemIdentifier: SYSTEM.systemIdentifier,
  timeline: SYSTEM.timeline,
  openGap: null,
  sourceId: 1,
  epoch: 1,
  capture: 'wal',
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
      'a restored backup',
      { system: { ...SYSTEM, walEnd: 99n } },
      { kind: 'restart', slot: 'replace', reason: 'source_restored' },
    ],
    [
      'a restored backup that has grown past the history since',
      { checkpoint: { ...checkpoint, openGap: { reason: 'source_restored', detail: 'ends', skipLsn: null } } },
      { kind: 'restart', slot: 'replace', reason: 'source_restored' },
    ],
    ['a source that is just where the store is', { system: { ...SYSTEM, walEnd: 100n } }, { kind: 'keep' }],
    [
      'a slot that was idle for too long',
      { slot: { ...slot, walStatus: 'unreserved', invalidationReason: 'idle_timeout' } },
      { kind: 'restart', slot: 'replace', reason: 'slot_lost' },
    ],
    [
      'a publication that was made again by hand, which its slot is blind to',
      { checkpoint: { ...checkpoint, openGap: { reason: 'publication_missing', detail: 'gone', skipLsn: null } } },
      { kind: 'restart', slot: 'replace', reason: 'publication_missing', why: 'gone' },
    ],
    [
      'a transaction that stops capture, with the slot still before it',
      { checkpoint: { ...checkpoint, openGap: { reason: 'transaction_unsendable', detail: null, skipLsn: 120n } } },
      { kind: 'keep' },
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

describe('adoptedLsn', () => {
  test.each<[string, bigint, string, bigint]>([
    ['a slot that was advanced goes on where it is', 150n, '7', 150n],
    ["a promoted standby's slot, which lags, goes on where the history ends", 60n, '7', 100n],
    ['a slot of another server goes on where it is: positions cannot be compared', 60n, '8', 60n],
  ])('%s', (_name, confirmedFlushLsn, systemIdentifier, expected) => {
    expect(adoptedLsn({ ...slot, confirmedFlushLsn }, { systemIdentifier }, checkpoint)).toBe(expected);
  });

  test('without a history, it is where the slot stands', () => {
    expect(adoptedLsn(slot, SYSTEM, null)).toBe(100n);
  });
});
