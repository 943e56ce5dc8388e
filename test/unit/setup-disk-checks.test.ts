import { describe, expect, it } from 'vitest';
import { diskCheck, sourceDiskCheck } from '../../src/setup/checks/disk-checks.ts';
import type { SourceState } from '../../src/setup/source-state.ts';

const GB = 1024 ** 3;
const disk = (free: number, total = 100): { freeBytes: number; totalBytes: number } => ({
  freeBytes: free * GB,
  totalBytes: total * GB,
});

function keeping(maxSlotWalKeepMb: number, retainedBytes: bigint | null = null): SourceState {
  const slot = retainedBytes === null ? null : { retainedBytes };
  return { maxSlotWalKeepMb, slot } as unknown as SourceState;
}

describe('the disk', () => {
  it.each([
    ['enough', disk(50), 'ok', /^50\.0 GB of 100\.0 GB are free/],
    ['little', disk(5), 'warning', /^5\.0 GB/],
    ['next to none', disk(0.5, 1), 'problem', /^512\.0 MB/],
    ['unseen', null, 'ok', /cannot be seen from here/],
  ] as const)('with %s free', (_what, found, status, message) => {
    expect(diskCheck(found)).toMatchObject({ status, message: expect.stringMatching(message) });
  });

  it('of a source has to hold what a stopped daemon keeps, less what it keeps already', () => {
    expect(sourceDiskCheck(disk(50), keeping(20 * 1024)).status).toBe('ok');
    expect(sourceDiskCheck(disk(19), keeping(20 * 1024))).toMatchObject({
      status: 'problem',
      message:
        '19.0 GB of 100.0 GB are free on its disk, and max_slot_wal_keep_size lets a stopped daemon take 20.0 GB more',
      fix: expect.stringContaining('below 19456MB'),
    });
    expect(sourceDiskCheck(disk(19), keeping(20 * 1024, BigInt(2 * GB))).status).toBe('ok');
    expect(sourceDiskCheck(disk(19), keeping(-1)).status).toBe('ok');
  });
});
