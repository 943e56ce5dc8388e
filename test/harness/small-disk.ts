import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestServer } from './server.ts';

const run = promisify(execFile);

/** A disk of a few megabytes, in memory. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Takes the space but for `leftBytes`. */
  fill(leftBytes: number): Promise<void>;
  free(): Promise<void>;
}

/** Whether this process may mount one: it has to be root, in a sandbox that lets it. */
export async function mayMount(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
    await run('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One that the server may keep a tablespace on. */
export async function makeSmallDisk(server: TestServer, megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  const { uid, gid } = await stat(join(server.postgres.dataDir, 'cluster'));
  await chown(folder, uid, gid);
  const filler = join(tmpdir(), folder.slice(tmpdir().length + 1), 'filler');
  return {
    folder,
    async fill(leftBytes) {
      const { bavail, bsize } = await statfs(folder);
      await writeFile(filler, Buffer.alloc(Math.max(bavail * bsize - leftBytes, 0)));
    },
    free: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      // The server that has files there is gone by then, or they are unlinked with it.
      await run('umount', ['-l', folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
