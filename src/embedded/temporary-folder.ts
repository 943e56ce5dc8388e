import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { canEnter } from './command.ts';
import type { ServerUser } from './server-user.ts';

/** The same short name for the same text, on every run. */
export function stableName(text: string): string {
  return `rowtrail-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}

/** A folder for temporary files that the server's user can reach. */
export async function temporaryFolder(user: ServerUser | null): Promise<string> {
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) {
    if (await canEnter(folder, user)) return folder;
  }
  throw new RowtrailError('RT_EMBEDDED', `no folder for temporary files is open to the user ${user?.name ?? ''}`, {
    hint: 'Set TMPDIR to a folder that every user may enter, or run this as a normal user.',
  });
}

/**
 * Makes a folder for `user` (null: for us), or takes the one that is there; only its owner may write in it.
 * Where all may write, somebody else could have put it there first: that is refused (RT_EMBEDDED).
 */
export async function ownFolder(path: string, user: ServerUser | null, mode: 0o700 | 0o755 = 0o700): Promise<void> {
  await mkdir(path, { mode }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  const trusted = [process.getuid?.(), user?.uid];
  if (!found.isDirectory() || (process.getuid !== undefined && !trusted.includes(found.uid))) {
    throw new RowtrailError('RT_EMBEDDED', `${path} is not a folder, or belongs to another user`, {
      hint: 'Remove it, or name another data folder.',
    });
  }
  await chmod(path, mode);
  if (user !== null) await chown(path, user.uid, user.gid);
}
