import { byteSize } from '../../lib/byte-size.ts';
import type { Disk } from '../disk.ts';
import type { SourceState } from '../source-state.ts';
import { ok, problem, warning, type Finding } from './check.ts';

/** Less free space than this share of a disk, or than this many bytes, deserves a word. */
const FREE_WARNING_SHARE = 0.1;
const FREE_PROBLEM_BYTES = 1024 ** 3;
const MB = 1024 ** 2;
const MORE_SPACE = 'Free some, or give it a larger disk.';

/** The source's disk against what a stopped daemon may make it keep. Pure. */
export function sourceDiskCheck(disk: Disk | null, state: SourceState): Finding {
  const { slot, maxSlotWalKeepMb } = state;
  const keeps = maxSlotWalKeepMb < 0 ? null : maxSlotWalKeepMb * MB;
  if (disk === null || keeps === null) return diskCheck(disk);
  const more = Math.max(keeps - Number(slot?.retainedBytes ?? 0n), 0);
  if (more <= disk.freeBytes) return diskCheck(disk);
  return problem(
    'disk',
    `${free(disk)}, and max_slot_wal_keep_size lets a stopped daemon take ${byteSize(more)} more`,
    `Set max_slot_wal_keep_size below ${Math.floor(disk.freeBytes / MB)}MB and run \`select pg_reload_conf()\`, or give the disk more space.`,
  );
}

/** Pure. */
export function diskCheck(disk: Disk | null): Finding {
  if (disk === null) return ok('disk', 'its disk cannot be seen from here: watch the free space there');
  if (disk.freeBytes < FREE_PROBLEM_BYTES) return problem('disk', free(disk), MORE_SPACE);
  if (disk.freeBytes < disk.totalBytes * FREE_WARNING_SHARE) return warning('disk', free(disk), MORE_SPACE);
  return ok('disk', free(disk));
}

function free({ freeBytes, totalBytes }: Disk): string {
  return `${byteSize(freeBytes)} of ${byteSize(totalBytes)} are free on its disk`;
}
