import { expect, test } from 'vitest';
import { sealCheck, type SealsFound } from '../../src/setup/checks/seal-checks.ts';

const SEAL = { enabled: true, intervalMs: 60_000, maxEntries: 50_000, keyFile: null };
const HEAD = { number: '7', sealedAt: '2026-11-22T00:00:00.000000Z', keyId: null };
const FOUND: SealsFound = { head: HEAD, unsealedSeconds: null, mismatch: null };

test.each([
  ['sealed', FOUND, SEAL, null, 'ok', 'seal 7 of 2026-11-22T00:00:00.000000Z, not signed'],
  ['signed', { ...FOUND, head: { ...HEAD, keyId: 'ab' } }, SEAL, null, 'ok', 'signed with the key ab'],
  ['none yet', { ...FOUND, head: null }, SEAL, null, 'ok', 'no seal yet'],
  [
    'off',
    { ...FOUND, head: null, unsealedSeconds: 1e6 },
    { ...SEAL, enabled: false },
    null,
    'ok',
    'seal.enabled is false',
  ],
  ['behind a little', { ...FOUND, unsealedSeconds: 3_000 }, SEAL, null, 'ok', 'is sealed'],
  ['behind', { ...FOUND, unsealedSeconds: 7_300 }, SEAL, null, 'warning', 'without a seal for 2 h'],
  ['rarely', { ...FOUND, unsealedSeconds: 7_300 }, { ...SEAL, intervalMs: 3_600_000 }, null, 'ok', 'is sealed'],
  ['no key', FOUND, SEAL, 'the private key /k cannot be read', 'problem', 'cannot be read'],
  ['changed', { ...FOUND, mismatch: 'seal 2: entries edited' }, SEAL, null, 'problem', 'seal 2: entries edited'],
] as const)('%s', (_name, found, seal, keyFault, status, message) => {
  expect(sealCheck(found, seal, keyFault)).toMatchObject({
    name: 'seals',
    status,
    message: expect.stringContaining(message),
  });
});
