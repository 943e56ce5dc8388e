import { spawn } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { RowtrailError } from '../lib/errors.ts';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const INSTALL = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'postgresql-client'];

/**
 * The path of pg_recvlogical. Installs Debian's client tools where there are none and we may; else throws
 * RT_USAGE with what to do.
 */
export async function findPgRecvlogical(searchPath: string, note: (line: string) => void): Promise<string> {
  const found = await find('pg_recvlogical', searchPath);
  if (found !== null) return found;
  if (process.getuid?.() === 0) {
    note(`no pg_recvlogical here: ${INSTALL.join(' ')}`);
    await run(searchPath, ['apt-get', 'update', '-qq']);
    await run(searchPath, INSTALL);
    const installed = await find('pg_recvlogical', searchPath);
    if (installed !== null) return installed;
  }
  throw new RowtrailError('RT_USAGE', 'pg_recvlogical is needed to drain the WAL, and it is not on the path', {
    hint: 'Install the PostgreSQL client tools (Debian: apt-get install postgresql-client) and run this again.',
  });
}

/** The path of pgbench, which Debian packages with the server; throws RT_USAGE where there is none. */
export async function findPgbench(searchPath: string): Promise<string> {
  const found = await find('pgbench', searchPath);
  if (found !== null) return found;
  throw new RowtrailError('RT_USAGE', 'pgbench is needed, and it is not on the path', {
    hint: 'Install it (Debian: apt-get install postgresql, which has it) and run this again.',
  });
}

/** Debian's folders come first: what it puts on the path is a wrapper in Perl. */
async function find(program: string, searchPath: string): Promise<string | null> {
  const versions = await readdir(DEBIAN_FOLDER).catch((): string[] => []);
  const folders = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'))
    .concat(searchPath.split(delimiter).filter((folder) => folder !== ''));
  for (const folder of folders) {
    const path = join(folder, program);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return null;
}

/** Its failure shows in that the program is still missing. */
function run(searchPath: string, command: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), {
      env: { PATH: searchPath, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
}
