import { rmSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { processIdentity } from './process-identity.ts';

export interface Lock {
  /** Synchronous, so that it can be called as the server's process ends. Safe to call twice. */
  release(): void;
}

/**
 * Takes the data folder for this process. A lock whose process is gone is taken over; one that
 * is held makes RT_EMBEDDED: without it, a second run would stop the first one's server as a leftover.
 */
export async function acquireLock(file: string): Promise<Lock> {
  const own = processIdentity(process.pid) ?? String(process.pid);
  for (;;) {
    try {
      await writeFile(file, own, { flag: 'wx' });
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const holder = await readFile(file, 'utf8').catch(() => '');
    const pid = Number.parseInt(holder, 10);
    if (pid > 0 && processIdentity(pid) === holder) {
      throw new RowtrailError('RT_EMBEDDED', `the data folder is in use by process ${pid} (${file})`, {
        hint: 'Stop that process first, or name another data folder.',
      });
    }
    await rm(file, { force: true });
  }
  let held = true;
  return {
    release() {
      if (held) rmSync(file, { force: true });
      held = false;
    },
  };
}
