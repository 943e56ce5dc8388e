import { spawnSync } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** The system user that runs the server. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const OWN_USER = 'rowtrail-postgres';

/**
 * initdb and postgres refuse to run as root, so as root this finds them another user: the one who
 * owns the data folder already, else `postgres`, else one made for it, else `nobody`. Null: we
 * are not root, and the server just runs as we do. Throws RT_EMBEDDED where root has nobody.
 */
export async function findServerUser(dataDir: string, log: Log): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null;
  const owner = await lstat(dataDir).catch(() => null);
  if (owner !== null && owner.uid !== 0) return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  const found = lookUp('postgres') ?? lookUp(OWN_USER) ?? createUser(log) ?? lookUp('nobody');
  if (found === null) {
    throw new RowtrailError('RT_EMBEDDED', 'PostgreSQL refuses to run as root, and no other system user was found', {
      hint: 'Run this as a normal user, or add a system user called postgres first (`useradd --system postgres`).',
    });
  }
  return found;
}

function createUser(log: Log): ServerUser | null {
  const made = spawnSync(
    'useradd',
    ['--system', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', OWN_USER],
    { stdio: 'ignore' },
  );
  if (made.status !== 0) return null;
  log.warn({ user: OWN_USER }, 'made a system user to run the embedded PostgreSQL, which refuses to run as root');
  return lookUp(OWN_USER);
}

/** Asks `id`, which knows every directory the system knows, not just /etc/passwd. */
function lookUp(name: string): ServerUser | null {
  const uid = idOf('-u', name);
  const gid = idOf('-g', name);
  return uid === null || gid === null || uid === 0 ? null : { name, uid, gid };
}

function idOf(option: '-u' | '-g', name: string): number | null {
  const result = spawnSync('id', [option, name], { encoding: 'utf8' });
  const text = result.status === 0 ? result.stdout.trim() : '';
  return /^\d+$/.test(text) ? Number(text) : null;
}
