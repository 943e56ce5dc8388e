import { spawn } from 'node:child_process';
import type { ServerUser } from './server-user.ts';

export interface CommandResult {
  /** Null: it could not be started, or a signal ended it. */
  readonly code: number | null;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

const COMMAND_LIMIT_MS = 120_000;

/**
 * Nothing of the caller's environment reaches PostgreSQL: PGDATA, PGOPTIONS and the like would
 * change what it does. Windows adds what a process needs there by itself.
 */
export const SERVER_ENVIRONMENT: NodeJS.ProcessEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Runs a program to its end, as `user` (null: as we are). Never rejects: a failed start is in `output`. */
export function runCommand(file: string, args: readonly string[], user: ServerUser | null): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      // The caller's folder may be closed to that user.
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Not `timeout`: its timer outlives a program that could not be started, and keeps this process alive.
      signal: AbortSignal.timeout(COMMAND_LIMIT_MS),
      // Ctrl-C on the terminal must not cut initdb short: we end in order when it is done.
      detached: process.platform !== 'win32',
      windowsHide: true,
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: null, output: output + error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Whether `user` can enter the folder: asked of the system itself, since modes do not tell of ACLs or mounts. */
export async function canEnter(folder: string, user: ServerUser | null): Promise<boolean> {
  if (user === null) return true;
  const result = await runCommand('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], user);
  return result.code === 0;
}
